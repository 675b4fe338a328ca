"""Writes a random checkpoint of Llama-3.1-8B's shape in safetensors, bf16, N(0, 0.02), made on the GPU,
with a tokenizer of its size.

    python bench/gpu/random_checkpoint.py <folder>
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from random_tokenizer import write_tokenizer
from safetensors.torch import save_file

LAYERS, HIDDEN, INTERMEDIATE, VOCABULARY = 32, 4096, 14336, 128256
HEADS, KV_HEADS, HEAD_DIM = 32, 8, 128
LAYERS_OF_A_FILE = 4
CONFIG = dict(
    architectures=["LlamaForCausalLM"],
    model_type="llama",
    hidden_act="silu",
    hidden_size=HIDDEN,
    intermediate_size=INTERMEDIATE,
    num_hidden_layers=LAYERS,
    num_attention_heads=HEADS,
    num_key_value_heads=KV_HEADS,
    head_dim=HEAD_DIM,
    vocab_size=VOCABULARY,
    max_position_embeddings=131072,
    rms_norm_eps=1e-5,
    rope_theta=500000.0,
    rope_scaling=dict(
        rope_type="llama3",
        factor=8.0,
        low_freq_factor=1.0,
        high_freq_factor=4.0,
        original_max_position_embeddings=8192,
    ),
    tie_word_embeddings=False,
    attention_bias=False,
    torch_dtype="bfloat16",
    bos_token_id=128000,
    eos_token_id=[128001, 128008, 128009],
)


def matrix(rows, columns):
    return (torch.randn(rows, columns, device="cuda", dtype=torch.bfloat16) * 0.02).cpu()


def ones():
    return torch.ones(HIDDEN, dtype=torch.bfloat16)


def layer(index):
    tensors = {
        "self_attn.q_proj": matrix(HEADS * HEAD_DIM, HIDDEN),
        "self_attn.k_proj": matrix(KV_HEADS * HEAD_DIM, HIDDEN),
        "self_attn.v_proj": matrix(KV_HEADS * HEAD_DIM, HIDDEN),
        "self_attn.o_proj": matrix(HIDDEN, HEADS * HEAD_DIM),
        "mlp.gate_proj": matrix(INTERMEDIATE, HIDDEN),
        "mlp.up_proj": matrix(INTERMEDIATE, HIDDEN),
        "mlp.down_proj": matrix(HIDDEN, INTERMEDIATE),
        "input_layernorm": ones(),
        "post_attention_layernorm": ones(),
    }
    return {f"model.layers.{index}.{name}.weight": tensor for name, tensor in tensors.items()}


def ends():
    return {
        "model.embed_tokens.weight": matrix(VOCABULARY, HIDDEN),
        "lm_head.weight": matrix(VOCABULARY, HIDDEN),
        "model.norm.weight": ones(),
    }


folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "config.json").write_text(json.dumps(CONFIG))
write_tokenizer(folder)
torch.manual_seed(1)
files = LAYERS // LAYERS_OF_A_FILE + 1
weight_map = {}
with ThreadPoolExecutor(8) as pool:
    written = []
    for number in range(1, files + 1):
        first = (number - 1) * LAYERS_OF_A_FILE
        parts = [ends()] if number == files else [layer(first + i) for i in range(LAYERS_OF_A_FILE)]
        tensors = {name: tensor for part in parts for name, tensor in part.items()}
        name = f"model-{number:05d}-of-{files:05d}.safetensors"
        weight_map |= dict.fromkeys(tensors, name)
        written.append(pool.submit(save_file, tensors, folder / name, {"format": "pt"}))
    for each in written:
        each.result()
(folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
