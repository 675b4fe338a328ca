import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Detokenizer, Tokenizer } from '../../src/tokenizer/index.js';

interface Vocabulary {
  readonly tokenizer: Record<string, unknown>;
  /** Ids of an empty text with special tokens. */
  readonly begin: number[];
  readonly cases: readonly { readonly text: string; readonly ids: number[]; readonly decoded: string }[];
}

// What Hugging Face's own Python library says: fixtures/make.py.
const VOCABULARIES: Record<'byte-level' | 'byte-fallback', Vocabulary> = JSON.parse(
  readFileSync(new URL('./fixtures/vocabularies.json', import.meta.url), 'utf8'),
);

function folderOf(tokenizerJson: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
  writeFileSync(join(folder, 'tokenizer.json'), tokenizerJson);
  return folder;
}
const loadJson = (json: unknown) => Tokenizer.load(folderOf(JSON.stringify(json)));
const load = (name: keyof typeof VOCABULARIES) => loadJson(VOCABULARIES[name].tokenizer);

describe.each(['byte-level', 'byte-fallback'] as const)('a %s vocabulary', (name) => {
  const { cases, begin } = VOCABULARIES[name];

  it('encodes and decodes as the Python library does', async () => {
    const tokenizer = await load(name);
    for (const { text, ids, decoded } of cases) {
      expect([...(await tokenizer.encode(text, { addSpecialTokens: false }))]).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
    expect([...(await tokenizer.encode(''))]).toEqual(begin);
  });

  it('gives the same text token by token', async () => {
    const tokenizer = await load(name);
    const space = name === 'byte-fallback' ? ' ' : '';
    for (const { ids, decoded } of cases) {
      const detokenizer = new Detokenizer(tokenizer);
      const text = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.end();
      expect(text.startsWith(' ') ? text.slice(space.length) : text).toBe(decoded);
    }
  });

  it('never splits a character, whatever tokens come', async () => {
    const tokenizer = await load(name);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(tokenizer.size - 1), { maxLength: 60 }), async (ids) => {
        const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens: false });
        const pieces = [...ids.map((id) => detokenizer.push(id)), detokenizer.end()];
        const bytes = Buffer.concat(ids.map((id) => tokenizer.bytes(id)));
        expect(pieces.join('')).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        expect(pieces.every((piece) => !/\p{Surrogate}/u.test(piece))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a detokenizer', () => {
  it('holds the bytes of a character back until it is whole', async () => {
    const tokenizer = await load('byte-fallback');
    const bytes = ['<0xF0>', '<0x9F>', '<0x9A>', '<0x80>'].map((token) => tokenizer.idOf(token) ?? -1);
    const detokenizer = new Detokenizer(tokenizer);
    expect(bytes.map((id) => detokenizer.push(id))).toEqual(['', '', '', '🚀']);
    expect(detokenizer.end()).toBe('');
    detokenizer.push(bytes[0]);
    expect(detokenizer.end()).toBe('\uFFFD');
  });

  it.each(['byte-fallback', 'byte-level'] as const)(
    'gives the text of any tokens of %s, as if decoded at once',
    async (form) => {
      const tokenizer = await load(form);
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: tokenizer.size }), { maxLength: 40 }), (tokens) => {
          const detokenizer = new Detokenizer(tokenizer, { skipSpecialTokens: false });
          const text = tokens.map((token) => detokenizer.push(token)).join('') + detokenizer.end();
          const bytes = Buffer.concat(tokens.map((token) => tokenizer.bytes(token)));
          expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
        }),
        { numRuns: 500 },
      );
    },
  );

  it('leaves special tokens out unless asked', async () => {
    const tokenizer = await load('byte-level');
    const end = tokenizer.idOf('<|eot_id|>') ?? -1;
    expect(tokenizer.isSpecial(end)).toBe(true);
    expect(new Detokenizer(tokenizer).push(end)).toBe('');
    expect(new Detokenizer(tokenizer, { skipSpecialTokens: false }).push(end)).toBe('<|eot_id|>');
    const added = tokenizer.idOf('<tool call>') ?? -1;
    expect(new Detokenizer(tokenizer).push(added)).toBe('<tool call>');
  });

  it('gives no text for an id beyond the vocabulary', async () => {
    const tokenizer = await load('byte-level');
    expect(new Detokenizer(tokenizer).push(tokenizer.size + 100)).toBe('');
  });
});

describe('a tokenizer.json that cannot be used', () => {
  const message = async (promise: Promise<unknown>) =>
    (
      await promise.then(
        () => new Error(),
        (error) => error,
      )
    ).message;

  it('is not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
    expect(await message(Tokenizer.load(folder))).toBe(
      `${folder}/tokenizer.json is not there; a checkpoint needs it beside its config.json`,
    );
  });

  it('is no JSON, or none of a tokenizer', async () => {
    const [text, object] = [folderOf('{"version"'), folderOf('{}')];
    expect(await message(Tokenizer.load(text))).toMatch(`${text}/tokenizer.json is no tokenizer.json: `);
    expect(await message(Tokenizer.load(object))).toMatch(`${object}/tokenizer.json is no tokenizer.json: `);
  });

  it('has no decoder, or one of another kind of model', async () => {
    const { tokenizer } = VOCABULARIES['byte-level'];
    expect(await message(loadJson({ ...tokenizer, decoder: null }))).toMatch(
      /tokenizer\.json: decoder is null, allowed is ByteLevel or the steps of a SentencePiece vocabulary; use the tokenizer\.json that the checkpoint was published with$/,
    );
    const wordPiece = { type: 'WordPiece', prefix: '##', cleanup: true };
    expect(await message(loadJson({ ...tokenizer, decoder: wordPiece }))).toMatch(
      /tokenizer\.json: a decoder step is {"type":"WordPiece","prefix":"##","cleanup":true}, allowed is ByteLevel, ByteFallback, Fuse, Metaspace, Replace of a string and Strip of spaces at the start; such a vocabulary is none of Llama, Mistral or Qwen$/,
    );
  });
});
