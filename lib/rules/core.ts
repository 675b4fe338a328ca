import type { Part } from './part';
import { amountOf } from './quantity';
import { Enforcer, NIM_CACHE, NIM_SERVICE, type Rule, refused } from './rule';

const CORE = 'kubernetes pkg/apis/core/validation';
const CLAIM = ['v1/PersistentVolumeClaim'];
const STORAGE_CLASS = ['storage.k8s.io/v1/StorageClass'];
const EFS_DRIVER = 'kubernetes-sigs/aws-efs-csi-driver v3.4.1 pkg/driver/controller.go';
const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'];
const DOCKER_CONFIG = '.dockerconfigjson';

/** Rules of Kubernetes' own kinds. */
export const CORE_RULES: readonly Rule[] = [
  {
    id: 'namespace/pod-security',
    kinds: ['v1/Namespace'],
    enforcer: Enforcer.NOBODY,
    // NIM pods have no seccompProfile, those of a NIMService no runAsNonRoot either, and neither can be given them.
    source:
      'Kubernetes documentation, Pod Security Standards; NVIDIA/k8s-nim-operator v3.1.2 manifests/deployment.yaml',
    *check(object, around) {
      const level = object.at('metadata', 'labels', 'pod-security.kubernetes.io/enforce');
      const name = object.at('metadata', 'name').text;
      const holdsNim = () =>
        [NIM_CACHE, NIM_SERVICE].some((kind) => around.objects(kind).some(({ namespace }) => namespace === name));
      if (level.text === 'restricted' && name !== undefined && holdsNim()) {
        yield refused(
          level,
          'baseline or privileged, as no NIM pod starts under restricted',
          "write 'baseline', or put the NIM workloads into another namespace",
        );
      }
    },
  },
  {
    id: 'claim/access-modes',
    kinds: CLAIM,
    enforcer: Enforcer.API_SERVER,
    source: `${CORE} ValidatePersistentVolumeClaimSpec`,
    *check(object) {
      const modes = object.at('spec', 'accessModes');
      const unknown = modes.items.some((mode) => mode.text !== undefined && !MODES.includes(mode.text));
      if (object.has('spec') && (!modes.given || modes.isEmpty || unknown)) {
        yield refused(modes, `one or more of ${MODES.join(', ')}`, "write accessModes: ['ReadWriteMany']");
      }
    },
  },
  {
    id: 'claim/size',
    kinds: CLAIM,
    enforcer: Enforcer.API_SERVER,
    source: `${CORE} ValidatePersistentVolumeClaimSpec`,
    *check(object) {
      const size = object.at('spec', 'resources', 'requests', 'storage');
      if (object.has('spec') && (!size.given || (amountOf(size.value) ?? 1) <= 0)) {
        yield refused(size, 'a quantity above 0, also where the file system grows by itself', "write storage: '500Gi'");
      }
    },
  },
  {
    id: 'claim/no-class',
    kinds: CLAIM,
    enforcer: Enforcer.NOBODY,
    source: 'EKS user guide, Kubernetes 1.30: gp2 is no longer the default StorageClass, and there is no other',
    *check(object) {
      const spec = object.at('spec');
      if (spec.given && !spec.has('storageClassName') && !spec.has('volumeName')) {
        yield refused(
          spec.at('storageClassName'),
          'a StorageClass, as EKS clusters have no default one and the claim would stay Pending',
          "write storageClassName: 'gp3', or volumeName with storageClassName ''",
        );
      }
    },
  },
  {
    id: 'storage-class/efs-parameters',
    kinds: STORAGE_CLASS,
    enforcer: Enforcer.NOBODY,
    source: `${EFS_DRIVER} CreateVolume: "Missing provisioningMode parameter", "Missing fileSystemId parameter"`,
    *check(object) {
      const parameters = object.at('parameters');
      // Without any parameter it is a class of volumes that are made by hand, and makes none itself.
      const dynamic = parameters.given && !parameters.isEmpty;
      for (const name of ['provisioningMode', 'fileSystemId']) {
        const part = parameters.at(name);
        if (object.at('provisioner').text === 'efs.csi.aws.com' && dynamic && (part.value ?? '') === '') {
          yield refused(part, 'a value, without which no volume is made', `write ${name}: ${EFS_EXAMPLES[name]}`);
        }
      }
    },
  },
  {
    id: 'storage-class/efs-identity',
    kinds: STORAGE_CLASS,
    enforcer: Enforcer.NOBODY,
    source:
      'kubernetes-sigs/aws-efs-csi-driver issues 300 and 1202: without them each access point gets ids of its own',
    *check(object) {
      const parameters = object.at('parameters');
      for (const id of ['uid', 'gid']) {
        const part = parameters.at(id);
        if (makesAccessPoints(object) && !part.given) {
          yield refused(part, 'the id that NIM pods run with', `write ${id}: '${NIM_IDS[id]}'`);
        }
      }
    },
  },
  {
    id: 'storage-class/efs-root',
    kinds: STORAGE_CLASS,
    enforcer: Enforcer.NOBODY,
    source:
      'Amazon EFS user guide, enforcing a user identity with an access point: its ids replace those of the client',
    *check(object) {
      for (const id of ['uid', 'gid']) {
        const part = object.at('parameters', id);
        if (makesAccessPoints(object) && String(part.value) === '0') {
          yield refused(
            part,
            'an id other than that of root, as which every pod would write there',
            `write ${id}: '${NIM_IDS[id]}', the id that NIM pods run with`,
          );
        }
      }
    },
  },
  {
    id: 'storage-class/efs-open-to-all',
    kinds: STORAGE_CLASS,
    enforcer: Enforcer.NOBODY,
    source:
      'kubernetes-sigs/aws-efs-csi-driver v3.4.1 docs: directoryPerms are those of the root directory of the access point',
    *check(object) {
      const permissions = object.at('parameters', 'directoryPerms');
      if (makesAccessPoints(object) && /[2367]$/.test(permissions.text ?? '')) {
        yield refused(
          permissions,
          'permissions that let nobody but user and group write',
          "write directoryPerms: '770' beside uid and gid",
        );
      }
    },
  },
  {
    id: 'storage-class/efs-iam',
    kinds: STORAGE_CLASS,
    enforcer: Enforcer.NOBODY,
    source:
      'kubernetes-sigs/aws-efs-csi-driver docs: iam signs the mount with the role of the node plugin, and fails without one',
    *check(object) {
      for (const option of object.at('mountOptions').items) {
        if (object.at('provisioner').text === 'efs.csi.aws.com' && option.text === 'iam') {
          yield refused(
            option,
            'none, unless the node plugin has a role and the file system a policy',
            'leave it out, or give the node plugin a role and acknowledge this rule',
          );
        }
      }
    },
  },
  {
    id: 'disruption-budget/two-counts',
    kinds: ['policy/v1/PodDisruptionBudget'],
    enforcer: Enforcer.API_SERVER,
    source: 'kubernetes pkg/apis/policy/validation ValidatePodDisruptionBudgetSpec',
    *check(object) {
      const found = object.at('spec').among('minAvailable', 'maxUnavailable');
      if (found.length === 2) {
        yield refused(object.at('spec'), 'one of minAvailable and maxUnavailable', 'leave one of them out', found);
      }
    },
  },
  {
    id: 'secret/pull-secret',
    kinds: ['v1/Secret'],
    enforcer: Enforcer.API_SERVER,
    source: `${CORE} ValidateSecret`,
    *check(object) {
      const found = ['data', 'stringData'].some((name) => object.at(name).has(DOCKER_CONFIG));
      if (object.at('type').text === 'kubernetes.io/dockerconfigjson' && !found) {
        yield refused(
          object.at('data', DOCKER_CONFIG),
          'the login of a registry, in a Secret of type kubernetes.io/dockerconfigjson',
          'use NgcCredentials.fromSecretsManager, which writes it in the cluster',
        );
      }
    },
  },
];

const NIM_IDS: { readonly [id: string]: number } = { uid: 1000, gid: 2000 };

function makesAccessPoints(storageClass: Part): boolean {
  const mode = storageClass.at('parameters', 'provisioningMode');
  return storageClass.at('provisioner').text === 'efs.csi.aws.com' && mode.text === 'efs-ap';
}

const EFS_EXAMPLES: { readonly [name: string]: string } = {
  provisioningMode: "'efs-ap'",
  fileSystemId: "'fs-0123456789abcdef0'",
};
