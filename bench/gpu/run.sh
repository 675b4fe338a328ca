#!/bin/bash
# Reproduces the table of bench/results/*-gpu.md on the GPU of this machine and prints Markdown.
#   cmake -B out/cuda -S serving/engine -DNIM_CUDA=ON -DNIM_TESTS=OFF && cmake --build out/cuda -j
#   bench/gpu/run.sh out/cuda /dev/shm [part...] > table.md
# First the programs, then a folder with 40 GB of room, in memory for the start's figure. Without parts all of them run, about
# 12 minutes on an H200; each keeps what it printed in <folder>/results (NIM_RESULTS names another), and the last, `table`, makes
# the table of whatever lies there, so parts may run one after the other, on machines with little time.
#   limits kernels shapes engine torch-answers refusals restart decode prompts arrival offline long torch cublas soak table
# Seconds there: decode 40, offline 210, soak 120, kernels, arrival and torch 20 each, the others 15 or less; a build and the
# checkpoint 35. NIM_OFFLINE=128/128/1024,2048/128/256 names other rows than the four (input/output/requests) for `offline`.
# NIM_TORCH_COMPILED="1/512 64/1024" also runs torch's decode compiled for these shapes, 55 to 100 s each; NIM_SOAK is the soak's
# length in seconds (120).
set -u
programs=$(realpath "$1")
work=$2
shift 2
here=$(realpath "$(dirname "$0")")
results=${NIM_RESULTS:-$work/results}
all='limits kernels shapes engine torch-answers refusals restart decode prompts arrival offline long torch cublas soak table'
mkdir -p "$results"

big=$work/llama-3.1-8b-random
small=$work/llama-3.2-1b-random
big() { [ -e "$big/model.safetensors.index.json" ] || python3 "$here/random_checkpoint.py" "$big" > /dev/null; }
small() { [ -e "$small/config.json" ] || "$programs/make-checkpoint" llama-3.2-1b "$small" > /dev/null; }
bench() { big && timeout 300 "$programs/engine-bench" "$big" "$@" 2>&1; }
text() { printf '```\n'; timeout 120 "$@" 2>&1; printf '```\n'; }

# A program that must refuse: its one line, its exit status, and how long it took.
refusal() {
  local begin=$EPOCHREALTIME said status
  said=$(timeout 20 "$@" 2>&1 > /dev/null)
  status=$?
  printf '| %s | %d | %s |\n' "$said" "$status" "$(awk "BEGIN { printf \"%.2f\", $EPOCHREALTIME - $begin }")"
}

limits() {
  nvidia-smi --query-gpu=name,memory.total,driver_version,power.limit,clocks.max.sm,clocks.max.mem --format=csv
  printf 'commit %s, %s\n\n' "${NIM_COMMIT:-$(git -C "$here" rev-parse --short HEAD 2> /dev/null || echo unknown)}" "$(date -u +%Y-%m-%dT%H:%MZ)"
  text "$programs/limits"
}
kernels() { text "$programs/ops-check"; }
shapes() { text "$programs/ops-bench"; }
engine() {
  for shape in qwen2.5-0.5b llama-3.2-1b; do
    "$programs/make-checkpoint" $shape "$work/$shape" --planted > /dev/null
    timeout 120 "$programs/engine-compare" "$work/$shape" cuda cpu 2>&1
  done
}
torch-answers() {
  small && timeout 120 "$programs/engine-greedy" "$small" cuda > "$work/answers.json" && timeout 120 python3 "$here/torch_logits.py" "$small" "$work/answers.json" 2>&1
}
refusals() {
  big
  printf '| what it says | exit | s |\n|---|---|---|\n'
  refusal "$programs/engine-bench" "$big" --memory-gib 12
  refusal "$programs/engine-bench" "$big" --max-context 1000000
  refusal "$programs/engine-bench" "$big" --sequences 2000
  CUDA_VISIBLE_DEVICES= refusal "$programs/engine-bench" "$big"
}
restart() { big && timeout 60 "$programs/engine-restart" "$big" 2>&1; }
decode() { bench --only decode --pace-prefill off; } # so that all prompts are in before the first decode ends
prompts() { bench --only prefill,prefix; }
arrival() { bench --only arrival; }
offline() { bench --only offline ${NIM_OFFLINE:+--offline "$NIM_OFFLINE"}; }
long() { bench --only decode --decode 1/130000 --pace-prefill off --max-context 131072 --sequences 2; }
torch() {
  timeout 120 python3 "$here/torch_llama.py" 2>&1
  for shape in ${NIM_TORCH_COMPILED:-}; do
    timeout 180 python3 "$here/torch_llama.py" --compiled --decode "$shape" --prefill '' 2>&1
  done
}
cublas() { timeout 120 python3 "$here/torch_gemm.py" 2>&1; }
soak() { small && timeout 600 "$programs/engine-soak" "$small" "${NIM_SOAK:-120}" --backend cuda --memory-mib 2760 --greedy-admission --break-gpu 2>&1; } # some 380 pages
table() { python3 "$here/table.py" "$results"; }

for part in ${@:-$all}; do
  case " $all " in
    *" $part "*) ;;
    *) printf 'there is no part "%s": %s\n' "$part" "$all" >&2; exit 2 ;;
  esac
  { printf '\n## %s\n\n' "$part"; "$part"; } | tee "$results/$part.md"
done
