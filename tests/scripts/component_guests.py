#!/usr/bin/env python3
"""One world in C, in JavaScript with StarlingMonkey and in JavaScript with QuickJS: the three components are made, called from the command line with WAVE
and from C++ with types, and the time from the start of the process to the first result is told. Then a C program for preview 1 becomes a component by the
adapter that jco carries, and runs with arguments, files and an exit code.

  component_guests.py --node-modules DIR [--tests PATH]"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GUESTS = ROOT / "tests" / "component" / "guests"
CALL = 'demo:shapes/geometry@1.0.0.greet("Ada")'
RUNS = 5

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) printf("%s\n", argv[i]);
    printf("%s\n", getenv("WHO"));
    char line[100] = "";
    FILE* in = fopen("data/in.txt", "r");
    if (!in || !fgets(line, sizeof line, in)) return 1;
    FILE* out = fopen("data/out.txt", "w");
    if (!out || fprintf(out, "%s, twice: %s", line, line) < 0 || fclose(out)) return 2;
    if (fopen("data/none", "r") || fopen("elsewhere", "w") || time(0) < 1000000000) return 3;
    if (!fgets(line, sizeof line, stdin)) return 4;
    fprintf(stderr, "heard %s", line);
    return 42;
}
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--node-modules", required=True, type=Path, help="where jco, componentize-js and componentize-qjs are installed")
    parser.add_argument("--tests", type=Path, metavar="PATH", help="component_tests, to call the components from C++ too")
    return parser.parse_args()


def run(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False, **more)


def must(about, done, code=0):
    if done.returncode != code:
        sys.exit(f"{about}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def make_guests(o, work):
    made = {"C": GUESTS / "shapes.wasm"}
    for name, option in (("JavaScript, StarlingMonkey", "--js"), ("JavaScript, QuickJS", "--qjs")):
        made[name] = work / f"shapes{option[1:]}.wasm"
        must(name, run(GUESTS / "build.sh", option, o.node_modules.resolve().parent, made[name], env={**os.environ, "HEDDLE": o.heddle}))
    return made


def first_result(o, component):
    """Wall and processor time of a whole process that prints one result, in milliseconds, and its largest memory in MB."""
    walls, cpus, memory = [], [], 0
    for _ in range(RUNS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        said = must(component, run(o.heddle, "run", "--invoke", CALL, component))
        walls.append(1000 * (time.monotonic() - start))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        if said != '"Hello, Ada"\n':
            sys.exit(f"{component}: {said}")
    report = run("/usr/bin/time", "-f", "%M", o.heddle, "run", "--invoke", CALL, component) if Path("/usr/bin/time").exists() else None
    memory = int(report.stderr.split()[-1]) // 1024 if report else 0
    return statistics.median(walls), min(cpus), memory


def check_guests(o, work):
    made = make_guests(o, work)
    env = {**os.environ, "HEDDLE": o.heddle, "HEDDLE_SHAPES_JS": str(made["JavaScript, StarlingMonkey"]), "HEDDLE_SHAPES_QJS": str(made["JavaScript, QuickJS"])}
    must("from the command line", run(sys.executable, ROOT / "tests" / "cli" / "component_guests_test.py", env=env))
    if o.tests:
        must("from C++", run(o.tests, "--gtest_filter=ComponentExample.*", env=env))
    print("first result            size     wall    CPU     memory")
    for name, component in made.items():
        wall, cpu, memory = first_result(o, component)
        print(f"{name:<28}{component.stat().st_size // 1024:>6} KB {wall:>6.0f} ms {cpu:>4.0f} ms {memory:>5} MB")


def check_program(o, work):
    (work / "program.c").write_text(PROGRAM)
    clang = ["clang-19", "--target=wasm32-wasi", "-Wno-deprecated"]  # compiling and linking are apart: linking with -O runs an installed wasm-opt
    must("clang", run(*clang, "-O2", "-c", work / "program.c", "-o", work / "program.o"))
    must("clang", run(*clang, work / "program.o", "-o", work / "program.wasm"))
    adapter = o.node_modules / "@bytecodealliance" / "jco" / "lib" / "wasi_snapshot_preview1.command.wasm"
    component = work / "program.component.wasm"
    must("component new", run(o.heddle, "component", "new", work / "program.wasm", "--adapt", f"wasi_snapshot_preview1={adapter}", "-o", component))
    (work / "data").mkdir()
    (work / "data" / "in.txt").write_text("a line")
    # The core module under preview 1, the component under 0.2: the same, but that 0.2 knows success and failure alone.
    for file, code in ((work / "program.wasm", 42), (component, 1)):
        done = run(o.heddle, "run", "--dir", f"{work / 'data'}::data", "--env", "WHO=Ada", file, "one", "two words", input="well\n")
        said = (done.returncode, done.stdout, done.stderr, (work / "data" / "out.txt").read_text())
        if said != (code, "one\ntwo words\nAda\n", "heard well\n", "a line, twice: a line"):
            sys.exit(f"{file}: {said}")
        (work / "data" / "out.txt").unlink()
    print("a preview 1 program in C with an adapter runs as the core module does")


def main():
    o = options()
    o.heddle = str(Path(o.heddle).resolve())
    with tempfile.TemporaryDirectory() as work:
        check_program(o, Path(work))
        check_guests(o, Path(work))


if __name__ == "__main__":
    main()
