import type { FastifyInstance } from 'fastify';
import { AnthropicMessage } from '../messages/anthropic-message.js';
import { asChat, conversation } from '../messages/as-chat.js';
import { messagesError } from '../messages/error.js';
import { CountTokensRequest, MessagesRequest } from '../messages/schema.js';
import { chatGeneration, chatPrompt } from '../openai/chat-generation.js';
import { answerMessage } from '../openai/message-answer.js';
import { asApiError } from '../openai/refusals.js';
import { checkModel } from '../openai/service.js';
import { exchangeOf, type OpenAiRoutesOptions, readyModel } from './openai.js';

/** POST /v1/messages and /v1/messages/count_tokens, in Anthropic's form, errors too. */
export async function messagesRoutes(app: FastifyInstance, options: OpenAiRoutesOptions): Promise<void> {
  const config = { errorBody: messagesError };
  const answer = {
    body: MessagesRequest,
    summary: 'Answer to messages, in the form of Anthropic',
    tags: ['Anthropic'],
  };
  app.post('/v1/messages', { schema: answer, config }, async (request, reply) => {
    const model = readyModel(options);
    const body = request.body as MessagesRequest;
    const chat = asChat(body);
    const exchange = exchangeOf(request, reply, options.observe?.(request, chat));
    try {
      const generation = await chatGeneration(model, chat);
      const form = new AnthropicMessage(model.names[0]);
      return (await answerMessage(generation, form, exchange, body.stream ?? false)) ?? reply.hijack();
    } catch (error) {
      throw asApiError(error);
    }
  });
  const count = { body: CountTokensRequest, summary: 'Tokens of messages', tags: ['Anthropic'] };
  app.post('/v1/messages/count_tokens', { schema: count, config }, async (request) => {
    const model = readyModel(options);
    const { model: name, tools, ...messages } = conversation(request.body as CountTokensRequest);
    checkModel(model, name);
    return { input_tokens: (await chatPrompt(model, messages, tools ?? [])).length };
  });
}
