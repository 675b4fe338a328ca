import type { ApiObject } from 'cdk8s';
import { holdsKeyMaterial, refuse } from './errors';

/**
 * What every rendered object passes on its way out, after late changes and JSON patches: no key may stand in a manifest,
 * because the API server stores it in clear and the CDK handler writes it to its log.
 */
export function checked<T>(object: ApiObject, json: T): T {
  for (const [path, text] of strings(json)) {
    if (holdsKeyMaterial(text)) {
      refuse(object, {
        what: path,
        given: text,
        allowed: 'any text without a key',
        fix: 'keep the key in Secrets Manager or in a Secret, and name that secret with NgcCredentials',
      });
    }
  }
  return json;
}

function* strings(value: unknown, path = ''): Generator<[path: string, text: string]> {
  if (typeof value === 'string') {
    yield [path, value];
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      yield* strings(item, path ? `${path}.${key}` : key);
    }
  }
}
