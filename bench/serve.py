#!/usr/bin/env python3
"""Loads a server of wasi:http components with wrk, and says what it did: requests per second, the time within which 99 of 100 were answered, memory
before and after, answers that were wrong. The same component under `jco serve` on Node beside it, where that is there.

    bench/serve.py --seconds 60 hello.wasm           # any component that answers GET PATH with the same body every time
"""

import argparse
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CHECK = """
local wrong = 0
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args) expected = %s; bad = 0 end
function response(status, headers, body) if status ~= 200 or body ~= expected then bad = bad + 1 end end
function done(summary, latency, requests)
  for _, t in ipairs(threads) do wrong = wrong + t:get("bad") end
  io.write(string.format("WRONG %%d\\nP50 %%f\\nP99 %%f\\n", wrong, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("components", nargs="+", metavar="COMPONENT")
    parser.add_argument("--heddle", default=str(ROOT / "build/release/heddle"), metavar="PATH")
    parser.add_argument("--npm", default=os.environ.get("NPM", str(ROOT / "build/npm")), metavar="DIR", help="holds node_modules with @bytecodealliance/jco")
    parser.add_argument("--path", default="/hello")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--option", action="append", default=[], help="one more word for `heddle serve`")
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
        except OSError:
            if process.poll() is not None:
                sys.exit(f"the server ended: {process.stderr.read()}")
            time.sleep(0.1)
    sys.exit("the server does not answer")


def load(port, path, body, connections, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(CHECK % ('"' + "".join(f"\\{b:03}" for b in body) + '"'))
        script.flush()
        said = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name, f"http://127.0.0.1:{port}{path}"],
                              capture_output=True, text=True, check=True).stdout
    errors = re.search(r"Socket errors: (.*)", said)
    return {"requests": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]), "p50": float(re.search(r"P50 ([\d.]+)", said)[1]),
            "p99": float(re.search(r"P99 ([\d.]+)", said)[1]), "wrong": int(re.search(r"WRONG (\d+)", said)[1]), "errors": errors[1] if errors else "none"}


def measure(name, command, port, chosen):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    results = {}
    try:
        status, body = wait_for(port, chosen.path, process)
        if status != 200:
            sys.exit(f"{name}: {chosen.path}: {status} {body[:200]}")
        for connections in chosen.connections:
            load(port, chosen.path, body, connections, 3)
            before = memory(process)
            r = load(port, chosen.path, body, connections, chosen.seconds)
            r["before"], r["after"] = before, memory(process)
            results[connections] = r
            print(f"| {name} | {connections} | {r['requests']:.0f} | {r['p50']:.1f} | {r['p99']:.1f} | {r['before']:.0f} → {r['after']:.0f} | {r['wrong']} | {r['errors']} |", flush=True)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    return results


def main():
    chosen = options()
    print("| server | connections | requests/s | p50 ms | p99 ms | memory MB | wrong | socket errors |\n|---|--:|--:|--:|--:|--:|--:|---|")
    jco = Path(chosen.npm) / "node_modules/.bin/jco"
    for port, component in enumerate(chosen.components, 18080):
        name = Path(component).stem
        ours = measure(f"heddle, {name}", [chosen.heddle, "serve", "--addr", f"127.0.0.1:{port}", *chosen.option, component], port, chosen)
        if chosen.no_jco or not jco.exists():
            continue
        theirs = measure(f"jco serve, {name}", [str(jco), "serve", component, "--port", str(port + 100)], port + 100, chosen)
        for c in chosen.connections:
            print(f"{name}, {c} connections: heddle answers {ours[c]['requests'] / max(theirs[c]['requests'], 1):.2f} times as many requests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
