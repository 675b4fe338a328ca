import type { FinishReason } from '../generation/port.js';
import type { Run } from '../generation/run.js';
import type { AnswerParser, AnswerPart } from '../tools/answer-parser.js';
import { type Exchange, failureOf } from './answer.js';
import type { ApiError } from './api-error.js';
import type { ChatGeneration } from './chat-generation.js';
import { EventStream } from './sse.js';
import { type Usage, usage } from './usage.js';

/** An event of a stream, which is its JSON with its name inside. */
export interface NamedEvent {
  readonly type: string;
}

/** How a message ended. */
export interface MessageEnd {
  readonly reason: FinishReason;
  /** The stop string of the request that ended it. */
  readonly stopString: string | undefined;
  readonly usage: Usage;
}

/**
 * One message in the form of an API that streams named events. It is told what comes, in order, and each call gives the events
 * that tell a reader of it; `whole` is the same message for those who did not ask for a stream.
 */
export interface MessageForm {
  begin(promptTokens: number): NamedEvent[];
  part(part: AnswerPart): NamedEvent[];
  end(end: MessageEnd): NamedEvent[];
  failed(error: ApiError): NamedEvent[];
  whole(): object;
}

/**
 * Answers with one message, as a stream or whole. A client that goes away ends the generation.
 *
 * @returns the whole message, undefined where it was streamed
 * @throws ApiError where the engine refuses, or fails and nothing is sent yet
 */
export async function answerMessage(
  generation: ChatGeneration,
  form: MessageForm,
  { response, headers, observer }: Exchange,
  streamed: boolean,
): Promise<object | undefined> {
  const parser = generation.parser();
  let failure: ApiError | undefined;
  let stream: EventStream | undefined;
  const tell = (events: readonly NamedEvent[]) => {
    for (const event of events) {
      stream?.sendNamed(event);
    }
  };
  const run = generation.start((_, piece, event) => {
    for (const part of partsOf(parser, piece.text, piece.finish !== undefined)) {
      tell(form.part(part));
    }
    if (piece.finish === undefined) {
      return;
    }
    failure = failureOf(piece, event);
    const stopString = typeof piece.stopReason === 'string' ? piece.stopReason : undefined;
    tell(failure ? form.failed(failure) : form.end({ reason: piece.finish, stopString, usage: usageOf(run) }));
    stream?.end('');
  }, observer);
  const begin = form.begin(run.promptTokens);
  if (streamed) {
    stream = new EventStream(response, headers, () => run.cancel());
    tell(begin);
    return undefined;
  }
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
  return form.whole();
}

function partsOf(parser: AnswerParser, text: string, last: boolean): AnswerPart[] {
  const parts = parser.push(text);
  return last ? [...parts, ...parser.end()] : parts;
}

const usageOf = (run: Run) => usage(run.promptTokens, run.completionTokens, run.cachedTokens);
