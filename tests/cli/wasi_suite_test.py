#!/usr/bin/env python3
"""The runner of WASI test folders (spec-tests/wasi.py): both forms of descriptions, what passes, and what must not."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from support import HEDDLE, HELLO, ROOT, ProgramTest

sys.path.insert(0, str(ROOT / "tests/wasi/http/guests"))
import build  # noqa: E402

SUITES = pathlib.Path(os.environ.get("HEDDLE_SUITES", ROOT / "spec-tests/suites"))
CLANG = shutil.which("clang-19")
WASI_LIBC = pathlib.Path("/usr/include/wasm32-wasi/stdio.h").exists()
EXIT_3 = '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 3))))'
# Repeats a line, tells an argument, a variable and a file, makes another file.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char** argv) {
    char line[100] = "";
    if (argc > 1 && argv[1][0] == 'c') {
        if (!fgets(line, sizeof line, stdin)) return 1;
        fputs(line, stdout), fflush(stdout), fputs(line, stderr);
        return 0;
    }
    FILE* in = fopen("in.txt", "r");
    if (!in || !fgets(line, sizeof line, in)) return 2;
    FILE* out = fopen("out.txt", "w");
    if (!out || fputs("made", out) < 0) return 3;
    printf("%s %s %s", argv[1], getenv("WHO"), line);
    return 0;
}
"""


class Suite(ProgramTest):
    def case(self, name, program, description=None):
        self.file(f"suite/{name}.wat" if isinstance(program, str) else f"suite/{name}.wasm", program)
        if description is not None:
            self.file(f"suite/{name}.json", description if isinstance(description, str) else json.dumps(description))

    def run_suite(self, code, *options):
        done = subprocess.run([sys.executable, "-B", ROOT / "spec-tests/wasi.py", "--heddle", HEDDLE, *options, self.folder / "suite"], capture_output=True, text=True, check=False, timeout=200)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_the_first_form(self):
        self.case("hello", HELLO, {"stdout": "hello\n", "stderr": ""})
        self.case("plain", HELLO)
        self.case("exits", EXIT_3, {"exit_code": 3, "wasi_functions": ["proc_exit"]})
        self.assertIn("3 of 3", self.run_suite(0))

    def test_what_must_fail_fails(self):
        self.case("output", HELLO, {"stdout": "goodbye\n"})
        self.case("code", EXIT_3, {"exit_code": 4})
        self.case("ends", EXIT_3)
        self.case("unknown_key", HELLO, {"arguments": []})
        self.case("unknown_operation", HELLO, {"operations": [{"type": "run"}, {"type": "dance"}]})
        self.case("too_early", HELLO, {"operations": [{"type": "wait"}]})
        self.case("no_json", HELLO, "{")
        self.case("reads", HELLO, {"operations": [{"type": "run"}, {"type": "read", "id": "stdout", "payload": "hello\nmore"}]})
        self.case("wrong_form", HELLO, {"operations": [{"type": "run"}, {"type": "read"}]})
        said = self.run_suite(1)
        self.assertIn("0 of 9", said)
        for words in ("output: stdout: b'hello\\n' instead of b'goodbye\\n'", "code: exit code: \"3; it said b''\" instead of '4'", "arguments, which is not known", "'dance' is not known",
                      "wait comes before `run`", "no_json.json is no JSON", "nothing more comes after b'hello\\n'", "has not the form"):
            self.assertIn(words, said)

    def test_known_failures_are_listed(self):
        self.case("fails", EXIT_3)
        self.case("passes", HELLO)
        expectations = self.file("expectations", "# reasons\nsuite/fails it says 3\n")
        self.assertIn("(expected to fail: it says 3)", self.run_suite(0, "--expectations", expectations))
        self.assertIn("pass suite/passes  (expected to fail: no reason)", self.run_suite(1, "--expectations", self.file("more", "suite/fails x\nsuite/passes no reason\n")))

    def test_nothing_to_run_is_a_failure(self):
        (self.folder / "suite").mkdir()
        self.assertIn("no program", self.run_suite(1))

    @unittest.skipUnless(CLANG and WASI_LIBC, "no clang-19 with wasi-libc")
    def test_programs_get_what_their_descriptions_grant(self):
        source, program = self.file("program.c", PROGRAM), self.folder / "program.wasm"
        subprocess.run([CLANG, "--target=wasm32-wasi", "-Wno-deprecated", "-Wl,-s", source, "-o", program], check=True)
        self.file("suite/fs/in.txt", "content")
        self.file("suite/fs/old.cleanup", "")
        self.case("root", program.read_bytes(), {"args": ["one"], "env": {"WHO": "Ada"}, "root": "fs", "stdout": "one Ada content"})
        self.case("streams", program.read_bytes(), {"operations": [{"type": "run", "args": ["c"]}, {"type": "write", "id": "stdin", "payload": "line\n"},
                                                                   {"type": "read", "id": "stdout", "payload": "line\n"}, {"type": "read", "id": "stderr", "payload": "line\n"}, {"type": "wait"}]})
        self.assertIn("2 of 2", self.run_suite(0))
        self.assertFalse((self.folder / "suite/fs/out.txt").exists(), "a test runs on a copy")

    def test_services_answer(self):
        component = self.folder / "service.wasm"
        try:
            build.build("service", component)
        except build.Missing as why:
            self.skipTest(str(why))
        requests = [{"type": "request", "path": "/hello", "response": {"status": 200, "body": "hello\n"}},
                    {"type": "request", "method": "POST", "path": "/echo", "body": "abc", "response": {"body": "abc"}}, {"type": "request", "path": "/nowhere", "response": {"status": 404}}]
        end = [{"type": "kill", "signal": "SIGINT"}, {"type": "wait"}]
        servers = [{"name": "main", "endpoints": [{"method": "POST", "path": "/echo"}]}, {"name": "dead", "kind": "closed"}]
        self.case("serves", component.read_bytes(), {"world": "wasi:http/service", "proposals": ["http"], "servers": servers, "operations": [{"type": "run"}, *requests, *end]})
        self.assertIn("1 of 1", self.run_suite(0))
        self.case("wrong", component.read_bytes(), {"world": "wasi:http/service", "operations": [{"type": "run"}, {"type": "request", "path": "/hello", "response": {"body": "hallo"}}]})
        self.assertIn("GET /hello: body: b'hello\\n' instead of b'hallo'", self.run_suite(1))

    def test_sockets_are_spoken_to(self):
        wit = SUITES / "wit/0.3.0"
        if not wit.is_dir() or not CLANG:
            self.skipTest(f"no WIT files in {wit}, or no clang-19")
        subprocess.run([ROOT / "tests/wasi/p3/guests/build.sh", HEDDLE, wit, self.folder / "built"], check=True, stdout=subprocess.DEVNULL)
        echo = (self.folder / "built/echo.wasm").read_bytes()
        talk = [{"type": "connect", "id": "e", "protocol_type": "tcp"}, {"type": "send", "id": "e", "payload": "Hello"}, {"type": "recv", "id": "e", "payload": "Hello"}]
        self.case("echo", echo, {"proposals": ["sockets"], "operations": [{"type": "run", "args": ["1"]}, *talk, {"type": "kill", "signal": "SIGKILL"}, {"type": "wait", "exit_code": -9}]})
        self.assertIn("1 of 1", self.run_suite(0))


