import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a reader before it counts as gone. A token's chunk has some 200. */
const MOST_WAITING = 1 << 20;

/**
 * Server-sent events to one client. A slow reader never holds the engine: its chunks wait here, and one that lets too many
 * wait is cut off, which `onGone` tells.
 *
 * What a step of the engine sends is one write a client, when the step's tokens have all been delivered. The write goes to
 * the socket, with the chunk's length before it: `response.write` takes three buffers and two callbacks for each chunk, and
 * nearly half of the time that a token costs.
 */
export class EventStream {
  private open = true;
  private waiting = '';

  public constructor(
    private readonly response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    private readonly onGone: () => void,
  ) {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      connection: 'keep-alive',
      ...headers,
    });
    response.flushHeaders();
    response.on('close', () => this.gone());
    response.on('error', () => this.gone());
    // A client can go away while its prompt is encoded.
    if (response.destroyed) {
      this.gone();
    }
  }

  /** @param json text of one JSON value */
  public send(json: string): void {
    this.push(`data: ${json}\n\n`);
  }

  /** An event that says its type twice, in a line of its own and in its JSON, as newer APIs have it. */
  public sendNamed(event: { readonly type: string }): void {
    this.push(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** @param last what readers wait for at the end; newer APIs have an event of their own */
  public end(last = 'data: [DONE]\n\n'): void {
    if (this.open) {
      this.waiting += last;
      this.write();
      this.open = false;
      this.response.end();
    }
  }

  private push(text: string): void {
    if (!this.open) {
      return;
    }
    if (this.waiting === '') {
      writeSoon(this);
    }
    this.waiting += text;
  }

  /** Writes what waits. */
  public write(): void {
    const { response, waiting } = this;
    this.waiting = '';
    if (!this.open || waiting === '') {
      return;
    }
    // A response whose turn on its connection has not come has no socket yet, and one to HTTP/1.0 no chunks.
    const socket = response.chunkedEncoding ? response.socket : null;
    if ((socket ?? response).writableLength > MOST_WAITING) {
      response.destroy();
      this.gone();
    } else if (socket) {
      socket.write(`${Buffer.byteLength(waiting).toString(16)}\r\n${waiting}\r\n`);
    } else {
      response.write(waiting);
    }
  }

  private gone(): void {
    if (this.open) {
      this.open = false;
      this.onGone();
    }
  }
}

let soon: EventStream[] = [];

/** One callback for all streams of a step, once its tokens have been delivered. */
function writeSoon(stream: EventStream): void {
  if (soon.push(stream) === 1) {
    queueMicrotask(() => {
      const streams = soon;
      soon = [];
      for (const each of streams) {
        each.write();
      }
    });
  }
}
