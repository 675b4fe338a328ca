import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/commands/index.js';
import { MODEL_FOLDER, type ServedEngine, serve } from '../../src/commands/serve.js';
import { Log } from '../../src/observability/log.js';
import { MarkovGenerator } from '../support/markov.js';

const LICENSE = fileURLToPath(new URL('../../../../LICENSE', import.meta.url));

class Engine extends MarkovGenerator implements ServedEngine {
  public error(): string {
    return this.health === 'unhealthy' ? 'CUDA: step: unspecified launch failure' : '';
  }

  public async drain(timeoutMs = 0): Promise<boolean> {
    this.health = 'draining';
    const until = Date.now() + timeoutMs;
    while (this.running > 0 && Date.now() < until) {
      await sleep(2);
    }
    return this.running === 0;
  }

  public async stop(): Promise<void> {
    this.health = 'stopped';
  }
}

const servers: { stop: AbortController; ended: Promise<number> }[] = [];
afterEach(async () => {
  for (const { stop, ended } of servers.splice(0)) {
    stop.abort();
    await ended;
  }
});

interface StartOptions {
  readonly argv?: string[];
  readonly env?: Record<string, string>;
  readonly stepMs?: number;
  /** What the engine's start waits for. */
  readonly loading?: () => Promise<void>;
}

async function start(options: StartOptions = {}) {
  const engine = new Engine(options.stepMs);
  const stop = new AbortController();
  const lines: string[] = [];
  let listening: (port: number) => void = () => undefined;
  const port = new Promise<number>((resolve) => {
    listening = resolve;
  });
  const ended = runCommand(
    (context) =>
      serve(context, {
        release: '1.2.3',
        embeddedModel: MODEL_FOLDER,
        licensePath: LICENSE,
        startEngine: async () => {
          await options.loading?.();
          return engine;
        },
        onListening: listening,
      }),
    {
      argv: ['--port', '0', ...(options.argv ?? [])],
      env: options.env ?? {},
      log: new Log({ level: 'info', json: false, write: (line) => void lines.push(line) }),
      out: () => undefined,
      manifestPaths: [],
      signal: stop.signal,
    },
  );
  servers.push({ stop, ended });
  const base = `http://127.0.0.1:${await Promise.race([port, ended])}`;
  const get = (path: string, init?: RequestInit) => fetch(`${base}${path}`, init);
  const post = (path: string, body: unknown, headers = {}) =>
    get(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
  const ready = async () => {
    while ((await get('/v1/health/ready')).status !== 200) {
      await sleep(5);
    }
  };
  return { base, get, post, ready, engine, stop, ended, lines };
}

describe('a start', () => {
  it('is live before the model is loaded, and ready after', async () => {
    let load: () => void = () => undefined;
    const { get, post, ready, lines } = await start({
      loading: () =>
        new Promise((resolve) => {
          load = resolve;
        }),
    });
    expect((await get('/v1/health/live')).status).toBe(200);
    const before = await get('/v1/health/ready');
    expect([before.status, before.headers.get('content-type')]).toEqual([503, 'application/json; charset=utf-8']);
    const early = await post('/v1/completions', { prompt: 'x' });
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '5']);
    load();
    await ready();
    expect(lines.at(-1)).toMatch(/Application is ready .* url=http:\/\/localhost:\d+\n$/);
    expect(await (await get('/v1/health/ready')).json()).toEqual({
      object: 'health.response',
      message: 'ready',
      status: 'ready',
    });
  });

  it('refuses a port for gRPC', async () => {
    const { ended, lines } = await start({ env: { NIM_TRITON_GRPC_PORT: '8001' } });
    expect(await ended).toBe(2);
    expect(lines.at(-1)).toContain(
      'NIM_GRPC_API_PORT or NIM_TRITON_GRPC_PORT is 8001, allowed is neither: this server has no gRPC; leave grpcPort out of the NIMService',
    );
  });

  it('ends with one line where the engine cannot start', async () => {
    const { ended, lines } = await start({
      loading: () => Promise.reject(new Error('memory: 16.1 GB are needed, 8 GB are free')),
    });
    expect(await ended).toBe(2);
    expect(lines.at(-1)).toMatch(/ERROR .*\] memory: 16.1 GB are needed, 8 GB are free\n$/);
  });

  it.each([
    [{ argv: ['--model', '/nowhere'] }, /\/nowhere has no config.json, allowed is a whole Hugging Face checkpoint/],
    [
      { env: { NIM_TENSOR_PARALLEL_SIZE: '2' } },
      /tensor parallelism is 2 and pipeline parallelism 1, allowed is 1 of each/,
    ],
    [
      { env: { NIM_CHAT_TEMPLATE: '/nowhere.jinja' } },
      /the chat template "\/nowhere.jinja" is not there; name a file of Jinja with NIM_CHAT_TEMPLATE/,
    ],
    [{ env: { NIM_MODEL_PROFILE: 'x' } }, /no model manifest at /],
    [
      { env: { NIM_DISABLE_MODEL_DOWNLOAD: '1', NIM_MODEL_NAME: 'hf://a/b', HF_HOME: '/nowhere' } },
      /hf:\/\/a\/b is not in the cache/,
    ],
    [{ env: { NIM_SSL_MODE: 'tls' } }, /NIM_SSL_MODE is tls and NIM_SSL_KEY_PATH is not set; name a PEM file/],
  ])('%j ends with one line and no 0', async (options, message) => {
    const { ended, lines } = await start(options);
    expect(await ended).not.toBe(0);
    expect(lines.at(-1)).toMatch(message);
    expect(lines.at(-1)?.trimEnd()).not.toContain('\n');
  });
});

