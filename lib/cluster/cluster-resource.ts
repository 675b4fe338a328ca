import { Stack, Token } from 'aws-cdk-lib';
import { CfnAddon, CfnCluster, CfnNodegroup } from 'aws-cdk-lib/aws-eks';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import { type Construct, Dependable, type IConstruct, type IDependable } from 'constructs';
import { refuse } from '../kube/errors';

// What a cluster's own resource says. Of an imported cluster nothing is known.

function resourceOf(cluster: eks.ICluster): CfnCluster | undefined {
  return cluster.node.defaultChild instanceof CfnCluster ? cluster.node.defaultChild : undefined;
}

/** `clusterName` of an eks.Cluster is always a token; a name given to it is found on its resource. */
export function literalName(cluster: eks.ICluster): string | undefined {
  const names = [cluster.clusterName, resourceOf(cluster)?.name];
  return names.find((name) => name !== undefined && !Token.isUnresolved(name));
}

/** 36 for a cluster of Kubernetes 1.36. */
export function clusterMinor(cluster: eks.ICluster): number | undefined {
  return kubernetesMinor(resourceOf(cluster)?.version);
}

export function kubernetesMinor(version?: string): number | undefined {
  const minor = /^1\.(\d+)$/.exec(version ?? '')?.[1];
  return minor === undefined ? undefined : Number(minor);
}

/** EKS Auto Mode runs a Karpenter of its own, which knows no EC2NodeClass, and a device plugin. */
export function refuseAutoMode(scope: Construct, cluster: eks.ICluster): void {
  const compute = resourceOf(cluster)?.computeConfig;
  if (compute && 'enabled' in compute && compute.enabled === true) {
    refuse(scope, {
      what: 'cluster',
      given: 'a cluster in EKS Auto Mode',
      allowed: 'a cluster without it: Auto Mode runs a Karpenter and a device plugin of its own, and no EC2NodeClass',
      fix:
        'create the cluster with defaultCapacityType: eks.DefaultCapacityType.NODEGROUP, or make the pool in Auto Mode ' +
        'and describe it with GpuNodePool.fromLabels',
    });
  }
}

/** What waits for the nodes of which cluster. */
const WAITING = new WeakMap<IConstruct, eks.ICluster>();

/**
 * Makes something in a cluster wait for others, and for node groups and add-ons, those that come later included: it is so
 * deleted while there are still nodes on which controllers clear its finalizers. Where one of the others waits for the nodes,
 * that is enough (docs/decisions.md).
 */
export function waitInCluster(construct: IConstruct, cluster: eks.ICluster, others: IDependable[] = []): void {
  const roots = others.flatMap((other) => Dependable.of(other).dependencyRoots);
  const isImplied = roots.some((root) => root.node.findAll().some((each) => WAITING.get(each) === cluster));
  construct.node.addDependency(...others, ...(isImplied ? [] : [nodesOf(cluster)]));
  WAITING.set(construct, cluster);
}

function nodesOf(cluster: eks.ICluster): IDependable {
  const nodes = {};
  Dependable.implement(nodes, {
    get dependencyRoots() {
      const stack = Stack.of(cluster);
      const name = (value: string) => JSON.stringify(stack.resolve(value));
      return stack.node.findAll().filter(
        (each) =>
          (each instanceof CfnNodegroup || each instanceof CfnAddon) &&
          // Mostly the same token; another one may still resolve to the same cluster.
          (each.clusterName === cluster.clusterName || name(each.clusterName) === name(cluster.clusterName)),
      );
    },
  });
  return nodes;
}
