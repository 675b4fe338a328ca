import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasAddon } from '../support/addon.js';
import { expectError, Victim } from './victim.js';

const STREAM = { prompt: 'The', max_tokens: 1900, ignore_eos: true, stream: true };
const text = (body: object) => {
  const json = JSON.stringify(body);
  return `POST /v1/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`;
};
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

describe.skipIf(!hasAddon)('connections that no client means well with', () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await Victim.start();
  }, 120_000);
  afterEach(() => victim.answers());
  afterAll(() => victim.stop());
  const running = () => victim.served.metric('vllm:num_requests_running');
  const until = async (done: () => Promise<boolean>, ms: number) => {
    const begin = performance.now();
    while (!(await done())) {
      expect(performance.now() - begin).toBeLessThan(ms);
      await sleep(10);
    }
  };

  it('ten thousand idle ones cost others nothing, and their memory comes back', { timeout: 120_000 }, async () => {
    const begin = victim.memoryMib();
    const after: number[] = [];
    for (let round = 0; round < 3; round++) {
      const idle: Socket[] = [];
      for (let batch = 0; batch < 100; batch++) {
        const opened = Array.from({ length: 100 }, () => victim.connect());
        await Promise.all(opened.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
        idle.push(...opened);
      }
      expect(victim.memoryMib() - begin).toBeLessThan(400);
      await victim.answers();
      await Promise.all(idle.map((socket) => closed(socket.destroy())));
      for (let more = 0; more < 50; more++) {
        await victim.answers();
      }
      after.push(victim.memoryMib());
    }
    console.log(`memory: ${begin.toFixed(0)} MiB, after each round ${after.map((mib) => mib.toFixed(0)).join(' ')}`);
    // The first round makes the heap as large as such a round needs; what stays of the others would be a leak.
    expect(Math.min(...after.slice(1)) - (after[0] as number)).toBeLessThan(40);
  });

  it('headers that come a byte at a time are waited for 15 s at most', { timeout: 60_000 }, async () => {
    const slow = Array.from({ length: 200 }, () => victim.connect('GET /v1/models HTTP/1.1\r\nhost: a\r\n'));
    const drip = setInterval(() => slow.forEach((socket) => void socket.write('x')), 500);
    const answers = slow.map(
      (socket) =>
        new Promise<string>((resolve) => {
          let all = '';
          socket.on('data', (chunk) => {
            all += chunk.toString();
          });
          socket.once('close', () => resolve(all));
        }),
    );
    await victim.answers();
    const begin = performance.now();
    const [first = ''] = await Promise.all(answers);
    clearInterval(drip);
    expect(performance.now() - begin).toBeLessThan(25_000);
    expectError({ status: 408, body: JSON.parse(first.slice(first.indexOf('{'))) }, 408);
  });

  it('one that goes away in the middle of a stream, or before its first token, frees its pages within a second', async () => {
    const away = Array.from({ length: 12 }, () => victim.connect(text(STREAM)));
    await until(async () => (await running()) > 0, 5000);
    for (const socket of away) {
      socket.destroy();
    }
    await until(
      async () => (await running()) === 0 && (await victim.served.metric('vllm:num_requests_waiting')) === 0,
      1000,
    );
    expect(await victim.served.metric('vllm:kv_cache_usage_perc')).toBeLessThan(0.01);
    for (let at = 0; at < 50; at++) {
      victim.connect(text(STREAM)).once('connect', function (this: Socket) {
        setTimeout(() => this.destroy(), at % 10);
      });
    }
    await sleep(100);
    await until(async () => (await running()) === 0, 1500);
  });

  it('one that goes away before an answer that is sent whole ends its generation', async () => {
    const socket = victim.connect(text({ ...STREAM, stream: false }));
    await until(async () => (await running()) > 0, 5000);
    socket.destroy();
    await until(async () => (await running()) === 0, 1000);
  });

  it('one that never reads holds nobody up', { timeout: 60_000 }, async () => {
    const before = victim.memoryMib();
    const slow = Array.from({ length: 8 }, () => victim.connect(text({ ...STREAM, n: 2, logprobs: 20 })).pause());
    await until(async () => (await running()) > 0, 5000);
    const begin = performance.now();
    expect((await victim.post('/v1/completions', { prompt: 'The', max_tokens: 4 })).status).toBe(200);
    expect(performance.now() - begin).toBeLessThan(5000);
    await until(async () => (await running()) === 0, 50_000);
    for (const socket of slow) {
      socket.destroy();
    }
    expect(victim.memoryMib() - before).toBeLessThan(150);
  });

  it('requests that are sent ahead on one connection are answered in order', async () => {
    const one = text({ prompt: 'The', max_tokens: 3, ignore_eos: true, stream: true });
    const all = await victim.raw(`${one}${one}GET /v1/models HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
    expect(all.split('data: [DONE]')).toHaveLength(3);
    expect(all.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(all.indexOf('"object":"list"')).toBeGreaterThan(all.lastIndexOf('data: [DONE]'));
  });

  it('HTTP/1.0 gets its stream without chunks', async () => {
    const json = JSON.stringify({ prompt: 'The', max_tokens: 3, ignore_eos: true, stream: true });
    const all = await victim.raw(
      `POST /v1/completions HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
    );
    const body = all.slice(all.indexOf('\r\n\r\n') + 4);
    expect(body).toMatch(/^(data: .*\n\n)+$/);
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('more than the queue holds are refused at once, with when to come back', async () => {
    const gone = new AbortController();
    const all = Array.from({ length: 40 }, () =>
      fetch(`${victim.served.base}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...STREAM, n: 100 }),
        signal: gone.signal,
      }).catch(() => undefined),
    );
    const answers = await Promise.all(all);
    const refused = answers.filter((answer) => answer?.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0);
      expectError({ status: 429, body: await answer?.json() }, 429);
    }
    gone.abort();
    await until(async () => (await running()) === 0, 2000);
  });
});
