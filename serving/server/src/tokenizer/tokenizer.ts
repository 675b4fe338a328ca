import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as Encoder } from 'tokenizers';
import { type TokenBytes, tokenBytes } from './token-bytes.js';

/** How text becomes tokens. */
export interface EncodeOptions {
  /**
   * Whether the tokenizer's own template is applied, which for most models puts the token for the beginning of a text
   * before it. Chat templates write that token themselves.
   *
   * @default true
   */
  readonly addSpecialTokens?: boolean;
}

/** The tokenizer.json of a checkpoint, by Hugging Face's own library: text to tokens off the main thread, and back. */
export class Tokenizer {
  /**
   * Reads `folder/tokenizer.json`. A vocabulary of 128 thousand tokens takes some 0.4 s.
   *
   * @throws Error which names the file and says what is wrong with it
   */
  public static async load(folder: string): Promise<Tokenizer> {
    const file = join(folder, 'tokenizer.json');
    const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'ENOENT' ? 'is not there' : `cannot be read (${cause.code})`;
      throw new Error(`${file} ${reason}; a checkpoint needs it beside its config.json`, { cause });
    });
    let encoder: Encoder;
    let json: { decoder?: never; added_tokens?: readonly AddedTokenJson[] };
    try {
      json = JSON.parse(text);
      encoder = Encoder.fromString(text);
    } catch (cause) {
      throw new Error(`${file} is no tokenizer.json: ${(cause as Error).message}`, { cause });
    }
    const special = (json.added_tokens ?? []).filter((token) => token.special).map((token) => token.id);
    return new Tokenizer(encoder, tokenBytes(json.decoder, file), new Set(special));
  }

  /** Tokens of the vocabulary, added ones included. */
  public readonly size: number;
  private readonly bytesOf: (Uint8Array | undefined)[] = [];
  private readonly textOf: (string | null | undefined)[] = [];
  private longest: number | undefined;

  private constructor(
    private readonly encoder: Encoder,
    private readonly vocabulary: TokenBytes,
    private readonly special: ReadonlySet<number>,
  ) {
    this.size = encoder.getVocabSize(true);
  }

  /** Tokens of a text. The work is done on a thread of its own. */
  public async encode(text: string, options: EncodeOptions = {}): Promise<Int32Array> {
    const { addSpecialTokens = true } = options;
    return Int32Array.from((await this.encoder.encode(text, null, { addSpecialTokens })).getIds());
  }

  /** The text of tokens, special ones left out, from its beginning. */
  public decode(tokens: Iterable<number>): string {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let text = '';
    for (const token of tokens) {
      text += this.isSpecial(token) ? '' : decoder.decode(this.bytes(token), { stream: true });
    }
    text += decoder.decode();
    let start = 0;
    while (start < this.vocabulary.leadingSpaces && text[start] === ' ') {
      start += 1;
    }
    return text.slice(start);
  }

  /** The token of exactly this text in the vocabulary, such as `<|eot_id|>`. */
  public idOf(token: string): number | undefined {
    return this.encoder.tokenToId(token) ?? undefined;
  }

  /** The token as the vocabulary writes it; `undefined` for an id that it lacks. */
  public tokenOf(id: number): string | undefined {
    return this.encoder.idToToken(id) ?? undefined;
  }

  /** How the vocabulary writes bytes that are no characters. */
  public get form(): TokenBytes['form'] {
    return this.vocabulary.form;
  }

  /** Whether a token steers the model and is no text, such as the end of a turn. */
  public isSpecial(id: number): boolean {
    return this.special.has(id);
  }

  /** Bytes of the longest token: no text of n tokens has more than n times as many characters. */
  public get longestToken(): number {
    this.longest ??= Array.from({ length: this.size }, (_, id) => this.bytes(id).length).reduce((a, b) =>
      Math.max(a, b),
    );
    return this.longest;
  }

  /** What a token adds to the text: none for an id beyond the vocabulary, which padded models can sample. */
  public bytes(id: number): Uint8Array {
    let bytes = this.bytesOf[id];
    if (bytes === undefined) {
      const token = this.tokenOf(id);
      bytes = token === undefined ? new Uint8Array() : this.vocabulary.of(token);
      this.bytesOf[id] = bytes;
    }
    return bytes;
  }

  /** The text of a token that is whole characters; undefined where it has a part of one. */
  public wholeText(id: number): string | undefined {
    let text = this.textOf[id];
    if (text === undefined) {
      text = decoded(this.bytes(id));
      this.textOf[id] = text;
    }
    return text ?? undefined;
  }
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

interface AddedTokenJson {
  readonly id: number;
  readonly special: boolean;
}
