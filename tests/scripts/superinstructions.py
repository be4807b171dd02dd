#!/usr/bin/env python3
"""Every superinstruction of engine/hot.def runs in a program, and the program says the same with and without them, and in V8.

  bench/corpus/profile && tests/scripts/superinstructions.py

The programs are a generated one, with a function for each sequence that generated_sequences.py can write, and those that bench/corpus/profile
counted. A profile has the cells of every function, so that the cover that the engine chooses can be worked out here, and with it which sequences
ran. Prints those that did not."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from generated_sequences import FEEDERS, function, module

ROOT = Path(__file__).resolve().parent.parent.parent
PROFILES = ROOT / "build" / "profiles"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--node", default="node", metavar="PATH")
    parser.add_argument("--guests", default=str(ROOT / "build" / "guests"), metavar="FOLDER", help="of the tests' guests, as tests/guests/build.sh makes them")
    return parser.parse_args()


def sequences():
    """Of hot.def, those of two and more handlers, as tuples."""
    found = []
    for line in (ROOT / "engine" / "hot.def").read_text().splitlines():
        if line.startswith("HOT("):
            found.append(tuple(re.split(r", (?=[A-Z]+\()", line[len("HOT("):-1])))
    return {handlers for handlers in found if len(handlers) > 1}


def functions(profile):
    """Lists of (count, handler), one per function that ran."""
    cells = []
    for line in profile.read_text().splitlines():
        if line != "f":
            count, _, name = line.split(" ", 2)
            cells.append((int(count), name))
        elif cells:
            yield cells
            cells = []
    if cells:
        yield cells


def chosen(cells, known):
    """(the sequence or None, how often it was entered) of each dispatch, as hot.cpp covers the cells: the fewest dispatches."""
    names = [name for _, name in cells]
    best, length = [0] * (len(cells) + 1), [1] * len(cells)
    for at in range(len(cells) - 1, -1, -1):
        best[at] = best[at + 1] + 1
        for n in range(2, min(4, len(cells) - at) + 1):
            if tuple(names[at:at + n]) in known and best[at + n] + 1 <= best[at]:
                best[at], length[at] = best[at + n] + 1, n
    at = 0
    while at < len(cells):
        yield (tuple(names[at:at + length[at]]) if length[at] > 1 else None), cells[at][0]
        at += length[at]


def command_of(name, guests):
    """(file, options, arguments) of a profiled program."""
    for file in (PROFILES / f"{name}.wasm", ROOT / "build" / "bench" / f"{name}.wasm", Path(guests) / f"{name}.wasm"):
        if file.exists():
            return file, (["--invoke", "work()"] if name == "js" else [])
    return None, None


def run(words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=600)
    return done.returncode, done.stdout


def differences(name, chosen_options):
    """What is wrong with a program's outputs, as text."""
    file, words = command_of(name, chosen_options.guests)
    if file is None:
        return [f"{name}: its Wasm file is not there"]
    heddle = [chosen_options.heddle, "run", *words]
    with_them, without = run([*heddle, str(file)]), run([*heddle, "--no-superinstructions", str(file)])
    wrong = [] if with_them == without else [f"{name}: says something else without superinstructions"]
    if not words and not name.endswith("tour"):  # a command, not a component, that asks for nothing granted
        node = run([chosen_options.node, "--no-warnings", str(ROOT / "bench" / "node-wasi.mjs"), str(file)])
        wrong += [] if node == with_them else [f"{name}: says something else in V8"]
    return wrong


def ran_in(profile, known):
    return {sequence for cells in functions(profile) for sequence, count in chosen(cells, known) if sequence and count}


# Says what `all` gives, or which function traps: an address out of what was loaded may lie anywhere.
V8 = """const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1]));
try { console.log(new WebAssembly.Instance(m).exports.all().toString()) } catch (e) { console.log(/s\\d+_\\d+/.exec(e.stack)[0]) }"""


def generated(known, chosen_options):
    """(sequences that ran, what is wrong) of the generated program."""
    folder = ROOT / "build" / "superinstructions"
    folder.mkdir(parents=True, exist_ok=True)
    wat, wasm, profile = (folder / f"generated.{ending}" for ending in ("wat", "wasm", "profile"))
    texts = {name: text for i, sequence in enumerate(sorted(known)) for j, feeders in enumerate(FEEDERS)
             if (text := function(name := f"s{i}_{j}", sequence, feeders))}
    while True:
        wat.write_text(module(list(texts.values())))
        subprocess.run([chosen_options.heddle, "wat", str(wat), "-o", str(wasm)], check=True)
        code, said = run([chosen_options.node, "-e", V8, str(wasm)])
        if said.decode().strip() not in texts:
            break
        del texts[said.decode().strip()]
    heddle = [chosen_options.heddle, "run"]
    answers = [run([*heddle, *more, "--invoke", "all()", str(wasm)]) for more in ([], ["--no-superinstructions"])]
    subprocess.run([chosen_options.heddle, "profile", "-o", str(profile), "--invoke", "all()", str(wasm)], check=True, capture_output=True)
    wrong = [] if answers == [(code, said)] * 2 and code == 0 else [f"the generated program says {answers} and {said} in V8"]
    return ran_in(profile, known), wrong


def main():
    chosen_options = options()
    profiles = sorted(PROFILES.glob("*.profile"))
    if not profiles:
        sys.exit("superinstructions: no profiles; bench/corpus/profile makes them")
    known = sequences()
    made, wrong = generated(known, chosen_options)
    ran = made.union(*(ran_in(profile, known) for profile in profiles))
    wrong += [line for profile in profiles for line in differences(profile.stem, chosen_options)]
    missed = sorted(known - ran)
    for sequence in missed:
        print(f"did not run: {', '.join(sequence)}")
    print("\n".join(wrong) or f"{len(profiles)} programs say the same with and without superinstructions, and in V8")
    print(f"{len(ran)} of {len(known)} sequences ran, {len(made)} of them in the generated program")
    return 1 if wrong or missed else 0


if __name__ == "__main__":
    sys.exit(main())
