import { Construct, type IDependable } from 'constructs';
import { type Gpu, GpuInstanceType, TestedVersions } from '../catalog';
import {
  ConsolidationPolicy,
  EbsVolumeType,
  Ec2Switch,
  InstanceStorePolicy,
  KubeEc2NodeClass,
  KubeNodePool,
  MetadataTokens,
  RequirementOperator,
  TaintEffect,
} from '../crds';
import { refuse } from '../kube/errors';
import { checkName, defaultName } from '../kube/names';
import { quantity } from '../kube/quantities';
import { PoolCost } from '../plan';
import { LabelledPool } from './labelled-pool';
import type { NodeEnvironment } from './node-environment';
import type { GpuNodePoolFromLabels, IGpuNodePool, PoolRequest, PoolTaint } from './pool-choice';

/** How EC2 sells the nodes of a pool: values of `karpenter.sh/capacity-type`. */
export enum CapacityType {
  /** On demand. */
  ON_DEMAND = 'on-demand',
  /** Spot: cheaper, taken back with two minutes' notice. */
  SPOT = 'spot',
  /** Capacity reservations and capacity blocks. */
  RESERVED = 'reserved',
}

/** What a pool of GPU nodes is. */
export interface GpuNodePoolOptions {
  /** The GPU of the nodes. */
  readonly gpu: Gpu;

  /**
   * Most GPUs that the pool may have at a time: Karpenter's limit, which caps the bill. A type with more GPUs than this
   * could never start, so such types are left out.
   */
  readonly maxGpus: number;

  /**
   * Types that Karpenter may choose from; it takes the cheapest that holds the pending pods.
   *
   * @default - every type in the catalog with this GPU and at most `maxGpus` of them
   */
  readonly instanceTypes?: GpuInstanceType[];

  /**
   * How the nodes may be bought. Spot nodes are taken back while a model serves, so they are never a default.
   *
   * @default [CapacityType.ON_DEMAND]
   */
  readonly capacityTypes?: CapacityType[];

  /**
   * Labels of the nodes, beside those that every GPU pool carries.
   *
   * @default - none
   */
  readonly labels?: { [key: string]: string };

  /**
   * Taints of the nodes, which keep pods without a GPU away.
   *
   * @default - `nvidia.com/gpu`, NoSchedule
   */
  readonly taints?: PoolTaint[];

  /**
   * AMI alias, `family@version`. A pinned version replaces no node until it is changed here.
   *
   * @default TestedVersions.AL2023_GPU_AMI_ALIAS
   */
  readonly amiAlias?: string;

  /**
   * Name of the NodePool and of its EC2NodeClass.
   *
   * @default - from the construct ids below the chart
   */
  readonly name?: string;
}

/** Properties of a GpuNodePool. */
export interface GpuNodePoolProps extends GpuNodePoolOptions {
  /** Node role, subnets and security groups of the cluster; `karpenter.nodeEnvironment` in a CDK app. */
  readonly environment: NodeEnvironment;
}

/** Karpenter alone sets these, and refuses a NodePool that does (kubernetes-sigs/karpenter, pkg/apis/v1/labels.go). */
const RESERVED_LABELS = /^((.*\.)?karpenter\.sh|(.*\.)?karpenter\.k8s\.aws)\/|^kubernetes\.io\/hostname$/;

/** More is taken for a slip of the hand: the limit caps the bill. */
const MOST_GPUS = 10_000;

/** Selectors that the operator and NVIDIA's device plugin fall back to; a pool without them would satisfy neither. */
const DEFAULT_SELECTOR_LABELS = {
  'feature.node.kubernetes.io/pci-10de.present': 'true',
  'nvidia.com/gpu.present': 'true',
};

/**
 * A Karpenter NodePool and its EC2NodeClass: GPU nodes that come with the first pod and go ten minutes after the last.
 *
 * Nodes are never consolidated while a pod runs on them, since a model takes minutes to load; local NVMe becomes the
 * disk of images and pods; the AMI is pinned.
 */
