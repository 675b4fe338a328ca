import { CfnJson, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** What the controller's permissions are scoped to. */
export interface KarpenterScope {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly nodeRoleArn: string;
  readonly queueArn: string;
}

type Conditions = Record<string, string | string[]>;

/**
 * The permissions of Karpenter's controller, cut as upstream cuts them: one document would pass the 6,144 characters
 * of a managed policy. The controller may create only what it tags as its cluster's, and touch only what is so tagged.
 *
 * Actions, resources and conditions are those of Karpenter v1.14, "Getting started", cloudformation.yaml.
 */
export class KarpenterPolicies {
  private readonly conditions = new Map<string, CfnJson>();

  constructor(
    private readonly scope: Construct,
    private readonly to: KarpenterScope,
  ) {}

  public all(): iam.ManagedPolicy[] {
    return [
      this.policy('NodeLifecyclePolicy', 'launches, tags and terminates its own nodes', this.nodeLifecycle()),
      this.policy('IamIntegrationPolicy', 'makes instance profiles for the node role', this.iamIntegration()),
      this.policy('EksIntegrationPolicy', 'finds the API server', this.eksIntegration()),
      this.policy('InterruptionPolicy', 'reads the interruption queue', this.interruption()),
      this.policy('ZonalShiftPolicy', 'sees zones that are shifted away', this.zonalShift()),
      this.policy('ResourceDiscoveryPolicy', 'sees what can be launched, and its price', this.resourceDiscovery()),
    ];
  }

  private policy(id: string, does: string, statements: iam.PolicyStatement[]): iam.ManagedPolicy {
    return new iam.ManagedPolicy(this.scope, id, { description: `Karpenter controller: ${does}`, statements });
  }

  private nodeLifecycle(): iam.PolicyStatement[] {
    const created = ['fleet', 'instance', 'volume', 'network-interface', 'launch-template', 'spot-instances-request'];
    const owned = {
      StringEquals: this.equals('OwnedResource', { [this.ownedTag('ResourceTag')]: 'owned' }),
      StringLike: { 'aws:ResourceTag/karpenter.sh/nodepool': '*' },
    };
    const requested = { [this.ownedTag('RequestTag')]: 'owned', ...this.requestsClusterName() };
    const fromPool = { StringLike: { 'aws:RequestTag/karpenter.sh/nodepool': '*' } };
    return [
      allow('AllowScopedEC2InstanceAccessActions', {
        actions: ['ec2:RunInstances', 'ec2:CreateFleet'],
        resources: [
          // Images and snapshots of other accounts have no account id in their ARN.
          ...['image', 'snapshot'].map((type) => this.arn('ec2', `${type}/*`, { account: '' })),
          ...this.ec2(['security-group', 'subnet', 'capacity-reservation', 'placement-group']),
        ],
      }),
      allow('AllowScopedEC2LaunchTemplateAccessActions', {
        actions: ['ec2:RunInstances', 'ec2:CreateFleet'],
        resources: this.ec2(['launch-template']),
        conditions: owned,
      }),
      allow('AllowScopedEC2InstanceActionsWithTags', {
        actions: ['ec2:RunInstances', 'ec2:CreateFleet', 'ec2:CreateLaunchTemplate'],
        resources: this.ec2(created),
        conditions: { StringEquals: this.equals('OwnedRequest', requested), ...fromPool },
      }),
      allow('AllowScopedResourceCreationTagging', {
        actions: ['ec2:CreateTags'],
        resources: this.ec2(created),
        conditions: {
          StringEquals: this.equals('OwnedCreation', {
            ...requested,
            'ec2:CreateAction': ['RunInstances', 'CreateFleet', 'CreateLaunchTemplate'],
          }),
          ...fromPool,
        },
      }),
      allow('AllowScopedResourceTagging', {
        actions: ['ec2:CreateTags'],
        resources: this.ec2(['instance']),
        conditions: {
          ...owned,
          StringEqualsIfExists: this.requestsClusterName(),
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['eks:eks-cluster-name', 'karpenter.sh/nodeclaim', 'Name'] },
        },
      }),
      allow('AllowScopedDeletion', {
        actions: ['ec2:TerminateInstances', 'ec2:DeleteLaunchTemplate'],
        resources: this.ec2(['instance', 'launch-template']),
        conditions: owned,
      }),
    ];
  }

  private iamIntegration(): iam.PolicyStatement[] {
    const resources = [this.instanceProfiles()];
    const region = (tag: string) => ({ [`aws:${tag}/topology.kubernetes.io/region`]: this.region });
    const owned = { [this.ownedTag('ResourceTag')]: 'owned', ...region('ResourceTag') };
    const requested = {
      [this.ownedTag('RequestTag')]: 'owned',
      ...this.requestsClusterName(),
      ...region('RequestTag'),
    };
    const ofClass = { 'aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass': '*' };
    const forClass = { 'aws:RequestTag/karpenter.k8s.aws/ec2nodeclass': '*' };
    return [
      allow('AllowPassingInstanceRole', {
        actions: ['iam:PassRole'],
        resources: [this.to.nodeRoleArn],
        conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'] } },
      }),
      allow('AllowScopedInstanceProfileCreationActions', {
        actions: ['iam:CreateInstanceProfile'],
        resources,
        conditions: { StringEquals: this.equals('OwnedProfileRequest', requested), StringLike: forClass },
      }),
      allow('AllowScopedInstanceProfileTagActions', {
        actions: ['iam:TagInstanceProfile'],
        resources,
        conditions: {
          StringEquals: this.equals('OwnedProfileTagging', { ...owned, ...requested }),
          StringLike: { ...ofClass, ...forClass },
        },
      }),
      allow('AllowScopedInstanceProfileActions', {
        actions: ['iam:AddRoleToInstanceProfile', 'iam:RemoveRoleFromInstanceProfile', 'iam:DeleteInstanceProfile'],
        resources,
        conditions: { StringEquals: this.equals('OwnedProfile', owned), StringLike: ofClass },
      }),
    ];
  }

  private eksIntegration(): iam.PolicyStatement[] {
    return [
      allow('AllowAPIServerEndpointDiscovery', { actions: ['eks:DescribeCluster'], resources: [this.to.clusterArn] }),
    ];
  }

  private interruption(): iam.PolicyStatement[] {
    return [
      allow('AllowInterruptionQueueActions', {
        actions: ['sqs:DeleteMessage', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'],
        resources: [this.to.queueArn],
      }),
    ];
  }

  private zonalShift(): iam.PolicyStatement[] {
    return [
      allow('AllowZonalShiftStatusReadOnly', {
        actions: ['arc-zonal-shift:GetManagedResource'],
        resources: ['*'],
        conditions: { StringEquals: { 'arc-zonal-shift:ResourceIdentifier': this.to.clusterArn } },
      }),
    ];
  }

  private resourceDiscovery(): iam.PolicyStatement[] {
    return [
      allow('AllowRegionalReadActions', {
        actions: [
          'CapacityReservations',
          'Images',
          'Instances',
          'InstanceStatus',
          'InstanceTypeOfferings',
          'InstanceTypes',
          'LaunchTemplates',
          'PlacementGroups',
          'SecurityGroups',
          'SpotPriceHistory',
          'Subnets',
        ].map((what) => `ec2:Describe${what}`),
        resources: ['*'],
        conditions: { StringEquals: { 'aws:RequestedRegion': this.region } },
      }),
      allow('AllowSSMReadActions', {
        actions: ['ssm:GetParameter'],
        resources: [this.arn('ssm', 'parameter/aws/service/*', { account: '' })],
      }),
      allow('AllowPricingReadActions', { actions: ['pricing:GetProducts'], resources: ['*'] }),
      allow('AllowUnscopedInstanceProfileListAction', { actions: ['iam:ListInstanceProfiles'], resources: ['*'] }),
      allow('AllowInstanceProfileReadActions', {
        actions: ['iam:GetInstanceProfile'],
        resources: [this.instanceProfiles()],
      }),
    ];
  }

  private get region(): string {
    return Stack.of(this.scope).region;
  }

  private arn(service: string, resource: string, { account = '*' } = {}): string {
    return `arn:${Stack.of(this.scope).partition}:${service}:${this.region}:${account}:${resource}`;
  }

  private ec2(types: string[]): string[] {
    return types.map((type) => this.arn('ec2', `${type}/*`));
  }

  private instanceProfiles(): string {
    const stack = Stack.of(this.scope);
    return `arn:${stack.partition}:iam::${stack.account}:instance-profile/*`;
  }

  private ownedTag(of: 'RequestTag' | 'ResourceTag'): string {
    return `aws:${of}/kubernetes.io/cluster/${this.to.clusterName}`;
  }

  private requestsClusterName(): Conditions {
    return { 'aws:RequestTag/eks:eks-cluster-name': this.to.clusterName };
  }

  /** A template cannot compute the keys of a map. A cluster name known only at deployment needs a custom resource. */
  private equals(id: string, conditions: Conditions): unknown {
    if (!Token.isUnresolved(this.to.clusterName)) {
      return conditions;
    }
    const known = this.conditions.get(id) ?? new CfnJson(this.scope, id, { value: conditions });
    this.conditions.set(id, known);
    return known;
  }
}

function allow(sid: string, statement: iam.PolicyStatementProps): iam.PolicyStatement {
  return new iam.PolicyStatement({ sid, ...statement });
}
