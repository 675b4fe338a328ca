/** What runs the pods of a service that spans nodes. */
export enum MultiNodeBackend {
  /** LeaderWorkerSet, whose CRD must be in the cluster: without it the NIMService is Failed. */
  LWS = 'lws',
}

/** How a model is split. */
export interface NimParallelism {
  /**
   * Pipeline stages, one pod each, at least 1. With 1 or none the operator makes a Deployment and waits for a
   * LeaderWorkerSet for ever.
   * @default - none
   */
  readonly pipeline?: number;
  /**
   * GPUs per stage, at least 1.
   * @default - none
   */
  readonly tensor?: number;
}

/** Start by MPI. */
export interface NimMpi {
  /** Seconds until the cluster must stand; the API server's default is 300. */
  readonly mpiStartTimeout: number;
}

/** Start by Ray. */
export interface NimRay {
  /** Port of the Ray cluster, 1 to 65535; the API server's default is 6379. */
  readonly rayPort: number;
}

/** A ComputeDomain for NVLink across nodes. CEL: a name, or `create: true` without one. */
export interface NimComputeDomain {
  /**
   * Make one.
   * @default false
   */
  readonly create?: boolean;
  /**
   * Name of an existing one.
   * @default - the operator makes one
   */
  readonly name?: string;
}

/**
 * A service that spans nodes. Immutable (webhook). CEL: not with autoscaling, not both `mpi` and `ray`. It needs explicit
 * `replicas` and a volume that many nodes mount; affinity, runtimeClassName, command and args do not reach its pods.
 */
export interface NimMultiNode {
  /** How the model is split. */
  readonly parallelism: NimParallelism;
  /**
   * What runs the pods.
   * @default MultiNodeBackend.LWS
   */
  readonly backendType?: MultiNodeBackend;
  /**
   * Start by MPI.
   * @default - none
   */
  readonly mpi?: NimMpi;
  /**
   * Start by Ray: NIM 2.x, operator 3.1.1 and later.
   * @default - none
   */
  readonly ray?: NimRay;
  /**
   * NVLink across nodes.
   * @default - none
   */
  readonly computeDomain?: NimComputeDomain;
}
