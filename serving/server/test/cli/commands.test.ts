import { beforeAll, describe, expect, it } from 'vitest';
import { engineAddon, hasCompiler } from '../support/engine-build.js';
import { cli } from './support.js';

const WHAT_IS_A_TOKEN =
  'A token is a piece of text that a model reads or writes at once: a word, a part of a word, or a sign.\n';

describe.skipIf(!hasCompiler)('nim-serving', () => {
  beforeAll(() => engineAddon(), 900_000);

  it('generate answers a question', async () => {
    expect(await cli(['generate', 'What is a token?'])).toEqual({ status: 0, out: WHAT_IS_A_TOKEN, err: '' });
  });

  it('generate reads the question from standard input', async () => {
    expect((await cli(['generate', '-'], 'What is a token?')).out).toBe(WHAT_IS_A_TOKEN);
  });

  it('generate --max-tokens ends early, and --stats tells the figures', async () => {
    const { out, err } = await cli(['generate', '--max-tokens', '4', '--stats', 'What is a token?']);
    expect(WHAT_IS_A_TOKEN.startsWith(out.trimEnd())).toBe(true);
    expect(err).toMatch(
      /^\d+ tokens of prompt, the first token after [\d.]+ ms, then [\d.]+ tokens\/s; 4 tokens written\n$/,
    );
  });

  it('generate --raw continues a text', async () => {
    const { status, out } = await cli(['generate', '--raw', '--max-tokens', '6', '## Caches and']);
    expect([status, out]).toEqual([0, expect.stringMatching(/^ stores\n/)]);
  });

  it('generate with a seed gives the same text again, with another seed another', async () => {
    const ask = (seed: number) =>
      cli(['generate', '--temperature', '2', '--max-tokens', '30', `--seed=${seed}`, 'Something new']);
    const [first, again, other] = [await ask(1), await ask(1), await ask(2)];
    expect(again.out).toBe(first.out);
    expect(other.out).not.toBe(first.out);
  });

  it('generate ends with status 130 when it is interrupted', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await cli(['generate', '--raw', '## '], '', abort)).toEqual({
      status: 130,
      out: expect.any(String),
      err: '',
    });
  });

  it('generate says in one line what does not fit', async () => {
    const { status, out, err } = await cli(['generate', '--memory', '10MiB', 'Hi']);
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(
      /^too little memory: [\d.]+ MiB are needed \(weights 6\.3 MiB, .*\), 10\.0 MiB are there: .*\n$/,
    );
  });

  it('bench prints its figures as JSON', async () => {
    const { status, out } = await cli([
      'bench',
      '--batch',
      '1,4',
      '--context',
      '64',
      '--output',
      '64',
      '--repeats',
      '2',
    ]);
    const { results, repeats } = JSON.parse(out);
    expect([status, repeats]).toEqual([0, 2]);
    expect(results).toEqual(
      [1, 4].map((batch) => ({
        batch,
        context: 64,
        output: 64,
        firstTokenMs: expect.any(Number),
        prefillTokensPerSecond: expect.any(Number),
        decodeTokensPerSecond: expect.any(Number),
      })),
    );
  });

  it('inspect tells what the checkpoint is, and what it needs', async () => {
    const { out } = await cli(['inspect', '--context', '1000', '--concurrency', '8']);
    expect(out).toMatch('LlamaForCausalLM of 3.28 million parameters: 4 layers, hidden size 256, 4 heads on 2 of');
    expect(out).toMatch('8 requests of 1,000 tokens at once need:');
    // 63 pages for each request; a page has keys and values of 16 tokens, 4 layers, 2 heads of 64, in 2 bytes.
    expect(out).toMatch(/ {2}KV pages +15\.75 MiB: 504 of 32,768 bytes\n/);
  });

  it('inspect --json has the same figures, which add up', async () => {
    const { out } = await cli(['inspect', '--json', '--context', '1000', '--concurrency', '8', '--memory', '20MiB']);
    const { pages, pageBytes, lines, hostLines, neededBytes, freeBytes, fits } = JSON.parse(out);
    const sum = [...lines, ...hostLines].reduce((total: number, line: { bytes: number }) => total + line.bytes, 0);
    expect([pages, pageBytes, neededBytes, freeBytes, fits]).toEqual([504, 32_768, sum, 20 * 2 ** 20, false]);
  });

  it('inspect plans for a GPU that is not here, of a memory that is given', async () => {
    const { out } = await cli(['inspect', '--backend', 'cuda-8.9', '--context', '1000', '--memory', '22GiB']);
    expect(out).toMatch('on a GPU of compute capability 8.9, by arithmetic');
    expect(out).toMatch(/ {2}sums of a product's first slice +20\.00 MiB\n/);
    expect(out).toMatch(/ {2}free +22\.00 GiB: it fits\n/);
    const { status, err } = await cli(['inspect', '--backend', 'cuda-8.9']);
    expect([status, err]).toEqual([
      1,
      'backend is "cuda-8.9", a GPU that is not asked what it has free: give the memory to plan for, such as 22GiB\n',
    ]);
  });

  it('inspect names what a model cannot do', async () => {
    const { status, err } = await cli(['inspect', '--context', '4096']);
    expect([status, err]).toEqual([
      1,
      expect.stringMatching(/^max_context is 4096: the model of .* was made for 2048 tokens; give at most that\n$/),
    ]);
  });
});
