import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gpu, GpuInstanceType } from '../../lib/catalog';
import { PoolCost } from '../../lib/plan';

const types = fc.subarray(GpuInstanceType.all());
const gpus = fc.integer({ min: 1, max: 40 });
const usdPerGpu = (type: GpuInstanceType) => (type.price?.usdPerHour ?? 0) / type.gpuCount;

describe('the cost of a pool', () => {
  test('is nothing without a pod', () => {
    expect(PoolCost.of(GpuInstanceType.withGpu(Gpu.L4), 8).minimumUsdPerHour).toBe(0);
  });

  test('at its limit is that of the dearest nodes that fit', () => {
    // Two g5.48xlarge cost less than sixteen g5.16xlarge, and one GPU a node is what Karpenter may end up with.
    expect(PoolCost.of([GpuInstanceType.G5_48XLARGE], 16).maximumUsdPerHour).toBe(2 * 16.288);
    const both = [GpuInstanceType.G5_48XLARGE, GpuInstanceType.G5_16XLARGE];
    expect(PoolCost.of(both, 16).maximumUsdPerHour).toBe(16 * 4.096);
  });

  test('counts whole nodes only', () => {
    expect(PoolCost.of([GpuInstanceType.G5_12XLARGE], 7).maximumUsdPerHour).toBe(5.672);
    expect(PoolCost.of([GpuInstanceType.G5_12XLARGE], 3).maximumUsdPerHour).toBe(0);
  });

  test('is never more than the dearest GPU as often as the pool has GPUs', () => {
    fc.assert(
      fc.property(types, gpus, (some, most) => {
        const bound = most * Math.max(0, ...some.map(usdPerGpu));
        expect(PoolCost.of(some, most).maximumUsdPerHour).toBeLessThanOrEqual(bound + 1e-6);
      }),
    );
  });

  test('never falls with more GPUs', () => {
    fc.assert(
      fc.property(types, gpus, gpus, (some, a, b) => {
        const [fewer, more] = [Math.min(a, b), Math.max(a, b)].map((most) => PoolCost.of(some, most).maximumUsdPerHour);
        expect(more).toBeGreaterThanOrEqual(fewer);
      }),
    );
  });

  test('never falls with more types', () => {
    fc.assert(
      fc.property(types, types, gpus, (some, others, most) => {
        const less = PoolCost.of(some, most).maximumUsdPerHour;
        expect(PoolCost.of([...some, ...others], most).maximumUsdPerHour).toBeGreaterThanOrEqual(less);
      }),
    );
  });

  test('does not depend on the order of the types', () => {
    fc.assert(
      fc.property(types, gpus, (some, most) => {
        expect(PoolCost.of([...some].reverse(), most)).toEqual({
          ...PoolCost.of(some, most),
          unpriced: [...PoolCost.of(some, most).unpriced].reverse(),
        });
      }),
    );
  });

  test('says whose price nobody knows', () => {
    expect(PoolCost.of(GpuInstanceType.withGpu(Gpu.H200), 8)).toMatchObject({
      maximumUsdPerHour: 63.296,
      unpriced: ['p5e.48xlarge'],
    });
  });

  test('says where and when its prices were read, if it has any', () => {
    expect(PoolCost.of([GpuInstanceType.G5_XLARGE], 1).pricesOf).toBe('on demand, us-east-1, 2026-07-20');
    expect(PoolCost.of([GpuInstanceType.P5E_48XLARGE], 8)).toMatchObject({ maximumUsdPerHour: 0, pricesOf: undefined });
  });
});
