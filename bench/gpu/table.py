"""The table of bench/results/*-gpu.md from what the parts of run.sh have printed: python3 table.py <folder of part.md files>.

Peers are those of bench/results (recorded on a machine of the same kind, 2026-11-20); torch is of this run where it ran. Limits
are computed from this run's own: weights and keys at the best read measured, products at cuBLAS's best (4.3 TB/s and 732 TFLOP/s
where they were not measured). Where a part did not run, its rows are missing.
"""

import pathlib
import re
import sys

WEIGHTS = 15.009e9  # bytes that a decode step of Llama-3.1-8B reads in bf16
LINEAR, HEAD = 2 * 6.979e9, 2 * 0.525e9  # operations a token, and a sampled token
KV = 131072  # bytes of a token's keys and values
LAYERS, WIDTH = 32, 4096


def text_of(folder, part):
    path = folder / f"{part}.md"
    return path.read_text() if path.exists() else ""


def rows_of(text, columns):
    """Cells of the table rows that have so many columns."""
    rows = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if len(row) == columns]


def number(text):
    found = re.match(r"-?[\d.]+(e[+-]?\d+)?", text)
    return float(found[0]) if found else None


def numbers(text, columns):
    """Rows whose second cell is a number, by their first cell."""
    return {row[0]: row for row in rows_of(text, columns) if len(row) > 1 and number(row[1]) is not None}


class Limits:
    def __init__(self, folder):
        reads = [float(x) for x in re.findall(r"read, .*?([\d.]+) TB/s", text_of(folder, "limits"))]
        products = [number(row[3]) for row in rows_of(text_of(folder, "cublas"), 5) if number(row[3]) is not None]
        self.read = max(reads, default=4.3) * 1e12
        self.products = max(products, default=732) * 1e12

    def decode(self, batch, context):
        """Seconds of a step: weights and keys read once. Arithmetic is not counted."""
        return (WEIGHTS + batch * context * KV) / self.read

    def prefill(self, tokens):
        attention = 4 * tokens * tokens / 2 * WIDTH * LAYERS
        return (LINEAR * tokens + HEAD + attention) / self.products

    def serial(self, given, out, requests):
        """Seconds of an output token: prompts, then weights or arithmetic, then keys, nothing overlapped."""
        context = given + out / 2
        together = min(requests, 125e9 / KV / context)
        return (
            self.prefill(given) / out
            + max((LINEAR + HEAD) / self.products, WEIGHTS / together / self.read)
            + context * KV / self.read
        )


class Table:
    def __init__(self):
        print("| what | ours | target | ours of target | best peer recorded | torch in this run | limit | ours of limit | J/token |")
        print("|---|---|---|---|---|---|---|---|---|")

    def row(self, what, ours, target, peer, torch="-", limit=None, joules="-", smaller=False):
        share = lambda other: f"{100 * (other / ours if smaller else ours / other):.0f}%" if other else "-"
        show = lambda x: "-" if x is None else f"{x:,.0f}" if x >= 1000 else f"{x:.4g}"
        print(f"| {what} | {show(ours)} | {show(target)} | {share(target)} | {peer} | {torch} | {show(limit)} | {share(limit)} | {joules} |")


def torch_rates(folder):
    """Of each shape the fastest tokens a second, and of prompts the milliseconds."""
    best = {}
    for what, shape, ms, rate in rows_of(text_of(folder, "torch"), 4):
        if number(ms) is not None:
            value = number(ms) if what.startswith("prefill") else number(rate)
            if shape not in best or value > best[shape][0]:
                best[shape] = (value, f"{value:,.4g} ({what.split(', ')[1]})")
    return {shape: shown for shape, (_, shown) in best.items()}


