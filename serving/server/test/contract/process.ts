import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Trial } from './check.js';
import { compiledServer } from './compiled.js';

type Env = Readonly<Record<string, string>>;

/** A process of the container: its entry point with arguments and environment. */
export class Container {
  public stdout = '';
  public stderr = '';
  public readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  public constructor(argv: readonly string[], env: Env, trial?: Trial) {
    trial?.sent([...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...argv].join(' '));
    this.child = spawn(process.execPath, [compiledServer(), ...argv], {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TMPDIR: tmpdir(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => this.child.once('close', resolve));
  }

  public get pid(): number {
    return this.child.pid ?? 0;
  }

  public get lastLine(): string {
    return this.stderr.trimEnd().split('\n').at(-1) ?? '';
  }

  public signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits for a line of the log. */
  public async line(pattern: RegExp): Promise<RegExpExecArray> {
    let ended = false;
    void this.exited.then(() => {
      ended = true;
    });
    for (;;) {
      const found = pattern.exec(this.stderr);
      if (found) {
        return found;
      }
      if (ended) {
        throw new Error(`the process ended before it wrote ${pattern}: ${this.stderr}`);
      }
      await sleep(10);
    }
  }
}

/** Runs a command of the container to its end. */
export async function command(
  argv: readonly string[],
  env: Env,
  trial: Trial,
): Promise<{ status: number | null; stdout: string; stderr: string; lastLine: string }> {
  const container = new Container(argv, env, trial);
  const status = await container.exited;
  const { stdout, stderr, lastLine } = container;
  trial.saw(`exit ${status}; last line: ${lastLine}`);
  return { status, stdout, stderr, lastLine };
}

/** A started server: the process, and calls to it over its socket. */
export class Served {
  public static async start(options: { argv?: readonly string[]; env?: Env; trial?: Trial } = {}): Promise<Served> {
    const env = {
      NIM_SERVER_PORT: '0',
      NIM_JSONL_LOGGING: '1',
      NIM_LOG_LEVEL: 'INFO',
      NIM_MEMORY_BYTES: '256MiB',
      NIM_CACHE_PATH: folder(),
      ...options.env,
    };
    const container = new Container(options.argv ?? [], env, options.trial);
    const [, port] = await container.line(/listening on port (\d+)/);
    return new Served(container, Number(port));
  }

  private constructor(
    public readonly container: Container,
    public readonly port: number,
  ) {}

  public get base(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  public async ready(): Promise<void> {
    await this.container.line(/Application is ready/);
  }

  public async get(trial: Trial, path: string, init: RequestInit = {}): Promise<Answer> {
    trial.sent(`${init.method ?? 'GET'} ${path}${init.body ? ` ${String(init.body).slice(0, 300)}` : ''}`);
    const response = await fetch(`${this.base}${path}`, init);
    const text = await response.text();
    trial.saw(`${response.status} ${text.replaceAll('\n', '\\n')}`);
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  public post(trial: Trial, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.get(trial, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** The value of a metric; 0 where it has no sample. */
  public async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.base}/v1/metrics`)).text();
    const line = text
      .split('\n')
      .find((candidate) => candidate.startsWith(`${name}{`) || candidate.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  public async stop(): Promise<number | null> {
    this.container.signal('SIGTERM');
    return this.container.exited;
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: the checks look at bodies of any shape.
  readonly json: any;
}

/** The values of a stream's events, and whether its last one is `[DONE]`. */
export function events(answer: Pick<Answer, 'text'>): { readonly chunks: Answer['json'][]; readonly done: boolean } {
  const data = answer.text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
  return { chunks: data.filter((text) => text !== '[DONE]').map(parsed), done: data.at(-1) === '[DONE]' };
}

export const folder = (): string => mkdtempSync(join(tmpdir(), 'contract-'));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
