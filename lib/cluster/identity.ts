import { createHash } from 'node:crypto';
import { type CfnResource, Stack, Token } from 'aws-cdk-lib';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import type { Construct } from 'constructs';
import { pascal } from '../kube/names';

/** Names of clusters as a template has them. Every resolution counts: it is measured and works out logical ids anew. */
const CLUSTER_NAMES = new WeakMap<eks.ICluster, unknown>();

/**
 * Gives the CloudFormation resource of something in a cluster a logical id made from what it is there, not from where its
 * construct stands. The kubectl handler keeps one physical id for ever: with an id by path, a new name would leave the old
 * object running, and a moved construct would find its own object (AlreadyExists) or uninstall its own Helm release.
 */
export function identify(resource: Construct, cluster: eks.ICluster, identity: (string | undefined)[]): void {
  const stack = Stack.of(resource);
  // Clusters of two other stacks may have one logical id.
  const place = Stack.of(cluster) === stack ? [] : [Stack.of(cluster).node.path];
  const clusterName = CLUSTER_NAMES.get(cluster) ?? stack.resolve(cluster.clusterName);
  CLUSTER_NAMES.set(cluster, clusterName);
  const parts = identity.map((each) => (Token.isUnresolved(each) ? stack.resolve(each) : (each ?? null)));
  const hash = createHash('sha256')
    .update(JSON.stringify([...place, clusterName, ...parts]))
    .digest('hex')
    .slice(0, 8)
    .toUpperCase();
  // A logical id has at most 255 letters and digits.
  const literals = identity.slice(1).filter((each) => !Token.isUnresolved(each));
  const readable = literals.map(pascal).join('').slice(0, 240);
  (resource.node.findChild('Resource').node.defaultChild as CfnResource).overrideLogicalId(`${readable}${hash}`);
}
