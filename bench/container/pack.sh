#!/bin/sh
# Packs the built image with what runs it where there is neither Docker nor a registry: pack.sh FOLDER
# Some 50 MB: the image's root, its configuration, crun with its libraries, gpu.ts as one file. Then, on the GPU machine, from
# the root of a checkout with that folder: sh FOLDER/run.sh FOLDER
set -eu
folder=$1
here=$(dirname "$(realpath "$0")")
store=${XDG_CACHE_HOME:-$HOME/.cache}/nim-constructs/image
in_store() { buildah --root "$store/storage" --runroot "$store/run" "$@"; }
image=localhost/nim-serving:cuda

rm -rf "$folder"
mkdir -p "$folder/crun"
container=$(in_store from --pull-never "$image")
tar -C "$(in_store mount "$container")" --numeric-owner --sort=name -c . | xz -T0 -6 > "$folder/root.tar.xz"
in_store rm "$container" > /dev/null
in_store inspect --type image "$image" > "$folder/image.json"
cp "$(command -v crun)" "$folder/crun/"
ldd "$(command -v crun)" | awk '/=>/ && !/libc.so/ { print $3 }' | xargs cp -Lt "$folder/crun"
cp "$here/run.sh" "$here/../gpu/random_checkpoint.py" "$here/../gpu/random_tokenizer.py" "$folder/"
npx esbuild "$here/gpu.ts" --bundle --platform=node --format=esm --log-level=error --outfile="$folder/gpu.mjs" \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
du -sh "$folder" | cut -f1
