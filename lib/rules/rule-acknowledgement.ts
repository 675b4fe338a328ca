import type { IConstruct } from 'constructs';
import { nearest } from '../catalog/nearest';
import { refuse } from '../kube/errors';
import { acknowledge } from './acknowledgements';
import { ALL_RULES } from './all-rules';
import { Enforcer, type Rule } from './rule';

/** Prints as "[Info at ...]" in a CDK app; aws-cdk-lib need not be loaded to write it. */
const CDK_INFO = 'aws:cdk:info';

/** Which rule is accepted, and why. */
export interface RuleAcknowledgementOptions {
  /** Id of the rule, as it stands at the end of an error: `nim-service/needs-gateway-api`. */
  readonly rule: string;
  /** Why it is right here. It stands in the CDK's assembly, for those who review the program later. */
  readonly reason: string;
}

/** A rule of the library, as documentation needs it. */
export interface RuleDescription {
  /** Id of the rule. */
  readonly id: string;
  /** Who would refuse the object without this library: the API server, an admission webhook, or nobody before run time. */
  readonly enforcedBy: string;
  /** Where the rule comes from: a file of an upstream project, an issue, a page of documentation. */
  readonly source: string;
  /** Whether it can be acknowledged. */
  readonly acknowledgeable: boolean;
}

/**
 * Accepts what a rule of this library refuses, for a construct and everything below it, and records why: as metadata in
 * the CDK's assembly, and as a note at synthesis.
 */
export class RuleAcknowledgement {
  /**
   * Accepts one rule.
   *
   * What the API server or an admission webhook would refuse later cannot be accepted, unless versions differ in it.
   *
   * @param construct where it holds
   * @param options the rule and the reason
   */
  public static on(construct: IConstruct, options: RuleAcknowledgementOptions): void {
    const rule = ruleNamed(construct, options.rule);
    if (!isAcknowledgeable(rule)) {
      refuse(construct, {
        what: 'rule to acknowledge',
        given: rule.id,
        allowed: `a rule that the cluster may take: this one ${whyNot(rule)}`,
        fix: 'change the object as the error of the rule says',
      });
    }
    if (options.reason.trim() === '') {
      refuse(construct, {
        what: `reason to acknowledge ${rule.id}`,
        given: options.reason,
        allowed: 'a sentence, for those who review the program later',
        fix: 'write why the rule does not hold here',
      });
    }
    acknowledge(construct, { rule: rule.id, reason: options.reason });
    construct.node.addMetadata(CDK_INFO, `rule ${rule.id} is acknowledged: ${options.reason}`);
  }

  /** Every rule of the library. */
  public static rules(): RuleDescription[] {
    return ALL_RULES.map((rule) => ({
      id: rule.id,
      enforcedBy: rule.enforcer,
      source: rule.source,
      acknowledgeable: isAcknowledgeable(rule),
    }));
  }

  private constructor() {}
}

/** The one rule whose breach harms others than the cluster: the key is then known to all who may read the manifest. */
const NEVER = 'any/key-material';

function isAcknowledgeable(rule: Rule): boolean {
  return rule.id !== NEVER && (rule.enforcer === Enforcer.NOBODY || rule.outgrown !== undefined);
}

function whyNot(rule: Rule): string {
  return rule.id === NEVER
    ? 'keeps keys out of what is stored and logged in clear'
    : `is enforced by the ${rule.enforcer} (${rule.source}), which would refuse the object in the middle of a deployment`;
}

function ruleNamed(construct: IConstruct, id: string): Rule {
  const rule = ALL_RULES.find((each) => each.id === id);
  if (!rule) {
    refuse(construct, {
      what: 'rule to acknowledge',
      given: id,
      allowed: `the id of a rule; near it are ${near(id).join(', ')}`,
      fix: 'copy it from the end of the error, or from RuleAcknowledgement.rules()',
    });
  }
  return rule;
}

/** Names that hold what was written come first: fewest letters to change favours short names. */
function near(written: string): string[] {
  const ids = ALL_RULES.map(({ id }) => id);
  const subject = written.slice(written.indexOf('/') + 1);
  return [...new Set([...ids.filter((id) => id.includes(subject)), ...nearest(written, ids)])].slice(0, 3);
}
