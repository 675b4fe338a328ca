import { GpuInstanceType } from '../catalog';
import type { Part } from './part';
import { amountOf } from './quantity';
import { Enforcer, NODE_POOL, type Rule, refused } from './rule';

const kinds = [NODE_POOL];
const GPU = 'nvidia.com/gpu';
const CAPACITY_TYPES = ['reserved', 'spot', 'on-demand'];

/** Families on which NIM does not run: a part of a GPU without `nvidia.com/gpu` in Karpenter, and AWS' own chips. */
const NO_NIM = /^(g6f|gr6f|inf\d\w*|trn\d\w*)(\.|$)/;

/** Values that a requirement on this label allows. */
function allowedValues(object: Part, label: string): Part[] {
  return object
    .at('spec', 'template', 'spec', 'requirements')
    .items.filter((each) => each.at('key').text === label && each.at('operator').text === 'In')
    .flatMap((each) => each.at('values').items);
}

let types: Map<string, GpuInstanceType> | undefined;

function typeNamed(name: string | undefined): GpuInstanceType | undefined {
  types ??= new Map(GpuInstanceType.all().map((type) => [type.typeName, type]));
  return types.get(name ?? '');
}

/** Rules of what a NodePool may start. */
export const NODE_POOL_CAPACITY_RULES: readonly Rule[] = [
  {
    id: 'node-pool/limit-below-a-node',
    kinds,
    enforcer: Enforcer.NOBODY,
    // Seen with Karpenter 1.14.1: "no instance type has enough resources", which does not name the limit.
    source:
      'kubernetes-sigs/karpenter v1.14.1 pkg/controllers/provisioning/scheduling: types beyond the limits are left out',
    *check(object) {
      const listed = allowedValues(object, 'node.kubernetes.io/instance-type').flatMap(
        (value) => typeNamed(value.text) ?? [],
      );
      const sizes: [resource: string, of: (type: GpuInstanceType) => number, show: (size: number) => string][] = [
        [GPU, (type) => type.gpuCount, String],
        ['cpu', (type) => type.vcpus, String],
        ['memory', (type) => type.memoryMib * 2 ** 20, (bytes) => `${bytes / 2 ** 30}Gi`],
      ];
      for (const [resource, of, show] of sizes) {
        const limit = object.at('spec', 'limits', resource);
        const most = limit.given ? amountOf(limit.value) : undefined;
        const largest = listed.reduce<GpuInstanceType | undefined>((a, b) => (a && of(a) >= of(b) ? a : b), undefined);
        if (most !== undefined && largest && of(largest) > most) {
          yield refused(
            limit,
            `${show(of(largest))} or more, as ${largest.typeName} has that and would never start`,
            `raise it, or leave ${largest.typeName} out of the requirements`,
          );
        }
      }
    },
  },
  {
    id: 'node-pool/no-nim-there',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'aws/karpenter-provider-aws v1.14.1 website reference/instance-types: types without nvidia.com/gpu',
    *check(object) {
      const spec = object.at('spec');
      const taints = spec.at('template', 'spec', 'taints').items;
      if (!spec.at('limits').has(GPU) && !taints.some((taint) => taint.at('key').text === GPU)) {
        return;
      }
      const labels = ['node.kubernetes.io/instance-type', 'karpenter.k8s.aws/instance-family'];
      for (const value of labels.flatMap((label) => allowedValues(object, label))) {
        if (NO_NIM.test(value.text ?? '')) {
          yield refused(value, `types that offer ${GPU}`, 'name g5, g6, g6e, g7e or p families');
        }
      }
    },
  },
  {
    id: 'node-pool/capacity-type',
    kinds,
    enforcer: Enforcer.NOBODY,
    source: 'kubernetes-sigs/karpenter v1.14.1 pkg/apis/v1/labels.go: no offering has another capacity type',
    *check(object) {
      for (const value of allowedValues(object, 'karpenter.sh/capacity-type')) {
        if (value.text !== undefined && !CAPACITY_TYPES.includes(value.text)) {
          yield refused(value, CAPACITY_TYPES.join(', '), "write 'on-demand'");
        }
      }
    },
  },
  {
    id: 'node-pool/taint-twice',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      'kubernetes-sigs/karpenter v1.14.1 pkg/apis/v1/nodeclaim_validation.go validateTaintsField: the pool is not ready',
    *check(object) {
      const spec = object.at('spec', 'template', 'spec');
      const seen = new Set<string>();
      for (const taint of [...spec.at('taints').items, ...spec.at('startupTaints').items]) {
        const [key, effect] = [taint.at('key').text, taint.at('effect').text];
        const pair = `${key} ${effect}`;
        if (key && effect && seen.has(pair)) {
          yield refused(taint, 'a pair of key and effect that is there once', 'leave one of them out', pair);
        }
        seen.add(pair);
      }
    },
  },
];
