import type { KubernetesObject } from '../../support/kubernetes-types';

/** An object that breaks exactly one rule, and one beside it that breaks none. */
export interface RuleCase {
  /** Id of the rule. */
  readonly rule: string;
  /** What is wrong, where a rule has more cases than one. */
  readonly what?: string;
  readonly passing: KubernetesObject;
  readonly failing: KubernetesObject;
  /** What the rule has against the failing object, without the construct path and the rule's id. */
  readonly message: string;
  /** The one CEL rule that the failing object breaks at the API server, where the rule mirrors more than one. */
  readonly cel?: string;
  /** Rules that a cluster has to accept before this one matters. */
  readonly accepted?: readonly string[];
  /** Objects of the same program, but for a NIMService in the namespace `nim`. */
  readonly beside?: readonly KubernetesObject[];
}

/** Values by path: `spec.requirements[0].values`, `spec.limits["nvidia.com/gpu"]`; undefined takes a field away. */
export type Changes = { readonly [path: string]: unknown };

/** A copy of an object with other values. */
export function changed(object: KubernetesObject, changes: Changes): KubernetesObject {
  const copy = structuredClone(object);
  for (const [path, value] of Object.entries(changes)) {
    const steps = [...path.matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, name]) =>
      index === undefined ? (quoted ?? name) : Number(index),
    );
    const last = steps.pop() as string | number;
    // biome-ignore lint/suspicious/noExplicitAny: a manifest may be anything.
    let part: any = copy;
    for (const [depth, step] of steps.entries()) {
      part[step] ??= typeof (steps[depth + 1] ?? last) === 'number' ? [] : {};
      part = part[step];
    }
    if (value === undefined) {
      delete part[last];
    } else {
      // Cases share values, and later changes go into them.
      part[last] = structuredClone(value);
    }
  }
  return copy;
}

/** Cases of one valid object: what to change in it so that it fails, and what for it to pass as well. */
export function casesOf(base: KubernetesObject) {
  return (
    rule: string,
    failing: Changes,
    message: string,
    more: { readonly passing?: Changes } & Partial<Omit<RuleCase, 'passing' | 'failing'>> = {},
  ): RuleCase => {
    const { passing = {}, ...rest } = more;
    return { rule, passing: changed(base, passing), failing: changed(base, failing), message, ...rest };
  };
}
