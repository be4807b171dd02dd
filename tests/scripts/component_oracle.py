#!/usr/bin/env python3
"""Every world of the official WASI packages, made into a component by heddle and by wasm-tools (inside npm's @bytecodealliance/jco): each reads what
the other wrote, and both components have the same WIT. Also a preview 1 program in C with jco's adapter.

  component_oracle.py --node-modules DIR [--suites DIR]"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return fopen("x", "r") != 0; }\n'


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--node-modules", required=True, type=Path, help="where @bytecodealliance/jco is installed")
    parser.add_argument("--suites", default=os.environ.get("HEDDLE_SUITES", str(ROOT / "spec-tests" / "suites")), type=Path)
    return parser.parse_args()


class Tools:
    """Both tools; a failure is remembered with what was said."""

    def __init__(self, heddle, node_modules):
        self.heddle_path, self.modules, self.failures = heddle, node_modules.resolve(), []

    def run(self, about, command):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            self.failures.append(f"{about}: {' '.join(map(str, command[:6]))}: {done.stderr.strip()[:400]}")
        return done.stdout

    def heddle(self, about, *args):
        return self.run(about, [self.heddle_path, *args])

    def other(self, about, *args):
        return self.run(about, ["node", HERE / "wasm_tools.mjs", self.modules, *args])

    def same(self, about, mine, theirs):
        if mine != theirs:
            self.failures.append(f"{about}: differs\n--- heddle\n{mine}--- wasm-tools\n{theirs}")


def packages(suites):
    """The folders of one version, each a package; the others are its dependencies."""
    for version in sorted(p for p in (suites / "wit").iterdir() if p.is_dir()):
        for package in sorted(p for p in version.iterdir() if p.is_dir()):
            yield version, package


def check_world(tools, about, wit, world, work):
    at = {name: work / f"{name}.wasm" for name in ("dummy", "theirs", "mine", "embedded", "mixed")}
    tools.other(about, "dummy", wit, world, at["dummy"])
    if not at["dummy"].exists():
        return
    tools.other(about, "new", at["dummy"], at["theirs"])
    tools.heddle(about, "component", "new", at["dummy"], "-o", at["mine"])
    theirs = tools.other(about, "wit", at["theirs"])
    tools.same(f"{about}: WIT of the components", tools.other(about, "wit", at["mine"]), theirs)
    # What heddle embeds, wasm-tools makes a component of; the world is the same as if it had embedded it. The dummy's own world comes first.
    tools.heddle(about, "component", "embed", wit, at["dummy"], "-w", world, "-o", at["embedded"])
    tools.other(about, "new", at["embedded"], at["mixed"])
    tools.same(f"{about}: WIT with heddle's world", tools.other(about, "wit", at["mixed"]), theirs)
    root = tools.heddle(about, "wit", at["mine"]).split("\n}\n")[0] + "\n}\n"
    tools.same(f"{about}: heddle's own print", squeezed(root), squeezed(theirs))


def squeezed(text):
    """Without empty lines."""
    return re.sub(r"\n\s*\n", "\n", text).strip()


def check_adapter(tools, work):
    adapter = f"wasi_snapshot_preview1={tools.modules}/@bytecodealliance/jco/lib/wasi_snapshot_preview1.command.wasm"
    (work / "hello.c").write_text(HELLO)
    (work / "empty.wit").write_text("package a:b; world w {}")
    for command in (["-O2", "-c", work / "hello.c", "-o", work / "hello.o"], ["-Wl,-s", work / "hello.o", "-o", work / "hello.wasm"]):
        tools.run("adapter", ["clang-19", "--target=wasm32-wasi", "-Wno-deprecated", *command])
    tools.heddle("adapter", "component", "embed", work / "empty.wit", work / "hello.wasm", "-o", work / "core.wasm")
    tools.heddle("adapter", "component", "new", work / "core.wasm", "--adapt", adapter, "-o", work / "a.wasm")
    tools.other("adapter", "new", work / "core.wasm", work / "b.wasm", adapter)
    tools.same("adapter: WIT of the components", tools.other("adapter", "wit", work / "a.wasm"), tools.other("adapter", "wit", work / "b.wasm"))
    print(f"adapter: heddle {(work / 'a.wasm').stat().st_size} bytes, wasm-tools {(work / 'b.wasm').stat().st_size}")


def main():
    o = options()
    tools, worlds = Tools(o.heddle, o.node_modules), 0
    for version, package in packages(o.suites):
        with tempfile.TemporaryDirectory() as folder:
            wit = Path(folder) / "wit"
            shutil.copytree(package, wit)
            for other in version.iterdir():
                if other != package and other.is_dir():
                    shutil.copytree(other, wit / "deps" / other.name)
            for world in re.findall(r"^world ([\w-]+)", "\n".join(f.read_text() for f in sorted(package.glob("*.wit"))), re.MULTILINE):
                worlds += 1
                work = Path(folder) / world
                work.mkdir()
                check_world(tools, f"{version.name} {package.name} {world}", wit, world, work)
    with tempfile.TemporaryDirectory() as folder:
        check_adapter(tools, Path(folder))
    for failure in tools.failures:
        print(failure)
    print(f"{worlds} worlds, {len(tools.failures)} differences")
    return bool(tools.failures) or worlds == 0


if __name__ == "__main__":
    sys.exit(main())
