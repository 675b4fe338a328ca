import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ChatTemplate, type SpecialTokens } from '../openai/chat-template.js';
import type { SamplingDefaults } from '../openai/sampling.js';
import { Tokenizer } from '../tokenizer/index.js';

/** A checkpoint that cannot be used; the message names the file and says what is wrong with it. */
export class CheckpointError extends Error {}

/** What a checkpoint's folder says beside its weights: how its text is written, where it ends, how it wants to be sampled. */
export interface Checkpoint {
  readonly folder: string;
  readonly tokenizer: Tokenizer;
  /** Absent in models that complete text and do not chat. */
  readonly template?: ChatTemplate;
  /** Tokens that end an output, as generation_config.json has them; config.json, which the engine reads, may have fewer. */
  readonly endTokens: readonly number[];
  readonly sampling: SamplingDefaults;
}

/**
 * @param templateFile a chat template that replaces the checkpoint's own
 * @throws CheckpointError
 */
export async function readCheckpoint(path: string, templateFile?: string): Promise<Checkpoint> {
  const folder = resolve(path);
  if (!existsSync(join(folder, 'config.json'))) {
    throw new CheckpointError(
      `${folder} has no config.json; give the folder of a Hugging Face checkpoint, which has it beside *.safetensors`,
    );
  }
  const tokenizer = await Tokenizer.load(folder).catch((error: Error) => {
    throw new CheckpointError(error.message, { cause: error });
  });
  const generation = readJson(folder, 'generation_config.json') as GenerationConfig;
  const config = readJson(folder, 'config.json') as EndTokens;
  const end = generation.eos_token_id ?? config.eos_token_id ?? [];
  return {
    folder,
    tokenizer,
    template: chatTemplate(folder, templateFile),
    endTokens: Array.isArray(end) ? end : [end],
    sampling: samplingDefaults(generation),
  };
}

interface EndTokens {
  readonly eos_token_id?: number | number[] | null;
}

interface GenerationConfig extends EndTokens {
  readonly do_sample?: boolean;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly min_p?: number;
  readonly repetition_penalty?: number;
}

/** `do_sample: false` is greedy whatever else the file says; without it the file's figures count, as vLLM has them. */
function samplingDefaults(config: GenerationConfig): SamplingDefaults {
  const { temperature, top_p, top_k, min_p, repetition_penalty } = config;
  const given = { temperature, top_p, top_k, min_p, repetition_penalty };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'number'));
  return config.do_sample === false && temperature === undefined ? { ...known, temperature: 0 } : known;
}

type TokenJson = string | { readonly content: string } | null;

interface TokenizerConfig {
  readonly chat_template?: string | readonly { readonly name: string; readonly template: string }[];
  readonly [token: `${string}_token`]: TokenJson;
}

/** In chat_template.jinja since transformers 4.50, before in tokenizer_config.json, there also as a list of named ones. */
function chatTemplate(folder: string, templateFile: string | undefined): ChatTemplate | undefined {
  const config = readJson(folder, 'tokenizer_config.json') as TokenizerConfig;
  const file = templateFile ?? join(folder, 'chat_template.jinja');
  if (templateFile !== undefined && !existsSync(templateFile)) {
    throw new CheckpointError(
      `the chat template "${templateFile}" is not there; name a file of Jinja with NIM_CHAT_TEMPLATE`,
    );
  }
  const given = config.chat_template;
  const source = existsSync(file)
    ? readFileSync(file, 'utf8')
    : Array.isArray(given)
      ? given.find(({ name }) => name === 'default')?.template
      : (given as string | undefined);
  if (source === undefined) {
    return undefined;
  }
  const special = Object.entries(config)
    .filter(([key]) => /^(bos|eos|unk|pad)_token$/.test(key))
    .flatMap(([key, token]) => {
      const text = typeof token === 'string' ? token : (token as { content?: string } | null)?.content;
      return text === undefined ? [] : [[key, text]];
    });
  try {
    return new ChatTemplate(source, Object.fromEntries(special) as SpecialTokens);
  } catch (cause) {
    throw new CheckpointError(`${folder}: the chat template is no Jinja template: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function readJson(folder: string, name: string): object {
  const file = join(folder, name);
  if (!existsSync(file)) {
    return {};
  }
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CheckpointError(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
