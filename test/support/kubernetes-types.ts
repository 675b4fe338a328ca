import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { k8s } from 'cdk8s-plus-28';

/** A Kubernetes object as it is applied. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: any field of any kind.
  readonly [field: string]: any;
}

export type JsiiType =
  | { readonly primitive: string }
  | { readonly fqn: string }
  | { readonly collection: { readonly kind: 'array' | 'map'; readonly elementtype: JsiiType } };

/** A property of a core struct. */
export interface CoreProperty {
  /** Its name in the struct; the API may spell it otherwise. */
  readonly property: string;
  readonly type: JsiiType;
  readonly optional: boolean;
}

const PREFIX = 'cdk8s-plus-28.k8s.';

interface Assembly {
  readonly types: {
    readonly [fqn: string]: {
      readonly kind: string;
      readonly properties?: readonly { readonly name: string; readonly type: JsiiType; readonly optional?: boolean }[];
    };
  };
}

/** The types of Kubernetes 1.28 as cdk8s-plus-28 publishes them for other languages. */
const ASSEMBLY: Assembly = JSON.parse(readFileSync(createRequire(__filename).resolve('cdk8s-plus-28/.jsii'), 'utf8'));

const STRUCTS = new Map<string, Map<string, CoreProperty>>();

/** The properties of a core struct (`Probe`, `KubeSecretProps`) by their API spelling. */
export function coreStruct(name: string): Map<string, CoreProperty> {
  let struct = STRUCTS.get(name);
  if (!struct) {
    const type = ASSEMBLY.types[`${PREFIX}${name}`];
    if (type?.kind !== 'interface') {
      throw new Error(`cdk8s-plus-28 has no struct k8s.${name}`);
    }
    const spelling = apiSpelling(name);
    struct = new Map(
      (type.properties ?? []).map(({ name: property, type: each, optional }) => {
        const api = spelling.get(property);
        if (!api) {
          throw new Error(`k8s.toJson_${name} does not write ${property}`);
        }
        return [api, { property, type: each, optional: optional === true }];
      }),
    );
    STRUCTS.set(name, struct);
  }
  return struct;
}

/** `hostIp` is `hostIP` in the API: the generated converter alone knows, and its source says it, a line a property. */
function apiSpelling(struct: string): Map<string, string> {
  const converter = (k8s as unknown as Record<string, unknown>)[`toJson_${struct}`];
  const lines = String(converter).matchAll(/^\s+'([^']+)': .*?\bobj\.(\w+)/gm);
  return new Map([...lines].map(([, api, property]) => [property, api]));
}

const CORE_KINDS = new Map(
  Object.entries(k8s).flatMap(([name, value]) => {
    const gvk = (value as { GVK?: { apiVersion: string; kind: string } }).GVK;
    return gvk ? [[`${gvk.apiVersion}/${gvk.kind}`, name] as const] : [];
  }),
);

/** Kinds that live outside namespaces; the types do not tell. */
const CLUSTER_SCOPED = new Set([
  'APIService',
  'CSIDriver',
  'CSINode',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'IngressClass',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingWebhookConfiguration',
  'VolumeAttachment',
]);

export function isCoreKind(object: KubernetesObject): boolean {
  return CORE_KINDS.has(`${object.apiVersion}/${object.kind}`);
}

/** What the types of Kubernetes 1.28 say against an object of a core kind; an empty list if nothing. Throws for others. */
export function validateCoreType(object: KubernetesObject): string[] {
  const name = CORE_KINDS.get(`${object.apiVersion}/${object.kind}`);
  if (!name) {
    throw new Error(`${object.apiVersion}/${object.kind} is not a core kind of Kubernetes 1.28`);
  }
  const { apiVersion, kind, metadata, ...rest } = object;
  const struct = new Map([...coreStruct(`${name}Props`)].filter(([field]) => field !== 'metadata'));
  return [...validateMetadata(metadata, CLUSTER_SCOPED.has(kind)), ...validateStruct(rest, struct, '')];
}

const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

/** What the API server says against the metadata of any object. */
export function validateMetadata(metadata: unknown, clusterScoped: boolean): string[] {
  const problems = validateStruct(metadata ?? {}, coreStruct('ObjectMeta'), 'metadata');
  if (problems.length > 0) {
    return problems;
  }
  const { name = '', namespace, labels = {} } = (metadata ?? {}) as k8s.ObjectMeta;
  if (name === '' || name.length > 253 || !(DNS_NAME.test(name) || /^[^/%]+$/.test(name))) {
    problems.push(`metadata.name: ${JSON.stringify(name)} is not a name`);
  }
  if (namespace !== undefined && clusterScoped) {
    problems.push('metadata.namespace: unknown field of a cluster-scoped kind');
  }
  if (namespace !== undefined && (namespace.length > 63 || !DNS_NAME.test(namespace))) {
    problems.push(`metadata.namespace: ${JSON.stringify(namespace)} is not a namespace`);
  }
  for (const [key, value] of Object.entries(labels)) {
    if (value.length > 63 || !LABEL_VALUE.test(value)) {
      problems.push(`metadata.labels.${key}: ${JSON.stringify(value)} is not a label value`);
    }
  }
  return problems;
}

function validateStruct(value: unknown, struct: Map<string, CoreProperty>, path: string): string[] {
  if (!isObject(value)) {
    return [`${path}: wrong type, wants an object, is ${JSON.stringify(value)}`];
  }
  const below = (field: string) => (path ? `${path}.${field}` : field);
  const missing = [...struct]
    .filter(([field, { optional }]) => !optional && value[field] === undefined)
    .map(([field]) => `${below(field)}: missing required field`);
  const wrong = Object.entries(value).flatMap(([field, each]) => {
    const property = struct.get(field);
    return property ? validateType(each, property.type, below(field)) : [`${below(field)}: unknown field`];
  });
  return [...missing, ...wrong];
}

function validateType(value: unknown, type: JsiiType, path: string): string[] {
  if ('collection' in type) {
    const { kind, elementtype } = type.collection;
    if (kind === 'array' ? !Array.isArray(value) : !isObject(value)) {
      return [`${path}: wrong type, wants ${kind}, is ${JSON.stringify(value)}`];
    }
    const step = (key: string) => (kind === 'array' ? `${path}[${key}]` : `${path}.${key}`);
    return Object.entries(value as object).flatMap(([key, each]) => validateType(each, elementtype, step(key)));
  }
  if ('primitive' in type) {
    const wanted = type.primitive === 'date' ? 'string' : type.primitive;
    return ['any', 'json', typeof value].includes(wanted)
      ? []
      : [`${path}: wrong type, wants ${wanted}, is ${JSON.stringify(value)}`];
  }
  const name = type.fqn.slice(PREFIX.length);
  if (['Quantity', 'IntOrString'].includes(name)) {
    return ['number', 'string'].includes(typeof value)
      ? []
      : [`${path}: wrong type, wants a number or a string, is ${JSON.stringify(value)}`];
  }
  return ASSEMBLY.types[type.fqn].kind === 'enum' ? [] : validateStruct(value, coreStruct(name), path);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
