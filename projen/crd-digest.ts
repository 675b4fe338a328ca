import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { ValueFacts } from '../lib/rules/schema';
import { printSchemas } from './crd-schemas';

/** Facts about one field of a custom resource. Never its description or the text of a rule: those are the projects' own words. */
export interface FieldFacts extends ValueFacts {
  readonly required?: true;
  readonly default?: unknown;
  readonly mapType?: string;
  readonly preserveUnknownFields?: true;
  /** SHA-256 of each CEL rule: tells that a rule changed, not what it says. */
  readonly cel?: readonly string[];
  /** Fields left out, to stay small; a check has to refuse them rather than call them unknown. */
  readonly only?: readonly string[];
  /** The fields below are those of another kind, as `<apiVersion>/<kind>#<path>`. */
  readonly sameAs?: string;
}

export interface KindDigest {
  readonly source: string;
  readonly scope: 'Namespaced' | 'Cluster';
  /** Facts by field path; `[]` is an item of an array, `{}` a value of a map. */
  readonly fields: { readonly [path: string]: FieldFacts };
}

/** Digest by `<apiVersion>/<kind>`. `status` is left out: nothing of ours writes it. */
export interface CrdDigest {
  readonly kinds: { readonly [gvk: string]: KindDigest };
}

interface Kind {
  readonly file: string;
  readonly version: string;
  readonly source: string;
  /** Properties to keep, by path. */
  readonly only?: { readonly [path: string]: readonly string[] };
  /** Paths that another kind's fields stand at. */
  readonly sameAs?: { readonly [path: string]: string };
}

const OPERATOR = { version: 'v1alpha1', source: 'NVIDIA/k8s-nim-operator v3.1.2' };
const KARPENTER = { version: 'v1', source: 'aws/karpenter-provider-aws v1.14.1' };
const EXTERNAL_SECRETS = { version: 'v1', source: 'external-secrets/external-secrets 2026-08' };

const KINDS: readonly Kind[] = [
  { file: 'apps.nvidia.com_nimcaches.yaml', ...OPERATOR },
  { file: 'apps.nvidia.com_nimservices.yaml', ...OPERATOR },
  {
    file: 'apps.nvidia.com_nimpipelines.yaml',
    ...OPERATOR,
    sameAs: { 'spec.services[].spec': 'apps.nvidia.com/v1alpha1/NIMService#spec' },
  },
  { file: 'apps.nvidia.com_nimbuilds.yaml', ...OPERATOR },
  { file: 'karpenter.sh_nodepools.yaml', ...KARPENTER },
  { file: 'karpenter.k8s.aws_ec2nodeclasses.yaml', ...KARPENTER },
  { file: 'external-secrets.io_externalsecrets.yaml', ...EXTERNAL_SECRETS },
  { file: 'external-secrets.io_secretstores.yaml', ...EXTERNAL_SECRETS, only: { 'spec.provider': ['aws'] } },
  {
    file: 'monitoring.coreos.com_servicemonitors.yaml',
    version: 'v1',
    source: 'prometheus-operator/prometheus-operator 2026-08',
  },
];

type Schema = { readonly [keyword: string]: unknown } & {
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
};

/** Keyword of a CRD schema, and the name of its fact. A keyword missing here would be a rule that nobody checks. */
const FACTS: { readonly [keyword: string]: keyof FieldFacts } = {
  enum: 'enum',
  default: 'default',
  pattern: 'pattern',
  format: 'format',
  minimum: 'minimum',
  maximum: 'maximum',
  minLength: 'minLength',
  maxLength: 'maxLength',
  minItems: 'minItems',
  maxItems: 'maxItems',
  minProperties: 'minProperties',
  maxProperties: 'maxProperties',
  'x-kubernetes-list-type': 'listType',
  'x-kubernetes-list-map-keys': 'listMapKeys',
  'x-kubernetes-map-type': 'mapType',
  'x-kubernetes-preserve-unknown-fields': 'preserveUnknownFields',
};
const STRUCTURE = ['type', 'description', 'properties', 'required', 'items', 'additionalProperties'];
const SPECIAL = ['x-kubernetes-int-or-string', 'x-kubernetes-validations'];

