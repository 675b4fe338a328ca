// One object that the API server takes and one that it refuses for each of its mechanisms: what a test may rely on.
import { describe, expect, it } from 'vitest';
import { admissionSkip, admissions, admit } from '../support/admission';
import type { KubernetesObject } from '../support/kubernetes-types';

type Change = (spec: KubernetesObject['spec']) => unknown;

function changed(object: KubernetesObject, change: Change = () => {}): KubernetesObject {
  const copy = structuredClone(object);
  change(copy.spec);
  return copy;
}

const pool = (change?: Change) => changed(POOL, change);
const service = (change?: Change) => changed(SERVICE, change);

const POOL: KubernetesObject = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: 'l4' },
  spec: {
    weight: 10,
    disruption: { consolidateAfter: '10m', budgets: [{ nodes: '10%', reasons: ['Empty', 'Drifted'] }] },
    template: {
      spec: {
        taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
        nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'l4' },
        requirements: [{ key: 'kubernetes.io/os', operator: 'In', values: ['linux'] }],
      },
    },
  },
};

const SERVICE: KubernetesObject = {
  apiVersion: 'apps.nvidia.com/v1alpha1',
  kind: 'NIMService',
  metadata: { name: 'llama', namespace: 'nim' },
  spec: {
    image: { repository: 'nvcr.io/nim/meta/llama', tag: '2.0.6' },
    authSecret: 'ngc',
    storage: { nimCache: { name: 'llama' } },
    resources: { claims: [{ name: 'a' }, { name: 'b' }] },
  },
};

const secret = (fields: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'ngc' },
  ...fields,
});

/** Said beside an error that keeps the CEL rules from being asked. */
const UNASKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

const CREATIONS: readonly [mechanism: string, object: KubernetesObject, refusals: readonly string[]][] = [
  [
    'pruning, of a field that the schema does not know',
    pool((spec) => Object.assign(spec, { wieght: 1 })),
    ['strict decoding error: unknown field "spec.wieght"'],
  ],
  [
    'the type',
    pool((spec) => Object.assign(spec, { weight: '10' })),
    ['spec.weight: Invalid value: "string": spec.weight in body must be of type integer: "string"', UNASKED],
  ],
  [
    'required fields',
    pool((spec) => delete spec.template.spec.nodeClassRef),
    ['spec.template.spec.nodeClassRef: Required value', UNASKED],
  ],
  [
    'enums',
    pool((spec) => Object.assign(spec.template.spec.taints[0], { effect: 'Never' })),
    [
      'spec.template.spec.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      UNASKED,
    ],
  ],
  [
    'patterns',
    pool((spec) => Object.assign(spec.disruption.budgets[0], { nodes: '10 %' })),
    [
      `spec.disruption.budgets[0].nodes: Invalid value: "10 %": spec.disruption.budgets[0].nodes in body should match '^((100|[0-9]{1,2})%|[0-9]+)$'`,
    ],
  ],
  [
    'formats',
    pool((spec) => Object.assign(spec.template.spec.taints[0], { timeAdded: 'today' })),
    [
      'spec.template.spec.taints[0].timeAdded: Invalid value: "today": spec.template.spec.taints[0].timeAdded in body must be of type date-time: "today"',
      UNASKED,
    ],
  ],
  [
    'CEL rules',
    pool((spec) => Object.assign(spec.disruption.budgets[0], { schedule: '@daily' })),
    [`spec.disruption.budgets: Invalid value: 'schedule' must be set with 'duration'`],
  ],
  [
    'the keys of a list that is a map',
    service((spec) => spec.resources.claims.push({ name: 'a' })),
    ['spec.resources.claims[2]: Duplicate value: {"name":"a"}'],
  ],
  [
    'the items of a list that is a set',
    pool((spec) => spec.disruption.budgets[0].reasons.push('Empty')),
    ['spec.disruption.budgets[0].reasons[2]: Duplicate value: "Empty"'],
  ],
  [
    'the metadata of a custom resource',
    { ...SERVICE, metadata: { name: 'llama', namespace: 'nim', label: {} } },
    ['strict decoding error: unknown field "metadata.label"'],
  ],
  [
    'the fields of a core kind',
    secret({ strngData: { NGC_API_KEY: 'x' } }),
    ['strict decoding error: unknown field "strngData"'],
  ],
  [
    'the types of a core kind',
    secret({ immutable: 'yes' }),
    [
      'Secret in version "v1" cannot be handled as a Secret: json: cannot unmarshal string into Go struct field Secret.immutable of type bool',
    ],
  ],
  [
    'the content of a pull secret',
    secret({ type: 'kubernetes.io/dockerconfigjson', stringData: { config: '{}' } }),
    ['data[.dockerconfigjson]: Required value'],
  ],
];

