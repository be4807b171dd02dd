#!/usr/bin/env python3
"""Every component that stands as text in the official scripts: `heddle wat` must give the bytes that wasm-tools (inside npm's jco) gives.

    tests/scripts/component_text.py --npm FOLDER [--suite $HEDDLE_SUITES/component] [--heddle PATH]

FOLDER is the node_modules with @bytecodealliance/jco in it. Bytes that are not equal must print as the same text; every other difference must be
in ARGUED, with the reason, and what is argued must differ.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# script:line -> why the bytes differ, or why one of the two refuses the text
ARGUED = {
    "async/cancellable.wast:13": "jco's wasm-tools does not read every form of the built-ins that can be cancelled",
}
SAME_TEXT = "differ in names of labels, or in how an element segment is written, and in nothing that the text shows"

# Reads a JSON list of texts, gives a JSON list of bytes in base64, or null for what is refused.
ASSEMBLE = """
const nm = process.argv[1];
const fs = await import(`${nm}/@bytecodealliance/preview2-shim/dist/nodejs/filesystem.js`);
fs._addPreopen('/', '/');
const tools = await import(`${nm}/@bytecodealliance/jco-transpile/dist/wasm-tools.js`);
let input = '';
for await (const chunk of process.stdin) input += chunk;
const out = [];
for (const text of JSON.parse(input)) {
  try { out.push(Buffer.from(await tools.parse(text)).toString('base64')); } catch { out.push(null); }
}
console.log(JSON.stringify(out));
"""

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|;;[^\n]*|\(;|[()]', re.DOTALL)


def skip_block_comment(text, at):
    depth = 0
    for found in re.compile(r"\(;|;\)").finditer(text, at):
        depth += 1 if found.group() == "(;" else -1
        if depth == 0:
            return found.end()
    return len(text)


def components(text):
    """(line, text) of each outermost `(component …)` in a script that is text itself."""
    at, depth, start, begin_depth = 0, 0, None, 0
    while found := TOKEN.search(text, at):
        at, token = found.end(), found.group()
        if token == "(;":
            at = skip_block_comment(text, found.start())
        elif token == "(":
            depth += 1
            if start is None and re.match(r"component\b", text[at:]) and not re.match(r"component\s+(\$\S+\s+)?(instance|binary|quote)\b", text[at:]):
                start, begin_depth = found.start(), depth
        elif token == ")":
            if start is not None and depth == begin_depth:
                yield text.count("\n", 0, start) + 1, re.sub(r"^\(component\s+definition\b", "(component", text[start:at])
                start = None
            depth -= 1


def ours(heddle, texts):
    with tempfile.TemporaryDirectory() as folder:
        for text in texts:
            path = pathlib.Path(folder, "c.wat")
            path.write_text(text, encoding="utf-8")
            done = subprocess.run([heddle, "wat", path], capture_output=True, check=False)
            yield done.stdout if done.returncode == 0 else None


def printed(heddle, binary):
    return subprocess.run([heddle, "wat", "-"], input=binary, capture_output=True, check=True).stdout


def theirs(npm, texts):
    done = subprocess.run(["node", "--input-type=module", "-e", ASSEMBLE, str(npm)], input=json.dumps(texts).encode(), capture_output=True, check=True)
    return [None if b is None else base64.b64decode(b) for b in json.loads(done.stdout)]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--npm", type=pathlib.Path, required=True)
    arguments.add_argument("--suite", type=pathlib.Path, default=pathlib.Path(os.environ.get("HEDDLE_SUITES", ROOT / "spec-tests/suites")) / "component")
    arguments.add_argument("--heddle", default=ROOT / "build/release/heddle")
    o = arguments.parse_args()
    found = [(f"{path.relative_to(o.suite)}:{line}", text) for path in sorted(o.suite.rglob("*.wast")) for line, text in components(path.read_text(encoding="utf-8"))]
    texts = [text for _, text in found]
    counts, wrong, argued = {}, [], set()
    for (where, _), own, other in zip(found, ours(o.heddle, texts), theirs(o.npm.resolve(), texts)):
        what = ("both refuse it" if own is None else "only wasm-tools refuses it") if other is None else "only heddle refuses it" if own is None else \
            "equal" if own == other else SAME_TEXT if printed(o.heddle, own) == printed(o.heddle, other) else "bytes differ"
        counts[what] = counts.get(what, 0) + 1
        if what in ("equal", "both refuse it", SAME_TEXT):
            continue
        argued.add(where)
        if where not in ARGUED:
            wrong.append(f"{where}: {what}")
    wrong += [f"{where}: argued, but there is no difference" for where in ARGUED if where not in argued]
    print("\n".join(wrong + [f"{n:6} {what}" for what, n in sorted(counts.items())]))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
