import { claimDefined } from './nim-claim';
import { amountOf } from './quantity';
import { Enforcer, OPERATOR, refused, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

const SINGLE_NODE = ['ReadWriteOnce', 'ReadWriteOncePod'];

/** Rules of `storage`. */
export const SERVICE_STORAGE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/one-storage',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateServiceStorageConfiguration; with webhooks off pvc wins silently`,
    *check(spec) {
      const storage = spec.at('storage');
      const [cache, path] = [storage.at('nimCache'), storage.at('hostPath')];
      const found = [
        ...(['name', 'profile'].some((name) => cache.has(name) && cache.at(name).value !== '') ? ['nimCache'] : []),
        ...(claimDefined(storage.at('pvc')) ? ['pvc'] : []),
        ...storage.among('emptyDir'),
        ...(path.given && path.value !== '' ? ['hostPath'] : []),
      ];
      if (found.length !== 1) {
        yield refused(storage, 'exactly one of nimCache, pvc, emptyDir and hostPath', 'keep one of them', found);
      }
    },
  },
  {
    id: 'nim-service/host-path',
    enforcer: Enforcer.NOBODY,
    // The kubelet makes it for root, and fsGroup does not reach it.
    source: `${OPERATOR} api/apps/v1alpha1/nimservice_types.go: hostPath, deprecated, of type DirectoryOrCreate; Pod Security Standards, baseline`,
    *check(spec) {
      const path = spec.at('storage', 'hostPath');
      if (path.given && path.value !== '') {
        yield refused(
          path,
          'a cache or a claim, as the folder is made for root and NIM runs as 1000, and Pod Security refuses it but for privileged',
          "write nimCache: { name: 'llama' }, or emptyDir: {}",
        );
      }
    },
  },
  {
    id: 'nim-service/profile-without-cache',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateServiceStorageConfiguration`,
    *check(spec) {
      const cache = spec.at('storage', 'nimCache');
      const [name, profile] = [cache.at('name'), cache.at('profile')];
      if (profile.given && profile.value !== '' && (!name.given || name.value === '')) {
        yield refused(name, 'the name of a NIMCache beside its profile', "write name: 'llama-cache'");
      }
    },
  },
  {
    id: 'nim-service/shared-memory-size',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateServiceStorageConfiguration`,
    *check(spec) {
      const limit = spec.at('storage', 'sharedMemorySizeLimit');
      if (limit.given && (amountOf(limit.value) ?? 1) <= 0) {
        yield refused(limit, 'a quantity above 0', "write sharedMemorySizeLimit: '16Gi', or leave it out");
      }
    },
  },
  {
    id: 'nim-service/volume-of-one-node',
    enforcer: Enforcer.NOBODY,
    source: 'Kubernetes documentation, persistent volumes, access modes: a second node fails with a multi-attach error',
    *check(spec) {
      const mode = spec.at('storage', 'pvc', 'volumeAccessMode');
      const scaled = spec.at('scale', 'enabled').isTrue ? (spec.at('scale', 'hpa', 'maxReplicas').number ?? 0) : 0;
      const pods = Math.max(spec.at('replicas').number ?? 0, scaled);
      if (SINGLE_NODE.includes(mode.text ?? '') && (pods > 1 || spec.has('multiNode'))) {
        yield refused(
          mode,
          `ReadWriteMany or ReadOnlyMany for ${pods > 1 ? `${pods} replicas` : 'a service that spans nodes'}`,
          'use a claim that many nodes mount, such as that of EfsModelStore',
        );
      }
    },
  },
  {
    id: 'nim-service/read-only-storage',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} api/apps/v1alpha1/nimservice_types.go readOnly: NIM writes engine and compile caches under /model-store`,
    *check(spec) {
      const readOnly = spec.at('storage', 'readOnly');
      if (readOnly.isTrue) {
        yield refused(readOnly, 'false, as NIM images write caches beside the model', 'leave it out');
      }
    },
  },
];
