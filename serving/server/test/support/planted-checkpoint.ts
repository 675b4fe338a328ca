import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { engineProgram } from './engine-build.js';
import { plantedPermutation } from './planted.js';

/** Token that ends an answer. */
export const END = 2;

/** Text of a token: one word, with the space before it. */
export const wordOf = (token: number): string => (token === END ? '' : ` w${token}`);

/**
 * Writes a planted checkpoint that a server can serve: the engine's own generator makes the weights, and the tokenizer has a
 * word for each token. Its chat template is the messages, one after the other.
 *
 * @returns the successor of each token
 */
export function plantedCheckpoint(shape: string, folder: string, seed: number): Int32Array {
  const argv = [shape, folder, '--planted', '--seed', String(seed), '--eos', String(END)];
  execFileSync(engineProgram('make-checkpoint'), argv, { stdio: 'ignore' });
  const { vocab_size: size } = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { vocab_size: number };
  const written = (token: number) => (token === END ? '<end>' : `Ġw${token}`);
  const vocab = Object.fromEntries(Array.from({ length: size }, (_, token) => [written(token), token]));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false };
  const tokenizer = {
    version: '1.0',
    added_tokens: [
      { id: END, content: '<end>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    ],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: ' w\\d+' }, behavior: 'Isolated', invert: false }, bytes],
    },
    post_processor: null,
    decoder: bytes,
    model: { type: 'WordLevel', vocab, unk_token: written(0) },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  const template = '{% for message in messages %}{{ message.content }}{% endfor %}';
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ chat_template: template }));
  return plantedPermutation(size, seed);
}
