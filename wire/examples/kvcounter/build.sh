#!/bin/sh
# Builds the four components into a folder, and composes them: build.sh OUT [HEDDLE]
#   apt-get install clang-19 lld-19
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=$1
heddle=${2:-heddle}
cc=${CC_WASM:-clang-19}
mkdir -p "$out"

component() { # source world
    "$cc" --target=wasm32-unknown-unknown -std=c17 -O2 -Wall -Wextra -Werror -Wno-unused-function -nostdlib -ffreestanding -fno-builtin -mbulk-memory -c "$here/src/$1.c" -o "$out/$1.o"
    "$cc" --target=wasm32-unknown-unknown -nostdlib -Wl,--no-entry,-s "$out/$1.o" -o "$out/$1.core.wasm"
    "$heddle" component embed "$here/wit" "$out/$1.core.wasm" -w "$2" -o "$out/$1.embedded.wasm"
    "$heddle" component new "$out/$1.embedded.wasm" -o "$out/$1.wasm"
    rm "$out/$1.o" "$out/$1.core.wasm" "$out/$1.embedded.wasm"
}

component receiver receiver
component kvcounter kvcounter
component sender sender
component wasmbus_sender wasmbus
component memory_bus memory-bus
component store runtime

"$heddle" compose "$out/receiver.wasm" -m httpserver="$out/kvcounter.wasm" -m keyvalue="$out/sender.wasm" -m wasmbus-sender="$out/wasmbus_sender.wasm" \
    -o "$out/composed.wasm"

# In service: the application alone, and the materializer behind it.
"$heddle" compose "$out/receiver.wasm" -m httpserver="$out/kvcounter.wasm" -m keyvalue="$out/sender.wasm" -o "$out/application.wasm"
cp "$here/app.toml" "$here/memory.toml" "$here/messages.toml" "$here/runtime.toml" "$here/src/bus.c" "$out"
"$heddle" gen c "$out/app.toml" --guest bus > "$out/bus.files"
"$cc" --target=wasm32-unknown-unknown -std=c17 -O2 -Wall -Wextra -Werror -nostdlib -ffreestanding -mbulk-memory -c "$out/bus.c" -o "$out/bus.o"
"$cc" --target=wasm32-unknown-unknown -std=c17 -O2 -Wall -Wextra -Werror -nostdlib -ffreestanding -mbulk-memory -c "$out/bus_glue.c" -o "$out/bus_glue.o"
"$cc" --target=wasm32-unknown-unknown -nostdlib -Wl,--no-entry,-s "$out/bus.o" "$out/bus_glue.o" -o "$out/bus.wasm"
rm "$out/bus.o" "$out/bus_glue.o" "$out/bus.files"
