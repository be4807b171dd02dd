#!/bin/sh
# Builds the guests of this folder as components: build.sh HEDDLE WIT OUT. WIT: the official interface files of WASI 0.3.0.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
heddle=$1 wit=$2 out=$3
clang=${CC_WASM:-clang-19}
target="--target=wasm32-unknown-unknown -nostdlib"
mkdir -p "$out/wit"
[ -d "$out/wit/deps" ] || cp -r "$wit" "$out/wit/deps"
cat > "$out/wit/world.wit" <<'WORLD'
package test:guests;
world program {
  import wasi:cli/stdout@0.3.0;
  import wasi:cli/environment@0.3.0;
  import wasi:sockets/types@0.3.0;
  import wasi:filesystem/types@0.3.0;
  import wasi:filesystem/preopens@0.3.0;
  export wasi:cli/run@0.3.0;
}
WORLD

# Compiling and linking are apart: clang 19 runs an installed wasm-opt when it links with -O.
for source in "$here"/*.c; do
    name=$(basename "$source" .c)
    "$clang" $target -O2 -Wall -Wextra -ffreestanding -c "$source" -o "$out/$name.o"
    "$clang" $target -Wl,--no-entry,-s "$out/$name.o" -o "$out/$name.core.wasm"
    "$heddle" component embed "$out/wit" "$out/$name.core.wasm" -w program -o "$out/$name.embedded.wasm"
    "$heddle" component new "$out/$name.embedded.wasm" -o "$out/$name.wasm"
done
