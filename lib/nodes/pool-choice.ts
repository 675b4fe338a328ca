import type { IDependable } from 'constructs';
import type { Gpu, GpuInstanceType } from '../catalog';
import type { TaintEffect } from '../crds';

/** What a model asks of the pool that is chosen for it. */
export interface PoolRequest {
  /** GPUs of one replica. */
  readonly gpus: number;
  /** Replicas that run at the same time. */
  readonly replicas: number;
  /**
   * Memory that each GPU must have, in MiB.
   *
   * @default - no minimum is known
   */
  readonly minGpuMemoryMib?: number;
}

/** Something that names the pool for a model: a pool itself, or a rule that picks one. */
export interface IPoolChoice {
  /** The pool for this request. */
  choosePool(request: PoolRequest): IGpuNodePool;
}

/** A taint that the nodes of a pool carry. */
export interface PoolTaint {
  /** Key, for example `nvidia.com/gpu`. */
  readonly key: string;
  /** What happens to pods that do not tolerate it. */
  readonly effect: TaintEffect;
  /**
   * Value.
   *
   * @default - no value: tolerated with the operator Exists
   */
  readonly value?: string;
}

/**
 * A pool of GPU nodes: the one owner of what pods must know to run there. Caches and services take selectors,
 * tolerations, GPUs and their share of CPU and memory from it.
 */
export interface IGpuNodePool extends IPoolChoice {
  /** Name of the pool. */
  readonly poolName: string;
  /** The GPU of its nodes. */
  readonly gpu: Gpu;
  /** Labels that its nodes carry, and no other pool's nodes carry all of them. */
  readonly nodeLabels: { [key: string]: string };
  /** Taints of its nodes. */
  readonly taints: PoolTaint[];
  /** Types its nodes may have. Empty where nobody said. */
  readonly instanceTypes: GpuInstanceType[];
  /**
   * Most GPUs of the pool at a time.
   *
   * @default - not known
   */
  readonly maxGpus?: number;
  /**
   * What must stand before a pod is put on the pool.
   *
   * @default - nothing: the pool is not made here
   */
  readonly nodes?: IDependable;
}

/** A pool that someone else makes, by its labels. */
export interface GpuNodePoolFromLabels {
  /** The GPU of its nodes. */
  readonly gpu: Gpu;
  /** Labels that its nodes carry, and no other pool's nodes carry all of them. At least one. */
  readonly labels: { [key: string]: string };
  /** Taints of its nodes; an empty list where they have none. */
  readonly taints: PoolTaint[];
  /**
   * Types of its nodes. With them, pods get their share of a node's CPU and memory.
   *
   * @default - not known: pods ask for the memory that their model needs, and for no more CPU than the smallest node has
   */
  readonly instanceTypes?: GpuInstanceType[];
}
