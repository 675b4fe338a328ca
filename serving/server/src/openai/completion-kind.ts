import type { TokenEvent } from '../generation/port.js';
import type { Run, RunObserver } from '../generation/run.js';
import type { OutputPiece, TextOutputOptions } from '../generation/text-output.js';
import type { SamplingRequest } from './schemas.js';

/** What differs between chat and text completions; how they are answered, whole or streamed, is the same. */
export interface CompletionKind {
  readonly id: string;
  readonly object: string;
  readonly chunkObject: string;
  readonly choices: number;
  /** Begins the generation, once. */
  start(onPiece: (choice: number, piece: OutputPiece, event: TokenEvent) => void, observer?: RunObserver): Run;
  /** A choice that has nothing yet. */
  choice(index: number): Choice;
}

/** One choice of an answer. Text for streams is JSON members of the choice, written by hand: it is made for each token. */
export interface Choice {
  /** What comes before the first token, if anything. */
  first(): string | undefined;
  /** What a piece adds to a stream; undefined: nothing worth an event. */
  delta(piece: OutputPiece, event: TokenEvent): string | undefined;
  /** Takes a piece for an answer that is sent whole. */
  add(piece: OutputPiece, event: TokenEvent): void;
  /** The reason of its end, as the answer names it. */
  finish(reason: string): string;
  /** Members of the choice in an answer that is sent whole. */
  whole(): object;
}

/** How the text of a request ends. */
export function stopsOf(body: Partial<SamplingRequest>): TextOutputOptions {
  const stop = body.stop ?? [];
  return {
    stops: (typeof stop === 'string' ? [stop] : stop).filter((text) => text !== ''),
    includeStop: body.include_stop_str_in_output ?? body.nvext?.include_stop_str_in_output ?? false,
    skipSpecialTokens: body.skip_special_tokens ?? body.nvext?.skip_special_tokens ?? true,
    stopTokens: body.stop_token_ids ?? body.nvext?.stop_token_ids ?? [],
  };
}
