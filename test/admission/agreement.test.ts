// The checks in TypeScript, which run everywhere, against the code of the API server: on thousands of objects, most of
// them wrong in one place, both say yes or both say no, but for the differences that are listed and explained.
import { ApiObject, App, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Blueprint } from '../../examples/cdk-deploy/blueprint';
import { KubeEc2NodeClass, KubeNimCache, KubeNimService, KubeNodePool } from '../../lib/crds';
import { admissionSkip, admissions } from '../support/admission';
import { type DigestNode, digestTree, validateObject } from '../support/crds';
import { specs } from '../support/crds-examples';
import { isCoreKind, type KubernetesObject } from '../support/kubernetes-types';
import { type Json, manifests, testApp } from '../support/stack';
import { asDeployed } from '../support/stand-ins';

type Kind = new (scope: Construct, id: string, props: { spec: never }) => ApiObject;

const KINDS: readonly [gvk: string, struct: string, kind: Kind][] = [
  ['apps.nvidia.com/v1alpha1/NIMCache', 'NimCacheSpec', KubeNimCache],
  ['apps.nvidia.com/v1alpha1/NIMService', 'NimServiceSpec', KubeNimService],
  ['karpenter.sh/v1/NodePool', 'NodePoolSpec', KubeNodePool],
  ['karpenter.k8s.aws/v1/EC2NodeClass', 'Ec2NodeClassSpec', KubeEc2NodeClass],
];

/** Fixed, so that a failure is the same for everyone; NIM_CONSTRUCTS_SEED looks elsewhere. */
const SEED = Number(process.env.NIM_CONSTRUCTS_SEED ?? 20_261_120);
const MUTATIONS = 1000;

/** What the server alone refuses, and why the checks in TypeScript do not. */
const SERVER_ALONE: readonly [message: RegExp, reason: string][] = [
  [/must be of type (byte|date-time)/, 'no field that the library writes has a format'],
  [/Duplicate value/, 'list types: the library makes no list that repeats an item'],
  [/^\.spec\.replicas: .* 2147483647$/, 'the scale subresource counts in 32 bits, which no schema says'],
];

