#!/usr/bin/env bash
# Makes the guest of one language, with its manifest, in build/orders/LANGUAGE or the folder named: build.sh c|cpp|js|rust|wit [FOLDER].
# HEDDLE names the program; js and wit need componentize-qjs from npm, in HEDDLE_NPM/node_modules.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
language=$1
out=${2:-$root/build/orders/$language}
heddle=${HEDDLE:-$root/build/release/heddle}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cp "$here/$language"/* "$out"
cp "$here/orders.json" "$out/.."
"$heddle" gen "$language" "$out/app.toml" > /dev/null
cd "$out"
componentize() { "${HEDDLE_NPM:?names a folder with componentize-qjs in node_modules}/node_modules/.bin/componentize-qjs" "$@"; }
case $language in
    # Compiled and linked apart: clang 19 runs an installed wasm-opt when it links with -O.
    c)
        clang-19 --target=wasm32 -O2 -nostdlib -ffreestanding -Wall -Wextra -Werror -c bill.c bill_glue.c
        clang-19 --target=wasm32 -nostdlib -Wl,--no-entry,-s bill.o bill_glue.o -o bill.wasm
        ;;
    cpp)
        clang++-19 --target=wasm32-wasi -std=c++20 -fno-exceptions -O2 -Wall -Wextra -Werror -Wno-deprecated -c bill.cpp bill_glue.cpp
        clang++-19 --target=wasm32-wasi -mexec-model=reactor -Wno-deprecated -Wl,-s bill.o bill_glue.o -o bill.wasm
        ;;
    rust) ${RUSTC:-rustc} --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -O -C strip=symbols bill.rs -o bill.wasm ;;
    js) cat bill.js bill_glue.js > whole.js && componentize --js whole.js --wit bill.wit --world wit-wire -o bill.wasm ;;
    wit) componentize --js bill.js --wit bill.wit --world guest -o bill.wasm ;;
esac
