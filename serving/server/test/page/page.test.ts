import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER, endServer, engineMissing, KEY, MODEL, QUESTION, START_MS, startServer } from '../clients/started.js';
import type { Served } from '../contract/process.js';
import { BrowserPage, chromiumMissing } from '../support/browser.js';

const missing = engineMissing || chromiumMissing;
const source = readFileSync(fileURLToPath(new URL('../../page/index.html', import.meta.url)), 'utf8');

it('needs nothing from elsewhere', () => {
  expect(source).not.toMatch(/https?:\/\/|@import|\bsrc=|: *url\(/);
});

describe.skipIf(missing)(`the page of the server${missing ? ` (${missing})` : ''}`, () => {
  let served: Served;
  let page: BrowserPage;
  beforeAll(async () => {
    served = await startServer();
    page = await BrowserPage.open(`${served.base}/`);
  }, START_MS);
  afterAll(async () => {
    await page.close();
    await endServer(served);
  });

  const shown = (id: string) => page.evaluate<string>(`document.getElementById('${id}').textContent`);

  it('shows the model and that it is ready', async () => {
    await page.until("document.title !== 'Serving'");
    expect([await shown('model'), await shown('state'), await shown('base')]).toEqual([
      MODEL,
      'ready',
      `${served.base}/v1`,
    ]);
    expect(await shown('about')).toMatch(/^2,048 tokens of context · release /);
    expect(await shown('kv-note')).toMatch(/^of [\d,]+ tokens$/);
  });

  it('asks for the key, and then chats', async () => {
    await page.evaluate("document.querySelector('#start button').click()");
    await page.until("!document.getElementById('key-form').hidden");
    await page.type(KEY);
    await page.press('Enter');
    await page.until("document.querySelector('#log .assistant small')");
    expect(await page.evaluate("document.querySelector('#log .user').textContent")).toBe(QUESTION);
    expect(await page.evaluate("document.querySelector('#log .assistant').firstChild.textContent")).toBe(ANSWER);
    expect(await page.evaluate("document.querySelector('#log small').textContent")).toMatch(
      /^32 tokens · first after [\d.]+ m?s · [\d,]+ tokens\/s$/,
    );
  });

  it('shows figures of what was asked', async () => {
    await page.until("document.getElementById('ttft').textContent !== 'no request'");
    expect(await shown('ttft')).toMatch(/^[\d.]+ m?s$/);
    expect(await shown('rate-note')).toBe('32 since the start');
  });

  it('writes an answer as text, whatever is in it, and a failure in red', async () => {
    await page.evaluate("document.getElementById('text').focus()");
    await page.type('<img src=x onerror=document.title=1>'.repeat(200));
    await page.press('Enter');
    await page.until("document.querySelector('#log .failed')");
    expect(await page.evaluate("document.querySelector('#log .failed').textContent")).toMatch(
      /^the prompt has \d+ tokens/,
    );
    expect(await page.evaluate("document.querySelectorAll('#log img').length")).toBe(0);
  });

  it('stops an answer where the reader wants no more', async () => {
    await page.evaluate("document.getElementById('new').click()");
    expect(await page.evaluate("document.querySelectorAll('#log .user').length")).toBe(0);
    await page.evaluate("document.querySelector('#start button').click(); document.getElementById('send').click()");
    await page.until("document.getElementById('send').textContent === 'Send'");
    expect(await page.evaluate("document.querySelectorAll('#log .failed').length")).toBe(0);
  });

  it.each([
    ['wide', 1040, false],
    ['dark', 1040, true],
    ['narrow', 390, false],
  ] as const)('fits its window: %s', async (_, width, dark) => {
    await page.resize(width, 844);
    await page.dark(dark);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect((await page.picture()).length).toBeGreaterThan(10_000);
  });

  it('says that the server is gone', async () => {
    served.container.signal('SIGKILL');
    await page.until("document.getElementById('state').textContent === 'no answer'");
  });
});
