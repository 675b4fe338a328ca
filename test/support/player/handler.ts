// What the kubectl handler of aws-eks-v2 does with an event (aws-cdk-lib, custom-resource-handlers,
// aws-eks-v2/kubectl-handler), in the words of this test's cluster.
import type { Json } from '../stack';
import type { Cloud } from './cloud';
import type { Cluster } from './cluster';

export const MANIFEST = 'Custom::AWSCDK-EKS-KubernetesResource';
export const HELM = 'Custom::AWSCDK-EKS-HelmChart';

export interface Handler {
  create(properties: Json): void;
  update(properties: Json): void;
  delete(properties: Json): void;
}

export function handlerOf(type: string, cloud: Cloud): Handler | undefined {
  return { [MANIFEST]: manifestHandler(cloud), [HELM]: helmHandler(cloud) }[type];
}

/** The handler names no physical id: the provider framework keeps the one of the creation, whatever the manifest says. */
function manifestHandler(cloud: Cloud): Handler {
  const each = ({ ClusterName, Manifest }: Json, act: (cluster: Cluster, object: Json) => void) => {
    for (const object of JSON.parse(Manifest)) {
      act(cloud.clusterNamed(ClusterName), object);
    }
  };
  return {
    create: (properties) =>
      each(properties, (cluster, object) =>
        String(properties.Overwrite).toLowerCase() === 'true' ? cluster.apply(object) : cluster.create(object),
      ),
    // Applies what the new manifest names. What only the old one named stays: `prune` is off, and skips custom resources.
    update: (properties) => each(properties, (cluster, object) => cluster.apply(object)),
    delete: (properties) => each(properties, (cluster, object) => cluster.delete(object)),
  };
}

function helmHandler(cloud: Cloud): Handler {
  // A release that is there already is taken over: `helm upgrade --install` in both cases.
  const install = ({ ClusterName, Release, Chart, Wait }: Json) =>
    cloud.clusterNamed(ClusterName).install(Release, Chart, Wait === true);
  return {
    create: install,
    update: install,
    delete: ({ ClusterName, Release }) => cloud.clusterNamed(ClusterName).uninstall(Release),
  };
}
