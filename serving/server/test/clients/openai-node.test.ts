import OpenAI, { APIUserAbortError, AuthenticationError, BadRequestError, NotFoundError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Served } from '../contract/process.js';
import {
  ANSWER,
  endServer,
  engineMissing,
  expectIdle,
  KEY,
  MODEL,
  QUESTION,
  START_MS,
  startServer,
} from './started.js';

const messages = [{ role: 'user' as const, content: QUESTION }];
const City = z.object({ city: z.enum(['Oslo', 'Rome']), days: z.number().int().min(1).max(9) });
const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    description: 'Weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { enum: ['Oslo', 'Rome'] } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

describe.skipIf(engineMissing)(`openai for Node${engineMissing ? ` (${engineMissing})` : ''}`, () => {
  let served: Served;
  let client: OpenAI;
  beforeAll(async () => {
    served = await startServer();
    client = new OpenAI({ baseURL: `${served.base}/v1`, apiKey: KEY, maxRetries: 0 });
  }, START_MS);
  afterAll(() => endServer(served));

  it('lists and finds models', async () => {
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids[0]).toBe(MODEL);
    expect((await client.models.retrieve(MODEL)).id).toBe(MODEL);
  });

  it('chats', async () => {
    const { choices, usage, model } = await client.chat.completions.create({ model: MODEL, messages, temperature: 0 });
    expect([choices[0]?.message.content, choices[0]?.finish_reason, model]).toEqual([ANSWER, 'stop', MODEL]);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  it('streams, with usage', async () => {
    const stream = client.chat.completions.stream({
      model: MODEL,
      messages,
      temperature: 0,
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    stream.on('content', (delta) => deltas.push(delta));
    expect(await stream.finalContent()).toBe(ANSWER);
    expect(deltas.length).toBeGreaterThan(10);
    expect((await stream.totalUsage()).completion_tokens).toBeGreaterThan(10);
  });

  it('completes text, several ways, with logprobs', async () => {
    const { choices } = await client.completions.create({
      model: MODEL,
      prompt: 'The cluster',
      max_tokens: 5,
      n: 2,
      logprobs: 2,
      seed: 1,
    });
    expect(choices.map(({ logprobs }) => logprobs?.tokens?.length)).toEqual([5, 5]);
  });

  it('runs a tool and gives its result back', async () => {
    const asked: unknown[] = [];
    const runner = client.chat.completions.runTools({
      model: MODEL,
      messages,
      temperature: 0,
      tool_choice: { type: 'function', function: { name: 'weather' } },
      tools: [
        {
          type: 'function',
          function: {
            ...weather.function,
            parse: JSON.parse,
            function: async (args: object) => {
              asked.push(args);
              return 'rain';
            },
          },
        },
      ],
    });
    await runner.done();
    expect(asked).toEqual([{ city: expect.stringMatching(/^(Oslo|Rome)$/) }]);
    const turn = runner.messages.filter(({ role }) => role !== 'user');
    const { choices } = await client.chat.completions.create({
      model: MODEL,
      messages: [...messages, ...turn, ...messages],
      tools: [weather],
      temperature: 0,
    });
    expect(choices[0]?.finish_reason).toBe('stop');
  });

  it('streams a tool call', async () => {
    const stream = client.chat.completions.stream({
      model: MODEL,
      messages,
      temperature: 0,
      tools: [weather],
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    const [call] = choices[0]?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'function', function: { name: 'weather' } });
  });

  it('parses structured output', async () => {
    const { choices } = await client.chat.completions.parse({
      model: MODEL,
      messages,
      temperature: 0,
      response_format: zodResponseFormat(City, 'city'),
    });
    expect(City.parse(choices[0]?.message.parsed)).toEqual(choices[0]?.message.parsed);
  });

  it('throws its own errors', async () => {
    const chat = (body: object, using = client) =>
      using.chat.completions.create({ model: MODEL, messages, ...body }).catch((error: unknown) => error);
    const unknown = (await chat({ model: 'other' })) as NotFoundError;
    expect(unknown).toBeInstanceOf(NotFoundError);
    expect([unknown.status, unknown.param, unknown.type]).toEqual([404, 'model', 'NotFoundError']);
    const wrong = (await chat({ temperature: 9 })) as BadRequestError;
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong.message).toBe('400 temperature must be <= 2');
    expect(await chat({ max_tokens: 1e6 })).toBeInstanceOf(BadRequestError);
    expect(await chat({}, client.withOptions({ apiKey: 'sk-other' }))).toBeInstanceOf(AuthenticationError);
  });

  it('aborts, and the server stops computing', async () => {
    const body = { model: MODEL, prompt: 'The', max_tokens: 1900, ignore_eos: true };
    const stream = await client.completions.create({ ...body, stream: true });
    for await (const _ of stream) {
      break;
    }
    await expectIdle(served);
    const gone = new AbortController();
    const whole = client.completions.create(body, { signal: gone.signal });
    setTimeout(() => gone.abort(), 100);
    await expect(whole).rejects.toBeInstanceOf(APIUserAbortError);
    await expectIdle(served);
  });
});
