#!/usr/bin/env python3
"""Every preview 1 guest as a component, made by `jco new --wasi-command`: it must do what its core module does.

Compared: output, exit code, and the files left behind. Differences that the adapter inside the component makes, and not heddle, are listed
with their reason; one that has gone is a failure too."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "guests"))
import check  # noqa: E402

ADAPTER = {
    "exit code": "wasi:cli/exit knows success and failure only: 1 stands for every other code",
}
# Cases in which the component does something else in every host, with the reason.
ADAPTERS_OWN = {
    "streams and numbers": "the adapter tells the end of standard input after 123,903 of 300,000 bytes, under `jco run` on Node too",
    "assemblyscript tour": "the adapter's args_get stops at an assertion of its own, under `jco run` on Node too",
}

def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(check.ROOT / "build/release/heddle"), metavar="PATH")
    parser.add_argument("--npm", default=os.environ.get("HEDDLE_NPM", str(check.ROOT / "build/npm")), metavar="DIR", help="holds node_modules with @bytecodealliance/jco")
    parser.add_argument("--only", metavar="TEXT")
    parser.add_argument("--short", action="store_true", help="the first case of each guest in C")
    return parser.parse_args()


def convert(jco, guest, folder):
    target = folder / f"{guest}.wasm"
    if not target.exists():
        subprocess.run(["node", jco, "new", str(check.BUILD / f"{guest}.wasm"), "--wasi-command", "-o", str(target)], check=True, capture_output=True)
    return target


def run(heddle, program, case):
    """(exit code, stdout, files)"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        check.lay_out(folder)
        done = subprocess.run([heddle, "run", *case.options, str(program), *case.arguments], cwd=folder, input=case.stdin, capture_output=True, timeout=120)
        return done.returncode, done.stdout, check.tree(folder)


def expected_code(core):
    """What the adapter makes of an exit code of the guest's own; those of traps and limits are heddle's."""
    return core if core in (0, 124, 125, 134) else 1


def main():
    chosen = options()
    jco = Path(chosen.npm) / "node_modules/@bytecodealliance/jco/dist/jco.js"
    if not jco.exists():
        jco = Path(chosen.npm) / "node_modules/@bytecodealliance/jco/src/jco.js"
    if not jco.exists():
        print(f"converted: left out: no @bytecodealliance/jco below {chosen.npm}/node_modules")
        return 77
    heddle = str(Path(chosen.heddle).resolve())
    if not (check.BUILD / "c-tour.wasm").exists():
        subprocess.run([str(check.HERE / "build.sh")], check=True)
    same = failed = left_out = known_differences = 0
    seen = set()
    with tempfile.TemporaryDirectory() as name:
        for case in check.CASES:
            core = check.BUILD / f"{case.guest}.wasm"
            if (chosen.only and chosen.only not in case.name) or (chosen.short and (case.guest in seen or not case.guest.startswith("c-"))):
                continue
            seen.add(case.guest)
            if not core.exists():
                print(f"left out  {case.name}: not built")
                left_out += 1
                continue
            before = run(heddle, core, case)
            after = run(heddle, convert(jco, case.guest, Path(name)), case)
            wrong = []
            if after[0] != expected_code(before[0]):
                wrong.append(f"exit code {after[0]} after {before[0]}")
            if after[1] != before[1]:
                wrong.append(check.first_difference(before[1], after[1]))
            if after[2] != before[2]:
                wrong.append("the files left behind differ")
            known = case.name in ADAPTERS_OWN
            print(f"{'as known' if wrong and known else 'DIFFERENT' if wrong or known else 'same':9} {case.name}", *wrong, sep="\n    ")
            failed += bool(wrong) != known
            same += not wrong
            known_differences += bool(wrong) and known
    print(f"{same} the same, {known_differences} different as known, {failed} different, {left_out} left out")
    for what, why in {**ADAPTER, **ADAPTERS_OWN}.items():
        print(f"({what}: {why})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
