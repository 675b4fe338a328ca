import { amiFamily } from './ec2-node-class-ami';
import { requiresNvidia } from './node-pool-types';
import type { Part } from './part';
import { amountOf } from './quantity';
import { EC2_NODE_CLASS, Enforcer, NODE_POOL, type Rule, refused, type Surroundings } from './rule';

/** The disk that images are unpacked to, by family; 20 GiB where nothing is said of it. */
const IMAGE_DISKS: { readonly [family: string]: string } = {
  AL2: '/dev/xvda',
  AL2023: '/dev/xvda',
  Bottlerocket: '/dev/xvdb',
};

const LEAST = '60Gi';

/** What of the disk for images is too small for one of NIM; nothing where it may do. */
function smallDisk(nodeClass: Part): Part | undefined {
  const spec = nodeClass.at('spec');
  const family = amiFamily(nodeClass) ?? '';
  const device = IMAGE_DISKS[family];
  const mappings = spec.at('blockDeviceMappings');
  if (!device || spec.has('instanceStorePolicy') || (mappings.given && !Array.isArray(mappings.value))) {
    return undefined;
  }
  const named = (mapping: Part) => mapping.at('deviceName').text === device;
  const isRoot = (mapping: Part) => family !== 'Bottlerocket' && mapping.at('rootVolume').isTrue;
  const mapping = mappings.items.find(isRoot) ?? mappings.items.find(named);
  if (mapping) {
    const size = mapping.at('ebs', 'volumeSize');
    return (amountOf(size.value) ?? Number.POSITIVE_INFINITY) < (amountOf(LEAST) as number) ? size : undefined;
  }
  // User data may move images to another disk, and a name that is known at deployment only may be this one.
  const unsure =
    (spec.has('userData') && family !== 'Bottlerocket') ||
    mappings.items.some((each) => each.at('deviceName').given && each.at('deviceName').text === undefined);
  return unsure ? undefined : mappings;
}

/** Name of a NodePool that starts GPU nodes of this class. */
function gpuPoolOf(nodeClass: Part, around: Surroundings): string | undefined {
  const name = nodeClass.at('metadata', 'name').text;
  for (const pool of name ? around.objects(NODE_POOL) : []) {
    const part = pool.rendered();
    const ref = part.at('spec', 'template', 'spec', 'nodeClassRef');
    if (ref.at('kind').text === 'EC2NodeClass' && ref.at('name').text === name && requiresNvidia(part)) {
      return pool.name ?? 'beside it';
    }
  }
  return undefined;
}

/** Rules of a class in a program that starts GPU nodes with it. */
export const EC2_NODE_CLASS_IMAGE_RULES: readonly Rule[] = [
  {
    id: 'ec2-node-class/disk-for-images',
    kinds: [EC2_NODE_CLASS],
    enforcer: Enforcer.NOBODY,
    source:
      'aws/karpenter-provider-aws v1.14.1 website concepts/nodeclasses: 20Gi of /dev/xvda, or of /dev/xvdb for Bottlerocket; NIM images unpack to 15 to 25 GB',
    *check(object, around) {
      const part = smallDisk(object);
      const pool = part && gpuPoolOf(object, around);
      if (part && pool) {
        const device = IMAGE_DISKS[amiFamily(object) ?? ''];
        yield refused(
          part,
          `${LEAST} or more of ${device} (20Gi by default), where nodes of pool ${pool} unpack NIM images`,
          `write instanceStorePolicy: 'RAID0' for the local disks of GPU types, or { deviceName: '${device}', ebs: { volumeSize: '200Gi' } }`,
        );
      }
    },
  },
];
