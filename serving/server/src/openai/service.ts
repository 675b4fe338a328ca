import type { Generator } from '../generation/port.js';
import type { TextCodec } from '../generation/text-codec.js';
import type { TokenGrammar } from '../generation/token-grammar.js';
import type { GrammarSpec } from '../grammar/grammar-spec.js';
import type { Grammars } from '../grammar/grammars.js';
import { ApiError, type ApiLine } from './api-error.js';
import type { ChatTemplate } from './chat-template.js';
import type { SamplingDefaults } from './sampling.js';

/** A model that is served, and all that the routes need of it. */
export interface ServedModel {
  /** Names that requests may use. The first one is in answers. */
  readonly names: readonly [string, ...string[]];
  readonly generator: Generator;
  readonly codec: TextCodec;
  /** Absent where the checkpoint has none: then it completes text and does not chat. */
  readonly template?: ChatTemplate;
  readonly defaults: SamplingDefaults;
  /** Tokens that end an answer; the engine reads those of config.json alone, which may be fewer. */
  readonly endTokens: readonly number[];
  readonly grammars?: Grammars;
  /** Name of the parser of the model's tool calls. */
  readonly toolParser?: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly line: ApiLine;
  /** Whether answers carry `stats` of NIM 1.x. */
  readonly requestStats?: boolean;
}

/** @throws ApiError 404 for a model that is not served */
export function checkModel(model: ServedModel, asked: string | null | undefined): void {
  if (asked !== undefined && asked !== null && asked !== '' && !model.names.includes(asked)) {
    throw new ApiError(
      'NotFoundError',
      `model is "${asked}", served is ${model.names.join(', ')}; GET /v1/models lists it`,
      {
        param: 'model',
      },
    );
  }
}

/**
 * Tokens of a prompt. A text that cannot fit, however it is cut, is not encoded: megabytes of it would take the threads that
 * encode the prompts of others.
 *
 * @throws ApiError 400 where the text is longer than any text that fits
 */
export async function encodePrompt(model: ServedModel, text: string, addSpecialTokens: boolean): Promise<Int32Array> {
  const { maxContext } = model.generator;
  if (text.length > maxContext && text.length > maxContext * model.codec.longestToken()) {
    throw new ApiError(
      'BadRequestError',
      `the prompt has ${text.length} characters, which are more than ${maxContext} tokens; shorten it`,
    );
  }
  return model.codec.encode(text, { addSpecialTokens });
}

/**
 * Output tokens of a request: what it asks for, as far as the context holds.
 *
 * @throws ApiError 400 where prompt and output are longer than the context
 */
export function outputTokens(
  model: ServedModel,
  prompt: number,
  asked: number | null | undefined,
  field: string,
): number {
  const { maxContext } = model.generator;
  const room = maxContext - prompt;
  if (prompt === 0) {
    throw new ApiError('BadRequestError', 'the prompt is empty, allowed is one token or more');
  }
  if (room < 1 || (asked ?? 1) > room) {
    throw new ApiError(
      'BadRequestError',
      `the prompt has ${prompt} tokens${asked ? ` and ${field} is ${asked}` : ''}, allowed are ${maxContext} together; ` +
        (room < 1 ? 'shorten the prompt' : `shorten the prompt or ask for at most ${room}`),
      { param: room < 1 ? undefined : field },
    );
  }
  if (asked === 0) {
    throw new ApiError('BadRequestError', `${field} is 0, allowed is 1 or more; leave it out for as many as fit`, {
      param: field,
    });
  }
  return asked ?? room;
}

/**
 * Grammars for the choices of a request, none where its answer is free.
 *
 * @throws ApiError 400 for a grammar that cannot be used
 */
export async function grammarsFor(
  model: ServedModel,
  spec: GrammarSpec | undefined,
  choices: number,
  minTokens = 0,
): Promise<TokenGrammar[] | undefined> {
  if (!spec) {
    return undefined;
  }
  if (minTokens > 0) {
    throw new ApiError(
      'BadRequestError',
      `min_tokens is ${minTokens} and the form of the answer is given, which says itself where it ends; leave min_tokens out`,
      { param: 'min_tokens' },
    );
  }
  if (!model.grammars) {
    throw new ApiError(
      'BadRequestError',
      'the form of the answer is given, which this model has no vocabulary for; leave it out',
    );
  }
  return model.grammars.openAll(spec, choices);
}
