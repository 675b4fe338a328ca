import type { ServerResponse } from 'node:http';
import type { TokenEvent } from '../generation/port.js';
import type { Run, RunObserver } from '../generation/run.js';
import type { OutputPiece } from '../generation/text-output.js';
import { ApiError, errorBody } from './api-error.js';
import type { Choice, CompletionKind } from './completion-kind.js';
import type { ServedModel } from './service.js';
import { EventStream } from './sse.js';
import { usage } from './usage.js';

/** What the answer needs of the HTTP exchange. */
export interface Exchange {
  readonly response: ServerResponse;
  /** Headers that every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly observer?: RunObserver;
}

/**
 * Answers when all is generated. A client that goes away before ends the generation.
 *
 * @throws ApiError where the engine refuses or fails
 */
export async function answerWhole(
  model: ServedModel,
  kind: CompletionKind,
  { response, observer }: Exchange,
): Promise<object> {
  const choices = Array.from({ length: kind.choices }, (_, index) => kind.choice(index));
  const ends: { finish_reason: string; stop_reason: string | number | null }[] = [];
  let failure: ApiError | undefined;
  const run = kind.start((index, piece, event) => {
    (choices[index] as Choice).add(piece, event);
    if (piece.finish !== undefined) {
      failure ??= failureOf(piece, event);
      ends[index] = {
        finish_reason: (choices[index] as Choice).finish(piece.finish),
        stop_reason: piece.stopReason ?? null,
      };
    }
  }, observer);
  const gone = () => run.cancel();
  response.once('close', gone);
  if (response.destroyed) {
    gone();
  }
  await run.done;
  response.off('close', gone);
  if (failure) {
    throw failure;
  }
  return {
    ...head(model, kind, kind.object),
    choices: choices.map((choice, index) => ({ index, ...choice.whole(), ...ends[index] })),
    usage: usage(run.promptTokens, run.completionTokens, run.cachedTokens),
    ...(model.requestStats ? { stats: stats(run) } : {}),
  };
}

/** Answers as the tokens come. Errors after the first event are an event of their own, as vLLM sends them. */
export function answerStreamed(
  model: ServedModel,
  kind: CompletionKind,
  exchange: Exchange,
  options: { readonly includeUsage: boolean; readonly continuousUsage: boolean },
): void {
  const start = JSON.stringify(head(model, kind, kind.chunkObject)).slice(0, -1);
  const choices = Array.from({ length: kind.choices }, (_, index) => kind.choice(index));
  let left = kind.choices;
  // Refusals are thrown by this call, before any byte is sent.
  const run: Run = kind.start((index, piece, event) => {
    const failure = failureOf(piece, event);
    if (failure) {
      stream.send(JSON.stringify(errorBody(failure, model.line)));
    }
    const delta = (choices[index] as Choice).delta(piece, event);
    if (delta !== undefined) {
      const end = piece.finish === undefined ? '"finish_reason":null' : finishText(choices[index] as Choice, piece);
      const last = model.requestStats && piece.finish !== undefined && left === 1;
      const more = usageText(run, options.continuousUsage) + (last ? `,"stats":${JSON.stringify(stats(run))}` : '');
      stream.send(`${start},"choices":[{"index":${index},${delta},${end}}]${more}}`);
    }
    if (piece.finish !== undefined) {
      left--;
      if (left === 0) {
        if (options.includeUsage) {
          stream.send(`${start},"choices":[]${usageText(run, true)}}`);
        }
        stream.end();
      }
    }
  }, exchange.observer);
  const stream = new EventStream(exchange.response, exchange.headers, () => run.cancel());
  choices.forEach((choice, index) => {
    const first = choice.first();
    if (first !== undefined) {
      stream.send(`${start},"choices":[{"index":${index},${first}}]${usageText(run, options.continuousUsage)}}`);
    }
  });
}

function head(model: ServedModel, kind: CompletionKind, object: string): object {
  return { id: kind.id, object, created: Math.floor(Date.now() / 1000), model: model.names[0] };
}

function finishText(choice: Choice, piece: OutputPiece): string {
  return `"finish_reason":"${choice.finish(piece.finish as string)}","stop_reason":${JSON.stringify(piece.stopReason ?? null)}`;
}

function usageText(run: Run, wanted: boolean): string {
  return wanted ? `,"usage":${JSON.stringify(usage(run.promptTokens, run.completionTokens, run.cachedTokens))}` : '';
}

/** What NIM 1.x adds to an answer, and to the last chunk of a stream, where NIM_PER_REQ_METRICS_ENABLE is set. */
function stats(run: Run): object {
  return {
    type: 'NIM LLM Model Stats',
    version: '0.1.0',
    llm_input_token_length: run.promptTokens,
    llm_output_token_length: run.completionTokens,
  };
}

/** Ends that are no answer. A cancelled choice has no reader left, or the server is going. */
export function failureOf(piece: OutputPiece, event: TokenEvent): ApiError | undefined {
  switch (piece.finish) {
    case 'error':
      return new ApiError('InternalServerError', `the engine failed: ${event.error ?? 'no reason given'}`);
    case 'deadline':
      return new ApiError('ServiceUnavailableError', 'the request took longer than its deadline', { retryAfter: 1 });
    case 'cancelled':
      return new ApiError('ServiceUnavailableError', 'the server is shutting down; try another replica', {
        retryAfter: 1,
      });
    default:
      return undefined;
  }
}
