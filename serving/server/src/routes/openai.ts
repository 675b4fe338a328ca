import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { RunObserver } from '../generation/run.js';
import { answerStreamed, answerWhole, type Exchange } from '../openai/answer.js';
import { ApiError } from '../openai/api-error.js';
import { chatCompletion } from '../openai/chat-completions.js';
import type { CompletionKind } from '../openai/completion-kind.js';
import { textCompletion } from '../openai/completions.js';
import { asApiError } from '../openai/refusals.js';
import { ChatCompletionRequest, CompletionRequest, type SamplingRequest } from '../openai/schemas.js';
import type { ServedModel } from '../openai/service.js';

export interface OpenAiRoutesOptions {
  /** The model, undefined while it is being loaded. */
  readonly model: () => ServedModel | undefined;
  /** Who observes a request, if anybody. */
  readonly observe?: (request: FastifyRequest, body: Partial<SamplingRequest>) => RunObserver | undefined;
}

/** POST /v1/chat/completions and /v1/completions. */
export async function openAiRoutes(app: FastifyInstance, options: OpenAiRoutesOptions): Promise<void> {
  route(app, options, '/v1/chat/completions', 'Answer to messages', ChatCompletionRequest, chatCompletion);
  route(app, options, '/v1/completions', 'Continue a text', CompletionRequest, textCompletion);
}

function route<Schema extends TSchema>(
  app: FastifyInstance,
  options: OpenAiRoutesOptions,
  url: string,
  summary: string,
  schema: Schema,
  kindOf: (model: ServedModel, body: Static<Schema>) => Promise<CompletionKind>,
): void {
  app.post(url, { schema: { body: schema, summary, tags: ['OpenAI'] } }, async (request, reply) => {
    const model = readyModel(options);
    const body = request.body as Static<Schema> & Partial<SamplingRequest>;
    const exchange = exchangeOf(request, reply, options.observe?.(request, body));
    try {
      const kind = await kindOf(model, body);
      if (!body.stream) {
        return await answerWhole(model, kind, exchange);
      }
      answerStreamed(model, kind, exchange, {
        includeUsage: body.stream_options?.include_usage ?? false,
        continuousUsage: body.stream_options?.continuous_usage_stats ?? false,
      });
      return reply.hijack();
    } catch (error) {
      throw asApiError(error);
    }
  });
}

/** @throws ApiError 503 before the model is loaded */
export function readyModel(options: Pick<OpenAiRoutesOptions, 'model'>): ServedModel {
  const model = options.model();
  if (!model) {
    throw new ApiError(
      'ServiceUnavailableError',
      'the model is being loaded; GET /v1/health/ready says when it is ready',
      {
        retryAfter: 5,
      },
    );
  }
  return model;
}

/** Headers that hooks set do not reach a hijacked reply by themselves. */
export function exchangeOf(request: FastifyRequest, reply: FastifyReply, observer: RunObserver | undefined): Exchange {
  const headers: Record<string, string> = { 'x-request-id': request.id };
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) {
      headers[name] = String(value);
    }
  }
  return { response: reply.raw, headers, observer };
}
