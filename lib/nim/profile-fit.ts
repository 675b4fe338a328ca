import type { Construct } from 'constructs';
import { Engine, GpuInstanceType, Precision } from '../catalog';
import { refuse } from '../kube/errors';
import type { IGpuNodePool } from '../nodes';
import type { NimProfile } from './nim-profile';
import type { ServingImage } from './serving-image';

/** Refuses what no node of the pool can run: precision, GPU memory that the image itself demands, GPUs of one node. */
export function checkFit(scope: Construct, image: ServingImage, profile: NimProfile, pool: IGpuNodePool): void {
  const { precision, engine, tensorParallelism } = profile;
  const { gpu } = pool;

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

  const facts = image.release?.profiles.find((known) => profile.describes(known));
  if (facts?.minGpuMemoryMib && facts.minGpuMemoryMib > gpu.memoryMib) {
    const enough = GpuInstanceType.all().find((type) => type.gpu.memoryMib >= (facts.minGpuMemoryMib ?? 0));
    refuse(scope, {
      what: `pool ${pool.poolName}`,
      given: `${gpu.label} with ${gpu.memoryMib} MiB a GPU`,
      allowed: `${facts.minGpuMemoryMib} MiB a GPU or more, which ${image.reference} demands for ${profile.label}`,
      fix: `use a pool with a larger GPU, ${enough ? `such as Gpu.${enough.gpu.label.replaceAll(' ', '_')}` : 'or a smaller model'}`,
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
