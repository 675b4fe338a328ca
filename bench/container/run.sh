#!/bin/bash
# On a GPU machine, as root, from the root of a checkout: run.sh FOLDER, which pack.sh made. Markdown on stdout.
set -u
folder=$(realpath "$1")
model=${MODEL:-llama-3.1-8b-random}
work=${WORK:-/dev/shm/nim}
root=/var/tmp/nim-root
# The first profile of the manifest, whose checkpoint is replaced by a random one of the same size.
hub=$work/huggingface/hub/models--meta-llama--Llama-3.1-8B-Instruct
commit=$(printf '%040d' 1)
mkdir -p "$root" "$hub/refs" "$hub/snapshots"
xz -dc "$folder/root.tar.xz" | tar -x --numeric-owner -C "$root" &
if [ -d "$model" ]; then cp -r "$model" "$hub/snapshots/$commit"
else timeout 120 python3 "$folder/random_checkpoint.py" "$hub/snapshots/$commit" || exit 1; fi
chmod -R a+rX "$work"
printf %s "$commit" | tee "$hub/refs/main" > "$hub/refs/$commit"
wait
export LD_LIBRARY_PATH=$folder/crun${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} PATH=$folder/crun:$PATH
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader
# The bundle looks for the embedded model where its source would.
cp "$folder/gpu.mjs" serving/server/test/image/gpu.mjs
profile=$(sed -n "s/^- id: '\(.*\)'/\1/p" "$root/opt/nim/etc/default/model_manifest.yaml" | head -1)
timeout 300 "$root/usr/local/bin/node" serving/server/test/image/gpu.mjs "$root" "$folder/image.json" "$work" "$profile" ${LOAD:-}
rm -f serving/server/test/image/gpu.mjs
