import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { TestedVersions } from '../catalog';
import { refuse } from '../kube/errors';
import { NodeEnvironment } from '../nodes/node-environment';
import { clusterMinor, kubernetesMinor, literalName, refuseAutoMode } from './cluster-resource';
import { installs, KARPENTER } from './controllers';
import { checkVersion, installChart } from './helm-release';
import { KarpenterPolicies } from './karpenter-policy';
import { associate, podIdentityRole } from './pod-identity';

/** A Karpenter, installed here or running already. */
export interface IKarpenter {
  /** Where and as whom nodes run: what a GpuNodePool takes. */
  readonly nodeEnvironment: NodeEnvironment;
  /**
   * What must stand before a NodePool and outlive it.
   *
   * @default - nothing: Karpenter runs already
   */
  readonly installed?: IDependable;
}

/** Properties of a Karpenter. */
export interface KarpenterProps {
  /**
   * Cluster to scale. It needs a kubectl provider and nodes that Karpenter does not own. An `eks.Cluster` gets the EKS
   * Pod Identity agent if its stack does not add it; an imported cluster must run it, and know its `vpc` and
   * `clusterSecurityGroupId`.
   */
  readonly cluster: eks.ICluster;

  /**
   * Version of the charts, 1.x without `v`.
   *
   * @default TestedVersions.KARPENTER
   */
  readonly version?: string;

  /**
   * Role of the nodes. It is used as it is: EC2 must be able to assume it, and it needs AmazonEKSWorkerNodePolicy,
   * AmazonEKS_CNI_Policy and AmazonEC2ContainerRegistryPullOnly. It gets an access entry, so it must not have one yet:
   * EKS itself makes one for the role of a managed node group.
   *
   * @default - a new role with these policies and AmazonSSMManagedInstanceCore
   */
  readonly nodeRole?: iam.IRole;

  /**
   * Subnets that nodes may start in.
   *
   * @default - the private subnets with egress of the cluster's VPC
   */
  readonly subnets?: ec2.SubnetSelection;

  /**
   * Number of controller pods. No two of them share a node, so the cluster needs as many nodes outside Karpenter.
   *
   * @default 2
   */
  readonly replicas?: number;
}

const NAMESPACE = 'kube-system';
const SERVICE_ACCOUNT = 'karpenter';

/** What Karpenter drains nodes for, by event source (Karpenter v1.14, "Getting started", cloudformation.yaml). */
const INTERRUPTIONS = {
  ScheduledChange: { source: ['aws.health'], 'detail-type': ['AWS Health Event'] },
  SpotInterruption: { source: ['aws.ec2'], 'detail-type': ['EC2 Spot Instance Interruption Warning'] },
  Rebalance: { source: ['aws.ec2'], 'detail-type': ['EC2 Instance Rebalance Recommendation'] },
  InstanceStateChange: { source: ['aws.ec2'], 'detail-type': ['EC2 Instance State-change Notification'] },
  CapacityReservationInterruption: {
    source: ['aws.ec2'],
    'detail-type': ['EC2 Capacity Reservation Instance Interruption Warning'],
  },
};

/**
 * Karpenter, which starts nodes for pods that have none: controller, permissions, interruption queue and node role.
 *
 * NodePool and EC2NodeClass objects depend on its chart, which waits for all the rest. Deleting them first is what ends
 * their instances: CloudFormation does not know these, and without a running, permitted controller they run on and bill.
 *
 * Spot pools also need the account's service-linked role AWSServiceRoleForEC2Spot.
 *
 * @see https://karpenter.sh/v1.14/getting-started/getting-started-with-karpenter/
 */
export class Karpenter extends Construct implements IKarpenter {
  /** A Karpenter that runs in the cluster already, by the role, subnets and security groups of its nodes. */
  public static existing(nodeEnvironment: NodeEnvironment): IKarpenter {
    return { nodeEnvironment };
  }

  /** The Helm release of the controller. */
  public readonly chart: eks.HelmChart;

  /** Role of the controller's pods. */
  public readonly controllerRole: iam.IRole;

  /** Role of the nodes. */
  public readonly nodeRole: iam.IRole;

  /** Queue of the events that nodes are drained for. */
  public readonly queue: sqs.IQueue;

  /** Where and as whom nodes run: what a GpuNodePool takes. */
  public readonly nodeEnvironment: NodeEnvironment;

  /** The controller, which waits for all the rest of this construct. */
  public readonly installed?: IDependable;

