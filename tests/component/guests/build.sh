#!/bin/bash
# Makes the components in this folder from their sources. What is committed is what this makes.
#   build.sh              shapes.wasm from shapes.c: clang 19, lld 19, and heddle (HEDDLE names it)
#   build.sh --js FOLDER [OUT]   shapes-js.wasm (12 MB, not committed) from shapes.js: @bytecodealliance/componentize-js in FOLDER/node_modules
#   build.sh --qjs FOLDER [OUT]  shapes-qjs.wasm (1.6 MB, not committed) from shapes.js: componentize-qjs in FOLDER/node_modules
set -euo pipefail
cd "$(dirname "$0")"
heddle=${HEDDLE:-../../../build/release/heddle}
if [ "${1:-}" = --js ]; then
    folder=$(realpath "$2")
    out=$(realpath -m "${3:-shapes-js.wasm}")
    node --input-type=module - "$folder" "$out" <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
const { componentize } = await import(`${process.argv[2]}/node_modules/@bytecodealliance/componentize-js/src/componentize.js`);
const { component } = await componentize(readFileSync('shapes.js', 'utf8'), {
  witWorld: readFileSync('shapes.wit', 'utf8'), worldName: 'shapes', disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'] });
writeFileSync(process.argv[3], component);
JS
    exit
fi
if [ "${1:-}" = --qjs ]; then
    folder=$(realpath "$2")
    out=$(realpath -m "${3:-shapes-qjs.wasm}")
    node --input-type=module - "$folder" "$out" <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const { componentize } = createRequire(import.meta.url)(`${process.argv[2]}/node_modules/componentize-qjs`);
const { component } = await componentize({ witPath: 'shapes.wit', jsSource: readFileSync('shapes.js', 'utf8'), world: 'shapes', stubWasi: true });
writeFileSync(process.argv[3], component);
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
