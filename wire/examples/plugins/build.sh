#!/bin/sh
# Builds the filters and the component that holds them: build.sh OUT [HEDDLE]
#   apt-get install clang-19 lld-19
# The holder in JavaScript needs componentize-qjs from npm, in HEDDLE_NPM/node_modules; without it, script.wasm is left out.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
heddle=${2:-heddle}
cc=${CC_WASM:-clang-19}
mkdir -p "$out/wit/deps"

# What the holder imports, from the world of the plug-ins.
"$heddle" wit derive "$here/wit/filters.wit" -w filter-plugin -o "$out/derived"
cp "$here/app.toml" "$out"
cp "$here/wit/studio.wit" "$out/wit"
cp "$out/derived/"*.wit "$out/derived/deps/"*.wit "$out/wit/deps"

component() { # source wit world
    "$cc" --target=wasm32-unknown-unknown -std=c17 -O2 -Wall -Wextra -Werror -Wno-unused-function -nostdlib -ffreestanding -fno-builtin -c "$here/src/$1.c" -o "$out/$1.o"
    "$cc" --target=wasm32-unknown-unknown -nostdlib -Wl,--no-entry,-s "$out/$1.o" -o "$out/$1.core.wasm"
    "$heddle" component embed "$2" "$out/$1.core.wasm" -w "$3" -o "$out/$1.embedded.wasm"
    "$heddle" component new "$out/$1.embedded.wasm" -o "$out/$1.wasm"
    rm "$out/$1.o" "$out/$1.core.wasm" "$out/$1.embedded.wasm"
}

component shout "$here/wit/filters.wit" filter-plugin
component rot13 "$here/wit/filters.wit" filter-plugin
component linked "$here/wit/filters.wit" linked
component studio "$out/wit" studio

if [ -n "${HEDDLE_NPM:-}" ] && [ -x "$HEDDLE_NPM/node_modules/.bin/componentize-qjs" ]; then
    "$HEDDLE_NPM/node_modules/.bin/componentize-qjs" --js "$here/src/script.js" --wit "$out/wit" --world script -o "$out/script.wasm" > "$out/script.log"
fi
