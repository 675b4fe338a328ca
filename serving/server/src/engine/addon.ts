import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * The engine as its Node binding (serving/engine/binding) gives it. Names are those of serving/engine/include/nim/engine.h,
 * which says what they mean, in camel case.
 */
export interface Addon {
  /** Plans and loads on a thread of its own. Rejects with one line that says what to change. */
  create(options: NativeOptions, callbacks: NativeCallbacks): Promise<NativeEngine>;
  /**
   * The memory plan alone: nothing is loaded. Rejects where `create` would before the load, but for what does not fit:
   * `fits` says that.
   */
  inspect(options: NativeOptions): Promise<NativePlan>;
}

/** Unset fields have the defaults of engine.h. */
export interface NativeOptions {
  readonly model: string;
  readonly backend?: string;
  readonly memoryBytes?: number;
  readonly blockSize?: number;
  readonly maxSequences?: number;
  readonly maxContext?: number;
  readonly stepTokens?: number;
  readonly queueBound?: number;
  readonly threads?: number;
  readonly prefixCache?: boolean;
  readonly overlap?: boolean;
  readonly pacePrefill?: boolean;
  readonly forecastPages?: boolean;
}

export interface NativeCallbacks {
  /**
   * Once a step that has records. `buffer` holds `records` TokenRecords of 40 bytes, then TopLogprobs of 8 bytes, all little
   * endian; `error` belongs to the records that end with an error. The engine pauses while many steps wait to be taken.
   */
  onStep(buffer: ArrayBuffer, records: number, error: string): void;
  onPhase?(phase: string, seconds: number): void;
  onPlan?(plan: string): void;
}

export interface NativeEngine {
  readonly maxContext: number;
  readonly vocabulary: number;
  /** The id, which is below 2^53, or why not. Throws a TypeError where a field is of the wrong type. */
  submit(request: NativeRequest): number | NativeRefusal;
  cancel(id: number): void;
  setMask(id: number, sequence: number, index: number, words: Uint32Array): boolean;
  stats(): NativeStats;
  /** Why the engine is unhealthy, or an empty text. */
  error(): string;
  /** False where the time was too short; 0 waits however long. */
  drain(timeoutMs: number): Promise<boolean>;
  /** Resolves when the last records were handed over. */
  stop(): Promise<void>;
}

/** Unset fields have the defaults of engine.h. */
export interface NativeRequest {
  readonly prompt: Int32Array;
  readonly maxTokens?: number;
  readonly n?: number;
  readonly priority?: number;
  readonly deadlineMs?: number;
  readonly masked?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** As long as `logitBiasValues`. */
  readonly logitBiasTokens?: Int32Array;
  readonly logitBiasValues?: Float32Array;
  readonly logprobs?: number;
  readonly seed?: bigint;
  readonly stopTokens?: Int32Array;
  readonly ignoreEos?: boolean;
  readonly minTokens?: number;
}

export interface NativeRefusal {
  readonly code: 'invalid' | 'too-long' | 'queue-full' | 'draining' | 'unhealthy';
  readonly message: string;
}

export interface NativeStats {
  readonly health: 'ready' | 'draining' | 'unhealthy' | 'stopped';
  readonly running: number;
  readonly waiting: number;
  readonly pages: number;
  readonly pagesFree: number;
  readonly pagesCached: number;
  readonly steps: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly computedTokens: number;
  readonly outputTokens: number;
  readonly preemptions: number;
  readonly faults: number;
  readonly lastStepUs: number;
  readonly busyUs: number;
  readonly pausedUs: number;
}

/** What a checkpoint is and what it needs: arithmetic over its config.json and the options. */
export interface NativePlan {
  /** As config.json names it, such as `LlamaForCausalLM`. */
  readonly architecture: string;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
  readonly maxContext: number;
  readonly parameters: number;
  /** The chip and the path chosen on it. */
  readonly backend: string;
  /** Lines of the plan; KV pages are one of them. */
  readonly lines: readonly { readonly name: string; readonly bytes: number }[];
  readonly hostLines: readonly { readonly name: string; readonly bytes: number }[];
  readonly pageBytes: number;
  readonly pages: number;
  readonly freeBytes: number;
  readonly fits: boolean;
}

/** In the image beside the compiled sources; in a clone where cmake puts it. */
const PLACES = ['../../native/nim_engine.node', '../../../../out/engine/binding/nim_engine.node'];

/** Loads the binding. */
export function loadAddon(): Addon {
  const files = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const file = files.find(existsSync);
  if (!file) {
    throw new Error(`the engine is not built: ${files[1]} is not there; write: node serving/engine/build.mjs`);
  }
  return createRequire(import.meta.url)(file);
}
