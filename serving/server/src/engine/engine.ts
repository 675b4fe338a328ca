import {
  type Generation,
  GenerationRefusal,
  type GenerationRequest,
  type Generator,
  type GeneratorStats,
  type Sampling,
  type TokenEvent,
} from '../generation/port.js';
import { type Addon, loadAddon, type NativeEngine, type NativeOptions, type NativeRequest } from './addon.js';
import { readStep } from './step-records.js';

/** How an engine runs a checkpoint. Figures that are not given are the engine's own (serving/engine/include/nim/engine.h). */
export interface EngineOptions extends NativeOptions {
  /** Share of the free memory that `memoryBytes` is, where that is not given: above 0, at most 1. */
  readonly memoryShare?: number;
  /** Told when a phase of the start ends. */
  readonly onPhase?: (phase: string, seconds: number) => void;
  /** Told the memory plan, before anything is loaded. */
  readonly onPlan?: (plan: string) => void;
}

interface Listener {
  readonly sink: (event: TokenEvent) => void;
  /** Sequences that have not ended. */
  left: number;
}

/**
 * The inference engine in this process. It runs on threads of its own; the main thread sees one call a step, whatever the
 * number of requests.
 */
export class Engine implements Generator {
  /**
   * Plans memory, loads the checkpoint and starts.
   *
   * @throws Error of one line that says what to change: the checkpoint cannot be run, or memory is too small
   */
  public static async create(options: EngineOptions, addon: Addon = loadAddon()): Promise<Engine> {
    const { onPhase, onPlan, memoryShare, ...given } = options;
    const native = { ...given, memoryBytes: given.memoryBytes ?? (await shareOfMemory(memoryShare, given, addon)) };
    const listeners = new Map<number, Listener>();
    const onStep = (buffer: ArrayBuffer, records: number, error: string) =>
      readStep(buffer, records, error, (request, event) => deliver(listeners, request, event));
    return new Engine(await addon.create(native, { onStep, onPhase, onPlan }), listeners, native);
  }

  public readonly maxContext: number;
  public readonly vocabulary: number;

  private constructor(
    private readonly native: NativeEngine,
    private readonly listeners: Map<number, Listener>,
    private readonly options: NativeOptions,
  ) {
    this.maxContext = native.maxContext;
    this.vocabulary = native.vocabulary;
  }

  public submit(request: GenerationRequest, sink: (event: TokenEvent) => void): Generation {
    const id = this.native.submit(toNative(request));
    if (typeof id !== 'number') {
      throw new GenerationRefusal(id.code, id.message);
    }
    this.listeners.set(id, { sink, left: request.n });
    return {
      cancel: () => this.native.cancel(id),
      setMask: (sequence, index, words) => {
        if (!this.native.setMask(id, sequence, index, words)) {
          throw new Error(
            `the mask has ${words.length} words, allowed is ${Math.ceil(this.vocabulary / 32)}, a bit for each of ` +
              `${this.vocabulary} tokens`,
          );
        }
      },
    };
  }

  public stats(): GeneratorStats {
    const stats = this.native.stats();
    return {
      health: stats.health,
      running: stats.running,
      waiting: stats.waiting,
      maxSequences: this.options.maxSequences ?? DEFAULT_MAX_SEQUENCES,
      pages: stats.pages,
      pagesFree: stats.pagesFree + stats.pagesCached,
      blockSize: this.options.blockSize ?? DEFAULT_BLOCK_SIZE,
      prefixCache: this.options.prefixCache ?? true,
      steps: stats.steps,
      promptTokens: stats.promptTokens,
      cachedTokens: stats.cachedTokens,
      outputTokens: stats.outputTokens,
      preemptions: stats.preemptions,
      busyMs: stats.busyUs / 1000,
    };
  }

  /** Why the engine is unhealthy; empty where it is not. */
  public error(): string {
    return this.native.error();
  }

  /**
   * Refuses new requests and waits for the others.
   *
   * @param timeoutMs 0: however long
   * @returns whether all have ended
   */
  public drain(timeoutMs = 0): Promise<boolean> {
    return this.native.drain(timeoutMs);
  }

  /** Cancels everything, whose last events come before the promise resolves, and ends the engine's threads. */
  public stop(): Promise<void> {
    return this.native.stop();
  }
}

async function shareOfMemory(
  share: number | undefined,
  options: NativeOptions,
  addon: Addon,
): Promise<number | undefined> {
  return share === undefined ? undefined : Math.floor(share * (await addon.inspect(options)).freeBytes);
}

/** The defaults of engine.h that figures are derived from. */
const DEFAULT_MAX_SEQUENCES = 64;
const DEFAULT_BLOCK_SIZE = 16;

/** Sampling that leaves the model's distribution as it is. */
export const PLAIN_SAMPLING: Sampling = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  logprobs: -1,
  seed: 0n,
  stopTokens: [],
  ignoreEos: false,
  minTokens: 0,
};

function deliver(listeners: Map<number, Listener>, request: number, event: TokenEvent): void {
  const listener = listeners.get(request);
  if (!listener) {
    return;
  }
  if (event.finish !== undefined) {
    listener.left -= 1;
    if (listener.left === 0) {
      listeners.delete(request);
    }
  }
  try {
    listener.sink(event);
  } catch (error) {
    // A defect of one request's sink must neither go unseen nor cost the others their tokens of this step.
    queueMicrotask(() => {
      throw error;
    });
  }
}

function toNative({ sampling, ...request }: GenerationRequest): NativeRequest {
  const { logitBias, stopTokens, ...numbers } = sampling;
  return {
    ...request,
    ...numbers,
    stopTokens: Int32Array.from(stopTokens),
    logitBiasTokens: Int32Array.from(logitBias, ([token]) => token),
    logitBiasValues: Float32Array.from(logitBias, ([, bias]) => bias),
  };
}
