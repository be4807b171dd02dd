#!/usr/bin/env python3
"""Damaged modules never crash heddle: a small one is cut off at each byte and has each of its bits flipped, larger ones at random.

Each piece is validated and run with little fuel. It may be accepted or refused, with a message; a signal, a sanitizer's report, an
exit code that means neither, or no end within ten seconds is a failure, and the file is kept in build/broken."""

import argparse
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "broken"

TRAPPED = 134
# Valid, invalid, past a limit, no core module at all.
VALIDATED = (0, 1, 125, 126)
# How broken.wat ends when nothing is broken.
EXPECTED = 38
RUN = ["run", "--fuel", "1000000"]
REPORT = re.compile(rb"Sanitizer|runtime error:|Assertion .* failed|terminate called")


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth piece of the small module (default all)")
    parser.add_argument("--sample", type=int, default=300, metavar="N", help="pieces of each further module (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="files in one `heddle validate` (default %(default)s)")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("modules", nargs="*", help="further modules to damage at random places")
    return parser.parse_args()


def flipped(data, bit):
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << (bit % 8)
    return bytes(damaged)


def all_pieces(name, data):
    for size in range(len(data)):
        yield f"{name}-cut-{size}", data[:size]
    for bit in range(8 * len(data)):
        yield f"{name}-bit-{bit}", flipped(data, bit)


def some_pieces(name, data, count, chance):
    """Cuts, flips, and runs of bytes overwritten, repeated or removed."""
    for number in range(count):
        at, size = chance.randrange(len(data)), chance.randrange(1, 40)
        pieces = [
            data[:at],
            flipped(data, 8 * at + chance.randrange(8)),
            data[:at] + chance.randbytes(size) + data[at + size:],
            data[:at] + b"\xff" * size + data[at + size:],
            data[:at] + data[at:at + size] * 2 + data[at + size:],
            data[:at] + data[at + size:],
        ]
        yield f"{name}-{number}-{at}", pieces[number % len(pieces)]


def judge(command, timeout):
    """(exit code, what is wrong or None)."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return None, f"no end after {timeout} s"
    code, said = done.returncode, done.stderr
    if REPORT.search(said):
        return code, "report: " + said.decode(errors="replace")[:1500]
    if code < 0:
        return code, f"signal {-code}"
    if code >= 128 and code != TRAPPED:
        return code, f"exit code {code}: {said.decode(errors='replace')[-300:]}"
    return code, None


def validate(heddle, files):
    """What is wrong, by file. A batch that fails is tried again file by file."""
    code, wrong = judge([heddle, "validate", *map(str, files)], 10 + len(files))
    if wrong is None and code in VALIDATED:
        return {}
    return {file: wrong for file in files if (wrong := complaint(judge([heddle, "validate", str(file)], 10)))}


def run(heddle, file):
    code, wrong = judge([heddle, *RUN, str(file)], 10)
    return wrong


def complaint(judged):
    code, wrong = judged
    return wrong or (None if code in VALIDATED else f"validate ended with exit code {code}")


def main():
    chosen = options()
    if not Path(chosen.heddle).exists():
        sys.exit(f"broken files: {chosen.heddle} is not there")
    BUILD.mkdir(parents=True, exist_ok=True)
    chance = random.Random(chosen.seed)
    small = BUILD / "small.wasm"
    features = ["--enable-simd", "--enable-bulk-memory", "--enable-nontrapping-float-to-int", "--debuginfo"]
    subprocess.run(["wasm-opt", str(HERE / "broken.wat"), *features, "-o", str(small)], check=True, capture_output=True)
    code, wrong = judge([chosen.heddle, *RUN, str(small)], 10)
    if wrong or code != EXPECTED:
        sys.exit(f"broken files: the undamaged module ends with {code} instead of {EXPECTED}: {wrong}")

    pieces = [piece for number, piece in enumerate(all_pieces("small", small.read_bytes())) if number % chosen.every == 0]
    for path in map(Path, chosen.modules):
        pieces += some_pieces(path.stem, path.read_bytes(), chosen.sample, chance)

    failures = {}
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for start in range(0, len(pieces), chosen.batch):
            files = []
            for name, data in pieces[start:start + chosen.batch]:
                files.append(BUILD / f"{name}.wasm")
                files[-1].write_bytes(data)
            found = validate(chosen.heddle, files)
            for file, wrong in zip(files, pool.map(lambda each: run(chosen.heddle, each), files)):
                if wrong:
                    found[file] = wrong
            for file in files:
                if file not in found:
                    file.unlink()
            for file, wrong in found.items():
                print(f"{file}: {wrong}", flush=True)
            failures |= found
    print(f"{len(pieces) - len(failures)} of {len(pieces)} damaged files end as they should")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
