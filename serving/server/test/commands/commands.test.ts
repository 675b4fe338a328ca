import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { devicesOf, gpus } from '../../src/commands/gpus.js';
import { COMMANDS, type CommandContext, runCommand } from '../../src/commands/index.js';
import { listModelProfiles } from '../../src/commands/list-model-profiles.js';
import { findModel } from '../../src/commands/sources.js';
import { Log } from '../../src/observability/log.js';
import { readManifest } from '../../src/profiles/manifest.js';
import { type StubHub, stubHub } from '../support/stub-hub.js';

const FILES = {
  'model.safetensors': randomBytes(50_000),
  'config.json': Buffer.from('{"model_type":"llama","torch_dtype":"bfloat16"}'),
};
const id = (text: string) => createHash('sha256').update(text).digest('hex');
const BF16 = id('bf16');
const FP8 = id('fp8');
const MANIFEST = `schema_version: '2.1'
model: acme/tiny
release: '1'
profiles:
${[
  [BF16, 'bf16', '1', '17.0'],
  [FP8, 'fp8', '2', '9.0'],
]
  .map(
    ([profile, precision, tp, memory]) => `- id: ${profile}
  tags: {llm_engine: vllm, precision: ${precision}, tp: '${tp}', pp: '1', feat_lora: 'false', min_vram_per_device_gb: '${memory}'}
  workspace: {files: {config.json: {uri: 'hf://acme/tiny'}}}
`,
  )
  .join('')}`;

let hub: StubHub;
let root: string;
beforeEach(async () => {
  hub = await stubHub('acme/tiny', FILES);
  root = mkdtempSync(join(tmpdir(), 'commands-'));
  writeFileSync(join(root, 'manifest.yaml'), MANIFEST);
});
afterEach(async () => {
  await hub.close();
  await rm(root, { recursive: true, force: true });
});

async function run(name: string, argv: string[], env: CommandContext['env'] = {}) {
  const lines: string[] = [];
  let out = '';
  const context: CommandContext = {
    argv,
    env: { HF_ENDPOINT: hub.endpoint, NIM_CACHE_PATH: join(root, 'cache'), ...env },
    log: new Log({ level: 'info', json: true, write: (line) => void lines.push(line) }),
    out: (text) => {
      out += text;
    },
    manifestPaths: [join(root, 'manifest.yaml')],
  };
  const status = await runCommand(COMMANDS[name] as never, context);
  return { status, out, last: (JSON.parse(lines.at(-1) ?? '{}') as { message?: string }).message, lines, context };
}

