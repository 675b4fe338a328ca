import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StubHub, stubHub } from '../support/stub-hub.js';
import { stubMirror } from '../support/stub-mirror.js';
import type { Check, Trial } from './check.js';
import { command, folder, Served } from './process.js';

const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));
const FILES: Readonly<Record<string, Buffer>> = {
  ...Object.fromEntries(
    readdirSync(MODEL)
      .filter((name) => /\.(json|safetensors)$/.test(name))
      .map((name) => [name, readFileSync(join(MODEL, name))]),
  ),
  'runtime_config.json': Buffer.from('{"max_model_len": 192, "served_model_name": "from-the-model"}'),
};
const ID = createHash('sha256').update('tiny').digest('hex');
const NAME = 'vllm-bf16-tp1-pp1-1.0';
const BODY = { prompt: 'The', max_tokens: 2, ignore_eos: true };

/** A model on a hub that the engine can load, a manifest of it, and an empty volume. */
async function withModel(
  run: (hub: StubHub, volume: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const hub = await stubHub('acme/tiny', FILES);
  const [volume, manifest] = [folder(), join(folder(), 'manifest.yaml')];
  const tags =
    "{llm_engine: vllm, precision: bf16, tp: '1', pp: '1', feat_lora: 'false', min_vram_per_device_gb: '1.0'}";
  writeFileSync(
    manifest,
    `schema_version: '2.1'\nmodel: acme/tiny\nrelease: '1'\nprofiles:\n- id: ${ID}\n  tags: ${tags}\n` +
      `  workspace: {files: {config.json: {uri: 'hf://acme/tiny'}}}\n`,
  );
  try {
    await run(hub, volume, {
      HF_ENDPOINT: hub.endpoint,
      NIM_CACHE_PATH: volume,
      NIM_MANIFEST_PATH: manifest,
      NIM_JSONL_LOGGING: '1',
    });
  } finally {
    await hub.close().catch(() => undefined);
  }
}

/** Starts a server, asks it for two tokens, and returns what /v1/models says. */
async function serves(trial: Trial, env: Record<string, string>): Promise<{ id: string; max_model_len: number }> {
  const served = await Served.start({ env, trial });
  try {
    await served.ready();
    assert.equal((await served.post(trial, '/v1/completions', BODY)).status, 200);
    return (await served.get(trial, '/v1/models')).json.data[0];
  } finally {
    served.container.signal('SIGKILL');
    await served.container.exited;
  }
}

/** Checks of models that come from somewhere: profiles, hubs and mirrors. */
export const MODEL_CHECKS: readonly Check[] = [
  {
    number: 17,
    title: 'NIM_REPOSITORY_OVERRIDE takes the model from an HTTPS mirror or from S3',
    run: (trial) =>
      withModel(async (hub, _, env) => {
        const below = (prefix: string) =>
          Object.fromEntries(Object.entries(FILES).map(([name, body]) => [`${prefix}/acme/tiny/main/${name}`, body]));
        const mirror = await stubMirror({ ...below('models'), ...below('bucket/nim') });
        const aws = {
          AWS_ENDPOINT_URL_S3: mirror.endpoint,
          AWS_S3_USE_PATH_STYLE: '1',
          AWS_ACCESS_KEY_ID: 'AKIATEST',
          AWS_SECRET_ACCESS_KEY: 'sesame-open-sesame',
        };
        try {
          for (const [override, more] of [
            [`${mirror.endpoint}/models`, {}],
            ['s3://bucket/nim', aws],
          ] as const) {
            const volume = folder();
            const all = { ...env, ...more, NIM_CACHE_PATH: volume, NIM_REPOSITORY_OVERRIDE: override };
            const { status, stderr } = await command(['download-to-cache', '--profiles', ID], all, trial);
            assert.equal(status, 0);
            assert.ok(!stderr.includes(aws.AWS_SECRET_ACCESS_KEY));
            const file = readdirSync(volume, { recursive: true })
              .map(String)
              .find((name) => name.endsWith('model.safetensors'));
            assert.ok(readFileSync(join(volume, file as string)).equals(FILES['model.safetensors'] as Buffer));
          }
          assert.deepEqual(hub.asked, []);
          assert.ok(mirror.asked.some(({ key }) => key === aws.AWS_ACCESS_KEY_ID));
        } finally {
          await mirror.close();
        }
      }),
  },
  {
    number: 22,
    part: 'hf://',
    title: "the operator's variables for a model of a hub serve its cached snapshot, without the hub",
    run: (trial) =>
      withModel(async (hub, volume, env) => {
        const home = { ...env, HF_HOME: join(volume, 'huggingface/hub'), HF_HUB_OFFLINE: '0' };
        const argv = [
          'download-to-cache',
          '--model-uri',
          'hf://acme/tiny',
          '--manifest-file',
          join(volume, 'model_manifest.json'),
        ];
        assert.equal((await command(argv, home, trial)).status, 0);
        await hub.close();
        const { NIM_MANIFEST_PATH: _, ...pod }: Record<string, string> = home;
        assert.equal(
          (
            await serves(trial, {
              ...pod,
              NIM_MODEL_NAME: volume,
              NIM_MODEL_PATH: 'hf://acme/tiny',
              NIM_SERVED_MODEL_NAME: 'x',
            })
          ).id,
          'x',
        );
      }),
  },
  {
    number: 23,
    part: 'by id and by name',
    title: 'NIM_MODEL_PROFILE is an id or a name',
    run: (trial) =>
      withModel(async (hub, _, env) => {
        assert.equal((await command(['download-to-cache', '-p', ID], env, trial)).status, 0);
        await hub.close();
        for (const profile of [ID, NAME]) {
          await serves(trial, { ...env, NIM_MODEL_PROFILE: profile });
        }
      }),
  },
  {
    number: 24,
    part: 'runtime_config and tags',
    title:
      "the model's runtime_config.json counts where no variable is set, and the profile's tags where it says nothing",
    run: (trial) =>
      withModel(async (_, __, env) => {
        assert.equal((await serves(trial, env)).max_model_len, 192);
        assert.equal((await serves(trial, { ...env, NIM_MAX_MODEL_LEN: '64' })).max_model_len, 64);
        const text = readFileSync(env.NIM_MANIFEST_PATH as string, 'utf8');
        writeFileSync(env.NIM_MANIFEST_PATH as string, text.replace("tp: '1'", "tp: '2'"));
        const tagged = await command(['nim-serve'], { ...env, NIM_SERVER_PORT: '0' }, trial);
        assert.notEqual(tagged.status, 0);
        assert.match(tagged.lastLine, /tensor parallelism is 2/);
      }),
  },
];
