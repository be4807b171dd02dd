#!/usr/bin/env python3
"""Loads a server of wasi:http components with wrk, and says what it did: requests per second, the time within which 99 of 100 were answered, memory
before, at its highest and after, answers that were wrong, and those that said there was too much to do (503, which count for nothing). The same component under `jco serve` on Node beside it, where that is there.

    bench/serve.py server fetch --seconds 60         # guests of tests/wasi/http/guests: in C, and in JavaScript by componentize-js
    bench/serve.py hello.wasm --seconds 60           # any component that answers GET PATH with the same body every time

Both sides are run in two ways: an instance for every request (heddle's default, jco's --isolate-requests), and instances that go on (--reuse, jco's
default). A guest that cannot go on, like a fetch listener, shows it by wrong answers: --no-reuse leaves these rows out."""

import argparse
import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/wasi/http/guests"))

CHECK = """
local wrong = 0
local refused = 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args) expected = %s; bad = 0; busy = 0 end
function response(status, headers, body) 
  if status == 503 then busy = busy + 1
  elseif status ~= 200 or body ~= expected then bad = bad + 1 end
end
function done(summary, latency, requests)
  for _, t in ipairs(threads) do wrong = wrong + t:get("bad"); refused = refused + t:get("busy") end
  io.write(string.format("WRONG %%d\\nREFUSED %%d\\nP50 %%f\\nP99 %%f\\n", wrong, refused, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("components", nargs="+", metavar="COMPONENT", help="a file, or the name of a guest: server, service, fetch, handler")
    parser.add_argument("--heddle", default=str(ROOT / "build/release/heddle"), metavar="PATH")
    parser.add_argument("--npm", default=os.environ.get("HEDDLE_NPM", str(ROOT / "build/npm")), metavar="DIR", help="holds node_modules with @bytecodealliance/jco, and a node newer than the system's, if there is one")
    parser.add_argument("--path", default="/hello")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--option", action="append", default=[], help="one more word for `heddle serve`")
    parser.add_argument("--no-reuse", action="store_true")
    parser.add_argument("--no-jco", action="store_true")
    return parser.parse_args()


def memory(process):
    """Megabytes that the process and its children have in memory."""
    total = 0
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True).stdout.split()
    for pid in [str(process.pid), *children]:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total / 1024


def ask(port, path):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request("GET", path)
    r = c.getresponse()
    return r.status, r.read()


def wait_for(port, path, process):
    for _ in range(600):
        try:
            return ask(port, path)
        except (OSError, http.client.HTTPException):
            if process.poll() is not None:
                return None
            time.sleep(0.1)
    return None


def load(port, path, body, connections, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(CHECK % ('"' + "".join(f"\\{b:03}" for b in body) + '"'))
        script.flush()
        said = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name, f"http://127.0.0.1:{port}{path}"],
                              capture_output=True, text=True, check=True).stdout
    errors = re.search(r"Socket errors: (.*)", said)
    refused = int(re.search(r"REFUSED (\d+)", said)[1])
    return {"requests": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]) - refused / seconds, "refused": refused, "p50": float(re.search(r"P50 ([\d.]+)", said)[1]),
            "p99": float(re.search(r"P99 ([\d.]+)", said)[1]), "wrong": int(re.search(r"WRONG (\d+)", said)[1]), "errors": errors[1] if errors else "none"}


@contextlib.contextmanager
def highest_memory(process):
    """A list whose last item is the most that was seen."""
    seen, end = [memory(process)], threading.Event()

    def look():
        while not end.wait(1):
            with contextlib.suppress(OSError):
                seen.append(max(seen[-1], memory(process)))

    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    end.set()
    thread.join()


def measure(name, command, port, chosen):
    """By the number of connections: what was measured. None: it does not serve."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            answer = wait_for(port, chosen.path, process)
            if answer is None or answer[0] != 200:
                said.seek(0)
                print(f"{name}: {chosen.path}: {answer or 'no answer'}: {said.read()[-500:]}", file=sys.stderr)
                return None
            return {c: loaded(name, process, port, answer[1], c, chosen) for c in chosen.connections}
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def loaded(name, process, port, body, connections, chosen):
    load(port, chosen.path, body, min(connections, 64), 3)
    time.sleep(2)   # what was asked then and not answered is done
    before = memory(process)
    with highest_memory(process) as seen:
        r = load(port, chosen.path, body, connections, chosen.seconds)
    print(f"| {name} | {connections} | {r['requests']:.0f} | {r['p50']:.1f} | {r['p99']:.1f} | {before:.0f}, {seen[-1]:.0f}, {memory(process):.0f} | {r['wrong']} | {r['refused']} | {r['errors']} |", flush=True)
    return r


def component_of(word, chosen, folder):
    if Path(word).is_file():
        return word
    os.environ.update(HEDDLE=chosen.heddle, HEDDLE_NPM=chosen.npm)
    import build

    if word not in build.GUESTS:
        sys.exit(f"{word}: neither a file nor one of {', '.join(build.GUESTS)}")
    try:
        build.build(word, folder / f"{word}.wasm")
    except build.Missing as why:
        sys.exit(f"{word}: {why}")
    return str(folder / f"{word}.wasm")


def jco_command(npm):
    """None: there is none."""
    modules = Path(npm).resolve() / "node_modules"
    jco = modules / "@bytecodealliance/jco/dist/jco.js"
    node = modules / "node/bin/node"
    return [str(node) if node.exists() else "node", str(jco), "serve"] if jco.exists() else None


def compare(component, chosen, port):
    name = Path(component).stem
    heddle = [chosen.heddle, "serve", *chosen.option]
    jco = None if chosen.no_jco else jco_command(chosen.npm)
    for way, ours, theirs in [("an instance each", [], ["--isolate-requests", "instance"]), ("reused", ["--reuse", "1000000"], [])]:
        if way == "reused" and chosen.no_reuse:
            continue
        mine = measure(f"heddle, {name}, {way}", [*heddle, "--addr", f"127.0.0.1:{port}", *ours, component], port, chosen)
        other = jco and measure(f"jco serve, {name}, {way}", [*jco, component, "--port", str(port + 1), *theirs], port + 1, chosen)
        for c in chosen.connections if mine and other else []:
            print(f"{name}, {way}, {c} connections: heddle answers {mine[c]['requests'] / max(other[c]['requests'], 1):.2f} times as many requests", flush=True)
        port += 2


def main():
    chosen = options()
    print("| server | connections | requests/s | p50 ms | p99 ms | memory MB: before, most, after | wrong | 503 | socket errors |\n|---|--:|--:|--:|--:|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as folder:
        for n, word in enumerate(chosen.components):
            compare(component_of(word, chosen, Path(folder)), chosen, 18080 + 10 * n)
    return 0


if __name__ == "__main__":
    sys.exit(main())
