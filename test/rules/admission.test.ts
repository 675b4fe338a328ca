import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ALL_RULES } from '../../lib/rules/all-rules';
import { violationsOf } from '../../lib/rules/checked';
import { Enforcer, type Rule } from '../../lib/rules/rule';
import { admissionSkip, admissions, admit } from '../support/admission';
import { CRD_FOLDER } from '../support/crds';
import type { KubernetesObject } from '../support/kubernetes-types';
import { CASES } from './cases';
import { beside } from './cases/beside';
import { changed } from './cases/case';
import { VALID } from './cases/objects';
import { crossed } from './crossed';

const RULES = new Map(ALL_RULES.map((rule) => [rule.id, rule]));
const ruleOf = (id: string) => RULES.get(id) as Rule;

/** `List` is no kind that a server stores: kubectl takes it apart. */
const STORED = CASES.filter(({ failing }) => failing.kind !== 'List');

/** Texts at the edges of a rule that a mixture does not come upon. */
const EDGES: readonly { base: KubernetesObject; path: string; values: readonly unknown[] }[] = [
  {
    base: VALID.ec2NodeClass,
    path: 'spec.amiSelectorTerms[0].alias',
    values: ['al2023@', '@v1', '@', '', 'al2023', 'al2023@a@b', 'AL2023@v1', 'al-2023@v1', 'al2023 @v1', ' al2023@v1']
      .concat(['windows2022@latest', 'windows2022@latest@1', 'windows2022@', 'windows2022', 'windows2016@latest'])
      .concat(['al2@x\ny', 'al2@\n', 'bottlerocket@1.2.3', 'al2@é']),
  },
  {
    base: VALID.ec2NodeClass,
    path: 'spec.tags',
    values: ['kubernetes.io/cluster', 'kubernetes.io/clusterx', 'Kubernetes.io/cluster', 'x/kubernetes.io/cluster', ' ']
      .concat(['eks:eks-cluster-name2', 'karpenter.sh/nodepools', 'karpenter.sh/nodeclaim', 'a b'])
      .map((key) => ({ [key]: 'a' })),
  },
  {
    base: VALID.nodePool,
    path: 'spec.template.metadata.labels',
    values: [
      'karpenter.sh',
      'mykarpenter.sh/x',
      'a.karpenter.sh/x',
      'karpenter.sh.a/x',
      '/karpenter.sh',
      'x/karpenter.sh',
    ]
      .concat([
        'karpenter.sh/capacity-type/x',
        'karpenter.k8s.aws',
        'xkarpenter.k8s.aws/instance-family',
        'KARPENTER.SH/a',
      ])
      .concat([
        'karpenter.k8s.aws/instance-family',
        'karpenter.k8s.aws/ec2nodeclass',
        'sh',
        'a/b/c',
        '',
        'kubernetes.io/hostname/x',
      ])
      .map((key) => ({ [key]: 'a' })),
  },
  {
    base: VALID.nodePool,
    path: 'spec.template.spec.requirements[1]',
    values: [['0'], ['-0'], ['+5'], ['-1'], [' 4'], ['4 '], ['1e3'], ['0x10'], ['04'], ['1_000'], [''], ['4.0'], []]
      .concat([['9223372036854775807'], ['9223372036854775808'], ['-9223372036854775808'], ['99999999999999999999']])
      .flatMap((values) =>
        ['Gt', 'Lte', 'In', 'NotIn', 'Exists'].flatMap((operator) =>
          [undefined, 1, 2].map((minValues) => ({
            key: 'karpenter.k8s.aws/instance-cpu',
            operator,
            values,
            minValues,
          })),
        ),
      ),
  },
  {
    base: VALID.nodePool,
    path: 'spec.template.spec.requirements[0].key',
    values: [
      'karpenter.sh',
      'mykarpenter.sh/x',
      'a.karpenter.sh/x',
      'karpenter.sh.a/x',
      'x/karpenter.sh',
      'karpenter.k8s.aws',
    ].concat([
      'xkarpenter.k8s.aws/instance-family',
      'karpenter.k8s.aws/capacity-reservation-id',
      'karpenter.sh/capacity-type',
    ]),
  },
  {
    base: VALID.nimService,
    path: 'spec.expose.router',
    values: [
      {},
      { group: '' },
      { group: 'a' },
      { kind: 'Service' },
      { kind: 'Pool' },
      { kind: 'service' },
      { port: 80 },
    ].map((backend) => ({ gateway: { name: 'a', namespace: 'a', backendRef: { name: 'b', ...backend } } })),
  },
  {
    base: VALID.nimService,
    path: 'spec.multiNode',
    values: [
      {},
      { create: true },
      { create: false },
      { name: '' },
      { name: 'a' },
      { create: true, name: '' },
      { create: false, name: 'a' },
    ].map((computeDomain) => ({ parallelism: {}, computeDomain })),
  },
];

const gvkOf = ({ apiVersion, kind }: KubernetesObject) => `${apiVersion}/${kind}`;
const KINDS_WITH_CEL = new Set(ALL_RULES.flatMap(({ cel, kinds = [] }) => (cel ? kinds : [])));

