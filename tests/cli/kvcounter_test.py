"""The example kvcounter: built from its sources, composed and linked, the golden text from the command line and from C++."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import HEDDLE, ROOT, ProgramTest, heddle

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


if __name__ == "__main__":
    unittest.main()
