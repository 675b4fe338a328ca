import type { Part } from './part';
import { Enforcer, NODE_POOL, NODE_POOL_CRD, type Problem, type Rule, refused } from './rule';

const kinds = [NODE_POOL];

const FIX = "use a key of your own, such as 'example.com/team'";

/** What Karpenter 1.14.1 lets a pool say below `karpenter.k8s.aws/`. */
const AWS_LABELS = new Set(
  [
    'instance-tenancy',
    'capacity-reservation-type',
    'capacity-reservation-id',
    'capacity-reservation-interruptible',
    'ec2nodeclass',
    'instance-encryption-in-transit-supported',
    'nitro-sandbox',
    'instance-category',
    'instance-hypervisor',
    'instance-family',
    'instance-generation',
    'instance-local-nvme',
    'instance-size',
    'instance-cpu',
    'instance-cpu-manufacturer',
    'instance-cpu-sustained-clock-speed-mhz',
    'instance-memory',
    'instance-ebs-bandwidth',
    'instance-network-bandwidth',
    'instance-gpu-name',
    'instance-gpu-manufacturer',
    'instance-gpu-count',
    'instance-gpu-memory',
    'instance-accelerator-name',
    'instance-accelerator-manufacturer',
    'instance-accelerator-count',
    'instance-capability-flex',
    'placement-group-id',
    'placement-group-partition',
  ].map((name) => `karpenter.k8s.aws/${name}`),
);

/** The CRD compares the end of the domain as text: `mykarpenter.sh` is refused as well. */
const inDomain = (key: string, domain: string) => key.split('/')[0].endsWith(domain);

interface KeyRule {
  readonly id: string;
  readonly cel: readonly string[];
  readonly outgrown?: string;
  readonly allowed: string;
  refuses(key: string): boolean;
}

const KEY_RULES: readonly KeyRule[] = [
  {
    id: 'node-pool/karpenter-label',
    cel: ['labels 263336ec', 'requirements[].key d7ad786a'],
    outgrown: 'a later Karpenter may know more labels',
    allowed: 'karpenter.sh/capacity-type, or a key outside karpenter.sh',
    refuses: (key) =>
      inDomain(key, 'karpenter.sh') && !['karpenter.sh/capacity-type', 'karpenter.sh/nodepool'].includes(key),
  },
  {
    id: 'node-pool/nodepool-label',
    cel: ['labels 3f7f93e4', 'requirements[].key 4a7937fb'],
    allowed: 'another key: Karpenter sets this one itself',
    refuses: (key) => key === 'karpenter.sh/nodepool',
  },
  {
    id: 'node-pool/hostname-label',
    cel: ['labels 0ff8e93e', 'requirements[].key d815b0a1'],
    allowed: 'another key: each node has its own host name',
    refuses: (key) => key === 'kubernetes.io/hostname',
  },
  {
    id: 'node-pool/aws-label',
    cel: ['labels 300c918f', 'requirements[].key 339a6ca8'],
    outgrown: 'a later Karpenter may know more labels',
    allowed:
      'a label that Karpenter 1.14.1 knows, such as karpenter.k8s.aws/instance-family, or a key outside that domain',
    refuses: (key) => inDomain(key, 'karpenter.k8s.aws') && !AWS_LABELS.has(key),
  },
];

/** Rules of the labels that a NodePool gives its nodes, and of those that it requires. */
export const NODE_POOL_LABEL_RULES: readonly Rule[] = KEY_RULES.map(({ id, cel, outgrown, allowed, refuses }) => ({
  id,
  kinds,
  enforcer: Enforcer.API_SERVER,
  source: NODE_POOL_CRD,
  cel: [`NodePool spec.template.metadata.${cel[0]}`, `NodePool spec.template.spec.${cel[1]}`],
  outgrown,
  *check(object: Part): Iterable<Problem> {
    const template = object.at('spec', 'template');
    for (const [key, label] of template.at('metadata', 'labels').entries) {
      if (refuses(key)) {
        yield { ...refused(label, allowed, FIX, key), what: `key in ${template.path}.metadata.labels` };
      }
    }
    for (const key of template.at('spec', 'requirements').items.map((requirement) => requirement.at('key'))) {
      if (key.text !== undefined && refuses(key.text)) {
        yield refused(key, allowed, FIX);
      }
    }
  },
}));
