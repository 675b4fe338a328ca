import type { Json } from '../stack';
import { StepError } from './errors';

/** `group/Kind`, as in the definitions of a chart. The group of core kinds is empty. */
export function kindOf(object: Json): string {
  const [group, version] = object.apiVersion.split('/');
  return `${version ? group : ''}/${object.kind}`;
}

/** How one object is told from another: moving a construct keeps it, renaming the object does not. */
export function identityOf(object: Json): string {
  return `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`;
}

/** As kubectl names an object in its messages. */
export function spoken(object: Json): string {
  const [group] = kindOf(object).split('/');
  return `${object.kind.toLowerCase()}s${group ? `.${group}` : ''} "${object.metadata.name}"`;
}

/** Fields that the API server or a webhook lets nobody change. */
const IMMUTABLE: Record<string, readonly string[]> = {
  // NVIDIA/k8s-nim-operator 3.1.2, internal/webhook: the whole spec.
  NIMCache: ['spec'],
  // kubernetes/kubernetes, pkg/apis/storage/validation.
  StorageClass: ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'],
};

export function checkUpdate(old: Json, next: Json, storageClass: Json): void {
  for (const field of IMMUTABLE[next.kind] ?? []) {
    if (!same(old[field], next[field])) {
      throw new StepError(`The ${next.kind} "${next.metadata.name}" is invalid: ${field}: field is immutable`);
    }
  }
  if (next.kind === 'PersistentVolumeClaim' && !same(old.spec, next.spec)) {
    const size = (claim: Json) => ({ ...claim.spec, resources: undefined });
    if (!same(size(old), size(next)) || !storageClass?.allowVolumeExpansion) {
      throw new StepError(
        `persistentvolumeclaims "${next.metadata.name}" is forbidden: spec is immutable after creation except resources.requests, where the StorageClass allows expansion`,
      );
    }
  }
}

/**
 * Whether nodes of an old NodePool template fit the new one. Karpenter compares all but the requirements by hash; a node
 * drifts from requirements only if its own values are no longer among them (concepts/disruption, "Drift").
 */
export function stillFits(old: Json, next: Json): boolean {
  const rest = (template: Json) => ({ ...template, spec: { ...template.spec, requirements: undefined } });
  const allowed = (key: string) => next.spec.requirements.find((one: Json) => one.key === key)?.values;
  return (
    same(rest(old), rest(next)) &&
    old.spec.requirements.every(({ key, values }: Json) =>
      values.every((value: string) => allowed(key)?.includes(value) ?? true),
    )
  );
}

export function same(a: Json, b: Json): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;
}
