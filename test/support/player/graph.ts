import { flat, type Json } from '../stack';
import { HELM, MANIFEST } from './handler';
import { identityOf } from './objects';

/** A CloudFormation template as JSON. */
export interface Template {
  readonly Resources: Record<string, Json>;
  readonly Conditions?: Record<string, Json>;
}

/** Which resource of a template needs which: by reference or by DependsOn, as CloudFormation reads them. */
export class DependencyGraph {
  public readonly ids: string[];
  private readonly direct = new Map<string, string[]>();
  private readonly inverse = new Map<string, string[]>();

  constructor(template: Template) {
    this.ids = Object.keys(template.Resources);
    const known = new Set(this.ids);
    for (const id of this.ids) {
      const { DependsOn = [], Properties } = template.Resources[id];
      const needed = new Set([...[DependsOn].flat(), ...references(Properties)].filter((other) => known.has(other)));
      needed.delete(id);
      this.direct.set(id, [...needed]);
      this.inverse.set(id, this.inverse.get(id) ?? []);
      for (const other of needed) {
        this.inverse.set(other, [...(this.inverse.get(other) ?? []), id]);
      }
    }
  }

  /** Whether `to` is made before `from`, and so deleted after it, at any distance. */
  public waitsFor(from: string, to: string): boolean {
    return from !== to && visit([from], (id) => this.direct.get(id) ?? []).includes(to);
  }

  /**
   * An order in which CloudFormation may create. It promises no more than the graph does, so `first` makes an order that
   * comes to these resources as early as the graph lets it.
   */
  public creation(first: readonly string[] = []): string[] {
    return visit([...first, ...this.ids], (id) => this.direct.get(id) ?? []);
  }

  /** An order in which CloudFormation may delete: by default the exact reverse of `creation()`. */
  public deletion(first?: readonly string[]): string[] {
    const reversed = this.creation().reverse();
    return first ? visit([...first, ...reversed], (id) => this.inverse.get(id) ?? []) : reversed;
  }
}

/** Depth first, what is needed before what needs it. */
function visit(ids: readonly string[], needs: (id: string) => readonly string[]): string[] {
  const done = new Set<string>();
  const open = new Set<string>();
  const enter = (id: string) => {
    if (done.has(id)) {
      return;
    }
    if (open.has(id)) {
      throw new Error(`circular dependency through ${id}`);
    }
    open.add(id);
    for (const other of needs(id)) {
      enter(other);
    }
    done.add(id);
  };
  for (const id of ids) {
    enter(id);
  }
  return [...done];
}

/** Logical ids in Ref, Fn::GetAtt and Fn::Sub; pseudo parameters and template parameters among them. */
function references(value: Json): string[] {
  if (value === null || typeof value !== 'object') {
    return [];
  }
  const own = [value.Ref, ...attributeOwner(value['Fn::GetAtt']), ...substituted(value['Fn::Sub'])];
  return [...own.filter((id) => typeof id === 'string'), ...Object.values(value).flatMap(references)];
}

function attributeOwner(target: Json): string[] {
  return target === undefined ? [] : [typeof target === 'string' ? target.split('.')[0] : target[0]];
}

function substituted(sub: Json): string[] {
  const [text, own] = Array.isArray(sub) ? sub : [sub, {}];
  return typeof text === 'string'
    ? [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => match[1].split('.')[0]).filter((name) => !(name in own))
    : [];
}

/**
 * What a resource is, whatever its logical id: `NIMCache nim/llama-0123abcd`, `Helm karpenter`, or the logical id without
 * the hash at its end.
 */
export function labelOf(id: string, { Type, Properties }: Json): string {
  if (Type === MANIFEST) {
    return JSON.parse(flat(Properties.Manifest)).map(identityOf).join(', ');
  }
  return Type === HELM ? `Helm ${Properties.Release}` : id.replace(/[0-9A-F]{8}$/, '');
}

/** Logical ids of the resources whose label matches. */
export function labelled(template: Template, pattern: RegExp): string[] {
  return Object.keys(template.Resources).filter((id) => pattern.test(labelOf(id, template.Resources[id])));
}

/** The template without the dependencies of some resources on others: what an author might have forgotten. */
export function cut(template: Template, from: RegExp, to: RegExp): Template {
  const [ends, starts] = [labelled(template, to), labelled(template, from)];
  const Resources = Object.fromEntries(
    Object.entries(template.Resources).map(([id, resource]) => {
      const all = [resource.DependsOn ?? []].flat();
      return [id, { ...resource, DependsOn: starts.includes(id) ? all.filter((other) => !ends.includes(other)) : all }];
    }),
  );
  return { ...template, Resources };
}
