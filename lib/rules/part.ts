/**
 * A part of a manifest, at its path. Reading never throws: hand-written objects and JSON patches may hold anything, and
 * what has the wrong type is for the schema to refuse.
 */
export class Part {
  constructor(
    public readonly value: unknown,
    public readonly path: string,
  ) {}

  /** The part below, by the names on the way; an absent one where any of them is missing. */
  at(...names: string[]): Part {
    let part: Part = this;
    for (const name of names) {
      part = new Part(part.map?.[name], part.path ? `${part.path}.${name}` : name);
    }
    return part;
  }

  /** Whether there is a value. The API server takes null for none. */
  get given(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  has(name: string): boolean {
    return this.at(name).given;
  }

  /** Those of the names that the part has. */
  among(...names: string[]): string[] {
    return names.filter((name) => this.has(name));
  }

  /** Text that is known at synth; undefined for anything else. */
  get text(): string | undefined {
    return typeof this.value === 'string' && !holdsToken(this.value) ? this.value : undefined;
  }

  /** Number that is known at synth; undefined for anything else. */
  get number(): number | undefined {
    return typeof this.value === 'number' && !holdsToken(this.value) ? this.value : undefined;
  }

  get isTrue(): boolean {
    return this.value === true;
  }

  /** Items of a list; none where it is no list, or one that is known at deployment only. */
  get items(): Part[] {
    return Array.isArray(this.value) && !this.value.some(isListToken)
      ? this.value.map((item, index) => new Part(item, `${this.path}[${index}]`))
      : [];
  }

  /** Keys of a map that are known at synth, with their parts. */
  get entries(): [key: string, part: Part][] {
    return Object.keys(this.map ?? {})
      .filter((key) => !holdsToken(key) && this.has(key))
      .map((key) => [key, this.at(key)]);
  }

  get keys(): string[] {
    return this.entries.map(([key]) => key);
  }

  /** Whether the part is a list or a map without anything in it. */
  get isEmpty(): boolean {
    return typeof this.value === 'object' && this.value !== null && Object.keys(this.value).length === 0;
  }

  private get map(): { readonly [name: string]: unknown } | undefined {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value)
      ? (this.value as { readonly [name: string]: unknown })
      : undefined;
  }
}

/** Numbers that stand for tokens lie below all others (aws-cdk-lib, core/lib/private/encoding.ts). */
const NUMBER_TOKENS_BELOW = -1e288;

/** Whether a value, or anything in it, is known at deployment only: the CDK's encoded tokens, and CloudFormation's functions. */
export function holdsToken(value: unknown): boolean {
  if (typeof value === 'string') {
    return value.includes('${Token[') || isListToken(value);
  }
  if (typeof value === 'number') {
    return value < NUMBER_TOKENS_BELOW;
  }
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return (
    typeof (value as { resolve?: unknown }).resolve === 'function' ||
    Object.entries(value).some(([key, item]) => /^(Ref|Fn::\w+)$/.test(key) || holdsToken(key) || holdsToken(item))
  );
}

function isListToken(item: unknown): boolean {
  return typeof item === 'string' && item.startsWith('#{Token[');
}
