#!/bin/sh
# Takes out of a node_modules what no server on this machine loads: types, maps, texts, programs of dependencies, the second copy
# of the AWS SDK for bundlers, and addons of other platforms. Licences stay.
set -eu
cd "$1"
rm -rf .bin .package-lock.json
find . -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -iname 'readme*' -o -iname 'changelog*' \) -delete
find @aws-sdk @smithy @opentelemetry -depth -type d \( -name dist-types -o -name dist-es -o -name esm -o -name esnext \) -exec rm -rf {} +
find . -depth -type d \( -name test -o -name tests -o -name benchmarks -o -name benchmark -o -name .github \) -exec rm -rf {} +
keep="tokenizers.linux-$(node -p process.arch)-gnu.node"
find tokenizers -name '*.node' ! -name "$keep" -delete
test -f "tokenizers/$keep"
find . -depth -type d -empty -delete
