import { Gpu, ModelSpec } from '../../lib/catalog';
import { type BundledProfile, bundledProfiles } from '../../lib/catalog/bundled-profiles';
import { EngineMemory } from '../../lib/plan';

const GIB = 2 ** 30;

/** The least compute capability with bf16, which the engine computes in. */
const LEAST_CAPABILITY = 8;

/**
 * The model manifest of the serving image, of schema 2: a profile for each model of the catalog that the engine reads and that
 * one GPU of the catalog holds. No profile names a GPU, so each can be downloaded where there is none.
 *
 * @param release of the image
 */
export function modelManifest(release: string): string {
  const largest = Math.max(
    ...Gpu.all()
      .filter(({ computeCapability }) => computeCapability >= LEAST_CAPABILITY)
      .map(({ memoryMib }) => memoryMib / 1024),
  );
  const profiles = bundledProfiles()
    .map((profile) => ({ profile, gib: leastGib(profile) }))
    .filter(({ gib }) => gib <= largest);
  return [
    "schema_version: '2.1'",
    'profile_selection_criteria: auto',
    "model: 'nim-constructs/serving'",
    `release: '${release}'`,
    'profiles:',
    ...profiles.flatMap(({ profile, gib }) => entry(profile, gib)),
    '',
  ].join('\n');
}

/** Memory of a GPU for weights and one sequence of the model's whole context, in whole GiB, as NIM counts it. */
function leastGib({ model, precision }: BundledProfile): number {
  const { neededBytes } = EngineMemory.of(ModelSpec.find(model) as ModelSpec, { precision });
  return Math.ceil(neededBytes / GIB);
}

/** The NIM Operator reads tags as strings alone; `llm_engine` is one of the names that its selector takes. */
function entry({ id, model, repository, precision }: BundledProfile, gib: number): string[] {
  return [
    `- id: '${id}'`,
    '  tags:',
    `    model: '${model}'`,
    "    llm_engine: 'vllm'",
    `    precision: '${precision}'`,
    "    tp: '1'",
    "    pp: '1'",
    "    feat_lora: 'false'",
    `    min_vram_per_device_gb: '${gib.toFixed(1)}'`,
    `  workspace: { files: { config.json: { uri: 'hf://${repository}' } } }`,
  ];
}