describe.skipIf(admissionSkip)(
  'our verdict and that of the API server (skipped where its code cannot be built)',
  () => {
    it('agree on what passes', () => {
      const verdicts = admit(STORED.map(({ passing }) => passing));
      expect(
        STORED.map(({ rule }, index) => [rule, ...verdicts[index]]).filter(([, ...errors]) => errors.length > 0),
      ).toEqual([]);
    });

    it('agree on what the API server refuses, and on what only others refuse', () => {
      const verdicts = admit(STORED.map(({ failing }) => failing));
      const isItsOwn = STORED.map(({ rule }) => ruleOf(rule).enforcer === Enforcer.API_SERVER);
      const disagreements = STORED.filter((_, index) => isItsOwn[index] !== verdicts[index].length > 0);
      expect(disagreements.map(({ rule, what }) => [rule, what])).toEqual([]);
      console.log(
        `${2 * STORED.length} differential cases, ${isItsOwn.filter(Boolean).length} of them refused by the API server`,
      );
    });

    it('agree on the reason, CEL rule by CEL rule', () => {
      const verdicts = admit(STORED.map(({ failing }) => failing));
      const words = celMessages();
      const covered = new Set<string>();
      const wrong = STORED.filter(({ rule, cel }, index) => {
        const { cel: all = [] } = ruleOf(rule);
        const reference = cel ?? (all.length === 1 ? all[0] : undefined);
        if (!reference) {
          return all.length > 0;
        }
        covered.add(reference);
        return !verdicts[index].some((message) =>
          reasons(words.get(reference)).some((words) => message.includes(words)),
        );
      });
      expect(wrong.map(({ rule, what }) => [rule, what])).toEqual([]);
      expect(ALL_RULES.flatMap(({ cel = [] }) => cel).filter((reference) => !covered.has(reference))).toEqual([]);
      console.log(`${covered.size} CEL rules, each with an object that the API server refuses for it`);
    });

    it('agree on mixtures of all those objects, as far as CEL rules go', () => {
      const cases = STORED.filter(({ failing }) => KINDS_WITH_CEL.has(gvkOf(failing)));
      const mixtures = fc.sample(crossed(cases), { seed: 20261121, numRuns: 4000 });
      const counts = compared(mixtures);
      console.log(`${mixtures.length} mixtures: ${JSON.stringify(counts)}`);
      expect(Math.min(counts.refused, counts.taken)).toBeGreaterThan(500);
      // Otherwise the mixtures could not tell whether we have that rule.
      const alone = mixtures.map(celRulesBroken).filter((rules) => rules.length === 1);
      const unseen = ALL_RULES.filter(({ id, cel }) => cel && !alone.some(([only]) => only === id));
      expect(unseen.map(({ id }) => id)).toEqual([]);
    });

    it.each(EDGES)('agree on $path of a $base.kind', ({ base, path, values }) => {
      const counts = compared(values.map((value) => changed(base, { [path]: value })));
      expect(Math.min(counts.refused, counts.taken)).toBeGreaterThan(0);
    });
  },
);

/** Compares the verdicts of both, object by object, wherever the CEL rules decide. */
function compared(objects: readonly KubernetesObject[]) {
  const counts = { refused: 0, taken: 0, 'refused by the schema': 0 };
  for (const [index, { errors }] of admissions(objects).entries()) {
    // What the schema refuses may not reach the CEL rules at all.
    if (errors.some(({ rule }) => !rule)) {
      counts['refused by the schema'] += 1;
      continue;
    }
    const ours = celRulesBroken(objects[index]);
    const theirs = errors.map(({ message }) => message);
    if (ours.length > 0 !== theirs.length > 0) {
      expect({ object: objects[index], ours }).toEqual({ object: objects[index], theirs });
    }
    counts[theirs.length > 0 ? 'refused' : 'taken'] += 1;
  }
  return counts;
}

function celRulesBroken(object: KubernetesObject): string[] {
  const violations = violationsOf(object, beside());
  return [...new Set(violations.map(({ rule }) => rule))].filter((id) => ruleOf(id).cel);
}

interface CelRule {
  readonly rule: string;
  readonly message?: string;
}

/** What the server may say: the message of a rule, or that it could not be worked out, which refuses as well. */
function reasons({ rule, message }: CelRule = { rule: 'no such rule' }): string[] {
  return [message ?? rule, `rule: ${rule}`, `evaluating rule: ${message}`];
}

/** CEL rules of the real CRDs, by the references of our rules. */
function celMessages(): Map<string, CelRule> {
  const found = new Map<string, CelRule>();
  const folder = CRD_FOLDER as string;
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const { spec } = parse(readFileSync(join(folder, file), 'utf8'));
    for (const { schema } of spec.versions) {
      collect(schema.openAPIV3Schema, spec.names.kind, '', found);
    }
  }
  return found;
}

type Schema = {
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly items?: Schema;
};

function collect(schema: Schema, kind: string, path: string, into: Map<string, CelRule>): void {
  for (const each of schema['x-kubernetes-validations'] ?? []) {
    into.set(`${kind} ${path} ${createHash('sha256').update(each.rule).digest('hex').slice(0, 8)}`, each);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    collect(property, kind, path ? `${path}.${name}` : name, into);
  }
  if (schema.items) {
    collect(schema.items, kind, `${path}[]`, into);
  }
}
