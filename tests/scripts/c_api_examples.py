#!/usr/bin/env python3
"""Compiles the public example programs of the standard C API, in C and C++, against an installed heddle and runs them under sanitizers.

    git clone https://github.com/WebAssembly/wasm-c-api
    cmake --install build/asan --prefix /tmp/heddle
    tests/scripts/c_api_examples.py wasm-c-api/example /tmp/heddle

The installed library should be that of the asan preset, so that leaks and overflows inside it are seen too."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
NAMES = ["callback", "finalize", "global", "hello", "hostref", "memory", "multi", "reflect", "serialize", "start", "table", "threads", "trap"]
# The one that ends without the last line that all others print.
SAYS_NOTHING_AT_THE_END = ["threads"]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("examples", type=pathlib.Path, help="the folder with the .c, .cc and .wat files")
    parser.add_argument("prefix", type=pathlib.Path, help="where heddle is installed")
    parser.add_argument("--cc", default="clang-19")
    parser.add_argument("--cxx", default="clang++-19")
    return parser.parse_args()


def flags(prefix, *words):
    path = next(prefix.rglob("heddle-engine.pc")).parent
    return subprocess.run(["pkg-config", *words, "heddle-engine"], env=dict(os.environ, PKG_CONFIG_PATH=str(path)), check=True, capture_output=True,
                          text=True).stdout.split()


def assemble(chosen, folder):
    for name in NAMES:
        subprocess.run([chosen.prefix / "bin/heddle", "wat", chosen.examples / f"{name}.wat", "-o", folder / f"{name}.wasm"], check=True)


def wrong(chosen, folder, source):
    """What is wrong with one program, or nothing."""
    compiler, standard = (chosen.cc, ["-std=c11", "-D_GNU_SOURCE"]) if source.suffix == ".c" else (chosen.cxx, ["-std=c++14"])
    compiled, program = folder / f"{source.name}.o", folder / source.name.replace(".", "_")
    for command in ([compiler, *standard, *SANITIZERS, *flags(chosen.prefix, "--cflags"), "-c", source, "-o", compiled],
                    [chosen.cxx, *SANITIZERS, compiled, *flags(chosen.prefix, "--static", "--libs"), "-o", program]):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr
    done = subprocess.run([program], cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode or done.stderr:
        return f"exit code {done.returncode}\n{done.stderr or done.stdout[-300:]}"
    if source.stem not in SAYS_NOTHING_AT_THE_END and not done.stdout.endswith("Done.\n"):
        return f"the last it says is {done.stdout[-60:]!r}"
    return ""


def main():
    chosen = options()
    chosen.examples, chosen.prefix = chosen.examples.resolve(), chosen.prefix.resolve()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        assemble(chosen, folder)
        sources = [chosen.examples / f"{name}{suffix}" for name in NAMES for suffix in (".c", ".cc")]
        for source in sources:
            problem = wrong(chosen, folder, source)
            failed += bool(problem)
            print(f"{'FAILED' if problem else 'passed'}    {source.name}", *problem.splitlines(), sep="\n    ", flush=True)
    print(f"{len(sources) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
