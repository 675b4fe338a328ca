import { request } from 'node:http';

/** One streamed answer, as its client saw it. */
export interface Streamed {
  /** When each event with text came, on the clock of `performance.now()`. */
  readonly times: readonly number[];
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Sends one chat with `stream` and reads it to its end, over a connection of its own. */
export function streamedChat(port: number, prompt: string, maxTokens: number): Promise<Streamed> {
  const body = JSON.stringify({
    messages: [{ role: 'user', content: prompt }],
    max_tokens: maxTokens,
    temperature: 0,
    ignore_eos: true,
    stream: true,
    stream_options: { include_usage: true },
  });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', headers, agent: false },
      (response) => {
        const times: number[] = [];
        let last = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          const now = performance.now();
          const events = text.split('data: ').length - 1;
          times.push(...Array<number>(events).fill(now));
          last = (last + text).slice(-1000);
        });
        response.on('error', reject).on('end', () => {
          const [, prompts, completions] = /"prompt_tokens":(\d+).*?"completion_tokens":(\d+)/.exec(last) ?? [];
          if (completions === undefined) {
            reject(new Error(`${response.statusCode}, and no usage at the end: ${last}`));
          }
          // The first event names the role; the last two are the usage and [DONE].
          resolve({
            times: times.slice(1, -2),
            promptTokens: Number(prompts),
            completionTokens: Number(completions),
          });
        });
      },
    );
    sent.on('error', reject).end(body);
  });
}

/** Milliseconds of a GET with status 200; an error otherwise. */
export async function getMs(port: number, path: string): Promise<number> {
  const begin = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.arrayBuffer();
  if (response.status !== 200) {
    throw new Error(`${path} answered ${response.status}`);
  }
  return performance.now() - begin;
}
