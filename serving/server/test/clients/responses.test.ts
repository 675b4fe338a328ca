import OpenAI, { NotFoundError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
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

const City = z.object({ city: z.enum(['Oslo', 'Rome']) });
const weather = {
  type: 'function' as const,
  name: 'weather',
  parameters: z.toJSONSchema(City),
  strict: true,
};
const request = { model: MODEL, input: QUESTION, temperature: 0 };

describe.skipIf(engineMissing)(`POST /v1/responses with openai${engineMissing ? ` (${engineMissing})` : ''}`, () => {
  let served: Served;
  let client: OpenAI;
  beforeAll(async () => {
    served = await startServer();
    client = new OpenAI({ baseURL: `${served.base}/v1`, apiKey: KEY, maxRetries: 0 });
  }, START_MS);
  afterAll(() => endServer(served));

  it('answers', async () => {
    const response = await client.responses.create(request);
    expect([response.output_text, response.status]).toEqual([ANSWER, 'completed']);
    expect(response.usage).toMatchObject({ input_tokens: 17, output_tokens: 32, total_tokens: 49 });
  });

  it('takes instructions, items and the parts of messages', async () => {
    const { usage } = await client.responses.create({
      ...request,
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: QUESTION }] },
        { type: 'message', role: 'assistant', content: ANSWER },
        { role: 'user', content: QUESTION },
      ],
    });
    expect(usage?.input_tokens).toBeGreaterThan(17 + 32);
  });

  it('streams in events that add up to the answer', async () => {
    const types: string[] = [];
    const stream = client.responses.stream(request);
    for await (const event of stream) {
      expect(event.sequence_number).toBe(types.length);
      types.push(event.type);
    }
    expect((await stream.finalResponse()).output_text).toBe(ANSWER);
    expect(types.filter((type) => type !== 'response.output_text.delta')).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(types.length).toBeGreaterThan(20);
  });

  it('calls a tool and takes its result', async () => {
    const asked = await client.responses.create({
      ...request,
      tools: [weather],
      tool_choice: { type: 'function', name: 'weather' },
    });
    const [call] = asked.output;
    expect(call).toMatchObject({ type: 'function_call', name: 'weather', status: 'completed' });
    if (call?.type !== 'function_call') {
      return;
    }
    expect(City.parse(JSON.parse(call.arguments))).toBeTruthy();
    const result = { type: 'function_call_output' as const, call_id: call.call_id, output: 'rain' };
    const input = [{ role: 'user' as const, content: QUESTION }, call, result];
    const answered = await client.responses.create({ ...request, input, tools: [weather] });
    expect(answered.status).toBe('completed');
  });

  it('streams the call of a tool', async () => {
    const stream = client.responses.stream({
      ...request,
      tools: [weather],
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    const { output } = await stream.finalResponse();
    expect(output).toMatchObject([{ type: 'function_call', name: 'weather' }]);
  });

  it('parses structured output', async () => {
    const { output_parsed: city } = await client.responses.parse({
      ...request,
      text: { format: zodTextFormat(City, 'city') },
    });
    expect(City.parse(city)).toEqual(city);
  });

  it('says where an answer is cut', async () => {
    const cut = await client.responses.create({ ...request, max_output_tokens: 3 });
    expect([cut.status, cut.incomplete_details]).toEqual(['incomplete', { reason: 'max_output_tokens' }]);
  });

  it.each([
    [
      { background: true },
      'background is true, which this server does not take: leave it out, and wait for the answer or stream it',
    ],
    [
      { previous_response_id: 'resp_1' },
      'previous_response_id is "resp_1", which this server does not take: no answer is kept; send the whole conversation as input',
    ],
    [
      { truncation: 'auto' as const },
      'truncation is "auto", which this server does not take: leave it out, and shorten the input',
    ],
    [
      { tools: [{ type: 'web_search' as const }] },
      'tools[0].type is "web_search" without a name, allowed is function with a name: no tool runs on this server',
    ],
    [
      { input: [{ role: 'user' as const, content: [{ type: 'input_image' as const, detail: 'auto' as const }] }] },
      'input[0].content[0].type is "input_image", allowed are input_text and output_text',
    ],
    [
      { input: [{ type: 'item_reference' as const, id: 'msg_1' }] },
      'input[0].type is "item_reference", allowed are message, function_call, function_call_output and reasoning',
    ],
  ])('refuses %j', async (body, message) => {
    const error = await client.responses.create({ ...request, ...body }).catch((thrown: Error) => thrown);
    expect((error as Error).message).toBe(`400 ${message}`);
  });

  it('keeps no answer', async () => {
    await expect(client.responses.retrieve('resp_1')).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.responses.cancel('resp_1')).rejects.toThrow(
      '404 response "resp_1" is not kept: this server answers and forgets; send store false',
    );
  });

  it('stops computing for a reader who is gone', async () => {
    const stream = await client.responses.create({
      ...request,
      input: 'Tell me everything.',
      temperature: 2,
      stream: true,
    });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') {
        break;
      }
    }
    await expectIdle(served);
  });
});
