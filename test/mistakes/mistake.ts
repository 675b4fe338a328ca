import type { Given } from './given';

interface Common {
  /** What the user did, in their words. */
  readonly title: string;
  /** Where people meet it: the blueprint, a public issue, a page of documentation. */
  readonly met: string;
  /** What happens without this library. */
  readonly today: string;
  /** The program, as a user writes it. Its text goes into docs/mistakes.md. */
  readonly program: (given: Given) => unknown;
}

/** A mistake that synthesis refuses, or warns about. */
export interface ToldMistake extends Common {
  readonly kind: 'error' | 'warning';
  /** The whole message. */
  readonly answer: string;
}

/** A mistake that no program can make: the library writes that part itself. */
export interface UnsayableMistake extends Common {
  readonly kind: 'cannot be said';
  /** Why there is no way to say it. */
  readonly because: string;
  /** What to look at in the output of the program. */
  readonly look: (given: Given) => unknown;
  /** What stands there. */
  readonly output: unknown;
}

export type Mistake = ToldMistake | UnsayableMistake;

/** A chapter of docs/mistakes.md: the mistakes of one file of this folder. */
export interface Subject {
  readonly title: string;
  readonly file: string;
  readonly mistakes: readonly Mistake[];
}
