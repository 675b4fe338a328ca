import { Engine, Gpu, Precision } from '../../lib/catalog';
import { EfsModelStore } from '../../lib/cluster';
import { TaintEffect } from '../../lib/crds';
import { NimCache, NimProfile, NimService, ServingImage } from '../../lib/nim';
import { GpuNodePool } from '../../lib/nodes';
import type { KubernetesObject } from '../support/kubernetes-types';
import { manifestOf, resource, resources } from '../support/stack';
import type { Given } from './given';
import type { Mistake } from './mistake';

/** The object of this kind that the program wrote. */
function written({ chart }: Given, kind: string): KubernetesObject {
  return chart.toJson().find((object: KubernetesObject) => object.kind === kind);
}

/** What the blueprint says in two places, the library says in one. */
export const TWICE_TOLD: Mistake[] = [
  {
    kind: 'cannot be said',
    title: 'A missing toleration',
    met: 'the blueprint, whose NIMCache has a toleration and whose NIMService has none',
    today: 'It works on EKS by accident, which adds one for `nvidia.com/gpu`; with any other taint the pod is Pending.',
    program: ({ chart, environment, image, profile, store, credentials }) => {
      const taints = [{ key: 'team', value: 'research', effect: TaintEffect.NO_SCHEDULE }];
      const pool = new GpuNodePool(chart, 'L40S', { gpu: Gpu.L40S, maxGpus: 4, taints, environment });
      const cache = new NimCache(chart, 'Cache', { image, profile, pool, store, credentials });
      new NimService(chart, 'Llama', { cache });
    },
    because: 'a service takes its tolerations from the pool of its cache.',
    look: (given) => ({ tolerations: written(given, 'NIMService').spec.tolerations }),
    output: {
      tolerations: [{ effect: 'NoSchedule', key: 'team', operator: 'Equal', value: 'research' }],
    },
  },
  {
    kind: 'cannot be said',
    title: 'The wrong label of the pool',
    met: 'ai-on-eks issues 112, 237 and 238: a label was renamed, and no model could be scheduled any more',
    today: 'Pods are Pending with `label "instanceType" does not have known values`.',
    program: ({ chart, cache }) => new NimService(chart, 'Llama', { cache }),
    because: 'a service takes the labels of its nodes from the pool of its cache.',
    look: (given) => ({ affinity: written(given, 'NIMService').spec.affinity }),
    output: {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'karpenter.sh/nodepool', operator: 'In', values: ['l40s'] }] },
            ],
          },
        },
      },
    },
  },
  {
    kind: 'cannot be said',
    title: 'A service of another image than its cache',
    met: 'the NIM chart of ai-on-eks-charts, with a llama3-8b image under a service called 3.1',
    today: 'The server finds none of its profiles in the cache, and downloads its own or ends.',
    program: ({ chart, profile, pool, store, credentials }) => {
      const image = ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '2.0.6' });
      const cache = new NimCache(chart, 'Cache', { image, profile, pool, store, credentials });
      new NimService(chart, 'Llama', { cache });
    },
    because: 'a service takes its image from its cache.',
    look: (given) => ({
      modelPuller: written(given, 'NIMCache').spec.source.ngc.modelPuller,
      image: written(given, 'NIMService').spec.image,
    }),
    output: {
      modelPuller: 'nvcr.io/nim/meta/llama-3.1-8b-instruct:2.0.6',
      image: {
        pullPolicy: 'IfNotPresent',
        pullSecrets: ['ngc-secret'],
        repository: 'nvcr.io/nim/meta/llama-3.1-8b-instruct',
        tag: '2.0.6',
      },
    },
  },
  {
    kind: 'cannot be said',
    title: 'EFS without mount targets',
    met: 'clusters in a VPC that was made before the file system; NVIDIA/nim-deploy, which opens all traffic instead',
    today: 'The claim is bound, and pods hang in ContainerCreating: no mount target in the zone, or port 2049 is shut.',
    program: ({ scope }) => new EfsModelStore(scope, 'Store'),
    because: 'a store puts a mount target into each private zone of the cluster, and lets its nodes in on port 2049.',
    look: ({ stack }) => {
      const group = resource(stack, 'AWS::EC2::SecurityGroup', 'ModelsStore');
      const [{ FromPort, SourceSecurityGroupId }] = group.SecurityGroupIngress;
      return {
        mountTargets: Object.values(resources(stack, 'AWS::EFS::MountTarget')).map(({ SubnetId }) => SubnetId),
        allowed: { port: FromPort, from: SourceSecurityGroupId },
      };
    },
    output: {
      mountTargets: [
        '<ClusterDefaultVpcPrivateSubnet1Subnet03F39409>',
        '<ClusterDefaultVpcPrivateSubnet2SubnetA526AEA7>',
      ],
      allowed: { port: 2049, from: '<ClusterEB0386A7.ClusterSecurityGroupId>' },
    },
  },
  {
    kind: 'cannot be said',
    title: 'EFS that bursts, open to everybody',
    met: 'the blueprint: bursting, directoryPerms 777, no user',
    today: 'A new file system reads 50 KiB/s for each GiB stored, hours for one model, and every pod may change it.',
    program: ({ scope }) => new EfsModelStore(scope, 'Store'),
    because: 'throughput is Elastic, and the folder belongs to the user of NIM.',
    look: ({ stack }) => {
      const { directoryPerms, uid, gid } = manifestOf(stack, 'StorageClass', 'nim-store').parameters;
      return { throughputMode: resource(stack, 'AWS::EFS::FileSystem').ThroughputMode, directoryPerms, uid, gid };
    },
    output: { throughputMode: 'elastic', directoryPerms: '770', uid: '1000', gid: '2000' },
  },
  {
    kind: 'cannot be said',
    title: 'Too few GPUs for the profile',
    met: 'the blueprint: tensor parallelism 2 in one file, `nvidia.com/gpu: 2` in another',
    today: 'The server sees fewer GPUs than its profile wants, and ends.',
    program: ({ chart, environment, store, credentials }) => {
      const image = ServingImage.nim('meta/llama-3.1-8b-instruct', { tag: '1.3.3' });
      const pool = new GpuNodePool(chart, 'A10G', { gpu: Gpu.A10G, maxGpus: 4, environment });
      const profile = NimProfile.select({
        engine: Engine.TENSORRT_LLM,
        precision: Precision.FP16,
        tensorParallelism: 2,
      });
      const cache = new NimCache(chart, 'Cache', { image, profile, pool, store, credentials });
      new NimService(chart, 'Llama', { cache });
    },
    because: 'a service asks for the GPUs of the profile, and for the share of CPU and memory that goes with them.',
    look: (given) => ({ resources: written(given, 'NIMService').spec.resources }),
    output: {
      resources: {
        limits: { memory: '86188Mi', 'nvidia.com/gpu': '2' },
        requests: { cpu: '23655m', memory: '86188Mi', 'nvidia.com/gpu': '2' },
      },
    },
  },
];
