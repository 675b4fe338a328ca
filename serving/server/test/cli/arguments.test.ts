import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli } from './support.js';

const empty = mkdtempSync(join(tmpdir(), 'no-checkpoint-'));

describe('words that make no sense end with status 2 and one line', () => {
  it.each([
    ['a command that does not exist', ['generte'], 'nim-serving has no command generte; did you mean generate?'],
    ['a name that objects have', ['constructor'], 'nim-serving has no command constructor; see nim-serving --help'],
    [
      'a misspelt option',
      ['generate', '--temprature', '1', 'Hi'],
      'nim-serving generate has no option --temprature; did you mean --temperature?',
    ],
    ['an option of nothing', ['bench', '--zzz'], 'nim-serving bench has no option --zzz; see nim-serving bench --help'],
    [
      'a number out of range',
      ['generate', '--temperature', '11', 'Hi'],
      'nim-serving generate: --temperature is "11", allowed is a number from 0 to 10; write --temperature X',
    ],
    [
      'a number that is none',
      ['inspect', '--concurrency=many'],
      'nim-serving inspect: --concurrency is "many", allowed is a whole number from 1 to 4096; write --concurrency 1',
    ],
    [
      'numbers with a hole',
      ['bench', '--batch', '1,,8'],
      'nim-serving bench: --batch is "1,,8", allowed is whole numbers from 1 to 4096, with commas between; write --batch 1',
    ],
    [
      'a size without its unit',
      ['generate', '--memory', '4', 'Hi'],
      'nim-serving generate: --memory is "4", allowed is a size such as 512MiB or 4GiB; write --memory SIZE',
    ],
    [
      'a backend that does not exist',
      ['inspect', '--backend', 'gpu'],
      'nim-serving inspect: --backend is "gpu", allowed is auto, cpu, reference, cuda, cuda-8.0, cuda-8.6, cuda-8.9, cuda-9.0; write --backend auto',
    ],
    [
      'an option without its value',
      ['generate', 'Hi', '--seed'],
      'nim-serving generate: --seed is without a value, allowed is a whole number from 0 to 281474976710656; write --seed 0',
    ],
    [
      'a switch with a value',
      ['generate', 'Hi', '--raw=yes'],
      'nim-serving generate: --raw is "yes", allowed is nothing; write --raw',
    ],
    [
      'no text',
      ['generate'],
      'nim-serving generate takes one text, given are 0; write: nim-serving generate "What is NIM?"',
    ],
    [
      'a text without its quotes',
      ['generate', 'What', 'is', 'NIM?'],
      'nim-serving generate takes one text, given are 3; write: nim-serving generate "What is NIM?"',
    ],
    ['a text for a bench', ['bench', 'm'], 'nim-serving bench takes no text, given is "m"; write --model m'],
    ['a text to inspect', ['inspect', 'm'], 'nim-serving inspect takes no text, given is "m"; write --model m'],
    [
      'a system message without a chat',
      ['generate', '--raw', '--system', 'Be brief.', 'Hi'],
      'nim-serving generate: --system is given, but --raw has no messages; leave it out',
    ],
  ])('%s', async (_, argv, message) => {
    expect(await cli(argv)).toEqual({ status: 2, out: '', err: `${message}\n` });
  });

  it('a folder without a checkpoint ends with status 1', async () => {
    expect(await cli(['generate', '--model', empty, 'Hi'])).toEqual({
      status: 1,
      out: '',
      err: `${empty} has no config.json; give the folder of a Hugging Face checkpoint, which has it beside *.safetensors\n`,
    });
  });
});

describe('help', () => {
  it('lists the commands', async () => {
    const { status, out } = await cli(['--help']);
    expect([status, out.match(/^ {2}\w+/gm)]).toEqual([0, ['  generate', '  bench', '  inspect']]);
  });

  it('without a command goes to standard error, with status 2', async () => {
    const { status, out, err } = await cli([]);
    expect([status, out]).toEqual([2, '']);
    expect(err).toBe((await cli(['--help'])).out);
  });

  it.each(['generate', 'bench', 'inspect'])('of %s names every option once', async (name) => {
    const { status, out } = await cli([name, '--help']);
    const named = out.match(/^ {2}--[a-z-]+/gm) ?? [];
    expect(status).toBe(0);
    expect(new Set(named).size).toBe(named.length);
    expect(named).toContain('  --model');
  });
});
