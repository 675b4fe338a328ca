import type { IConstruct } from 'constructs';

/** The metadata entry that the CDK prints as a warning; aws-cdk-lib need not be loaded to write it. */
const CDK_WARNING = 'aws:cdk:warning';

/**
 * A warning at a construct: by the CDK where it is under a stack, on standard error under a plain cdk8s app.
 * `Annotations.of(x).acknowledgeWarning(id)` silences it in a CDK app.
 */
export function warn(scope: IConstruct, id: string, message: string): void {
  if (scope.node.scopes.some((parent) => 'stackName' in parent)) {
    scope.node.addMetadata(CDK_WARNING, `${message} [ack: ${id}]`);
  } else {
    process.stderr.write(`[warning at ${scope.node.path}] ${message}\n`);
  }
}