export class GpuNodePool extends Construct implements IGpuNodePool {
  /** A pool of nodes that exist already, on EKS or not. */
  public static fromLabels(scope: Construct, id: string, attributes: GpuNodePoolFromLabels): IGpuNodePool {
    return new LabelledPool(scope, id, attributes);
  }

  public readonly poolName: string;
  public readonly gpu: Gpu;
  public readonly nodeLabels: { [key: string]: string };
  public readonly taints: PoolTaint[];
  public readonly instanceTypes: GpuInstanceType[];
  public readonly maxGpus?: number;
  public readonly nodes?: IDependable;
  /** What the pool costs an hour, idle and at its limit. */
  public readonly cost: PoolCost;
  /** The Karpenter NodePool, for what has no prop here. */
  public readonly nodePool: KubeNodePool;
  /** The EC2NodeClass, for what has no prop here. */
  public readonly nodeClass: KubeEc2NodeClass;

  constructor(scope: Construct, id: string, props: GpuNodePoolProps) {
    super(scope, id);
    this.poolName = checkName(this, 'pool name', props.name ?? defaultName(this), 63);
    this.gpu = props.gpu;
    this.nodeLabels = { 'karpenter.sh/nodepool': this.poolName };
    this.taints = props.taints ?? [{ key: 'nvidia.com/gpu', effect: TaintEffect.NO_SCHEDULE }];
    this.instanceTypes = this.checkedTypes(props);
    this.maxGpus = props.maxGpus;
    this.cost = PoolCost.of(this.instanceTypes, props.maxGpus);
    checkLabels(this, props.labels ?? {});
    checkCapacity(this, props.capacityTypes);

    this.nodeClass = this.createNodeClass(props);
    this.nodePool = this.createNodePool(props);
    this.nodePool.node.addDependency(this.nodeClass);
    this.nodes = this.nodePool;
  }

  /** A pool is its own choice. */
  public choosePool(_request: PoolRequest): IGpuNodePool {
    return this;
  }

  private checkedTypes(props: GpuNodePoolOptions): GpuInstanceType[] {
    const { gpu, maxGpus } = props;
    if (!Number.isInteger(maxGpus) || maxGpus < 1 || maxGpus > MOST_GPUS) {
      refuse(this, {
        what: 'maxGpus',
        given: maxGpus,
        allowed: `a whole number from 1 to ${MOST_GPUS}`,
        fix: 'write maxGpus: 4',
      });
    }
    for (const type of props.instanceTypes ?? []) {
      if (type.gpu !== gpu) {
        refuse(this, {
          what: 'instanceTypes',
          given: type.typeName,
          allowed:
            GpuInstanceType.withGpu(gpu)
              .map((t) => t.typeName)
              .join(', ') || `types with ${gpu.label}`,
          fix: `it has ${type.gpu.label}: name types with ${gpu.label}, or write gpu: ${constantOf(type.gpu)}`,
        });
      }
    }
    const candidates = props.instanceTypes ?? GpuInstanceType.withGpu(gpu);
    if (candidates.length === 0) {
      refuse(this, {
        what: 'instanceTypes',
        given: props.instanceTypes,
        allowed: `one type with ${gpu.label} or more`,
        fix: props.instanceTypes
          ? 'leave it out for every type of the catalog with this GPU'
          : 'the catalog has none: write instanceTypes: [GpuInstanceType.define(...)]',
      });
    }
    const startable = candidates.filter((type) => type.gpuCount <= maxGpus);
    if (startable.length === 0) {
      const least = Math.min(...candidates.map((type) => type.gpuCount));
      refuse(this, {
        what: 'maxGpus',
        given: maxGpus,
        allowed: `${least} or more, the GPUs of the smallest node of this pool`,
        fix: `write maxGpus: ${least}; Karpenter starts no node that would pass the limit`,
      });
    }
    return startable;
  }

