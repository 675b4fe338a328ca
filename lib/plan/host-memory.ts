import type { ModelSpec, Precision } from '../catalog';

/** Host memory of a serving pod. */
export class HostMemory {
  /** Server process, tokenizer, pinned buffers and CUDA context beside the weights: MiB. Our own estimate. */
  public static readonly SERVER_MIB = 8 * 1024;

  /** MiB that a pod needs: the weights once, as they pass through host memory while loading, and the server. */
  public static needMib(model: ModelSpec, precision: Precision): number {
    return Math.ceil(model.weightBytes(precision) / 2 ** 20) + HostMemory.SERVER_MIB;
  }
}
