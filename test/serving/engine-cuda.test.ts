// The CUDA backend compiles without a GPU, for every chip that it knows. A passed build is remembered by the sources' hash.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildEngine, ENGINE_LIMIT, engineSkip, engineSources, remembered } from '../support/engine';
import { deviceCode } from '../support/fatbinary';

describe.skipIf(engineSkip)('the CUDA backend', () => {
  it(
    'has machine code for A100, A10G, L4 and L40S, and Hopper, and PTX for later chips',
    async () => {
      const failure = await remembered('cuda', async () => {
        const folder = await buildEngine('cuda', ['engine-bench']); // links all of it
        const code = deviceCode(join(folder, 'libnim_engine.a'));
        const kernels = readdirSync(join(engineSources, 'src/cuda')).filter((file) => file.endsWith('.cu'));
        expect(code.length).toBeGreaterThan(10);
        expect(code.length).toBeLessThanOrEqual(kernels.length); // some have no kernel
        expect(new Set(code.map((chips) => JSON.stringify(chips)))).toEqual(
          new Set([JSON.stringify({ machineCode: [80, 86, 89, 90], ptx: [89] })]),
        );
        return undefined;
      });
      expect(failure).toBeUndefined();
    },
    ENGINE_LIMIT,
  );
});
