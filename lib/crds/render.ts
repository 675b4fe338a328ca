import { ApiObject, App, Lazy, ResolutionContext } from 'cdk8s';

/**
 * The API spellings that camelCase cannot say, keyed by the struct path below `spec` (`[]` is an array item). A path, not
 * a name, so that a user's own map keeps its keys: a label called `userId` stays one.
 */
export type Spelling = { readonly [path: string]: string };

/**
 * A spec in API spelling, as a value that is worked out at synth. ApiObject applies JSON patches to what it resolves, so
 * the spec has to be in API spelling before that, and Lazy values have to be resolved before the spelling is known.
 */
export function renderedSpec(object: () => ApiObject, spec: unknown, spelling: Spelling): unknown {
  return Lazy.any({ produce: () => new Renderer(object(), spelling).render(spec, '', ['spec']) });
}

class Renderer {
  private readonly resolvers;

  constructor(
    private readonly object: ApiObject,
    private readonly spelling: Spelling,
  ) {
    this.resolvers = App.of(object).resolvers;
  }

  /** cdk8s's `resolve`, with the spelling on the way down. */
  render(value: unknown, path: string, key: string[]): unknown {
    if (value === null || value === undefined) {
      return undefined;
    }
    // Before the resolvers: theirs turns Quantity and IntOrString into `{ value }`, which nothing could tell from a map.
    if (isNumberStringUnion(value)) {
      return this.render(value.value, path, key);
    }
    for (const resolver of this.resolvers) {
      const context = new ResolutionContext(this.object, key, value);
      resolver.resolve(context);
      if (context.replaced) {
        return this.render(context.replacedValue, path, key);
      }
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => this.render(item, `${path}[]`, [...key, `${index}`]));
    }
    if (isPlainObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => {
          const below = path ? `${path}.${name}` : name;
          return [this.spelling[below] ?? name, this.render(item, below, [...key, name])];
        }),
      );
    }
    return value;
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && value.constructor === Object;
}

function isNumberStringUnion(value: unknown): value is { readonly value: number | string } {
  if (typeof value !== 'object' || value === null || isPlainObject(value)) {
    return false;
  }
  const candidate = value as { readonly value?: unknown; readonly resolve?: unknown };
  return ['number', 'string'].includes(typeof candidate.value) && typeof candidate.resolve !== 'function';
}
