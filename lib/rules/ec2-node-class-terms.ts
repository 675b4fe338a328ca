import type { Part } from './part';
import { EC2_CRD, EC2_NODE_CLASS, Enforcer, type Problem, type Rule, refused } from './rule';

interface Terms {
  readonly field: string;
  readonly name: string;
  /** Fields of which one must be there, and the CEL rule that says so. */
  readonly anyOf: readonly string[];
  readonly anyOfCel: string;
  /** Fields that stand alone, what is refused beside them, and the CEL rule. */
  readonly alone: readonly (readonly [field: string, beside: readonly string[], cel: string])[];
  readonly example: string;
}

const TERMS: readonly Terms[] = [
  {
    field: 'subnetSelectorTerms',
    name: 'subnet',
    anyOf: ['tags', 'id'],
    anyOfCel: 'f421da07',
    alone: [['id', ['tags'], '7987af8a']],
    example: "{ tags: { 'karpenter.sh/discovery': 'my-cluster' } }",
  },
  {
    field: 'securityGroupSelectorTerms',
    name: 'security-group',
    anyOf: ['tags', 'id', 'name'],
    anyOfCel: '6ed3e3b1',
    alone: [
      ['id', ['tags', 'name'], '97c305fc'],
      ['name', ['tags', 'id'], 'bf2d46a2'],
    ],
    example: "{ tags: { 'karpenter.sh/discovery': 'my-cluster' } }",
  },
  {
    field: 'capacityReservationSelectorTerms',
    name: 'reservation',
    anyOf: ['tags', 'id', 'instanceMatchCriteria'],
    anyOfCel: '5ba24c02',
    alone: [['id', ['tags', 'ownerID', 'instanceMatchCriteria'], '5615f3b7']],
    example: "{ id: 'cr-0123456789abcdef0' }",
  },
];

const kinds = [EC2_NODE_CLASS];
const base = { kinds, enforcer: Enforcer.API_SERVER, source: EC2_CRD };

/** Rules of what selects subnets, security groups and reservations, and of the tags of any term. */
export const EC2_NODE_CLASS_TERM_RULES: readonly Rule[] = [
  ...TERMS.flatMap(({ field, name, anyOf, anyOfCel, alone, example }) => [
    {
      ...base,
      id: `ec2-node-class/empty-${name}-term`,
      cel: [`EC2NodeClass spec.${field} ${anyOfCel}`],
      *check(object: Part): Iterable<Problem> {
        for (const term of object.at('spec', field).items) {
          if (term.among(...anyOf).length === 0) {
            yield refused(term, `one of ${anyOf.join(', ')}`, `write ${example}`);
          }
        }
      },
    },
    {
      ...base,
      id: `ec2-node-class/mixed-${name}-terms`,
      cel: alone.map(([, , hash]) => `EC2NodeClass spec.${field} ${hash}`),
      // The CRD says !all where it means !exists: one term that is not mixed is enough to pass, and no term is not.
      *check(object: Part): Iterable<Problem> {
        const terms = object.at('spec', field);
        for (const [single, beside] of alone) {
          const mixed = terms.items.map((term) => (term.has(single) ? term.among(...beside) : []));
          if (mixed.length > 0 && mixed.every((each) => each.length > 0)) {
            yield refused(terms, `${single} alone in a term`, 'leave the others out', [single, ...mixed[0]]);
          }
        }
      },
    },
  ]),
  {
    kinds,
    id: 'ec2-node-class/ignored-term-fields',
    enforcer: Enforcer.NOBODY,
    source: 'aws/karpenter-provider-aws v1.14.1 pkg/providers: a term with an id (or name) is looked up by that alone',
    *check(object) {
      for (const { field, alone } of TERMS) {
        const terms = object.at('spec', field).items;
        for (const [single, beside] of alone) {
          const mixed = terms.filter((term) => term.has(single) && term.among(...beside).length > 0);
          for (const term of mixed.length < terms.length ? mixed : []) {
            yield refused(term, `${single} alone, as the rest is ignored`, 'leave the others out', [
              single,
              ...term.among(...beside),
            ]);
          }
        }
      }
    },
  },
  {
    ...base,
    id: 'ec2-node-class/no-terms',
    // An empty list of reservations breaks the rule of mixed terms, as all of its terms are mixed.
    cel: ['EC2NodeClass spec.subnetSelectorTerms 640ba693', 'EC2NodeClass spec.securityGroupSelectorTerms 640ba693'],
    *check(object) {
      for (const { field, example } of TERMS) {
        const terms = object.at('spec', field);
        if (terms.isEmpty) {
          yield refused(terms, 'one term or more', `write [${example}]`);
        }
      }
    },
  },
  {
    ...base,
    id: 'ec2-node-class/empty-tag',
    cel: ['amiSelectorTerms', ...TERMS.map(({ field }) => field)].map(
      (field) => `EC2NodeClass spec.${field}[].tags 67e37bc5`,
    ),
    *check(object) {
      for (const field of ['amiSelectorTerms', ...TERMS.map((terms) => terms.field)]) {
        for (const tags of object.at('spec', field).items.map((term) => term.at('tags'))) {
          if (tags.entries.some(([key, value]) => key === '' || value.value === '')) {
            yield refused(tags, 'keys and values that are not empty', "write '*' for any value");
          }
        }
      }
    },
  },
];
