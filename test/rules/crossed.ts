import fc from 'fast-check';
import type { KubernetesObject } from '../support/kubernetes-types';
import type { RuleCase } from './cases/case';

type Path = readonly (string | number)[];

/** Values that a field gets instead of its own, beside those that other objects have there. */
const STRANGERS: readonly unknown[] = [undefined, '', '0', 'other', 0, 1, 7, true, false, [], {}];

/**
 * Objects of a case, with parts of other cases of the same kind put into them, and a few fields replaced: mostly what the
 * schema takes, and on both sides of the CEL rules.
 */
export function crossed(cases: readonly RuleCase[]): fc.Arbitrary<KubernetesObject> {
  const objects = cases.flatMap(({ passing, failing }) => [passing, failing]);
  const byKind = new Map<string, KubernetesObject[]>();
  for (const object of objects) {
    byKind.set(object.kind, [...(byKind.get(object.kind) ?? []), object]);
  }
  const arbitraries = [...byKind.values()].map((same) => ({ weight: same.length, arbitrary: crossedOfKind(same) }));
  return fc.oneof(...arbitraries);
}

function crossedOfKind(same: readonly KubernetesObject[]): fc.Arbitrary<KubernetesObject> {
  const paths = [
    ...new Map(same.flatMap((object) => [...pathsOf(object.spec)]).map((path) => [path.join(), path])).values(),
  ];
  const path = fc.constantFrom(...paths);
  const donated = fc.record({ path, from: fc.constantFrom(...same) }).map(({ path, from }) => ({
    path,
    value: valueAt(from.spec, path),
  }));
  const strange = fc.record({ path, value: fc.constantFrom(...STRANGERS) });
  const changes = fc.array(fc.oneof({ weight: 4, arbitrary: donated }, { weight: 1, arbitrary: strange }), {
    minLength: 1,
    maxLength: 4,
  });
  return fc.tuple(fc.constantFrom(...same), changes).map(([object, all]) => {
    const copy = structuredClone(object);
    for (const { path, value } of all) {
      put(copy, ['spec', ...path], structuredClone(value));
    }
    return copy;
  });
}

function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) {
    yield path;
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      yield* pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, step) => (part as Record<string | number, unknown> | undefined)?.[step], value);
}

/** Sets or takes away what lies at a path, where the way to it is there. */
function put(object: unknown, path: Path, value: unknown): void {
  const parent = valueAt(object, path.slice(0, -1)) as Record<string | number, unknown> | undefined;
  const last = path[path.length - 1];
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) !== (typeof last === 'number')) {
    return;
  }
  if (!Array.isArray(parent) && value === undefined) {
    delete parent[last];
  } else if (Array.isArray(parent) && value === undefined) {
    parent.splice(last as number, 1);
  } else if (Array.isArray(parent)) {
    parent.splice(Math.min(last as number, parent.length), 1, value);
  } else {
    parent[last] = value;
  }
}
