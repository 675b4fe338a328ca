import type { GpuInstanceType } from '../catalog';

/** What a pool can cost an hour, on demand. */
export class PoolCost {
  /** The cost of a pool that may start these types up to a number of GPUs. */
  public static of(instanceTypes: GpuInstanceType[], maxGpus: number): PoolCost {
    const priced = instanceTypes.filter((type) => type.price);
    const unpriced = instanceTypes.filter((type) => !type.price).map((type) => type.typeName);
    // dearest[n]: the most that any set of nodes with n GPUs or fewer costs.
    const dearest = [0];
    for (let gpus = 1; gpus <= maxGpus; gpus++) {
      dearest[gpus] = priced
        .filter((type) => type.gpuCount <= gpus)
        .reduce((most, type) => Math.max(most, dearest[gpus - type.gpuCount] + usd(type)), dearest[gpus - 1]);
    }
    return new PoolCost(dearest[maxGpus], unpriced, priced[0]?.price ? stateOf(priced[0]) : undefined);
  }

  /** USD an hour with no pod on the pool: it has no node then. */
  public readonly minimumUsdPerHour = 0;
  /** USD an hour at the pool's limit, on the dearest types that it allows. */
  public readonly maximumUsdPerHour: number;
  /** Types of the pool without a known price: neither figure holds them. */
  public readonly unpriced: string[];
  /** Region and date of the prices. */
  public readonly pricesOf?: string;

  private constructor(maximum: number, unpriced: string[], pricesOf?: string) {
    this.maximumUsdPerHour = Math.round(maximum * 1e6) / 1e6;
    this.unpriced = unpriced;
    this.pricesOf = pricesOf;
  }
}

function usd(type: GpuInstanceType): number {
  return type.price?.usdPerHour ?? 0;
}

function stateOf(type: GpuInstanceType): string | undefined {
  return type.price && `on demand, ${type.price.region}, ${type.price.date}`;
}