class Servers(unittest.TestCase):
    """What the programs of a suite ask."""

    def test_endpoints_answer_as_described(self):
        import http.client
        sys.path.insert(0, str(ROOT / "spec-tests"))
        import wasi
        endpoints = [{"method": "POST", "path": "/echo"}, {"method": "GET", "path": "/headers", "mode": "echo-headers"},
                     {"method": "GET", "path": "/fixed", "response": {"status": 201, "headers": {"x-a": "b"}, "body": "made"}}]
        with wasi.served([{"name": "main", "endpoints": endpoints}, {"name": "dead", "kind": "closed"}]) as addresses:
            c = http.client.HTTPConnection(addresses["main"], timeout=30)

            def ask(method, path, body=None, headers={}):
                c.request(method, path, body, headers, encode_chunked="Transfer-Encoding" in headers)
                r = c.getresponse()
                return r.status, r.read(), r.headers

            self.assertEqual(ask("POST", "/echo", b"abc")[:2], (200, b"abc"))
            self.assertEqual(ask("POST", "/echo", iter([b"ab", b"c"]), {"Transfer-Encoding": "chunked"})[:2], (200, b"abc"))
            self.assertEqual(ask("GET", "/echo")[0], 404)
            status, body, headers = ask("GET", "/fixed?x=y")
            self.assertEqual((status, body, headers["x-a"]), (201, b"made", "b"))
            headers = ask("GET", "/headers", headers={"x-single": "one"})[2]
            self.assertEqual((headers["x-single"], headers["x-request-method"], headers["x-request-path"]), ("one", "GET", "/headers"))
            c.close()
            self.assertRegex(addresses["dead"], re.compile(r"127\.0\.0\.1:\d+"))
            with self.assertRaises(ConnectionRefusedError):
                http.client.HTTPConnection(addresses["dead"], timeout=30).request("GET", "/")


if __name__ == "__main__":
    sys.exit(unittest.main())