/** Derives the digest from a folder of CRDs. */
export function deriveDigest(folder: string): CrdDigest {
  const kinds: { [gvk: string]: KindDigest } = {};
  for (const kind of KINDS) {
    const crd = parse(readFileSync(join(folder, kind.file), 'utf8'));
    const version = crd.spec.versions.find((candidate: { name: string }) => candidate.name === kind.version);
    if (!version) {
      throw new Error(`${kind.file} has no version ${kind.version}`);
    }
    const fields: { [path: string]: FieldFacts } = {};
    const root: Schema = version.schema.openAPIV3Schema;
    for (const [name, schema] of Object.entries(root.properties ?? {})) {
      if (!['apiVersion', 'kind', 'metadata', 'status'].includes(name)) {
        collect(schema, name, root.required?.includes(name) ?? false, kind, fields);
      }
    }
    const gvk = `${crd.spec.group}/${kind.version}/${crd.spec.names.kind}`;
    kinds[gvk] = { source: kind.source, scope: crd.spec.scope, fields: shared(fields, kind, kinds) };
  }
  return { kinds };
}

function collect(
  schema: Schema,
  path: string,
  required: boolean,
  kind: Kind,
  into: { [path: string]: FieldFacts },
): void {
  const only = kind.only?.[path];
  into[path] = { ...facts(schema, path), ...(required && { required }), ...(only && { only }) };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!only || only.includes(name)) {
      collect(property, `${path}.${name}`, schema.required?.includes(name) ?? false, kind, into);
    }
  }
  if (schema.items) {
    collect(schema.items, `${path}[]`, false, kind, into);
  }
  if (schema.additionalProperties) {
    collect(schema.additionalProperties, `${path}{}`, false, kind, into);
  }
}

function facts(schema: Schema, path: string): FieldFacts {
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  const result: Record<string, unknown> = { type: intOrString ? 'int-or-string' : (schema.type ?? 'any') };
  for (const [keyword, value] of Object.entries(schema)) {
    if (FACTS[keyword]) {
      result[FACTS[keyword]] = value;
    } else if (keyword === 'x-kubernetes-validations') {
      result.cel = (value as { rule: string }[]).map(({ rule }) => createHash('sha256').update(rule).digest('hex'));
    } else if (![...STRUCTURE, ...SPECIAL].includes(keyword) && !(keyword === 'anyOf' && intOrString)) {
      throw new Error(`${path} uses ${keyword}, which the digest does not know; add it to FACTS and to the validator`);
    }
  }
  return result as unknown as FieldFacts;
}

/** Replaces fields that are another kind's by a reference, after proving that they are. */
function shared(fields: KindDigest['fields'], kind: Kind, kinds: CrdDigest['kinds']): KindDigest['fields'] {
  let result = fields;
  for (const [path, reference] of Object.entries(kind.sameAs ?? {})) {
    const [gvk, target] = reference.split('#');
    const [here, there] = [below(fields, path), below(kinds[gvk].fields, target)];
    if (JSON.stringify(here) !== JSON.stringify(there)) {
      throw new Error(`${kind.file}: ${path} is no longer the same as ${reference}; drop its sameAs`);
    }
    result = Object.fromEntries(
      Object.entries(result)
        .filter(([name]) => name === path || !isBelow(name, path))
        .map(([name, fact]) => [name, name === path ? { ...fact, sameAs: reference } : fact]),
    );
  }
  return result;
}

function below(fields: KindDigest['fields'], path: string): [string, FieldFacts][] {
  return Object.entries(fields)
    .filter(([name]) => isBelow(name, path))
    .map(([name, fact]) => [name.slice(path.length), fact]);
}

function isBelow(name: string, path: string): boolean {
  return name.startsWith(path) && /^[.[{]/.test(name.slice(path.length));
}

/** One line a field: a change of a CRD reads as a diff of fields. */
export function printDigest(digest: CrdDigest): string {
  const kinds = Object.entries(digest.kinds).map(([gvk, { source, scope, fields }]) => {
    const lines = Object.entries(fields).map(([path, fact]) => `    ${JSON.stringify(path)}: ${JSON.stringify(fact)}`);
    const head = `"source": ${JSON.stringify(source)}, "scope": ${JSON.stringify(scope)}, "fields": {`;
    return `  ${JSON.stringify(gvk)}: {${head}\n${lines.join(',\n')}\n  }}`;
  });
  return `{"kinds": {\n${kinds.join(',\n')}\n}}\n`;
}

if (basename(process.argv[1] ?? '') === 'crd-digest.ts') {
  const [folder, digestFile, schemaFile] = process.argv.slice(2);
  if (!folder || !digestFile || !schemaFile) {
    console.log(
      'usage: npx tsx projen/crd-digest.ts <folder of CRDs> <digest, a JSON file> <schemas, a module of lib>',
    );
    process.exitCode = 1;
  } else {
    const digest = deriveDigest(folder);
    writeFileSync(digestFile, printDigest(digest));
    writeFileSync(schemaFile, printSchemas(digest));
  }
}
