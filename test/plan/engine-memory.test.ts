// The plan's arithmetic beside the engine's own plan of the same model: `inspect`, what `nim-serving inspect` prints. On the CPU
// backend, whose workspace is its own; weights, pages and what a step computes with are the same lines on each.
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

/** The engine's own default (serving/engine/include/nim/engine.h), and those of nim-serving inspect. */
const OPTIONS = { backend: 'cpu', blockSize: 16, stepTokens: 2048, memoryBytes: 2 ** 50 };

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

  async function plans({ model, precision, contextTokens, sequences }: (typeof CASES)[number]) {
    const spec = ModelSpec.find(model) as ModelSpec;
    const options = { precision: precision as Precision, contextTokens, sequences };
    const limits = { maxContext: contextTokens, maxSequences: sequences };
    return {
      ours: EngineMemory.of(spec, options),
      engine: await addon.inspect({ ...OPTIONS, ...limits, model: join(folder, model) }),
    };
  }

  it.each(CASES)('has the pages of the engine: $model, $sequences x $contextTokens', async (given) => {
    const { ours, engine } = await plans(given);
    expect({ pages: engine.pages, pageBytes: engine.pageBytes }).toEqual({
      pages: ours.pages,
      pageBytes: ours.pageBytes,
    });
  });

  it.each(CASES)(
    'has the weights of the engine, and room for the rest: $model, $sequences x $contextTokens',
    async (given) => {
      const { ours, engine } = await plans(given);
      const bytes = (name: string) => engine.lines.find((line) => line.name === name)?.bytes ?? Number.NaN;
      // Norms and biases are f32 in the engine, and each array begins at a multiple of 256 bytes.
      expect(bytes('weights') / ours.weightBytes).toBeGreaterThanOrEqual(1);
      expect(bytes('weights') / ours.weightBytes).toBeLessThan(1.0002);

      const kv = engine.lines.filter(({ name }) => name.startsWith('KV cache'));
      const rest = engine.lines.reduce((sum, line) => sum + line.bytes, 0) - bytes('weights') - kv[0].bytes;
      expect(kv[0].bytes).toBe(ours.kvBytes);
      expect(rest).toBeLessThan(ours.activationBytes + EngineMemory.WORKSPACE_BYTES);
    },
  );
});
