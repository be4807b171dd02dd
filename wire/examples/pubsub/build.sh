#!/bin/sh
# Builds the three modules into a folder, as core modules and as components: build.sh OUT [HEDDLE]
#   apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
heddle=${2:-heddle}
cc=${CC_WASM:-clang-19}
flags="--target=wasm32-wasi -mexec-model=reactor -std=c17 -O2 -Wall -Wextra -Werror -Wl,-s -I$here/src"
mkdir -p "$out"
for module in server telemetry gateway; do
    "$cc" $flags -I"$here/src/modules" "$here/src/$module.c" -o "$out/$module.wasm"
    "$cc" $flags -I"$here/src/components" "$here/src/$module.c" "$here/src/components/posix.c" -o "$out/$module.core.wasm"
    "$heddle" component embed "$here/wit" "$out/$module.core.wasm" -w module -o "$out/$module.embedded.wasm"
    "$heddle" component new "$out/$module.embedded.wasm" -o "$out/$module.component.wasm"
    rm "$out/$module.core.wasm" "$out/$module.embedded.wasm"
done
