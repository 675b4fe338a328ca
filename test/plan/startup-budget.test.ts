import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ModelSpec, Precision } from '../../lib/catalog';
import { HostMemory, StartupBudget } from '../../lib/plan';

const bytes = fc.nat({ max: 2 ** 42 });
const speed = fc.integer({ min: 1, max: 10_000 });

describe('the startup budget', () => {
  test("is the operator's twenty minutes for a small model", () => {
    const weightBytes = ModelSpec.LLAMA_3_1_8B_INSTRUCT.weightBytes(Precision.BF16);
    expect(StartupBudget.of({ weightBytes, readMibPerSecond: 500 })).toMatchObject({
      seconds: 1200,
      failureThreshold: 120,
    });
  });

  test('is twice the reading and the start of the engine for a large one', () => {
    const budget = StartupBudget.of({ weightBytes: 100 * 1000 * 2 ** 20, readMibPerSecond: 100 });
    expect(budget.seconds).toBe(2 * (215 + 1000));
  });

  test('never falls with a larger model or a slower store', () => {
    fc.assert(
      fc.property(bytes, bytes, speed, speed, (more, fewer, fast, slow) => {
        const longer = { weightBytes: Math.max(more, fewer), readMibPerSecond: Math.min(fast, slow) };
        const shorter = { weightBytes: Math.min(more, fewer), readMibPerSecond: Math.max(fast, slow) };
        expect(StartupBudget.of(longer).seconds).toBeGreaterThanOrEqual(StartupBudget.of(shorter).seconds);
      }),
    );
  });

  test('is never under twenty minutes, nor under the time that reading takes', () => {
    fc.assert(
      fc.property(bytes, speed, (weightBytes, readMibPerSecond) => {
        const { seconds } = StartupBudget.of({ weightBytes, readMibPerSecond });
        expect(seconds).toBeGreaterThanOrEqual(1200);
        expect(seconds).toBeGreaterThan(weightBytes / 2 ** 20 / readMibPerSecond);
      }),
    );
  });

  test('is asked for often enough to last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (seconds) => {
        const asked = StartupBudget.ofSeconds(seconds).failureThreshold * StartupBudget.PERIOD_SECONDS;
        expect(asked).toBeGreaterThanOrEqual(seconds);
        expect(asked).toBeLessThan(seconds + StartupBudget.PERIOD_SECONDS);
      }),
    );
  });
});

describe('the host memory of a pod', () => {
  test('is the weights once and 8 GiB for the server', () => {
    // 8,030,261,248 parameters of two bytes are 15,316.51 MiB.
    expect(HostMemory.needMib(ModelSpec.LLAMA_3_1_8B_INSTRUCT, Precision.BF16)).toBe(15317 + 8192);
  });
});