def decode_rows(table, folder, limits, torch):
    measured = {(row[0], row[1]): row for row in rows_of(text_of(folder, "decode") + text_of(folder, "long"), 6) if number(row[0])}
    for batch, context, target, peer in (
        (1, 512, 265, "torch 217"), (1, 8192, 250, "torch 199"), (8, 1024, 1950, "vLLM 1,517"), (32, 1024, 6400, "vLLM 5,123"),
        (64, 1024, 9900, "torch 9,123"), (128, 1024, None, "-"), (256, 1024, 17600, "vLLM 14,709"), (1, 32000, None, "-"),
        (1, 130000, None, "-"),
    ):  # fmt: skip
        if row := measured.get((str(batch), str(context))):
            table.row(f"decode, batch {batch}, context {context:,} (tok/s)", number(row[4]), target, peer,
                      torch.get(f"{batch} x {context}", "-"), batch / limits.decode(batch, context), row[5])  # fmt: skip


def prompt_rows(table, folder, limits, torch):
    text = text_of(folder, "prompts")
    prompts = numbers(text, 2)
    for tokens, target, peer in ((2048, 46, "vLLM 51.4"), (8192, 205, "vLLM 216")):
        if row := prompts.get(str(tokens)):
            table.row(f"prefill, {tokens:,} tokens (ms)", number(row[1]), target, peer, torch.get(str(tokens), "-"),
                      1e3 * limits.prefill(tokens), smaller=True)  # fmt: skip
    shared, apart = (numbers(text, 3).get(name) for name in ("shared, cache empty", "nothing shared"))
    if shared and apart:
        table.row("32 requests, 2,048 shared tokens and 64 own: mean TTFT (ms)", number(shared[1]), 100, "vLLM 123", smaller=True)
        table.row("the same, as many times as fast as nothing shared", number(apart[1]) / number(shared[1]), 5, "vLLM 8.0")
    shapes = text_of(folder, "shapes")
    for keys in (32768, 131072):
        spread = re.search(rf"1 x {keys}\s+([\d.]+) ms\s+\d+ tok/s", shapes)
        alone = re.search(rf"1 x {keys}\s+([\d.]+) ms with one block", shapes)
        if spread and alone:
            table.row(f"batch 1, {keys:,} keys: splits against one block a head (times as fast)",
                      float(alone[1]) / float(spread[1]), 3 if keys > 100000 else None, "-")  # fmt: skip


def serving_rows(table, folder, limits):
    for prompt, peer in (("8192", "vLLM 29"), ("32000", "vLLM 47")):
        if row := numbers(text_of(folder, "arrival"), 6).get(f"{prompt} tokens"):
            table.row(f"64 decodes, {int(prompt):,} tokens arrive: largest gap / usual step (TTFT {number(row[5]):,.0f} ms)",
                      number(row[4]), 2, peer, smaller=True)  # fmt: skip
    starts = [number(row[1]) for part in ("decode", "prompts", "arrival", "offline") for row in rows_of(text_of(folder, part), 2) if row[0] == "ready"]
    if starts:
        table.row("start to ready, 16 GB in the page cache (s), slowest", max(starts), 2, "llama.cpp 3.4", smaller=True)
    if found := re.search(r"the next one is ready: ([\d.]+) s", text_of(folder, "restart")):
        table.row("fault, end of the process, next one ready (s)", float(found[1]), 2, "-", smaller=True)
    for shape, target, peer in (
        ("128/128", 18033, "vLLM 16,394, TensorRT-LLM (FP8) 27,911"), ("1000/1000", 10063, "vLLM 9,148, TensorRT-LLM 17,744"),
        ("2048/128", 2220, "vLLM 2,018, TensorRT-LLM 3,538"), ("2048/2048", 6674, "vLLM 6,067, TensorRT-LLM 12,194"),
    ):  # fmt: skip
        if row := numbers(text_of(folder, "offline"), 6).get(shape):
            given, out = map(int, shape.split("/"))
            limit = 1 / limits.serial(given, out, number(row[1]))
            table.row(f"output tok/s, {shape}, {row[1]} requests", number(row[2]), target, peer, limit=limit, joules=row[4])


def main():
    folder = pathlib.Path(sys.argv[1])
    limits = Limits(folder)
    torch = torch_rates(folder)
    print(f"Limits from {limits.read / 1e12:.2f} TB/s and {limits.products / 1e12:.0f} TFLOP/s.\n")
    table = Table()
    decode_rows(table, folder, limits, torch)
    prompt_rows(table, folder, limits, torch)
    serving_rows(table, folder, limits)


main()
