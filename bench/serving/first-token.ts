import { stream } from './load.js';
import { BenchServer } from './process.js';

const PROMPT = 'word '.repeat(400);
const STEP_MS = 20;
const PROBES = 60;

export interface FirstToken {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/**
 * Time to the first token of a request whose engine answers at once, while the other connections stream a token every 20 ms:
 * all of it is the server's.
 */
export async function firstToken(file: string, connections: number): Promise<FirstToken> {
  const server = await BenchServer.start(file, String(STEP_MS));
  try {
    await Promise.all(Array.from({ length: 32 }, () => stream(server.port, 1, PROMPT)));
    const others = Array.from({ length: connections - 1 }, () =>
      stream(server.port, 100_000, 'Hello').catch(() => null),
    );
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe++) {
      times.push((await stream(server.port, 1, PROMPT)).firstMs);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    times.sort((a, b) => a - b);
    void others;
    return { medianMs: at(times, 0.5), p99Ms: at(times, 0.99) };
  } finally {
    await server.stop();
  }
}

export const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
