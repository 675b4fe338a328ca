import type { GpuInstanceType } from '../catalog';

/** What a pod asks of a node, for NodeShare. */
export interface NodeShareRequest {
  /** GPUs of one pod. */
  readonly gpus: number;
  /** Types that the pool may start. */
  readonly instanceTypes: GpuInstanceType[];
  /**
   * Host memory that the pod needs, in MiB.
   *
   * @default 0
   */
  readonly memoryMib?: number;
  /**
   * CPU that the pod needs, in thousandths of a vCPU.
   *
   * @default 0
   */
  readonly cpuMillis?: number;
}

/**
 * The CPU and memory that go with a pod's GPUs: its part, by GPU, of the cheapest node that holds it. Asking for more
 * would buy a larger node than the GPUs need; asking for less would leave what is paid for idle.
 */
export class NodeShare {
  /**
   * Kept for the DaemonSets of a GPU node (VPC CNI, kube-proxy, Pod Identity agent, EFS CSI, device plugin): millicores.
   * Our own estimate.
   */
  public static readonly DAEMONS_CPU_MILLIS = 500;

  /** As DAEMONS_CPU_MILLIS: MiB of memory. Our own estimate. */
  public static readonly DAEMONS_MEMORY_MIB = 1024;

  /** The share on the cheapest type that holds the pod, or undefined where none does. Types without a price come last. */
  public static cheapest(request: NodeShareRequest): NodeShare | undefined {
    return request.instanceTypes
      .filter((type) => type.gpuCount >= request.gpus)
      .map((type) => new NodeShare(type, request.gpus))
      .filter((share) => share.memoryMib >= (request.memoryMib ?? 0))
      .filter((share) => share.cpuMillis >= (request.cpuMillis ?? 0))
      .sort((a, b) => usd(a) - usd(b) || a.instanceType.typeName.localeCompare(b.instanceType.typeName))[0];
  }

  /** CPU of the share, in thousandths of a vCPU. */
  public readonly cpuMillis: number;
  /** Memory of the share, in MiB. */
  public readonly memoryMib: number;
  /** The type whose share it is. */
  public readonly instanceType: GpuInstanceType;

  private constructor(instanceType: GpuInstanceType, gpus: number) {
    const part = gpus / instanceType.gpuCount;
    this.instanceType = instanceType;
    this.cpuMillis = Math.floor((instanceType.allocatable.cpuMillis - NodeShare.DAEMONS_CPU_MILLIS) * part);
    this.memoryMib = Math.floor((instanceType.allocatable.memoryMib - NodeShare.DAEMONS_MEMORY_MIB) * part);
  }
}

function usd(share: NodeShare): number {
  return share.instanceType.price?.usdPerHour ?? Number.POSITIVE_INFINITY;
}
