import type { Json } from '../stack';
import { Cluster, type Surroundings } from './cluster';
import type { GpuNode } from './controllers';
import { StepError } from './errors';

/** A resource of AWS that was made. */
interface AwsResource {
  readonly type: string;
  readonly properties: Json;
}

/** What is billed by the hour, and so must not be left over. An EFS file system bills what is stored, and is kept. */
const HOURLY = ['AWS::EKS::Cluster', 'AWS::EKS::Nodegroup', 'AWS::EC2::NatGateway', 'AWS::EC2::EIP'];

/** Properties whose values no two resources may share. */
const UNIQUE: Record<string, readonly string[]> = {
  'AWS::EKS::Cluster': ['Name'],
  'AWS::EKS::Addon': ['ClusterName', 'AddonName'],
  'AWS::EKS::AccessEntry': ['ClusterName', 'PrincipalArn'],
  'AWS::EKS::PodIdentityAssociation': ['ClusterName', 'Namespace', 'ServiceAccount'],
};

/** Properties that cannot change without a new resource, for the types that tests change. */
export const REPLACING: Record<string, readonly string[]> = {
  ...UNIQUE,
  'AWS::EFS::FileSystem': ['Encrypted', 'PerformanceMode', 'KmsKeyId', 'AvailabilityZoneName'],
  'AWS::EFS::MountTarget': ['FileSystemId', 'SubnetId', 'IpAddress'],
};

/** The account: its resources by physical id, as far as what runs in a cluster depends on them. */
export class Cloud {
  /** Every cluster there was, by name: what ran in one outlives it. */
  private readonly clusters = new Map<string, Cluster>();
  private readonly resources = new Map<string, AwsResource>();

  constructor(private readonly admit: (object: Json) => readonly string[] = () => []) {}

  /** The newest cluster. */
  public get cluster(): Cluster {
    return [...this.clusters.values()][this.clusters.size - 1];
  }

  public clusterNamed(name: string): Cluster {
    const cluster = this.clusters.get(name);
    if (!cluster) {
      throw new StepError(`no cluster found for name: ${name}`);
    }
    return cluster;
  }

  /** What costs money by the hour. */
  public get billing(): string[] {
    const hourly = [...this.resources.values()].map(({ type }) => type).filter((type) => HOURLY.includes(type));
    return [...hourly, ...this.nodes.map(({ pool }) => `GPU node of ${pool}`)].sort();
  }

  /** Objects whose deletion waits for a finalizer. */
  public get stuck(): string[] {
    return [...this.clusters.values()].flatMap((cluster) => cluster.stuck);
  }

  /** Types of all resources there are. */
  public get types(): string[] {
    return [...this.resources.values()].map(({ type }) => type).sort();
  }

  public create(physicalId: string, type: string, properties: Json): void {
    const unique = UNIQUE[type];
    if (unique) {
      const taken = this.of(type).some((other) => unique.every((name) => other[name] === properties[name]));
      if (taken) {
        throw new StepError(`${type} with ${unique.map((name) => properties[name]).join(', ')} already exists`);
      }
    }
    this.resources.set(physicalId, { type, properties });
    if (type === 'AWS::EKS::Cluster') {
      this.clusters.set(physicalId, new Cluster(this.surroundingsOf(physicalId), this.admit));
    }
  }

  public update(physicalId: string, type: string, properties: Json): void {
    this.resources.set(physicalId, { type, properties });
  }

  public delete(physicalId: string): void {
    const resource = this.resources.get(physicalId);
    if (!resource) {
      return;
    }
    const { type, properties } = resource;
    if (type === 'AWS::EC2::Subnet' && this.nodes.some(({ subnets }) => subnets.includes(physicalId))) {
      throw new StepError(`subnet ${physicalId} has dependencies: network interfaces of GPU nodes`);
    }
    // Karpenter's instance profiles hold the role of the nodes until the EC2NodeClass is gone.
    if (type === 'AWS::IAM::Role' && this.nodeRoles.includes(physicalId)) {
      throw new StepError('cannot delete entity, must remove roles from instance profile first');
    }
    if (type === 'AWS::EFS::MountTarget') {
      for (const cluster of this.clusters.values()) {
        cluster.controllers.unmount(properties.FileSystemId);
      }
    }
    this.resources.delete(physicalId);
    if (type === 'AWS::EKS::Cluster') {
      this.clusterNamed(physicalId).vanish();
    }
  }

  /** Time passes. */
  public rest(): void {
    for (const cluster of this.clusters.values()) {
      cluster.rest();
    }
  }

  private surroundingsOf(name: string): Surroundings {
    const of = (type: string) => this.of(type).filter(({ ClusterName }) => ClusterName === name);
    const hasAddon = (addon: string) => of('AWS::EKS::Addon').some(({ AddonName }) => AddonName === addon);
    const cloud = this;
    return {
      get reachable() {
        return (
          cloud.resources.has(name) && of('AWS::EKS::AccessEntry').some((entry) => entry.AccessPolicies?.length > 0)
        );
      },
      get nodesRun() {
        return (
          of('AWS::EKS::Nodegroup').length > 0 &&
          ['vpc-cni', 'kube-proxy', 'coredns'].every(hasAddon) &&
          cloud.of('AWS::EC2::NatGateway').length > 0
        );
      },
      hasIdentity(serviceAccount) {
        const association = of('AWS::EKS::PodIdentityAssociation').some(
          ({ Namespace, ServiceAccount }) => `${Namespace}/${ServiceAccount}` === serviceAccount,
        );
        return hasAddon('eks-pod-identity-agent') && association;
      },
      mounts: (fileSystemId) => hasAddon('aws-efs-csi-driver') && cloud.isMountable(fileSystemId),
    };
  }

  /** Pods may land in any zone: a file system without a target in one of them is not mounted there. */
  private isMountable(fileSystemId: string): boolean {
    const targets = this.of('AWS::EFS::MountTarget').filter(({ FileSystemId }) => FileSystemId === fileSystemId);
    const vpc = this.resources.get(targets[0]?.SubnetId)?.properties.VpcId;
    const zones = this.of('AWS::EC2::Subnet').filter((subnet) => subnet.VpcId === vpc && !subnet.MapPublicIpOnLaunch);
    return targets.length > 0 && targets.length === zones.length;
  }

  private get nodes(): GpuNode[] {
    return [...this.clusters.values()].flatMap((cluster) => cluster.controllers.nodes);
  }

  private get nodeRoles(): string[] {
    return [...this.clusters.values()].flatMap((cluster) =>
      cluster.objects
        .filter((identity) => identity.startsWith('EC2NodeClass '))
        .map((identity) => cluster.find(identity).spec.role),
    );
  }

  private of(type: string): Json[] {
    return [...this.resources.values()]
      .filter((resource) => resource.type === type)
      .map(({ properties }) => properties);
  }
}