const UPDATES: readonly [mechanism: string, old: KubernetesObject, object: KubernetesObject, refusals: string[]][] = [
  [
    'a CEL rule about a field that changes',
    pool(),
    pool((spec) => Object.assign(spec.template.spec.nodeClassRef, { group: 'example.com' })),
    ['spec.template.spec.nodeClassRef: Invalid value: nodeClassRef.group is immutable'],
  ],
  [
    'a CEL rule about a field that is added',
    service(),
    service((spec) => Object.assign(spec, { draResources: [{ resourceClaimName: 'a' }] })),
    ['spec: Invalid value: spec.draResources is immutable'],
  ],
  [
    'the name',
    service(),
    { ...SERVICE, metadata: { name: 'mistral', namespace: 'nim' } },
    ['metadata.name: Invalid value: "mistral": field is immutable'],
  ],
];

describe('the code of the API server', () => {
  it.skipIf(admissionSkip)(`takes valid objects${why()}`, () => {
    expect(admit([pool(), service(), secret({ stringData: { NGC_API_KEY: 'x' } })])).toEqual([[], [], []]);
  });

  it.skipIf(admissionSkip).each(CREATIONS)(`checks %s${why()}`, (_, object, refusals) => {
    expect(admit([object])).toEqual([refusals]);
  });

  it.skipIf(admissionSkip).each(UPDATES)(`checks, on an update, %s${why()}`, (_, old, object, refusals) => {
    expect(admit([object, object, old], { old: [old] })).toEqual([refusals, [], []]);
  });

  it.skipIf(admissionSkip)(`lets an update keep what was wrong before${why()}`, () => {
    const wrong = pool((spec) => Object.assign(spec.disruption.budgets[0], { nodes: '10 %' }));
    const heavier = changed(wrong, (spec) => Object.assign(spec, { weight: 11 }));

    expect(admit([heavier], { old: [wrong] })).toEqual([[]]);
  });

  it.skipIf(admissionSkip)(`answers with what would be stored, defaults included${why()}`, () => {
    const [{ object }] = admissions([pool((spec) => delete spec.disruption)]);

    expect(object?.spec.disruption).toEqual({
      budgets: [{ nodes: '10%' }],
      consolidateAfter: '0s',
      consolidationPolicy: 'WhenEmptyOrUnderutilized',
    });
  });

  it.skipIf(admissionSkip)(`tells CEL rules from the schema${why()}`, () => {
    const twoErrors = pool((spec) => Object.assign(spec.disruption.budgets[0], { schedule: '@daily', nodes: '10 %' }));
    const [{ errors }] = admissions([twoErrors]);

    expect(errors.map(({ field, rule }) => [field, rule])).toEqual([
      ['spec.disruption.budgets[0].nodes', undefined],
      ['spec.disruption.budgets', true],
    ]);
  });

  it.skipIf(admissionSkip)(`warns of a namespace that a cluster-scoped kind loses${why()}`, () => {
    const [{ errors, warnings }] = admissions([{ ...POOL, metadata: { name: 'l4', namespace: 'nim' } }]);

    expect(errors).toEqual([]);
    expect(warnings).toEqual(['metadata.namespace: "nim" is dropped: the kind is cluster-scoped']);
  });

  it.skipIf(admissionSkip).each([
    ['a kind', 'example.com/v1', 'Thing'],
    ['a version', 'karpenter.sh/v1beta1', 'NodePool'],
    ['a list', 'v1', 'List'],
  ])(`never takes %s that it does not know for valid${why()}`, (_, apiVersion, kind) => {
    const [[message]] = admit([{ apiVersion, kind, metadata: { name: 'a' } }]);

    expect(message).toMatch(`no matches for kind "${kind}" in version "${apiVersion}"`);
  });

  it.skipIf(admissionSkip)(`refuses to guess which object an old one belongs to${why()}`, () => {
    expect(() => admit([], { old: [pool()] })).toThrow('1 old objects for 0 objects');
  });
});

function why(): string {
  return admissionSkip ? ` (${admissionSkip})` : '';
}