describe('what the operator reads', () => {
  it('finds one model whose root is its id', async () => {
    const { get, ready } = await start({ env: { NIM_SERVED_MODEL_NAME: 'meta/llama' } });
    await ready();
    const { object, data } = (await (await get('/v1/models')).json()) as {
      object: string;
      data: Record<string, unknown>[];
    };
    expect(object).toBe('list');
    expect(data).toHaveLength(1);
    expect(data[0]).toMatchObject({
      id: 'meta/llama',
      object: 'model',
      root: 'meta/llama',
      parent: null,
      max_model_len: 64,
    });
    expect((await get('/v1/models/meta%2Fllama')).status).toBe(200);
    expect((await get('/v1/models/meta/llama')).status).toBe(200);
    expect((await get('/v1/models/other')).status).toBe(404);
  });

  it('has metadata, version, licence and manifest', async () => {
    const { get, ready } = await start();
    await ready();
    const read = async (path: string) => (await get(path)).json();
    expect(await read('/v1/version')).toEqual({ release: '1.2.3', openapi_spec: '3.1.0' });
    expect(await read('/v1/metadata')).toMatchObject({
      version: '1.2.3',
      modelInfo: [{ shortName: 'nim-constructs/default:1.2.3' }],
    });
    expect(await read('/v1/license')).toMatchObject({ name: 'Apache-2.0', type: 'file' });
    expect(await read('/v1/manifest')).toEqual({ manifest_file: '', repository_override: '' });
  });

  it('lists every route in the OpenAPI document', async () => {
    const { get } = await start();
    const { paths } = (await (await get('/openapi.json')).json()) as { paths: object };
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/v1/chat/completions',
        '/v1/completions',
        '/v1/models',
        '/v1/health/ready',
        '/v1/metrics',
        '/tokenize',
      ]),
    );
    expect((await get('/docs')).headers.get('content-type')).toMatch(/^text\/html/);
  });

  it('counts a request in both families of metrics', async () => {
    const { get, post, ready } = await start();
    await ready();
    await post('/v1/completions', { prompt: 'hello', max_tokens: 3, ignore_eos: true, temperature: 0 });
    const text = await (await get('/v1/metrics')).text();
    const value = (name: string) =>
      Number(new RegExp(`^${name.replace(/[{}.+]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
    const model = 'model_name="nim-constructs/default"';
    expect(value(`generation_tokens_total{${model}}`)).toBe(3);
    expect(value(`vllm:generation_tokens_total{engine="0",${model}}`)).toBe(3);
    expect(value(`time_to_first_token_seconds_count{${model}}`)).toBe(1);
    expect(value(`vllm:inter_token_latency_seconds_count{engine="0",${model}}`)).toBe(2);
    expect(value(`request_finish_total{${model},finished_reason="length"}`)).toBe(1);
    for (const name of ['num_requests_waiting', 'num_requests_running', 'kv_cache_usage_perc', 'lora_requests_info']) {
      expect(text).toContain(`vllm:${name}{engine="0",${model}}`);
    }
    expect(text).toContain('vllm:cache_config_info{');
  });
});

describe('variables of NIM 1.x', () => {
  const request = { prompt: 'hello', max_tokens: 3, ignore_eos: true };

  it('NIM_PER_REQ_METRICS_ENABLE adds stats to an answer and to the last chunk of a stream', async () => {
    const { post, ready } = await start({ env: { NIM_PER_REQ_METRICS_ENABLE: '1' } });
    await ready();
    const stats = { type: 'NIM LLM Model Stats', version: '0.1.0', llm_output_token_length: 3 };
    expect(await (await post('/v1/completions', request)).json()).toMatchObject({ stats });
    const text = await (await post('/v1/completions', { ...request, stream: true })).text();
    const chunks = text
      .split('\n\n')
      .slice(0, -2)
      .map((event) => JSON.parse(event.slice(6)));
    expect(chunks.map((chunk) => 'stats' in chunk)).toEqual([false, false, true]);
    expect(chunks.at(-1)).toMatchObject({ stats });
  });

  it('NIM_DISABLE_LOG_REQUESTS=0 logs requests with their prompts, which are not logged otherwise', async () => {
    for (const [env, logged] of [
      [{}, false],
      [{ NIM_DISABLE_LOG_REQUESTS: '0' }, true],
    ] as const) {
      const { post, ready, lines } = await start({ env });
      await ready();
      await post('/v1/completions', request);
      expect(lines.some((line) => /POST \/v1\/completions .*"prompt":"hello"/.test(line))).toBe(logged);
    }
  });

  it('NIM_DISABLE_CUDA_GRAPH has no effect, which is said', async () => {
    const { ready, lines } = await start({ env: { NIM_DISABLE_CUDA_GRAPH: '1' } });
    await ready();
    expect(lines.join('')).toContain('WARNING');
    expect(lines.join('')).toContain(
      'NIM_DISABLE_CUDA_GRAPH has no effect: the engine runs its decode steps as graphs wherever it has a GPU',
    );
  });
});

describe('clients', () => {
  it('that go away end their generation within a second', async () => {
    const { base, engine, ready } = await start({ stepMs: 5 });
    await ready();
    const body = JSON.stringify({ prompt: 'hello', max_tokens: 60, stream: true, ignore_eos: true });
    await new Promise<void>((resolve) => {
      const call = request(
        `${base}/v1/completions`,
        { method: 'POST', headers: { 'content-type': 'application/json' } },
        (response) => {
          response.once('data', () => {
            response.destroy();
            resolve();
          });
        },
      );
      call.end(body);
    });
    await sleep(50);
    expect(engine.running).toBe(0);
    expect(engine.stats().outputTokens).toBeLessThan(30);
  });

  it('need the key where one is set, and none for models and health', async () => {
    const { get, post, ready } = await start({ argv: ['--api-key', 'secret'] });
    await ready();
    for (const open of ['/v1/models', '/v1/health/ready', '/v1/metrics', '/']) {
      expect((await get(open)).status).toBe(200);
    }
    const complete = (headers = {}) => post('/v1/completions', { prompt: 'x', max_tokens: 1 }, headers);
    const stranger = await complete();
    expect([stranger.status, await stranger.json()]).toEqual([
      401,
      {
        error: {
          message:
            'the key is absent or wrong, allowed is the one that this server was started with; send it as Authorization: Bearer KEY, or as x-api-key',
          type: 'AuthenticationError',
          param: null,
          code: 401,
        },
      },
    ]);
    for (const [name, value, status] of [
      ['authorization', 'Bearer wrong', 401],
      ['authorization', 'secret', 401],
      ['authorization', 'Bearer secret', 200],
      ['x-api-key', 'wrong', 401],
      ['x-api-key', 'secret', 200],
    ] as const) {
      expect((await complete({ [name]: value })).status).toBe(status);
    }
  });

  it('in a browser are answered before they ask', async () => {
    const { get, ready } = await start();
    await ready();
    const preflight = await get('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: { origin: 'https://ui.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });
});

describe('SIGTERM', () => {
  it('turns ready off, lets streams end, and ends with 0', async () => {
    const { get, post, ready, stop, ended } = await start({ stepMs: 5 });
    await ready();
    const answer = await post('/v1/completions', { prompt: 'hello', max_tokens: 20, stream: true, ignore_eos: true });
    stop.abort();
    await sleep(10);
    expect((await get('/v1/health/ready')).status).toBe(503);
    expect((await get('/v1/health/live')).status).toBe(200);
    expect((await post('/v1/completions', { prompt: 'x', max_tokens: 1 })).status).toBe(503);
    expect((await answer.text()).trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(await ended).toBe(0);
  });
});

describe('an engine that does not go on', () => {
  it('is neither ready nor live', async () => {
    const { get, ready, engine } = await start();
    await ready();
    const stats = engine.stats.bind(engine);
    engine.stats = () => ({ ...stats(), busyMs: 60_000 });
    expect((await get('/v1/health/ready')).status).toBe(503);
    expect((await get('/v1/health/live')).status).toBe(503);
    engine.stats = stats;
  });

  it('is neither ready nor live once it has given up, and ends the process with 1', async () => {
    const { get, ready, engine, ended, lines } = await start();
    await ready();
    engine.health = 'unhealthy';
    const checks = ['/v1/health/ready', '/v1/health/live'].map(async (path) => (await get(path)).status);
    expect(await Promise.all(checks)).toEqual([503, 503]);
    expect(await ended).toBe(1);
    expect(lines.at(-1)).toContain(
      'the engine has given up, and this process ends so that a new one can start: CUDA: step: unspecified launch failure',
    );
  });
});
