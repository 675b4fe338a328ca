import { JsonPatch } from 'cdk8s';
import { AmiFamily, EbsVolumeType, KubeEc2NodeClass } from '../../lib/crds';
import type { Mistake } from './mistake';

/** EC2NodeClass objects, written by hand. */
export const MACHINES: Mistake[] = [
  {
    kind: 'error',
    title: 'The ARN of the node role instead of its name',
    met: 'hand-written EC2NodeClasses: Terraform outputs and CloudFormation show the ARN first',
    today: 'The object is accepted; making the instance profile fails, and no node starts.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: { ...classSpec, role: 'arn:aws:iam::111122223333:role/KarpenterNodeRole' },
      }),
    answer:
      '[models/Gpu] spec.role is "arn:aws:iam::111122223333:role/KarpenterNodeRole", allowed is a name, ' +
      `not an ARN; write 'KarpenterNodeRole' (rule ec2-node-class/role-arn)`,
  },
  {
    kind: 'error',
    title: 'Amazon Linux 2',
    met: 'the blueprint, whose pools are of the family AL2',
    today: 'The images ended on 2025-11-26, and Kubernetes 1.33 and later have none: no node starts.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', { spec: { ...classSpec, amiSelectorTerms: [{ alias: 'al2@latest' }] } }),
    answer:
      '[models/Gpu] spec.amiSelectorTerms[0].alias is "al2@latest", allowed is a family that still gets ' +
      `images; write 'al2023@v20260714' (rule ec2-node-class/al2-ended)`,
  },
  {
    kind: 'error',
    title: 'An EC2NodeClass without subnets',
    met: 'subnet lists from a lookup that found none',
    today: 'The API server refuses the object.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', { spec: { ...classSpec, subnetSelectorTerms: [] } }),
    answer:
      '[models/Gpu] spec.subnetSelectorTerms is [], allowed is one term or more; write [{ tags: { ' +
      `'karpenter.sh/discovery': 'my-cluster' } }] (rule ec2-node-class/no-terms)`,
  },
  {
    kind: 'error',
    title: 'A subnet by id and by tag at once',
    met: 'the blueprint, which pins pools to one subnet; people add the id and leave the tag',
    today: 'The API server refuses the object: an id stands alone.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: {
          ...classSpec,
          subnetSelectorTerms: [{ id: 'subnet-0a1b2c3d', tags: { 'karpenter.sh/discovery': 'my-cluster' } }],
        },
      }),
    answer:
      '[models/Gpu] spec.subnetSelectorTerms is ["id","tags"], allowed is id alone in a term; leave the ' +
      'others out (rule ec2-node-class/mixed-subnet-terms)',
  },
  {
    kind: 'error',
    title: 'An image by id, without its family',
    met: 'aws/amazon-vpc-cni-k8s issue 3104: GPU images chosen by hand',
    today: 'The API server refuses the object: from an id alone Karpenter cannot tell which user data to write.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', { spec: { ...classSpec, amiSelectorTerms: [{ id: 'ami-0a1b2c3d' }] } }),
    answer:
      '[models/Gpu] spec.amiFamily is not given, allowed is a family where no term has an alias; write ' +
      `amiFamily: 'AL2023' (rule ec2-node-class/no-ami-family)`,
  },
  {
    kind: 'error',
    title: 'An alias beside another term for images',
    met: 'aws/amazon-vpc-cni-k8s issue 3104: two ways to name the image are mixed, and the wrong variant comes',
    today: 'The API server refuses the object: an alias stands alone in the list.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: { ...classSpec, amiSelectorTerms: [{ alias: 'al2023@v20260714' }, { name: 'my-gpu-image-*' }] },
      }),
    answer:
      '[models/Gpu] spec.amiSelectorTerms is [{"alias":"al2023@v20260714"},{"name":"my-gpu-image-*"}], ' +
      'allowed is one term where a term has an alias; keep that term (rule ec2-node-class/ami-alias-alone)',
  },
  {
    kind: 'error',
    title: 'A fast disk without the IOPS that it needs',
    met: 'the blueprint, which unpacks images of 15 to 25 GB at 125 MiB/s; the first cure is throughput: 1000',
    today: 'The object is accepted, EC2 refuses each launch, and the pod stays Pending.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: {
          ...classSpec,
          blockDeviceMappings: [
            {
              deviceName: '/dev/xvda',
              ebs: { volumeSize: '200Gi', volumeType: EbsVolumeType.GP3, throughput: 1000 },
            },
          ],
        },
      }),
    answer:
      '[models/Gpu] spec.blockDeviceMappings[0].ebs.throughput is 1000, allowed is 125 to 750 MiB/s with ' +
      '3000 IOPS; raise iops to 4 times of it (rule ec2-node-class/gp3-throughput)',
  },
  {
    kind: 'error',
    title: 'A shell script as user data of Bottlerocket',
    met: 'pools that move from Amazon Linux to Bottlerocket',
    today: 'The object is accepted, the node starts, cannot read its settings and never joins.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: {
          ...classSpec,
          amiSelectorTerms: [{ alias: 'bottlerocket@1.44.0' }],
          userData: '#!/bin/bash\n/etc/eks/bootstrap.sh my-cluster',
        },
      }),
    answer:
      '[models/Gpu] spec.userData is "#!/bin/bash", allowed is TOML for Bottlerocket; write ' +
      `'[settings.kubernetes]' and so on (rule ec2-node-class/user-data-format)`,
  },
  {
    kind: 'error',
    title: 'A family that is not that of the alias',
    met: 'pools that move from AL2 to AL2023: the alias is changed, amiFamily is not',
    today: 'The API server refuses the object.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', { spec: { ...classSpec, amiFamily: AmiFamily.AL2 } }),
    answer:
      '[models/Gpu] spec.amiFamily is "AL2", allowed is AL2023 or Custom with alias al2023; leave it out ' +
      '(rule ec2-node-class/ami-family)',
  },
  {
    kind: 'error',
    title: 'The tag of the cluster on its instances',
    met: 'Terraform modules, which tag everything with kubernetes.io/cluster/<name>',
    today: 'The API server refuses the object: Karpenter sets this tag itself, and its IAM policy rests on it.',
    program: ({ chart, classSpec }) =>
      new KubeEc2NodeClass(chart, 'Gpu', {
        spec: { ...classSpec, tags: { 'kubernetes.io/cluster/my-cluster': 'owned' } },
      }),
    answer:
      '[models/Gpu] key in spec.tags is "kubernetes.io/cluster/my-cluster", allowed is keys that Karpenter ' +
      'and EKS do not set themselves; leave it out (rule ec2-node-class/owned-tag)',
  },
  {
    kind: 'error',
    title: 'The disk of an EC2NodeClass for GPUs is not said',
    met: 'hand-written EC2NodeClasses that are copied from a pool for CPUs',
    today: '20 GiB for everything: the image does not fit, the kubelet evicts what there is, and the pod never starts.',
    program: ({ chart, pool, classSpec }) => {
      new KubeEc2NodeClass(chart, 'Gpu', { metadata: { name: 'gpu' }, spec: classSpec });
      pool.nodePool.addJsonPatch(JsonPatch.replace('/spec/template/spec/nodeClassRef/name', 'gpu'));
    },
    answer:
      '[models/Gpu] spec.blockDeviceMappings is not given, allowed is 60Gi or more of /dev/xvda (20Gi by ' +
      `default), where nodes of pool l40s unpack NIM images; write instanceStorePolicy: 'RAID0' for the ` +
      `local disks of GPU types, or { deviceName: '/dev/xvda', ebs: { volumeSize: '200Gi' } } (rule ` +
      'ec2-node-class/disk-for-images)',
  },
];
