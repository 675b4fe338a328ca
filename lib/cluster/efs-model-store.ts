import { RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as efs from 'aws-cdk-lib/aws-efs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Size } from 'cdk8s';
import { Construct, type IDependable } from 'constructs';
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
   * Size that the claim asks for. EFS grows by itself: Kubernetes needs a figure, nothing enforces it.
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
  /** The file system. */
  public readonly fileSystem: efs.FileSystem;
  /** StorageClass and claim. */
  public readonly volume: EfsModelVolume;

  constructor(scope: Construct, id: string, props: EfsModelStoreOptions = {}) {
    super(scope, id);
    const kube = KubernetesScope.around(this);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const retain = removalPolicy !== RemovalPolicy.DESTROY;

    this.fileSystem = this.createFileSystem(kube, removalPolicy);
    this.volume = new EfsModelVolume(this, 'Volume', {
      fileSystemId: this.fileSystem.fileSystemId,
      retain,
      size: props.size,
      name: props.name ?? defaultName(this),
    });
    // The driver needs a mount target to make the access point, and again to remove it.
    this.volume.node.addDependency(this.fileSystem.mountTargetsAvailable);
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

  private createFileSystem(kube: KubernetesScope, removalPolicy: RemovalPolicy): efs.FileSystem {
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
    return new efs.FileSystem(this, 'FileSystem', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, onePerAz: true },
      securityGroup,
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
