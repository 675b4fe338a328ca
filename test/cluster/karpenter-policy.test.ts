import { Lazy, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { Karpenter } from '../../lib/cluster/karpenter';
import { bareCluster, flat, type Json, resources, testStack } from '../support/stack';

const ARN = 'arn:<AWS::Partition>';
const EC2 = `${ARN}:ec2:<AWS::Region>`;
const PROFILES = `${ARN}:iam::<AWS::AccountId>:instance-profile/*`;
const OWNED = 'kubernetes.io/cluster/llm';
const CREATED = ['fleet', 'instance', 'volume', 'network-interface', 'launch-template', 'spot-instances-request'].map(
  (type) => `${EC2}:*:${type}/*`,
);

/** Typed from Karpenter v1.14's getting-started/cloudformation.yaml, not from the code under test. */
const UPSTREAM: Record<string, Json> = {
  AllowScopedEC2InstanceAccessActions: {
    Action: ['ec2:RunInstances', 'ec2:CreateFleet'],
    Resource: [
      `${EC2}::image/*`,
      `${EC2}::snapshot/*`,
      `${EC2}:*:security-group/*`,
      `${EC2}:*:subnet/*`,
      `${EC2}:*:capacity-reservation/*`,
      `${EC2}:*:placement-group/*`,
    ],
  },
  AllowScopedEC2LaunchTemplateAccessActions: {
    Action: ['ec2:RunInstances', 'ec2:CreateFleet'],
    Resource: `${EC2}:*:launch-template/*`,
    Condition: {
      StringEquals: { [`aws:ResourceTag/${OWNED}`]: 'owned' },
      StringLike: { 'aws:ResourceTag/karpenter.sh/nodepool': '*' },
    },
  },
  AllowScopedEC2InstanceActionsWithTags: {
    Action: ['ec2:RunInstances', 'ec2:CreateFleet', 'ec2:CreateLaunchTemplate'],
    Resource: CREATED,
    Condition: {
      StringEquals: { [`aws:RequestTag/${OWNED}`]: 'owned', 'aws:RequestTag/eks:eks-cluster-name': 'llm' },
      StringLike: { 'aws:RequestTag/karpenter.sh/nodepool': '*' },
    },
  },
  AllowScopedResourceCreationTagging: {
    Action: 'ec2:CreateTags',
    Resource: CREATED,
    Condition: {
      StringEquals: {
        [`aws:RequestTag/${OWNED}`]: 'owned',
        'aws:RequestTag/eks:eks-cluster-name': 'llm',
        'ec2:CreateAction': ['RunInstances', 'CreateFleet', 'CreateLaunchTemplate'],
      },
      StringLike: { 'aws:RequestTag/karpenter.sh/nodepool': '*' },
    },
  },
  AllowScopedResourceTagging: {
    Action: 'ec2:CreateTags',
    Resource: `${EC2}:*:instance/*`,
    Condition: {
      StringEquals: { [`aws:ResourceTag/${OWNED}`]: 'owned' },
      StringLike: { 'aws:ResourceTag/karpenter.sh/nodepool': '*' },
      StringEqualsIfExists: { 'aws:RequestTag/eks:eks-cluster-name': 'llm' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['eks:eks-cluster-name', 'karpenter.sh/nodeclaim', 'Name'] },
    },
  },
  AllowScopedDeletion: {
    Action: ['ec2:TerminateInstances', 'ec2:DeleteLaunchTemplate'],
    Resource: [`${EC2}:*:instance/*`, `${EC2}:*:launch-template/*`],
    Condition: {
      StringEquals: { [`aws:ResourceTag/${OWNED}`]: 'owned' },
      StringLike: { 'aws:ResourceTag/karpenter.sh/nodepool': '*' },
    },
  },
  AllowPassingInstanceRole: {
    Action: 'iam:PassRole',
    Resource: '<NODE_ROLE>',
    Condition: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'] } },
  },
  AllowScopedInstanceProfileCreationActions: {
    Action: 'iam:CreateInstanceProfile',
    Resource: PROFILES,
    Condition: {
      StringEquals: {
        [`aws:RequestTag/${OWNED}`]: 'owned',
        'aws:RequestTag/eks:eks-cluster-name': 'llm',
        'aws:RequestTag/topology.kubernetes.io/region': '<AWS::Region>',
      },
      StringLike: { 'aws:RequestTag/karpenter.k8s.aws/ec2nodeclass': '*' },
    },
  },
  AllowScopedInstanceProfileTagActions: {
    Action: 'iam:TagInstanceProfile',
    Resource: PROFILES,
    Condition: {
      StringEquals: {
        [`aws:ResourceTag/${OWNED}`]: 'owned',
        'aws:ResourceTag/topology.kubernetes.io/region': '<AWS::Region>',
        [`aws:RequestTag/${OWNED}`]: 'owned',
        'aws:RequestTag/eks:eks-cluster-name': 'llm',
        'aws:RequestTag/topology.kubernetes.io/region': '<AWS::Region>',
      },
      StringLike: {
        'aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass': '*',
        'aws:RequestTag/karpenter.k8s.aws/ec2nodeclass': '*',
      },
    },
  },
  AllowScopedInstanceProfileActions: {
    Action: ['iam:AddRoleToInstanceProfile', 'iam:RemoveRoleFromInstanceProfile', 'iam:DeleteInstanceProfile'],
    Resource: PROFILES,
    Condition: {
      StringEquals: {
        [`aws:ResourceTag/${OWNED}`]: 'owned',
        'aws:ResourceTag/topology.kubernetes.io/region': '<AWS::Region>',
      },
      StringLike: { 'aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass': '*' },
    },
  },
  AllowAPIServerEndpointDiscovery: { Action: 'eks:DescribeCluster', Resource: '<CLUSTER>' },
  AllowInterruptionQueueActions: {
    Action: ['sqs:DeleteMessage', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'],
    Resource: '<QUEUE>',
  },
  AllowZonalShiftStatusReadOnly: {
    Action: 'arc-zonal-shift:GetManagedResource',
    Resource: '*',
    Condition: { StringEquals: { 'arc-zonal-shift:ResourceIdentifier': '<CLUSTER>' } },
  },
  AllowRegionalReadActions: {
    Action: [
      'ec2:DescribeCapacityReservations',
      'ec2:DescribeImages',
      'ec2:DescribeInstances',
      'ec2:DescribeInstanceStatus',
      'ec2:DescribeInstanceTypeOfferings',
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeLaunchTemplates',
      'ec2:DescribePlacementGroups',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSpotPriceHistory',
      'ec2:DescribeSubnets',
    ],
    Resource: '*',
    Condition: { StringEquals: { 'aws:RequestedRegion': '<AWS::Region>' } },
  },
  AllowSSMReadActions: {
    Action: 'ssm:GetParameter',
    Resource: `${ARN}:ssm:<AWS::Region>::parameter/aws/service/*`,
  },
  AllowPricingReadActions: { Action: 'pricing:GetProducts', Resource: '*' },
  AllowUnscopedInstanceProfileListAction: { Action: 'iam:ListInstanceProfiles', Resource: '*' },
  AllowInstanceProfileReadActions: { Action: 'iam:GetInstanceProfile', Resource: PROFILES },
};

/** The only actions on `*`, and why. */
const UNSCOPABLE: Record<string, RegExp> = {
  'EC2 describes what exists; the API takes no resource, the condition limits the region': /^ec2:Describe[A-Z]\w+$/,
  'ARC names the shifted resource by a condition key': /^arc-zonal-shift:GetManagedResource$/,
  'the price list is one for all': /^pricing:GetProducts$/,
  'IAM lists profiles without a resource': /^iam:ListInstanceProfiles$/,
};

function karpenterStack(clusterName?: string, stack = testStack()): Stack {
  new Karpenter(stack, 'Karpenter', { cluster: bareCluster(stack, { clusterName }) });
  return stack;
}

function documents(stack: Stack): Json[] {
  return Object.entries(resources(stack, 'AWS::IAM::ManagedPolicy'))
    .filter(([id]) => id.startsWith('Karpenter'))
    .map(([, { PolicyDocument }]) => PolicyDocument);
}

describe('permissions of the Karpenter controller', () => {
  const stack = karpenterStack('llm');
  const statements: Json[] = documents(stack).flatMap(({ Statement }) => Statement);

  test('are upstream statements, one for one', () => {
    expect(statements.map(({ Sid }) => Sid)).toEqual(Object.keys(UPSTREAM));
  });

  test.each(Object.entries(UPSTREAM))('%s has upstream actions, resources and conditions', (sid, expected) => {
    const statement = statements.find(({ Sid }) => Sid === sid);
    const named = JSON.parse(
      JSON.stringify(statement)
        .replace(/<KarpenterNodeRole\w+\.Arn>/, '<NODE_ROLE>')
        .replace(/<KarpenterInterruptions\w+\.Arn>/, '<QUEUE>')
        .replace(/<Cluster\w+\.Arn>/, '<CLUSTER>'),
    );
    expect(named).toEqual({ Sid: sid, Effect: 'Allow', ...expected });
  });

  test('name every action, and give `*` only to actions that know no resource', () => {
    for (const { Action, Resource } of statements) {
      for (const action of [Action].flat()) {
        expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
        const unscoped = [Resource].flat().includes('*');
        expect([action, unscoped]).toEqual([action, Object.values(UNSCOPABLE).some((form) => form.test(action))]);
      }
    }
  });

  test('fit a managed policy (6,144 characters) with the longest names of AWS', () => {
    const longest = documents(karpenterStack('n'.repeat(100))).map((document) =>
      JSON.stringify(document)
        .replaceAll('<AWS::Partition>', 'aws-us-gov')
        .replaceAll('<AWS::Region>', 'ap-southeast-1')
        .replaceAll('<AWS::AccountId>', '111122223333'),
    );
    expect(Math.max(...longest.map(({ length }) => length))).toBeLessThan(6144);
  });
});

describe('a condition key with the cluster name', () => {
  test('stands in the policy where the name is a literal', () => {
    expect(resources(karpenterStack('llm'), 'Custom::AWSCDKCfnJson')).toEqual({});
  });

  test('goes through a custom resource where the name is known only at deployment', () => {
    const stack = karpenterStack();
    const values = Object.values(resources(stack, 'Custom::AWSCDKCfnJson')).map(({ Value }) => JSON.parse(Value));
    expect(values).toHaveLength(6);
    expect(values).toContainEqual({ 'aws:ResourceTag/kubernetes.io/cluster/<ClusterEB0386A7>': 'owned' });
    const deletion = documents(stack)
      .flatMap(({ Statement }) => Statement)
      .find(({ Sid }) => Sid === 'AllowScopedDeletion');
    expect(flat(deletion.Condition.StringEquals)).toMatch(/^<KarpenterOwnedResource\w+\.Value>$/);
  });

  test('takes a token for what it is, also when given as clusterName', () => {
    const stack = karpenterStack(Lazy.string({ produce: () => 'late' }));
    expect(Object.keys(resources(stack, 'Custom::AWSCDKCfnJson'))).toHaveLength(6);
  });
});
