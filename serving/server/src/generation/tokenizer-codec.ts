import { Detokenizer, type Tokenizer } from '../tokenizer/index.js';
import type { TextCodec } from './text-codec.js';

/** A checkpoint's tokenizer as routes use it. */
export function tokenizerCodec(tokenizer: Tokenizer): TextCodec {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    encode: (text, options) => tokenizer.encode(text, options),
    longestToken: () => tokenizer.longestToken,
    decoder: (options) => new Detokenizer(tokenizer, options),
    tokenText: (token) => decoder.decode(tokenizer.bytes(token)),
    tokenBytes: (token) => tokenizer.bytes(token),
  };
}
