import type { Tokenizer } from './tokenizer.js';

/** How tokens become text. */
export interface DetokenizerOptions {
  /**
   * Whether special tokens, such as the end of a turn, are left out.
   *
   * @default true
   */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Text of a sequence while it is generated. Each token gives the characters that it completes: bytes of a character that is
 * not whole yet wait for the next token, so what was given is never taken back and no character is split.
 *
 * The text continues the prompt, so a space before its first word stays.
 */
export class Detokenizer {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes that the last character still lacks, as its first byte says. */
  private lacking = 0;
  private readonly skipSpecialTokens: boolean;

  public constructor(
    private readonly tokenizer: Tokenizer,
    options: DetokenizerOptions = {},
  ) {
    this.skipSpecialTokens = options.skipSpecialTokens ?? true;
  }

  /** The characters that this token completes, which may be none. */
  public push(token: number): string {
    if (this.skipSpecialTokens && this.tokenizer.isSpecial(token)) {
      return '';
    }
    // Most tokens are whole characters, whose text is known: a decoder takes longer than all else that a token costs here.
    const whole = this.lacking === 0 ? this.tokenizer.wholeText(token) : undefined;
    if (whole !== undefined) {
      return whole;
    }
    const bytes = this.tokenizer.bytes(token);
    for (const byte of bytes) {
      const continues = (byte & 0xc0) === 0x80;
      this.lacking = continues
        ? Math.max(0, this.lacking - 1)
        : byte < 0xc0
          ? 0
          : byte < 0xe0
            ? 1
            : byte < 0xf0
              ? 2
              : 3;
    }
    return this.decoder.decode(bytes, { stream: true });
  }

  /** What is left at the end of the sequence: U+FFFD where its last character is not whole, else nothing. */
  public end(): string {
    return this.decoder.decode();
  }
}
