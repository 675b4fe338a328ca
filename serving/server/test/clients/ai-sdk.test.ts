import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from 'ai';
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

describe.skipIf(engineMissing)(`the AI SDK${engineMissing ? ` (${engineMissing})` : ''}`, () => {
  let served: Served;
  let nim: ReturnType<typeof createOpenAICompatible>;
  beforeAll(async () => {
    served = await startServer();
    nim = createOpenAICompatible({
      name: 'nim',
      baseURL: `${served.base}/v1`,
      apiKey: KEY,
      includeUsage: true,
      supportsStructuredOutputs: true,
    });
  }, START_MS);
  afterAll(() => endServer(served));

  it('generates text', async () => {
    const { text, finishReason, usage } = await generateText({ model: nim(MODEL), prompt: QUESTION, temperature: 0 });
    expect([text, finishReason]).toEqual([ANSWER, 'stop']);
    expect(usage.totalTokens).toBe((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0));
  });

  it('streams text, with usage', async () => {
    const answer = streamText({ model: nim(MODEL), prompt: QUESTION, temperature: 0 });
    const pieces: string[] = [];
    for await (const piece of answer.textStream) {
      pieces.push(piece);
    }
    expect(pieces.join('')).toBe(ANSWER);
    expect(pieces.length).toBeGreaterThan(10);
    expect((await answer.usage).outputTokens).toBeGreaterThan(10);
  });

  it('calls a tool and goes on with its result', async () => {
    const asked: unknown[] = [];
    const { steps } = await generateText({
      model: nim(MODEL),
      prompt: QUESTION,
      temperature: 0,
      tools: {
        weather: tool({
          description: 'Weather of a city',
          inputSchema: City,
          execute: async (input) => {
            asked.push(input);
            return 'rain';
          },
        }),
      },
      prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' }),
      stopWhen: stepCountIs(2),
    });
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(asked).toHaveLength(steps[0]?.toolCalls.length as number);
    expect(asked[0]).toEqual({ city: expect.stringMatching(/^(Oslo|Rome)$/) });
  });

  it('streams a tool call', async () => {
    const answer = streamText({
      model: nim(MODEL),
      prompt: QUESTION,
      temperature: 0,
      tools: { weather: tool({ inputSchema: City }) },
      toolChoice: { type: 'tool', toolName: 'weather' },
    });
    const [call] = await answer.toolCalls;
    expect(City.parse(call?.input)).toEqual(call?.input);
  });

  it('generates an object', async () => {
    const { output } = await generateText({
      model: nim(MODEL),
      prompt: QUESTION,
      temperature: 0,
      output: Output.object({ schema: City }),
    });
    expect(City.parse(output)).toEqual(output);
  });

  it('throws its own errors', async () => {
    const error = await generateText({ model: nim('other'), prompt: 'x', maxRetries: 0 }).catch((thrown) => thrown);
    expect(APICallError.isInstance(error)).toBe(true);
    expect([error.statusCode, error.isRetryable]).toEqual([404, false]);
    expect(error.message).toContain('model is "other"');
  });

  it('aborts, and the server stops computing', async () => {
    const gone = new AbortController();
    const answer = streamText({
      model: nim.completionModel(MODEL),
      prompt: 'The',
      maxOutputTokens: 1900,
      providerOptions: { nim: { ignore_eos: true } },
      abortSignal: gone.signal,
    });
    for await (const _ of answer.textStream) {
      gone.abort();
    }
    await expectIdle(served);
    expect(await served.metric('vllm:generation_tokens_total')).toBeLessThan(1900);
  });
});
