import type { Construct } from 'constructs';
import { Engine, type Gpu, GpuInstanceType, type ModelSpec, Precision } from '../catalog';
import { refuse } from '../kube/errors';
import type { IGpuNodePool } from '../nodes';
import { ModelMemory } from '../plan';
import { contextLength, memoryUtilization } from './context-length';
import type { NimProfile } from './nim-profile';
import type { ServingImage } from './serving-image';

/** Refuses what no node of the pool can run, however it is served: precision, weights, GPUs of one node. */
export function checkFit(scope: Construct, image: ServingImage, profile: NimProfile, pool: IGpuNodePool): void {
  const { precision, engine, tensorParallelism } = profile;
  const { gpu } = pool;
  image._checkGpu(scope, pool);

  // vLLM and SGLang unpack fp8 and fp4 weights to bf16 where the chip cannot multiply them; TensorRT-LLM does not, and
  // bf16 itself has no way around.
  const strict = engine === Engine.TENSORRT_LLM || precision === Precision.BF16;
  if (precision && strict && !gpu.supports(precision)) {
    refuse(scope, {
      what: 'precision',
      given: precision,
      allowed: `a format that ${gpu.label} (compute capability ${gpu.computeCapability.toFixed(1)}) computes in`,
      fix: 'write precision: Precision.FP16, or use a pool with a newer GPU',
    });
  }

  const weights = weightsMib(image, profile);
  if (weights && weights >= gpu.memoryMib) {
    refuse(scope, {
      what: `pool ${pool.poolName}`,
      given: `${gpu.label} with ${gpu.memoryMib} MiB a GPU`,
      allowed: `more than ${weights} MiB a GPU, which ${precision} weights of ${image.model?.id} take on ${tensorParallelism}`,
      fix: `use ${largerGpu(weights)}, more tensor parallelism, or a profile with smaller weights`,
    });
  }

  const most = Math.max(...pool.instanceTypes.map((type) => type.gpuCount));
  if (pool.instanceTypes.length > 0 && most < tensorParallelism) {
    const larger = GpuInstanceType.withGpu(gpu).find((type) => type.gpuCount >= tensorParallelism);
    refuse(scope, {
      what: 'tensorParallelism',
      given: tensorParallelism,
      allowed: `at most ${most}, the GPUs of the largest node of pool ${pool.poolName}`,
      fix: larger
        ? `let the pool start ${larger.typeName}: maxGpus of ${larger.gpuCount} or more, and the type in instanceTypes`
        : 'use a profile with less tensor parallelism',
    });
  }
}

/** What is served, and how: the environment decides how long a context the KV cache must hold. */
export interface Served {
  readonly image: ServingImage;
  readonly profile: NimProfile;
  readonly env?: { [name: string]: string };
}

/** Refuses a GPU with less memory than the server asks for when it starts. */
export function checkGpuMemory(scope: Construct, served: Served, pool: IGpuNodePool): void {
  const { image, profile } = served;
  const { gpu } = pool;
  const least = leastGpuMemoryMib(served);
  if (least && least > gpu.memoryMib) {
    const shorter = longestContext(served, gpu);
    refuse(scope, {
      what: `pool ${pool.poolName}`,
      given: `${gpu.label} with ${gpu.memoryMib} MiB a GPU`,
      allowed: `${least} MiB a GPU or more, which ${image.reference} needs for ${profile.label}`,
      fix: `use ${largerGpu(least)}${shorter ? `, or a shorter context: env: { NIM_MAX_MODEL_LEN: '${shorter}' }` : ''}`,
    });
  }
}

/** Memory that each GPU must have, in MiB, as far as it is known. */
export function leastGpuMemoryMib({ image, profile, env }: Served): number | undefined {
  const { model } = image;
  const demanded = profile._factsOf(image)?.minGpuMemoryMib;
  const weights = weightsMib(image, profile);
  // What other images and engines leave free is not known.
  const utilization = image._nimLine && profile.engine === Engine.VLLM ? memoryUtilization(env) : 1;
  const needs = [
    demanded && model ? atContext(demanded, model, profile, contextLength(env, model.maxContext)) : demanded,
    weights && Math.ceil(weights / utilization),
  ].filter((need) => need !== undefined);
  return needs.length > 0 ? Math.max(...needs) : undefined;
}

const MIB_PER_GIB = 1024;

/**
 * What an image demands at a shorter context than its model's own: less by the keys and values of the tokens left out, in
 * whole GiB, as the image counts. So it prints 33 GB for Llama 3.1 8B in bf16, and 28 where the context is 84,992 of
 * 131,072 tokens; the demands of its fp8 and nvfp4 profiles differ by their weights alone, so that all keep 16-bit keys.
 */
function atContext(demandedMib: number, model: ModelSpec, profile: NimProfile, tokens: number): number {
  const memory = memoryOf(model, profile);
  const saved = (memory.kvBytes(model.maxContext) - memory.kvBytes(tokens)) / 2 ** 20;
  return Math.ceil((demandedMib - saved) / MIB_PER_GIB) * MIB_PER_GIB;
}

/** The longest context, in whole thousands, with which the demand of the image fits this GPU. */
function longestContext({ image, profile, env }: Served, gpu: Gpu): number | undefined {
  const { model } = image;
  const demanded = profile._factsOf(image)?.minGpuMemoryMib;
  if (!model || !demanded) {
    return undefined;
  }
  const room = Math.floor(gpu.memoryMib / MIB_PER_GIB) * MIB_PER_GIB;
  const tokens = model.maxContext - ((demanded - room) * 2 ** 20) / memoryOf(model, profile).kvBytesPerToken;
  const whole = Math.floor(tokens / 1000) * 1000;
  const fits = leastGpuMemoryMib({ image, profile, env: { ...env, NIM_MAX_MODEL_LEN: String(whole) } });
  return whole > 0 && (fits ?? 0) <= gpu.memoryMib ? whole : undefined;
}

function memoryOf(model: ModelSpec, { precision, tensorParallelism }: NimProfile): ModelMemory {
  return ModelMemory.of(model, { precision: precision ?? Precision.BF16, tensorParallelism });
}

/** The least that the weights take on each GPU, undefined where model or precision is not known. */
function weightsMib({ model }: ServingImage, { precision, tensorParallelism }: NimProfile): number | undefined {
  return model && precision && Math.ceil(model.weightBytes(precision) / tensorParallelism / 2 ** 20);
}

function largerGpu(mib: number): string {
  const enough = GpuInstanceType.all().find((type) => type.gpu.memoryMib > mib);
  return enough ? `a pool with a larger GPU, such as ${enough.gpu._constant}` : 'a smaller model';
}
