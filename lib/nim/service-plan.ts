import type { Construct } from 'constructs';
import { warn } from '../kube/annotations';
import { refuse } from '../kube/errors';
import type { IGpuNodePool } from '../nodes';
import { podsOf } from '../nodes/pool-pods';
import {
  FindingLevel,
  ImageOwner,
  ModelNeed,
  PlannedImage,
  type PlanRequest,
  type PodDemand,
  ServicePlan,
} from '../plan';
import { contextLength, memoryUtilization } from './context-length';
import type { NimCache } from './nim-cache';
import type { Served } from './profile-fit';
import type { ServingImage } from './serving-image';

/** What is asked for beside image, profile and environment. */
export interface AskedOfPod {
  readonly cpuMillis?: number;
  readonly memoryMib?: number;
}

export function plannedImage({ owner, repository, release }: ServingImage): PlannedImage {
  if (owner === ImageOwner.OWN) {
    return PlannedImage.own();
  }
  return repository.startsWith('nvcr.io/nim/') ? PlannedImage.nim(release) : PlannedImage.other();
}

/** What a plan is made for; undefined where model or precision are not known. */
export function planRequest(
  served: Served,
  asked: AskedOfPod = {},
  gpu?: IGpuNodePool['gpu'],
): PlanRequest | undefined {
  const { image, profile, env } = served;
  const { model } = image;
  if (!model || !profile.precision) {
    return undefined;
  }
  const facts = profile._factsOf(image);
  const planned = plannedImage(image);
  return {
    model,
    image: planned,
    precision: profile.precision,
    engine: profile.engine,
    // Of a profile that a source names for another GPU, this one's sibling is not known.
    profile: gpu && facts?.gpu && facts.gpu !== gpu ? undefined : facts,
    tensorParallelism: profile.tensorParallelism,
    memoryShare: memoryUtilization(env, planned.memoryShare),
    // 0: known at deployment only.
    contextTokens: contextLength(env, model.maxContext) || undefined,
    ...asked,
  };
}

/** How a cached model is served. */
export interface Serving {
  readonly replicas: number;
  readonly env?: { [name: string]: string };
  /** What the user asks for a pod, and no default. */
  readonly asked: AskedOfPod;
  /** What the manifest requests. */
  readonly pod: PodDemand;
}

/** The plan of a service; undefined where model or precision are not known. */
export function servicePlan(scope: Construct, cache: NimCache, serving: Serving): ServicePlan | undefined {
  const { pool, store, image, profile } = cache;
  const request = planRequest({ image, profile, env: serving.env }, serving.asked, pool.gpu);
  return (
    request &&
    ServicePlan.of({
      ...request,
      name: scope.node.path,
      poolName: pool.poolName,
      gpu: pool.gpu,
      instanceTypes: pool.instanceTypes,
      maxGpus: pool.maxGpus,
      prices: pool.prices,
      replicas: serving.replicas,
      pod: serving.pod,
      neighbours: podsOf(pool, scope),
      readMibPerSecond: store.readMibPerSecond,
      chosenBecause: pool.chosenBecause,
    })
  );
}

/** Refuses what the plan says can never work. The whole plan is made only where something does not fit. */
export function refuseNoFit(scope: Construct, cache: NimCache, serving: Serving): void {
  const { gpu, poolName } = cache.pool;
  const request = planRequest({ image: cache.image, profile: cache.profile, env: serving.env }, serving.asked, gpu);
  if (!request || ModelNeed.of(request).on(gpu).fits) {
    return;
  }
  const never = servicePlan(scope, cache, serving)?.findings.find(({ level }) => level === FindingLevel.ERROR);
  if (never) {
    refuse(scope, {
      what: `pool ${poolName}`,
      given: `${gpu.label} with ${gpu.memoryMib} MiB a GPU`,
      allowed: 'a pool whose GPUs hold the model',
      fix: never.message,
    });
  }
}

/**
 * Warns, when everything is there, of what a plan has against a service, and of CPU or memory that leave GPUs idle: in one
 * warning with the prices, where the plan says that it costs.
 */
export function warnOfPlan(scope: Construct, plan: ServicePlan | undefined, excess?: string): void {
  const findings = plan?.findings ?? [];
  for (const { id, message } of findings) {
    warn(scope, `nim-constructs:${id}`, id === WASTE && excess ? `${message}; ${excess}` : message);
  }
  if (excess && !findings.some(({ id }) => id === WASTE)) {
    warn(scope, 'nim-constructs:more-than-share', excess);
  }
}

const WASTE = 'plan-waste';
