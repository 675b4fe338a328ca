import { Token } from 'aws-cdk-lib';
import { App, type IResolver, type ResolutionContext } from 'cdk8s';
import type { IConstruct } from 'constructs';

/**
 * Lets cdk8s objects render in a CDK tree.
 *
 * cdk8s takes the root of the tree for its own App and asks it for `resolvers`, which a CDK app lacks (cdk8s
 * `App.of`, an unchecked cast). Giving the CDK app that one property is all it takes, and construct paths, warnings and
 * validation then work through the whole tree. test/cluster/kubernetes-scope.test.ts fails if cdk8s ever asks for more.
 */
export function enableCdk8s(root: IConstruct): void {
  if (!('resolvers' in root)) {
    Object.defineProperty(root, 'resolvers', {
      value: [new CdkTokenResolver(), ...new App().resolvers],
      enumerable: false,
    });
  }
}

/** cdk8s would call a CDK token's `resolve()` without a context; as text it survives until CloudFormation's JSON is made. */
class CdkTokenResolver implements IResolver {
  public resolve(context: ResolutionContext): void {
    if (typeof context.value === 'object' && Token.isUnresolved(context.value)) {
      context.replaceValue(Token.asString(context.value));
    }
  }
}
