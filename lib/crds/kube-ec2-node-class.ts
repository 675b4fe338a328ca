import { ApiObject, ApiObjectMetadata, GroupVersionKind } from 'cdk8s';
import type { Construct } from 'constructs';
import { clusterScoped } from '../kube/cluster-scoped';
import { checked } from '../rules/checked';
import { BlockDeviceMapping, InstanceStorePolicy } from './ec2-node-class-disks';
import {
  AmiFamily,
  AmiSelectorTerm,
  CapacityReservationSelectorTerm,
  PlacementGroupSelector,
  SecurityGroupSelectorTerm,
  SubnetSelectorTerm,
} from './ec2-node-class-selectors';
import { renderedSpec, Spelling } from './render';

/** A switch of EC2. */
export enum Ec2Switch {
  /** On. */
  ENABLED = 'enabled',
  /** Off. */
  DISABLED = 'disabled',
}

/** Whether the instance metadata service wants a session token. */
export enum MetadataTokens {
  /** It does (IMDSv2). */
  REQUIRED = 'required',
  /** It does not (IMDSv1 works too). */
  OPTIONAL = 'optional',
}

/** Kind of network interface. */
export enum NetworkInterfaceType {
  /** An ENI, with EFA where the instance has it. */
  INTERFACE = 'interface',
  /** EFA traffic alone, without an IP address. */
  EFA_ONLY = 'efa-only',
}

/** The instance metadata service. */
export interface InstanceMetadataOptions {
  /**
   * The service itself.
   * @default Ec2Switch.ENABLED
   */
  readonly httpEndpoint?: Ec2Switch;
  /**
   * Its IPv6 address.
   * @default Ec2Switch.DISABLED
   */
  readonly httpProtocolIpv6?: Ec2Switch;
  /**
   * Network hops of an answer, 1 to 64. With 1, pods without host network cannot reach it, which is as it should be.
   * @default 1
   */
  readonly httpPutResponseHopLimit?: number;
  /**
   * Session tokens.
   * @default MetadataTokens.REQUIRED
   */
  readonly httpTokens?: MetadataTokens;
}

/** How long idle connections are tracked. CEL: at least one. */
export interface ConnectionTracking {
  /**
   * Seconds for TCP connections, 60 to 432,000.
   * @default - EC2's
   */
  readonly tcpEstablishedTimeout?: number;
  /**
   * Seconds for UDP streams, 60 to 180.
   * @default - EC2's
   */
  readonly udpStreamTimeout?: number;
  /**
   * Seconds for single UDP requests, 30 to 60.
   * @default - EC2's
   */
  readonly udpTimeout?: number;
}

/** CPU features. */
export interface Ec2CpuOptions {
  /**
   * Virtual machines in the instance; on, only instance types that can are considered.
   * @default - off
   */
  readonly nestedVirtualization?: Ec2Switch;
}

/** A network interface. CEL: one of them is card 0, device 0, of type `interface`; no pair of card and device twice. */
export interface Ec2NetworkInterface {
  /** Network card, from 0. */
  readonly networkCardIndex: number;
  /** Device on the card, from 0. */
  readonly deviceIndex: number;
  /** Kind of interface; at most one EFA device a card (CEL). */
  readonly interfaceType: NetworkInterfaceType;
}

