import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import type * as eks from 'aws-cdk-lib/aws-eks-v2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';

/** A role that only EKS Pod Identity can hand out. The agent tags its sessions, so the trust needs `sts:TagSession`. */
export function podIdentityRole(
  scope: Construct,
  id: string,
  description: string,
  managedPolicies: iam.IManagedPolicy[] = [],
): iam.Role {
  return new iam.Role(scope, id, {
    assumedBy: new iam.SessionTagsPrincipal(new iam.ServicePrincipal('pods.eks.amazonaws.com')),
    description,
    managedPolicies,
  });
}

/** A service account, which a chart makes, and the role of its pods. */
export interface PodIdentity {
  readonly cluster: eks.ICluster;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly role: iam.IRole;
}

/**
 * Credentials are injected when a pod is made, so the pods' chart depends on what this returns.
 *
 * Where the cluster is an `eks.Cluster`, its `eksPodIdentityAgent` is the agent: aws-cdk-lib makes that add-on on first
 * use, and one made beside it would collide. On an imported cluster the agent must be running.
 */
export function associate(scope: Construct, id: string, identity: PodIdentity): CfnPodIdentityAssociation {
  const association = new CfnPodIdentityAssociation(scope, id, {
    clusterName: identity.cluster.clusterName,
    namespace: identity.namespace,
    serviceAccount: identity.serviceAccount,
    roleArn: identity.role.roleArn,
  });
  const agent = identity.cluster.eksPodIdentityAgent;
  if (agent) {
    association.node.addDependency(agent);
  }
  return association;
}
