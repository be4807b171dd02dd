#!/usr/bin/env python3
"""heddle serve with an app: the example's guests are compiled, served, called, reloaded and drained."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

from support import FAILED, HEDDLE, ROOT, ProgramTest, heddle

EXAMPLE = ROOT / "wire/examples/hello"


class Served(ProgramTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("clang-19"):
            self.skipTest("clang-19 is not installed: the example cannot be compiled")
        self.build()
        self.start()

    def build(self, npm="none"):
        subprocess.run([EXAMPLE / "build.sh", self.folder], check=True, stderr=subprocess.DEVNULL, env={**os.environ, "HEDDLE": HEDDLE, "HEDDLE_NPM": npm})

    def start(self):
        self.process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", self.folder / "app.toml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        line = self.process.stdout.readline()
        self.assertIn("serving", line)
        self.port = int(line.rsplit(":", 1)[1].strip(" /\n"))
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr))
        self.reader.start()

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text

    def post(self, path, body):
        response, text = self.request("POST", path, body)
        return response.status, json.loads(text)

    def test_materializers_answer(self):
        self.assertEqual(self.post("/op/greet", '{"name":"Ada"}'), (200, {"greeting": "HELLO, ADA"}))
        self.assertEqual(self.post("/op/add", '{"a":40,"b":2}'), (200, 42))
        self.assertEqual(self.post("/op/shout", '{"text":"a\\nb"}'), (200, "A\nB"))

    def test_javascript_answers(self):
        npm = pathlib.Path(os.environ.get("HEDDLE_NPM", ROOT / "build/npm"))
        if not (npm / "node_modules/.bin/componentize-qjs").exists():
            self.skipTest(f"no componentize-qjs from npm in {npm} (HEDDLE_NPM names another folder)")
        self.stop()
        self.build(str(npm))
        self.start()
        self.assertEqual(self.post("/op/greet", '{"name":"Ada"}'), (200, {"greeting": "HELLO, ADA"}))
        self.assertEqual(self.post("/op/shout", '{"text":"stra\u00dfe"}'), (200, "STRASSE"))

    def test_hostile_json_is_refused(self):
        for op, body, status, words in [
            ("greet", b"[" * 100_000, 400, "deep"),
            ("add", b'"\xff"', 400, "UTF-8"),
            ("add", b'{"a":1,"a":2,"b":3}', 400, "two keys of one object are called `a`"),
            ("add", b'{"a":18446744073709551616,"b":0}', 400, "does not fit into 64 bits"),
            ("greet", b" " * (100 << 20), 413, ""),
        ]:
            try:
                response, text = self.request("POST", "/op/" + op, body)
            except (BrokenPipeError, ConnectionResetError):  # the answer came before all was sent
                self.assertEqual(status, 413)
                continue
            self.assertEqual(response.status, status, text)
            self.assertIn(words, text)
        self.assertEqual(self.post("/op/add", '{"a":1,"b":2}'), (200, 3))

    def test_errors_have_a_status_and_say_what_is_wrong(self):
        for path, body, status, code in [
            ("/op/nobody", "{}", 404, "unknown_op"),
            ("/op/greet", "{", 400, "bad_json"),
            ("/op/greet", '{"name":7}', 422, "invalid_input"),
            ("/op/greet", '{"name":"a","name":"b"}', 400, "bad_json"),
            ("/op/greet", "[" * 100_000, 400, "bad_json"),
            ("/op/add", '"' + "x" * 5000 + '"', 413, "too_large"),
            ("/nothing", "", 404, "not_found"),
        ]:
            got, answer = self.post(path, body)
            self.assertEqual((got, answer["error"]["code"]), (status, code), answer)
        response, _ = self.request("GET", "/op/greet")
        self.assertEqual((response.status, response.getheader("allow")), (405, "POST"))

    def test_graphql_answers(self):
        query = {"query": "query Q($n: String!) { a: greet(name: $n) { greeting } add(a: 1, b: 2) nobody }", "variables": {"n": "Bo"}}
        status, answer = self.post("/graphql", json.dumps(query))
        self.assertEqual((status, answer["data"]), (200, {"a": {"greeting": "HELLO, BO"}, "add": 3, "nobody": None}))
        self.assertIn("Query has no field `nobody`", answer["errors"][0]["message"])

    def test_the_house_is_seen_from_outside(self):
        self.post("/op/add", '{"a":1,"b":2}')
        self.assertEqual(self.request("GET", "/healthz")[1], "ok\n")
        self.assertEqual(self.request("GET", "/readyz")[0].status, 200)
        self.assertIn('heddle_calls_total{op="add",outcome="ok"} 1', self.request("GET", "/metrics")[1])
        page, text = self.request("GET", "/")
        self.assertIn("text/html", page.getheader("content-type"))
        self.assertIn("app.json", text)
        about = json.loads(self.request("GET", "/app.json")[1])
        self.assertEqual({m["op"] for m in about["materializers"]}, {"greet", "shout", "add"})

    def test_a_trace_goes_on(self):
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        response, _ = self.request("POST", "/op/add", '{"a":1,"b":2}', {"traceparent": trace})
        self.assertTrue(response.getheader("traceparent").startswith(trace[:36]))
        self.assertNotEqual(response.getheader("traceparent"), trace)

    def test_reloads_under_load_lose_no_request(self):
        stop, done = threading.Event(), []

        def load():
            while not stop.is_set():
                done.append(self.post("/op/add", '{"a":1,"b":2}'))

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(load)
            for n in range(int(os.environ.get("HEDDLE_RELOADS", "20"))):
                self.process.send_signal(signal.SIGHUP)
                deadline = time.time() + 30
                while sum("reloaded" in line for line in self.lines) <= n and time.time() < deadline:
                    time.sleep(0.002)
            stop.set()
        self.assertTrue(done)
        self.assertEqual([d for d in done if d != (200, 3)], [])

    def test_a_bad_reload_keeps_the_old_app(self):
        good = (self.folder / "app.toml").read_text()
        (self.folder / "app.toml").write_text("nonsense")
        self.process.send_signal(signal.SIGHUP)
        deadline = time.time() + 20
        while time.time() < deadline and not any("goes on" in line for line in self.lines):
            time.sleep(0.02)
        self.assertEqual(self.post("/op/add", '{"a":1,"b":2}'), (200, 3))
        (self.folder / "app.toml").write_text(good)

    def test_sigterm_drains(self):
        self.post("/op/add", '{"a":1,"b":2}')
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def test_an_app_that_cannot_start_is_an_error(self):
        (self.folder / "greet.wasm").write_bytes(b"\0asm\1\0\0\0")
        self.expect(heddle("serve", "--addr", "127.0.0.1:0", self.folder / "app.toml"), FAILED, err="materializers.greet: greet.wasm: kind `core-wire` needs the export")


if __name__ == "__main__":
    sys.exit(unittest.main())
