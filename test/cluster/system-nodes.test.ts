import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { describe, expect, test } from 'vitest';
import { SystemNodes, type SystemNodesProps } from '../../lib/cluster/system-nodes';
import { bareCluster, errorOf, resource, testStack } from '../support/stack';

function systemNodes(props: Partial<SystemNodesProps> = {}) {
  const stack = testStack();
  new SystemNodes(stack, 'Nodes', { cluster: bareCluster(stack), ...props });
  return stack;
}

describe('SystemNodes', () => {
  const stack = systemNodes();

  test('are two x86_64 nodes on private subnets, with room for a NIM image', () => {
    expect(resource(stack, 'AWS::EKS::Nodegroup')).toMatchObject({
      AmiType: 'AL2023_x86_64_STANDARD',
      InstanceTypes: ['m6i.xlarge'],
      ScalingConfig: { MinSize: 2, DesiredSize: 2, MaxSize: 2 },
      Subnets: [expect.stringMatching(/PrivateSubnet1/), expect.stringMatching(/PrivateSubnet2/)],
      LaunchTemplate: {
        Id: expect.stringMatching(/^<NodesLaunchTemplate/),
        Version: expect.stringMatching(/LatestVersionNumber>$/),
      },
    });
  });

  test('have encrypted disks, and keep their credentials from pods', () => {
    const { BlockDeviceMappings, MetadataOptions } = resource(stack, 'AWS::EC2::LaunchTemplate').LaunchTemplateData;
    expect(BlockDeviceMappings).toEqual([
      {
        DeviceName: '/dev/xvda',
        Ebs: { VolumeType: 'gp3', VolumeSize: 100, Throughput: 250, Encrypted: true, DeleteOnTermination: true },
      },
    ]);
    expect(MetadataOptions).toEqual({ HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
  });

  test('can be more, larger, with larger disks', () => {
    const own = systemNodes({ instanceType: new ec2.InstanceType('m7a.2xlarge'), count: 3, diskGib: 200 });
    expect(resource(own, 'AWS::EKS::Nodegroup')).toMatchObject({
      InstanceTypes: ['m7a.2xlarge'],
      ScalingConfig: { MinSize: 3, DesiredSize: 3, MaxSize: 3 },
    });
    expect(resource(own, 'AWS::EC2::LaunchTemplate').LaunchTemplateData.BlockDeviceMappings[0].Ebs.VolumeSize).toBe(
      200,
    );
  });
});

test.each<[string, Partial<SystemNodesProps>, string]>([
  [
    'Graviton',
    { instanceType: new ec2.InstanceType('m7g.xlarge') },
    '[Test/Nodes] instanceType is "m7g.xlarge", allowed is an x86_64 type, because NIM images are built for x86_64 alone; write for example new InstanceType("m6i.xlarge")',
  ],
  [
    'a single node',
    { count: 1 },
    '[Test/Nodes] count is 1, allowed is a whole number from 2, because no two replicas of Karpenter share a node; leave it out for 2',
  ],
  [
    'a disk that a NIM image fills',
    { diskGib: 20 },
    '[Test/Nodes] diskGib is 20, allowed is a whole number from 60, because a NIM image of up to 32 GB is unpacked on it; leave it out for 100',
  ],
])('SystemNodes refuse %s', (_, props, message) => {
  expect(errorOf(() => systemNodes(props))).toBe(message);
});
