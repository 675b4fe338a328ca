import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Served } from '../contract/process.js';
import { ANSWER, BLUEPRINT_MODEL, endServer, engineMissing, KEY, QUESTION, START_MS, startServer } from './started.js';

describe.skipIf(engineMissing)(`the EKS blueprint${engineMissing ? ` (${engineMissing})` : ''}`, () => {
  let served: Served;
  beforeAll(async () => {
    served = await startServer();
  }, START_MS);
  afterAll(() => endServer(served));

  // What the blueprint sends to a port-forwarded service to see whether it answers.
  it('has its own request answered, with usage and stop_reason', async () => {
    const response = await fetch(`${served.base}/v1/chat/completions`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify({
        model: BLUEPRINT_MODEL,
        messages: [{ role: 'user', content: QUESTION }],
        top_p: 1,
        n: 1,
        max_tokens: 1024,
        stream: false,
        frequency_penalty: 0.0,
        stop: ['STOP'],
      }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop', stop_reason: null },
      ],
      usage: { prompt_tokens: 17, completion_tokens: 32, total_tokens: 49 },
    });
  });
});
