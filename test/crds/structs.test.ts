import { describe, expect, it } from 'vitest';
import { type DigestNode, digestTree } from '../support/crds';
import { STRUCT_NAMES, structProperties, type StructType } from '../support/crds-structs';

const SPECS = [
  ['apps.nvidia.com/v1alpha1/NIMCache', 'NimCacheSpec'],
  ['apps.nvidia.com/v1alpha1/NIMService', 'NimServiceSpec'],
  ['karpenter.sh/v1/NodePool', 'NodePoolSpec'],
  ['karpenter.k8s.aws/v1/EC2NodeClass', 'Ec2NodeClassSpec'],
] as const;

/** Fields that the CRDs have and the core types of Kubernetes 1.28 do not; a JSON patch adds them. */
const LATER_THAN_1_28 = [
  /\.valueFrom\.fileKeyRef: no property$/, // 1.34
];

/** Texts of the CRD that are enums here, because something else than the schema refuses any other. */
const CLOSED_ELSEWHERE: { readonly [name: string]: string } = {
  VolumeAccessMode: 'webhook of the operator',
  QosProfile: 'webhook of the operator',
  ImagePullPolicy: 'validation of pods by the API server',
  ServiceType: 'validation of services by the API server',
};

describe.each(SPECS)('%s', (gvk, struct) => {
  const spec = digestTree(gvk)?.properties.get('spec') as DigestNode;
  const found = differences({ kind: 'struct', name: struct, core: false }, spec, 'spec');

  it('has a fitting property for every field, and no other', () => {
    expect(found).toEqual([]);
  });
});

/** All that keeps a struct from saying exactly what the fields below a node allow. */
function differences(type: StructType, node: DigestNode, path: string): string[] {
  const wanted = node.facts.type;
  switch (type.kind) {
    case 'struct':
      return wanted === 'object' && !node.value ? structDifferences(type, node, path) : [`${path}: ${wanted} is a struct`];
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
      return wanted === type.kind && !node.facts.enum ? [] : [`${path}: ${wanted} is a ${type.kind}`];
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
        ...(property.optional === required ? [`${path}.${name}: ${required ? 'required' : 'optional'} in the CRD`] : []),
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
