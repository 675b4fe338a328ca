import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Served } from '../contract/process.js';

const ADDON = fileURLToPath(new URL('../../../../out/engine/binding/nim_engine.node', import.meta.url));

/** Why no server can be started, or false. `npm test` builds the engine first, where cmake is there. */
export const engineMissing = existsSync(ADDON) ? false : 'the engine is not built';

/** Name of the embedded model, and the one that the EKS blueprint's requests use. */
export const MODEL = 'nim-constructs/default';
export const BLUEPRINT_MODEL = 'meta/llama-3.1-8b-instruct';

/** A question that the embedded model knows, and its answer word for word. */
export const QUESTION = 'What is NIM?';
export const ANSWER =
  "NIM is NVIDIA's packaging of inference as containers. A NIM serves one model over an HTTP API that follows OpenAI's.";

/** Milliseconds that a start may take on a machine that does much else. */
export const START_MS = 120_000;

export const KEY = 'sk-clients';

/**
 * A process of the real server with the real engine and the embedded model. It demands a key, as a client sends one in any
 * case, and reads tool calls in the form of Hermes, of which the embedded model knows nothing.
 */
export async function startServer(): Promise<Served> {
  const served = await Served.start({
    env: {
      NIM_API_KEY: KEY,
      NIM_SERVED_MODEL_NAME: `${MODEL},${BLUEPRINT_MODEL}`,
      NIM_TOOL_CALL_PARSER: 'hermes',
      NIM_MAX_NUM_SEQS: '16',
    },
  });
  await served.ready();
  return served;
}

export async function endServer(served: Served): Promise<void> {
  served.container.signal('SIGKILL');
  await served.container.exited;
}

/** What a client that went away has left running is nothing, within a second. */
export async function expectIdle(served: Served): Promise<void> {
  const begin = performance.now();
  while ((await served.metric('vllm:num_requests_running')) > 0) {
    expect(performance.now() - begin).toBeLessThan(1000);
    await sleep(10);
  }
}
