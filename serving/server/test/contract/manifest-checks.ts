import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { modelManifest } from '../../../manifest/model-manifest.js';
import type { Check } from './check.js';
import { type ModelSpec, selectedProfiles, type TaggedProfile } from './operator-match.js';
import { command, folder } from './process.js';

const TEXT = modelManifest('1.2.3');
const MANIFEST: { schema_version: string; profiles: TaggedProfile[] } = parse(TEXT);
const { profiles: PROFILES } = MANIFEST;
const ALL = PROFILES.map(({ id }) => id);

/** Checks of the manifest that the image is built with. */
export const MANIFEST_CHECKS: readonly Check[] = [
  {
    number: 2,
    title: 'the manifest is YAML of schema 2 with ids of 64 digits and tags of strings, below 1 MiB',
    run: async (trial) => {
      trial.saw(`${TEXT.length} bytes, ${ALL.length} profiles`);
      assert.match(MANIFEST.schema_version, /^2/);
      assert.ok(ALL.length > 0 && ALL.every((id) => /^[0-9a-f]{64}$/.test(id)));
      assert.equal(new Set(ALL).size, ALL.length);
      assert.ok(PROFILES.every(({ tags }) => Object.values(tags).every((value) => typeof value === 'string')));
      assert.ok(TEXT.length < 2 ** 20);
    },
  },
  {
    number: 3,
    title: 'each profile says what it is, and none is for one GPU',
    run: async () => {
      for (const { tags } of PROFILES) {
        for (const name of ['llm_engine', 'precision', 'tp', 'pp', 'feat_lora']) {
          assert.ok(tags[name], name);
        }
        for (const name of ['gpu', 'key', 'product_name_regex', 'gpu_device']) {
          assert.equal(tags[name], undefined);
        }
      }
    },
  },
  {
    number: 4,
    title: "the operator's selection finds the profiles, whatever GPUs it sees",
    run: async (trial) => {
      const a10g = ['NVIDIA-A10G'];
      const cases: readonly (readonly [spec: ModelSpec, discovered: readonly string[], wanted: readonly string[]])[] = [
        [{}, [], ALL],
        [{}, a10g, ALL],
        [{ precision: 'BF16' }, a10g, ALL],
        [{ precision: 'fp8' }, a10g, []],
        [{ tensorParallelism: '1' }, a10g, ALL],
        [{ tensorParallelism: '2' }, a10g, []],
        [{ engine: 'vllm' }, a10g, ALL],
        [{ engine: 'tensorrt_llm' }, a10g, []],
        [{ lora: false }, a10g, ALL],
        [{ lora: true }, a10g, []],
        [{ gpus: [{ product: 'a10g', ids: ['2237'] }] }, a10g, []],
      ];
      for (const [spec, discovered, wanted] of cases) {
        const found = selectedProfiles(PROFILES, spec, discovered);
        trial.saw(`${JSON.stringify(spec)} with ${discovered}: ${found.length} of ${ALL.length}`);
        assert.deepEqual(found, wanted);
      }
    },
  },
  {
    number: 18,
    part: "the image's manifest, without a GPU",
    title: 'list-model-profiles names every profile with its model',
    run: async (trial) => {
      const file = join(folder(), 'model_manifest.yaml');
      writeFileSync(file, TEXT);
      const { status, stdout } = await command(['list-model-profiles'], { NIM_MANIFEST_PATH: file }, trial);
      assert.equal(status, 0);
      for (const { id, tags } of PROFILES) {
        assert.ok(stdout.includes(`${id} (${tags.model} vllm-bf16-tp1-pp1-${tags.min_vram_per_device_gb})`), id);
      }
    },
  },
];
