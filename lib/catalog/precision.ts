/** The inference engine inside a profile. The values are what the NIM Operator's selector (`model.engine`) takes. */
export enum Engine {
  /** TensorRT-LLM: NIM 1.x only, compiled for one GPU type or built on first start. */
  TENSORRT_LLM = 'tensorrt_llm',
  /** vLLM: the generic engine of NIM 1.x and the default of NIM 2.x. */
  VLLM = 'vllm',
  /** SGLang: NIM 2.1 and later. */
  SGLANG = 'sglang',
}

/**
 * The number format of a profile's weights. The values are what the NIM Operator's selector (`model.precision`) takes;
 * version 1 manifests compare them with their case.
 */
export enum Precision {
  /** bfloat16, 16 bits. */
  BF16 = 'bf16',
  /** IEEE half, 16 bits. */
  FP16 = 'fp16',
  /** 8-bit float, e4m3. */
  FP8 = 'fp8',
  /** 8-bit integer. */
  INT8 = 'int8',
  /** 4-bit integer. */
  INT4 = 'int4',
  /** OCP microscaling 4-bit float, one scale for 32 values. */
  MXFP4 = 'mxfp4',
  /** NVIDIA 4-bit float, one scale for 16 values. */
  NVFP4 = 'nvfp4',
}

/** What a TensorRT-LLM profile was tuned for. The values are what the NIM Operator's `model.qosProfile` takes. */
export enum QosProfile {
  /** Shortest time to an answer. */
  LATENCY = 'latency',
  /** Most tokens a second over all requests. */
  THROUGHPUT = 'throughput',
}
