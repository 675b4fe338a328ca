import type { Generation, Generator, Sampling, TokenEvent } from './port.js';
import type { TextCodec } from './text-codec.js';
import { type OutputPiece, TextOutput, type TextOutputOptions } from './text-output.js';
import type { TokenGrammar } from './token-grammar.js';

export interface RunRequest {
  /** Tokens of each prompt. */
  readonly prompts: readonly Int32Array[];
  /** Choices of each prompt. */
  readonly n: number;
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly output: TextOutputOptions;
  readonly priority?: number;
  readonly deadlineMs?: number;
  /** A grammar for each choice, closed when the choice has ended. */
  readonly grammars?: readonly TokenGrammar[];
}

/** Who is told what happens, for metrics and traces. Times are the caller's to take. */
export interface RunObserver {
  /** The engine took nothing of the request. */
  refused(): void;
  started(promptTokens: number): void;
  token(choice: number, first: boolean, cachedTokens: number): void;
  finished(choice: number, reason: string, outputTokens: number): void;
}

/** A request's choices under way. Choice p * n + i is the i-th of prompt p, and samples with the seed plus i. */
export class Run {
  public readonly promptTokens: number;
  public cachedTokens = 0;
  /** Resolves when each choice has ended. */
  public readonly done: Promise<void>;
  private readonly outputs: TextOutput[] = [];
  private readonly generations: Generation[] = [];
  private readonly grammars: TokenGrammar[] = [];
  /** Choices whose grammar is at its end where the model's end tokens do not end them: `ignore_eos`. */
  private readonly complete = new Set<number>();
  private left: number;
  private resolve: () => void = () => undefined;

  /**
   * @param onPiece told each event's text; the last of a choice has `finish`
   * @throws GenerationRefusal where the engine does not take all of it: then nothing of it runs
   */
  public constructor(
    generator: Generator,
    codec: TextCodec,
    request: RunRequest,
    onPiece: (choice: number, piece: OutputPiece, event: TokenEvent) => void,
    observer?: RunObserver,
  ) {
    this.promptTokens = request.prompts.reduce((sum, prompt) => sum + prompt.length, 0);
    this.left = request.prompts.length * request.n;
    this.done = new Promise((resolve) => {
      this.resolve = resolve;
    });
    const { sampling } = request;
    try {
      for (let choice = 0; choice < request.prompts.length * request.n; choice++) {
        const output = new TextOutput(codec, request.output);
        this.outputs.push(output);
        const generation = generator.submit(
          {
            prompt: request.prompts[Math.floor(choice / request.n)] as Int32Array,
            maxTokens: request.maxTokens,
            n: 1,
            sampling: { ...sampling, seed: BigInt.asUintN(64, sampling.seed + BigInt(choice % request.n)) },
            priority: request.priority,
            deadlineMs: request.deadlineMs,
            masked: request.grammars !== undefined,
          },
          (event) => this.onEvent(choice, event, onPiece, observer),
        );
        this.generations.push(generation);
        const grammar = request.grammars?.[choice];
        if (grammar) {
          this.grammars.push(grammar);
          generation.setMask?.(0, 0, grammar.first);
        }
      }
    } catch (error) {
      this.cancel();
      // The ends of those that the engine had taken still come, and nobody is there for them.
      for (const output of this.outputs) {
        output.ended = true;
      }
      request.grammars?.forEach((grammar) => void grammar.close());
      observer?.refused();
      throw error;
    }
    observer?.started(this.promptTokens);
  }

  public get completionTokens(): number {
    return this.outputs.reduce((sum, output) => sum + output.tokens, 0);
  }

  /** Ends every choice; the engine frees what they hold within a step. */
  public cancel(): void {
    for (const generation of this.generations) {
      generation.cancel();
    }
  }

  private onEvent(
    choice: number,
    given: TokenEvent,
    onPiece: (choice: number, piece: OutputPiece, event: TokenEvent) => void,
    observer: RunObserver | undefined,
  ): void {
    const cut = given.finish === 'cancelled' && this.complete.has(choice);
    const event = cut ? { ...given, finish: 'stop' as const } : given;
    const output = this.outputs[choice] as TextOutput;
    if (output.ended) {
      return;
    }
    const first = output.tokens === 0;
    const piece = output.push(event);
    if (first) {
      this.cachedTokens += event.cachedTokens;
    }
    if (event.token >= 0) {
      observer?.token(choice, first, event.cachedTokens);
    }
    if (piece.finish !== undefined && event.finish === undefined) {
      // A stop string ended it, of which the engine knows nothing.
      this.generations[choice]?.cancel();
    }
    if (piece.finish !== undefined) {
      this.grammars[choice]?.close();
    } else if (event.token >= 0) {
      this.advance(choice, event.token, output.tokens);
    }
    onPiece(choice, piece, event);
    if (piece.finish !== undefined) {
      observer?.finished(choice, piece.finish, output.tokens);
      this.left--;
      if (this.left === 0) {
        this.resolve();
      }
    }
  }

  /** Allows what the grammar allows after this token. A grammar that is complete ends its choice, as does one that fails. */
  private advance(choice: number, token: number, index: number): void {
    const grammar = this.grammars[choice];
    const generation = this.generations[choice];
    grammar
      ?.accept(token)
      .then((mask) => {
        if (mask) {
          generation?.setMask?.(0, index, mask);
        } else {
          this.complete.add(choice);
          generation?.cancel();
        }
      })
      .catch(() => generation?.cancel());
  }
}
