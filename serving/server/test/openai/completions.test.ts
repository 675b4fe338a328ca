import { describe, expect, it } from 'vitest';
import { continuation } from '../support/markov.js';
import { servedMarkov } from '../support/served.js';

const ALPHA = 2;

async function post(url: string, body: unknown, line: '1' | '2' = '2') {
  const { app } = await servedMarkov({ line });
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${base}${url}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  await app.close();
  return { status: response.status, text, json: () => JSON.parse(text), headers: Object.fromEntries(response.headers) };
}
const chat = (body: object) =>
  post('/v1/chat/completions', { messages: [{ role: 'user', content: 'alpha' }], ...body });
const events = (text: string) =>
  text
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => part.replace(/^data: /, ''));

describe('POST /v1/completions', () => {
  it('continues a prompt with the words of the chain', async () => {
    const { json } = await post('/v1/completions', { prompt: ' alpha', max_tokens: 4 });
    expect(json()).toMatchObject({
      object: 'text_completion',
      model: 'acme/markov',
      choices: [{ index: 0, text: continuation(ALPHA, 4), finish_reason: 'length', stop_reason: null, logprobs: null }],
      usage: { prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 },
    });
  });

  it('takes texts, token ids and lists of them', async () => {
    const { json } = await post('/v1/completions', { prompt: [' alpha', ' beta'], max_tokens: 2, n: 2 });
    const texts = json().choices.map(({ text }: { text: string }) => text);
    expect(texts).toEqual([continuation(2, 2), continuation(2, 2), continuation(3, 2), continuation(3, 2)]);
    const ids = await post('/v1/completions', { prompt: [[2], [3]], max_tokens: 2 });
    expect(ids.json().choices.map(({ text }: { text: string }) => text)).toEqual([
      continuation(2, 2),
      continuation(3, 2),
    ]);
  });

  it('gives the prompt back where echo asks for it', async () => {
    const { json } = await post('/v1/completions', { prompt: ' alpha', max_tokens: 1, echo: true });
    expect(json().choices[0].text).toBe(` alpha${continuation(ALPHA, 1)}`);
  });

  it('counts logprobs by token, with the text before each', async () => {
    const { json } = await post('/v1/completions', { prompt: ' alpha', max_tokens: 2, logprobs: 2 });
    const { tokens, token_logprobs, text_offset, top_logprobs } = json().choices[0].logprobs;
    expect(tokens.join('')).toBe(continuation(ALPHA, 2));
    expect(token_logprobs).toEqual([Math.log(0.5), Math.log(0.5)]);
    expect(text_offset).toEqual([0, tokens[0].length]);
    expect(Object.keys(top_logprobs[0])).toHaveLength(2);
  });
});

