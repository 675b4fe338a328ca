import { describe, expect, it } from 'vitest';
import { validateObject } from '../support/crds';
import { type KubernetesObject, validateCoreType } from '../support/kubernetes-types';

type Change = (object: KubernetesObject) => unknown;

const claim = (): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'models', namespace: 'nim' },
  spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '500Gi' } } },
});

const deployment = (): KubernetesObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'ui' },
  spec: {
    selector: { matchLabels: { app: 'ui' } },
    template: {
      metadata: { labels: { app: 'ui' } },
      spec: { containers: [{ name: 'ui', image: 'ui', ports: [{ containerPort: 80, hostIP: '0.0.0.0' }] }] },
    },
  },
});

describe('validateCoreType', () => {
  it.each([
    claim(),
    deployment(),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'nim' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'nim' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, type: 'Opaque', stringData: { a: 'b' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { clusterIP: 'None', ports: [{ port: 80, targetPort: 'http' }] },
    },
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'efs' },
      provisioner: 'efs.csi.aws.com',
      parameters: { a: 'b' },
    },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'a' }, spec: { minAvailable: '50%' } },
  ])('has nothing against a good $kind', (object) => {
    expect(validateCoreType(object)).toEqual([]);
    expect(validateObject(object)).toEqual([]);
  });

  it.each<[string, () => KubernetesObject, Change, string]>([
    ['an unknown field', claim, (o) => Object.assign(o.spec, { accessMode: 'a' }), 'spec.accessMode: unknown field'],
    [
      'the spelling of the struct',
      deployment,
      (o) => Object.assign(o.spec.template.spec.containers[0].ports[0], { hostIp: 'a' }),
      'spec.template.spec.containers[0].ports[0].hostIp: unknown field',
    ],
    [
      'a missing required field',
      deployment,
      (o) => Reflect.deleteProperty(o.spec, 'selector'),
      'spec.selector: missing required field',
    ],
    [
      'a text for an array',
      claim,
      (o) => Object.assign(o.spec, { accessModes: 'a' }),
      'spec.accessModes: wrong type, wants array, is "a"',
    ],
    [
      'an array for an object',
      claim,
      (o) => Object.assign(o, { spec: [] }),
      'spec: wrong type, wants an object, is []',
    ],
    [
      'a text for a number',
      deployment,
      (o) => Object.assign(o.spec, { replicas: '1' }),
      'spec.replicas: wrong type, wants number, is "1"',
    ],
    [
      'an object for a quantity',
      claim,
      (o) => Object.assign(o.spec.resources.requests, { storage: {} }),
      'spec.resources.requests.storage: wrong type, wants a number or a string, is {}',
    ],
    [
      'a number in a map of texts',
      deployment,
      (o) => Object.assign(o.spec.selector.matchLabels, { app: 1 }),
      'spec.selector.matchLabels.app: wrong type, wants string, is 1',
    ],
  ])('refuses %s', (_, make, change, problem) => {
    const object = make();
    change(object);
    expect(validateCoreType(object)).toEqual([problem]);
  });

  it('refuses a namespace of a StorageClass', () => {
    const object = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'a', namespace: 'nim' },
      provisioner: 'p',
    };
    expect(validateCoreType(object)).toEqual(['metadata.namespace: unknown field of a cluster-scoped kind']);
  });

  it('throws for a kind that is not core', () => {
    expect(() => validateCoreType({ apiVersion: 'karpenter.sh/v1', kind: 'NodePool' })).toThrow(
      'karpenter.sh/v1/NodePool is not a core kind',
    );
  });
});
