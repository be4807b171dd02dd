#!/bin/bash
# Makes the components in this folder from their sources. What is committed is what this makes.
#   build.sh              shapes.wasm from shapes.c: clang 19, lld 19, and heddle (HEDDLE names it)
#   build.sh --js FOLDER  shapes-js.wasm (12 MB, not committed) from shapes.js: @bytecodealliance/componentize-js in FOLDER/node_modules
set -euo pipefail
cd "$(dirname "$0")"
heddle=${HEDDLE:-../../../build/release/heddle}
if [ "${1:-}" = --js ]; then
    folder=$(realpath "$2")
    node --input-type=module - "$folder" <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
const { componentize } = await import(`${process.argv[2]}/node_modules/@bytecodealliance/componentize-js/src/componentize.js`);
const { component } = await componentize(readFileSync('shapes.js', 'utf8'), {
  witWorld: readFileSync('shapes.wit', 'utf8'), worldName: 'shapes', disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'] });
writeFileSync('shapes-js.wasm', component);
JS
    exit
fi
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
# Compiling and linking are apart: clang 19 runs an installed wasm-opt when it links with -O.
clang-19 --target=wasm32-unknown-unknown -O2 -ffreestanding -mbulk-memory -Wall -Wextra -Wno-unused-parameter -c shapes.c -o "$made/shapes.o"
wasm-ld-19 --no-entry -s "$made/shapes.o" -o "$made/shapes.core.wasm"
"$heddle" component embed shapes.wit "$made/shapes.core.wasm" -w shapes -o "$made/embedded.wasm"
"$heddle" component new "$made/embedded.wasm" -o shapes.wasm