/** How nodes are started on EC2. */
export interface Ec2NodeClassSpec {
  /** Machine images, 1 to 30 terms, any of which may match. CEL: an alias stands alone. */
  readonly amiSelectorTerms: AmiSelectorTerm[];
  /** Subnets, 1 to 30 terms, any of which may match. */
  readonly subnetSelectorTerms: SubnetSelectorTerm[];
  /** Security groups, 1 to 30 terms, any of which may match. */
  readonly securityGroupSelectorTerms: SecurityGroupSelectorTerm[];
  /**
   * Name of the IAM role of the nodes. CEL: exactly one of `role` and `instanceProfile`.
   * @default - `instanceProfile` is given
   */
  readonly role?: string;
  /**
   * Name of the instance profile of the nodes; Karpenter needs iam:PassRole on its role.
   * @default - Karpenter makes one for `role`
   */
  readonly instanceProfile?: string;
  /**
   * Family that the user data is written for. CEL: needed without an alias; must be the alias's, or `Custom`.
   * @default - that of the alias
   */
  readonly amiFamily?: AmiFamily;
  /**
   * Disks, at most 50.
   * @default - the family's: 20 GiB gp3 for data, too small for a NIM image
   */
  readonly blockDeviceMappings?: BlockDeviceMapping[];
  /**
   * NVMe disks of the instance.
   * @default - left alone
   */
  readonly instanceStorePolicy?: InstanceStorePolicy;
  /**
   * User data in the family's format; Karpenter merges its own in.
   * @default - Karpenter's own
   */
  readonly userData?: string;
  /**
   * KubeletConfiguration, in the spelling of its API. The CRD takes any field; Karpenter checks them later, and reports one
   * that it refuses in the status (`ValidationSucceeded=False`), not when it is applied.
   * @default - Karpenter's
   */
  // biome-ignore lint/suspicious/noExplicitAny: the CRD preserves unknown fields here, and here alone.
  readonly kubelet?: { [key: string]: any };
  /**
   * Tags of instances, volumes and launch templates. CEL refuses Karpenter's own and `kubernetes.io/cluster/...`.
   * @default - Karpenter's own
   */
  readonly tags?: { [key: string]: string };
  /**
   * Capacity reservations and capacity blocks, at most 30 terms. A pool uses them only if its requirements have the
   * capacity type `reserved`.
   * @default - none
   */
  readonly capacityReservationSelectorTerms?: CapacityReservationSelectorTerm[];
  /**
   * Placement group.
   * @default - none
   */
  readonly placementGroupSelector?: PlacementGroupSelector;
  /**
   * Instance metadata service.
   * @default - tokens required, one hop
   */
  readonly metadataOptions?: InstanceMetadataOptions;
  /**
   * Network interfaces, at most 150.
   * @default - the primary one, and EFA where pods request it
   */
  readonly networkInterfaces?: Ec2NetworkInterface[];
  /**
   * Give instances a public address.
   * @default - the subnet's setting
   */
  readonly associatePublicIpAddress?: boolean;
  /**
   * IPv4 prefixes of the primary interface, from 0.
   * @default - none
   */
  readonly ipPrefixCount?: number;
  /**
   * How long idle connections are tracked.
   * @default - EC2's
   */
  readonly connectionTracking?: ConnectionTracking;
  /**
   * CPU features.
   * @default - EC2's
   */
  readonly cpuOptions?: Ec2CpuOptions;
  /**
   * CloudWatch metrics every minute, at a price.
   * @default false
   */
  readonly detailedMonitoring?: boolean;
  /**
   * Context field of the EC2 fleet request (reserved by EC2).
   * @default - none
   */
  readonly context?: string;
}

/** Properties of an EC2NodeClass. */
export interface KubeEc2NodeClassProps {
  /**
   * Name, labels and annotations; a namespace is refused.
   * @default - the name is made from the construct's path
   */
  readonly metadata?: ApiObjectMetadata;
  /** How nodes are started. */
  readonly spec: Ec2NodeClassSpec;
}

const SPELLING: Spelling = {
  associatePublicIpAddress: 'associatePublicIPAddress',
  'blockDeviceMappings[].ebs.kmsKeyId': 'kmsKeyID',
  'blockDeviceMappings[].ebs.snapshotId': 'snapshotID',
  'capacityReservationSelectorTerms[].ownerId': 'ownerID',
  'metadataOptions.httpProtocolIpv6': 'httpProtocolIPv6',
};

/** An EC2NodeClass of Karpenter's AWS provider (1.14.1), cluster-scoped. */
export class KubeEc2NodeClass extends ApiObject {
  /** API version and kind. */
  public static readonly GVK: GroupVersionKind = { apiVersion: 'karpenter.k8s.aws/v1', kind: 'EC2NodeClass' };

  constructor(scope: Construct, id: string, props: KubeEc2NodeClassProps) {
    super(scope, id, {
      ...KubeEc2NodeClass.GVK,
      metadata: props.metadata,
      spec: renderedSpec(() => this, props.spec, SPELLING),
    });
    clusterScoped(this, props.metadata?.namespace);
  }

  /** The manifest, with late values resolved and JSON patches applied. */
  public override toJson() {
    return checked(this, super.toJson());
  }
}
