import { describe, expect, it } from 'vitest';
import { type DigestNode, digestTree } from '../support/crds';
import { LATER_THAN_1_28, STRUCT_NAMES, type StructType, structProperties } from '../support/crds-structs';

const SPECS = [
  ['apps.nvidia.com/v1alpha1/NIMCache', 'NimCacheSpec'],
  ['apps.nvidia.com/v1alpha1/NIMService', 'NimServiceSpec'],
  ['karpenter.sh/v1/NodePool', 'NodePoolSpec'],
  ['karpenter.k8s.aws/v1/EC2NodeClass', 'Ec2NodeClassSpec'],
] as const;

/** Texts of the CRD that are enums here, because something else than the schema refuses any other. */
const CLOSED_ELSEWHERE: { readonly [name: string]: string } = {
  VolumeAccessMode: 'webhook of the operator',
  QosProfile: 'webhook of the operator',
  ImagePullPolicy: 'validation of pods by the API server',
  ServiceType: 'validation of services by the API server',
};

const spec = (gvk: string) => digestTree(gvk)?.properties.get('spec') as DigestNode;
const ours = (name: string): StructType => ({ kind: 'struct', name, core: false });

describe.each(SPECS)('the structs of %s', (gvk, struct) => {
  const found = differences(ours(struct), spec(gvk), 'spec');

  it('have a fitting property for every field, and no other, save what Kubernetes 1.28 did not have', () => {
    expect(found.filter((difference) => !LATER_THAN_1_28.some(({ field }) => field.test(difference)))).toEqual([]);
  });
});

it('knows no difference that is none any more', () => {
  const found = SPECS.flatMap(([gvk, struct]) => differences(ours(struct), spec(gvk), 'spec'));
  expect(LATER_THAN_1_28.filter(({ field }) => !found.some((difference) => field.test(difference)))).toEqual([]);
});

it.each<[string, Partial<DigestNode['facts']>, string]>([
  ['another type', { type: 'integer' }, 'spec.nodeClassRef.kind: integer is a string'],
  ['an enum', { type: 'string', enum: ['EC2NodeClass'], required: true }, 'spec.nodeClassRef.kind: enum is a string'],
  ['another need', { type: 'string' }, 'spec.nodeClassRef.kind: optional in the CRD'],
])('sees a field that gets %s', (_, facts, difference) => {
  const kind = { facts, properties: new Map() } as DigestNode;
  const reference: DigestNode = { facts: { type: 'object' }, properties: new Map([['kind', kind]]) };
  expect(differences(ours('NodeClassRef'), reference, 'spec.nodeClassRef')).toContain(difference);
});

it.each([
  ['fewer fields', new Map(), 'spec.group: no field'],
  ['more fields', new Map([['uid', { facts: { type: 'string' }, properties: new Map() }]]), 'spec.uid: no property'],
] as [string, DigestNode['properties'], string][])('sees an object that gets %s', (_, properties, difference) => {
  expect(differences(ours('NodeClassRef'), { facts: { type: 'object' }, properties }, 'spec')).toContain(difference);
});

it.each([
  ['more values', ['NoSchedule', 'PreferNoSchedule', 'NoExecute', 'Never']],
  ['fewer values', ['NoSchedule', 'PreferNoSchedule']],
])('sees an enum that gets %s', (_, values) => {
  const type: StructType = {
    kind: 'enum',
    name: 'TaintEffect',
    values: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  };
  const node: DigestNode = { facts: { type: 'string', enum: values }, properties: new Map() };
  expect(differences(type, node, 'effect')).toHaveLength(1);
});

describe.each(STRUCT_NAMES)('%s', (name) => {
  it('says of each property what it is, and of each optional one its default', () => {
    const silent = structProperties({ name, core: false }).filter(
      ({ doc, optional }) => !/\w/.test(doc.split('@default')[0]) || /@default \S/.test(doc) !== optional,
    );
    expect(silent.map((property) => property.name)).toEqual([]);
  });
});

/** All that keeps a struct from saying exactly what the fields below a node allow. */
function differences(type: StructType, node: DigestNode, path: string): string[] {
  const wanted = node.facts.type;
  switch (type.kind) {
    case 'struct':
      return wanted === 'object' && !node.value
        ? structDifferences(type, node, path)
        : [`${path}: ${wanted} is a struct`];
    case 'array':
      return wanted === 'array' && node.item
        ? differences(type.of, node.item, `${path}[]`)
        : [`${path}: ${wanted} is an array`];
    case 'map':
      if (node.facts.preserveUnknownFields && type.of.kind === 'any') {
        return [];
      }
      return wanted === 'object' && node.value
        ? differences(type.of, node.value, `${path}{}`)
        : [`${path}: ${wanted} is a map`];
    case 'enum':
      return enumDifferences(type, node, path);
    case 'number':
      return wanted === 'integer' || wanted === 'number' ? [] : [`${path}: ${wanted} is a number`];
    default:
      return wanted === type.kind && !node.facts.enum
        ? []
        : [`${path}: ${node.facts.enum ? 'enum' : wanted} is a ${type.kind}`];
  }
}

function structDifferences(type: { name: string; core: boolean }, node: DigestNode, path: string): string[] {
  const properties = new Map(structProperties(type).map((property) => [property.name.toLowerCase(), property]));
  const names = new Set([...node.properties.keys()].map((name) => name.toLowerCase()));
  const extra = [...properties.values()].filter(({ name }) => !names.has(name.toLowerCase()));
  return [
    ...extra.map(({ name }) => `${path}.${name}: no field`),
    ...[...node.properties].flatMap(([name, field]) => {
      const property = properties.get(name.toLowerCase());
      if (!property) {
        return [`${path}.${name}: no property`];
      }
      const required = field.facts.required === true;
      return [
        ...(property.optional === required
          ? [`${path}.${name}: ${required ? 'required' : 'optional'} in the CRD`]
          : []),
        ...differences(property.type, field, `${path}.${name}`),
      ];
    }),
  ];
}

function enumDifferences(type: { name: string; values: readonly string[] }, node: DigestNode, path: string): string[] {
  if (node.facts.type !== 'string') {
    return [`${path}: ${node.facts.type} is an enum`];
  }
  if (!node.facts.enum) {
    return CLOSED_ELSEWHERE[type.name] ? [] : [`${path}: ${type.name} closes what the CRD leaves open`];
  }
  const [ours, theirs] = [[...type.values].sort(), [...node.facts.enum].sort()];
  return ours.join() === theirs.join() ? [] : [`${path}: ${type.name} is ${ours}, the CRD has ${theirs}`];
}
