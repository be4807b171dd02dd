#!/usr/bin/env python3
"""Compares the sources that a backtrace names with llvm-symbolizer's, over many traps of a C program.

Usage: dwarf.py [--heddle PROGRAM]. Needs clang, wasm-ld and llvm-symbolizer (19, or the newest found); says so and ends with 77 without them."""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ["-19", "", "-22", "-21", "-20", "-18"]
OPTIONS = [["-gdwarf-4", "-O0"], ["-gdwarf-4", "-O2"], ["-gdwarf-5", "-O0"], ["-gdwarf-5", "-O2"], ["-gdwarf-5", "-O2", "-fdebug-types-section"], ["-gdwarf-4", "-Os"]]


def tool(name):
    return next((found for v in VERSIONS if (found := shutil.which(name + v))), None)


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def code_start(data):
    """Where the code section's contents begin: DWARF counts from there."""
    at = 8
    while at < len(data):
        kind = data[at]
        size, at = leb(data, at + 1)
        if kind == 10:
            return at
        at += size
    raise SystemExit("the module has no code")


def traced(heddle, module, which):
    """Frames of one trap: (offset, [(function, file:line:column)])."""
    done = subprocess.run([heddle, "run", "--invoke", f"run({which})", str(module)], capture_output=True, text=True, check=False)
    frames = []
    for line in done.stderr.splitlines():
        if match := re.match(r"  \d+: .*@0x([0-9a-f]+)$", line):
            frames.append((int(match[1], 16), []))
        elif match := re.match(r"       (\S+) at (.+)$", line):
            frames[-1][1].append((match[1], match[2]))
    return frames


def symbolized(symbolizer, module, addresses):
    """The same by the other reader, for addresses in the code section."""
    text = subprocess.run([symbolizer, f"--obj={module}", "--inlines", "--functions=short"], input="\n".join(f"{a:#x}" for a in addresses) + "\n",
                          capture_output=True, text=True, check=True).stdout
    answers = []
    for block in text.strip("\n").split("\n\n"):
        lines = block.splitlines()
        answers.append([(lines[i], lines[i + 1]) for i in range(0, len(lines) - 1, 2)])
    return answers


def plain(place):
    """Path, line and column; what is 0 need not be said, nor dots in the path."""
    path, line, column = re.fullmatch(r"(.*?)(?::(\d+))?(?::(\d+))?", place).groups()
    return os.path.normpath(path.strip("?")), int(line or 0), int(column or 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--heddle", default=str(HERE.parent.parent / "build/release/heddle"))
    heddle = parser.parse_args().heddle
    clang, linker, symbolizer = tool("clang"), tool("wasm-ld"), tool("llvm-symbolizer")
    if not clang or not linker or not symbolizer:
        print("skipped: clang, wasm-ld and llvm-symbolizer are needed")
        return 77
    frames = inlined = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for options in OPTIONS:
            module = pathlib.Path(folder) / "traps.wasm"
            compiled = module.with_suffix(".o")
            subprocess.run([clang, "--target=wasm32-unknown-unknown", "-ffreestanding", *options, "-c", str(HERE / "dwarf/traps.c"), "-o", str(compiled)],
                           check=True)
            subprocess.run([linker, "--no-entry", str(compiled), "-o", str(module)], check=True)
            start = code_start(module.read_bytes())
            for which in [0, 1, 2, 3, 4, 5, 9]:
                trace = traced(heddle, module, which)
                if not trace:
                    print(f"{options} run({which}): no backtrace")
                    wrong += 1
                expected = symbolized(symbolizer, module, [offset - start for offset, _ in trace])
                for (offset, ours), theirs in zip(trace, expected, strict=True):
                    frames += 1
                    inlined += len(ours) > 1
                    if [(f, plain(p)) for f, p in ours] != [(f, plain(p)) for f, p in theirs]:
                        wrong += 1
                        print(f"{options} run({which}) @{offset:#x}:\n  ours   {ours}\n  theirs {theirs}")
    print(f"{frames} frames, {inlined} of them with inlined functions, {wrong} differ")
    return 1 if wrong or frames < 100 or inlined < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
