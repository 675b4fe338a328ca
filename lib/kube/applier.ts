import type { Chart } from 'cdk8s';
import type { IConstruct } from 'constructs';

/** What the surroundings of a chart know. Plain cdk8s knows nothing; a KubernetesScope in a CDK app says it here. */
export interface Applier {
  /** Region of the cluster. */
  readonly region?: string;
  /** The value with each token replaced by something that unrelated constructs do not change. */
  stable(value: unknown): unknown;
}

const APPLIER = Symbol.for('nim-constructs.applier');

/** A token's text ends in a counter that every other construct moves; its name before the counter is stable. */
const TOKEN_COUNTER = /(\$\{Token\[[^\]]*?)\.\d+\]\}/g;

const PLAIN: Applier = {
  stable: (value) => JSON.parse(JSON.stringify(value).replace(TOKEN_COUNTER, '$1]}')),
};

export function setApplier(chart: Chart, applier: Applier): void {
  Object.defineProperty(chart, APPLIER, { value: applier });
}

export function applierOf(scope: IConstruct): Applier {
  const applying = scope.node.scopes.filter((each) => APPLIER in each).at(-1);
  return (applying as unknown as Record<symbol, Applier> | undefined)?.[APPLIER] ?? PLAIN;
}
