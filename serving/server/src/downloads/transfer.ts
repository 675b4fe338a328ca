import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DownloadError } from './download-error.js';

/** One file to fetch. */
export interface RemoteFile {
  /** Name for people: the file's path inside its repository. */
  readonly name: string;
  /** Where it is. A function, since a signed address ages while other files are fetched. */
  readonly url: () => Promise<string>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, where the source says so beforehand. */
  readonly size?: number;
  readonly checksum?: Checksum;
}

export interface Checksum {
  readonly algorithm: 'sha256' | 'sha1-git';
  /** Lower-case hexadecimal. */
  readonly digest: string;
}

export interface TransferOptions {
  /** Attempts that make no progress before the file is given up. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubles with each further one up to 30 s, and Retry-After goes before it. */
  readonly backoffMs?: number;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly stallMs?: number;
  readonly onBytes?: (bytes: number) => void;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

const DEFAULTS = { attempts: 6, backoffMs: 500, stallMs: 30_000 };

/**
 * Fetches a file to `target`. Bytes go to `target.incomplete`, which a later attempt or a later process continues; only a
 * file whose size and checksum are right is renamed to `target`. So `target` is whole wherever it exists.
 *
 * @throws DownloadError in one line, once the attempts are used up or where another attempt cannot help
 */
export async function transfer(file: RemoteFile, target: string, options: TransferOptions = {}): Promise<void> {
  const { attempts, backoffMs } = { ...DEFAULTS, ...options };
  await mkdir(dirname(target), { recursive: true });
  if (await exists(target)) {
    return;
  }
  const partial = `${target}.incomplete`;
  let failures = 0;
  for (;;) {
    const before = await sizeOf(partial);
    try {
      await attempt(file, partial, options);
      await verify(file, partial);
      await rename(partial, target);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof DownloadError && !error.retryable) {
        throw error;
      }
      const reason = error instanceof Error ? error.message : String(error);
      failures = (await sizeOf(partial)) > before ? 1 : failures + 1;
      if (failures >= attempts) {
        throw new DownloadError(`${file.name}: given up after ${attempts} attempts without progress: ${reason}`);
      }
      const asked = error instanceof DownloadError ? error.retryAfterMs : undefined;
      await sleep(asked ?? Math.min(backoffMs * 2 ** (failures - 1), 30_000), undefined, { signal: options.signal });
    }
  }
}

async function attempt(file: RemoteFile, partial: string, options: TransferOptions): Promise<void> {
  const stallMs = options.stallMs ?? DEFAULTS.stallMs;
  const get = options.fetch ?? fetch;
  let have = await sizeOf(partial);
  if (file.size !== undefined && have > file.size) {
    await rm(partial);
    have = 0;
  }
  if (file.size !== undefined && have === file.size && have > 0) {
    return;
  }
  // One controller that both may abort: what AbortSignal.any makes can be collected in Node 20 before it fires
  // (nodejs/node issue 54614), and then nothing ends the attempt.
  const ended = new AbortController();
  const giveUp = () => ended.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', giveUp);
  const stop = () =>
    ended.abort(new DownloadError(`${file.name}: no byte for ${stallMs / 1000} s`, { retryable: true }));
  let timer = setTimeout(stop, stallMs);
  const orEnd = endingWith(ended.signal);
  if (options.signal?.aborted) {
    giveUp();
  }
  try {
    const headers = {
      'accept-encoding': 'identity',
      ...file.headers,
      ...(have > 0 ? { range: `bytes=${have}-` } : {}),
    };
    const response = await orEnd(get(await file.url(), { headers, signal: ended.signal }));
    if (response.status === 416) {
      await rm(partial, { force: true });
      throw new DownloadError(`${file.name}: the source no longer has what was half fetched`, { retryable: true });
    }
    if (!response.ok || !response.body) {
      throw refused(file, response);
    }
    // A source without ranges answers 200 with everything: begin anew.
    const from = response.status === 206 ? have : 0;
    const out = await open(partial, from > 0 ? 'r+' : 'w');
    try {
      let position = from;
      const reader = response.body.getReader();
      for (;;) {
        const { done, value: chunk } = await orEnd(reader.read());
        if (done) {
          break;
        }
        clearTimeout(timer);
        timer = setTimeout(stop, stallMs);
        await writeAll(out, chunk, position, file.name);
        position += chunk.length;
        options.onBytes?.(chunk.length);
      }
      await out.sync();
      const expected = file.size ?? wholeLength(response, from);
      if (expected !== undefined && position < expected) {
        throw new DownloadError(`${file.name}: the connection ended at byte ${position} of ${expected}`, {
          retryable: true,
        });
      }
    } finally {
      await out.close();
    }
  } catch (error) {
    throw ended.signal.aborted ? ended.signal.reason : error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', giveUp);
  }
}

