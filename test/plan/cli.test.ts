import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gpu, GpuInstanceType, ModelSpec, Precision } from 'nim-constructs/catalog';
import { PlannedImage, ServicePlan } from 'nim-constructs/plan';
import { describe, expect, test } from 'vitest';
import { planCommand } from '../../lib/cli/plan-command';
import { planData } from '../../lib/plan/plan-data';
import { messageOf } from '../support/chart';

const ROOT = join(__dirname, '../..');
const LLAMA = ['--model', 'meta/llama-3.1-8b-instruct'];
const OWN = [...LLAMA, '--image', 'own', '--precision', 'bf16', '--context', '8192', '--concurrency', '4'];

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'nim-constructs-cli-'));
}

function file(name: string, content: unknown): string {
  const path = join(folder(), name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  num_hidden_layers: 32,
  hidden_size: 4096,
  intermediate_size: 14336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128256,
  max_position_embeddings: 131072,
};

describe('plan of a model', () => {
  test('is a table: what is needed, which types hold it, and why cheaper ones do not', () => {
    const { output, status } = planCommand(OWN);
    expect(status).toBe(0);
    const lines = output.split('\n');
    expect(lines.slice(0, 2)).toEqual([
      "meta/llama-3.1-8b-instruct in bf16, this project's image, 8,192 tokens of context x 4",
      "one GPU: weights 15.0 GiB, KV cache 4.0 GiB, reserve 1.8 GiB; needed 20.8 GiB (by this engine's formula); host memory 4,096 MiB",
    ]);
    expect(lines[4]).toMatch(/^g6\.xlarge +1 x L4 +1 +0\.805 +1\.3 GiB +43,142 +5 +19\.8 +77\.2 +610 +120 +0\.37$/);
    expect(output).toContain('and 27 dearer ones');
    expect(output).toContain('  g4dn.xlarge, g4dn.2xlarge: T4 does not compute in bf16');
  });

  test("takes the newest NIM whose profile is known, and that profile's demand", () => {
    const { output } = planCommand(LLAMA);
    expect(output).toContain('NVIDIA NIM 2.0.6, 131,072 tokens of context');
    expect(output).toContain("needed 33.0 GiB (by the NIM's profile)");
    expect(output).toMatch(/^g6e\.xlarge/m);
  });

  test('is of the NIM with a tag, and the GPU that its profile was built for', () => {
    const { output } = planCommand([...LLAMA, '--tag', '1.3.3', '--precision', 'fp16', '--tp', '2']);
    expect(output).toMatch(/^g5\.12xlarge +4 x A10G +1 +5\.672/m);
    expect(output).toContain('its profile was built for A10G');
  });

  test('is JSON on request, with every type', () => {
    const { types, cheapest, need } = JSON.parse(planCommand([...OWN, '--json']).output);
    expect([cheapest, types.length, need.weightBytes]).toEqual(['g6.xlarge', 41, 16_060_522_496]);
    expect(types[0]).toMatchObject({ type: 'g6.xlarge', usdPerHour: 0.8048, kvTokens: 43_142 });
  });

  test('ends with 1 where nothing fits, and says why not', () => {
    const { output, status } = planCommand([...LLAMA, '--gpu', 't4']);
    expect(status).toBe(1);
    expect(output).toContain('Nothing fits: none of 3 types.');
    expect(output).toContain('g4dn.xlarge, g4dn.2xlarge, g4dn.12xlarge: T4 does not compute in bf16');
  });

  test('is of any model with a config.json', () => {
    const config = file('config.json', CONFIG);
    const [, ...figures] = planCommand(['--config', config, ...OWN.slice(2)]).output.split('\n');
    const [, ...known] = planCommand(OWN).output.split('\n');
    expect(figures).toEqual(known);
  });

  test('counts with prices that are given', () => {
    const prices = { purchase: 'spot', region: 'eu-west-1', date: '2026-11-01', usdPerHour: { 'g5.xlarge': 0.31 } };
    const { output } = planCommand([...OWN, '--prices', file('spot.json', prices)]);
    expect(output.split('\n')[4]).toMatch(/^g5\.xlarge +1 x A10G +1 +0\.310/);
  });
});

describe('plan of an app', () => {
  const plan = ServicePlan.of({
    name: 'Stack/Llama',
    poolName: 'l4',
    gpu: Gpu.L4,
    instanceTypes: [GpuInstanceType.G6_XLARGE],
    model: ModelSpec.LLAMA_3_1_8B_INSTRUCT,
    image: PlannedImage.own(),
    precision: Precision.BF16,
    contextTokens: 8192,
  });

  test('is what synthesis left in its output, beside the templates or in a folder', () => {
    const [cdk, cdk8s] = [folder(), folder()];
    const json = JSON.stringify(planData([plan]));
    writeFileSync(join(cdk, 'plan.json'), json);
    mkdirSync(join(cdk8s, 'plan'));
    writeFileSync(join(cdk8s, 'plan', 'plan.json'), json);
    for (const app of [cdk, cdk8s]) {
      const { output, status } = planCommand(['--app', app]);
      expect(status).toBe(0);
      expect(output).toMatch(/^Stack\/Llama +l4 +1 x g6\.xlarge/m);
      expect(planCommand(['--app', app, '--json']).output).toBe(`${JSON.stringify(JSON.parse(json), null, 2)}\n`);
    }
  });

  test('ends with 1 where a service does not fit', () => {
    const app = folder();
    const { services, ...rest } = planData([plan]);
    writeFileSync(
      join(app, 'plan.json'),
      JSON.stringify({ ...rest, services: [{ ...services[0], fits: false, problem: 'too small' }] }),
    );
    expect(planCommand(['--app', app])).toMatchObject({
      status: 1,
      output: expect.stringContaining('does not fit: too small'),
    });
  });
});

describe('what cannot be understood', () => {
  const nowhere = join(folder(), 'nowhere');
  const broken = file('broken.json', '{');
  const old = file('plan.json', { version: 0 });
  const free = file('free.json', { purchase: 'spot', region: 'r', date: 'd', usdPerHour: { 'g5.xlarge': 0 } });
  test.each([
    ['an option that does not exist', ['--modle', 'x'], "Unknown option '--modle'"],
    [
      'no model',
      [],
      '--model is null, allowed is a model, with --model, --config or --app; write --model meta/llama-3.1-8b-instruct',
    ],
    [
      'an unknown image',
      [...LLAMA, '--image', 'mine'],
      '--image is "mine", allowed is nim, own, other; write --image nim',
    ],
    [
      'an unknown precision',
      [...LLAMA, '--precision', 'fp7'],
      '--precision is "fp7", allowed is bf16, fp16, fp8, int8, int4, mxfp4, nvfp4; write --precision bf16',
    ],
    ['half a GPU', [...LLAMA, '--tp', '0.5'], '--tp is "0.5", allowed is a whole number of 1 or more; write --tp 1'],
    [
      'no replicas',
      [...LLAMA, '--replicas', '0'],
      '--replicas is "0", allowed is a whole number of 1 or more; write --replicas 1',
    ],
    [
      'a context beyond the model',
      [...LLAMA, '--context', '131073'],
      "--context is 131073, allowed is at most 131072, the model's longest; write --context 131072",
    ],
    [
      'an unknown GPU',
      [...LLAMA, '--gpu', 'V100'],
      '--gpu is "V100", allowed is T4, A10G, L4, L40S, RTX PRO 6000, A100 40GB, A100 80GB, H100, H200, B200; write --gpu L40S',
    ],
    [
      'an unknown type',
      [...LLAMA, '--type', 'g5.12xl'],
      '--type is "g5.12xl", allowed is a GPU instance type of the catalog; nearest are g5.12xlarge, g5.2xlarge, g5.16xlarge',
    ],
    [
      'a tag of no NIM',
      [...OWN, '--tag', '1.3.3'],
      '--tag is "1.3.3", allowed is a tag only with --image nim; leave it out',
    ],
    [
      'an app that is not there',
      ['--app', nowhere],
      `--app is "${nowhere}", allowed is a folder with ${join(nowhere, 'plan.json')} or ${join(nowhere, 'plan/plan.json')} in it; synthesize the app first: npx cdk synth --output cdk.out`,
    ],
    [
      'an app and a model',
      ['--app', 'x', ...LLAMA],
      '--model is "meta/llama-3.1-8b-instruct", allowed is nothing beside --app but --json; leave one of them out',
    ],
    [
      'a plan of another version',
      ['--app', old],
      `--app is "${old}", allowed is a plan.json of version 1; synthesize the app again with this version of nim-constructs`,
    ],
    [
      'a config that is not there',
      ['--config', nowhere],
      `--config is "${nowhere}", allowed is a file that exists; name the config.json of a Hugging Face repository`,
    ],
    [
      'prices that are not there',
      [...LLAMA, '--prices', nowhere],
      `--prices is "${nowhere}", allowed is a file that exists; write one as --help shows it`,
    ],
    [
      'prices without prices',
      [...LLAMA, '--prices', old],
      `--prices is "${old}", allowed is JSON with purchase, region, date and usdPerHour; write it as --help shows it`,
    ],
    [
      'a price of nothing',
      [...LLAMA, '--prices', free],
      `--prices is "${free}", allowed is prices above 0; price of g5.xlarge is 0, allowed is a number of US dollars an hour above 0; write usdPerHour: { 'g5.xlarge': 1.25 }, or leave the type out`,
    ],
  ])('%s is refused', (_, args, message) => {
    expect(messageOf(() => planCommand(args))).toBe(message);
  });

  test('a model close to one of the catalog is refused with its neighbours', () => {
    expect(messageOf(() => planCommand(['--model', 'meta/llama-3.1-8b']))).toMatch(
      /^--model is "meta\/llama-3\.1-8b", allowed is a model of the catalog; nearest are .*meta\/llama-3\.1-8b-instruct.*; or write --config config\.json$/,
    );
  });

  test('JSON that is none is refused', () => {
    expect(messageOf(() => planCommand(['--app', broken]))).toMatch(
      /^--app is ".*broken\.json", allowed is a file of JSON; /,
    );
    expect(messageOf(() => planCommand(['--config', broken]))).toMatch(
      /^--config is ".*broken\.json", allowed is the config\.json of a model/,
    );
  });
});

describe('the command', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/tsx'),
      [join(ROOT, 'lib/cli/main.ts'), ...args],
      { encoding: 'utf8' },
    );
    return { status, stdout, stderr };
  };

  test('prints on standard output, and ends with 0', () => {
    expect(run('plan', ...OWN)).toEqual({ status: 0, stdout: planCommand(OWN).output, stderr: '' });
    expect(run('plan', '--help').stdout).toContain('Usage: nim-constructs plan');
    expect(run('--help').stdout).toContain('Usage: nim-constructs <command>');
  });

  test('ends with 2 and one sentence where it does not understand', () => {
    expect(run('paln')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'nim-constructs: command is "paln", allowed is plan; write nim-constructs plan --help\nnim-constructs plan --help lists the options.\n',
    });
  });
});
