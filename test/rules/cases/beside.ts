import { Part } from '../../../lib/rules/part';
import type { Surroundings } from '../../../lib/rules/rule';
import type { KubernetesObject } from '../../support/kubernetes-types';

/** What a rule sees of these objects. */
export function beside(...objects: readonly KubernetesObject[]): Surroundings {
  return {
    objects: (kind) =>
      objects
        .filter((object) => `${object.apiVersion}/${object.kind}` === kind)
        .map((object) => ({
          name: object.metadata?.name as string,
          namespace: object.metadata?.namespace as string | undefined,
          rendered: () => new Part(object, ''),
        })),
  };
}

/** Makes `nim` a namespace of NIM workloads. */
export const NIM_WORKLOAD: KubernetesObject = {
  apiVersion: 'apps.nvidia.com/v1alpha1',
  kind: 'NIMService',
  metadata: { name: 'nim', namespace: 'nim' },
};
