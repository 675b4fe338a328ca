import { allowedValues } from './node-pool-types';
import { Enforcer, NODE_POOL, type Rule, refused } from './rule';

const kinds = [NODE_POOL];
const GPU = 'nvidia.com/gpu';
const CAPACITY_TYPES = ['reserved', 'spot', 'on-demand'];

/** Families on which NIM does not run: a part of a GPU without `nvidia.com/gpu` in Karpenter, and AWS' own chips. */
const NO_NIM = /^(g6f|gr6f|inf\d\w*|trn\d\w*)(\.|$)/;

/** Rules of what a NodePool may start. */
export const NODE_POOL_CAPACITY_RULES: readonly Rule[] = [
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
