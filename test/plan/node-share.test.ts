import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Gpu, GpuInstanceType } from '../../lib/catalog';
import { NodeShare, type NodeShareRequest } from '../../lib/plan';

const requests: fc.Arbitrary<NodeShareRequest> = fc.record({
  gpus: fc.constantFrom(1, 2, 4, 8),
  instanceTypes: fc.subarray(GpuInstanceType.all()),
  memoryMib: fc.nat(400_000),
  cpuMillis: fc.nat(100_000),
});

const usd = (type: GpuInstanceType) => type.price?.usdPerHour ?? Number.POSITIVE_INFINITY;

describe('the share of a node that goes with its GPUs', () => {
  test('is a quarter for one of four, of what the node has left beside DaemonSets', () => {
    const share = NodeShare.cheapest({ gpus: 1, instanceTypes: [GpuInstanceType.G5_12XLARGE] });
    expect(share).toMatchObject({ cpuMillis: 11_827, memoryMib: 43_094 });
  });

  test('fits a node as often as the GPUs do, DaemonSets beside it', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const share = NodeShare.cheapest(request);
        fc.pre(share !== undefined);
        const { gpuCount, allocatable } = share.instanceType;
        const pods = Math.floor(gpuCount / request.gpus);
        expect(pods * share.cpuMillis + NodeShare.DAEMONS_CPU_MILLIS).toBeLessThanOrEqual(allocatable.cpuMillis);
        expect(pods * share.memoryMib + NodeShare.DAEMONS_MEMORY_MIB).toBeLessThanOrEqual(allocatable.memoryMib);
      }),
    );
  });

  test('holds what was asked for', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const share = NodeShare.cheapest(request);
        fc.pre(share !== undefined);
        expect(share.instanceType.gpuCount).toBeGreaterThanOrEqual(request.gpus);
        expect(share.memoryMib).toBeGreaterThanOrEqual(request.memoryMib ?? 0);
        expect(share.cpuMillis).toBeGreaterThanOrEqual(request.cpuMillis ?? 0);
      }),
    );
  });

  test('is of the cheapest type that would do alone', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const alone = request.instanceTypes.filter((type) => NodeShare.cheapest({ ...request, instanceTypes: [type] }));
        const share = NodeShare.cheapest(request);
        expect(share && usd(share.instanceType)).toBe(alone.length > 0 ? Math.min(...alone.map(usd)) : undefined);
      }),
    );
  });

  test('does not depend on the order of the types', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const backwards = { ...request, instanceTypes: [...request.instanceTypes].reverse() };
        expect(NodeShare.cheapest(backwards)).toEqual(NodeShare.cheapest(request));
      }),
    );
  });

  test('is of a type without a price only where no other will do', () => {
    const types = GpuInstanceType.withGpu(Gpu.H200);
    expect(NodeShare.cheapest({ gpus: 8, instanceTypes: types })?.instanceType.typeName).toBe('p5en.48xlarge');
    const unpriced = { gpus: 8, instanceTypes: [GpuInstanceType.P5E_48XLARGE] };
    expect(NodeShare.cheapest(unpriced)?.instanceType.typeName).toBe('p5e.48xlarge');
  });

  test.each([
    ['GPUs', { gpus: 2 }],
    ['memory', { gpus: 1, memoryMib: 14000 }],
    ['CPU', { gpus: 1, cpuMillis: 4000 }],
  ])('is nothing where no node has the %s', (_, request) => {
    expect(NodeShare.cheapest({ ...request, instanceTypes: [GpuInstanceType.G5_XLARGE] })).toBeUndefined();
  });
});
