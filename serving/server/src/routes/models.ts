import type { FastifyInstance } from 'fastify';
import { checkModel, type ServedModel } from '../openai/service.js';
import { readyModel } from './openai.js';

/**
 * GET /v1/models. The NIM Operator takes the first entry as the model's name; with several it takes the one whose root is its
 * id, so the base model's root is its id here.
 */
export async function modelRoutes(
  app: FastifyInstance,
  options: { readonly model: () => ServedModel | undefined },
): Promise<void> {
  app.get('/v1/models', { schema: { summary: 'Models that requests may name', tags: ['OpenAI'] } }, async () => {
    const model = readyModel(options);
    return { object: 'list', data: model.names.map((name) => card(model, name)) };
  });
  app.get('/v1/models/*', { schema: { hide: true } }, async (request) => {
    const model = readyModel(options);
    const name = (request.params as { '*': string })['*'];
    checkModel(model, name);
    return card(model, name);
  });
}

function card(model: ServedModel, name: string): object {
  return {
    id: name,
    object: 'model',
    created: model.created,
    owned_by: 'nim-constructs',
    root: name,
    parent: null,
    max_model_len: model.generator.maxContext,
    permission: [
      {
        id: `modelperm-${name}`,
        object: 'model_permission',
        created: model.created,
        allow_create_engine: false,
        allow_sampling: true,
        allow_logprobs: true,
        allow_search_indices: false,
        allow_view: true,
        allow_fine_tuning: false,
        organization: '*',
        group: null,
        is_blocking: false,
      },
    ],
  };
}