  private createNodeClass(props: GpuNodePoolProps): KubeEc2NodeClass {
    const { nodeRoleName, subnetIds, securityGroupIds, discoveryTag } = props.environment;
    const terms = (ids: string[] | undefined, what: string) => {
      if (ids?.length) {
        return ids.map((id) => ({ id }));
      }
      if (!discoveryTag) {
        refuse(this, {
          what: `environment.${what}`,
          given: ids,
          allowed: 'one id or more, or a discoveryTag',
          fix: "write discoveryTag: 'my-cluster', the value of the tag karpenter.sh/discovery",
        });
      }
      return [{ tags: { 'karpenter.sh/discovery': discoveryTag } }];
    };
    return new KubeEc2NodeClass(this, 'NodeClass', {
      metadata: { name: this.poolName },
      spec: {
        role: nodeRoleName,
        amiSelectorTerms: [{ alias: props.amiAlias ?? TestedVersions.AL2023_GPU_AMI_ALIAS }],
        subnetSelectorTerms: terms(subnetIds, 'subnetIds'),
        securityGroupSelectorTerms: terms(securityGroupIds, 'securityGroupIds'),
        // All types of the catalog have local NVMe: images of 10 GB and more unpack there, not on EBS.
        instanceStorePolicy: InstanceStorePolicy.RAID0,
        blockDeviceMappings: [
          {
            deviceName: '/dev/xvda',
            rootVolume: true,
            ebs: { volumeSize: '100Gi', volumeType: EbsVolumeType.GP3, encrypted: true, deleteOnTermination: true },
          },
        ],
        metadataOptions: {
          httpEndpoint: Ec2Switch.ENABLED,
          httpTokens: MetadataTokens.REQUIRED,
          httpPutResponseHopLimit: 1,
        },
      },
    });
  }

  private createNodePool(props: GpuNodePoolProps): KubeNodePool {
    const isOneOf = (key: string, values: string[]) => ({ key, operator: RequirementOperator.IN, values });
    return new KubeNodePool(this, 'NodePool', {
      metadata: { name: this.poolName },
      spec: {
        template: {
          metadata: { labels: { ...DEFAULT_SELECTOR_LABELS, ...props.labels } },
          spec: {
            nodeClassRef: { group: 'karpenter.k8s.aws', kind: 'EC2NodeClass', name: this.poolName },
            taints: this.taints,
            // Patches come by a changed AMI alias, when nobody is served, and not by age.
            expireAfter: 'Never',
            requirements: [
              isOneOf('kubernetes.io/arch', ['amd64']),
              isOneOf('kubernetes.io/os', ['linux']),
              isOneOf('karpenter.sh/capacity-type', props.capacityTypes ?? [CapacityType.ON_DEMAND]),
              isOneOf('karpenter.k8s.aws/instance-gpu-name', [this.gpu.karpenterName]),
              isOneOf(
                'node.kubernetes.io/instance-type',
                this.instanceTypes.map((type) => type.typeName),
              ),
            ],
          },
        },
        disruption: { consolidationPolicy: ConsolidationPolicy.WHEN_EMPTY, consolidateAfter: '10m' },
        limits: { 'nvidia.com/gpu': quantity(props.maxGpus) },
      },
    });
  }
}

/** How a program names a GPU of the catalog. */
function constantOf(gpu: Gpu): string {
  return `Gpu.${gpu.label.replaceAll(' ', '_')}`;
}

function checkLabels(scope: Construct, labels: { [key: string]: string }): void {
  for (const key of Object.keys(labels)) {
    if (RESERVED_LABELS.test(key) || key in DEFAULT_SELECTOR_LABELS) {
      refuse(scope, {
        what: 'labels',
        given: key,
        allowed:
          'keys that neither Karpenter (karpenter.sh, karpenter.k8s.aws, kubernetes.io/hostname) nor this pool sets',
        fix: "use a key of your own, such as 'example.com/team'",
      });
    }
  }
}

function checkCapacity(scope: Construct, capacityTypes?: CapacityType[]): void {
  if (capacityTypes?.length === 0) {
    refuse(scope, {
      what: 'capacityTypes',
      given: capacityTypes,
      allowed: `one or more of ${Object.values(CapacityType).join(', ')}`,
      fix: 'leave it out for on-demand nodes',
    });
  }
}
