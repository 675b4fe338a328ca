import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Served } from '../contract/process.js';

/** A started server that is abused. Whatever was done, it must be as before. */
export class Victim {
  public static async start(env: Record<string, string> = {}): Promise<Victim> {
    const served = await Served.start({ env: { NIM_MAX_NUM_SEQS: '16', ...env } });
    await served.ready();
    const victim = new Victim(served);
    // What is compiled and allocated once is no leak.
    for (let warm = 0; warm < 20; warm++) {
      await victim.answers();
    }
    return victim;
  }

  private constructor(public readonly served: Served) {}

  /** Resident memory of the process, in MiB. */
  public memoryMib(): number {
    const status = readFileSync(`/proc/${this.served.container.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** A request of somebody else is answered, and nothing is left running. */
  public async answers(): Promise<void> {
    const { status, body } = await this.post('/v1/completions', { prompt: 'The', max_tokens: 4, ignore_eos: true });
    expect([status, body.usage?.completion_tokens]).toEqual([200, 4]);
    const begin = performance.now();
    while ((await this.served.metric('vllm:num_requests_running')) > 0) {
      expect(performance.now() - begin).toBeLessThan(1000);
      await sleep(10);
    }
    expect((await fetch(`${this.served.base}/v1/health/ready`)).status).toBe(200);
  }

  // biome-ignore lint/suspicious/noExplicitAny: bodies of any shape.
  public async post(path: string, body: unknown): Promise<{ status: number; body: any }> {
    const response = await fetch(`${this.served.base}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** A connection with these bytes on it. */
  public connect(bytes = ''): Socket {
    const socket = connect(this.served.port, '127.0.0.1').on('error', () => undefined);
    socket.write(bytes);
    return socket;
  }

  /** What comes back for these bytes until the connection ends, or for a second. */
  public async raw(bytes: string | Uint8Array): Promise<string> {
    const socket = connect(this.served.port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.write(bytes);
    await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(1000)]);
    socket.destroy();
    return text;
  }

  public async stop(): Promise<void> {
    expect(await this.served.stop(), this.served.container.stderr.slice(-2000)).toBe(0);
  }
}

/** The contract's error: one of the 2.x line. */
export function expectError(given: { status: number; body: unknown }, status: number | readonly number[]): void {
  const body = given.body as { error?: { message: string; type: string; param: unknown; code: number } };
  expect(typeof status === 'number' ? [status] : status, JSON.stringify(given)).toContain(given.status);
  expect(body.error && Object.keys(body.error)).toEqual(['message', 'type', 'param', 'code']);
  expect(body.error?.code).toBe(given.status);
  expect(body.error?.message).not.toMatch(/\n|\bat [\w.<>]+ \(|node:|\.js:/);
}
