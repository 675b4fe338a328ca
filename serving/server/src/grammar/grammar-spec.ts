import { ApiError } from '../openai/api-error.js';
import type { SamplingRequest } from '../openai/schemas.js';

/** The form that an answer must have. */
export type GrammarSpec =
  | { readonly kind: 'json' }
  | { readonly kind: 'json-schema'; readonly schema: string }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'ebnf'; readonly grammar: string };

/** Bytes of a schema or grammar: compiling takes time that grows with it. */
const MOST_BYTES = 65_536;

/**
 * What a request says of the form of its answer, in any of the spellings of OpenAI, vLLM and NIM 1.x.
 *
 * @returns undefined where the answer is free
 * @throws ApiError where two are given, or one is too large
 */
export function grammarOf(body: Partial<SamplingRequest>): GrammarSpec | undefined {
  const given: [field: string, spec: GrammarSpec][] = [];
  const add = (field: string, value: unknown, spec: () => GrammarSpec) => {
    if (value !== undefined && value !== null && value !== false) {
      given.push([field, spec()]);
    }
  };
  const format = body.response_format;
  add('response_format', format?.type === 'json_object' || undefined, () => ({ kind: 'json' }));
  if (format?.type === 'json_schema') {
    add('response_format', true, () => schemaSpec(format.json_schema.schema ?? {}));
  }
  for (const [prefix, source] of [
    ['guided_', body],
    ['nvext.guided_', body.nvext ?? {}],
  ] as const) {
    add(`${prefix}json`, source.guided_json, () => schemaSpec(source.guided_json ?? {}));
    add(`${prefix}regex`, source.guided_regex, () => ({ kind: 'regex', pattern: source.guided_regex ?? '' }));
    add(`${prefix}choice`, source.guided_choice, () => choiceSpec(source.guided_choice ?? []));
    add(`${prefix}grammar`, source.guided_grammar, () => ({ kind: 'ebnf', grammar: source.guided_grammar ?? '' }));
  }
  const structured = body.structured_outputs ?? {};
  add('structured_outputs.json', structured.json, () => schemaSpec(structured.json ?? {}));
  add('structured_outputs.regex', structured.regex, () => ({ kind: 'regex', pattern: structured.regex ?? '' }));
  add('structured_outputs.choice', structured.choice, () => choiceSpec(structured.choice ?? []));
  add('structured_outputs.grammar', structured.grammar, () => ({ kind: 'ebnf', grammar: structured.grammar ?? '' }));
  add('structured_outputs.json_object', structured.json_object, () => ({ kind: 'json' }));
  if (given.length > 1) {
    const fields = given.map(([field]) => field).join(' and ');
    throw new ApiError(
      'BadRequestError',
      `${fields} are given, allowed is one form of the answer; leave out the others`,
      {
        param: given[1]?.[0],
      },
    );
  }
  const [first] = given;
  if (first && sizeOf(first[1]) > MOST_BYTES) {
    throw new ApiError(
      'BadRequestError',
      `${first[0]} has ${sizeOf(first[1])} bytes, allowed are ${MOST_BYTES}; simplify it`,
      {
        param: first[0],
      },
    );
  }
  return first?.[1];
}

/** @param schema an object, or its JSON text */
export function schemaSpec(schema: unknown): GrammarSpec {
  if (typeof schema !== 'string') {
    return { kind: 'json-schema', schema: textOf(schema) };
  }
  try {
    JSON.parse(schema);
  } catch (error) {
    throw new ApiError('BadRequestError', `the JSON schema is no JSON: ${(error as Error).message}`);
  }
  return { kind: 'json-schema', schema };
}

/** Nested some thousand times it cannot be written, which is said as a RangeError. */
function textOf(schema: unknown): string {
  try {
    return JSON.stringify(schema);
  } catch {
    throw new ApiError('BadRequestError', 'the JSON schema is nested too deeply; simplify it');
  }
}

function choiceSpec(choices: readonly string[]): GrammarSpec {
  return { kind: 'ebnf', grammar: `root ::= ${choices.map(literal).join(' | ')}\n` };
}

/** A string of a grammar: everything but plain characters by its code. */
function literal(text: string): string {
  const escaped = [...text].map((character) =>
    /^[ !#-[\]-~]$/.test(character) ? character : `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  );
  return `"${escaped.join('')}"`;
}

function sizeOf(spec: GrammarSpec): number {
  switch (spec.kind) {
    case 'json':
      return 0;
    case 'json-schema':
      return Buffer.byteLength(spec.schema);
    case 'regex':
      return Buffer.byteLength(spec.pattern);
    case 'ebnf':
      return Buffer.byteLength(spec.grammar);
  }
}
