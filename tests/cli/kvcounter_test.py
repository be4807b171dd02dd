"""The example kvcounter: built from its sources, composed and linked, the golden text from the command line and from C++."""

import base64
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import HEDDLE, RELAY, ROOT, ProgramTest, heddle

EXAMPLE = ROOT / "wire/examples/kvcounter"
RECEIVE = "demo:kvcounter/wasmbus-receiver@1.0.0.receive"
LINKED = ["wasmbus_sender.wasm", "sender.wasm", "kvcounter.wasm", "receiver.wasm"]


class KvcounterTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.out.cleanup)
        subprocess.run([EXAMPLE / "build.sh", cls.out.name, HEDDLE], check=True, timeout=120)

    def receive(self, argument, method="HttpServer.HandleRequest"):
        """What the composed component says, after the linked ones said the same."""
        call = f"{RECEIVE}({{method: {json.dumps(method)}, arg: {json.dumps(list(argument))}}})"
        path = Path(self.out.name)
        composed = heddle("run", "--invoke", call, path / "composed.wasm")
        links = [word for file in LINKED[:-1] for word in ("--link", path / file)]
        linked = heddle("run", *links, "--invoke", call, path / LINKED[-1])
        self.expect(composed, 0)
        self.expect(linked, 0, composed.out)
        return composed.out

    def request(self, **changes):
        fields = {"method": "GET", "path": "/", "query_string": "", "header": [["HOST", "foobar"]], "body": []}
        return json.dumps({**fields, **changes}, separators=(",", ":")).encode()

    @staticmethod
    def with_body(said):
        """The result's bytes as text, as a host would print them."""
        printed, result = re.fullmatch(r"(.*)ok\(\[([0-9, ]*)\]\)\n", said, re.DOTALL).groups()
        return f"{printed}body: {bytes(map(int, result.split(', '))).decode()}\n"

    def test_the_golden_text(self):
        self.assertEqual(self.with_body(self.receive(self.request())), (EXAMPLE / "expected.txt").read_text())

    def test_the_golden_text_from_cpp(self):
        for files in (["composed.wasm"], LINKED):
            done = subprocess.run([os.environ["KVCOUNTER_HOST"], *(Path(self.out.name) / f for f in files)], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((done.stderr, done.stdout), ("", (EXAMPLE / "expected.txt").read_text()))

    def test_the_golden_text_without_receiver_and_sender(self):
        """The user's component alone: from the command line, and from C++."""
        path = Path(self.out.name)
        message = "HttpServer.HandleRequest " + self.request().decode()
        said = heddle("run", "--message-style", "snake,numbers", "--link", path / "wasmbus_sender.wasm", "--send", "demo:kvcounter/keyvalue=KeyValue@wasmcloud:keyvalue",
                      "--message", message, path / "kvcounter.wasm")
        self.expect(said, 0)
        printed, answer = said.out.rsplit("}\n{", 1)
        self.assertEqual(f"{printed}}}\nbody: {{{answer}", (EXAMPLE / "expected.txt").read_text())
        done = subprocess.run([os.environ["KVCOUNTER_HOST_MESSAGES"], path / "kvcounter.wasm", path / "wasmbus_sender.wasm"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.stderr, done.stdout), ("", (EXAMPLE / "expected.txt").read_text()))

    def test_what_cannot_be_a_message_is_said(self):
        path = Path(self.out.name)
        send = ["--link", path / "wasmbus_sender.wasm", "--send", "demo:kvcounter/keyvalue"]
        for words, code, expected in (
                ([*send, "--message", "HttpServer.Nothing {}"], 1, "HttpServer.Nothing: method-not-handled: no method is called `HttpServer.Nothing`; known are `Httpserver.HandleRequest`"),
                ([*send, "--message", 'HttpServer.HandleRequest {"method":5}'], 1, "HttpServer.HandleRequest: deser: <argument>.method: expected a string, there is 5"),
                ([*send[2:], "--message", "HttpServer.HandleRequest"], 2, "--send: no component of --link exports a function `send` that takes messages"),
                (["--link", path / "wasmbus_sender.wasm", "--send", "demo:kvcounter/keyvalu", "--message", "X {}"], 1,
                 "--send demo:kvcounter/keyvalu: it imports no interface `demo:kvcounter/keyvalu`; did you mean `demo:kvcounter/keyvalue`?"),
                (["--send", "keyvalue"], 2, "an interface whose calls are sent is written demo:app/store"),
                (["--message", "X {}", "--invoke", "x()"], 2, "--invoke excludes --message"),
                (["--message-style", "snak"], 2, "keys as kebab, snake or camel, bytes as base64 or numbers")):
            said = heddle("run", *words, path / "kvcounter.wasm")
            self.expect(said, code)
            self.assertIn(expected, said.err)

    def test_the_host_calls_of_a_runtime_are_listed(self):
        app = self.app().with_name("runtime.toml")
        self.expect(heddle("app", "check", app), 0, contains=["bus: core-wire", "runtimes.store.kv.get: wit-wire, read, singleton", "runtimes.store.kv.cas: wit-wire"])

    def sent(self, said):
        """The message's payload."""
        return bytes(int(n) for n in re.findall(r"^ {8}(\d+),$", said, re.MULTILINE)).decode()

    def test_the_query_names_the_amount(self):
        for query, amount in (("amount=5", 5), ("a=b&amount=-7", -7), ("amount=x", 1), ("amount=", 1), ("amounts=3", 1), ("", 1)):
            self.assertEqual(self.sent(self.receive(self.request(path="/a/b", query_string=query))), f'{{"key":"counter::a:b","value":{amount}}}')

    def test_texts_survive(self):
        said = self.receive(self.request(path='/"ü\\\n\U0001f600'))
        self.assertEqual(json.loads(self.sent(said))["key"], 'counter::"ü\\\n\U0001f600')

    def test_errors_are_the_contracts_own(self):
        self.assertEqual(self.receive(b"", "HttpServer.Nothing"),
                         'err(method-not-handled("Method HttpServer.Nothing is not supported by the httpserver contract"))\n')
        for wrong, expected in ((b"", "an object"), (b'{"method":5', "a string"), (b'{"verb":1}', "method, path, query_string, header or body"),
                                (self.request() + b"x", "the end"), (self.request(body=[256]), "a byte")):
            self.assertEqual(self.receive(wrong), f'err(deser("httpserver: expected {expected}"))\n')

    def test_the_composed_component_imports_what_only_a_host_can_give(self):
        said = heddle("wit", Path(self.out.name) / "composed.wasm")
        self.expect(said, 0, contains="export demo:kvcounter/wasmbus-receiver@1.0.0;")
        imports = re.findall(r"^  import (.*);$", said.out, re.MULTILINE)
        self.assertEqual(imports, ["wasi:io/error@0.2.0", "wasi:io/streams@0.2.0", "wasi:cli/stdout@0.2.0", "demo:kvcounter/types@1.0.0"])

    # ---- in service

    def app(self):
        """A folder of its own, so that every test counts from zero."""
        for name in ("app.toml", "memory.toml", "messages.toml", "runtime.toml", "application.wasm", "kvcounter.wasm", "bus.wasm", "memory_bus.wasm", "store.wasm"):
            shutil.copy(Path(self.out.name) / name, self.folder / name)
        return self.folder / "app.toml"

    def serve(self, app):
        """The port, and the lines of its log as they come."""
        process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", app], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stderr))
        self.addCleanup(lambda: (process.kill(), process.wait(), reader.join(), process.stdout.close(), process.stderr.close()))
        port = int(process.stdout.readline().rsplit(":", 1)[1].strip(" /\n"))
        reader.start()
        return process, port, lines

    def message(self, method="HttpServer.HandleRequest", **changes):
        return json.dumps({"msg": {"method": method, "arg": base64.b64encode(self.request(**changes)).decode()}})

    @staticmethod
    def counter(answer):
        """The count, or the error that the application answers with."""
        response = json.loads(base64.b64decode(json.loads(answer)))
        body = json.loads(bytes(response["body"]))
        return body["counter"] if response["status_code"] == 200 else body["error"]

    def test_it_really_counts(self):
        app = self.app()
        for path, amount, counter in (("/", 1, 1), ("/", 1, 2), ("/a", 5, 5), ("/", -4, -2), ("/a", 1, 6)):
            said = heddle("call", app, "receive", "--json", self.message(path=path, query_string=f"amount={amount}"))
            self.expect(said, 0)
            self.assertEqual(self.counter(said.out), counter)

    def test_it_counts_without_receiver_and_sender(self):
        app = self.app().with_name("messages.toml")
        for path, amount, counter in (("/", 1, 1), ("/", 2, 3), ("/a", 5, 5), ("/", -4, -1)):
            said = heddle("call", app, "receive", "--json", self.message(path=path, query_string=f"amount={amount}"))
            self.expect(said, 0)
            self.assertEqual(self.counter(said.out), counter)
        self.expect(heddle("call", app, "receive", "--json", self.message(method="KeyValue.Increment")), 8, "")
        app.write_text(app.read_text().replace('kv = "write"', 'kv = "read"'))
        said = heddle("call", app, "receive", "--json", self.message())
        self.assertEqual(self.counter(said.out), "`bus` may not call `kv.increment` (grants.kv)")

    def test_a_failure_of_the_hosts_side_reaches_the_application_as_its_contracts_error(self):
        app = self.app()
        app.write_text(app.read_text().replace('kv = "write"', 'kv = "read"'))
        said = heddle("call", app, "receive", "--json", self.message())
        self.expect(said, 0)
        self.assertEqual(self.counter(said.out), "`bus` may not call `kv.increment` (grants.kv)")

    def test_a_component_counts_in_its_place_and_starts_anew_when_it_traps(self):
        self.app()
        _, port, _ = self.serve(self.folder / "memory.toml")

        def call(path):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/op/receive", self.message(path=path))
            counter = self.counter(connection.getresponse().read())
            connection.close()
            return counter

        self.assertEqual([call("/a"), call("/a"), call("/b")], [1, 2, 1])
        for _ in range(2):
            self.assertIn("the guest trapped: unreachable", call("/trap"))
            self.assertEqual([call("/a"), call("/a")], [1, 2])

    def test_a_key_value_runtime_is_killed_by_many_callers_and_each_is_told_once(self):
        app = self.app().with_name("runtime.toml")
        app.write_text(app.read_text().replace('longest = "10s"', 'longest = "40ms"'))
        _, port, _ = self.serve(app)
        callers, calls = 16, 20

        def call(number):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            counters, errors = [], []
            for n in range(calls):
                connection.request("POST", "/op/receive", self.message(path="/trap" if n == number else "/a"))
                answer = self.counter(connection.getresponse().read())
                (counters if isinstance(answer, int) else errors).append(answer)
            connection.close()
            return counters, errors

        with concurrent.futures.ThreadPoolExecutor(callers) as pool:
            results = list(pool.map(call, range(callers)))
        for counters, errors in results:
            self.assertEqual(errors, ["`kv.increment` (runtimes.store): the guest trapped: unreachable"])
            self.assertEqual(len(counters), calls - 1)
        # Each instance counted 1, 2, 3, …: a number is there as often as there were instances that came so far.
        times = [sum(counters.count(n) for counters, _ in results) for n in range(1, callers * calls)]
        self.assertEqual(times, sorted(times, reverse=True))
        self.assertGreater(times[0], 1)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        self.assertIn('heddle_calls_total{op="runtimes.store.kv.increment",outcome="trap"} 16', metrics)

    def test_the_runtime_keeps_what_the_built_in_store_keeps(self):
        """The same calls, asked by a guest that hands them on, of both."""
        self.app()
        (self.folder / "forward.wat").write_text(RELAY)
        ops = ["kv.get", "kv.set", "kv.delete", "kv.list", "kv.increment", "kv.cas"]
        guests = "".join(f'[materializers."{op}"]\nartifact = "forward.wat"\ngrants = {{ kv = "write" }}\n' for op in ops)
        (self.folder / "built_in.toml").write_text(guests)
        (self.folder / "provided.toml").write_text(guests + '[runtimes.store]\nartifact = "store.wasm"\nkind = "wit-wire"\nprovides = ["kv.*"]\n')
        calls = [("kv.get", {"key": "a"}), ("kv.set", {"key": "a", "value": {"x": [1, "}", {}], "y": None}}), ("kv.get", {"key": "a"}), ("kv.increment", {"key": "n"}),
                 ("kv.increment", {"key": "n", "by": -5}), ("kv.get", {"key": "n"}), ("kv.set", {"key": "b\"\\ü", "value": "\\\""}), ("kv.list", {}), ("kv.list", {"prefix": "b"}),
                 ("kv.list", {"after": "a", "limit": 1}), ("kv.cas", {"key": "n", "expected": 7, "value": 8}), ("kv.cas", {"key": "n", "expected": -4, "value": 8}), ("kv.get", {"key": "n"}),
                 ("kv.cas", {"key": "new", "value": []}), ("kv.cas", {"key": "new", "value": 1}), ("kv.delete", {"key": "a"}), ("kv.delete", {"key": "a"}), ("kv.list", {}), ("kv.get", {"key": "a"})]

        def answers(app):
            _, port, _ = self.serve(self.folder / app)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for op, argument in calls:
                connection.request("POST", "/op/" + op, json.dumps(argument))
                response = connection.getresponse()
                yield op, argument, response.status, json.loads(response.read())
            connection.request("POST", "/op/kv.set", json.dumps({"key": "t", "value": "text"}))
            connection.getresponse().read()
            connection.request("POST", "/op/kv.increment", json.dumps({"key": "t"}))
            response = connection.getresponse()
            yield response.status, json.loads(response.read())["error"]["cause"]["code"]
            connection.close()

        self.assertEqual(list(answers("provided.toml")), list(answers("built_in.toml")))

    def test_the_hosts_side_is_replaced_under_a_thousand_calls(self):
        app = self.app()
        process, port, lines = self.serve(app)

        def calls(n):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            counters = []
            for _ in range(n):
                connection.request("POST", "/op/receive", self.message())
                counters.append(self.counter(connection.getresponse().read()))
            connection.close()
            return counters

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            running = [pool.submit(calls, 250) for _ in range(4)]
            versions = 0
            while not all(r.done() for r in running) and versions < 50:
                versions += 1
                # Another module each time: with a section that says which.
                name = f"v{versions}".encode()
                replaced = (Path(self.out.name) / "bus.wasm").read_bytes() + bytes([0, len(name) + 1, len(name)]) + name
                (self.folder / "next").write_bytes(replaced)
                (self.folder / "next").rename(self.folder / "bus.wasm")
                process.send_signal(signal.SIGHUP)
                deadline = time.time() + 30
                while sum("reloaded" in line for line in lines) < versions and time.time() < deadline:
                    time.sleep(0.002)
            counted = sorted(n for r in running for n in r.result())
        self.assertEqual(counted, list(range(1, 1001)))
        self.assertGreater(versions, 1)


if __name__ == "__main__":
    unittest.main()
