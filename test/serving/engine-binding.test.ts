// The Node addon over an executor without a model: whatever JavaScript passes, it throws or refuses, and never crashes.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildEngine, ENGINE_LIMIT, engineSkip, run } from '../support/engine';

/** Runs in a process of its own, which must end well: a crash would take the test runner with it. */
const FUZZ = `
const addon = require(process.argv[1]);
const values = [undefined, null, true, -1, 0, 1, 1.5, NaN, Infinity, 1e300, 2 ** 53, 7n, -7n, 2n ** 70n, '', 'x', Symbol('s'), [],
  {}, () => 1, new Int32Array(0), Int32Array.of(1, 2, 3), Int32Array.of(-1, 1e9), new Float32Array(3), new Uint32Array(2),
  new Uint8Array(9), new ArrayBuffer(8), new Int32Array(new SharedArrayBuffer(8)), new Date(), /x/, new Proxy({}, {
    get() { throw new Error('trap'); } }), { get prompt() { throw new Error('getter'); } }];
const fields = ['prompt', 'maxTokens', 'n', 'priority', 'deadlineMs', 'masked', 'temperature', 'topK', 'topP', 'minP',
  'repetitionPenalty', 'presencePenalty', 'frequencyPenalty', 'logitBiasTokens', 'logitBiasValues', 'logprobs', 'seed',
  'stopTokens', 'ignoreEos', 'minTokens'];
const options = ['model', 'backend', 'memoryBytes', 'blockSize', 'maxSequences', 'maxContext', 'stepTokens', 'queueBound',
  'threads', 'prefixCache', 'overlap', 'pacePrefill', 'forecastPages'];
let thrown = 0;
const attempt = (what) => { try { return what(); } catch (error) { thrown += 1; return undefined; } };
(async () => {
  const callbacks = { onStep() {} };
  for (const value of values) {
    for (const call of [() => addon.create(value, callbacks), () => addon.create({ model: 'fake' }, value), () => addon.inspect(value)]) {
      const engine = await Promise.resolve(attempt(call)).catch(() => { thrown += 1; });
      await engine?.stop?.();
    }
    for (const option of options) {
      const engine = await Promise.resolve(attempt(() => addon.create({ model: 'fake', maxSequences: 4, [option]: value }, callbacks)))
        .catch(() => { thrown += 1; });
      await engine?.stop();
    }
  }
  const engine = await addon.create({ model: 'fake', maxSequences: 4 }, callbacks);
  for (const value of values) {
    attempt(() => engine.submit(value));
    attempt(() => engine.cancel(value));
    attempt(() => engine.submit.call(value, { prompt: Int32Array.of(1) }));
    for (let argument = 0; argument < 4; argument += 1) {
      const args = [1, 0, 0, new Uint32Array(2)];
      args[argument] = value;
      attempt(() => engine.setMask(...args));
    }
    for (const field of fields) {
      attempt(() => engine.submit({ prompt: Int32Array.of(1, 2), maxTokens: 2, [field]: value }));
    }
    if (value !== 0) {
      await Promise.resolve(attempt(() => addon.create({ model: 'fake' }, { onStep: value }))).then((e) => e?.stop?.(), () => {});
    }
  }
  const detached = Int32Array.of(1, 2, 3);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  attempt(() => engine.submit({ prompt: detached }));
  await engine.drain(2000);
  await Promise.all([engine.stop(), engine.stop(), engine.drain(0)]);
  console.log(JSON.stringify({ thrown, stats: engine.stats() }));
})();
`;

const SERVE = `
const addon = require(process.argv[1]);
(async () => {
  let records = 0, ends = 0, accepted = 0;
  const engine = await addon.create({ model: process.argv[2], maxSequences: 16 }, { onStep(buffer, count) {
    records += count;
    const bytes = new Uint8Array(buffer);
    for (let i = 0; i < count; i += 1) { ends += bytes[i * 40 + 30] === 0 ? 0 : 1; }
  } });
  for (let i = 0; i < 200; i += 1) {
    const id = engine.submit({ prompt: Int32Array.of(1, 2, i % 60), maxTokens: 100, ignoreEos: true, seed: BigInt(i) });
    accepted += typeof id === 'number' ? 1 : 0;
  }
  // JavaScript is busy: the engine must pause rather than pile up steps.
  const until = Date.now() + 300;
  while (Date.now() < until);
  const { outputTokens } = engine.stats();
  await engine.drain(0);
  console.log(JSON.stringify({ paused: outputTokens, records, ends, accepted, health: engine.stats().health }));
  await engine.stop();
})();
`;

describe.skipIf(engineSkip)('the Node binding', () => {
  let addon = '';
  beforeAll(async () => {
    addon = join(await buildEngine(), 'binding/nim_engine_fake.node');
  }, ENGINE_LIMIT);

  const script = async (source: string, ...args: string[]) => {
    const { status, output } = await run(process.execPath, ['-e', source, addon, ...args]);
    expect(status, output).toBe(0);
    return JSON.parse(output);
  };

  it('throws or refuses whatever is not right, and lives on', async () => {
    const { thrown, stats } = await script(FUZZ);
    expect(thrown).toBeGreaterThan(500);
    expect(stats).toMatchObject({ health: 'stopped', running: 0, waiting: 0 });
  }, 120_000);

  it('hands over every token, and pauses while nobody takes them', async () => {
    const { paused, records, ends } = await script(SERVE, 'fake');
    // 64 steps of at most 16 sequences may wait for JavaScript, and one or two more be under way.
    expect(paused).toBeLessThanOrEqual(67 * 16);
    expect({ records, ends }).toEqual({ records: 20_000, ends: 200 });
  }, 60_000);

  it('ends every request and turns health off when the executor fails', async () => {
    const { ends, accepted, health } = await script(SERVE, 'fake:fatal');
    expect({ ends, health }).toEqual({ ends: accepted, health: 'unhealthy' });
  }, 60_000);
});
