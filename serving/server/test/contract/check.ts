/** One check of the container's contract, by the number of its list. */
export interface Check {
  readonly number: number;
  /** What of the check is run, where it is not the whole. */
  readonly part?: string;
  readonly title: string;
  run(trial: Trial): Promise<void>;
}

/** A check that is not run here. It counts as not passed. */
export interface SkippedCheck {
  readonly number: number;
  readonly part?: string;
  readonly reason: string;
}

/** Writes down what a check sends and sees. */
export class Trial {
  public readonly lines: string[] = [];

  public sent(text: string): void {
    this.lines.push(`> ${text}`);
  }

  public saw(text: string): void {
    this.lines.push(`< ${text.length > 300 ? `${text.slice(0, 300)} ...` : text}`);
  }
}

export const nameOf = ({ number, part }: Pick<Check, 'number' | 'part'>): string =>
  `${number}${part ? ` (${part})` : ''}`;
