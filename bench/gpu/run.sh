#!/bin/bash
# Reproduces the table of bench/results/*-gpu.md on the GPU of this machine and prints Markdown. About 6 minutes on an H200.
#   cmake -B out/cuda -S serving/engine -DNIM_CUDA=ON -DNIM_TESTS=OFF && cmake --build out/cuda -j
#   bench/gpu/run.sh out/cuda /dev/shm > table.md        (programs; a folder with 20 GB of room, in memory for the start's figure)
set -u
programs=$(realpath "$1")
work=$2
here=$(realpath "$(dirname "$0")")
model=$work/llama-3.1-8b-random
block() { printf '\n## %s\n\n```\n' "$1"; shift; timeout 120 "$@" 2>&1; printf '```\n'; }
table() { printf '\n## %s\n\n' "$1"; shift; timeout 120 "$@" 2>&1; }

printf '# The CUDA engine, %s\n\n' "$(date -u +%Y-%m-%dT%H:%MZ)"
nvidia-smi --query-gpu=name,memory.total,driver_version,power.limit,clocks.max.sm,clocks.max.mem --format=csv
printf 'commit %s\n' "${NIM_COMMIT:-$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)}"

block 'Limits of the card' "$programs/limits"
block 'Kernels against each other, the model of mma and doubles' "$programs/ops-check"
block 'Kernels, 8B shapes' "$programs/ops-bench"
[ -e "$model/model.safetensors.index.json" ] || python3 "$here/random_checkpoint.py" "$model"
for shape in qwen2.5-0.5b llama-3.2-1b; do
  "$programs/make-checkpoint" $shape "$work/$shape" --planted > /dev/null
  table "Engine: same bits in any company; the planted chain of $shape beside the CPU" "$programs/engine-compare" "$work/$shape" cuda cpu
done
"$programs/make-checkpoint" llama-3.2-1b "$work/random" > /dev/null
"$programs/engine-greedy" "$work/random" cuda > "$work/answers.json"
table "Engine beside torch's own Llama on the same random weights" python3 "$here/torch_logits.py" "$work/random" "$work/answers.json"
table 'Engine: random load, then a broken GPU' "$programs/engine-soak" "$work/random" 60 --backend cuda --break-gpu
table 'cuBLAS by torch, 8B shapes' python3 "$here/torch_gemm.py"
table 'Engine, 8B: decode, throughput' "$programs/engine-bench" "$model" --only decode,offline --pace-prefill off
table 'Engine, 8B: prompts, shared prefixes' "$programs/engine-bench" "$model" --only prefill,prefix
table 'Engine, 8B: decodes while a prompt arrives' "$programs/engine-bench" "$model" --only arrival
table 'Engine, 8B: long context' "$programs/engine-bench" "$model" --only decode --pace-prefill off --max-context 131072 --sequences 2
