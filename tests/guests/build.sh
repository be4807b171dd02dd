#!/bin/sh
# Builds the guests into build/guests: C and C++ always, the others when their tool chain is there.
#   apt-get install clang-19 lld-19 libclang-rt-19-dev-wasm32 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32
#   apt-get install rustc libstd-rust-dev-wasm32
#   apt-get install -t bookworm-backports golang-1.23-go
#   npm install --prefix build/npm assemblyscript@0.28.20 @assemblyscript/wasi-shim@0.1.0     (or NPM=elsewhere)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/guests
npm=${NPM:-$root/build/npm}
cc=${CC_WASM:-clang-19}
cxx=${CXX_WASM:-clang++-19}
mkdir -p "$out"

# Whether $2 has to be made again from $1.
stale() { [ ! -e "$2" ] || [ "$1" -nt "$2" ] || [ "$here/build.sh" -nt "$2" ]; }
left_out() { echo "guests: no $1: left out $2" >&2; }

# Compiling and linking are apart: clang 19 runs an installed wasm-opt when it links with -O.
link() { # driver source options...
    driver=$1 source=$2 wasm=$out/$3.wasm
    shift 3
    stale "$source" "$wasm" || return 0
    "$driver" --target=wasm32-wasi -Wno-deprecated -O2 "$@" -c "$source" -o "$wasm.o"
    "$driver" --target=wasm32-wasi -Wl,-s "$wasm.o" -o "$wasm"
    rm "$wasm.o"
}

for source in "$here"/c/*.c; do
    link "$cc" "$source" "c-$(basename "$source" .c)"
done
link "$cxx" "$here/cpp/tour.cpp" cpp-tour -std=c++20 -fno-exceptions

# Exceptions in both encodings: the legacy one, and exnref, which newer compilers write. The library's own support for them is not in Debian's
# packages; cpp/exception_abi.cpp is what it takes.
throwing() { # driver name options...
    driver=$1 wasm=$out/$2.wasm
    shift 2
    stale "$here/cpp/exceptions.cpp" "$wasm" || stale "$here/cpp/exception_abi.cpp" "$wasm" || return 0
    for source in exceptions exception_abi; do
        "$driver" --target=wasm32-wasi -Wno-deprecated -O2 -std=c++20 -fwasm-exceptions "$@" -c "$here/cpp/$source.cpp" -o "$wasm.$source.o"
    done
    "$cxx" --target=wasm32-wasi -Wl,-s "$wasm.exceptions.o" "$wasm.exception_abi.o" -o "$wasm"
    rm "$wasm.exceptions.o" "$wasm.exception_abi.o"
}
throwing "$cxx" cpp-exceptions-legacy
for newer in ${CXX_EXNREF:-clang++-23 clang++-22} none; do
    command -v "$newer" > /dev/null && break
done
if [ "$newer" = none ]; then
    left_out "clang 22 or newer" cpp-exceptions-exnref
else
    throwing "$newer" cpp-exceptions-exnref -mllvm -wasm-use-legacy-eh=false
fi

# A rustc with the wasm32-wasi library: Debian's, wherever another one stands in the PATH.
for rustc in /usr/bin/rustc rustc none; do
    [ "$rustc" = none ] && break
    sysroot=$("$rustc" --print sysroot 2>/dev/null) && [ -d "$sysroot/lib/rustlib/wasm32-wasi" ] && break
done
if [ "$rustc" = none ]; then
    left_out "rustc with wasm32-wasi" rust-tour
elif stale "$here/rust/tour.rs" "$out/rust-tour.wasm"; then
    "$rustc" --edition 2021 --target wasm32-wasi -O -C strip=symbols "$here/rust/tour.rs" -o "$out/rust-tour.wasm"
fi

for go in /usr/lib/go-1.23/bin/go go none; do
    [ "$go" = none ] && break
    "$go" tool dist list 2>/dev/null | grep -q wasip1/wasm && break
done
if [ "$go" = none ]; then
    left_out "go with wasip1" go-tour
elif stale "$here/go/tour.go" "$out/go-tour.wasm"; then
    GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 "$go" build -ldflags '-s -w' -o "$out/go-tour.wasm" "$here/go/tour.go"
fi

shim=$npm/node_modules/@assemblyscript/wasi-shim
if [ ! -d "$shim" ]; then
    left_out "AssemblyScript below $npm" assemblyscript-tour
elif stale "$here/assemblyscript/tour.ts" "$out/assemblyscript-tour.wasm"; then
    (cd "$npm" && node_modules/.bin/asc --config "$shim/asconfig.json" --baseDir / "$here/assemblyscript/tour.ts" -O --outFile "$out/assemblyscript-tour.wasm")
fi
