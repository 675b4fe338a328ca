import { nearest } from '../catalog/nearest';
import { SCHEMA_NODES, SCHEMA_ROOTS } from './crd-schemas';
import { holdsToken, Part } from './part';
import type { Problem } from './rule';
import { deviationsOfSize, deviationsOfText } from './schema-values';

/** What a value can do to the schema of its kind. */
export type Aspect = 'unknown-field' | 'missing-field' | 'type' | 'value' | 'repeated-item';

/** What a schema says of one value, whatever stands below it. */
export interface ValueFacts {
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'int-or-string' | 'any';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly listType?: string;
  readonly listMapKeys?: readonly string[];
}

/** A field of a custom resource: its own facts, and the fields below it by their places in the table. */
export interface SchemaNode extends ValueFacts {
  readonly properties?: { readonly [name: string]: number };
  readonly required?: readonly string[];
  /** Node of the items of an array. */
  readonly items?: number;
  /** Node of the values of a map. */
  readonly values?: number;
  /** Other fields are taken as they are. */
  readonly open?: true;
}

/** A problem with a value, and what of the schema it is about. */
export interface Deviation extends Problem {
  readonly aspect: Aspect;
}

let nodes: readonly SchemaNode[] | undefined;

/** Parsed when the first object of a known kind comes by. */
function node(place: number): SchemaNode {
  nodes ??= JSON.parse(SCHEMA_NODES) as SchemaNode[];
  return nodes[place];
}

/** Kinds whose schema is known, as `<apiVersion>/<kind>`. */
export const SCHEMA_KINDS: readonly string[] = Object.keys(SCHEMA_ROOTS);

/** The API server checks metadata by itself, and takes the status of nobody but controllers. */
const NOT_IN_SCHEMA = new Set(['apiVersion', 'kind', 'metadata', 'status']);

const FOUND = new WeakMap<object, readonly Deviation[]>();

/** All that the schema of its kind has against an object. What is known at deployment only deviates from nothing. */
export function deviationsOf(object: Part): readonly Deviation[] {
  const { value } = object;
  const root = SCHEMA_ROOTS[`${object.at('apiVersion').text}/${object.at('kind').text}`];
  if (root === undefined || typeof value !== 'object' || value === null) {
    return [];
  }
  let found = FOUND.get(value);
  if (!found) {
    found = [...ofFields(object, node(root), NOT_IN_SCHEMA)];
    FOUND.set(value, found);
  }
  return found;
}

function* walk(part: Part, schema: SchemaNode): Generator<Deviation> {
  const { value } = part;
  if (isDeferred(value)) {
    return;
  }
  if (!hasType(value, schema.type)) {
    yield { aspect: 'type', what: part.path, given: shown(value), ...typeWords(value, schema.type) };
    return;
  }
  yield* deviationsOfText(part, schema);
  yield* deviationsOfSize(part, schema);
  if (Array.isArray(value)) {
    yield* ofItems(part, schema);
  } else if (typeof value === 'object') {
    yield* ofFields(part, schema);
  }
}

function* ofItems(list: Part, schema: SchemaNode): Generator<Deviation> {
  const { items } = list;
  const seen = new Set<string>();
  for (const item of items) {
    if (schema.items !== undefined) {
      yield* walk(item, node(schema.items));
    }
    const identity = identityOf(item, schema);
    if (identity !== undefined && seen.has(identity)) {
      const by = schema.listMapKeys ? `one item for each ${schema.listMapKeys.join(' and ')}` : 'each item once';
      const fix = 'leave one of the two out';
      yield { aspect: 'repeated-item', what: item.path, given: item.value, allowed: by, fix };
    }
    seen.add(identity ?? '');
  }
}

/** What tells an item of a set or of a map from the others; undefined in other lists, and where it is not known yet. */
function identityOf(item: Part, { listType, listMapKeys = [] }: SchemaNode): string | undefined {
  const known = listType === 'set' ? item.value : listType === 'map' && listMapKeys.map((key) => item.at(key).value);
  return known === false || holdsToken(known) ? undefined : JSON.stringify(known);
}

function* ofFields(part: Part, schema: SchemaNode, elsewhere?: ReadonlySet<string>): Generator<Deviation> {
  const { properties = {}, required = [], values, open } = schema;
  const below = (place: number) => node(place);
  for (const name of required) {
    const field = part.at(name);
    if (!field.given) {
      const { allowed, fix } = typeWords(undefined, below(properties[name]).type, name);
      yield { aspect: 'missing-field', what: field.path, given: undefined, allowed, fix };
    }
  }
  for (const [name, field] of part.entries) {
    const place = Object.hasOwn(properties, name) ? properties[name] : values;
    if (elsewhere?.has(name)) {
      continue;
    }
    if (place !== undefined) {
      yield* walk(field, below(place));
    } else if (!open && !isDeferred(field.value)) {
      yield { aspect: 'unknown-field', what: field.path, given: shown(field.value), ...fieldWords(name, properties) };
    }
  }
}

/** Whether a value as a whole is known at deployment only. Maps and lists are walked: parts of them may be known. */
function isDeferred(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => typeof item === 'string' && holdsToken(item) && item.startsWith('#'));
  }
  if (typeof value === 'object' && value !== null) {
    const [key, ...others] = Object.keys(value);
    const intrinsic = others.length === 0 && /^(Ref|Fn::\w+)$/.test(key ?? '');
    return intrinsic || typeof (value as { resolve?: unknown }).resolve === 'function';
  }
  return holdsToken(value);
}

/** A part that is known at deployment only makes neither a field known nor a type right. */
function shown(value: unknown): unknown {
  return holdsToken(value) ? '...' : value;
}

function hasType(value: unknown, type: SchemaNode['type']): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value);
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

const TYPES: { readonly [type in SchemaNode['type']]: readonly [words: string, example: string] } = {
  string: ['a text', "'...'"],
  integer: ['a whole number', '1'],
  number: ['a number', '1'],
  boolean: ['true or false', 'true'],
  array: ['a list', '[...]'],
  object: ['an object', '{ ... }'],
  'int-or-string': ['a whole number or a text', "'1'"],
  any: ['any value', '...'],
};

function typeWords(given: unknown, type: SchemaNode['type'], name?: string): Pick<Problem, 'allowed' | 'fix'> {
  const [allowed, example] = TYPES[type];
  return { allowed, fix: `write ${name ? `${name}: ` : ''}${converted(given, type) ?? example}` };
}

/** The value in the type that is wanted, where it is plain how. */
function converted(given: unknown, type: SchemaNode['type']): string | undefined {
  const simple = typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean';
  if (simple && (type === 'string' || type === 'int-or-string')) {
    return `'${given}'`;
  }
  if (simple && type === 'array') {
    return `[${JSON.stringify(given)}]`;
  }
  if (typeof given === 'number' && type === 'integer') {
    return String(Math.round(given));
  }
  const wanted = { integer: /^-?\d{1,15}$/, number: /^-?\d{1,15}(\.\d+)?$/, boolean: /^(true|false)$/ };
  const form = wanted[type as keyof typeof wanted];
  return typeof given === 'string' && form?.test(given) ? given : undefined;
}

function fieldWords(name: string, properties: object): Pick<Problem, 'allowed' | 'fix'> {
  const near = nearest(name, Object.keys(properties)).slice(0, 3);
  return near.length > 0
    ? {
        allowed: `a field that the kind has there, such as ${near.join(', ')}`,
        fix: `write ${near[0]}, or leave it out`,
      }
    : { allowed: 'nothing, as the kind has no field there', fix: 'leave it out' };
}
