import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as plus from 'cdk8s-plus-28';
import ts from 'typescript';
import { coreStruct, type JsiiType } from './kubernetes-types';

/** The type of a property of an L1 struct, as far as it can be held against a CRD. */
export type StructType =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'any' | 'int-or-string' }
  | { readonly kind: 'array' | 'map'; readonly of: StructType }
  | { readonly kind: 'enum'; readonly name: string; readonly values: readonly string[] }
  | { readonly kind: 'struct'; readonly name: string; readonly core: boolean };

export interface StructProperty {
  readonly name: string;
  readonly type: StructType;
  readonly optional: boolean;
  /** Text of the docstring; empty for core structs, whose words are not ours. */
  readonly doc: string;
}

const FOLDER = join(__dirname, '../../lib/crds');
const INTERFACES = new Map<string, ts.InterfaceDeclaration>();
const ENUMS = new Map<string, readonly string[]>();

/** The L1, and the enums that they take from the catalog. */
const FILES = [
  ...readdirSync(FOLDER).filter((name) => name.endsWith('.ts') && name !== 'index.ts'),
  '../catalog/precision.ts',
];

for (const file of FILES) {
  const source = ts.createSourceFile(file, readFileSync(join(FOLDER, file), 'utf8'), ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement)) {
      INTERFACES.set(statement.name.text, statement);
    } else if (ts.isEnumDeclaration(statement)) {
      ENUMS.set(
        statement.name.text,
        statement.members.map(({ initializer }) => (initializer as ts.StringLiteral).text),
      );
    }
  }
}

/**
 * Fields that the CRDs have and the core types of cdk8s-plus-28 do not, by the version of Kubernetes that brought them.
 * A JSON patch adds them.
 */
export const LATER_THAN_1_28: readonly { readonly since: string; readonly field: RegExp }[] = [
  {
    since: '1.29',
    field: /\.(preferred|required)DuringSchedulingIgnoredDuringExecution\[\].*\.(mism|m)atchLabelKeys\b/,
  },
  { since: '1.31', field: /^spec\.resources\.claims\[\]\.request\b/ },
  { since: '1.33', field: /^spec\.scale\.hpa\.behavior\.scale(Down|Up)\.tolerance\b/ },
  { since: '1.34', field: /\.env\[\]\.valueFrom\.fileKeyRef\b/ },
];

/** Names of the structs of lib/crds. */
export const STRUCT_NAMES: readonly string[] = [...INTERFACES.keys()];

/** Properties of a struct, one of ours as its source says, one of Kubernetes' as cdk8s-plus-28 publishes it. */
export function structProperties({ name, core }: { readonly name: string; readonly core: boolean }): StructProperty[] {
  if (core) {
    return [...coreStruct(name).values()].map(({ property, type, optional }) => {
      return { name: property, type: fromJsii(type), optional, doc: '' };
    });
  }
  const declaration = INTERFACES.get(name);
  if (!declaration) {
    throw new Error(`lib/crds has no struct ${name}`);
  }
  return declaration.members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(),
    type: fromSyntax(member.type),
    optional: member.questionToken !== undefined,
    doc: ts
      .getJSDocCommentsAndTags(member)
      .map((each) => each.getText())
      .join('\n'),
  }));
}

function fromSyntax(node: ts.TypeNode | undefined): StructType {
  if (node && ts.isArrayTypeNode(node)) {
    return { kind: 'array', of: fromSyntax(node.elementType) };
  }
  if (node && ts.isTypeLiteralNode(node) && ts.isIndexSignatureDeclaration(node.members[0])) {
    return { kind: 'map', of: fromSyntax(node.members[0].type) };
  }
  const text = node?.getText() ?? '';
  if (text === 'string' || text === 'number' || text === 'boolean' || text === 'any') {
    return { kind: text };
  }
  if (text.startsWith('k8s.')) {
    return fromJsii({ fqn: `cdk8s-plus-28.${text}` });
  }
  const ours = ENUMS.get(text);
  const theirs = (plus as unknown as Record<string, Record<string, string>>)[text];
  if (ours || theirs) {
    return { kind: 'enum', name: text, values: ours ?? Object.values(theirs) };
  }
  return { kind: 'struct', name: text, core: false };
}

function fromJsii(type: JsiiType): StructType {
  if ('collection' in type) {
    return { kind: type.collection.kind, of: fromJsii(type.collection.elementtype) };
  }
  if ('primitive' in type) {
    return { kind: type.primitive === 'date' ? 'string' : (type.primitive as 'string') };
  }
  const name = type.fqn.slice('cdk8s-plus-28.k8s.'.length);
  return ['Quantity', 'IntOrString'].includes(name) ? { kind: 'int-or-string' } : { kind: 'struct', name, core: true };
}
