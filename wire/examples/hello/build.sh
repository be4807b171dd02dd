#!/usr/bin/env bash
# Makes the example's guests and its manifest in build/hello, or the folder named. JavaScript is made a component by componentize-qjs from npm, which lies in
# HEDDLE_NPM/node_modules or build/npm/node_modules; where it is missing, shout.js has a twin in C++. HEDDLE names the program.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
heddle=${HEDDLE:-$root/build/release/heddle}
componentize=${HEDDLE_NPM:-$root/build/npm}/node_modules/.bin/componentize-qjs
out=${1:-$root/build/hello}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cp "$here"/{app.toml,add.wat,shout.js} "$out"
cd "$here"
# Compiled and linked apart: clang 19 runs an installed wasm-opt when it links with -O.
compile() {
    clang-19 --target=wasm32-unknown-unknown -O2 -nostdlib -ffreestanding -fno-exceptions -c "$1" -o "$2.o"
    clang-19 --target=wasm32-unknown-unknown -nostdlib -Wl,--no-entry,-s "$2.o" -o "$2"
    rm "$2.o"
}
compile greet.c "$out/greet.wasm"
if [ -x "$componentize" ]; then
    cd "$out"
    "$heddle" gen js app.toml --guest shout > /dev/null
    cat shout.js shout_glue.js > shout_whole.js
    "$componentize" --js shout_whole.js --wit shout.wit --world wit-wire -o shout.wasm > /dev/null
else
    echo "no componentize-qjs in ${HEDDLE_NPM:-$root/build/npm}: shout.js gives way to shout.cpp" >&2
    compile shout.cpp "$out/shout.wasm"
    sed -i 's/kind = "wit-wire"/kind = "core-wire"/' "$out/app.toml"
fi
