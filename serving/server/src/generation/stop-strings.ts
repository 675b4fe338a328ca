/** What became of some text. */
export interface Checked {
  /** Text that can no longer be part of a stop string. */
  readonly text: string;
  /** The stop string that ended the output. */
  readonly stop?: string;
}

/**
 * Finds stop strings in text that comes in pieces. Text that may be the beginning of one is held back, so that a client
 * never sees any of it. The first one that is complete counts, and of several that are complete at once the longest; how the
 * text is cut into pieces changes nothing.
 *
 * Each string is matched by Knuth, Morris and Pratt's automaton, so a character costs the same whatever the strings are.
 */
export class StopStrings {
  private held = '';
  private readonly matchers: readonly Matcher[];

  /**
   * @param stops strings, none empty
   * @param include whether the stop string itself is given out
   */
  public constructor(
    stops: readonly string[],
    private readonly include = false,
  ) {
    this.matchers = stops.map((stop) => new Matcher(stop)).sort((a, b) => b.stop.length - a.stop.length);
  }

  public push(piece: string): Checked {
    if (this.matchers.length === 0) {
      return { text: piece };
    }
    const text = this.held + piece;
    let longest = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      longest = 0;
      let found: string | undefined;
      for (const matcher of this.matchers) {
        const matched = matcher.next(code);
        if (matched === matcher.stop.length) {
          found ??= matcher.stop;
        }
        longest = Math.max(longest, matched);
      }
      if (found !== undefined) {
        const end = this.held.length + at + 1;
        this.held = '';
        return { text: text.slice(0, this.include ? end : end - found.length), stop: found };
      }
    }
    if (piece !== '') {
      this.held = text.slice(text.length - longest);
    }
    return { text: text.slice(0, text.length - this.held.length) };
  }

  /** What is still held back, at the end of the output. */
  public flush(): string {
    const rest = this.held;
    this.held = '';
    return rest;
  }
}

/** One stop string, and how much of it the text so far ends with. */
class Matcher {
  private matched = 0;
  /** Entry i: of the first i + 1 characters, the longest proper beginning that is their end too. */
  private readonly borders: Int32Array;

  public constructor(public readonly stop: string) {
    this.borders = new Int32Array(stop.length);
    for (let at = 1, border = 0; at < stop.length; at++) {
      border = this.extend(border, stop.charCodeAt(at));
      this.borders[at] = border;
    }
  }

  /** Characters of the stop string that the text ends with, this character included. */
  public next(code: number): number {
    const from = this.matched === this.stop.length ? (this.borders[this.matched - 1] as number) : this.matched;
    this.matched = this.extend(from, code);
    return this.matched;
  }

  private extend(from: number, code: number): number {
    let length = from;
    while (length > 0 && this.stop.charCodeAt(length) !== code) {
      length = this.borders[length - 1] as number;
    }
    return this.stop.charCodeAt(length) === code ? length + 1 : 0;
  }
}
