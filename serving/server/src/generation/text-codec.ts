/** Text to tokens and back. The tokenizer of a checkpoint answers to it. */
export interface TextCodec {
  encode(text: string, options: { readonly addSpecialTokens: boolean }): Promise<Int32Array>;
  /** Characters of text that a token can stand for, at most. */
  longestToken(): number;
  /** A decoder for one output. */
  decoder(options: { readonly skipSpecialTokens: boolean }): OutputDecoder;
  /** The text of one token alone; a part of a character becomes the replacement character. */
  tokenText(token: number): string;
  /** The bytes of one token. */
  tokenBytes(token: number): Uint8Array;
}

/** Tokens become text, a character at a time: a part of one is held back until the rest is there. */
export interface OutputDecoder {
  push(token: number): string;
  /** What is held back, at the end of the output. */
  end(): string;
}
