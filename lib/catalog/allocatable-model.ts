import { type Allocatable, AllocatableSource } from './allocatable';

/** The most pods per node of any EC2 type, by its network interfaces and addresses (Karpenter 1.14.1 website). */
export const MOST_PODS = 737;

/** `settings.vmMemoryOverheadPercent`, Karpenter's default: memory that the hypervisor and the kernel keep. */
const VM_MEMORY_OVERHEAD = 0.075;
/** Hard eviction threshold `memory.available`, MiB. */
const EVICTION_MIB = 100;
/** kube-reserved memory: a fixed part and one per pod, MiB. */
const KUBE_RESERVED_MIB = 255;
const KUBE_RESERVED_MIB_PER_POD = 11;
/** kube-reserved CPU: thousandths of a core for the first core, the second, each of the next two, each further one. */
const KUBE_RESERVED_MILLIS = { first: 60, second: 10, thirdAndFourth: 5, further: 2.5 };

/** Karpenter's model of a node (aws/karpenter-provider-aws 1.14.1, pkg/providers/instancetype/types.go). */
export function computeAllocatable(vcpus: number, memoryMib: number, maxPods: number): Allocatable {
  const capacity = memoryMib - Math.ceil(memoryMib * VM_MEMORY_OVERHEAD);
  const reserved = EVICTION_MIB + KUBE_RESERVED_MIB + KUBE_RESERVED_MIB_PER_POD * maxPods;
  return {
    cpuMillis: Math.floor(vcpus * 1000 - reservedMillis(vcpus)),
    memoryMib: capacity - reserved,
    source: AllocatableSource.COMPUTED,
  };
}

function reservedMillis(vcpus: number): number {
  const { first, second, thirdAndFourth, further } = KUBE_RESERVED_MILLIS;
  const between = (from: number, to: number) => Math.max(0, Math.min(vcpus, to) - from);
  return between(0, 1) * first + between(1, 2) * second + between(2, 4) * thirdAndFourth + between(4, vcpus) * further;
}
