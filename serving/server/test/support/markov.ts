import {
  type Generation,
  GenerationRefusal,
  type GenerationRequest,
  type Generator,
  type GeneratorStats,
  type TokenEvent,
} from '../../src/generation/port.js';
import type { TextCodec } from '../../src/generation/text-codec.js';

/** Words of the planted chain; word i is token i, and the next word of word i is word (i * 7 + 3) mod n. */
const WORDS = ['<s>', '</s>', ...'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda'.split(' ')].map(
  (word, at) => (at < 2 ? word : ` ${word}`),
);
const END = 1;

export const successor = (token: number): number => (token * 7 + 3) % WORDS.length;

/** The text that follows a token, `length` tokens of it; the chain may end before. */
export function continuation(token: number, length: number, stopAtEnd = true): string {
  let text = '';
  for (let next = successor(token); length > 0 && !(stopAtEnd && next === END); next = successor(next), length--) {
    text += WORDS[next];
  }
  return text;
}

/** A word list as a tokenizer: unknown text becomes one token a character, by its code. */
export const wordCodec: TextCodec = {
  encode: async (text, { addSpecialTokens }) =>
    Int32Array.of(
      ...(addSpecialTokens ? [0] : []),
      ...[...text.matchAll(/ ?\S+| /g)].map(([word]) => {
        const at = WORDS.indexOf(word);
        return at >= 0 ? at : ((word.codePointAt(0) ?? 0) % (WORDS.length - 2)) + 2;
      }),
    ),
  longestToken: () => Math.max(...WORDS.map((word) => word.length)),
  decoder: ({ skipSpecialTokens }) => ({
    push: (token) => (skipSpecialTokens && token < 2 ? '' : (WORDS[token] ?? '')),
    end: () => '',
  }),
  tokenText: (token) => WORDS[token] ?? '',
  tokenBytes: (token) => Buffer.from(WORDS[token] ?? ''),
};

/** An engine whose whole output is known: each token's successor. One token a step, a step each `stepMs`. */
export class MarkovGenerator implements Generator {
  public readonly maxContext = 64;
  public readonly vocabulary = WORDS.length;
  /** Requests taken, for tests to look at. */
  public readonly taken: GenerationRequest[] = [];
  public running = 0;
  public health: GeneratorStats['health'] = 'ready';
  public queueBound = Number.POSITIVE_INFINITY;
  private outputs = 0;

  public constructor(private readonly stepMs = 0) {}

  public submit(request: GenerationRequest, sink: (event: TokenEvent) => void): Generation {
    if (this.health !== 'ready') {
      throw new GenerationRefusal('draining', 'the engine is draining; send the request to another replica');
    }
    if (this.running >= this.queueBound) {
      throw new GenerationRefusal(
        'queue-full',
        `${this.running} sequences wait, allowed are ${this.queueBound}; try again later`,
      );
    }
    this.taken.push(request);
    this.running++;
    let cancelled = false;
    let token = request.prompt.at(-1) as number;
    let made = 0;
    const step = () => {
      if (cancelled) {
        this.running--;
        return sink({ ...event(-1), finish: 'cancelled' });
      }
      token = successor(token);
      made++;
      this.outputs++;
      const stops = request.sampling.stopTokens.includes(token) || (token === END && !request.sampling.ignoreEos);
      const finish =
        stops && made > request.sampling.minTokens ? 'stop' : made >= request.maxTokens ? 'length' : undefined;
      this.running -= finish ? 1 : 0;
      sink({ ...event(token), finish });
      if (!finish) {
        this.later(step);
      }
    };
    const event = (value: number): TokenEvent => ({
      sequence: 0,
      token: value,
      logprob: value < 0 || request.sampling.logprobs < 0 ? Number.NaN : Math.log(0.5),
      top: Array.from({ length: Math.max(0, value < 0 ? 0 : request.sampling.logprobs) }, (_, at) => ({
        token: (value + at) % WORDS.length,
        logprob: Math.log(0.5 / (at + 1)),
      })),
      finish: undefined,
      cachedTokens: 0,
    });
    this.later(step);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  public stats(): GeneratorStats {
    return {
      health: this.health,
      running: this.running,
      waiting: 0,
      maxSequences: 256,
      pages: 100,
      pagesFree: 100 - this.running,
      blockSize: 16,
      prefixCache: false,
      steps: this.outputs,
      promptTokens: 0,
      cachedTokens: 0,
      outputTokens: this.outputs,
      preemptions: 0,
      busyMs: 0,
    };
  }

  private later(step: () => void): void {
    if (this.stepMs === 0) {
      setImmediate(step);
    } else {
      setTimeout(step, this.stepMs);
    }
  }
}
