import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/http/app.js';
import { Metrics } from '../../src/observability/metrics.js';
import type { ApiLine } from '../../src/openai/api-error.js';
import { ChatTemplate } from '../../src/openai/chat-template.js';
import type { ServedModel } from '../../src/openai/service.js';
import { healthRoutes } from '../../src/routes/health.js';
import { messagesRoutes } from '../../src/routes/messages.js';
import { metricsRoutes } from '../../src/routes/metrics.js';
import { modelRoutes } from '../../src/routes/models.js';
import { openAiRoutes } from '../../src/routes/openai.js';
import { responsesRoutes } from '../../src/routes/responses.js';
import { tokenizeRoutes } from '../../src/routes/tokenize.js';
import { MarkovGenerator, wordCodec } from './markov.js';

const TEMPLATE = '{% for m in messages %} {{ m.content }}{% endfor %}';

/** The server's own routes over the planted chain. */
export async function servedMarkov(
  options: { readonly stepMs?: number; readonly line?: ApiLine } = {},
): Promise<{ app: FastifyInstance; generator: MarkovGenerator }> {
  const generator = new MarkovGenerator(options.stepMs);
  const model: ServedModel = {
    names: ['acme/markov', 'markov'],
    generator,
    codec: wordCodec,
    template: new ChatTemplate(TEMPLATE, {}),
    defaults: {},
    endTokens: [1],
    created: 1,
    line: options.line ?? '2',
  };
  const metrics = new Metrics(
    () => model.names[0],
    () => generator.stats(),
  );
  const app = await createApp({ line: model.line, release: '0.0.0' });
  for (const routes of [openAiRoutes, responsesRoutes, messagesRoutes]) {
    await app.register(routes, {
      model: () => model,
      observe: (_, body) => metrics.request(body.n ?? 1, body.max_tokens ?? undefined),
    });
  }
  await app.register(modelRoutes, { model: () => model });
  await app.register(tokenizeRoutes, { model: () => model });
  await app.register(healthRoutes, { health: { live: () => true, ready: () => generator.health === 'ready' } });
  await app.register(metricsRoutes, { registry: metrics.registry });
  return { app, generator };
}
