import type { IConstruct } from 'constructs';
import { type Given, given, synthesize } from './given';
import type { Mistake } from './mistake';

/** What a program is told, and by which check. */
export interface Answer {
  readonly kind: 'error' | 'warning' | 'nothing';
  readonly message: string;
  /** Id of a rule, place of a `refuse`, id of a warning. */
  readonly check: string;
}

/** Runs a program and synthesizes what it made. */
export function answerTo({ program }: Pick<Mistake, 'program'>): Answer {
  const { given: start, made } = given();
  try {
    program(start);
    synthesize(made);
  } catch (error) {
    return refusal(error as Error);
  }
  const [warning, ...others] = warnings(made);
  if (others.length > 0) {
    throw new Error(`a mistake has one answer, this one has several: ${[warning, ...others].join('\n')}`);
  }
  const id = /\[ack: (.*)\]$/.exec(warning ?? '')?.[1];
  return warning
    ? { kind: 'warning', message: warning, check: id ?? warning }
    : { kind: 'nothing', message: '', check: '' };
}

/** What a program that makes no mistake wrote. */
export function outputOf({ program, look }: Extract<Mistake, { kind: 'cannot be said' }>): unknown {
  const { given: start, made } = given();
  program(start);
  synthesize(made);
  return look(start);
}

function refusal(error: Error): Answer {
  const message = withoutCounter(unwrapped(error.message));
  const rules = [...message.matchAll(/\(rule ([\w/-]+)\)$/gm)].map(([, rule]) => rule);
  return { kind: 'error', message, check: rules.join(' ') || placeOf(error) };
}

/** The CDK puts "Resolution error: " before the message of a value that is worked out at synth, and a stop behind it. */
function unwrapped(message: string): string {
  const prefix = /^(Resolution error: )*/.exec(message)?.[0].length ?? 0;
  return message.slice(prefix, message.length - prefix / 'Resolution error: '.length);
}

/** The number of a token depends on what was made before it. */
function withoutCounter(message: string): string {
  return message.replace(/(\$\{Token\[\w+)\.\d+\]\}/, '$1]}');
}

/** The line of the library that refuses. */
function placeOf(error: Error): string {
  const frame = error.stack?.split('\n').find((line) => /\/lib\/(?!kube\/errors)[\w/-]+\.ts:/.test(line));
  return /\/(lib\/[\w/-]+\.ts:\d+)/.exec(frame ?? '')?.[1] ?? error.message;
}

function warnings({ chart, stack }: Partial<Given>): string[] {
  const roots: IConstruct[] = [chart, stack].flatMap((each) => (each ? [each.node.root] : []));
  const found = roots
    .flatMap((root) => root.node.findAll())
    .flatMap(({ node }) =>
      node.metadata.filter(({ type }) => type === 'aws:cdk:warning').map(({ data }) => `[${node.path}] ${data}`),
    );
  return found.filter((warning) => warning.includes('[ack: nim-constructs:'));
}
