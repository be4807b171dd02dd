#!/bin/sh
# Builds the three modules into a folder: build.sh OUT
#   apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
cc=${CC_WASM:-clang-19}
mkdir -p "$out"
for module in server telemetry gateway; do
    "$cc" --target=wasm32-wasi -mexec-model=reactor -std=c17 -O2 -Wall -Wextra -Werror -Wl,-s "$here/src/$module.c" -o "$out/$module.wasm"
done