/** What the checks in TypeScript alone refuse: the first of their complaints, which is that of the digest. */
const TYPESCRIPT_ALONE: readonly [message: RegExp, reason: string][] = [
  [/ is null$/, 'the server drops a null, TypeScript wants none written'],
  [/: missing required field$/, 'the server has a default for it, TypeScript wants it written'],
  [/^metadata\.namespace: "" is not/, 'an empty namespace is that of the request'],
  [/(timeAdded|parameters): wrong type, wants string, is \[/, 'to the server a list fits a string that has a format'],
];

/** Not a complaint of its own: said beside another one that keeps the CEL rules from being asked. */
const UNASKED = /^<nil>: .* some validation rules were not checked/;

/** Beyond types, the rules of core kinds are the server's alone. */
const coreRule = (object: KubernetesObject, message: string) =>
  isCoreKind(object) && !message.startsWith('strict decoding error') && !/cannot unmarshal/.test(message);

describe('validateObject and the API server', () => {
  it.skipIf(admissionSkip)(`agree, CEL rules apart${admissionSkip ? ` (${admissionSkip})` : ''}`, () => {
    const valid = [...synthesized(), ...generated()];
    const mutants = fc.sample(mutant(valid), { numRuns: MUTATIONS, seed: SEED });
    const cases = [...valid.map((object) => ({ change: 'as it is', object })), ...mutants];
    const answers = admissions(cases.map(({ object }) => object));

    let [accepted, refused, different] = [0, 0, 0];
    const disagreements: Record<string, Json> = {};
    for (const [index, { change, object }] of cases.entries()) {
      const typescript = validateObject(object);
      const server = answers[index].errors
        .filter(({ rule, message }) => !rule && !UNASKED.test(message))
        .map(({ message }) => message);
      const known =
        server.length === 0
          ? isIn(TYPESCRIPT_ALONE, typescript[0] ?? '')
          : server.every((message) => isIn(SERVER_ALONE, message) || coreRule(object, message));
      if (typescript.length > 0 === server.length > 0) {
        server.length > 0 ? refused++ : accepted++;
      } else if (known) {
        different++;
      } else {
        disagreements[`${object.kind}: ${change}`] = { typescript, server };
      }
    }

    console.info(
      `${cases.length} objects compared: both accept ${accepted}, both refuse ${refused}, ${different} known differences`,
    );
    expect(disagreements).toEqual({});
    // The comparison is worth little if one of the answers is rare.
    expect(Math.min(accepted, refused)).toBeGreaterThan(MUTATIONS / 5);
  });
});

function isIn(list: readonly [message: RegExp, reason: string][], message: string): boolean {
  return list.some(([pattern]) => pattern.test(message));
}

function synthesized(): KubernetesObject[] {
  return manifests(new Blueprint(testApp(), 'Blueprint')).map(asDeployed);
}

/** What the generator of examples does not know to write: values with a format, and white space as Go sees it. */
const FORMATTED: Record<string, string> = { timeAdded: '2026-11-20T00:00:00Z', parameters: 'eA==', schedule: '@daily' };

/** Objects with any of the fields that the L1 has; CEL rules and list types aside they are valid. */
function generated(): KubernetesObject[] {
  return KINDS.flatMap(([gvk, struct, Kind]) => {
    const tree = digestTree(gvk)?.properties.get('spec') as DigestNode;
    const sampled = [true, false].flatMap((full) =>
      fc.sample(specs(struct, tree, { full }), { numRuns: full ? 2 : 15, seed: SEED }),
    );
    return sampled.map((spec) => {
      const chart = new Chart(new App(), 'chart', { namespace: 'nim' });
      const object = new Kind(chart, 'object', { spec: spec as never });
      // Not through the library's own rules, which know what the CEL rules say.
      const json = JSON.stringify(ApiObject.prototype.toJson.call(object));
      return JSON.parse(json, (key, value) => (typeof value === 'string' ? (FORMATTED[key] ?? value) : value));
    });
  });
}

type Step = string | number;
interface Mutant {
  readonly change: string;
  readonly object: KubernetesObject;
}

const VALUES = ['x', '', 1, 1.5, -1, 2 ** 31, 0, true, null, [], {}, ['x'], { x: 'y' }, 'x'.repeat(300)];

/** A copy of one of the objects with one place of it changed. */
function mutant(objects: readonly KubernetesObject[]): fc.Arbitrary<Mutant> {
  return fc.constantFrom(...objects).chain((object) => {
    const places = [...placesOf(object)].filter(([first]) => first !== 'apiVersion' && first !== 'kind');
    const how = fc.oneof(
      { weight: VALUES.length, arbitrary: fc.constantFrom(...VALUES).map((value) => ({ value })) },
      { weight: 3, arbitrary: fc.constantFrom('delete' as const, 'repeat' as const, 'extend' as const) },
    );
    return fc.tuple(fc.constantFrom(...places), how).map(([path, change]) => mutate(object, path, change));
  });
}

function mutate(
  original: KubernetesObject,
  path: Step[],
  how: { value: Json } | 'delete' | 'repeat' | 'extend',
): Mutant {
  const object = structuredClone(original);
  const last = path[path.length - 1];
  const parent = path.slice(0, -1).reduce<Json>((value, step) => value[step], object);
  if (typeof how === 'object') {
    parent[last] = how.value;
  } else if (how === 'repeat' && Array.isArray(parent)) {
    parent.push(structuredClone(parent[last as number]));
  } else if (how === 'extend' && typeof parent[last] === 'object' && !Array.isArray(parent[last])) {
    parent[last].unknownField = 1;
  } else if (Array.isArray(parent)) {
    parent.splice(last as number, 1);
  } else {
    delete parent[last];
  }
  const change = typeof how === 'object' ? `= ${JSON.stringify(how.value)}` : how;
  return { change: `${path.join('.')} ${change}`, object };
}

function* placesOf(value: Json, path: Step[] = []): Generator<Step[]> {
  if (path.length > 0) {
    yield path;
  }
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      yield* placesOf(value[key], [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}
