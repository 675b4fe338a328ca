import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Size } from 'cdk8s';
import { Construct, DependencyGroup, type IDependable } from 'constructs';
import type { VolumeAccessMode } from '../crds';
import { refuse } from '../kube/errors';
import { defaultName } from '../kube/names';
import { EfsModelVolume, type IModelStore } from '../storage';
import { KubernetesScope } from './kubernetes-scope';

/** What becomes of the models, and how the claim looks. */
export interface EfsModelStoreOptions {
  /**
   * What becomes of the file system, the claim and the StorageClass when they leave the stack.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Id of a file system that an earlier stack kept: it gets mount targets in the VPC of the cluster, and a claim of the
   * same namespace and name finds its models. It may have no mount targets in another VPC.
   *
   * @default - a new file system
   */
  readonly fileSystemId?: string;

  /**
   * Size that the claim asks for. EFS grows by itself: Kubernetes needs a figure, nothing enforces it. It cannot change
   * later, because the driver does not expand volumes.
   *
   * @default Size.gibibytes(500), of cdk8s
   */
  readonly size?: Size;

  /**
   * Name of the claim.
   *
   * @default - from the construct ids below the KubernetesScope
   */
  readonly name?: string;
}

/** Where the mount targets stand, and who may reach them. */
interface Network {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly securityGroup: ec2.SecurityGroup;
}

/**
 * A model store on Amazon EFS: an encrypted file system in the cluster's VPC, a mount target in each zone, and the claim
 * through which caches and services use it. Stands under the KubernetesScope of the namespace that uses it.
 *
 * Throughput is Elastic: a new file system in Bursting mode reads 50 KiB/s for each GiB stored, hours for one model.
 */
export class EfsModelStore extends Construct implements IModelStore {
  public readonly claimName: string;
  public readonly accessMode: VolumeAccessMode;
  public readonly userId: number;
  public readonly groupId: number;
  public readonly readMibPerSecond: number;
  public readonly namespace?: string;
  public readonly claim?: IDependable;
  /** What pods need as long as they run, beside the claim: nodes must be gone before it. */
  public readonly mountTargets: IDependable;
  /** The file system. */
  public readonly fileSystem: efs.IFileSystem;
  /** StorageClass and claim. */
  public readonly volume: EfsModelVolume;

  constructor(scope: Construct, id: string, props: EfsModelStoreOptions = {}) {
    super(scope, id);
    const kube = KubernetesScope.around(this);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const retain = removalPolicy !== RemovalPolicy.DESTROY;

    const network = this.network(kube);
    const [fileSystem, mounted] = props.fileSystemId
      ? this.mountFileSystem(props.fileSystemId, network)
      : this.createFileSystem(retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : removalPolicy, network);
    this.fileSystem = fileSystem;
    this.mountTargets = mounted;
    this.volume = new EfsModelVolume(this, 'Volume', {
      fileSystemId: this.fileSystem.fileSystemId,
      // A StorageClass cannot change its mind, and the access point goes with the file system in any case.
      retain: true,
      size: props.size,
      name: props.name ?? defaultName(this),
    });
    // The driver needs a mount target to make the access point, and again to remove it.
    this.volume.node.addDependency(mounted);
    if (retain) {
      kube.retain(this.volume.storageClass);
      kube.retain(this.volume.persistentVolumeClaim);
    }
    this.claimName = this.volume.claimName;
    this.accessMode = this.volume.accessMode;
    this.userId = this.volume.userId;
    this.groupId = this.volume.groupId;
    this.readMibPerSecond = this.volume.readMibPerSecond;
    this.namespace = this.volume.namespace;
    this.claim = this.volume.claim;
  }

  private network(kube: KubernetesScope): Network {
    const vpc = this.vpcOf(kube);
    const securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'NFS from the nodes of the cluster',
      allowAllOutbound: false,
    });
    // By id: a rule on the group itself would make the stack of the cluster depend on this one.
    securityGroup.addIngressRule(
      ec2.Peer.securityGroupId(kube.cluster.clusterSecurityGroupId),
      ec2.Port.tcp(2049),
      'NFS from the nodes of the cluster',
    );
    return { vpc, securityGroup, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, onePerAz: true } };
  }

  private mountFileSystem(fileSystemId: string, network: Network): [efs.IFileSystem, IDependable] {
    const { vpc, securityGroup, vpcSubnets } = network;
    const targets = vpc.selectSubnets(vpcSubnets).subnetIds.map(
      (subnetId, index) =>
        new efs.CfnMountTarget(this, `MountTarget${index}`, {
          fileSystemId,
          subnetId,
          securityGroups: [securityGroup.securityGroupId],
        }),
    );
    const fileSystem = efs.FileSystem.fromFileSystemAttributes(this, 'FileSystem', { fileSystemId, securityGroup });
    return [fileSystem, new DependencyGroup(...targets)];
  }

  private createFileSystem(removalPolicy: RemovalPolicy, network: Network): [efs.IFileSystem, IDependable] {
    const fileSystem = new efs.FileSystem(this, 'FileSystem', {
      ...network,
      encrypted: true,
      throughputMode: efs.ThroughputMode.ELASTIC,
      performanceMode: efs.PerformanceMode.GENERAL_PURPOSE,
      removalPolicy,
      // The driver mounts without IAM credentials; the access point fixes user, group and folder.
      allowAnonymousAccess: true,
      fileSystemPolicy: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            principals: [new iam.AnyPrincipal()],
            actions: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
            conditions: { Bool: { 'elasticfilesystem:AccessedViaMountTarget': 'true' } },
          }),
          new iam.PolicyStatement({
            effect: iam.Effect.DENY,
            principals: [new iam.AnyPrincipal()],
            actions: ['*'],
            conditions: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      }),
    });
    return [fileSystem, fileSystem.mountTargetsAvailable];
  }

  private vpcOf(kube: KubernetesScope): ec2.IVpc {
    try {
      return kube.cluster.vpc;
    } catch {
      return refuse(this, {
        what: 'vpc of the cluster',
        given: undefined,
        allowed: 'an imported cluster with its VPC',
        fix: 'pass vpc to Cluster.fromClusterAttributes: mount targets stand in its subnets',
      });
    }
  }
}
