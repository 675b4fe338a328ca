import type {
  Generation,
  GenerationRequest,
  Generator,
  GeneratorStats,
  TokenEvent,
} from '../../serving/server/src/generation/port.js';

interface Sequence {
  readonly sink: (event: TokenEvent) => void;
  left: number;
  cancelled: boolean;
}

const NO_TOP: TokenEvent['top'] = [];

/** An engine that computes nothing: each step gives each sequence a token. What a server then takes is its own. */
export class NoopEngine implements Generator {
  public readonly maxContext = 1 << 20;
  public readonly vocabulary: number;
  private readonly running = new Set<Sequence>();
  private steps = 0;

  /**
   * @param words tokens that outputs go round in
   * @param stepMs 0: the next step follows when sockets have been served
   */
  public constructor(
    private readonly words: Int32Array,
    vocabulary: number,
    private readonly stepMs: number,
  ) {
    this.vocabulary = vocabulary;
  }

  public submit(request: GenerationRequest, sink: (event: TokenEvent) => void): Generation {
    const sequence: Sequence = { sink, left: request.maxTokens, cancelled: false };
    // The first token comes at once, the others with the steps of all.
    setImmediate(() => {
      if (this.running.size === 0) {
        this.later();
      }
      this.running.add(sequence);
      this.step(sequence);
    });
    return {
      cancel: () => {
        sequence.cancelled = true;
      },
    };
  }

  public stats(): GeneratorStats {
    return {
      health: 'ready',
      running: this.running.size,
      waiting: 0,
      maxSequences: 1024,
      pages: 1,
      pagesFree: 1,
      blockSize: 16,
      steps: this.steps,
      promptTokens: 0,
      cachedTokens: 0,
      outputTokens: 0,
      preemptions: 0,
      busyMs: 0,
      prefixCache: false,
    };
  }

  private later(): void {
    if (this.stepMs === 0) {
      setImmediate(() => this.stepAll());
    } else {
      setTimeout(() => this.stepAll(), this.stepMs);
    }
  }

  private stepAll(): void {
    this.steps++;
    for (const sequence of this.running) {
      this.step(sequence);
    }
    if (this.running.size > 0) {
      this.later();
    }
  }

  private step(sequence: Sequence): void {
    if (sequence.cancelled) {
      this.running.delete(sequence);
      sequence.sink(event(-1, 'cancelled'));
      return;
    }
    sequence.left--;
    const token = this.words[sequence.left % this.words.length] as number;
    const finish = sequence.left === 0 ? 'length' : undefined;
    if (finish) {
      this.running.delete(sequence);
    }
    sequence.sink(event(token, finish));
  }
}

function event(token: number, finish: TokenEvent['finish']): TokenEvent {
  return { sequence: 0, token, logprob: Number.NaN, top: NO_TOP, finish, cachedTokens: 0 };
}
