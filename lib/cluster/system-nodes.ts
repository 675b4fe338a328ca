import { Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as eks from 'aws-cdk-lib/aws-eks-v2';
import { Construct } from 'constructs';
import { refuse } from '../kube/errors';

/** Properties of a SystemNodes. */
export interface SystemNodesProps {
  /** Cluster that the nodes join. */
  readonly cluster: eks.ICluster;

  /**
   * Type of the nodes; x86_64, as NIM images are.
   *
   * @default - m6i.xlarge: 4 vCPU, 16 GiB
   */
  readonly instanceType?: ec2.InstanceType;

  /**
   * Number of nodes, at least 2: no two replicas of Karpenter share a node.
   *
   * @default 2
   */
  readonly count?: number;

  /**
   * Size of each node's disk in GiB.
   *
   * @default 100
   */
  readonly diskGib?: number;
}

/** An unpacked NIM image takes up to 32 GB, the system's own images and reserves some 20 GB. */
const SMALLEST_DISK_GIB = 60;

/**
 * A managed node group for what must run before Karpenter can start a node: Karpenter, CoreDNS, the operators, and the
 * pods that download models, which need no GPU but do pull the NIM image. Amazon Linux 2023 on encrypted gp3.
 */
export class SystemNodes extends Construct {
  /** The managed node group. */
  public readonly nodegroup: eks.Nodegroup;

  constructor(scope: Construct, id: string, props: SystemNodesProps) {
    super(scope, id);
    const instanceType = props.instanceType ?? ec2.InstanceType.of(ec2.InstanceClass.M6I, ec2.InstanceSize.XLARGE);
    const count = props.count ?? 2;
    const diskGib = props.diskGib ?? 100;
    this.check(instanceType, count, diskGib);

    const template = new ec2.CfnLaunchTemplate(this, 'LaunchTemplate', {
      launchTemplateData: {
        blockDeviceMappings: [
          {
            deviceName: '/dev/xvda',
            // gp3's own default of 125 MiB/s would take minutes to unpack a NIM image.
            ebs: {
              volumeType: 'gp3',
              volumeSize: diskGib,
              throughput: 250,
              encrypted: true,
              deleteOnTermination: true,
            },
          },
        ],
        // As Karpenter starts its nodes: with one hop, pods cannot take the node's credentials.
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      },
    });
    this.nodegroup = new eks.Nodegroup(this, 'Nodegroup', {
      cluster: props.cluster,
      subnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      amiType: eks.NodegroupAmiType.AL2023_X86_64_STANDARD,
      instanceTypes: [instanceType],
      minSize: count,
      desiredSize: count,
      launchTemplateSpec: { id: template.ref, version: template.attrLatestVersionNumber },
    });
  }

  private check(instanceType: ec2.InstanceType, count: number, diskGib: number): void {
    const type = instanceType.toString();
    if (!Token.isUnresolved(type) && instanceType.architecture !== ec2.InstanceArchitecture.X86_64) {
      refuse(this, {
        what: 'instanceType',
        given: type,
        allowed: 'an x86_64 type, because NIM images are built for x86_64 alone',
        fix: 'write for example new InstanceType("m6i.xlarge")',
      });
    }
    if (!Token.isUnresolved(count) && !(Number.isInteger(count) && count >= 2)) {
      refuse(this, {
        what: 'count',
        given: count,
        allowed: 'a whole number from 2, because no two replicas of Karpenter share a node',
        fix: 'leave it out for 2',
      });
    }
    if (!Token.isUnresolved(diskGib) && !(Number.isInteger(diskGib) && diskGib >= SMALLEST_DISK_GIB)) {
      refuse(this, {
        what: 'diskGib',
        given: diskGib,
        allowed: `a whole number from ${SMALLEST_DISK_GIB}, because a NIM image of up to 32 GB is unpacked on it`,
        fix: 'leave it out for 100',
      });
    }
  }
}
