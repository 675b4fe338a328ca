import type { Size } from 'cdk8s';
import type { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { refuse } from '../kube/errors';
import { mebibytes, millicores, quantity } from '../kube/quantities';
import { HostMemory, NodeShare } from '../plan';
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
  const needMib = image.model && profile.precision && HostMemory.needMib(image.model, profile.precision);
  const memoryMib = asked.memory?.toMebibytes() ?? needMib;
  const nodeShare = NodeShare.cheapest({
    gpus,
    instanceTypes: pool.instanceTypes,
    memoryMib,
    cpuMillis: asked.cpu && asked.cpu * 1000,
  });
  if (pool.instanceTypes.length > 0 && !nodeShare) {
    const given = `${memoryMib ?? 0} MiB with ${gpus} GPU${gpus > 1 ? 's' : ''}`;
    refuse(scope, {
      what: asked.cpu ? 'cpu and memory' : 'memory',
      given: asked.cpu ? `${asked.cpu} vCPU and ${given}` : given,
      allowed: `the share of a node of pool ${pool.poolName}: ${shares(cache)}`,
      fix: `let the pool start a larger type, or write less ${asked.cpu ? 'cpu or memory' : 'memory'}`,
    });
  }
  const cpu = asked.cpu ? asked.cpu * 1000 : (nodeShare?.cpuMillis ?? gpus * FALLBACK_MILLIS_PER_GPU);
  const mib = asked.memory?.toMebibytes() ?? nodeShare?.memoryMib ?? needMib;
  const memory: { [name: string]: k8s.Quantity } = mib === undefined ? {} : { memory: mebibytes(mib) };
  // Both maps, always: with one of them missing the operator panics at each reconcile and reports nothing.
  const requirements = {
    requests: { cpu: millicores(cpu), ...memory, 'nvidia.com/gpu': quantity(gpus) },
    limits: { ...memory, 'nvidia.com/gpu': quantity(gpus) },
  };
  return { requirements, nodeShare };
}

function shares({ pool, profile }: NimCache): string {
  const gpus = profile.tensorParallelism;
  return pool.instanceTypes
    .flatMap((type) => NodeShare.cheapest({ gpus, instanceTypes: [type] }) ?? [])
    .map((share) => `${share.cpuMillis / 1000} vCPU and ${share.memoryMib} MiB on ${share.instanceType.typeName}`)
    .join(', ');
}
