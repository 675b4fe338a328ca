// What the HTTP server takes: `npm run bench:serving [-- ROUNDS]`. Rounds alternate what is compared, so that a busy machine slows
// all of it; the tables have each round's best. See bench/results.
import { existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plantedCheckpoint, wordOf } from '../../serving/server/test/support/planted-checkpoint.js';
import { firstToken } from './first-token.js';
import { health } from './health.js';
import { share } from './share.js';
import { start } from './start.js';
import { type TokenRate, tokenRate } from './tokens.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROUNDS = Number(process.argv[2] ?? 3);
const SERVERS = { 'bare Node HTTP': './bare-server.ts', 'this server': './noop-server.ts' } as const;
const names = Object.keys(SERVERS) as (keyof typeof SERVERS)[];
const best = (values: readonly number[]) => Math.max(...values);
const round = (value: number) => Math.round(value).toLocaleString('en-US');

console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}, ${new Date().toISOString()}\n`);

console.log('Streamed tokens, 256 connections, server on one core, an engine that computes nothing');
const rates = new Map<string, TokenRate[]>(names.map((name) => [name, []]));
for (let at = 0; at < ROUNDS; at++) {
  for (const name of names) {
    rates.get(name)?.push(await tokenRate(SERVERS[name], 256, 2000));
  }
}
for (const [name, all] of rates) {
  const [wall, cpu] = [best(all.map(({ perSecond }) => perSecond)), best(all.map(({ perCpuSecond }) => perCpuSecond))];
  console.log(
    `  ${name.padEnd(16)} ${round(wall).padStart(9)} a second, ${round(cpu).padStart(9)} a second of processor time, ` +
      `${(1e6 / cpu).toFixed(1)} us a token`,
  );
}

console.log(
  '\nFirst token of a prompt of 400 words, the other connections streaming a token every 20 ms: median (p99), ms',
);
for (const connections of [1, 64, 256]) {
  const texts = [];
  for (const name of names) {
    const { medianMs, p99Ms } = await firstToken(SERVERS[name], connections);
    texts.push(`${name} ${medianMs.toFixed(1)} (${p99Ms.toFixed(1)})`);
  }
  console.log(`  ${String(connections).padStart(3)} connections: ${texts.join(', ')}`);
}

console.log('\nA health check, 256 connections streaming a token every 18 ms, a prompt of 400 words every 50 ms');
const { medianMs, p999Ms, largestMs } = await health(SERVERS['this server']);
console.log(`  median ${medianMs.toFixed(1)}, p99.9 ${p999Ms.toFixed(0)}, largest ${largestMs.toFixed(0)} ms`);

console.log('\nTokens a second of 16 streams, engine alone on one thread and over HTTP in turn');
const PLANTED = join(ROOT, 'out/bench/serving/qwen2.5-0.5b');
if (!existsSync(join(PLANTED, 'tokenizer.json'))) {
  mkdirSync(PLANTED, { recursive: true });
  plantedCheckpoint('qwen2.5-0.5b', PLANTED, 5);
}
for (const [name, load] of [
  ["Qwen 2.5 0.5B's shape", { model: PLANTED, prompt: wordOf(17), tokens: 24 }],
  [
    'the embedded model of 3 million parameters',
    { model: join(ROOT, 'serving/models/default'), prompt: 'The', tokens: 400 },
  ],
] as const) {
  const { alone, http } = await share({ ...load, connections: 16 }, ROUNDS);
  const shares = http.map((value, at) => value / (alone[at] as number)).sort((a, b) => a - b);
  const median = shares[Math.floor(shares.length / 2)] as number;
  console.log(
    `  ${name}: alone ${alone.map(round).join(' ')}; HTTP ${http.map(round).join(' ')}; median share ${(100 * median).toFixed(1)} %`,
  );
}

console.log('\nFrom process start, compiled as in the image, embedded model: ms');
const starts = [];
for (let at = 0; at < ROUNDS; at++) {
  starts.push(await start(18_000 + at));
}
console.log(
  `  live ${starts.map(({ liveMs }) => round(liveMs)).join(' ')}; ready ${starts.map(({ readyMs }) => round(readyMs)).join(' ')}`,
);
