import { at } from './first-token.js';
import { stream } from './load.js';
import { BenchServer } from './process.js';

const CONNECTIONS = 256;
/** A step of 256 sequences on an H200 takes 17.7 ms. */
const STEP_MS = 18;
const PROBES = 4000;

export interface HealthTimes {
  readonly medianMs: number;
  readonly p999Ms: number;
  readonly largestMs: number;
}

/** Time of a health check while all connections stream a token a step, and a request with a prompt of 400 words arrives every 50 ms. */
export async function health(file: string): Promise<HealthTimes> {
  const server = await BenchServer.start(file, String(STEP_MS));
  try {
    const others = Array.from({ length: CONNECTIONS }, () => stream(server.port, 100_000, 'Hello').catch(() => null));
    const arrivals = setInterval(() => void stream(server.port, 20, 'word '.repeat(400)).catch(() => null), 50);
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe++) {
      const begin = performance.now();
      const answer = await fetch(`http://127.0.0.1:${server.port}/v1/health/live`);
      await answer.arrayBuffer();
      if (answer.status !== 200) {
        throw new Error(`/v1/health/live answered ${answer.status}`);
      }
      times.push(performance.now() - begin);
    }
    clearInterval(arrivals);
    void others;
    times.sort((a, b) => a - b);
    return { medianMs: at(times, 0.5), p999Ms: at(times, 0.999), largestMs: times.at(-1) as number };
  } finally {
    await server.stop();
  }
}
