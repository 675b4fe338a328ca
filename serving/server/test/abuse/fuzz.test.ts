import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasAddon } from '../support/addon.js';
import { expectError, Victim } from './victim.js';

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);

/** Any JSON, and what borders on what is allowed. */
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  fc.constantFrom(
    null,
    '',
    0,
    -1,
    1,
    1e308,
    -1e308,
    2 ** 31,
    2 ** 32 + 1,
    2 ** 53,
    1.5,
    '__proto__',
    '\u0000',
    '\ud800',
    [],
    {},
    [[]],
    true,
  ),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
);
const small = fc.integer({ min: 0, max: 12 });
const text = fc.oneof(
  fc.constantFrom('The cluster', 'a', ' '),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);
const form = fc.oneof(
  fc.record({ guided_regex: fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?\\^$.-0123,'), maxLength: 20 }) }),
  fc.record({
    guided_grammar: fc.string({
      unit: fc.constantFrom('root', ' ::= ', '"a"', '|', '(', ')', '*', '\n', ' ', '[a-z]'),
      maxLength: 30,
    }),
  }),
  fc.record({ guided_choice: fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }) }),
  fc.record({
    guided_json: fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record(
        {
          type: fc.constantFrom('string', 'object', 'array', 'integer', 'x'),
          minItems: small,
          maxLength: small,
          properties: fc.dictionary(fc.string({ maxLength: 4 }), fc.constant({ type: 'boolean' }), { maxKeys: 3 }),
        },
        { requiredKeys: [] },
      ),
    ),
  }),
  fc.record({
    response_format: fc.record(
      {
        type: fc.constantFrom('text', 'json_object', 'json_schema', 'x'),
        json_schema: fc.record({ schema: fc.jsonValue({ maxDepth: 2 }) }),
      },
      { requiredKeys: ['type'] },
    ),
  }),
);
const sampling = fc.record(
  {
    max_tokens: fc.integer({ min: 1, max: 12 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    top_p: fc.double({ min: 0.001, max: 1, noNaN: true }),
    top_k: fc.integer({ min: -1, max: 3000 }),
    min_p: fc.double({ min: 0, max: 1, noNaN: true }),
    repetition_penalty: fc.double({ min: 0.01, max: 2, noNaN: true }),
    presence_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
    frequency_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
    seed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }).map(Number),
    n: fc.integer({ min: 1, max: 4 }),
    stop: fc.oneof(text, fc.array(text, { maxLength: 5 })),
    stop_token_ids: fc.array(fc.integer({ min: 0, max: 2060 }), { maxLength: 5 }),
    min_tokens: fc.integer({ min: 0, max: 1 }),
    logit_bias: fc.dictionary(
      fc.integer({ min: 0, max: 2047 }).map(String),
      fc.double({ min: -100, max: 100, noNaN: true }),
      { maxKeys: 4 },
    ),
    ignore_eos: fc.boolean(),
    stream: fc.boolean(),
    stream_options: fc.record({ include_usage: fc.boolean(), continuous_usage_stats: fc.boolean() }),
    skip_special_tokens: fc.boolean(),
    include_stop_str_in_output: fc.boolean(),
    priority: fc.integer({ min: -8, max: 7 }),
  },
  { requiredKeys: ['max_tokens'] },
);
const roles = fc.constantFrom('system', 'user', 'assistant', 'tool', 'developer');
const messages = fc.array(
  fc.record({ role: roles, content: fc.oneof(text, fc.constant(null), fc.constant([{ type: 'text', text: 'a' }])) }),
  { minLength: 1, maxLength: 4 },
);
const base = fc.oneof(
  fc.record({
    path: fc.constant('/v1/completions'),
    body: fc.record(
      {
        prompt: fc.oneof(
          text,
          fc.array(text, { maxLength: 3 }),
          fc.array(fc.integer({ min: 0, max: 2047 }), { maxLength: 20 }),
        ),
        logprobs: fc.option(small),
        echo: fc.boolean(),
      },
      { requiredKeys: ['prompt'] },
    ),
  }),
  fc.record({
    path: fc.constant('/v1/chat/completions'),
    body: fc.record({ messages, logprobs: fc.boolean(), top_logprobs: small }, { requiredKeys: ['messages'] }),
  }),
);
const FIELDS =
  'prompt messages max_tokens temperature top_p n seed stop stream logit_bias logprobs tools tool_choice response_format guided_json guided_regex structured_outputs nvext stream_options model user priority chat_template_kwargs suffix echo best_of min_tokens'.split(
    ' ',
  );

/** A request that is right or nearly so, and then up to two fields that hold anything. */
const request = fc
  .tuple(
    base,
    sampling,
    fc.option(form, { freq: 2 }),
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), anything), { maxLength: 1 }),
  )
  .map(([{ path, body }, settings, wanted, wrong]) => ({
    path,
    body: { ...body, ...settings, ...wanted, ...Object.fromEntries(wrong) } as Record<string, unknown>,
  }));

describe.skipIf(!hasAddon)('random requests', () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await Victim.start({ NIM_MAX_MODEL_LEN: '256' });
  }, 120_000);
  afterAll(() => victim.stop());

  it(`are answered, or refused in the shape of the contract (FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS})`, {
    timeout: 600_000,
  }, async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ path, body }) => {
        const answer = await victim.post(path, body);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status !== 200) {
          expectError(answer, [400, 404, 413]);
        } else if (typeof answer.body === 'string') {
          expect(answer.body.endsWith('data: [DONE]\n\n')).toBe(true);
          for (const event of answer.body.trimEnd().split('\n\n').slice(0, -1)) {
            expect(JSON.parse(event.slice('data: '.length))).not.toHaveProperty('error');
          }
        } else {
          const { usage, choices } = answer.body;
          expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
          for (const { finish_reason: reason } of choices) {
            expect(['stop', 'length', 'tool_calls']).toContain(reason);
          }
        }
      }),
      { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: false },
    );
    console.log(`answers: ${[...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')}; seed ${SEED}`);
    expect(statuses.get(200) ?? 0).toBeGreaterThan(RUNS / 20);
    await victim.answers();
  });
});
