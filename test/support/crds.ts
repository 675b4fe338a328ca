import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrdDigest, FieldFacts } from '../../projen/crd-digest';
import { validateAgainstCrds } from './crds-schema';
import { isCoreKind, type KubernetesObject, validateCoreType, validateMetadata } from './kubernetes-types';

export { CRD_FOLDER, validateAgainstCrds } from './crds-schema';

export const DIGEST: CrdDigest = JSON.parse(readFileSync(join(__dirname, '../fixtures/crds.digest.json'), 'utf8'));

/** One field of a custom resource, with what lies below it. */
export interface DigestNode {
  readonly facts: FieldFacts;
  readonly properties: Map<string, DigestNode>;
  readonly item?: DigestNode;
  readonly value?: DigestNode;
}

const TREES = new Map<string, DigestNode>();

/** The fields of a kind as a tree; its root stands for the whole object. */
export function digestTree(gvk: string): DigestNode | undefined {
  const digest = DIGEST.kinds[gvk];
  if (digest && !TREES.has(gvk)) {
    TREES.set(gvk, buildTree(digest.fields));
  }
  return TREES.get(gvk);
}

type Mutable = { facts: FieldFacts; properties: Map<string, Mutable>; item?: Mutable; value?: Mutable };

function buildTree(fields: { readonly [path: string]: FieldFacts }): DigestNode {
  const root: Mutable = { facts: { type: 'object' }, properties: new Map() };
  for (const [path, facts] of Object.entries(fields)) {
    const steps = path.match(/\[\]|\{\}|[^.[\]{}]+/g) ?? [];
    let node = root;
    for (const [index, step] of steps.entries()) {
      const next: Mutable = child(node, step) ?? { facts, properties: new Map() };
      if (index === steps.length - 1 && facts.sameAs) {
        Object.assign(next, pointedAt(facts.sameAs), { facts });
      }
      if (step === '[]') {
        node.item = next;
      } else if (step === '{}') {
        node.value = next;
      } else {
        node.properties.set(step, next);
      }
      node = next;
    }
  }
  return root;
}

function child(node: Mutable, step: string): Mutable | undefined {
  return step === '[]' ? node.item : step === '{}' ? node.value : node.properties.get(step);
}

function pointedAt(reference: string): DigestNode {
  const [gvk, path] = reference.split('#');
  const node = digestTree(gvk)?.properties.get(path);
  if (!node) {
    throw new Error(`the digest refers to ${reference}, which it does not hold`);
  }
  return node;
}

/** What the digest says against an object of one of its kinds; an empty list if nothing. Throws for other kinds. */
export function validateAgainstDigest(object: KubernetesObject): string[] {
  const gvk = `${object.apiVersion}/${object.kind}`;
  const tree = digestTree(gvk);
  if (!tree) {
    throw new Error(`${gvk} is not in the CRD digest`);
  }
  const { apiVersion, kind, metadata, ...rest } = object;
  return [...validateMetadata(metadata, DIGEST.kinds[gvk].scope === 'Cluster'), ...validate(rest, tree, '')];
}

/**
 * Everything that can be said here against any object that we write: the digest and, where they are at hand, the CRDs
 * for custom resources, the types of Kubernetes for core kinds. A kind that nothing here knows is itself a problem.
 */
export function validateObject(object: KubernetesObject): string[] {
  if (isCoreKind(object)) {
    return validateCoreType(object);
  }
  const gvk = `${object.apiVersion}/${object.kind}`;
  const byCrd = validateAgainstCrds(object);
  if (gvk in DIGEST.kinds) {
    return [...validateAgainstDigest(object), ...(byCrd ?? [])];
  }
  return byCrd ?? [`${gvk}: no check here knows this kind; add it to projen/crd-digest.ts`];
}

function validate(value: unknown, node: DigestNode, path: string): string[] {
  const { facts } = node;
  if (!hasType(value, facts.type)) {
    return [`${path}: wrong type, wants ${facts.type}, is ${JSON.stringify(value)}`];
  }
  const problems = limits(value, facts).map((problem) => `${path}: ${problem}`);
  if (Array.isArray(value)) {
    const { item } = node;
    return [...problems, ...value.flatMap((each, index) => (item ? validate(each, item, `${path}[${index}]`) : []))];
  }
  if (typeof value === 'object' && value !== null) {
    problems.push(...validateFields(value as Record<string, unknown>, node, path));
  }
  return problems;
}

function validateFields(object: Record<string, unknown>, node: DigestNode, path: string): string[] {
  const below = (name: string) => (path ? `${path}.${name}` : name);
  const problems: string[] = [];
  for (const [name, property] of node.properties) {
    if (property.facts.required && object[name] === undefined) {
      problems.push(`${below(name)}: missing required field`);
    }
  }
  for (const [name, value] of Object.entries(object)) {
    const known = node.properties.get(name) ?? node.value;
    if (known) {
      problems.push(...validate(value, known, below(name)));
    } else if (node.facts.only) {
      problems.push(`${below(name)}: not in the digest, which holds ${node.facts.only.join(', ')} alone here`);
    } else if (!node.facts.preserveUnknownFields) {
      problems.push(`${below(name)}: unknown field`);
    }
  }
  return problems;
}

function hasType(value: unknown, type: FieldFacts['type']): boolean {
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

function limits(value: unknown, facts: FieldFacts): string[] {
  const problems: string[] = [];
  if (facts.enum && !facts.enum.includes(value as string)) {
    problems.push(`${JSON.stringify(value)} is not one of ${facts.enum.join(', ')}`);
  }
  if (typeof value === 'string' && facts.pattern && !new RegExp(facts.pattern).test(value)) {
    problems.push(`${JSON.stringify(value)} does not match ${facts.pattern}`);
  }
  for (const { what, size, min, max } of sizes(value, facts)) {
    if (min !== undefined && size < min) {
      problems.push(`${what} ${size} is less than ${min}`);
    }
    if (max !== undefined && size > max) {
      problems.push(`${what} ${size} is more than ${max}`);
    }
  }
  return problems;
}

type Size = { what: string; size: number; min?: number; max?: number };

function sizes(value: unknown, facts: FieldFacts): Size[] {
  if (typeof value === 'number') {
    const int32 = facts.format === 'int32' ? { min: -(2 ** 31), max: 2 ** 31 - 1 } : {};
    return [
      { what: 'value', size: value, min: facts.minimum, max: facts.maximum },
      { what: 'value', size: value, ...int32 },
    ];
  }
  if (typeof value === 'string') {
    return [{ what: 'length', size: [...value].length, min: facts.minLength, max: facts.maxLength }];
  }
  if (Array.isArray(value)) {
    return [{ what: 'number of items', size: value.length, min: facts.minItems, max: facts.maxItems }];
  }
  if (typeof value === 'object' && value !== null) {
    const size = Object.keys(value).length;
    return [{ what: 'number of properties', size, min: facts.minProperties, max: facts.maxProperties }];
  }
  return [];
}
