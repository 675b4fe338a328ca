import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { events, Served } from '../contract/process.js';
import { engineAddon, hasCompiler } from '../support/engine-build.js';
import { randomNumbers } from '../support/engine-load.js';
import { plantedOutput } from '../support/planted.js';
import { END, plantedCheckpoint, wordOf } from '../support/planted-checkpoint.js';

const SEED = Number(process.env.PLANTED_SEED ?? Date.now() % 1e6);
const START = 17;

describe.skipIf(!hasCompiler)('the whole output of a planted model over HTTP', () => {
  const root = mkdtempSync(join(tmpdir(), 'planted-http-'));
  const folder = join(root, 'acme-planted');
  let served: Served;
  let pi: Int32Array;
  beforeAll(async () => {
    engineAddon();
    pi = plantedCheckpoint('tiny-llama', folder, 5);
    served = await Served.start({ env: { NIM_MODEL_NAME: folder, NIM_MAX_NUM_SEQS: '16', NIM_MEMORY_BYTES: '64MiB' } });
    await served.ready();
  }, 600_000);
  afterAll(async () => {
    expect(await served?.stop()).toBe(0);
    rmSync(root, { recursive: true, force: true });
  });

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const all = { temperature: 0, max_tokens: 40, ...body };
    const answer = await fetch(`${served.base}${path}`, { method: 'POST', headers, body: JSON.stringify(all) });
    return { status: answer.status, text: await answer.text() };
  };
  const complete = async (body: object) => {
    const { status, text } = await post('/v1/completions', { prompt: wordOf(START), ...body });
    expect(status, text).toBe(200);
    return JSON.parse(text);
  };
  const chain = (last: number, limit: number, stops: readonly number[] = [END]) =>
    plantedOutput(pi, last, limit, new Set(stops));
  const text = (tokens: readonly number[]) => tokens.map(wordOf).join('');

  it('is in a text completion and in a chat', async () => {
    const expected = text(chain(START, 40));
    const { choices, usage } = await complete({});
    expect(choices[0].text).toBe(expected);
    expect(usage).toMatchObject({ prompt_tokens: 1, completion_tokens: chain(START, 40).length });
    const messages = [
      { role: 'system', content: ' w3 w4' },
      { role: 'user', content: wordOf(START) },
    ];
    const chat = JSON.parse((await post('/v1/chat/completions', { messages })).text);
    expect(chat.choices[0].message.content).toBe(expected);
  });

  it('is in a stream, an event a token', async () => {
    const { chunks, done } = events(
      await post('/v1/completions', { prompt: wordOf(START), stream: true, ignore_eos: true }),
    );
    const pieces = chunks.map(({ choices }) => choices[0].text);
    expect([pieces, done]).toEqual([chain(START, 40, []).map(wordOf), true]);
  });

  it('ends where the model ends it', async () => {
    const before = pi.indexOf(END);
    const last = [1, 2, 3, 4].reduce((token) => pi.indexOf(token), before);
    const { choices, usage } = await complete({ prompt: wordOf(last) });
    expect(choices[0]).toMatchObject({ text: text(chain(last, 40)), finish_reason: 'stop', stop_reason: null });
    expect(usage.completion_tokens).toBe(5);
    const on = await complete({ prompt: wordOf(last), ignore_eos: true });
    expect(on.choices[0]).toMatchObject({ text: text(chain(last, 40, [])), finish_reason: 'length' });
  });

  it('ends before a stop string that begins inside of one token and ends inside of another', async () => {
    const words = text(chain(START, 40, []));
    const at = words.indexOf(' ', 30) - 1;
    const stop = words.slice(at, at + 4);
    const cut = { text: words.slice(0, words.indexOf(stop)), finish_reason: 'stop', stop_reason: stop };
    expect((await complete({ stop: ['never', stop], ignore_eos: true })).choices[0]).toMatchObject(cut);
    const { chunks } = events(
      await post('/v1/completions', { prompt: wordOf(START), stop, stream: true, ignore_eos: true }),
    );
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(cut.text);
  });

  it('ends at a stop token', async () => {
    const tokens = chain(START, 40, []);
    const { choices } = await complete({ stop_token_ids: [tokens[9]], ignore_eos: true });
    expect(choices[0]).toMatchObject({ text: text(tokens.slice(0, 9)), finish_reason: 'stop', stop_reason: tokens[9] });
  });

  it('is the same in each of n choices, whatever their seeds, since the model is sure', async () => {
    const body = { n: 5, temperature: 1, seed: 3, ignore_eos: true };
    const { choices } = await complete(body);
    const expected = text(chain(START, 40, []));
    expect(choices.map(({ text: each }: { text: string }) => each)).toEqual(Array(5).fill(expected));
    const { chunks } = events(await post('/v1/completions', { prompt: wordOf(START), stream: true, ...body }));
    for (const index of [0, 1, 2, 3, 4]) {
      const own = chunks.filter(({ choices: [choice] }) => choice.index === index);
      expect(own.map(({ choices: [choice] }) => choice.text).join('')).toBe(expected);
    }
  });

  it('has the chain in its logprobs, each token nearly certain', async () => {
    const { choices } = await complete({ logprobs: 3, max_tokens: 12, ignore_eos: true });
    const { tokens, token_logprobs: logprobs, text_offset: offsets } = choices[0].logprobs;
    const expected = chain(START, 12, []).map(wordOf);
    expect(tokens).toEqual(expected);
    expect(offsets).toEqual(expected.map((_, at) => expected.slice(0, at).join('').length));
    for (const logprob of logprobs) {
      expect(logprob).toBeGreaterThan(-1e-4);
      expect(logprob).toBeLessThanOrEqual(0);
    }
    const messages = [{ role: 'user', content: wordOf(START) }];
    const body = { messages, logprobs: true, top_logprobs: 2, max_tokens: 4, ignore_eos: true };
    const { content } = JSON.parse((await post('/v1/chat/completions', body)).text).choices[0].logprobs;
    expect(content.map(({ token }: { token: string }) => token)).toEqual(expected.slice(0, 4));
    for (const { token, top_logprobs: top } of content) {
      expect([top.length, top[0].token]).toEqual([2, token]);
    }
  });

  it(`is in each of 200 requests that come together, streams and cut ones among them (PLANTED_SEED=${SEED})`, async () => {
    const random = randomNumbers(SEED);
    const below = (limit: number) => Math.floor(random() * limit);
    const one = async (): Promise<void> => {
      const prompt = Array.from({ length: 1 + below(60) }, () => 3 + below(pi.length - 3));
      const [limit, stream, n] = [1 + below(60), random() < 0.5, 1 + below(2)];
      const body = { prompt, max_tokens: limit, n, stream, temperature: random() < 0.5 ? 0 : 1 };
      const expected = text(chain(prompt.at(-1) as number, limit));
      if (random() < 0.2) {
        const gone = AbortSignal.timeout(1 + below(30));
        const headers = { 'content-type': 'application/json' };
        const init = { method: 'POST', headers, body: JSON.stringify(body), signal: gone };
        await fetch(`${served.base}/v1/completions`, init).then(
          (answer) => answer.text(),
          () => undefined,
        );
        return;
      }
      const answer = await post('/v1/completions', body);
      expect(answer.status, answer.text).toBe(200);
      const choices = stream
        ? events(answer).chunks.flatMap((chunk) => chunk.choices)
        : JSON.parse(answer.text).choices;
      for (let index = 0; index < n; index++) {
        const own = choices.filter((choice: { index: number }) => choice.index === index);
        expect(own.map((choice: { text: string }) => choice.text).join('')).toBe(expected);
      }
    };
    await Promise.all(
      Array.from({ length: 200 }, () =>
        one().catch((error) =>
          error.name === 'AbortError' || error.name === 'TimeoutError' ? undefined : Promise.reject(error),
        ),
      ),
    );
    expect(await served.metric('vllm:num_requests_running')).toBe(0);
  }, 120_000);
});