describe('download-to-cache', () => {
  it.each([
    [['--profiles', BF16]],
    [['--profiles', BF16, FP8]],
    [['--profile', BF16]],
    [['-p', 'vllm-bf16-tp1-pp1-17.0']],
    [['--all']],
  ])('%j fills the cache', async (argv) => {
    const { status, context } = await run('download-to-cache', argv);
    expect(status).toBe(0);
    const folder = await findModel('hf://acme/tiny', context.env);
    expect(readdirSync(folder as string).sort()).toEqual(['config.json', 'model.safetensors']);
    expect(readdirSync(root).sort()).toEqual(['cache', 'manifest.yaml']);
  });

  it('names an unknown id and the known ones in its last line, and fetches nothing', async () => {
    const { status, last } = await run('download-to-cache', ['--profiles', BF16, 'beef']);
    expect(status).toBe(1);
    expect(last).toBe(
      `Could not match a profile in manifest: profile is "beef", allowed are ${BF16} (vllm-bf16-tp1-pp1-17.0), ${FP8} (vllm-fp8-tp2-pp1-9.0)`,
    );
    expect(hub.asked).toEqual([]);
  });

  it('fetches a model that no manifest knows, and writes a manifest of it', async () => {
    const file = join(root, 'made', 'model_manifest.json');
    const { status } = await run('download-to-cache', ['--model-uri', 'hf://acme/tiny', '--manifest-file', file]);
    expect(status).toBe(0);
    const made = readManifest(readFileSync(file, 'utf8'), file);
    expect(made).toMatchObject({
      profiles: [
        { model: 'acme/tiny', uri: 'hf://acme/tiny', tags: { precision: 'bf16', tp: '1', feat_lora: 'false' } },
      ],
    });
  });

  it('uses the cache of HF_HOME where the operator sets it', async () => {
    const home = join(root, 'hf');
    await run('download-to-cache', ['--model-uri', 'hf://acme/tiny'], { HF_HOME: home });
    expect(readdirSync(join(home, 'hub'))).toEqual(['models--acme--tiny']);
  });

  it.each([
    [
      [],
      'download-to-cache names no profile, allowed are --profiles ID..., --all or --model-uri ADDRESS; list-model-profiles shows the ids',
    ],
    [['--model-uri', 'ngc://nim/meta/llama'], /^model address is "ngc:\/\/nim\/meta\/llama", allowed is hf:\/\//],
    [['--model-uri', 'hf://../../etc'], /^model address is "hf:\/\/..\/..\/etc"/],
    [
      ['--model-uri', 'hf://acme/other'],
      "hf://acme/other: the hub does not have it, or not this revision; check the name in the model's address",
    ],
  ])('%j ends in one line', async (argv, message) => {
    const { status, last } = await run('download-to-cache', argv as string[]);
    expect(status).not.toBe(0);
    expect(last).toMatch(
      message instanceof RegExp ? message : new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    );
  });

  it('writes no key into its log', async () => {
    hub.token = 'hf_abcdefghijklmnopqrstuvwxyz';
    const { lines } = await run('download-to-cache', ['--all'], { HF_TOKEN: hub.token });
    expect(lines.join('')).not.toContain(hub.token);
  });
});

describe('create-model-store', () => {
  it.each([[['--model-repo', 'hf://acme/tiny', '--model-store']], [['-p', BF16, '-m']]])(
    '%j makes a folder that can be served',
    async (argv) => {
      const folder = join(root, 'flat');
      const { status } = await run('create-model-store', [...argv, folder]);
      expect(status).toBe(0);
      expect(readdirSync(folder).sort()).toEqual(['config.json', 'model.safetensors']);
    },
  );

  it('leaves no folder that passes for a model when it fails', async () => {
    hub.fail('model.safetensors', { kind: 'status', status: 404 });
    const folder = join(root, 'flat');
    const { status, last } = await run('create-model-store', ['--model-repo', 'hf://acme/tiny', '-m', folder]);
    expect(status).toBe(1);
    expect(last).toBe('model.safetensors: the source answered 404 Not Found; check name and revision');
    expect(existsSync(join(folder, 'config.json'))).toBe(false);
  });
});

describe('huggingface-cli', () => {
  it('downloads as the operator asks', async () => {
    const folder = join(root, 'flat');
    const { status, out } = await run('huggingface-cli', [
      'download',
      'acme/tiny',
      '--local-dir',
      folder,
      '--repo-type',
      'model',
    ]);
    expect(status).toBe(0);
    expect(out).toBe(`${folder}\n`);
    expect(readFileSync(join(folder, 'model.safetensors')).equals(FILES['model.safetensors'])).toBe(true);
  });

  it('does nothing else', async () => {
    const { status, last } = await run('huggingface-cli', ['whoami']);
    expect(status).toBe(2);
    expect(last).toBe('huggingface-cli: "whoami" is asked, allowed is download: this image holds no Python');
  });
});

describe('list-model-profiles', () => {
  it('has the headings of a NIM where no GPU is', async () => {
    const { status, out } = await run('list-model-profiles', []);
    expect(status).toBe(0);
    expect(out).toBe(`SYSTEM INFO
- Free GPUs:
  <None>
MODEL PROFILES
- Compatible with system and runnable: <None>
- Compatible with system but low memory: <None>
- Compilable to TRT-LLM using just-in-time compilation of HF models to TRTLLM engines: <None>
- Incompatible with system:
  - ${BF16} (vllm-bf16-tp1-pp1-17.0) [requires >=17 GB/gpu]
  - ${FP8} (vllm-fp8-tp2-pp1-9.0) [requires >=9 GB/gpu]
`);
  });

  it('sorts profiles by what the GPUs hold', async () => {
    const { context } = await run('list-model-profiles', []);
    const out: string[] = [];
    const device = { index: 0, name: 'NVIDIA A10G', pci: '2237:10de', memoryBytes: 16 * 2 ** 30 };
    await listModelProfiles({ ...context, out: (text) => void out.push(text) }, [device, { ...device, index: 1 }]);
    expect(out[0]).toContain('  -  [2237:10de] (1) NVIDIA A10G');
    expect(out[0]).toMatch(/runnable:\n {2}- [0-9a-f]{64} \(vllm-fp8-tp2/);
    expect(out[0]).toMatch(/low memory:\n {2}- [0-9a-f]{64} \(vllm-bf16/);
  });
});

describe('the GPUs of the machine', () => {
  it('are those that the driver lists, device before vendor', () => {
    expect(devicesOf('0, NVIDIA H200, 0x233510DE, 143771\n1, NVIDIA A10G, 0x223710DE, 23028\n')).toEqual([
      { index: 0, name: 'NVIDIA H200', pci: '2335:10de', memoryBytes: 143_771 * 2 ** 20 },
      { index: 1, name: 'NVIDIA A10G', pci: '2237:10de', memoryBytes: 23_028 * 2 ** 20 },
    ]);
  });

  it('are listed where the driver cannot tell their kind', () => {
    expect(devicesOf('0, NVIDIA H200, [Unknown Error], 143771\n')[0]?.pci).toBe('unknown:10de');
  });

  it('are none where there is no driver', async () => {
    expect(await gpus('/nonexistent/nvidia-smi')).toEqual([]);
  });
});
