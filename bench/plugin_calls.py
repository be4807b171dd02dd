#!/usr/bin/env python3
"""What a typed call of a plug-in costs beside the same call of a component that is linked.

    bench/plugin_calls.py [HEDDLE] [CALLS]

Builds wire/examples/plugins and has its guests call `add: func(a: u32, b: u32) -> u32` in a loop. CPU time of whole processes, with the time
of a process that calls nothing taken away; the best of nine, in turn.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 9


def cpu_seconds(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    heddle = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/release/heddle")
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        subprocess.run([ROOT / "wire/examples/plugins/build.sh", out, heddle], check=True)
        plugged = [heddle, "run", "--plugin", out / "shout.wasm", "--plugin", out / "rot13.wasm", "--invoke"]
        linked = [heddle, "run", "--link", out / "shout.wasm", "--invoke"]
        cases = {
            "a plug-in, typed": (lambda n: [*plugged, f"add-plugged({n})", out / "studio.wasm"], calls),
            "a linked component": (lambda n: [*linked, f"add-linked({n})", out / "linked.wasm"], calls * 10),
            "load, bind, call, close": (lambda n: [*plugged, f"cycle({n})", out / "studio.wasm"], calls // 100),
        }
        best = {}
        for _ in range(ROUNDS):
            for name, (command, n) in cases.items():
                for count in (0, n):
                    best[name, count] = min(best.get((name, count), 1e9), cpu_seconds(command(count)))
        for name, (_, n) in cases.items():
            print(f"{name:28} {(best[name, n] - best[name, 0]) / n * 1e9:10,.0f} ns")


if __name__ == "__main__":
    main()
