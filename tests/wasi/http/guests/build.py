#!/usr/bin/env python3
"""Builds the wasi:http components of this folder.

    build.py server|service|fetch|handler OUT.wasm

The environment names heddle (HEDDLE), the official WIT files (HEDDLE_SUITES/wit) and, for JavaScript, a folder with node_modules (HEDDLE_NPM)."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
HEDDLE = os.environ.get("HEDDLE", str(ROOT / "build/release/heddle"))
SUITES = Path(os.environ.get("HEDDLE_SUITES", ROOT / "spec-tests/suites"))
NPM = Path(os.environ.get("HEDDLE_NPM", ROOT / "build/npm")).resolve() / "node_modules"
CLANG = shutil.which("clang-19") or shutil.which("clang")


class Missing(Exception):
    """What is not on this machine, in words for whoever skips."""


# StarlingMonkey's own handler of requests, which a fetch listener stands on, exports this version and no other.
STARLING_MONKEY = "0.2.10"

# Of each guest: source, the version of WASI, the world's items.
GUESTS = {
    "server": ("server.c", "0.2.12", ["import wasi:io/poll@0.2.12", "import wasi:io/error@0.2.12", "import wasi:io/streams@0.2.12", "import wasi:http/types@0.2.12",
                                      "import wasi:http/outgoing-handler@0.2.12", "export wasi:http/incoming-handler@0.2.12"]),
    "service": ("service.c", "0.3.0", ["import wasi:http/types@0.3.0", "import wasi:http/client@0.3.0", "export wasi:http/handler@0.3.0"]),
    "fetch": ("fetch.js", "0.2.12", [f"export wasi:http/incoming-handler@{STARLING_MONKEY}"]),
    "handler": ("handler.js", "0.3.0", ["import wasi:http/types@0.3.0", "export wasi:http/handler@0.3.0"]),
}


def lay_out_wit(folder, version, items):
    wit = SUITES / "wit" / version
    if not wit.is_dir():
        raise Missing(f"no WIT files in {wit}; HEDDLE_SUITES names where the suites are")
    shutil.copytree(wit, folder / "wit/deps")
    (folder / "wit/world.wit").write_text("package test:server;\nworld server {\n" + "".join(f"  {item};\n" for item in items) + "}\n")


def from_c(source, folder, out):
    if CLANG is None:
        raise Missing("no clang that builds WebAssembly")
    core, embedded = (str(folder / name) for name in ("core.wasm", "embedded.wasm"))
    target = [CLANG, "--target=wasm32-unknown-unknown", "-nostdlib"]
    subprocess.run([*target, "-O2", "-ffreestanding", "-c", str(source), "-o", core + ".o"], check=True)
    subprocess.run([*target, "-Wl,--no-entry,-s", core + ".o", "-o", core], check=True)
    subprocess.run([HEDDLE, "component", "embed", str(folder / "wit"), core, "-w", "server", "-o", embedded], check=True)
    subprocess.run([HEDDLE, "component", "new", embedded, "-o", str(out)], check=True)


def need(package):
    if not (NPM / package).is_dir() or shutil.which("node") is None:
        raise Missing(f"no {package} from npm in {NPM}, or no node (HEDDLE_NPM names a folder with node_modules)")


def from_fetch_listener(source, folder, out):
    need("@bytecodealliance/componentize-js")
    for file in (folder / "wit/deps").rglob("*.wit"):
        file.write_text(file.read_text().replace("0.2.12", STARLING_MONKEY))
    subprocess.run(["node", str(HERE / "componentize.mjs"), str(NPM), str(folder / "wit"), "server", str(source), str(out)], check=True, cwd=folder)


def from_module(source, folder, out):
    need("componentize-qjs")
    subprocess.run([str(NPM / ".bin/componentize-qjs"), "--wit", str(folder / "wit"), "--js", str(source), "-n", "server", "-o", str(out)], check=True, stdout=subprocess.DEVNULL)


TOOLS = {"server": from_c, "service": from_c, "fetch": from_fetch_listener, "handler": from_module}


def build(guest, out):
    """Writes the component, or raises Missing."""
    source, version, items = GUESTS[guest]
    with tempfile.TemporaryDirectory() as name:
        lay_out_wit(Path(name), version, items)
        TOOLS[guest](HERE / source, Path(name), Path(out).resolve())


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in GUESTS:
        sys.exit(__doc__)
    try:
        build(*sys.argv[1:])
    except Missing as why:
        sys.exit(f"{sys.argv[1]}: {why}")


if __name__ == "__main__":
    main()
