/** What the server asks of an engine. The binding's engine answers to it, and so do the engines of tests and benchmarks. */
export interface Generator {
  /** Most tokens of a sequence, prompt and output. */
  readonly maxContext: number;
  /** Tokens of the vocabulary. */
  readonly vocabulary: number;
  /**
   * Begins a generation. `sink` is called for each token, in order, from then on and never during this call.
   *
   * @throws GenerationRefusal where the engine does not take it
   */
  submit(request: GenerationRequest, sink: (event: TokenEvent) => void): Generation;
  stats(): GeneratorStats;
}

/** A generation under way. */
export interface Generation {
  /** Ends it; the engine frees what it holds within a step. Its sink still gets the end of each sequence. */
  cancel(): void;
  /** Allowed tokens of output `index` of a sequence, bit t of word t / 32; only where the request is `masked`. */
  setMask?(sequence: number, index: number, words: Uint32Array): void;
}

export interface GenerationRequest {
  /** At least one token. */
  readonly prompt: Int32Array;
  /** Output tokens of a sequence; 0: as many as the context holds. */
  readonly maxTokens: number;
  /** Sequences; sequence i samples with seed + i. */
  readonly n: number;
  readonly sampling: Sampling;
  /** -8 to 7, smaller is sooner. */
  readonly priority?: number;
  readonly deadlineMs?: number;
  /** Each token waits for `setMask`. */
  readonly masked?: boolean;
}

/** Each default leaves the distribution as it is. */
export interface Sampling {
  /** At least 0; 0 is greedy. */
  readonly temperature: number;
  /** 0: off. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly logitBias: readonly (readonly [token: number, bias: number])[];
  /** -1: none; n: of the chosen token and the n likeliest. */
  readonly logprobs: number;
  /** 64 bits. */
  readonly seed: bigint;
  readonly stopTokens: readonly number[];
  readonly ignoreEos: boolean;
  readonly minTokens: number;
}

export type FinishReason = 'stop' | 'length' | 'cancelled' | 'deadline' | 'error';

/** One token of one sequence, its end, or both. */
export interface TokenEvent {
  readonly sequence: number;
  /** -1: the sequence ends without a token. */
  readonly token: number;
  /** Natural logarithm, from the unmodified distribution; NaN unless asked for. */
  readonly logprob: number;
  readonly top: readonly TopLogprob[];
  readonly finish: FinishReason | undefined;
  /** Why, where finish is `error`. */
  readonly error?: string;
  /** Prompt tokens that came from the prefix cache. */
  readonly cachedTokens: number;
}

export interface TopLogprob {
  readonly token: number;
  readonly logprob: number;
}

export type RefusalCode = 'invalid' | 'too-long' | 'queue-full' | 'draining' | 'unhealthy';

/** A generation that the engine did not take. */
export class GenerationRefusal extends Error {
  public constructor(
    public readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** Figures of the engine, read without waiting for it. */
export interface GeneratorStats {
  readonly health: 'ready' | 'draining' | 'unhealthy' | 'stopped';
  /** Sequences. */
  readonly running: number;
  readonly waiting: number;
  readonly maxSequences: number;
  /** KV pages: all of them, and those that nobody uses, kept for prefixes or not. */
  readonly pages: number;
  readonly pagesFree: number;
  /** Tokens of a page. */
  readonly blockSize: number;
  /** Whether equal prefixes share pages. */
  readonly prefixCache: boolean;
  readonly steps: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
  /** Milliseconds that the step under way has run; 0 when idle. */
  readonly busyMs: number;
}
