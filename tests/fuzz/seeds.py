#!/usr/bin/env python3
"""Writes a folder of seeds for each fuzz target: what the repository, and the official suites where they are, hold of its kind of input.

A target that starts from something well-formed reaches behind the first checks within seconds."""

import argparse
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST = 8192  # a longer seed slows every run down


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, metavar="DIR")
    parser.add_argument("--heddle", metavar="PATH", help="makes binary seeds of the text ones; without it there are none")
    parser.add_argument("--suites", type=Path, metavar="DIR")
    return parser.parse_args()


def files(pattern):
    """Those of the repository, not of what was built in it."""
    return [path for path in sorted(ROOT.glob(pattern)) if "build" not in path.relative_to(ROOT).parts and path.stat().st_size <= LARGEST]


def scripts(suites, folder):
    return [path for path in sorted((suites / folder).rglob("*.wast")) if path.stat().st_size <= LARGEST] if suites else []


def binaries(heddle, texts):
    """Those of the texts that assemble, assembled."""
    made = []
    for text in texts if heddle else []:
        done = subprocess.run([heddle, "wat", "-", "-o", "-"], input=text, capture_output=True)
        if done.returncode == 0:
            made.append(done.stdout)
    return made


def first_modules(texts):
    """The first parenthesis of each script that opens a module or component, to its end."""
    for path in texts:
        text = path.read_text(errors="replace")
        for head in ("(module", "(component"):
            start = text.find(head)
            if start < 0:
                continue
            depth = 0
            for at in range(start, len(text)):
                depth += {"(": 1, ")": -1}.get(text[at], 0)
                if depth == 0:
                    yield text[start:at + 1].encode()
                    break


MESSAGES = [b'{"a-b":1,"ab":{"some":"x"},"body":"e30="}', b'{"aB":-1,"ab":null,"body":[1,255]}', b'{"key":"k","value":1}', b'{"p":["c",["x"],["none",{"timeout":"t"}]],"e":"busy"}',
            b'{"k":["c",["y-z"],[{"some-thing":{"a_b":1,"body":""}}]]}', b"{}", b'"text"', b"null"]
REQUESTS = [b"GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n5;x=y\r\nhello\r\n0\r\nt: 1\r\n\r\n"]
RESPONSES = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 204 No Content\r\n\r\n",
             b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n2\r\nok\r\n0\r\n\r\n"]
JSON = [b'{"a": [1, -2.5e3, "x\\u00e9\\n", true, null], "b": {}}', b"9007199254740993", b'["\\ud83d\\ude00", 1E400, 0.1]', b"[[[[[[1]]]]]]"]
WAVE = [b'f({a: 1, b: "x"}, some(none), [ok(1), err("no")])', b"(1, 'c', true, nan, -inf, {a, b})", b'"\\u{1f600}\\t"', b"variant-case(3)"]
SCHEMAS = [b'{"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}\n{"a": 2}',
           b'{"anyOf": [{"enum": [1, "x"]}, {"type": "array", "items": {"pattern": "^a+$"}}]}\n["aa"]']
QUERIES = [b'query Q($a: Int = 1) { x: add(a: $a, b: [1, 2]) { ...F @include(if: true) } } fragment F on T { __typename y(z: {k: "v"}) }',
           b"mutation { set(key: \"a\", value: 1) }", b"{ __schema { types { name } } }"]
VALUES = [b"\x01\x03\0\0\0\0\0\0" + b"\x02abc", b"\x07\x05\x0c\x08\0\0\0\0" + b"\x01\x05hello\x80\x01"]
INSTANCES = [b'{"functions": [{"interface": "a:b/c@1.0.0", "name": "f", "op": "o", "type": {"params": [["x", {"record": [["a", {"list": "u8", "length": 2}]]}]], "result": {"result": ["u8", null]}}}], "key": "/k"}',
             b'{"variant": [["a", null], ["b", {"flags": ["x", "y"]}]]}', b'{"at": "p", "running": true, "what": {}}']
TREES = [b"\x0f\x01" + b"\x0f\x01\x01" + b"\x0e\x02\x02\x03" + b"\x02\x07\x02\x08", b"\x06" + b"\x0f\x01\x01" + b"\x06\x2a", b"\x08\x06\x0c" + b"\x0f\x01\x01" + b"\x0f\x02\x02\x03" + b"\x06\x01\x0c\x03"]
DOCS = [b'{"docs": "d", "interfaces": {"i": {"funcs": {"g": {"docs": "x", "stability": {"stable": {"since": "1.0.0"}}}}, "types": {"r": {"items": {"x": "y"}}}}},'
        b' "worlds": {"w": {"interfaces": {"k": {"docs": "z"}}, "funcs": {"h": {"docs": "\\u00e9"}}, "interface_import_stability": {"a:b/i": {"unstable": {"feature": "f"}}}}}}']
RULES = [b"tcp:connect:10.0.0.0/8:80-90\nudp:connect:*:53\n10.1.2.3", b"127.0.0.1:0\ntcp:[::1]:8080\n::1", b"tcp:connect:name.test:*\ntcp:connect:[fe80::1]:1\n127.0.0.1"]
CRON = [b"*/5 0-12 1,15 jan-mar mon", b"@daily", b"0 0 29 2 *"]


def prefixed(kind, inputs):
    return [bytes([kind]) + each for each in inputs]


def contents(paths):
    return [path.read_bytes() for path in paths]


def seeds(heddle, suites):
    core = [*contents(files("**/*.wat")), *first_modules(scripts(suites, "core"))]
    component = [*first_modules(scripts(suites, "component"))]
    modules, components = binaries(heddle, core), binaries(heddle, component)
    wit = contents(files("**/*.wit"))
    return {
        "text": core,
        "decode": modules,
        "validate": prefixed(0, modules),
        "component_text": component,
        "component_decode": components,
        "component_tools": [*prefixed(0, wit), *prefixed(3, components)],
        "component_values": [*prefixed(0, VALUES), *prefixed(1, JSON + DOCS), *prefixed(2, [b"\x01" + each for each in DOCS])],
        "http": [*prefixed(1, REQUESTS), *prefixed(0, RESPONSES)],
        "json_scan": JSON,
        "nats": prefixed(0, INSTANCES),
        "network": RULES,
        "trees": TREES,
        "wave": [bytes([kind]) + text for kind in range(0, 40, 5) for text in WAVE],
        "messages": [bytes([kind, style]) + text for kind in (0, 11, 22, 33) for style in (0, 5, 8, 24) for text in MESSAGES],
        "wire_text": [*prefixed(0, contents(files("**/app.toml"))), *prefixed(1, SCHEMAS), *prefixed(2, QUERIES), *prefixed(3, CRON)],
    }


def main():
    given = options()
    for target, inputs in seeds(given.heddle, given.suites).items():
        folder = given.out / f"{target}_fuzz"
        folder.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(inputs):
            (folder / f"seed{number}").write_bytes(each)
        print(f"{folder.name}: {len(inputs)} seeds")


if __name__ == "__main__":
    main()
