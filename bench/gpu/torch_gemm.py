"""bf16 products of an 8B model's shapes through cuBLAS (torch): what a library reaches on this card.

Random data; the weights rotate through more than the L2 holds. Prints Markdown, the median of 20 products each.
"""

import itertools

import torch

SHAPES = {"qkv": (6144, 4096), "o": (4096, 4096), "gate_up": (28672, 4096), "down": (4096, 14336)}
ROWS = (64, 128, 256, 2048, 8192)


def median_seconds(work, warm=4, times=20):
    for _ in range(warm):
        work()
    torch.cuda.synchronize()
    taken = []
    for _ in range(times):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        work()
        end.record()
        torch.cuda.synchronize()
        taken.append(begin.elapsed_time(end) * 1e-3)
    return sorted(taken)[times // 2]


print("| cuBLAS | rows | us | TFLOP/s | TB/s of weights |")
print("|---|---|---|---|---|")
for name, (out, inner) in SHAPES.items():
    weights = [torch.randn(out, inner, device="cuda", dtype=torch.bfloat16) * 0.02 for _ in range(8)]
    for rows in ROWS:
        x = torch.randn(rows, inner, device="cuda", dtype=torch.bfloat16)
        rotating = itertools.cycle(weights)
        seconds = median_seconds(lambda: torch.mm(x, next(rotating).t()))
        flops, size = 2 * rows * out * inner, 2 * out * inner
        print(f"| {name} | {rows} | {seconds * 1e6:.1f} | {flops / seconds / 1e12:.0f} | {size / seconds / 1e12:.2f} |", flush=True)
