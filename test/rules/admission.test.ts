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
import { crossed } from './crossed';

const RULES = new Map(ALL_RULES.map((rule) => [rule.id, rule]));
const ruleOf = (id: string) => RULES.get(id) as Rule;

/** `List` is no kind that a server stores: kubectl takes it apart. */
const STORED = CASES.filter(({ failing }) => failing.kind !== 'List');

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
      const mixtures = fc.sample(crossed(STORED.filter(({ failing }) => KINDS_WITH_CEL.has(gvkOf(failing)))), {
        seed: Number(process.env.FC_SEED ?? 20261121),
        numRuns: 6000,
      });
      const verdicts = admissions(mixtures);
      const counts = { refused: 0, taken: 0, 'refused by the schema': 0 };
      for (const [index, object] of mixtures.entries()) {
        const { errors } = verdicts[index];
        // What the schema refuses may not reach the CEL rules at all.
        if (errors.some(({ rule }) => !rule)) {
          counts['refused by the schema'] += 1;
          continue;
        }
        const ours = violationsOf(object, { holdsNim: () => false }).filter(({ rule }) => ruleOf(rule).cel);
        const theirs = errors.map(({ message }) => message);
        if (ours.length > 0 !== theirs.length > 0) {
          expect({ object, ours: ours.map(({ rule }) => rule) }).toEqual({ object, theirs });
        }
        counts[theirs.length > 0 ? 'refused' : 'taken'] += 1;
      }
      console.log(`${mixtures.length} mixtures: ${JSON.stringify(counts)}`);
      expect(Math.min(counts.refused, counts.taken)).toBeGreaterThan(500);
    });
  },
);

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
