import { extname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { TokenGrammar } from '../generation/token-grammar.js';
import { ApiError } from '../openai/api-error.js';
import type { GrammarSpec } from './grammar-spec.js';
import type { FromGrammars, ToGrammars, Vocabulary } from './messages.js';

export interface GrammarsOptions {
  /** Milliseconds that compiling a grammar may take. */
  readonly compileMs?: number;
}

/**
 * Grammars over one vocabulary, on threads of their own. A grammar is first compiled on a thread that is thrown away if it
 * fails or takes too long, then on the one that serves: so no grammar ends, or delays, the answers of others.
 */
export class Grammars {
  private serving: Promise<GrammarThread> | undefined;
  private trying: Promise<GrammarThread> | undefined;
  private readonly known = new Set<string>();
  private readonly compileMs: number;

  public constructor(
    private readonly vocabulary: Vocabulary,
    options: GrammarsOptions = {},
  ) {
    this.compileMs = options.compileMs ?? 5_000;
  }

  /**
   * A grammar for each of `count` outputs.
   *
   * @throws ApiError 400 for a grammar that cannot be read or takes too long
   */
  public openAll(spec: GrammarSpec, count: number): Promise<TokenGrammar[]> {
    return Promise.all(Array.from({ length: count }, () => this.open(spec)));
  }

  /** @throws ApiError 400 for a grammar that cannot be read or takes too long */
  public async open(spec: GrammarSpec): Promise<TokenGrammar> {
    const key = JSON.stringify(spec);
    if (!this.known.has(key)) {
      await this.try(spec);
      this.remember(key);
    }
    this.serving ??= GrammarThread.start(this.vocabulary).catch((error) => {
      this.serving = undefined;
      throw error;
    });
    return (await this.serving).open(spec);
  }

  public async close(): Promise<void> {
    const threads = [this.serving, this.trying];
    this.serving = undefined;
    this.trying = undefined;
    // A thread that did not start has told so to its caller.
    await Promise.allSettled(threads.map(async (thread) => (await thread)?.end()));
  }

  private async try(spec: GrammarSpec): Promise<void> {
    this.trying ??= GrammarThread.start(this.vocabulary).catch((error) => {
      this.trying = undefined;
      throw error;
    });
    const thread = await this.trying;
    let timer: NodeJS.Timeout | undefined;
    try {
      const tooLong = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () =>
            reject(
              new ApiError(
                'BadRequestError',
                `the grammar takes more than ${this.compileMs / 1000} s to compile; simplify it`,
              ),
            ),
          this.compileMs,
        );
      });
      const session = await Promise.race([thread.open(spec), tooLong]);
      session.close();
      if (session.first.every((allowed) => allowed === 0)) {
        throw new ApiError('BadRequestError', 'the grammar allows no text at all; give it a rule that comes to an end');
      }
    } catch (error) {
      this.trying = undefined;
      await thread.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Bounded: a client that never repeats a grammar must not fill the memory. */
  private remember(key: string): void {
    if (this.known.size >= 1000) {
      this.known.clear();
    }
    this.known.add(key);
  }
}

interface Waiting {
  readonly resolve: (mask: Uint32Array | undefined) => void;
  readonly reject: (error: Error) => void;
}

class GrammarThread {
  public static async start(vocabulary: Vocabulary): Promise<GrammarThread> {
    const { pathname } = new URL(import.meta.url);
    const worker = startWorker(new URL(`./worker${extname(pathname)}`, import.meta.url), {
      workerData: vocabulary,
      stdout: true,
      stderr: true,
    });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', reject);
    });
    return new GrammarThread(worker);
  }

  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private sessions = 0;
  /** The library says why it aborts on stderr alone. */
  private said = '';

  private constructor(private readonly worker: Worker) {
    worker.unref();
    worker.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-4096);
    });
    worker.stdout.resume();
    worker.on('message', (message: FromGrammars) => {
      const waiting = this.waiting.get(message.call);
      this.waiting.delete(message.call);
      if ('refused' in message) {
        waiting?.reject(new Error(message.refused));
      } else {
        waiting?.resolve(message.mask);
      }
    });
    worker.on('error', () => this.failAll());
    worker.on('exit', () => this.failAll());
  }

  public async open(spec: GrammarSpec): Promise<TokenGrammar> {
    const session = this.sessions++;
    const first = await this.call({ kind: 'open', call: this.calls++, session, spec });
    return {
      first: first as Uint32Array,
      accept: (token) => this.call({ kind: 'accept', call: this.calls++, session, token }),
      close: () => this.worker.postMessage({ kind: 'close', session } satisfies ToGrammars),
    };
  }

  public async end(): Promise<void> {
    await this.worker.terminate();
  }

  private call(message: Exclude<ToGrammars, { kind: 'close' }>): Promise<Uint32Array | undefined> {
    return new Promise((resolve, reject) => {
      this.waiting.set(message.call, { resolve, reject });
      this.worker.postMessage(message);
    });
  }

  private failAll(): void {
    // The words after the library's own file and line are the reason.
    const reason = /\[FATAL\] \S+ (.*)/.exec(this.said)?.[1] ?? 'the grammar library ended';
    for (const { reject } of this.waiting.values()) {
      reject(new ApiError('BadRequestError', `the grammar cannot be used: ${reason}`));
    }
    this.waiting.clear();
  }
}

/** In the image the sources are compiled; in a clone a thread has to be taught TypeScript first. */
function startWorker(file: URL, options: WorkerOptions): Worker {
  if (!file.pathname.endsWith('.ts')) {
    return new Worker(file, options);
  }
  const entry = `import('tsx/esm/api').then(({ register }) => (register(), import(${JSON.stringify(file.href)})))`;
  return new Worker(entry, { ...options, eval: true });
}
