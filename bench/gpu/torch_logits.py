"""The engine's greedy answers beside Hugging Face transformers' own model on the same weights, by torch, token by token.

    engine-greedy <checkpoint> cuda > answers.json
    python bench/gpu/torch_logits.py <checkpoint> answers.json

Prints Markdown: how often the likeliest token is the same, and how far logprobs of the engine's 20 likeliest are apart, where
torch computes in bf16 and in float32; the last row is torch's bf16 beside its own float32, the yardstick of what bf16 costs.
The answers are fed to torch as they are, so that one early difference does not count again at each later place.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

checkpoint, answers_file = sys.argv[1:3]
device = "cuda" if torch.cuda.is_available() else "cpu"
answers = json.load(open(answers_file))


@torch.no_grad()
def logprobs(dtype):
    """Of each answer: [tokens of the answer, vocabulary], the distribution from which each token was taken."""
    torch.backends.cuda.matmul.allow_tf32 = False
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype).to(device).eval()
    result = []
    for answer in answers:
        tokens = torch.tensor([answer["prompt"] + answer["tokens"]], device=device)
        logits = model(tokens).logits[0, len(answer["prompt"]) - 1 : -1].float()
        result.append(logits.log_softmax(-1))
    return result


def engine_top(answer):
    top = torch.tensor(answer["top"], device=device)  # [tokens, 20, (token, logprob)]
    return top[..., 0].long(), top[..., 1]


def compare(name, other, top_of):
    same = places = 0
    largest, total, count = 0.0, 0.0, 0
    for index, answer in enumerate(answers):
        tokens, values = top_of(index, answer)
        apart = (other[index].gather(1, tokens) - values).abs()
        same += (other[index].argmax(-1) == tokens[:, 0]).sum().item()
        places += len(tokens)
        largest = max(largest, apart.max().item())
        total, count = total + apart.sum().item(), count + apart.numel()
    print(f"| {name} | {same} of {places} ({same / places:.1%}) | {total / count:.4f} | {largest:.4f} |")


def torch_top(distributions):
    def top(index, _):
        best = distributions[index].topk(20, dim=-1)
        return best.indices, best.values

    return top


exact = logprobs(torch.float32)
rounded = logprobs(torch.bfloat16)
spread = max(each.max().item() - each.mean().item() for each in exact)
print(f"{checkpoint}: {len(answers)} answers; the likeliest token is {spread:.1f} above the mean logprob at most\n")
print("| | likeliest token the same | mean difference of logprobs | largest |")
print("|---|---|---|---|")
compare("engine beside torch in float32", exact, lambda _, answer: engine_top(answer))
compare("engine beside torch in bf16", rounded, lambda _, answer: engine_top(answer))
compare("torch in bf16 beside torch in float32", exact, torch_top(rounded))
