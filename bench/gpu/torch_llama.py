"""PyTorch beside the engine: a decoder of Llama-3.1-8B's shape with random weights, written the plain way.

    python bench/gpu/torch_llama.py [--decode 1/512,64/1024] [--prefill 2048,8192] [--compiled]

Prefill runs eagerly: attention by torch's own kernel, products by cuBLAS. Decode replays a CUDA graph of the eager step, or with
--compiled of torch.compile's (max-autotune), which is the strongest plain PyTorch and takes 55 to 100 s to compile for each
shape. Without scheduler, sampler or pages. Prints Markdown, medians.
"""

import argparse

import torch
import torch.nn.functional as F

HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD, WIDE, VOCABULARY = 4096, 32, 32, 8, 128, 14336, 128256


def weight(out, inner):
    return torch.empty(out, inner, device="cuda", dtype=torch.bfloat16).normal_(0, 0.02)


class Layer:
    def __init__(self):
        self.qkv = weight((HEADS + 2 * KV_HEADS) * HEAD, HIDDEN)
        self.out = weight(HIDDEN, HEADS * HEAD)
        self.gate_up = weight(2 * WIDE, HIDDEN)
        self.down = weight(HIDDEN, WIDE)
        self.norms = torch.ones(2, HIDDEN, device="cuda", dtype=torch.bfloat16)


def rotated(x, cos, sin):
    low, high = x.chunk(2, -1)
    return torch.cat([low * cos - high * sin, high * cos + low * sin], -1).to(torch.bfloat16)


class Model:
    def __init__(self):
        self.embedding, self.head = weight(VOCABULARY, HIDDEN), weight(VOCABULARY, HIDDEN)
        self.layers = [Layer() for _ in range(LAYERS)]
        self.last_norm = torch.ones(HIDDEN, device="cuda", dtype=torch.bfloat16)
        self.frequencies = 500000.0 ** (-torch.arange(0, HEAD, 2, device="cuda").float() / HEAD)

    def step(self, tokens, positions, keys, values, mask):
        """The likeliest next token of each sequence. `mask`: keys that a decode sees; none for a whole prompt."""
        batch, count = tokens.shape
        x = F.embedding(tokens, self.embedding)
        angle = positions.float()[:, None] * self.frequencies
        cos, sin = angle.cos()[:, None], angle.sin()[:, None]
        for i, layer in enumerate(self.layers):
            h = F.linear(F.rms_norm(x, (HIDDEN,), layer.norms[0], 1e-5), layer.qkv).view(batch, count, -1, HEAD)
            q, k, v = h.split([HEADS, KV_HEADS, KV_HEADS], 2)
            keys[i][:, positions], values[i][:, positions] = rotated(k, cos, sin), v
            attended = F.scaled_dot_product_attention(
                rotated(q, cos, sin).transpose(1, 2),
                keys[i].transpose(1, 2),
                values[i].transpose(1, 2),
                attn_mask=mask,
                is_causal=mask is None,
                enable_gqa=True,
            )
            x = x + F.linear(attended.transpose(1, 2).reshape(batch, count, -1), layer.out)
            gate, up = F.linear(F.rms_norm(x, (HIDDEN,), layer.norms[1], 1e-5), layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        return F.linear(F.rms_norm(x[:, -1], (HIDDEN,), self.last_norm, 1e-5), self.head).argmax(-1)


def cache(batch, length):
    return [torch.zeros(batch, length, KV_HEADS, HEAD, device="cuda", dtype=torch.bfloat16) for _ in range(LAYERS)]


def median_ms(work, times):
    for _ in range(3):
        work()
    taken = []
    for _ in range(times):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        taken.append(begin.elapsed_time(end))
    return sorted(taken)[times // 2]


def captured(work):
    """`work` as a graph, after it has run on a stream of its own."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph


def decode(model, batch, context, compiled):
    keys, values = cache(batch, context), cache(batch, context)
    tokens = torch.randint(0, VOCABULARY, (batch, 1), device="cuda")
    positions = torch.tensor([context - 1], device="cuda")
    mask = torch.ones(1, 1, 1, context, device="cuda", dtype=torch.bool)
    step = model.step
    if compiled:
        step = torch.compile(step, mode="max-autotune-no-cudagraphs", fullgraph=True, dynamic=False)
    graph = captured(lambda: step(tokens, positions, keys, values, mask))
    ms = median_ms(graph.replay, 50)
    print(f"| decode, {'compiled' if compiled else 'eager'}, one graph | {batch} x {context} | {ms:.2f} | {batch / ms * 1e3:.0f} |", flush=True)


def prefill(model, count):
    keys, values = cache(1, count), cache(1, count)
    tokens = torch.randint(0, VOCABULARY, (1, count), device="cuda")
    positions = torch.arange(count, device="cuda")
    ms = median_ms(lambda: model.step(tokens, positions, keys, values, None), 8)
    print(f"| prefill, eager | {count} | {ms:.1f} | {count / ms * 1e3:.0f} |", flush=True)


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--decode", default="1/512,64/1024")
    parser.add_argument("--prefill", default="2048,8192")
    parser.add_argument("--compiled", action="store_true")
    options = parser.parse_args()
    model = Model()
    print("| torch | shape | ms | tok/s |\n|---|---|---|---|")
    for shape in filter(None, options.decode.split(",")):
        decode(model, *map(int, shape.split("/")), options.compiled)
    for count in filter(None, options.prefill.split(",")):
        prefill(model, int(count))


main()
