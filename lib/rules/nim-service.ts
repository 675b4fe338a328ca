import { CLAIM_RULES } from './nim-claim';
import { SERVICE_DEVICE_RULES } from './nim-service-devices';
import { SERVICE_EXPOSE_RULES } from './nim-service-expose';
import { SERVICE_MULTI_NODE_RULES } from './nim-service-multi-node';
import { SERVICE_NEIGHBOUR_RULES } from './nim-service-neighbours';
import { SERVICE_POD_RULES } from './nim-service-pods';
import { SERVICE_RESOURCE_RULES } from './nim-service-resources';
import { SERVICE_SCALE_RULES } from './nim-service-scale';
import { SERVICE_STORAGE_RULES } from './nim-service-storage';
import { Enforcer, NIM_SERVICE, OPERATOR, type Rule, refused } from './rule';
import { ofServices, type ServiceRule } from './service-rule';

/** The operator names a container `<name>-ctr`. */
const MAX_NAME = 63 - '-ctr'.length;

const CLAIMS: readonly ServiceRule[] = CLAIM_RULES.map((rule) => ({
  ...rule,
  id: `nim-service/${rule.id}`,
  check: (spec) => rule.check(spec.at('storage', 'pvc')),
}));

/** Rules of NIMService objects; those of the spec hold for the services of a NIMPipeline too. */
export const NIM_SERVICE_RULES: readonly Rule[] = [
  ...[
    ...SERVICE_SCALE_RULES,
    ...SERVICE_STORAGE_RULES,
    ...CLAIMS,
    ...SERVICE_RESOURCE_RULES,
    ...SERVICE_POD_RULES,
    ...SERVICE_EXPOSE_RULES,
    ...SERVICE_MULTI_NODE_RULES,
    ...SERVICE_DEVICE_RULES,
  ].map(ofServices),
  {
    id: 'nim-service/name',
    kinds: [NIM_SERVICE],
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} internal/render: Service, Deployment and container <name>-ctr are named after the object`,
    *check(object) {
      const name = object.at('metadata', 'name');
      if (name.text && (name.text.length > MAX_NAME || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name.text))) {
        yield refused(
          name,
          `at most ${MAX_NAME} of a-z, 0-9 and '-', from a letter to a letter or digit`,
          "write 'llama-8b', say: the operator's Service is named so",
        );
      }
    },
  },
  ...SERVICE_NEIGHBOUR_RULES,
];
