import { setTimeout as sleep } from 'node:timers/promises';
import { Served } from '../../serving/server/test/contract/process.js';

export interface Start {
  readonly liveMs: number;
  readonly readyMs: number;
}

/** From the start of the process, compiled as in the image, to the first 200 of live and of ready. */
export async function start(port: number): Promise<Start> {
  const begin = performance.now();
  const serving = Served.start({ env: { NIM_SERVER_PORT: String(port), NIM_MAX_NUM_SEQS: '16' } });
  try {
    const liveMs = await until(`http://127.0.0.1:${port}/v1/health/live`, begin);
    return { liveMs, readyMs: await until(`http://127.0.0.1:${port}/v1/health/ready`, begin) };
  } finally {
    const served = await serving;
    served.container.signal('SIGKILL');
    await served.container.exited;
  }
}

async function until(url: string, begin: number): Promise<number> {
  for (;;) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) {
      return performance.now() - begin;
    }
    await sleep(2);
  }
}
