import { connect } from 'node:net';

const EVENT = Buffer.from('data: ');
const DONE = 'data: [DONE]';

/** One answer, as its client saw it. */
export interface Seen {
  /** Events, `[DONE]` left out. */
  readonly events: number;
  /** Milliseconds from the request to its first event. */
  readonly firstMs: number;
}

/** One streamed chat request. */
export function stream(port: number, tokens: number, prompt: string): Promise<Seen> {
  const body = { messages: [{ role: 'user', content: prompt }], max_tokens: tokens, stream: true };
  return request(port, '/v1/chat/completions', body);
}

/** Sends one request over a connection of its own, on a bare socket: a client that parses would be what is measured. */
export function request(port: number, path: string, json: object): Promise<Seen> {
  const body = JSON.stringify(json);
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    let [events, begin, firstMs] = [0, 0, 0];
    let rest = Buffer.alloc(0);
    socket.once('connect', () => {
      begin = performance.now();
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
    socket.on('data', (chunk) => {
      const text = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let at = 0;
      for (let found = text.indexOf(EVENT); found >= 0; found = text.indexOf(EVENT, at)) {
        events++;
        at = found + EVENT.length;
      }
      firstMs ||= events > 0 ? performance.now() - begin : 0;
      // The mark of the end may be cut in two, as may the beginning of an event.
      const end = text.subarray(-64).toString('latin1');
      if (end.includes(DONE)) {
        socket.destroy();
        resolve({ events: events - 1, firstMs });
      }
      rest = text.subarray(Math.max(at, text.length - EVENT.length + 1));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the server closed after ${events} events`)));
  });
}
