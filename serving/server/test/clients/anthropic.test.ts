import Anthropic, { BadRequestError, NotFoundError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const weather = {
  name: 'weather',
  description: 'Weather of a city',
  input_schema: {
    type: 'object' as const,
    properties: { city: { enum: ['Oslo', 'Rome'] } },
    required: ['city'],
    additionalProperties: false,
  },
};
const request = {
  model: MODEL,
  max_tokens: 256,
  messages: [{ role: 'user' as const, content: QUESTION }],
  temperature: 0,
};

describe.skipIf(engineMissing)(
  `POST /v1/messages with Anthropic's client${engineMissing ? ` (${engineMissing})` : ''}`,
  () => {
    let served: Served;
    let client: Anthropic;
    beforeAll(async () => {
      served = await startServer();
      client = new Anthropic({ baseURL: served.base, apiKey: KEY, maxRetries: 0 });
    }, START_MS);
    afterAll(() => endServer(served));

    it('answers', async () => {
      const { content, stop_reason: reason, usage } = await client.messages.create(request);
      expect([content, reason]).toEqual([[{ type: 'text', text: ANSWER }], 'end_turn']);
      expect([usage.input_tokens + (usage.cache_read_input_tokens ?? 0), usage.output_tokens]).toEqual([17, 32]);
    });

    it('streams in events that add up to the answer', async () => {
      const types: string[] = [];
      const stream = client.messages.stream(request).on('streamEvent', ({ type }) => types.push(type));
      expect(await stream.finalText()).toBe(ANSWER);
      expect(types.filter((type) => type !== 'content_block_delta')).toEqual([
        'message_start',
        'content_block_start',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
      expect(types.length).toBeGreaterThan(20);
    });

    it('calls a tool and takes its result', async () => {
      const asking = { ...request, tools: [weather], tool_choice: { type: 'tool' as const, name: 'weather' } };
      const asked = await client.messages.create(asking);
      const [use] = asked.content;
      expect([use, asked.stop_reason]).toEqual([
        {
          type: 'tool_use',
          id: expect.stringMatching(/^toolu_/),
          name: 'weather',
          input: { city: expect.any(String) },
        },
        'tool_use',
      ]);
      const streamed = await client.messages.stream(asking).finalMessage();
      expect(streamed.content).toMatchObject([
        { type: 'tool_use', name: 'weather', input: (use as { input: object }).input },
      ]);
      const result = { type: 'tool_result' as const, tool_use_id: (use as { id: string }).id, content: 'rain' };
      const answered = await client.messages.create({
        ...request,
        tools: [weather],
        messages: [
          ...request.messages,
          { role: 'assistant', content: asked.content },
          { role: 'user', content: [result, { type: 'text', text: QUESTION }] },
        ],
      });
      expect(answered.stop_reason).toBe('end_turn');
    });

    it('ends at a stop sequence, and where it is cut', async () => {
      const stopped = await client.messages.create({ ...request, stop_sequences: [' inference'] });
      expect([stopped.stop_reason, stopped.stop_sequence]).toEqual(['stop_sequence', ' inference']);
      expect(stopped.content).toEqual([{ type: 'text', text: "NIM is NVIDIA's packaging of" }]);
      expect((await client.messages.create({ ...request, max_tokens: 3 })).stop_reason).toBe('max_tokens');
    });

    it('counts tokens, with a system prompt too', async () => {
      const { max_tokens: _, temperature: __, ...counted } = request;
      expect((await client.messages.countTokens(counted)).input_tokens).toBe(17);
      const system = [{ type: 'text' as const, text: 'Be brief.' }];
      expect((await client.messages.countTokens({ ...counted, system })).input_tokens).toBeGreaterThan(17);
    });

    it('has errors in its own form', async () => {
      const unknown = await client.messages.create({ ...request, model: 'other' }).catch((error: unknown) => error);
      expect(unknown).toBeInstanceOf(NotFoundError);
      expect((unknown as NotFoundError).error).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
      const image = { type: 'image' as const, source: { type: 'url' as const, url: 'x' } };
      const wrong = await client.messages
        .create({ ...request, messages: [{ role: 'user', content: [image] }] })
        .catch((error: unknown) => error);
      expect(wrong).toBeInstanceOf(BadRequestError);
      expect((wrong as BadRequestError).error).toEqual({
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'messages[0].content[0].type is "image", allowed is text and tool_result',
        },
      });
      const schema = await client.messages
        .create({ ...request, ...{ temperature: 2 } })
        .catch((error: unknown) => error);
      expect((schema as BadRequestError).error).toMatchObject({ error: { message: 'temperature must be <= 1' } });
      const stranger = client.withOptions({ apiKey: 'other' });
      await expect(stranger.messages.create(request)).rejects.toMatchObject({ status: 401 });
    });

    it('stops computing for a reader who is gone', async () => {
      const stream = client.messages.stream({
        ...request,
        max_tokens: 1900,
        temperature: 1,
        messages: [{ role: 'user', content: 'All.' }],
      });
      for await (const event of stream) {
        if (event.type === 'content_block_delta') {
          break;
        }
      }
      stream.abort();
      await expectIdle(served);
    });
  },
);
