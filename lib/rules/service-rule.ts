import type { Part } from './part';
import { NIM_PIPELINE, NIM_SERVICE, type Problem, type Rule } from './rule';

/** A rule of the spec of a service, be it of a NIMService or in a NIMPipeline. */
export type ServiceRule = Omit<Rule, 'kinds' | 'check'> & { check(spec: Part): Iterable<Problem> };

export function ofServices(rule: ServiceRule): Rule {
  return {
    ...rule,
    kinds: [NIM_SERVICE, NIM_PIPELINE],
    *check(object) {
      for (const spec of specsOf(object)) {
        yield* rule.check(spec);
      }
    },
  };
}

/** The spec of a NIMService, or those of a NIMPipeline. */
export function specsOf(object: Part): Part[] {
  const spec = object.at('spec');
  const specs =
    object.at('kind').text === 'NIMPipeline' ? spec.at('services').items.map((each) => each.at('spec')) : [spec];
  return specs.filter((each) => each.given);
}
