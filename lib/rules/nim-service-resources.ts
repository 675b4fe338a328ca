import type { Part } from './part';
import { amountOf } from './quantity';
import { Enforcer, OPERATOR, refused, SERVICE_WEBHOOK } from './rule';
import type { ServiceRule } from './service-rule';

const GPU = 'nvidia.com/gpu';
const LISTS = ['requests', 'limits'];
const CORE_VALIDATION = 'kubernetes pkg/apis/core/validation ValidateContainerResourceRequirements';

const hasGpu = (resources: Part) => LISTS.some((list) => resources.at(list).has(GPU));
const hasProfile = (spec: Part) =>
  !['', undefined, null].includes(spec.at('storage', 'nimCache', 'profile').value as string);
const lacksMap = (resources: Part) => resources.given && LISTS.some((list) => !resources.has(list));

/** Rules of `resources`. */
export const SERVICE_RESOURCE_RULES: readonly ServiceRule[] = [
  {
    id: 'nim-service/no-gpu',
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/controller/platform/standalone/nimservice.go addGPUResources, which wants a cached profile`,
    *check(spec) {
      const resources = spec.at('resources');
      if (!hasGpu(resources) && !hasProfile(spec) && !spec.has('draResources')) {
        yield refused(
          resources.at('limits', GPU),
          'the GPUs of a pod, without which the pod runs on a node without one',
          `write '${GPU}': '1' in requests and limits`,
        );
      }
    },
  },
  {
    id: 'nim-service/half-resources',
    enforcer: Enforcer.NOBODY,
    // Assigning GPUs to the missing map panics at each reconcile: no status, no event.
    source: `${OPERATOR} internal/controller/platform/standalone/nimservice.go addGPUResources: assignment to a nil map`,
    *check(spec) {
      const resources = spec.at('resources');
      if (hasProfile(spec) && !hasGpu(resources) && lacksMap(resources)) {
        yield refused(
          resources,
          'requests and limits, or no resources at all: the operator panics over half of them',
          `write both, with '${GPU}'`,
          resources.among(...LISTS),
        );
      }
    },
  },
  {
    id: 'nim-service/whole-gpus',
    enforcer: Enforcer.NOBODY,
    source: `${CORE_VALIDATION}: an extended resource is an integer`,
    *check(spec) {
      for (const gpus of LISTS.map((list) => spec.at('resources', list, GPU))) {
        const amount = gpus.given ? amountOf(gpus.value) : undefined;
        if (amount !== undefined && (!Number.isInteger(amount) || amount < 0)) {
          yield refused(gpus, 'a whole number of GPUs', `write '${GPU}': '1'`);
        }
      }
    },
  },
  {
    id: 'nim-service/request-and-limit',
    enforcer: Enforcer.NOBODY,
    source: `${CORE_VALIDATION}, which the operator's Deployment meets`,
    *check(spec) {
      for (const [name, request] of spec.at('resources', 'requests').entries) {
        const limit = spec.at('resources', 'limits', name);
        const [asked, most] = [amountOf(request.value), limit.given ? amountOf(limit.value) : undefined];
        const extended = name.includes('/');
        if (extended && !limit.given) {
          yield refused(
            limit,
            `the request, ${request.value}, as ${name} cannot be overcommitted`,
            'write it in limits too',
          );
        } else if (asked !== undefined && most !== undefined && (extended ? asked !== most : asked > most)) {
          const allowed = extended ? `the limit, ${limit.value}` : `at most the limit, ${limit.value}`;
          yield refused(request, allowed, 'write the same in requests and limits');
        }
      }
    },
  },
  {
    id: 'nim-service/resource-claims',
    enforcer: Enforcer.WEBHOOK,
    source: `${SERVICE_WEBHOOK} validateResourcesConfiguration`,
    *check(spec) {
      const claims = spec.at('resources', 'claims');
      if (claims.given) {
        yield refused(claims, 'none, not even an empty list', 'leave it out, and write draResources');
      }
    },
  },
];
