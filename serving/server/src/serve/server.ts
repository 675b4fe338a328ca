import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { allowBrowsers, demandKey } from '../http/access.js';
import { createApp } from '../http/app.js';
import type { Watchdog } from '../lifecycle/watchdog.js';
import type { Log } from '../observability/log.js';
import { Metrics } from '../observability/metrics.js';
import { together } from '../observability/observers.js';
import { RequestSpans } from '../observability/request-spans.js';
import type { Tracing } from '../observability/tracing.js';
import type { ApiLine } from '../openai/api-error.js';
import type { ServedModel } from '../openai/service.js';
import { docsRoutes } from '../routes/docs.js';
import { healthRoutes } from '../routes/health.js';
import { messagesRoutes } from '../routes/messages.js';
import { type Metadata, metadataRoutes } from '../routes/metadata.js';
import { metricsRoutes } from '../routes/metrics.js';
import { modelRoutes } from '../routes/models.js';
import { type OpenAiRoutesOptions, openAiRoutes } from '../routes/openai.js';
import { pageRoutes } from '../routes/page.js';
import { responsesRoutes } from '../routes/responses.js';
import { tokenizeRoutes } from '../routes/tokenize.js';
import { SettingError } from '../settings/setting-error.js';
import type { Settings } from '../settings/settings.js';

export interface ServerOptions {
  readonly settings: Settings;
  readonly line: ApiLine;
  readonly release: string;
  /** Name of the model in metrics: known before the model is loaded, not before it is found. */
  readonly modelName: () => string | undefined;
  readonly log: Log;
  readonly watchdog: Watchdog;
  /** Absent where traces are off. */
  readonly tracing?: Tracing;
  readonly model: () => ServedModel | undefined;
  readonly metadata: Omit<Metadata, 'line' | 'release'>;
}

/** The whole application: every route of the contract over one model. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { settings, line, release, model, watchdog } = options;
  const metrics = new Metrics(options.modelName, () => model()?.generator.stats());
  const app = await createApp({
    line,
    release,
    https: tlsOf(settings),
    onFailure: (error, route) => options.log.error(`${route}: ${error.stack}`),
  });
  const spans = options.tracing && new RequestSpans(options.tracing, options.modelName);
  spans?.install(app);
  allowBrowsers(app, {
    origins: settings.corsOrigins,
    methods: settings.corsMethods,
    headers: settings.corsHeaders,
    maxAge: settings.corsMaxAge,
  });
  if (settings.apiKey !== undefined) {
    demandKey(app, settings.apiKey);
  }
  const observe: OpenAiRoutesOptions['observe'] = (request, body) => {
    if (!settings.disableLogRequests) {
      options.log.info(`${request.method} ${request.routeOptions.url}`, { id: request.id, body: request.body });
    }
    return together(
      metrics.request(body.n ?? 1, body.max_completion_tokens ?? body.max_tokens ?? undefined),
      spans?.observe(request, body),
    );
  };
  for (const routes of [openAiRoutes, responsesRoutes, messagesRoutes]) {
    await app.register(routes, { model, observe });
  }
  await app.register(modelRoutes, { model });
  await app.register(tokenizeRoutes, { model });
  await app.register(healthRoutes, { health: watchdog });
  await app.register(metricsRoutes, { registry: metrics.registry });
  await app.register(metadataRoutes, { line, release, ...options.metadata });
  await app.register(docsRoutes, {});
  await app.register(pageRoutes, {});
  return app;
}

/** A server of its own for routes that some clusters want on another port. */
export async function createSideServer(
  routes: (app: FastifyInstance) => Promise<unknown>,
  options: ServerOptions,
): Promise<FastifyInstance> {
  const app = await createApp({ line: options.line, release: options.release });
  await routes(app);
  return app;
}

/** @throws SettingError where a file of TLS is not named or cannot be read */
function tlsOf(settings: Settings) {
  if (settings.sslMode === 'disabled') {
    return undefined;
  }
  const read = (path: string | undefined, variable: string) => {
    if (path === undefined) {
      throw new SettingError(`NIM_SSL_MODE is ${settings.sslMode} and ${variable} is not set; name a PEM file`);
    }
    try {
      return readFileSync(path);
    } catch (error) {
      throw new SettingError(
        `${variable} is "${path}", which cannot be read (${(error as NodeJS.ErrnoException).code}); name a PEM file`,
      );
    }
  };
  const mutual = settings.sslMode === 'mtls';
  return {
    key: read(settings.sslKeyPath, 'NIM_SSL_KEY_PATH'),
    cert: read(settings.sslCertsPath, 'NIM_SSL_CERTS_PATH'),
    ...(mutual ? { ca: read(settings.sslCaCertsPath, 'NIM_SSL_CA_CERTS_PATH'), requestCert: true } : {}),
  };
}
