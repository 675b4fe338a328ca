import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CheckpointError, readCheckpoint } from '../../src/checkpoint/index.js';

const MODEL = fileURLToPath(new URL('../../../models/default', import.meta.url));
const message = (folder: string) =>
  readCheckpoint(folder).then(
    () => 'no error',
    (error) => (error instanceof CheckpointError ? error.message : error),
  );

/** The default model's small files, some of them changed; `null` removes one. */
function changed(files: Readonly<Record<string, string | null>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
  for (const name of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    cpSync(join(MODEL, name), join(folder, name));
  }
  for (const [name, text] of Object.entries(files)) {
    text === null ? rmSync(join(folder, name)) : writeFileSync(join(folder, name), text);
  }
  return folder;
}
const hello = [{ role: 'user' as const, content: 'Hello' }];

it('reads what the default model says of itself', async () => {
  const { tokenizer, template, endTokens, sampling } = await readCheckpoint(MODEL);
  expect(endTokens.map((token) => tokenizer.tokenOf(token))).toEqual(['<|end_of_text|>', '<|eot_id|>']);
  expect(sampling).toEqual({ temperature: 0 });
  expect(template?.render(hello, { addGenerationPrompt: true })).toBe(
    '<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>' +
      '<|start_header_id|>assistant<|end_header_id|>\n\n',
  );
});

it('reads sampling and one end token of generation_config.json', async () => {
  const folder = changed({
    'generation_config.json': '{"eos_token_id": 4, "do_sample": true, "temperature": 0.6, "top_p": 0.9, "top_k": 20}',
  });
  const { endTokens, sampling } = await readCheckpoint(folder);
  expect(endTokens).toEqual([4]);
  expect(sampling).toEqual({ temperature: 0.6, top_p: 0.9, top_k: 20 });
});

it('takes the template of chat_template.jinja first, and the default one of a list', async () => {
  const list = '{"chat_template": [{"name": "tools", "template": "t"}, {"name": "default", "template": "list"}]}';
  const [both, alone] = [
    changed({ 'tokenizer_config.json': list, 'chat_template.jinja': 'file' }),
    changed({ 'tokenizer_config.json': list }),
  ];
  const render = async (folder: string) =>
    (await readCheckpoint(folder)).template?.render(hello, { addGenerationPrompt: true });
  expect([await render(both), await render(alone)]).toEqual(['file', 'list']);
});

it('completes text where there is no template, and ends where config.json says if generation_config.json does not', async () => {
  const folder = changed({ 'generation_config.json': null, 'tokenizer_config.json': null });
  const { template, endTokens, sampling } = await readCheckpoint(folder);
  expect([template, endTokens, sampling]).toEqual([undefined, [1, 4], {}]);
});

it('names the file that is wrong', async () => {
  const folder = changed({ 'generation_config.json': '{' });
  expect(await message(folder)).toMatch(`${folder}/generation_config.json is no JSON: `);
  const template = changed({ 'tokenizer_config.json': '{"chat_template": "{% for"}' });
  expect(await message(template)).toMatch(`${template}: the chat template is no Jinja template: `);
  const tokenizer = changed({ 'tokenizer.json': null });
  expect(await message(tokenizer)).toBe(
    `${tokenizer}/tokenizer.json is not there; a checkpoint needs it beside its config.json`,
  );
});
