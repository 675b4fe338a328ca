// The plan's arithmetic beside the engine's own plan of the same model for a GPU that need not be here: `inspect`, what
// `nim-serving inspect --backend cuda-9.0` prints.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelSpec, type Precision } from '../../lib/catalog';
import { bundledProfiles } from '../../lib/catalog/bundled-profiles';
import { MODEL_ROWS } from '../../lib/catalog/models';
import { EngineMemory } from '../../lib/plan';
import { buildEngine, ENGINE_LIMIT, engineSkip } from '../support/engine';
import { type Shape, sparseCheckpoint } from '../support/sparse-checkpoint';

interface EnginePlan {
  readonly lines: readonly { readonly name: string; readonly bytes: number }[];
  readonly pageBytes: number;
  readonly pages: number;
}

interface Addon {
  inspect(options: Readonly<Record<string, string | number>>): Promise<EnginePlan>;
}

/** Those of the server where nothing is set (serving/server/src/settings/settings.ts), and memory without end. */
const OPTIONS = { blockSize: 16, stepTokens: 2048, memoryBytes: 2 ** 50 };

const CASES = bundledProfiles().flatMap(({ model, precision }) =>
  [
    [1000, 1],
    [8192, 16],
    [32768, 4],
  ].map(([contextTokens, sequences]) => ({ model, precision, contextTokens, sequences })),
);

describe.skipIf(engineSkip)("the plan of this project's image", () => {
  const folder = mkdtempSync(join(tmpdir(), 'nim-constructs-engine-memory-'));
  let addon: Addon;

  beforeAll(async () => {
    const built = await buildEngine('release', ['nim_engine_node']);
    addon = createRequire(__filename)(join(built, 'binding/nim_engine.node'));
    for (const { id, config } of MODEL_ROWS.filter(({ id }) => CASES.some(({ model }) => model === id))) {
      sparseCheckpoint(join(folder, id), config as unknown as Shape);
    }
  }, ENGINE_LIMIT);
  afterAll(() => rmSync(folder, { recursive: true }));

  async function plans({ model, precision, contextTokens, sequences }: (typeof CASES)[number], backend: string) {
    const spec = ModelSpec.find(model) as ModelSpec;
    const options = { precision: precision as Precision, contextTokens, sequences };
    const inspect = (maxSequences: number) =>
      addon.inspect({ ...OPTIONS, backend, maxContext: contextTokens, maxSequences, model: join(folder, model) });
    return {
      ours: EngineMemory.of(spec, options),
      engine: await inspect(256),
      pages: (await inspect(sequences)).pages,
    };
  }

  it.each(CASES)('has the pages of the engine: $model, $sequences x $contextTokens', async (given) => {
    const { ours, engine, pages } = await plans(given, 'cuda-9.0');
    expect({ pages, pageBytes: engine.pageBytes }).toEqual({ pages: ours.pages, pageBytes: ours.pageBytes });
    expect(ours.kvBytes).toBe(pages * engine.pageBytes);
  });

  it.each(CASES)(
    'has the arrays of the engine to the byte, and its weights: $model, $sequences x $contextTokens',
    async (given) => {
      for (const backend of ['cuda-9.0', 'cuda-8.9']) {
        const { ours, engine } = await plans(given, backend);
        const bytes = (wanted: RegExp) =>
          engine.lines.filter(({ name }) => wanted.test(name)).reduce((total, line) => total + line.bytes, 0);
        // Norms and biases are f32 in the engine, and each array begins at a multiple of 256 bytes.
        expect(bytes(/^weights$/) / ours.weightBytes).toBeGreaterThanOrEqual(1);
        expect(bytes(/^weights$/) / ours.weightBytes).toBeLessThan(1.0002);
        expect(bytes(/^activations$/)).toBe(ours.activationBytes);
        // The sums of a prompt's attention that several blocks share are Hopper's alone; the plan is for any GPU.
        const workspace = bytes(/^(?!weights|activations|KV cache)/);
        expect(backend === 'cuda-9.0' ? workspace : Math.max(workspace, ours.workspaceBytes)).toBe(ours.workspaceBytes);
      }
    },
  );
});
