import { stream } from './load.js';
import { BenchServer } from './process.js';

export interface TokenRate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Streams `tokens` tokens over each of `connections` connections at once. */
export async function tokenRate(file: string, connections: number, tokens: number): Promise<TokenRate> {
  const server = await BenchServer.start(file, '0');
  try {
    // The first requests compile the server's code.
    await Promise.all(Array.from({ length: connections }, () => stream(server.port, 50, 'warm')));
    const [cpu, begin] = [server.cpuSeconds(), performance.now()];
    const seen = await Promise.all(Array.from({ length: connections }, () => stream(server.port, tokens, 'Hello')));
    const seconds = (performance.now() - begin) / 1000;
    const all = seen.reduce((sum, { events }) => sum + events, 0);
    if (all < connections * tokens * 0.9) {
      throw new Error(`${file}: ${all} events for ${connections * tokens} tokens`);
    }
    return { perSecond: all / seconds, perCpuSecond: all / (server.cpuSeconds() - cpu) };
  } finally {
    await server.stop();
  }
}
