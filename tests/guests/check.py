#!/usr/bin/env python3
"""Builds the guests, runs each in heddle and in Node's own WASI, and compares output, exit code and the files left behind."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "guests"
LOADER = ROOT / "bench" / "node-wasi.mjs"

TOUR_INPUT = b"first\nsecond line\n"
TOUR_ARGUMENTS = ["one", "two words", "", "\u00fcn\u00ef"]
BYTES = bytes((i * i + i // 7) & 255 for i in range(300_000))
GRANT = ["--dir", "data::/data"]
GREETING = ["--env", "GREETING=hello"]


@dataclass
class Case:
    """One run. `expected` names a file below expected/; without it only what `stdout` says is compared."""

    name: str
    guest: str
    arguments: list = field(default_factory=list)
    options: list = field(default_factory=lambda: [*GRANT, *GREETING])
    stdin: bytes = b""
    expected: str = ""
    stdout: bytes | None = None
    stderr: str = ""  # must be part of what heddle says
    code: int = 0
    node: bool = True  # whether Node's answer is worth comparing


def tour(language):
    # PWD for Go alone, which otherwise starts in the first directory granted.
    options = [*GRANT, *GREETING, "--env", "PWD=/"]
    return Case(f"{language} tour", f"{language}-tour", TOUR_ARGUMENTS, options, stdin=TOUR_INPUT, expected="tour.txt", code=7)


def trap(way, message):
    return Case(f"trap: {way}", "c-trap", [way], stdout=b"before\n", stderr=message, code=134, node=False)


def end(way, code):
    return Case(f"end: {way}", "c-trap", [way], stdout=b"before\n", code=code)


CASES = [
    *(tour(language) for language in ("c", "cpp", "rust", "go", "assemblyscript")),
    Case("nothing granted", "c-tour", [], [], expected="nothing.txt", stderr="cannot open data/input.txt", code=1, node=False),
    Case("nothing granted, Rust", "rust-tour", [], [], expected="nothing.txt", stderr="cannot open data/input.txt", code=1, node=False),
    Case("nothing granted, Go", "go-tour", [], [], expected="nothing.txt", stderr="data/input.txt", code=1, node=False),
    Case("files", "c-files", expected="files.txt"),
    Case("escapes are refused", "c-refused", expected="escapes.txt", node=False),  # Node follows a link that leads out
    Case("two grants", "c-refused", options=[*GRANT, "--dir", "data/sub::/data/sub"], expected="escapes.txt", node=False),
    Case("a read-only directory", "c-refused", ["read-only"], ["--dir", "data::/data:ro"], expected="read-only.txt", node=False),
    Case("clocks, randomness, poll", "c-clock", stdin=b"ready\n", expected="clock.txt", node=False),  # Node never finds a pipe ready for writing
    Case("clocks, randomness", "c-clock", ["no poll"], expected="clock-only.txt"),
    Case("streams and numbers", "c-stdio", stdin=BYTES, expected="stdio.txt", stderr="to the other stream", code=41),
    *(case for encoding in ("legacy", "exnref") for case in (
        Case(f"exceptions, {encoding}", f"cpp-exceptions-{encoding}", expected="exceptions.txt", node=encoding == "legacy"),  # exnref: from Node 24 on
        Case(f"uncaught, {encoding}", f"cpp-exceptions-{encoding}", ["uncaught"], expected="exceptions.txt", stderr="uncaught exception", code=134, node=False))),
    trap("divide", "integer divide by zero"),
    trap("unreachable", "unreachable"),
    trap("bounds", "out of bounds memory access"),
    trap("recursion", ""),  # its own stack in memory or the engine's, whichever ends first
    trap("pointer", "indirect call type mismatch"),
    trap("abort", "unreachable"),
    end("exit", 255),
    end("_Exit", 0),
    end("return", 3),
    Case("timeout", "c-trap", ["loop"], ["--timeout", "300ms"], stdout=b"before\n", code=124, node=False),
    Case("fuel", "c-trap", ["loop"], ["--fuel", "10000000"], stdout=b"before\n", code=125, node=False),
]


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--no-heddle", action="store_true", help="only check that Node gives what is expected")
    parser.add_argument("--no-node", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--only", metavar="TEXT", help="only cases whose name holds TEXT")
    return parser.parse_args()


def lay_out(folder):
    """A fresh directory to grant, with links that lead out of it, and a secret beside it."""
    shutil.copytree(HERE / "data", folder / "data")
    (folder / "data" / "sub").mkdir()
    (folder / "secret.txt").write_text("secret\n")
    (folder / "data" / "link-out").symlink_to("../secret.txt")
    (folder / "data" / "link-absolute").symlink_to("/etc/passwd")
    (folder / "data" / "link-parent").symlink_to("..")


def tree(folder):
    """Everything in a directory by path: a file's bytes, a link's target, or None for a directory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        found[name] = os.readlink(path) if path.is_symlink() else None if path.is_dir() else path.read_bytes()
    return found


