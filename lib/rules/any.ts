import { holdsKeyMaterial } from '../kube/errors';
import type { Part } from './part';
import { Enforcer, type Problem, type Rule, refused } from './rule';

const METADATA = 'kubernetes apimachinery pkg/api/validation and pkg/util/validation';
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Kinds whose names may be anything that fits into a path. */
const FREE_NAMES = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);

/** Rules of objects of any kind. */
export const ANY_RULES: readonly Rule[] = [
  {
    id: 'any/key-material',
    enforcer: Enforcer.NOBODY,
    source:
      'Kubernetes documentation, good practices for Secrets; the kubectl handler of the CDK writes manifests to its log',
    check: (object) => keyMaterial(object),
  },
  {
    id: 'any/list',
    enforcer: Enforcer.NOBODY,
    // kubectl checks items of a List itself, without the defaults of a CRD, and refuses what the API server takes.
    source: 'kubectl 1.36 apply --validate=strict of a List with custom resources',
    *check(object) {
      const kind = object.at('kind');
      if (kind.text === 'List') {
        yield refused(kind, 'an object a document', 'write one ApiObject for each item');
      }
    },
  },
  {
    id: 'any/name',
    enforcer: Enforcer.API_SERVER,
    source: `${METADATA} NameIsDNSSubdomain`,
    *check(object) {
      const name = object.at('metadata', 'name');
      const free = FREE_NAMES.has(object.at('kind').text ?? '');
      if (name.text !== undefined && !free && (name.text.length > 253 || !SUBDOMAIN.test(name.text))) {
        yield refused(
          name,
          "at most 253 of a-z, 0-9, '-' and '.', from a letter or digit to one",
          "write 'llama-8b', say",
        );
      }
    },
  },
  {
    id: 'any/namespace',
    enforcer: Enforcer.API_SERVER,
    source: `${METADATA} ValidateNamespaceName`,
    *check(object) {
      const { kind, metadata } = { kind: object.at('kind').text, metadata: object.at('metadata') };
      const namespace = kind === 'Namespace' ? metadata.at('name') : metadata.at('namespace');
      const dotted = kind === 'Namespace' && !SUBDOMAIN.test(namespace.text ?? 'a');
      if (namespace.text !== undefined && !dotted && (namespace.text.length > 63 || !LABEL.test(namespace.text))) {
        yield refused(namespace, "at most 63 of a-z, 0-9 and '-', from a letter or digit to one", "write 'nim', say");
      }
    },
  },
  {
    id: 'any/label-key',
    enforcer: Enforcer.API_SERVER,
    source: `${METADATA} IsQualifiedName`,
    *check(object) {
      const metadata = object.at('metadata');
      for (const [field, key] of ['labels', 'annotations'].flatMap((name) =>
        metadata.at(name).keys.map((key) => [name, key]),
      )) {
        if (!isQualified(field === 'annotations' ? key.toLowerCase() : key)) {
          yield {
            what: `key in metadata.${field}`,
            given: key,
            allowed: "a name of at most 63 letters, digits, '-', '_' and '.', after a domain and '/' or without",
            fix: "write 'example.com/team', say",
          };
        }
      }
    },
  },
  {
    id: 'any/label-value',
    enforcer: Enforcer.API_SERVER,
    source: `${METADATA} IsValidLabelValue`,
    *check(object) {
      for (const [, value] of object.at('metadata', 'labels').entries) {
        if (value.text && (value.text.length > 63 || !QUALIFIED.test(value.text))) {
          yield refused(
            value,
            "at most 63 letters, digits, '-', '_' and '.', from a letter or digit to one",
            'shorten it, or make it an annotation',
          );
        }
      }
    },
  },
];

function isQualified(key: string): boolean {
  const parts = key.split('/');
  const [domain, name] = parts.length === 1 ? [undefined, key] : parts;
  const domainFits = domain === undefined || (domain.length <= 253 && SUBDOMAIN.test(domain));
  return parts.length <= 2 && domainFits && name.length <= 63 && QUALIFIED.test(name);
}

/** The API server stores manifests in clear: no text and no key of a map may hold a key. */
function* keyMaterial(part: Part): Generator<Problem> {
  const allowed = 'any text without a key';
  const fix = 'keep the key in Secrets Manager or in a Secret, and name that secret with NgcCredentials';
  for (const [path, text] of strings(part.value, part.path)) {
    if (holdsKeyMaterial(text)) {
      yield { what: path, given: text, allowed, fix };
    }
  }
}

/** Every text and every key of a map, by its path. Plain recursion: it is the one rule that walks whole objects. */
function* strings(value: unknown, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') {
    yield [path, value];
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield* strings(item, `${path}[${index}]`);
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) {
      const below = path ? `${path}.${key}` : key;
      yield [below, key];
      yield* strings(item, below);
    }
  }
}
