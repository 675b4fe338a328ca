import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { ApiError } from '../openai/api-error.js';
import { ChatMessage, LIMITS, Tool } from '../openai/schemas.js';
import { checkModel, type ServedModel } from '../openai/service.js';
import { readyModel } from './openai.js';

const TokenizeRequest = Type.Object({
  model: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  prompt: Type.Optional(Type.String()),
  messages: Type.Optional(Type.Array(ChatMessage, { minItems: 1, maxItems: LIMITS.messages })),
  tools: Type.Optional(Type.Array(Tool, { maxItems: LIMITS.tools })),
  add_special_tokens: Type.Optional(Type.Boolean()),
  add_generation_prompt: Type.Optional(Type.Boolean()),
  return_token_strs: Type.Optional(Type.Boolean()),
});

const DetokenizeRequest = Type.Object({
  model: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  tokens: Type.Array(Type.Integer({ minimum: 0 })),
});

/** POST /tokenize and /detokenize, as vLLM has them. */
export async function tokenizeRoutes(
  app: FastifyInstance,
  options: { readonly model: () => ServedModel | undefined },
): Promise<void> {
  app.post(
    '/tokenize',
    { schema: { body: TokenizeRequest, summary: 'Text to tokens', tags: ['Tokens'] } },
    async (request) => {
      const model = readyModel(options);
      const body = request.body as Static<typeof TokenizeRequest>;
      checkModel(model, body.model);
      const tokens = await tokensOf(model, body);
      return {
        count: tokens.length,
        max_model_len: model.generator.maxContext,
        tokens: Array.from(tokens),
        token_strs: body.return_token_strs ? Array.from(tokens, (token) => model.codec.tokenText(token)) : null,
      };
    },
  );
  app.post(
    '/detokenize',
    { schema: { body: DetokenizeRequest, summary: 'Tokens to text', tags: ['Tokens'] } },
    async (request) => {
      const model = readyModel(options);
      const { tokens, model: name } = request.body as Static<typeof DetokenizeRequest>;
      checkModel(model, name);
      const wrong = tokens.find((token) => token >= model.generator.vocabulary);
      if (wrong !== undefined) {
        throw new ApiError(
          'BadRequestError',
          `tokens has ${wrong}, allowed are 0 to ${model.generator.vocabulary - 1}`,
          { param: 'tokens' },
        );
      }
      const decoder = model.codec.decoder({ skipSpecialTokens: false });
      return { prompt: tokens.map((token) => decoder.push(token)).join('') + decoder.end() };
    },
  );
}

function tokensOf(model: ServedModel, body: Static<typeof TokenizeRequest>): Promise<Int32Array> {
  if (body.messages) {
    if (!model.template) {
      throw new ApiError('BadRequestError', `${model.names[0]} has no chat template; send prompt`, {
        param: 'messages',
      });
    }
    const text = model.template.render(body.messages, {
      tools: body.tools,
      addGenerationPrompt: body.add_generation_prompt ?? true,
    });
    return model.codec.encode(text, { addSpecialTokens: body.add_special_tokens ?? false });
  }
  if (body.prompt === undefined) {
    throw new ApiError('BadRequestError', 'neither prompt nor messages is given, allowed is one of them');
  }
  return model.codec.encode(body.prompt, { addSpecialTokens: body.add_special_tokens ?? true });
}
