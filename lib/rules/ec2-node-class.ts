import { EC2_NODE_CLASS_AMI_RULES } from './ec2-node-class-ami';
import { EC2_NODE_CLASS_DISK_RULES } from './ec2-node-class-disks';
import { EC2_NODE_CLASS_IMAGE_RULES } from './ec2-node-class-images';
import { EC2_NODE_CLASS_NETWORK_RULES } from './ec2-node-class-network';
import { EC2_NODE_CLASS_TERM_RULES } from './ec2-node-class-terms';
import { EC2_CRD, EC2_NODE_CLASS, Enforcer, type Rule, refused } from './rule';

const kinds = [EC2_NODE_CLASS];

/** Start of a tag key that belongs to Karpenter or EKS, and the CEL rule that says so. */
const OWNED_TAGS: readonly [test: (key: string) => boolean, cel: string][] = [
  [(key) => key === 'eks:eks-cluster-name', '046d8b80'],
  [(key) => key.startsWith('kubernetes.io/cluster'), '2052d57d'],
  [(key) => key === 'karpenter.sh/nodepool', '4129eeab'],
  [(key) => key === 'karpenter.sh/nodeclaim', '9aab54f2'],
  [(key) => key === 'karpenter.k8s.aws/ec2nodeclass', 'd8e08895'],
];

/** Rules of EC2NodeClass objects. */
export const EC2_NODE_CLASS_RULES: readonly Rule[] = [
  {
    id: 'ec2-node-class/one-identity',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec fb0a921a'],
    *check(object) {
      const spec = object.at('spec');
      const found = spec.among('role', 'instanceProfile');
      if (spec.given && found.length !== 1) {
        yield refused(spec, 'exactly one of role and instanceProfile', "write role: 'KarpenterNodeRole'", found);
      }
    },
  },
  {
    id: 'ec2-node-class/empty-identity',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.role 53f953b3', 'EC2NodeClass spec.instanceProfile 53f953b3'],
    *check(object) {
      for (const part of ['role', 'instanceProfile'].map((name) => object.at('spec', name))) {
        if (part.value === '') {
          yield refused(part, 'a name', "write 'KarpenterNodeRole', say");
        }
      }
    },
  },
  {
    id: 'ec2-node-class/role-arn',
    kinds,
    enforcer: Enforcer.NOBODY,
    source:
      'aws/karpenter-provider-aws v1.14.1 pkg/providers/instanceprofile: the role is added to a profile by its name',
    *check(object) {
      for (const part of ['role', 'instanceProfile'].map((name) => object.at('spec', name))) {
        if (part.text?.startsWith('arn:')) {
          yield refused(part, 'a name, not an ARN', `write '${part.text.slice(part.text.lastIndexOf('/') + 1)}'`);
        }
      }
    },
  },
  {
    id: 'ec2-node-class/empty-tag-key',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: ['EC2NodeClass spec.tags b223f8b9'],
    *check(object) {
      if (object.at('spec', 'tags').keys.includes('')) {
        yield {
          ...refused(object.at('spec', 'tags'), 'one character or more', 'name the tag', ''),
          what: 'key in spec.tags',
        };
      }
    },
  },
  {
    id: 'ec2-node-class/owned-tag',
    kinds,
    enforcer: Enforcer.API_SERVER,
    source: EC2_CRD,
    cel: OWNED_TAGS.map(([, hash]) => `EC2NodeClass spec.tags ${hash}`),
    *check(object) {
      for (const [key, part] of object.at('spec', 'tags').entries) {
        if (OWNED_TAGS.some(([test]) => test(key))) {
          const problem = refused(part, 'keys that Karpenter and EKS do not set themselves', 'leave it out', key);
          yield { ...problem, what: 'key in spec.tags' };
        }
      }
    },
  },
  ...EC2_NODE_CLASS_AMI_RULES,
  ...EC2_NODE_CLASS_TERM_RULES,
  ...EC2_NODE_CLASS_DISK_RULES,
  ...EC2_NODE_CLASS_IMAGE_RULES,
  ...EC2_NODE_CLASS_NETWORK_RULES,
];
