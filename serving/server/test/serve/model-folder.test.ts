import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelManifest } from '../../../manifest/model-manifest.js';
import { Log } from '../../src/observability/log.js';
import { modelFolder } from '../../src/serve/model-folder.js';
import { readSettings } from '../../src/settings/read-settings.js';

const EMBEDDED = '/embedded';

/** What is served of the image's own manifest, with a cache that holds these models. */
async function found(cached: readonly string[], env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'model-folder-'));
  const manifest = join(root, 'model_manifest.yaml');
  writeFileSync(manifest, modelManifest('1.2.3'));
  for (const repository of cached) {
    const folder = join(root, 'huggingface/hub', `models--${repository.replace('/', '--')}`);
    mkdirSync(join(folder, 'snapshots/c0ffee'), { recursive: true });
    mkdirSync(join(folder, 'refs'));
    writeFileSync(join(folder, 'snapshots/c0ffee/config.json'), '{}');
    writeFileSync(join(folder, 'refs/main'), 'c0ffee');
  }
  const all = { NIM_CACHE_PATH: root, NIM_DISABLE_MODEL_DOWNLOAD: '1', ...env };
  const log = new Log({ level: 'none', json: true, write: () => undefined });
  const context = { argv: [], env: all, log, out: () => undefined, manifestPaths: [manifest] };
  const { name, folder, profile } = await modelFolder(readSettings({ argv: [], env: all }).settings, context, EMBEDDED);
  return { name, folder: folder.replace(root, ''), profile: profile?.model };
}

describe("a server with the image's manifest", () => {
  it('serves the embedded model where nothing is chosen and the cache is empty', async () => {
    expect(await found([])).toEqual({ name: 'nim-constructs/default', folder: EMBEDDED, profile: undefined });
  });

  it('serves what the cache holds where nothing is chosen, as after a NIMCache without a pinned profile', async () => {
    expect(await found(['Qwen/Qwen3-8B'])).toEqual({
      name: 'qwen/qwen3-8b',
      folder: '/huggingface/hub/models--Qwen--Qwen3-8B/snapshots/c0ffee',
      profile: 'qwen/qwen3-8b',
    });
  });

  it('serves the profile that is chosen, by its model or by its id', async () => {
    const cached = ['Qwen/Qwen3-8B', 'Qwen/Qwen3-4B'];
    for (const wanted of [
      'qwen/qwen3-4b',
      /'([0-9a-f]{64})'\n\s+tags:\n\s+model: 'qwen\/qwen3-4b'/.exec(modelManifest('1'))?.[1],
    ]) {
      expect((await found(cached, { NIM_MODEL_PROFILE: String(wanted) })).profile).toBe('qwen/qwen3-4b');
    }
  });

  it('says which ids a name stands for where it stands for several', async () => {
    const need = /model: 'qwen\/qwen2.5-32b-instruct'[\s\S]*?min_vram_per_device_gb: '(.+?)'/.exec(
      modelManifest('1'),
    )?.[1];
    const name = `vllm-bf16-tp1-pp1-${need}`;
    await expect(found([], { NIM_MODEL_PROFILE: name })).rejects.toThrow(
      new RegExp(
        `^2 profiles match: profile is "${name}", allowed is the id of one: ` +
          `[0-9a-f]{64} \\(qwen/qwen2.5-32b-instruct ${name}\\), [0-9a-f]{64} \\(qwen/qwen2.5-coder-32b-instruct ${name}\\)$`,
      ),
    );
  });
});
