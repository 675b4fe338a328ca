import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Generation, GenerationRequest, TokenEvent } from '../../src/generation/port.js';
import { continuation } from '../support/markov.js';
import { servedMarkov } from '../support/served.js';

const TEXT = continuation(2, 4); // after " alpha", token 2

/** Tokens, and then an engine that fails. */
async function failing(tokens: number) {
  const served = await servedMarkov();
  const submit = served.generator.submit.bind(served.generator);
  served.generator.submit = (request: GenerationRequest, sink: (event: TokenEvent) => void): Generation => {
    let left = tokens;
    const generation = submit(request, (event) => {
      if (left-- > 0) {
        sink(event);
      } else if (left === -1) {
        generation.cancel();
        sink({ ...event, token: -1, finish: 'error', error: 'the device is gone' });
      }
    });
    return generation;
  };
  return served;
}

/** A stream goes to the socket itself, so that it needs one. */
async function streamed(app: FastifyInstance, url: string, payload: object): Promise<string> {
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ ...payload, stream: true });
  const text = await (await fetch(`${base}${url}`, { method: 'POST', headers, body })).text();
  await app.close();
  return text;
}

const named = (body: string) =>
  body
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, json] = /^event: (\S+)\ndata: (.*)$/.exec(event) as unknown as [string, string, string];
      const value = JSON.parse(json);
      expect(value.type).toBe(name);
      return value;
    });

describe.each([
  ['/v1/responses', { input: 'alpha', max_output_tokens: 4 }],
  ['/v1/messages', { messages: [{ role: 'user', content: 'alpha' }], max_tokens: 4 }],
] as const)('%s', (url, payload) => {
  it('streams the text of the chain, each event under its name', async () => {
    const { app } = await servedMarkov();
    const body = await streamed(app, url, payload);
    const text = named(body).map(({ delta }) => (typeof delta === 'string' ? delta : (delta?.text ?? '')));
    expect(text.join('')).toBe(TEXT);
    expect(body).not.toContain('[DONE]');
  });

  it('ends a stream with a failure where the engine fails, and an answer with an error', async () => {
    const message = 'the engine failed: the device is gone';
    const last = named(await streamed((await failing(2)).app, url, payload)).at(-1);
    expect(last).toMatchObject(
      url === '/v1/messages'
        ? { type: 'error', error: { type: 'api_error', message } }
        : { type: 'response.failed', response: { status: 'failed', error: { code: 'server_error', message } } },
    );
    const whole = await (await failing(2)).app.inject({ method: 'POST', url, payload });
    expect([whole.statusCode, whole.json().error.message]).toEqual([500, message]);
  });

  it('is refused where the queue is full', async () => {
    const { app, generator } = await servedMarkov();
    generator.queueBound = 0;
    const response = await app.inject({ method: 'POST', url, payload: { ...payload, stream: true } });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '1']);
  });

  it('answers or refuses whatever it is sent, and never fails', async () => {
    const { app } = await servedMarkov();
    const item = fc.record(
      {
        type: fc.constantFrom(
          'message',
          'text',
          'tool_use',
          'tool_result',
          'function_call',
          'function_call_output',
          'x',
        ),
        role: fc.constantFrom('user', 'assistant', 'system'),
        content: fc.oneof(
          fc.string(),
          fc.constant(null),
          fc.array(fc.record({ type: fc.string(), text: fc.string() })),
        ),
        name: fc.string(),
        arguments: fc.string(),
        input: fc.constant({}),
        output: fc.string(),
        text: fc.string(),
      },
      { requiredKeys: [] },
    );
    const tool = fc.record(
      { type: fc.constantFrom('function', 'web_search'), name: fc.string(), parameters: fc.constant({}) },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        input: fc.oneof(fc.string(), fc.array(item)),
        messages: fc.array(
          fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.oneof(fc.string(), fc.array(item)) }),
        ),
        system: fc.oneof(fc.string(), fc.array(item)),
        max_tokens: fc.integer({ min: -1, max: 70 }),
        max_output_tokens: fc.integer({ min: 1, max: 70 }),
        tools: fc.array(tool, { maxLength: 2 }),
        tool_choice: fc.oneof(
          fc.constantFrom('auto', 'none', 'x'),
          fc.record({ type: fc.constantFrom('any', 'tool', 'none') }),
        ),
        stream: fc.boolean(),
        text: fc.constantFrom({}, { format: null }, { format: { type: 'json_object' } }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(body, async (random) => {
        const response = await app.inject({ method: 'POST', url, payload: { ...payload, ...random } });
        expect([200, 400]).toContain(response.statusCode);
      }),
      { numRuns: 200 },
    );
  });
});
