#!/usr/bin/env python3
"""How a call can end, for every kind of materializer: the exit code of `heddle call`, and the status and body of HTTP."""

import http.client
import json
import shutil
import subprocess
import sys
import threading
import unittest

import serve_test
from support import HEDDLE, ROOT, ProgramTest, heddle

CLANG = shutil.which("clang-19") or shutil.which("clang")
SOURCE = ROOT / "tests/wire/guests/protocol.c"
WIT_WIRE = """package metatype:wit-wire;
interface typegate-wire { hostcall: func(op-name: string, json: string) -> result<string, string>; }
interface mat-wire {
  record mat-info { op-name: string, mat-title: string, mat-hash: string, mat-data-json: string }
  record init-args { metatype-version: string, expected-ops: list<mat-info> }
  record init-response { ok: bool }
  variant init-error { version-mismatch(string), unexpected-mat(mat-info), other(string) }
  init: func(args: init-args) -> result<init-response, init-error>;
  record handle-req { op-name: string, in-json: string }
  variant handle-err { no-handler, in-json-err(string), handler-err(string) }
  handle: func(req: handle-req) -> result<string, handle-err>;
}
world guest { import typegate-wire; export mat-wire; }
"""
REFLECTED = "package test:reflected;\nworld guest { export run: func(in: string) -> result<string, string>; }\n"
TEXT = 'allOf = [{ type = "string", maxLength = 12 }]'
REQUEST = 'type = "object", required = ["path"], properties = { path = { type = "string", maxLength = 12 } }'

# Outcome: exit code, HTTP status.
ENDS = {"ok": (0, 200), "unknown_op": (3, 404), "bad_json": (4, 400), "invalid_input": (6, 422), "no_handler": (8, 502), "in_json_err": (9, 422),
        "handler_err": (10, 500), "invalid_output": (11, 502), "fuel": (125, 503), "memory": (125, 503), "deadline": (124, 504), "trap": (134, 502)}

# Input, outcome, and what its message holds; for kinds that speak in strings.
STRINGS = [
    ('"echo"', "ok", None),
    ('"trap"', "trap", "unreachable"),
    ('"loop"', "deadline", "deadline"),
    ('"grow"', "memory", "limits.memory = 2097152"),
    ('"handler"', "handler_err", "said no"),
    ('"echo', "bad_json", "a string has no closing quote"),
    ("7", "invalid_input", "<value>: expected a string, there is 7"),
    ('"echo echo echo"', "invalid_input", "<value>: may have at most 12 characters"),
]
PROTOCOL = STRINGS + [
    ('"nohand"', "no_handler", "the guest has no handler for `run`"),
    ('"injson"', "in_json_err", "said no"),
    ('"kv"', "handler_err", "`run` may not call `kv.get` (grants.kv)"),
    ('"bad"', "invalid_output", "1:2: expected a key in double quotes"),
]


def path(p):
    return json.dumps({"path": p})


KINDS = {
    "core-wire": (TEXT, "", PROTOCOL),
    "wit-wire": (TEXT, "", PROTOCOL),
    "wit": (TEXT, "", PROTOCOL),
    # A reflected function says nothing of handlers, and cannot give what is no JSON: only a wrong type.
    "reflected": ('type = "string", maxLength = 12', 'enum = ["echo"]', STRINGS + [('"bad"', "invalid_output", "must be one of"), ('"ok"', "invalid_output", "must be one of")]),
    "core": ('type = "integer", maximum = 200', "maximum = 150",
             [("101", "ok", None), (str(ord("t")), "trap", "unreachable"), (str(ord("l")), "deadline", "deadline"), (str(ord("g")), "memory", "limits.memory"),
              ("[", "bad_json", "1:2"), ('"x"', "invalid_input", "expected an integer"), ("-9999999999", "in_json_err", "must be an i32"), ("151", "invalid_output", "must be at most 150")]),
    "http": (REQUEST, 'type = "object", required = ["status"], properties = { status = { maximum = 300 } }',
             [(path("/hello"), "ok", None), (path("/trap"), "trap", "unreachable"), (path("/spin"), "deadline", "deadline"), (path("/error"), "handler_err", "gave the error"),
              (path("/nothing"), "handler_err", "gave no response"), ("{", "bad_json", "1:2"), ("7", "invalid_input", "expected an object"), ('{"path":"/","method":"A B"}', "in_json_err", "is no HTTP method"),
              (path("/status/404"), "invalid_output", "must be at most 300")]),
}
LOOPS = {"core": str(ord("l")), "http": path("/spin")}


def component(folder, name, wit, world, *flags):
    """A component of the C source, made for a world."""
    core = folder / f"{name}.core.wasm"
    compile_guest(core, *flags)
    (folder / f"{name}.wit").write_text(wit)
    subprocess.run([HEDDLE, "component", "embed", folder / f"{name}.wit", core, "-w", world, "-o", folder / f"{name}.embedded"], check=True)
    subprocess.run([HEDDLE, "component", "new", folder / f"{name}.embedded", "-o", folder / "guest.wasm"], check=True)


