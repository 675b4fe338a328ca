import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { KubernetesObject } from './kubernetes-types';

const CANDIDATES = [process.env.NIM_CONSTRUCTS_CRDS, join(__dirname, '../../../shared/crds')];

/** Folder of the real CRDs, where there is one: they are not part of this repository. */
export const CRD_FOLDER: string | undefined = CANDIDATES.find((folder) => folder && existsSync(folder));

type Schema = Record<string, unknown> & { properties?: Record<string, Schema> };

const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true });
const VALIDATORS = new Map<string, ValidateFunction | undefined>();

/** What the schema of the real CRD says against an object; undefined where the CRDs, or that of its kind, are not at hand. */
export function validateAgainstCrds(object: KubernetesObject): string[] | undefined {
  const validator = CRD_FOLDER && validatorOf(CRD_FOLDER, object);
  if (!validator) {
    return undefined;
  }
  validator(object);
  return (validator.errors ?? []).map(({ instancePath, message, params }) => {
    const path = instancePath.slice(1).replaceAll('/', '.');
    return `${path}: ${message} ${JSON.stringify(params)}`;
  });
}

function validatorOf(folder: string, { apiVersion, kind }: KubernetesObject): ValidateFunction | undefined {
  const gvk = `${apiVersion}/${kind}`;
  if (!VALIDATORS.has(gvk)) {
    const schema = schemaOf(folder, apiVersion, kind);
    VALIDATORS.set(gvk, schema && ajv.compile(schema));
  }
  return VALIDATORS.get(gvk);
}

function schemaOf(folder: string, apiVersion: string, kind: string): Schema | undefined {
  const [group, version] = apiVersion.split('/');
  for (const file of readdirSync(folder).filter((name) => name.startsWith(`${group}_`) && name.endsWith('.yaml'))) {
    const { spec } = parse(readFileSync(join(folder, file), 'utf8'));
    const found = spec.versions.find((candidate: { name: string }) => candidate.name === version);
    if (spec.names.kind === kind && found) {
      const schema = closed(found.schema.openAPIV3Schema);
      // The CRD says nothing of metadata, which the API server checks by itself.
      return { ...schema, properties: { ...schema.properties, metadata: { type: 'object' } } };
    }
  }
  return undefined;
}

/** The API server prunes what a structural schema does not name; here it is an error, as it would be lost without a word. */
function closed(schema: Schema): Schema {
  const result: Schema = { ...schema };
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties') {
      const properties = Object.entries(value as Record<string, Schema>);
      result.properties = Object.fromEntries(properties.map(([name, property]) => [name, closed(property)]));
    } else if (keyword === 'items' || keyword === 'additionalProperties') {
      result[keyword] = closed(value as Schema);
    }
  }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in schema;
  return schema.type === 'object' && !open ? { ...result, additionalProperties: false } : result;
}
