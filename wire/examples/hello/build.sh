#!/usr/bin/env bash
# Compiles the example's guests beside their sources, or into the folder named.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"
flags=(--target=wasm32-unknown-unknown -O2 -nostdlib -ffreestanding -fno-exceptions -Wl,--no-entry,-s)
clang-19 "${flags[@]}" greet.c -o "$out/greet.wasm"
clang++-19 "${flags[@]}" shout.cpp -o "$out/shout.wasm"
[ "$out" = "$here" ] || cp app.toml add.wat "$out"
