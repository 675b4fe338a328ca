import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The fields of config.json that shapes follow from. */
export interface Shape {
  readonly model_type: string;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim?: number;
  readonly tie_word_embeddings?: boolean;
  readonly max_position_embeddings: number;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  mistral: 'MistralForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};

/** A checkpoint in bf16 with the headers of the real one and a hole for the numbers, so that it takes no disk. */
export function sparseCheckpoint(folder: string, config: Shape): void {
  mkdirSync(folder, { recursive: true });
  const whole = { rms_norm_eps: 1e-5, rope_theta: 500000, hidden_act: 'silu', torch_dtype: 'bfloat16', ...config };
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ architectures: [ARCHITECTURES[config.model_type]], ...whole }),
  );
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of tensors(config)) {
    const bytes = 2 * shape.reduce((product, length) => product * length, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + end);
  closeSync(file);
}

/** Names and shapes as transformers writes them. */
function* tensors(config: Shape): Generator<readonly [name: string, shape: readonly number[]]> {
  const { hidden_size: hidden, intermediate_size: inner, vocab_size: vocabulary, model_type: type } = config;
  const head = config.head_dim ?? hidden / config.num_attention_heads;
  const [q, kv] = [config.num_attention_heads * head, config.num_key_value_heads * head];
  yield ['model.embed_tokens.weight', [vocabulary, hidden]];
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = (name: string) => `model.layers.${layer}.${name}`;
    yield [at('input_layernorm.weight'), [hidden]];
    yield [at('post_attention_layernorm.weight'), [hidden]];
    for (const [name, rows] of [
      ['q', q],
      ['k', kv],
      ['v', kv],
    ] as const) {
      yield [at(`self_attn.${name}_proj.weight`), [rows, hidden]];
      if (type === 'qwen2') {
        yield [at(`self_attn.${name}_proj.bias`), [rows]];
      }
    }
    if (type === 'qwen3') {
      yield [at('self_attn.q_norm.weight'), [head]];
      yield [at('self_attn.k_norm.weight'), [head]];
    }
    yield [at('self_attn.o_proj.weight'), [hidden, q]];
    yield [at('mlp.gate_proj.weight'), [inner, hidden]];
    yield [at('mlp.up_proj.weight'), [inner, hidden]];
    yield [at('mlp.down_proj.weight'), [hidden, inner]];
  }
  yield ['model.norm.weight', [hidden]];
  if (!config.tie_word_embeddings) {
    yield ['lm_head.weight', [vocabulary, hidden]];
  }
}
