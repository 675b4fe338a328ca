import type { Part } from './part';
import { CACHE_WEBHOOK, Enforcer, OPERATOR, type Problem, type Rule, refused } from './rule';

/** Fields whose presence makes the webhook call a claim defined. */
const FIELDS = ['create', 'name', 'storageClass', 'size', 'volumeAccessMode', 'subPath', 'annotations'];

/** Whether the webhook sees a claim: empty texts and maps count as nothing. */
export function claimDefined(claim: Part): boolean {
  return FIELDS.some((field) => {
    const part = claim.at(field);
    return part.given && part.value !== '' && !part.isEmpty;
  });
}

const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'];

type ClaimRule = Pick<Rule, 'id' | 'enforcer' | 'source'> & { check(claim: Part): Iterable<Problem> };

/** Rules of `storage.pvc`, which NIMCache and NIMService share. Their ids lack the kind. */
export const CLAIM_RULES: readonly ClaimRule[] = [
  {
    id: 'claim-without-name',
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validatePVCConfiguration`,
    *check(claim) {
      const create = claim.at('create');
      const name = claim.at('name');
      if (claimDefined(claim) && (create.value === false || !create.given) && (!name.given || name.value === '')) {
        yield refused(name, 'the name of a claim in the namespace, or create: true', "write name: 'nim-models'");
      }
    },
  },
  {
    id: 'access-mode',
    enforcer: Enforcer.WEBHOOK,
    source: `${CACHE_WEBHOOK} validPVCAccessModeStrs`,
    *check(claim) {
      const mode = claim.at('volumeAccessMode');
      if (mode.text && !MODES.includes(mode.text)) {
        yield refused(mode, MODES.join(', '), "write volumeAccessMode: 'ReadWriteMany'");
      }
    },
  },
  {
    id: 'new-claim-unfinished',
    enforcer: Enforcer.NOBODY,
    // The operator parses both without a default and retries for ever: "quantities must match", "accessModes: Unsupported".
    source: `${OPERATOR} internal/k8sutil ConstructPVC`,
    *check(claim) {
      for (const field of ['size', 'volumeAccessMode']) {
        const part = claim.at(field);
        if (claim.at('create').isTrue && (!part.given || part.value === '')) {
          const example = field === 'size' ? "'100Gi'" : "'ReadWriteMany'";
          yield refused(
            part,
            'a value where create is true, as the operator has no default',
            `write ${field}: ${example}`,
          );
        }
      }
    },
  },
  {
    id: 'new-claim-without-class',
    enforcer: Enforcer.NOBODY,
    source: 'EKS user guide, Kubernetes 1.30: gp2 is no longer the default StorageClass, and there is no other',
    *check(claim) {
      const storageClass = claim.at('storageClass');
      if (claim.at('create').isTrue && (!storageClass.given || storageClass.value === '')) {
        yield refused(
          storageClass,
          'a StorageClass, as EKS clusters have no default one and the claim would stay Pending',
          "write storageClass: 'gp3', or the class that the cluster has",
        );
      }
    },
  },
];
