import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { readCheckpoint } from '../checkpoint/index.js';
import type { EngineOptions } from '../engine/index.js';
import type { Generator } from '../generation/port.js';
import { StartPhases } from '../lifecycle/phases.js';
import { Watchdog } from '../lifecycle/watchdog.js';
import { startTracing } from '../observability/tracing.js';
import type { ServedModel } from '../openai/service.js';
import { healthRoutes } from '../routes/health.js';
import { type ModelFolder, modelFolder } from '../serve/model-folder.js';
import { modelSettings } from '../serve/model-settings.js';
import { servedModel } from '../serve/served-model.js';
import { createServer, createSideServer, type ServerOptions } from '../serve/server.js';
import { readSettings } from '../settings/read-settings.js';
import { SettingError } from '../settings/setting-error.js';
import type { Settings } from '../settings/settings.js';
import type { CommandContext } from './command.js';
import { help } from './help.js';

/** An engine that can be ended. */
export interface ServedEngine extends Generator {
  /** Why it has given up; empty where it has not. */
  error(): string;
  drain(timeoutMs?: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly release: string;
  /** Folder of the model that is served where nothing else is named. */
  readonly embeddedModel: string;
  readonly licensePath: string;
  readonly startEngine: (options: EngineOptions) => Promise<ServedEngine>;
  /** Told where the API listens. */
  readonly onListening?: (port: number) => void;
}

/**
 * Serves a model until SIGTERM. Live answers from the first moment on, before the model is loaded; ready answers when the
 * model does; SIGTERM turns ready off, lets streams end within their grace, and ends with 0. An engine that
 * has given up ends it with 1.
 */
export async function serve(context: CommandContext, options: ServeOptions): Promise<number> {
  if (context.argv.includes('--help') || context.argv.includes('-h')) {
    context.out(help());
    return 0;
  }
  const { settings, origin, warnings } = readSettings({ argv: context.argv, env: context.env });
  const log = context.log.as({ level: settings.logLevel, json: settings.jsonLogging });
  warnings.forEach((warning) => {
    log.warn(warning);
  });
  log.info(
    origin.size === 0 ? 'settings: none is set; --help lists them' : 'settings',
    Object.fromEntries(
      [...origin]
        .filter(([name]) => name !== 'apiKey')
        .map(([name, where]) => [name, `${settingText(settings, name)} (${where})`]),
    ),
  );
  refuseGrpc(settings);
  if (settings.disableCudaGraph) {
    log.warn('NIM_DISABLE_CUDA_GRAPH has no effect: the engine runs its decode steps as graphs wherever it has a GPU');
  }
  const phases = new StartPhases();
  const watchdog = new Watchdog();
  const state: { model?: ServedModel; found?: ModelFolder } = {};
  const servers: FastifyInstance[] = [];
  const tracing = await startTracing(settings, options.release, log);
  const server: ServerOptions = {
    tracing,
    settings,
    log,
    line: settings.apiLine,
    release: options.release,
    modelName: () => settings.servedModelName?.[0] ?? state.found?.name,
    watchdog,
    model: () => state.model,
    metadata: {
      model: () =>
        state.found && { ...state.found, name: state.model?.names[0] ?? state.found.name, uri: state.found.folder },
      license: {
        name: 'Apache-2.0',
        path: options.licensePath,
        url: 'https://www.apache.org/licenses/LICENSE-2.0',
        text: await readFile(options.licensePath, 'utf8').catch(() => ''),
      },
    },
  };
  let engine: ServedEngine | undefined;
  try {
    const port = await phases.time('listen', () => listen(server, servers));
    options.onListening?.(port);
    log.info(`listening on port ${port}: live, not ready yet`);
    state.found = await phases.time('find the model', () =>
      modelFolder(settings, { ...context, log }, options.embeddedModel),
    );
    const { folder } = state.found;
    const settled = await modelSettings(state.found, context);
    checkParallelism(settled);
    if (settled.dryRun) {
      log.info(`would serve ${folder}`);
      return 0;
    }
    const [checkpoint, started] = await Promise.all([
      phases.time('tokenizer', () => readCheckpoint(folder, settled.chatTemplate)),
      startEngine(options, {
        ...engineOptions(settled, folder),
        onPhase: (phase, seconds) => phases.add(`engine: ${phase}`, seconds),
        onPlan: (plan) => plan.split('\n').forEach((line) => void (line !== '' && log.info(line))),
      }),
    ]);
    engine = started;
    const { name } = state.found;
    state.model = servedModel({ name, settings: settled, checkpoint, generator: engine });
    watchdog.watch(engine);
    phases.lines().forEach((line) => {
      log.info(line);
    });
    log.info('Application is ready to receive API requests', {
      model: state.model.names[0],
      url: urlOf(settings, port),
    });
    await Promise.race([ended(context.signal), watchdog.givenUp()]);
    if (engine.stats().health === 'unhealthy') {
      log.error(`the engine has given up, and this process ends so that a new one can start: ${engine.error()}`);
      return 1;
    }
    log.info('SIGTERM: no further requests; waiting for those under way');
    watchdog.drain();
    await engine.drain(settings.shutdownGraceSeconds * 1000);
    return 0;
  } finally {
    await engine?.stop();
    await state.model?.grammars?.close();
    await Promise.all(servers.map((app) => app.close()));
    await tracing?.end();
  }
}

/** Why an engine does not start: one line of its own, which is for the reader of the log. */
async function startEngine({ startEngine: start }: ServeOptions, options: EngineOptions): Promise<ServedEngine> {
  try {
    return await start(options);
  } catch (error) {
    throw new SettingError((error as Error).message);
  }
}

async function listen(server: ServerOptions, servers: FastifyInstance[]): Promise<number> {
  const { settings, watchdog } = server;
  const app = await createServer(server);
  servers.push(app);
  await open(app, settings.port, settings.host);
  if (settings.healthPort !== undefined && settings.healthPort !== settings.port) {
    const side = await createSideServer(async (health) => health.register(healthRoutes, { health: watchdog }), server);
    servers.push(side);
    await open(side, settings.healthPort, settings.host);
  }
  if (settings.metricsPort !== undefined && settings.metricsPort !== settings.port) {
    const side = await createSideServer(async (metrics) => {
      metrics.get('/metrics', async (_, reply) => {
        const scraped = await app.inject('/metrics');
        return reply.type(String(scraped.headers['content-type'])).send(scraped.body);
      });
    }, server);
    servers.push(side);
    await open(side, settings.metricsPort, settings.host);
  }
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : settings.port;
}

async function open(app: FastifyInstance, port: number, host: string): Promise<void> {
  try {
    await app.listen({ port, host });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAFNOSUPPORT' && host === '::') {
      await app.listen({ port, host: '0.0.0.0' });
      return;
    }
    if (code === 'EADDRINUSE' || code === 'EACCES') {
      throw new SettingError(
        `port ${port} cannot be taken (${code}), allowed is a free port from 1024 on; set NIM_SERVER_PORT`,
      );
    }
    throw error;
  }
}