def run(engine, case):
    """(exit code, stdout, stderr, files) of one run in a directory of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        command = [*engine, *case.options, str(BUILD / f"{case.guest}.wasm"), *case.arguments]
        try:
            done = subprocess.run(command, cwd=folder, input=case.stdin, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "no end after 60 s", b"", b"", {}
        return done.returncode, done.stdout, done.stderr, tree(folder)


def first_difference(expected, got):
    for number, (left, right) in enumerate(zip(expected.splitlines(), got.splitlines()), 1):
        if left != right:
            return f"line {number}: {right[:200]!r} instead of {left[:200]!r}"
    return f"{len(got)} bytes instead of {len(expected)}"


def check(case, engine, result):
    """What is wrong with a result, as lines."""
    code, stdout, stderr, _ = result
    wrong = []
    if code != case.code:
        wrong.append(f"exit code {code} instead of {case.code}")
    expected = (HERE / "expected" / case.expected).read_bytes() if case.expected else case.stdout
    if expected is not None and stdout != expected:
        wrong.append(first_difference(expected, stdout))
    if case.stderr and case.stderr not in stderr.decode(errors="replace"):
        wrong.append(f"stderr does not say {case.stderr!r}")
    if wrong and stderr:
        wrong.append("stderr: " + stderr.decode(errors="replace").strip()[-400:])
    return [f"{engine}: {line}" for line in wrong]


def check_case(case, engines):
    """What is wrong with a case in any of the engines, and between them."""
    results = {name: run(command, case) for name, command in engines.items()}
    wrong = [line for name, result in results.items() for line in check(case, name, result)]
    if len(results) == 2 and results["heddle"][3] != results["node"][3]:
        wrong.append("the files left behind differ from Node's")
    return wrong


def main():
    chosen = options()
    if not chosen.no_build:
        subprocess.run([str(HERE / "build.sh")], check=True)
    engines = {}
    if not chosen.no_heddle:
        if not Path(chosen.heddle).exists():
            sys.exit(f"guests: {chosen.heddle} is not there")
        engines["heddle"] = [str(Path(chosen.heddle).resolve()), "run"]
    if not chosen.no_node and shutil.which("node"):
        engines["node"] = ["node", "--no-warnings", str(LOADER)]
    passed = failed = left_out = 0
    for case in CASES:
        if chosen.only and chosen.only not in case.name:
            continue
        usable = {name: command for name, command in engines.items() if name != "node" or case.node}
        if not usable or not (BUILD / f"{case.guest}.wasm").exists():
            print(f"left out  {case.name}: {'not built' if usable else 'not for Node'}")
            left_out += 1
        elif wrong := check_case(case, usable):
            print(f"FAILED    {case.name}", *wrong, sep="\n    ")
            failed += 1
        else:
            print(f"passed    {case.name}")
            passed += 1
    print(f"{passed} passed, {failed} failed, {left_out} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
