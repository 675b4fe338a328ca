import type { IConstruct } from 'constructs';

/** Type of the metadata that records an acknowledgement; the CDK copies it into the assembly's manifest. */
export const ACKNOWLEDGED = 'nim-constructs:acknowledged';

/** What the metadata holds. */
export interface Acknowledged {
  readonly rule: string;
  readonly reason: string;
}

/** Records that a rule is accepted here. A construct of this library does so where it knows more than the rule. */
export function acknowledge(scope: IConstruct, acknowledged: Acknowledged): void {
  scope.node.addMetadata(ACKNOWLEDGED, acknowledged);
}

/** Whether the construct, or one around it, accepts what a rule refuses. */
export function isAcknowledged(scope: IConstruct, rule: string): boolean {
  return scope.node.scopes.some((each) =>
    each.node.metadata.some(({ type, data }) => type === ACKNOWLEDGED && (data as Acknowledged).rule === rule),
  );
}
