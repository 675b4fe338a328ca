import type { FastifyInstance } from 'fastify';
import { ApiError } from '../openai/api-error.js';
import { chatGeneration } from '../openai/chat-generation.js';
import { answerMessage } from '../openai/message-answer.js';
import { asApiError } from '../openai/refusals.js';
import { asChat } from '../responses/as-chat.js';
import { ResponseForm } from '../responses/response-form.js';
import { ResponsesRequest } from '../responses/schema.js';
import { exchangeOf, type OpenAiRoutesOptions, readyModel } from './openai.js';

/** POST /v1/responses. Answers are not kept, so that the routes which fetch and cancel one say so. */
export async function responsesRoutes(app: FastifyInstance, options: OpenAiRoutesOptions): Promise<void> {
  const schema = { body: ResponsesRequest, summary: 'Answer to items', tags: ['OpenAI'] };
  app.post('/v1/responses', { schema }, async (request, reply) => {
    const model = readyModel(options);
    const body = request.body as ResponsesRequest;
    const chat = asChat(body);
    const exchange = exchangeOf(request, reply, options.observe?.(request, chat));
    try {
      const generation = await chatGeneration(model, chat);
      const form = new ResponseForm(body, model.names[0]);
      return (await answerMessage(generation, form, exchange, body.stream ?? false)) ?? reply.hijack();
    } catch (error) {
      throw asApiError(error);
    }
  });
  const notKept = async (request: { readonly params: unknown }) => {
    const { id } = request.params as { id: string };
    throw new ApiError(
      'NotFoundError',
      `response "${id}" is not kept: this server answers and forgets; send store false`,
      {
        param: 'response_id',
      },
    );
  };
  app.get('/v1/responses/:id', { schema: { hide: true } }, notKept);
  app.post('/v1/responses/:id/cancel', { schema: { hide: true } }, notKept);
}