/** Where a browser on this machine finds the server. */
function urlOf({ host, sslMode }: Settings, port: number): string {
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${sslMode === 'disabled' ? 'http' : 'https'}://${name}:${port}`;
}

/** A Service whose port nobody answers would be found by its first client. */
function refuseGrpc({ grpcPort }: Settings): void {
  if (grpcPort !== undefined) {
    throw new SettingError(
      `NIM_GRPC_API_PORT or NIM_TRITON_GRPC_PORT is ${grpcPort}, allowed is neither: this server has no gRPC; leave grpcPort out of the NIMService`,
    );
  }
}

function checkParallelism({ tensorParallelSize, pipelineParallelSize }: Settings): void {
  if (tensorParallelSize * pipelineParallelSize > 1) {
    throw new SettingError(
      `tensor parallelism is ${tensorParallelSize} and pipeline parallelism ${pipelineParallelSize}, allowed is 1 of each: this engine runs on one GPU; choose a profile with tp 1`,
    );
  }
}

function engineOptions(settings: Settings, folder: string): EngineOptions {
  return {
    model: folder,
    backend: settings.device,
    maxContext: settings.maxModelLen,
    maxSequences: settings.maxNumSeqs,
    stepTokens: Math.max(settings.maxNumBatchedTokens, settings.maxNumSeqs),
    queueBound: settings.maxQueueLen,
    blockSize: settings.blockSize,
    prefixCache: settings.prefixCaching,
    memoryBytes: settings.memoryBytes,
    memoryShare: settings.memoryShare,
  };
}

function ended(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
    }
    signal?.addEventListener('abort', () => resolve(), { once: true });
  });
}

const settingText = (settings: Settings, name: string) => String(settings[name as keyof Settings]);

export const MODEL_FOLDER = fileURLToPath(new URL('../../../models/default', import.meta.url));
