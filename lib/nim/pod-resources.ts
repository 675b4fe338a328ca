import type { Size } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { GpuInstanceType } from '../catalog';
import { refuse } from '../kube/errors';
import { mebibytes, millicores, quantity } from '../kube/quantities';
import { EngineMemory, HostMemory, ImageOwner, NodeShare } from '../plan';
import type { NimCache } from './nim-cache';

/** vCPUs for each GPU where nothing is known of the nodes: what the smallest GPU node has left for pods. */
const FALLBACK_MILLIS_PER_GPU = 3000;

/** What the user asks for a pod. */
interface Asked {
  readonly cpu?: number;
  readonly memory?: Size;
}

/** What a serving pod requests: its GPUs, and the share of CPU and memory that goes with them. */
export interface PodResources {
  readonly requirements: k8s.ResourceRequirements;
  readonly nodeShare?: NodeShare;
  readonly cpuMillis: number;
  /** What to say where the pod asks for more than the part of a node that goes with its GPUs. */
  readonly excess?: string;
  /** 0 where nothing is known of the model and nothing was asked for. */
  readonly memoryMib: number;
  /** How many such pods a node of a type holds. */
  podsOn(type: GpuInstanceType): number;
}

export function podResources(scope: Construct, cache: NimCache, asked: Asked): PodResources {
  if (asked.cpu !== undefined && !(asked.cpu > 0 && asked.cpu < Number.POSITIVE_INFINITY)) {
    refuse(scope, {
      what: 'cpu',
      given: asked.cpu,
      allowed: 'a number of vCPUs above 0',
      fix: 'write cpu: 4, or leave it out',
    });
  }
  const { image, pool, profile } = cache;
  const gpus = profile.tensorParallelism;
  // This project's engine never holds the weights in host memory; others read them through it.
  const own = image.owner === ImageOwner.OWN;
  const known = image.model && profile.precision && HostMemory.needMib(image.model, profile.precision);
  const needMib = own ? EngineMemory.HOST_BYTES / 2 ** 20 : known;
  const least = { gpus, cpuMillis: (asked.cpu ?? 0) * 1000, memoryMib: asked.memory?.toMebibytes() ?? needMib ?? 0 };
  const within = NodeShare.cheapest({ ...least, instanceTypes: pool.instanceTypes });
  const { share: nodeShare = within, excess } = within ? {} : moreThanShare(scope, cache, asked, least);

  const cpuMillis = asked.cpu ? least.cpuMillis : (nodeShare?.cpuMillis ?? gpus * FALLBACK_MILLIS_PER_GPU);
  const memoryMib = asked.memory ? least.memoryMib : Math.max(nodeShare?.memoryMib ?? 0, least.memoryMib);
  const memory: { [name: string]: k8s.Quantity } = memoryMib === 0 ? {} : { memory: mebibytes(memoryMib) };
  // Both maps, always: with one of them missing the operator panics at each reconcile and reports nothing.
  const requirements = {
    requests: { cpu: millicores(cpuMillis), ...memory, 'nvidia.com/gpu': quantity(gpus) },
    limits: { ...memory, 'nvidia.com/gpu': quantity(gpus) },
  };
  return {
    requirements,
    nodeShare,
    excess,
    cpuMillis,
    memoryMib,
    podsOn: (type) => podsOn(type, { gpus, cpuMillis, memoryMib }),
  };
}

interface PodRequest {
  readonly gpus: number;
  readonly cpuMillis: number;
  readonly memoryMib: number;
}

function podsOn(type: GpuInstanceType, { gpus, cpuMillis, memoryMib }: PodRequest): number {
  const room = roomOf(type);
  return Math.floor(Math.min(type.gpuCount / gpus, room.cpuMillis / cpuMillis, room.memoryMib / memoryMib));
}

/** What a node has for pods, the DaemonSets of a GPU node aside. */
function roomOf({ allocatable }: GpuInstanceType): { cpuMillis: number; memoryMib: number } {
  return {
    cpuMillis: allocatable.cpuMillis - NodeShare.DAEMONS_CPU_MILLIS,
    memoryMib: allocatable.memoryMib - NodeShare.DAEMONS_MEMORY_MIB,
  };
}

interface MoreThanShare {
  readonly share?: NodeShare;
  readonly excess?: string;
}

/** The share of the cheapest node that holds the pod at the cost of its other GPUs; undefined where no type is known. */
function moreThanShare(scope: Construct, cache: NimCache, asked: Asked, least: PodRequest): MoreThanShare {
  const { pool } = cache;
  const { gpus } = least;
  if (pool.instanceTypes.length === 0) {
    return {};
  }
  const given = `${asked.cpu ? `${asked.cpu} vCPU and ` : ''}${least.memoryMib} MiB with ${gpus} GPU${gpus > 1 ? 's' : ''}`;
  const what = asked.cpu ? 'cpu and memory' : 'memory';
  const holding = pool.instanceTypes.filter((type) => podsOn(type, least) > 0);
  const share = NodeShare.cheapest({ gpus, instanceTypes: holding });
  if (!share) {
    refuse(scope, {
      what,
      given,
      allowed: `what a node of pool ${pool.poolName} has for pods: ${rooms(pool.instanceTypes, gpus)}`,
      fix: `let the pool start a larger type, or write less ${asked.cpu ? 'cpu or memory' : 'memory'}`,
    });
  }
  const { typeName, gpuCount } = share.instanceType;
  const used = podsOn(share.instanceType, least) * gpus;
  const excess =
    `${what} of ${given} is more than the part of a node that goes with its GPUs: a ${typeName} holds it, and pays for ` +
    `${gpuCount} GPUs of which ${used} can be used; write less, or let the pool start a type with more for each GPU`;
  return used < Math.floor(gpuCount / gpus) * gpus ? { share, excess } : { share };
}

function rooms(types: GpuInstanceType[], gpus: number): string {
  return types
    .filter((type) => type.gpuCount >= gpus)
    .map((type) => ({ type, room: roomOf(type) }))
    .map(({ type, room }) => `${room.cpuMillis / 1000} vCPU and ${room.memoryMib} MiB on ${type.typeName}`)
    .join(', ');
}
