import { nearest } from '../catalog/nearest';
import { Enforcer, NIM_CACHE, NIM_PIPELINE, NIM_SERVICE, OPERATOR, type Rule, refused } from './rule';
import { specsOf } from './service-rule';

/** What the operator makes under the name of a NIMService, other than as one Deployment where it spans nodes. */
const MADE = ['v1/Service', 'apps/v1/Deployment'];

/** Rules of a NIMService among the other objects of its program. */
export const SERVICE_NEIGHBOUR_RULES: readonly Rule[] = [
  {
    id: 'nim-service/unknown-cache',
    kinds: [NIM_SERVICE, NIM_PIPELINE],
    enforcer: Enforcer.NOBODY,
    // Where the program makes no cache in the namespace, they come from elsewhere.
    source: `${OPERATOR} internal/controller/platform/standalone/nimservice.go: "NIMCache ... not found", and no Deployment is made`,
    *check(object, around) {
      const namespace = object.at('metadata', 'namespace');
      for (const name of specsOf(object).map((spec) => spec.at('storage', 'nimCache', 'name'))) {
        if (!name.text || (namespace.given && namespace.text === undefined)) {
          continue;
        }
        const caches = around.objects(NIM_CACHE).filter((cache) => cache.namespace === namespace.text);
        if (caches.length === 0 || caches.some((cache) => cache.name === name.text)) {
          continue;
        }
        const names = caches.map((cache) => cache.rendered().at('metadata', 'name').text ?? cache.name);
        if (!names.includes(undefined) && !names.includes(name.text)) {
          yield refused(
            name,
            `a NIMCache of the namespace, such as ${nearest(name.text, names as string[])
              .slice(0, 3)
              .join(', ')}`,
            'write the name of the NIMCache object (cdk8s and NimCache put a hash into it), or acknowledge this rule where the cache comes from elsewhere',
          );
        }
      }
    },
  },
  {
    id: 'nim-service/name-taken',
    kinds: [NIM_SERVICE],
    enforcer: Enforcer.NOBODY,
    source: `${OPERATOR} cmd/main.go: objects without its label are not in its cache, and creating them ends in AlreadyExists`,
    *check(object, around) {
      const [name, namespace] = ['name', 'namespace'].map((field) => object.at('metadata', field));
      const withDeployment =
        !object.at('spec').has('multiNode') && object.at('spec', 'inferencePlatform').text !== 'kserve';
      for (const kind of withDeployment ? MADE : MADE.slice(0, 1)) {
        const taken = around.objects(kind).some((each) => each.name === name.text && each.namespace === namespace.text);
        if (name.text && taken) {
          yield refused(
            name,
            `a name that no ${kind.slice(kind.lastIndexOf('/') + 1)} of the namespace has, as the operator makes its own and fails with AlreadyExists`,
            'rename one of the two, or leave the other out: the operator makes it',
          );
        }
      }
    },
  },
];
