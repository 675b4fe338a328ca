import type { IConstruct } from 'constructs';

/** One refused value: what it is, what was given, what is allowed, and what to write instead. */
export interface Refusal {
  readonly what: string;
  readonly given: unknown;
  readonly allowed: string;
  readonly fix: string;
}

/** Throws the library's one form of error: `[path] what is given, allowed is ...; fix`. Never echoes a key. */
export function refuse(scope: IConstruct, refusal: Refusal): never {
  throw new Error(refusalMessage(scope, refusal));
}

export function refusalMessage(scope: IConstruct, { what, given, allowed, fix }: Refusal): string {
  return redact(`[${scope.node.path}] ${what} is ${show(given)}, allowed is ${allowed}; ${fix}`);
}

function show(given: unknown): string {
  if (given === undefined) {
    return 'not given';
  }
  // JSON writes Infinity and NaN as null.
  return typeof given === 'number' ? String(given) : (JSON.stringify(given) ?? String(given));
}

/**
 * NGC keys (`nvapi-`), Hugging Face tokens (`hf_` and no second underscore, as `hf_hub_download_timeout` has one) and AWS
 * access key ids: none may reach a manifest or a message.
 */
const KEY_MATERIAL = /(nvapi-)[A-Za-z0-9_-]{16,}|\b(hf_)[A-Za-z0-9]{20,}|\b(A[KS]IA)[A-Z0-9]{16,}/g;

export function redact(text: string): string {
  return text.replace(KEY_MATERIAL, '$1$2$3...');
}

/** Anything but text, such as a value worked out at synth, is looked at when the object is rendered. */
export function holdsKeyMaterial(text: unknown): boolean {
  return typeof text === 'string' && text.search(KEY_MATERIAL) >= 0;
}