describe('POST /v1/chat/completions', () => {
  it('answers a message', async () => {
    const { json } = await chat({ max_completion_tokens: 3 });
    expect(json()).toMatchObject({
      object: 'chat.completion',
      choices: [
        {
          message: { role: 'assistant', content: continuation(ALPHA, 3), tool_calls: [] },
          finish_reason: 'length',
          logprobs: null,
        },
      ],
    });
  });

  it('ends before a stop string, and names it', async () => {
    const whole = continuation(ALPHA, 8);
    const stop = whole.slice(6, 9);
    const { json } = await chat({ max_tokens: 8, stop });
    expect(json().choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
    expect(json().choices[0].message.content).toBe(whole.slice(0, whole.indexOf(stop)));
  });

  it('ends at a stop token, and names it', async () => {
    const { json } = await chat({ max_tokens: 8, stop_token_ids: [12] });
    expect(json().choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: 12 });
  });

  it('streams the same text that it answers whole', async () => {
    const whole = (await chat({ max_tokens: 4, n: 2 })).json();
    const { text, headers } = await chat({
      max_tokens: 4,
      n: 2,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    const all = events(text);
    expect(all.at(-1)).toBe('[DONE]');
    const chunks = all.slice(0, -1).map((event) => JSON.parse(event));
    const streamed = [0, 1].map((index) =>
      chunks
        .flatMap(({ choices }) => choices)
        .filter((choice) => choice.index === index)
        .map(({ delta }) => delta.content ?? '')
        .join(''),
    );
    expect(streamed).toEqual(whole.choices.map(({ message }: { message: { content: string } }) => message.content));
    expect(chunks.every(({ object, id }) => object === 'chat.completion.chunk' && id === chunks[0].id)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason === 'length')).toHaveLength(2);
  });

  it('streams logprobs', async () => {
    const { text } = await chat({ max_tokens: 2, stream: true, logprobs: true, top_logprobs: 2 });
    const entries = events(text)
      .slice(0, -1)
      .flatMap((event) => JSON.parse(event).choices[0].logprobs?.content ?? []);
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({ logprob: Math.log(0.5), bytes: [...Buffer.from(entries[0].token)] });
    expect(entries[0].top_logprobs).toHaveLength(2);
  });

  it('takes an empty system message and a content type with a charset', async () => {
    const { app } = await servedMarkov();
    const response = await app.inject({
      method: 'POST',
      url: '/v1/chat/completions',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      payload: JSON.stringify({
        messages: [
          { role: 'system', content: '' },
          { role: 'user', content: 'alpha' },
        ],
        max_tokens: 1,
      }),
    });
    expect(response.statusCode).toBe(200);
  });

  it('gives sequence i the seed plus i', async () => {
    const { app, generator } = await servedMarkov();
    const payload = { messages: [{ role: 'user', content: 'alpha' }], n: 3, seed: 41, max_tokens: 1 };
    await app.inject({ method: 'POST', url: '/v1/chat/completions', payload });
    expect(generator.taken.map(({ sampling }) => sampling.seed)).toEqual([41n, 42n, 43n]);
  });
});

describe('a request that cannot be answered', () => {
  it.each([
    [
      { model: 'gpt-4' },
      404,
      'NotFoundError',
      'model is "gpt-4", served is acme/markov, markov; GET /v1/models lists it',
      'model',
    ],
    [{ temperature: 3 }, 400, 'BadRequestError', 'temperature must be <= 2', 'temperature'],
    [{ n: 0 }, 400, 'BadRequestError', 'n must be >= 1', 'n'],
    [
      { max_tokens: 100 },
      400,
      'BadRequestError',
      'the prompt has 1 tokens and max_tokens is 100, allowed are 64 together; shorten the prompt or ask for at most 63',
      'max_tokens',
    ],
    [
      { max_tokens: 0 },
      400,
      'BadRequestError',
      'max_tokens is 0, allowed is 1 or more; leave it out for as many as fit',
      'max_tokens',
    ],
    [
      { stop_token_ids: [2, 13] },
      400,
      'BadRequestError',
      'stop_token_ids has 13, allowed are 0 to 12',
      'stop_token_ids',
    ],
    [
      { logit_bias: { x: 1 } },
      400,
      'BadRequestError',
      'logit_bias has the key "x", allowed are token ids from 0 to 12',
      'logit_bias',
    ],
    [
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      400,
      'BadRequestError',
      'messages[0].content[0] has type "image_url", allowed is text: this model reads no other',
      'messages[0].content[0]',
    ],
  ])('%j', async (body, status, type, message, param) => {
    const given = await chat(body);
    expect(given.json()).toEqual({ error: { message, type, param, code: status } });
    expect(given.status).toBe(status);
  });

  it('has its fields at the top in the 1.x line', async () => {
    const { json } = await post('/v1/completions', { prompt: 'x', model: 'y' }, '1');
    expect(json()).toMatchObject({ object: 'error', type: 'NotFoundError', code: 404, param: 'model' });
  });

  it.each([false, true])(
    'is refused with Retry-After where the queue is full, and nothing of it runs (stream: %s)',
    async (stream) => {
      const { app, generator } = await servedMarkov();
      generator.queueBound = 2;
      const payload = { prompt: ' alpha', n: 3, max_tokens: 5, stream };
      const response = await app.inject({ method: 'POST', url: '/v1/completions', payload });
      expect(response.statusCode).toBe(429);
      expect(response.headers['retry-after']).toBe('1');
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(generator.running).toBe(0);
      const { body } = await app.inject('/v1/metrics');
      expect(body).toContain('request_failure_total{model_name="acme/markov"} 1');
    },
  );

  it.each(['{', '{"prompt":', '[1]', '"x"', 'null'])('%s is no request', async (payload) => {
    const { app } = await servedMarkov();
    const headers = { 'content-type': 'application/json' };
    const response = await app.inject({ method: 'POST', url: '/v1/completions', headers, payload });
    expect(response.statusCode).toBe(400);
    expect(response.json().error.type).toBe('BadRequestError');
  });

  it('may not reach prototypes', async () => {
    const { app } = await servedMarkov();
    const headers = { 'content-type': 'application/json' };
    const payload = '{"prompt":" alpha","__proto__":{"polluted":true}}';
    const response = await app.inject({ method: 'POST', url: '/v1/completions', headers, payload });
    expect(response.statusCode).toBe(400);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
