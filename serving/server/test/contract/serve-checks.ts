import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Check, Trial } from './check.js';
import { command, events, folder, Served } from './process.js';

const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));

/** A server of the check's own. */
async function withServer(
  trial: Trial,
  options: { argv?: readonly string[]; env?: Record<string, string> },
  run: (served: Served) => Promise<void>,
): Promise<void> {
  const served = await Served.start({ ...options, trial });
  try {
    await served.ready();
    await run(served);
  } finally {
    served.container.signal('SIGKILL');
    await served.container.exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Checks that need a server of their own, or none that starts. */
export const SERVE_CHECKS: readonly Check[] = [
  {
    number: 22,
    part: 'a folder',
    title: 'NIM_MODEL_PATH="" counts as unset, and NIM_MODEL_NAME may be a folder',
    run: (trial) =>
      withServer(trial, { env: { NIM_MODEL_PATH: '', NIM_MODEL_NAME: MODEL } }, async (served) => {
        const { json } = await served.get(trial, '/v1/models');
        assert.equal(json.data[0].id, 'default');
      }),
  },
  {
    number: 23,
    part: 'a wrong value',
    title: 'a profile that is not there ends the start in one line',
    run: async (trial) => {
      const { status, lastLine } = await command(
        ['nim-serve'],
        { NIM_MODEL_PROFILE: 'beef', NIM_SERVER_PORT: '0', NIM_CACHE_PATH: folder(), NIM_JSONL_LOGGING: '1' },
        trial,
      );
      assert.notEqual(status, 0);
      assert.match(lastLine, /manifest/);
    },
  },
  {
    number: 24,
    part: 'flags, NIM_PASSTHROUGH_ARGS and variables',
    title: 'the command line wins over NIM_PASSTHROUGH_ARGS, which wins over NIM_*; an unknown NIM_* warns',
    run: (trial) =>
      withServer(
        trial,
        {
          argv: ['--max-model-len', '128'],
          env: {
            NIM_MAX_MODEL_LEN: '512',
            NIM_PASSTHROUGH_ARGS: '--max-model-len 256 --served-model-name passed',
            NIM_SERVED_MODEL_NAME: 'variable',
            NIM_ENABLE_KV_CACHE_REUSE: 'false',
            NIM_MADE_UP: '1',
          },
        },
        async (served) => {
          const { json } = await served.get(trial, '/v1/models');
          assert.deepEqual([json.data[0].id, json.data[0].max_model_len], ['passed', 128]);
          const [warning] = await served.container.line(/.*NIM_MADE_UP.*/);
          trial.saw(warning);
          assert.equal(JSON.parse(warning).level, 'WARNING');
        },
      ),
  },
  {
    number: 25,
    title: 'NIM_SERVER_PORT wins over NIM_HTTP_API_PORT; both IPv4 and IPv6 are bound; 8000 is the default',
    run: async (trial) => {
      const [wins, falls] = [await freePort(), await freePort()];
      const env = { NIM_SERVER_PORT: String(wins), NIM_HTTP_API_PORT: String(falls) };
      await withServer(trial, { env }, async (served) => {
        assert.equal(served.port, wins);
        assert.equal((await fetch(`http://127.0.0.1:${wins}/v1/health/live`)).status, 200);
        const sixth = await fetch(`http://[::1]:${wins}/v1/health/live`).catch((error) => error as Error);
        trial.saw(sixth instanceof Error ? `[::1]: ${sixth.message}` : `[::1]: ${sixth.status}`);
        assert.ok(!(sixth instanceof Error));
      });
      const fallback = { NIM_SERVER_PORT: '', NIM_HTTP_API_PORT: String(falls) };
      await withServer(trial, { env: fallback }, async (served) => assert.equal(served.port, falls));
      const { stdout } = await command(['nim-serve', '--help'], {}, trial);
      assert.match(stdout, /NIM_SERVER_PORT.*\n?.*8000/);
    },
  },
  {
    number: 27,
    part: 'without a second GPU',
    title: 'names and context length take effect; more GPUs than there are end the start in one line',
    run: async (trial) => {
      const env = { NIM_SERVED_MODEL_NAME: 'meta/llama,alias', NIM_MAX_MODEL_LEN: '96' };
      await withServer(trial, { env }, async (served) => {
        const { json } = await served.get(trial, '/v1/models');
        assert.deepEqual([json.data[0].id, json.data[0].max_model_len], ['meta/llama', 96]);
        const answer = await served.post(trial, '/v1/completions', { model: 'alias', prompt: 'a', max_tokens: 1 });
        assert.equal(answer.status, 200);
        const long = await served.post(trial, '/v1/completions', { prompt: 'a', max_tokens: 96 });
        assert.equal(long.status, 400);
      });
      const tp = await command(['nim-serve'], { NIM_TENSOR_PARALLEL_SIZE: '2', NIM_SERVER_PORT: '0' }, trial);
      assert.notEqual(tp.status, 0);
      assert.match(tp.lastLine, /tensor parallelism is 2/);
    },
  },
  {
    number: 29,
    part: 'memory of the CPU',
    title: 'too little memory ends the start in one line with what is needed',
    run: async (trial) => {
      const env = { NIM_MEMORY_BYTES: '4MiB', NIM_SERVER_PORT: '0', NIM_JSONL_LOGGING: '1' };
      const { status, lastLine } = await command(['nim-serve'], env, trial);
      assert.notEqual(status, 0);
      assert.match(JSON.parse(lastLine).message, /memory/);
      assert.match(JSON.parse(lastLine).message, /\d/);
    },
  },
  {
    number: 30,
    title: 'live answers within 15 s and before ready; ready is 503 until the model answers; both are JSON',
    run: async (trial) => {
      const started = Date.now();
      const served = await Served.start({ trial });
      try {
        const live = await served.get(trial, '/v1/health/live');
        assert.equal(live.status, 200);
        assert.ok(Date.now() - started < 15_000, `live after ${Date.now() - started} ms`);
        const early = await served.get(trial, '/v1/health/ready');
        trial.saw(`ready says ${early.status} at first`);
        assert.ok(early.status === 503 || early.status === 200);
        await served.ready();
        const ready = await served.get(trial, '/v1/health/ready');
        assert.equal(ready.status, 200);
        for (const { headers } of [live, early, ready]) {
          assert.match(headers.get('content-type') ?? '', /^application\/json/);
        }
      } finally {
        assert.equal(await served.stop(), 0);
      }
    },
  },
  {
    number: 36,
    part: 'metrics',
    title: 'NIM_TRITON_METRICS_PORT serves /metrics too',
    run: async (trial) => {
      const port = await freePort();
      await withServer(trial, { env: { NIM_TRITON_METRICS_PORT: String(port) } }, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
        const text = await answer.text();
        trial.saw(`${answer.status} ${text.slice(0, 100)}`);
        assert.match(text, /vllm:num_requests_running\{/);
      });
    },
  },
  {
    number: 36,
    part: 'NIM_GRPC_API_PORT',
    title: 'gRPC is refused in the first second, by name',
    run: async (trial) => {
      const { status, lastLine } = await command(['nim-serve'], { NIM_GRPC_API_PORT: '8001' }, trial);
      assert.notEqual(status, 0);
      assert.match(lastLine, /NIM_GRPC_API_PORT .* is 8001, allowed is neither: this server has no gRPC/);
    },
  },
  {
    number: 45,
    title: 'SIGTERM: ready is 503, streams end within their grace, exit 0',
    run: async (trial) => {
      const served = await Served.start({ trial });
      await served.ready();
      const stream = served.post(trial, '/v1/completions', {
        prompt: 'The',
        max_tokens: 1500,
        ignore_eos: true,
        stream: true,
      });
      while ((await served.metric('vllm:num_requests_running')) === 0) {
        await sleep(5);
      }
      served.container.signal('SIGTERM');
      await served.container.line(/SIGTERM/);
      const ready = await served.get(trial, '/v1/health/ready');
      const { chunks, done } = events(await stream);
      const status = await served.container.exited;
      trial.saw(`${chunks.length} chunks, [DONE] ${done}, exit ${status}`);
      assert.deepEqual([ready.status, done, status], [503, true, 0]);
    },
  },
  {
    number: 49,
    title: 'commands of several nodes are refused clearly',
    run: async (trial) => {
      const { status, lastLine } = await command(['nim-serve-ray', '--head', '--port', '6379'], {}, trial);
      assert.notEqual(status, 0);
      assert.match(lastLine, /one node, without Ray/);
    },
  },
];
