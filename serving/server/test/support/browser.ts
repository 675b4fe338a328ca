import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const found = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** Why no page can be opened, or false. */
export const chromiumMissing = found ? false : 'no Chromium';

interface Reply {
  readonly id: number;
  readonly result: unknown;
  readonly error?: { readonly message: string };
}

/** A page in a headless Chromium that reaches this machine alone, driven by the DevTools protocol over a pipe. */
export class BrowserPage {
  /** Opens a page and waits until it is loaded. */
  public static async open(url: string): Promise<BrowserPage> {
    const page = new BrowserPage();
    const { targetId } = await page.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const attached = await page.call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
    page.session = attached.sessionId;
    await page.resize(1040, 900);
    await page.call('Page.enable');
    const loaded = page.event('Page.loadEventFired');
    await page.call('Page.navigate', { url });
    await loaded;
    return page;
  }

  private readonly child: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'nim-constructs-browser-'));
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private readonly listeners = new Map<string, () => void>();
  private session: string | undefined;
  private calls = 0;

  private constructor() {
    this.child = spawn(
      found as string,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--hide-scrollbars',
        '--remote-debugging-pipe',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
        `--user-data-dir=${this.folder}`,
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    let rest = '';
    (this.child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const messages = (rest + text).split('\0');
      rest = messages.pop() as string;
      for (const message of messages) {
        this.take(JSON.parse(message));
      }
    });
  }

  /** What an expression of the page's own language is, its promise awaited. */
  public async evaluate<T>(expression: string): Promise<T> {
    const parameters = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.call<{
      result: { value: T };
      exceptionDetails?: { exception?: { description: string } };
    }>('Runtime.evaluate', parameters);
    if (exceptionDetails) {
      throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    }
    return result.value;
  }

  /** Waits until an expression is true. */
  public async until(expression: string, timeoutMs = 20_000): Promise<void> {
    const begin = performance.now();
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() - begin > timeoutMs) {
        const text = await this.evaluate<string>('document.body.innerText');
        throw new Error(`not true within ${timeoutMs} ms: ${expression}; the page shows: ${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  public async type(text: string): Promise<void> {
    await this.call('Input.insertText', { text });
  }

  public async press(key: 'Enter'): Promise<void> {
    for (const type of ['keyDown', 'keyUp']) {
      await this.call('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: 13, text: '\r' });
    }
  }

  public async dark(dark: boolean): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await this.call('Emulation.setEmulatedMedia', { features });
  }

  public async resize(width: number, height: number): Promise<void> {
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** A picture of what the window shows, as PNG. */
  public async picture(): Promise<Buffer> {
    const { data } = await this.call<{ data: string }>('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data, 'base64');
  }

  public async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  private call<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.calls;
    const message = JSON.stringify({ id, method, params, ...(this.session && { sessionId: this.session }) });
    (this.child.stdio[3] as Writable).write(`${message}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as T),
      );
    });
  }

  private event(method: string): Promise<void> {
    return new Promise((resolve) => {
      this.listeners.set(method, resolve);
    });
  }

  private take(message: Partial<Reply> & { readonly method?: string }): void {
    if (message.id === undefined) {
      this.listeners.get(message.method ?? '')?.();
      return;
    }
    this.waiting.get(message.id)?.(message as Reply);
    this.waiting.delete(message.id);
  }
}
