import { Precision } from './precision';

/** The shape of a dense decoder model of the Llama kind, as its Hugging Face `config.json` gives it. */
export class ModelSpec {
  /** Meta Llama 3.1 8B Instruct (Hugging Face `meta-llama/Llama-3.1-8B-Instruct`, config.json and safetensors index). */
  public static readonly LLAMA_3_1_8B_INSTRUCT = new ModelSpec({
    id: 'meta/llama-3.1-8b-instruct',
    parameters: 8_030_261_248,
    layers: 32,
    hiddenSize: 4096,
    intermediateSize: 14336,
    attentionHeads: 32,
    keyValueHeads: 8,
    headDim: 128,
    vocabularySize: 128256,
    maxContext: 131072,
    tiedEmbeddings: false,
  });

  /** Every model of the catalog. */
  public static all(): ModelSpec[] {
    return [ModelSpec.LLAMA_3_1_8B_INSTRUCT];
  }

  /**
   * The model with this id, undefined where the catalog lacks it.
   *
   * @param id publisher and name as NIM serves them, such as `meta/llama-3.1-8b-instruct`
   */
  public static find(id: string): ModelSpec | undefined {
    return ModelSpec.all().find((model) => model.id === id);
  }

  /** Publisher and name as NIM serves them, such as `meta/llama-3.1-8b-instruct`. */
  public readonly id: string;

  /** Number of parameters, embedding and output head included. */
  public readonly parameters: number;

  /** Number of decoder layers. */
  public readonly layers: number;

  /** Width of the residual stream. */
  public readonly hiddenSize: number;

  /** Width of the feed-forward layer. */
  public readonly intermediateSize: number;

  /** Number of query heads. */
  public readonly attentionHeads: number;

  /** Number of key and value heads (grouped-query attention); the KV cache counts these. */
  public readonly keyValueHeads: number;

  /** Width of one head. */
  public readonly headDim: number;

  /** Number of tokens in the vocabulary. */
  public readonly vocabularySize: number;

  /** Longest context in tokens. */
  public readonly maxContext: number;

  /** Whether the output head is the embedding's transpose, and so stored once. */
  public readonly tiedEmbeddings: boolean;

  private constructor(shape: Omit<ModelSpec, 'weightBytes'>) {
    this.id = shape.id;
    this.parameters = shape.parameters;
    this.layers = shape.layers;
    this.hiddenSize = shape.hiddenSize;
    this.intermediateSize = shape.intermediateSize;
    this.attentionHeads = shape.attentionHeads;
    this.keyValueHeads = shape.keyValueHeads;
    this.headDim = shape.headDim;
    this.vocabularySize = shape.vocabularySize;
    this.maxContext = shape.maxContext;
    this.tiedEmbeddings = shape.tiedEmbeddings;
  }

  /**
   * Bytes of the weights: parameters times bytes per parameter, over all GPUs together.
   *
   * It leaves out quantization scales (a 4-bit format adds 1/16 to 1/8), what a quantized checkpoint keeps in 16 bits
   * (embedding, output head and norms: 1.05e9 parameters of Llama 3.1 8B), what tensor parallelism repeats on each GPU,
   * and everything that is no weight: KV cache, activations, CUDA context. So it is a lower bound.
   *
   * @param precision number format of the weights
   */
  public weightBytes(precision: Precision): number {
    return Math.ceil((this.parameters * BITS[precision]) / 8);
  }
}

const BITS: Record<Precision, number> = {
  [Precision.BF16]: 16,
  [Precision.FP16]: 16,
  [Precision.FP8]: 8,
  [Precision.INT8]: 8,
  [Precision.INT4]: 4,
  [Precision.MXFP4]: 4,
  [Precision.NVFP4]: 4,
};
