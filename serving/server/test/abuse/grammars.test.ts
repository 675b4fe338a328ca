import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasAddon } from '../support/addon.js';
import { expectError, Victim } from './victim.js';

const post = (victim: Victim, body: object) =>
  victim.post('/v1/completions', { prompt: 'The', max_tokens: 40, temperature: 1, seed: 7, ...body });
const many = (count: number, of: (at: number) => string) => Array.from({ length: count }, (_, at) => of(at));

describe.skipIf(!hasAddon)('grammars and expressions that no client means well with', () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await Victim.start();
  }, 120_000);
  afterAll(() => victim.stop());

  /** Somebody else's grammar works, and health answers at once all the time. */
  afterEach(async () => {
    const { status, body } = await post(victim, { guided_regex: '[ab]{3}' });
    expect(status).toBe(200);
    expect(body.choices[0].text).toMatch(/^[ab]{3}$/);
    await victim.answers();
  }, 60_000);

  const watched = async <T>(work: Promise<T>): Promise<T> => {
    let [done, slowest] = [false, 0];
    const finished = work.finally(() => {
      done = true;
    });
    while (!done) {
      const begin = performance.now();
      expect((await fetch(`${victim.served.base}/v1/health/live`)).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - begin);
      await sleep(10);
    }
    expect(slowest).toBeLessThan(1000);
    return finished;
  };

  it.each([
    ['nested repeats', { guided_regex: '((a+)+)+$' }],
    ['repeats of repeats', { guided_regex: '(a{1,500}){1,500}' }],
    ['repeats thrice', { guided_regex: '((a{1,100}){1,100}){1,100}' }],
    ['a choice of all prefixes', { guided_regex: `(${many(300, (at) => 'a'.repeat(at + 1)).join('|')})*b` }],
    ['a repeat beyond all', { guided_regex: 'a{1,2147483647}' }],
    ['a repeat that overflows', { guided_regex: 'a{99999999999999999999}' }],
    ['an open bracket', { guided_regex: '[a-' }],
    ['brackets without end', { guided_regex: '('.repeat(4000) }],
    ['brackets with an end', { guided_regex: `${'('.repeat(4000)}a${')'.repeat(4000)}` }],
    ['a look behind', { guided_regex: '(?<=a)b' }],
    ['a back reference', { guided_regex: '(a)\\1' }],
    ['an unknown class', { guided_regex: '\\p{Nonsense}' }],
    ['nothing', { guided_regex: '' }],
    ['a grammar that refers to itself first', { guided_grammar: 'root ::= root "a" | "a"' }],
    ['a grammar that is itself', { guided_grammar: 'root ::= root' }],
    ['a grammar that is ambiguous', { guided_grammar: 'root ::= root root | "a" | "b" | ""' }],
    ['a long answer to a grammar that is ambiguous', { guided_grammar: 'root ::= root root | "a"', max_tokens: 1500 }],
    ['a grammar of empty repeats', { guided_grammar: 'root ::= (("" | "a")*)* "b"' }],
    ['a grammar without root', { guided_grammar: 'other ::= "a"' }],
    ['a grammar of an unknown rule', { guided_grammar: 'root ::= missing' }],
    ['a grammar that is none', { guided_grammar: '::= ::= "' }],
    ['a grammar of 64 KiB', { guided_grammar: `root ::= ${many(6000, (at) => `"w${at}"`).join(' | ')}` }],
    ['a grammar that is too large', { guided_grammar: `root ::= ${many(8000, (at) => `"word ${at}"`).join(' | ')}` }],
    [
      'rules in a long chain',
      { guided_grammar: `root ::= r0\n${many(3000, (at) => `r${at} ::= r${at + 1}`).join('\n')}\nr3000 ::= "a"` },
    ],
    ['a schema that refers to itself', { guided_json: { $ref: '#' } }],
    [
      'a schema in a circle',
      { guided_json: { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' } },
    ],
    ['a schema of a file', { guided_json: { $ref: 'file:///etc/passwd' } }],
    ['a schema of another host', { guided_json: { $ref: 'http://169.254.169.254/latest/meta-data' } }],
    ['a schema with a catastrophic pattern', { guided_json: { type: 'string', pattern: '^(a+)+$' } }],
    [
      'a schema with a billion laughs',
      {
        guided_json: {
          $defs: Object.fromEntries(
            many(24, (at) => `${at}`).map((at) => [
              `l${at}`,
              { type: 'array', prefixItems: Array(10).fill({ $ref: `#/$defs/l${Number(at) + 1}` }) },
            ]),
          ),
          $ref: '#/$defs/l0',
        },
      },
    ],
    [
      'a schema of any of everything',
      {
        guided_json: {
          anyOf: many(500, (at) => `p${at}`).map((name) => ({
            type: 'object',
            properties: { [name]: { type: 'string' } },
          })),
        },
      },
    ],
    ['a schema that nothing fits', { guided_json: { allOf: [{ type: 'string' }, { type: 'number' }] } }],
    ['a schema of a wrong type', { guided_json: { type: 'nonsense' } }],
    [
      'ten thousand items',
      { guided_json: { type: 'array', minItems: 10_000, maxItems: 10_000, items: { type: 'integer' } } },
    ],
  ] as [string, object][])('%s', { timeout: 60_000 }, async (_, body) => {
    const begin = performance.now();
    const answer = await watched(post(victim, body));
    expect(performance.now() - begin).toBeLessThan(30_000);
    if (answer.status !== 200) {
      expectError(answer, 400);
    }
  });

  it('ends where the grammar ends, though the end tokens of the model do not end it', async () => {
    const { status, body } = await post(victim, { guided_choice: ['yes', 'no'], ignore_eos: true, n: 3 });
    expect(status).toBe(200);
    for (const { text, finish_reason: reason } of body.choices) {
      expect([['yes', 'no'].includes(text), reason]).toEqual([true, 'stop']);
    }
    expectError(await post(victim, { guided_choice: ['yes'], min_tokens: 5 }), 400);
  });

  it('five hundred different ones do not fill the memory', { timeout: 300_000 }, async () => {
    const round = async (from: number) => {
      for (let at = from; at < from + 250; at++) {
        const body = {
          guided_json: { type: 'object', properties: { [`p${at}`]: { enum: many(50, (item) => `v${at}-${item}`) } } },
        };
        expect((await post(victim, { ...body, max_tokens: 1 })).status).toBe(200);
      }
      return victim.memoryMib();
    };
    const first = await round(0);
    const second = await round(250);
    console.log(`memory after 250 grammars ${first.toFixed(0)} MiB, after 500 ${second.toFixed(0)}`);
    expect(second - first).toBeLessThan(60);
  });
});
