import type { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { holdsKeyMaterial, refuse } from './errors';

/**
 * What every rendered object passes on its way out, after late changes and JSON patches: no key may stand in a manifest,
 * because the API server stores it in clear and the CDK handler writes it to its log.
 */
export function checked<T>(scope: IConstruct, json: T): T {
  for (const [path, text] of strings(json)) {
    if (holdsKeyMaterial(text)) {
      refuse(scope, {
        what: path,
        given: text,
        allowed: 'any text without a key',
        fix: 'keep the key in Secrets Manager or in a Secret, and name that secret with NgcCredentials',
      });
    }
  }
  return json;
}

/** The same for an object of another library's class. */
export function guarded<T extends ApiObject>(object: T): T {
  const render = object.toJson.bind(object);
  object.toJson = () => checked(object, render());
  return object;
}

/** Every text and every key of a map, by its path. */
function* strings(value: unknown, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') {
    yield [path, value];
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      const below = path ? `${path}.${key}` : key;
      yield [below, key];
      yield* strings(item, below);
    }
  }
}
