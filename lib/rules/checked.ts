import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { refusalMessage } from '../kube/errors';
import { isAcknowledged } from './acknowledgements';
import { rulesOf } from './all-rules';
import { holdsToken, Part } from './part';
import { NIM_CACHE, NIM_SERVICE, type Problem, type Rule, type Surroundings } from './rule';

/** A problem, and the rule that an object breaks. */
export interface Violation extends Problem {
  readonly rule: string;
}

/**
 * What every rendered object passes on its way out, after late changes and JSON patches. Throws one error with a line for
 * each rule that it breaks and that nobody has acknowledged.
 */
export function checked<T>(scope: IConstruct, json: T): T {
  const violations = violationsOf(json, { holdsNim: (namespace) => holdsNim(scope, namespace) });
  const open = violations.filter(({ rule }) => !isAcknowledged(scope, rule));
  if (open.length > 0) {
    throw new Error(open.map((each) => `${refusalMessage(scope, each)} (rule ${each.rule})`).join('\n'));
  }
  return json;
}

/** The same for an object of another library's class. */
export function guarded<T extends ApiObject>(object: T): T {
  const render = object.toJson.bind(object);
  object.toJson = () => checked(object, render());
  return object;
}

/** What the rules have against an object. A value that is known at deployment only breaks none. */
export function violationsOf(json: unknown, around: Surroundings): Violation[] {
  const object = new Part(json, '');
  const violations: Violation[] = [];
  for (const rule of rulesOf(`${object.at('apiVersion').text}/${object.at('kind').text}`)) {
    for (const problem of problems(rule, object, around)) {
      violations.push({ ...problem, rule: rule.id });
    }
  }
  return violations;
}

function problems(rule: Rule, object: Part, around: Surroundings): Problem[] {
  return [...rule.check(object, around)].filter(({ given }) => !holdsToken(given));
}

function holdsNim(scope: IConstruct, namespace: string): boolean {
  const nim = [NIM_CACHE, NIM_SERVICE];
  return scope.node.root.node
    .findAll()
    .some(
      (each) =>
        ApiObject.isApiObject(each) &&
        nim.includes(`${(each as ApiObject).apiVersion}/${(each as ApiObject).kind}`) &&
        (each as ApiObject).metadata.namespace === namespace,
    );
}
