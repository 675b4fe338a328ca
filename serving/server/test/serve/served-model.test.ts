import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/checkpoint/index.js';
import { Grammars } from '../../src/grammar/grammars.js';
import { grammarVocabulary } from '../../src/grammar/vocabulary.js';
import { ChatTemplate } from '../../src/openai/chat-template.js';
import { toolParserOf } from '../../src/serve/served-model.js';

const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));
const { tokenizer, endTokens } = await readCheckpoint(MODEL);
const PADDED = tokenizer.size + 40;
const grammars = new Grammars(grammarVocabulary(tokenizer, PADDED, endTokens));
afterAll(() => grammars.close());

describe('the vocabulary of a checkpoint', () => {
  it('lets a grammar write what its tokens spell, and end with the end tokens of the checkpoint', async () => {
    const session = await grammars.open({ kind: 'ebnf', grammar: 'root ::= "né " [0-9]' });
    let mask: Uint32Array | undefined = session.first;
    for (const token of await tokenizer.encode('né 7', { addSpecialTokens: false })) {
      expect(allowed(mask)).toContain(token);
      mask = await session.accept(token);
    }
    expect(allowed(mask)).toEqual([...endTokens].sort());
    session.close();
  });

  it('keeps marks of turns and padding out of strings', async () => {
    const session = await grammars.open({ kind: 'regex', pattern: '[^"]*' });
    const marks = Array.from({ length: PADDED }, (_, id) => id).filter(
      (id) => !endTokens.includes(id) && (id >= tokenizer.size || tokenizer.isSpecial(id)),
    );
    expect(marks.length).toBeGreaterThan(40);
    expect(allowed(session.first).filter((id) => marks.includes(id))).toEqual([]);
    session.close();
  });
});

describe('the parser of tool calls', () => {
  const hermes = new ChatTemplate('<tool_call>', {});
  it.each([
    [{ autoToolChoice: true, toolCallParser: undefined }, hermes, 'hermes'],
    [{ autoToolChoice: true, toolCallParser: 'pythonic' }, hermes, 'pythonic'],
    [{ autoToolChoice: false, toolCallParser: 'pythonic' }, hermes, undefined],
    [{ autoToolChoice: true, toolCallParser: undefined }, undefined, undefined],
  ])('%j', (settings, template, parser) => {
    expect(toolParserOf(settings, template)).toBe(parser);
  });

  it('is one that is there', () => {
    expect(() => toolParserOf({ autoToolChoice: true, toolCallParser: 'toString' }, hermes)).toThrow(
      'NIM_TOOL_CALL_PARSER is "toString", allowed are hermes, llama3_json, mistral, pythonic; ' +
        'leave it unset to take the one that fits the chat template',
    );
  });
});

function allowed(mask: Uint32Array | undefined): number[] {
  return Array.from({ length: PADDED }, (_, id) => id).filter(
    (id) => (((mask as Uint32Array)[id >> 5] as number) >>> (id & 31)) & 1,
  );
}
