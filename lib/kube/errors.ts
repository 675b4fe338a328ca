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
  return `[${scope.node.path}] ${what} is ${show(given)}, allowed is ${allowed}; ${fix}`;
}

function show(given: unknown): string {
  if (given === undefined) {
    return 'not given';
  }
  return redact(typeof given === 'string' ? `"${given}"` : String(JSON.stringify(given) ?? given));
}

/** NGC keys (`nvapi-`), Hugging Face tokens (`hf_`) and AWS access key ids: none may reach a manifest or a message. */
const KEY_MATERIAL = /\b(nvapi-|hf_|AKIA)[A-Za-z0-9_-]{16,}/g;

export function redact(text: string): string {
  return text.replace(KEY_MATERIAL, '$1...');
}

export function holdsKeyMaterial(text: string): boolean {
  return text.search(KEY_MATERIAL) >= 0;
}