/**
 * Makes waits that end with a signal, one at a time. Node 20's fetch does not always end a body that is aborted while it is
 * read, so each wait ends by itself; racing each against one promise would leave a reaction on it for every chunk.
 */
function endingWith(signal: AbortSignal): <T>(work: Promise<T>) => Promise<T> {
  let end: (reason: unknown) => void = () => undefined;
  signal.addEventListener('abort', () => end(signal.reason), { once: true });
  return (work) =>
    new Promise((resolve, reject) => {
      end = reject;
      if (signal.aborted) {
        reject(signal.reason);
      }
      work.then(resolve, reject);
    });
}

async function writeAll(out: FileHandle, chunk: Uint8Array, position: number, name: string): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) {
      const { bytesWritten } = await out.write(chunk, done, chunk.length - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new DownloadError(
        `${name}: the disk is full at byte ${position}; give the store more space and run this again`,
      );
    }
    throw error;
  }
}

async function verify(file: RemoteFile, partial: string): Promise<void> {
  const size = await sizeOf(partial);
  if (file.size !== undefined && size !== file.size) {
    await rm(partial);
    throw new DownloadError(`${file.name}: has ${size} bytes, the source promised ${file.size}`, { retryable: true });
  }
  if (file.checksum) {
    const digest = await digestOf(partial, file.checksum.algorithm, size);
    if (digest !== file.checksum.digest) {
      await rm(partial);
      throw new DownloadError(
        `${file.name}: ${file.checksum.algorithm} is ${digest}, the source promised ${file.checksum.digest}; nothing of it was kept`,
        { retryable: true },
      );
    }
  }
}

/** sha1-git is what Git names a file's content by: its length goes before the bytes. */
async function digestOf(path: string, algorithm: Checksum['algorithm'], size: number): Promise<string> {
  const hash = createHash(algorithm === 'sha256' ? 'sha256' : 'sha1');
  if (algorithm === 'sha1-git') {
    hash.update(`blob ${size}\0`);
  }
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}

function refused(file: RemoteFile, response: Response): DownloadError {
  const { status } = response;
  const line = `${file.name}: the source answered ${status} ${response.statusText}`.trimEnd();
  if (status === 429 || status >= 500 || status === 408) {
    return new DownloadError(line, { retryable: true, retryAfterMs: retryAfter(response) });
  }
  const hint =
    status === 401 || status === 403
      ? '; set HF_TOKEN, NGC_API_KEY or AWS credentials that may read it'
      : status === 404
        ? '; check name and revision'
        : '';
  return new DownloadError(`${line}${hint}`);
}

/** Seconds or a date, at most a minute: a source that asks for more is asked again sooner. */
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  if (!value) {
    return undefined;
  }
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), 60_000);
}

function wholeLength(response: Response, from: number): number | undefined {
  const length = response.headers.get('content-length');
  return length === null || response.headers.has('content-encoding') ? undefined : from + Number(length);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
