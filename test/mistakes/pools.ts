import { JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Gpu, GpuInstanceType } from '../../lib/catalog';
import { KubeNodePool, RequirementOperator, TaintEffect } from '../../lib/crds';
import { GpuNodePool, NodeEnvironment } from '../../lib/nodes';
import type { Mistake } from './mistake';

/** What pools can start, and what they are called. */
export const POOLS: Mistake[] = [
  {
    kind: 'error',
    title: 'The limit of the pool is below its smallest node',
    met: 'the blueprint, which limits a model to 2 GPUs and runs it on g5.12xlarge, with 4',
    today:
      'The pod stays Pending with "no instance type has enough resources"; the limit is not named (Karpenter 1.14.1).',
    program: ({ chart, environment }) =>
      new GpuNodePool(chart, 'A10G', {
        gpu: Gpu.A10G,
        instanceTypes: [GpuInstanceType.G5_12XLARGE],
        maxGpus: 2,
        environment,
      }),
    answer:
      '[models/A10G] maxGpus is 2, allowed is 4 or more, the GPUs of the smallest node of this pool; write ' +
      'maxGpus: 4; Karpenter starts no node that would pass the limit',
  },
  {
    kind: 'error',
    title: 'An instance type with another GPU than the pool',
    met: 'p4d and p4de, which Karpenter both calls a100',
    today: 'The model is cached for 80 GB GPUs, starts on 40 GB ones and runs out of memory while it loads.',
    program: ({ chart, environment }) =>
      new GpuNodePool(chart, 'A100', {
        gpu: Gpu.A100_80GB,
        instanceTypes: [GpuInstanceType.P4D_24XLARGE],
        maxGpus: 8,
        environment,
      }),
    answer:
      '[models/A100] instanceTypes is "p4d.24xlarge", allowed is p4de.24xlarge; it has A100 40GB: name ' +
      'types with A100 80GB, or write gpu: Gpu.A100_40GB',
  },
  {
    kind: 'error',
    title: 'The limit comes from an environment variable that nobody set',
    met: 'any program that reads its settings from the shell',
    today:
      'A manifest with `limits: {nvidia.com/gpu: NaN}`, which the API server refuses in the middle of a deployment.',
    program: ({ chart, environment }) =>
      new GpuNodePool(chart, 'L4', { gpu: Gpu.L4, maxGpus: Number(process.env.NIM_MAX_GPUS), environment }),
    answer: '[models/L4] maxGpus is NaN, allowed is a whole number from 1 to 10000; write maxGpus: 4',
  },
  {
    kind: 'error',
    title: 'A label of the domain karpenter.sh',
    met: 'manifests of the ai-on-eks charts, which select karpenter.sh/nodepool',
    today: 'The API server refuses the NodePool (a CEL rule of its CRD), halfway through the deployment.',
    program: ({ chart, environment }) =>
      new GpuNodePool(chart, 'A10G', {
        gpu: Gpu.A10G,
        maxGpus: 4,
        labels: { 'karpenter.sh/nodepool': 'g5-gpu-karpenter' },
        environment,
      }),
    answer:
      '[models/A10G] labels is "karpenter.sh/nodepool", allowed is keys that neither Karpenter ' +
      '(karpenter.sh, karpenter.k8s.aws, kubernetes.io/hostname) nor this pool sets; use a key of your ' +
      `own, such as 'example.com/team'`,
  },
  {
    kind: 'error',
    title: 'Neither subnets nor a tag to find them by',
    met: 'awslabs/cdk-eks-blueprints issue 1038: "no subnets found"',
    today: 'The EC2NodeClass is refused, or never Ready, and no node starts.',
    program: ({ chart }) => {
      const environment = new NodeEnvironment({ nodeRoleName: 'KarpenterNodeRole' });
      new GpuNodePool(chart, 'L4', { gpu: Gpu.L4, maxGpus: 1, environment });
    },
    answer:
      '[models/L4] environment.subnetIds is not given, allowed is one id or more, or a discoveryTag; write ' +
      `discoveryTag: 'my-cluster', the value of the tag karpenter.sh/discovery`,
  },
  {
    kind: 'error',
    title: 'A pool of others, without a label to know it by',
    met: 'clusters with node groups of their own; ai-on-eks issues 237 and 238 lost such a label',
    today: 'Pods of the model may go to any node, and those that land on one without the right GPU crash.',
    program: ({ chart }) => GpuNodePool.fromLabels(chart, 'Existing', { gpu: Gpu.L4, labels: {}, taints: [] }),
    answer:
      `[models/Existing] labels is {}, allowed is one label or more; write labels: { 'team': 'ml' }, a ` +
      'label that only the nodes of this pool carry',
  },
  {
    kind: 'error',
    title: 'The limit is lowered by a JSON patch',
    met: 'cost reviews: someone lowers a limit and leaves the instance types',
    today:
      'Types beyond the limit are left out without a word; when they are all that holds the pod, it stays Pending.',
    program: ({ pool }) => pool.nodePool.addJsonPatch(JsonPatch.replace('/spec/limits/nvidia.com~1gpu', '2')),
    answer:
      '[models/L40S/NodePool] spec.limits.nvidia.com/gpu is "2", allowed is 4 or more, as g6e.12xlarge has ' +
      'that and would never start; raise it, or leave g6e.12xlarge out of the requirements (rule ' +
      'node-pool/limit-below-a-node)',
  },
  {
    kind: 'error',
    title: 'Parts of GPUs: g6f in a pool for NIM',
    met: 'aws/karpenter-provider-aws issue 8324: such types are taken for whole GPUs, or for none',
    today: 'Karpenter sees no `nvidia.com/gpu` on g6f and never starts one for the pod.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(
        JsonPatch.add('/spec/template/spec/requirements/-', {
          key: 'karpenter.k8s.aws/instance-family',
          operator: 'In',
          values: ['g6', 'g6f'],
        }),
      ),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[5].values[1] is "g6f", allowed is types that ' +
      'offer nvidia.com/gpu; name g5, g6, g6e, g7e or p families (rule node-pool/no-nim-there)',
  },
  {
    kind: 'error',
    title: 'A misspelt capacity type',
    met: 'hand-written NodePools: the value has a hyphen, the AWS console has none',
    today: 'The NodePool is accepted, no offering matches, and nothing ever starts.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(JsonPatch.replace('/spec/template/spec/requirements/2/values', ['ondemand', 'spot'])),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[2].values[0] is "ondemand", allowed is ' +
      `reserved, spot, on-demand; write 'on-demand' (rule node-pool/capacity-type)`,
  },
  {
    kind: 'error',
    title: 'The GPU in capitals',
    met: 'hand-written NodePools: NVIDIA writes L40S, Karpenter l40s',
    today: 'No type has such a label: the NodePool is accepted, and nothing ever starts.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(JsonPatch.replace('/spec/template/spec/requirements/3/values', ['L40S'])),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[3].values[0] is "L40S", allowed is lower ' +
      `case, with '-' between words, as Karpenter writes it; write 'l40s' (rule node-pool/gpu-name)`,
  },
  {
    kind: 'error',
    title: 'GPUs on Graviton',
    met: 'clusters that went to arm64 to save money: the requirement is copied from the other pools',
    today: 'No type with this GPU is arm64: the NodePool is accepted, and nothing ever starts.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(JsonPatch.replace('/spec/template/spec/requirements/0/values', ['arm64'])),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[0].values is ["arm64"], allowed is amd64, ' +
      `as g6e.xlarge and all other types of the requirements are; write values: ['amd64'] (rule ` +
      'node-pool/arm-without-gpus)',
  },
  {
    kind: 'error',
    title: 'GPU memory asked for as 24Gi',
    met: 'NodePools that select by the memory of the GPU, to take any that is large enough',
    today: 'The API server refuses the NodePool: numbers of requirements are whole, as text, and GPU memory is in MiB.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(
        JsonPatch.add('/spec/template/spec/requirements/-', {
          key: 'karpenter.k8s.aws/instance-gpu-memory',
          operator: 'Gte',
          values: ['24Gi'],
        }),
      ),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[5].values is ["24Gi"], allowed is one whole ' +
      `number of 0 or more, as text, with operator Gte; write values: ['4'] (rule ` +
      'node-pool/requirement-number)',
  },
  {
    kind: 'error',
    title: 'A label of the old Provisioner',
    met: 'NodePools that were Provisioners once',
    today: 'The API server refuses the NodePool: Karpenter keeps its domain for itself.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(JsonPatch.add('/spec/template/metadata/labels/karpenter.sh~1provisioner-name', 'gpu')),
    answer:
      '[models/L40S/NodePool] key in spec.template.metadata.labels is "karpenter.sh/provisioner-name", ' +
      'allowed is karpenter.sh/capacity-type, or a key outside karpenter.sh; use a key of your own, such ' +
      `as 'example.com/team' (rule node-pool/karpenter-label)`,
  },
  {
    kind: 'error',
    title: 'A label of Karpenter that does not exist',
    met: 'hand-written NodePools: instance-gpu-product instead of instance-gpu-name',
    today: 'The API server refuses the NodePool: below karpenter.k8s.aws it knows a fixed list of labels.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(
        JsonPatch.replace('/spec/template/spec/requirements/3/key', 'karpenter.k8s.aws/instance-gpu-product'),
      ),
    answer:
      '[models/L40S/NodePool] spec.template.spec.requirements[3].key is ' +
      '"karpenter.k8s.aws/instance-gpu-product", allowed is a label that Karpenter 1.14.1 knows, such as ' +
      'karpenter.k8s.aws/instance-family, or a key outside that domain; use a key of your own, such as ' +
      `'example.com/team' (rule node-pool/aws-label)`,
  },
  {
    kind: 'error',
    title: 'The taint is there twice',
    met: 'NVIDIA/k8s-device-plugin issue 1746: startup taints copied from the taints of the pool',
    today: 'The NodePool is accepted and never Ready, because Karpenter itself refuses the pair.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(
        JsonPatch.add('/spec/template/spec/startupTaints', [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }]),
      ),
    answer:
      '[models/L40S/NodePool] spec.template.spec.startupTaints[0] is "nvidia.com/gpu NoSchedule", allowed ' +
      'is a pair of key and effect that is there once; leave one of them out (rule node-pool/taint-twice)',
  },
  {
    kind: 'error',
    title: 'A quiet time without its length',
    met: 'the Karpenter documentation, disruption budgets',
    today: 'The API server refuses the NodePool: schedule and duration go together.',
    program: ({ pool }) =>
      pool.nodePool.addJsonPatch(
        JsonPatch.add('/spec/disruption/budgets', [{ nodes: '0', schedule: '0 9 * * mon-fri' }]),
      ),
    answer:
      '[models/L40S/NodePool] spec.disruption.budgets[0] is ["schedule"], allowed is schedule and ' +
      'duration, or neither; write the other too (rule node-pool/budget-schedule)',
  },
  {
    kind: 'error',
    title: 'A requirement with an empty list',
    met: 'lists that a program filters down to nothing, zones for example',
    today: 'The API server refuses the NodePool: In needs values.',
    program: ({ chart }) =>
      new KubeNodePool(chart, 'Gpu', {
        spec: {
          template: {
            spec: {
              nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: 'gpu' },
              taints: [{ key: 'nvidia.com/gpu', effect: TaintEffect.NO_SCHEDULE }],
              requirements: [{ key: 'topology.kubernetes.io/zone', operator: RequirementOperator.IN, values: [] }],
            },
          },
          limits: { 'nvidia.com/gpu': k8s.Quantity.fromString('4') },
        },
      }),
    answer:
      '[models/Gpu] spec.template.spec.requirements[0].values is [], allowed is one value or more with ' +
      'operator In; write values, or operator Exists (rule node-pool/requirement-without-values)',
  },
];