  constructor(scope: Construct, id: string, props: KarpenterProps) {
    super(scope, id);
    const { cluster } = props;
    const version = props.version ?? TestedVersions.KARPENTER;
    const replicas = props.replicas ?? 2;
    refuseAutoMode(this, cluster);
    this.check(cluster, version, replicas);

    this.nodeRole = props.nodeRole ?? this.newNodeRole();
    // A profile that Karpenter makes would hold the role when a deployment is rolled back, and CloudFormation could not
    // delete the role.
    const profile = new iam.CfnInstanceProfile(this, 'NodeProfile', { roles: [this.nodeRole.roleName] });
    this.nodeEnvironment = new NodeEnvironment({
      nodeRoleName: this.nodeRole.roleName,
      instanceProfileName: profile.ref,
      subnetIds: this.subnetIds(cluster, props.subnets),
      // By id: CloudFormation cannot tag the security group that EKS makes.
      securityGroupIds: [this.imported(() => cluster.clusterSecurityGroupId, 'clusterSecurityGroupId')],
    });
    const nodeAccess = new eks.AccessEntry(this, 'NodeAccess', {
      cluster,
      principal: this.nodeRole.roleArn,
      accessEntryType: eks.AccessEntryType.EC2_LINUX,
      accessPolicies: [],
    });

    const queue = this.interruptionQueue();
    this.queue = queue;

    const policies = new KarpenterPolicies(this, {
      clusterName: literalName(cluster) ?? cluster.clusterName,
      clusterArn: cluster.clusterArn,
      nodeRoleArn: this.nodeRole.roleArn,
      queueArn: queue.queueArn,
    });
    this.controllerRole = podIdentityRole(this, 'ControllerRole', 'Karpenter controller', policies.all());
    const association = associate(this, 'ControllerIdentity', {
      cluster,
      namespace: NAMESPACE,
      serviceAccount: SERVICE_ACCOUNT,
      role: this.controllerRole,
    });

    const charts = (chart: string) => ({
      cluster,
      release: chart,
      chart,
      repository: `oci://public.ecr.aws/karpenter/${chart}`,
      version,
      namespace: NAMESPACE,
    });
    // A chart of its own, because Helm never upgrades the definitions in the crds/ folder of the main chart.
    const definitions = installChart(this, 'Definitions', { ...charts('karpenter-crd'), values: {} });
    this.chart = installChart(this, 'Chart', {
      ...charts('karpenter'),
      values: {
        settings: { clusterName: cluster.clusterName, interruptionQueue: queue.queueName },
        serviceAccount: { create: true, name: SERVICE_ACCOUNT },
        replicas,
        // The chart sets none; these are upstream's. With memory unbounded a node shared with others can lose the scaler.
        controller: { resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } } },
      },
      after: [definitions, association, nodeAccess, queue],
    });
    this.installed = this.chart;
    installs(KARPENTER, cluster, this.chart);
  }

  private newNodeRole(): iam.Role {
    return new iam.Role(this, 'NodeRole', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: 'Nodes that Karpenter starts',
      managedPolicies: [
        'AmazonEKSWorkerNodePolicy',
        'AmazonEKS_CNI_Policy',
        'AmazonEC2ContainerRegistryPullOnly',
        'AmazonSSMManagedInstanceCore',
      ].map((name) => iam.ManagedPolicy.fromAwsManagedPolicyName(name)),
    });
  }

  private interruptionQueue(): sqs.Queue {
    const queue = new sqs.Queue(this, 'Interruptions', {
      // A spot warning comes two minutes ahead: what is older than five has happened.
      retentionPeriod: Duration.minutes(5),
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
    });
    const rules = Object.entries(INTERRUPTIONS).map(
      ([id, eventPattern]) =>
        new events.CfnRule(this, id, { eventPattern, targets: [{ id: 'Interruptions', arn: queue.queueArn }] }),
    );
    // These rules alone may send, which is narrower than upstream's whole EventBridge service.
    queue.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': rules.map(({ attrArn }) => attrArn) } },
      }),
    );
    return queue;
  }

  private subnetIds(cluster: eks.ICluster, subnets?: ec2.SubnetSelection): string[] {
    const vpc = this.imported(() => cluster.vpc, 'vpc');
    const { subnetIds } = vpc.selectSubnets(subnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS });
    if (subnetIds.length === 0 || Token.isUnresolved(subnetIds)) {
      refuse(this, {
        what: 'subnets',
        given: subnetIds.length === 0 ? 'a selection of no subnets' : 'a list known only at deployment',
        allowed: 'at least one subnet, each with its own id',
        fix: 'select subnets that the VPC has; import a VPC with Vpc.fromLookup, or with its subnet ids one by one',
      });
    }
    return subnetIds;
  }

  /** An imported cluster throws for what it was not told; this says what to tell it. */
  private imported<T>(read: () => T, attribute: string): T {
    try {
      return read();
    } catch {
      return refuse(this, {
        what: `cluster.${attribute}`,
        given: undefined,
        allowed: 'a cluster that knows it, because nodes are started there',
        fix: `give ${attribute} to eks.Cluster.fromClusterAttributes`,
      });
    }
  }

  private check(cluster: eks.ICluster, version: string, replicas: number): void {
    checkVersion(this, version, {
      tool: 'Karpenter',
      tested: TestedVersions.KARPENTER,
      form: /^1\.\d+\.\d+(-\S+)?$/,
      allowed: 'a version 1.x without "v", as the charts are tagged',
      fix: `write for example "${TestedVersions.KARPENTER}": pools of this library are karpenter.sh/v1 objects`,
    });
    if (!Token.isUnresolved(replicas) && !(Number.isInteger(replicas) && replicas >= 1)) {
      refuse(this, { what: 'replicas', given: replicas, allowed: 'a whole number from 1', fix: 'leave it out for 2' });
    }
    const minor = clusterMinor(cluster);
    const newest = kubernetesMinor(TestedVersions.KUBERNETES) as number;
    if (version === TestedVersions.KARPENTER && minor !== undefined && minor > newest) {
      Annotations.of(this).addWarningV2(
        'nim-constructs:karpenter-kubernetes',
        `Kubernetes 1.${minor} is newer than ${TestedVersions.KUBERNETES}, the last that Karpenter ${version} supports; give a newer version of Karpenter, or an older one of Kubernetes`,
      );
    }
  }
}
