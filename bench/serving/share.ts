import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { request } from './load.js';

export interface Share {
  /** Tokens a second of the engine alone, and over HTTP, of each round. */
  readonly alone: number[];
  readonly http: number[];
}

export interface ShareLoad {
  /** Folder of a checkpoint. */
  readonly model: string;
  readonly prompt: string;
  readonly connections: number;
  readonly tokens: number;
}

/** The same load without HTTP and over it, in turn, on one engine. */
export async function share({ model, prompt, connections, tokens }: ShareLoad, rounds: number): Promise<Share> {
  const child = fork(fileURLToPath(new URL('./engine-server.ts', import.meta.url)), [model], {
    execArgv: ['--import', 'tsx'],
  });
  const said = <T>() =>
    new Promise<T>((resolve, reject) => {
      child.once('message', (message) => resolve(message as T));
      child.once('exit', (status) => reject(new Error(`the engine's process ended with ${status}`)));
    });
  const result: Share = { alone: [], http: [] };
  try {
    const { port } = await said<{ port: number }>();
    const body = { prompt, max_tokens: tokens, temperature: 0, ignore_eos: true, stream: true };
    for (let round = 0; round <= rounds; round++) {
      child.send({ connections, tokens, prompt });
      const { alone } = await said<{ alone: number }>();
      const begin = performance.now();
      await Promise.all(Array.from({ length: connections }, () => request(port, '/v1/completions', body)));
      const http = (connections * tokens) / ((performance.now() - begin) / 1000);
      // The first round compiles the code.
      if (round > 0) {
        result.alone.push(alone);
        result.http.push(http);
      }
    }
    return result;
  } finally {
    child.kill('SIGKILL');
  }
}