def compile_guest(to, *flags):
    # Compiled and linked apart: clang runs an installed wasm-opt when it links with -O.
    unlinked = f"{to}.o"
    subprocess.run([CLANG, "--target=wasm32-unknown-unknown", "-O2", "-nostdlib", "-ffreestanding", *flags, "-c", SOURCE, "-o", unlinked], check=True)
    subprocess.run([CLANG, "--target=wasm32-unknown-unknown", "-nostdlib", "-Wl,--no-entry,-s", unlinked, "-o", to], check=True)


class Matrix(ProgramTest):
    def manifest(self, kind):
        given, gives, _ = KINDS[kind]
        route = 'route = "/r"\n' if kind == "http" else ""
        fueled, late = route.replace("/r", "/f"), route.replace("/r", "/l")
        return self.file("app.toml", f"""name = "protocol"
[defaults]
artifact = "guest.wasm"
kind = "{kind}"
input = {{ {given} }}
limits = {{ deadline = "60s", memory = "2MiB" }}
[materializers.run]
{route}output = {{ {gives} }}
[materializers.fueled]
export = "run"
{fueled}limits = {{ fuel = 1000000 }}
[materializers.late]
export = "run"
{late}limits = {{ deadline = "300ms" }}
""")

    def build(self, kind):
        folder = self.folder
        if CLANG is None:
            self.skipTest("no clang that builds WebAssembly")
        app = self.manifest(kind)
        if kind == "core":
            compile_guest(folder / "guest.wasm", "-DCORE")
        elif kind == "core-wire":
            compile_guest(folder / "guest.wasm", "-DCABI")
        elif kind == "wit-wire":
            component(folder, "wire", WIT_WIRE, "guest", "-DCABI")
        elif kind == "reflected":
            component(folder, "reflected", REFLECTED, "guest", "-DREFLECTED")
        elif kind == "wit":
            self.expect(heddle("gen", "wit", app), 0)
            component(folder, "typed", (folder / "guest.wit").read_text(), "guest", "-DWIT")
        else:
            try:
                serve_test.build.build("server", folder / "guest.wasm")
            except serve_test.build.Missing as why:
                self.skipTest(str(why))
        return app

    def serve(self, app):
        process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", app], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        drain = threading.Thread(target=process.stderr.read)
        line = process.stdout.readline()
        drain.start()
        self.addCleanup(lambda: (process.kill(), process.wait(), drain.join(), process.stdout.close(), process.stderr.close()))
        self.assertIn("serving", line)
        return int(line.rsplit(":", 1)[1].strip(" /\n"))

    def check(self, app, port, op, given, outcome, words):
        code, status = ENDS[outcome]
        said = heddle("call", app, op, "--json", given)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", f"/op/{op}", given)
        response = connection.getresponse()
        body = json.loads(response.read())
        connection.close()
        self.assertEqual((said.code, response.status), (code, status), f"{said.out}{said.err}{body}")
        if outcome == "ok":
            self.assertEqual(json.loads(said.out), body)
            return
        error = json.loads(said.err.splitlines()[0])
        self.assertEqual((error["code"], body["error"]["code"]), (outcome, outcome), f"{error} {body}")
        self.assertIn(words, error["message"])
        self.assertIn(words, body["error"]["message"])
        self.assertEqual(response.getheader("content-type"), "application/json")

    def matrix(self, kind):
        app = self.build(kind)
        port = self.serve(app)
        for given, outcome, words in KINDS[kind][2]:
            with self.subTest(given=given):
                self.check(app, port, "late" if outcome == "deadline" else "run", given, outcome, words)
        with self.subTest("fuel"):
            self.check(app, port, "fueled", LOOPS.get(kind, '"loop"'), "fuel", "limits.fuel = 1000000")
        with self.subTest("unknown op"):
            self.check(app, port, "runn", "1", "unknown_op", "did you mean `run`?")

    def test_core(self):
        self.matrix("core")

    def test_core_wire(self):
        self.matrix("core-wire")

    def test_wit_wire(self):
        self.matrix("wit-wire")

    def test_wit(self):
        self.matrix("wit")

    def test_reflected(self):
        self.matrix("reflected")

    def test_http(self):
        self.matrix("http")

    def test_a_route_answers_as_the_component_says(self):
        app = self.build("http")
        port = self.serve(app)
        for target, body, status, answer in [("/r/hello", None, 404, "?"), ("/r", b"", 200, "?"), ("/nobody", None, 404, None)]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST" if body is not None else "GET", target, body)
            response = connection.getresponse()
            text = response.read().decode()
            connection.close()
            if target == "/nobody":
                self.assertEqual((response.status, json.loads(text)["error"]["code"]), (404, "not_found"))
            else:
                self.assertEqual((response.status, text), (200, "?\n"))


if __name__ == "__main__":
    sys.exit(unittest.main())
