import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SUBJECTS } from '.';
import { type Answer, answerTo, outputOf } from './answer';
import type { Mistake, ToldMistake, UnsayableMistake } from './mistake';
import { page } from './page';

const MISTAKES = SUBJECTS.flatMap(({ mistakes }) => mistakes);
const TOLD = MISTAKES.filter((mistake): mistake is ToldMistake => mistake.kind !== 'cannot be said');
const UNSAYABLE = MISTAKES.filter((mistake): mistake is UnsayableMistake => mistake.kind === 'cannot be said');

const answers = new Map<Mistake, Answer>();

function answerOf(mistake: Mistake): Answer {
  const answer = answers.get(mistake) ?? answerTo(mistake);
  answers.set(mistake, answer);
  return answer;
}

describe.each(SUBJECTS)('$title', ({ mistakes }) => {
  test.each(mistakes.filter((mistake) => TOLD.includes(mistake as ToldMistake)) as ToldMistake[])(
    '$title',
    (mistake) => {
      const { kind, message } = answerOf(mistake);
      expect({ kind, message }).toEqual({ kind: mistake.kind, message: mistake.answer });
    },
  );

  test.each(mistakes.filter((mistake) => UNSAYABLE.includes(mistake as UnsayableMistake)) as UnsayableMistake[])(
    '$title',
    (mistake) => {
      expect(outputOf(mistake)).toEqual(mistake.output);
    },
  );
});

describe('the collection', () => {
  test('has fifty mistakes and more, few of which cannot be said', () => {
    expect(TOLD.length).toBeGreaterThanOrEqual(50);
    expect(UNSAYABLE.length).toBeLessThanOrEqual(8);
  });

  test('has no two with the same title', () => {
    const titles = MISTAKES.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  test('has no two that meet the same check', () => {
    const checks = TOLD.map((mistake) => answerOf(mistake).check);
    // The place of a refusal, the id of a rule, or the id of a warning.
    expect(checks.filter((check) => !/^(lib\/[\w/-]+\.ts:\d+|[\w-]+\/[\w-]+|nim-constructs:.+)$/.test(check))).toEqual(
      [],
    );
    expect(checks.filter((check, index) => checks.indexOf(check) !== index)).toEqual([]);
  });

  test('has no two with the same message, wherever in the tree it is said', () => {
    const messages = TOLD.map(({ answer }) => answer.replace(/^\[[^\]]*\] /, ''));
    expect(new Set(messages).size).toBe(messages.length);
  });

  test('is what docs/mistakes.md shows', () => {
    const shown = readFileSync(join(__dirname, '../../docs/mistakes.md'), 'utf8');
    expect(shown === page(SUBJECTS), 'docs/mistakes.md is stale: run npx tsx projen/mistakes.ts').toBe(true);
  });
});
