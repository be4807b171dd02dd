#!/usr/bin/env python3
"""The example pubsub: its modules compiled as core modules and as components, started by its host, ended by a signal. `--seconds N` lets it run that long (default 3), and asks
that messages take less than 10 ms, which a machine that does much else does not promise."""

import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from support import HEDDLE, ROOT, ProgramTest

EXAMPLE = ROOT / "wire/examples/pubsub"
HOST = os.environ.get("PUBSUB_HOST", str(ROOT / "build/release/tests/pubsub_host"))
SECONDS, MEASURE = 3, False


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.bodies.append(body.decode())
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


def setUpModule():
    global MODULES
    MODULES = pathlib.Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    if shutil.which("clang-19"):
        subprocess.run([EXAMPLE / "build.sh", MODULES, HEDDLE], check=True, timeout=240)


class Forms:
    """The tests of both forms."""

    def setUp(self):
        super().setUp()
        self.allowed, self.other = self.endpoint(), self.endpoint()

    def endpoint(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        server.bodies = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        return server

    def start(self, interval=20):
        self.file("config/server.conf", "greeting=here I am\n")
        self.file("config/telemetry.conf", f"topic=telemetry\ninterval_ms={interval}\n")
        self.file("config/gateway.conf", f"topic=telemetry\nurl={self.allowed.url}/in\nother_url={self.other.url}/in\n")
        command = [HOST, "--form", self.FORM, "--modules", MODULES, "--config", self.folder / "config", "--server-socket-address", "127.0.0.1:0", "--gateway-allowed-host", self.allowed.url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stdout.close)
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.kill)
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            if ready := re.search(r"ready on port (\d+)", line):
                self.reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr))
                self.reader.start()
                return int(ready[1])
        self.fail("".join(self.said))

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        out = self.process.stdout.read()
        self.reader.join()
        self.assertEqual(self.process.wait(), 0, out + "".join(self.said))
        print(f"{self.FORM}s: {out}", end="", file=sys.stderr)
        return [float(n) for n in re.findall(r"[\d.]+", re.sub(r"p\d\d", "", out))], "".join(self.said)

    def test_messages_flow_for_as_long_as_it_runs(self):
        port = self.start()
        with socket.create_connection(("127.0.0.1", port)) as along:
            along.sendall(b"SUB telemetry\n")
            time.sleep(SECONDS)
            along.settimeout(5)
            heard = along.recv(1 << 20)
        (published, read, posted, refused, statuses, p50, p99, _), said = self.end()
        self.assertGreater(published, SECONDS)
        self.assertEqual((read, posted, refused), (published, published, 1))
        self.assertEqual(len(self.allowed.bodies), published)
        self.assertEqual([b.split(",")[0] for b in self.allowed.bodies], [f'{{"n":{i}' for i in range(int(published))])
        self.assertEqual(self.other.bodies, [], "the gateway may not post there")
        self.assertIn("gateway: the other host was refused", said)
        self.assertIn("server: here I am", said)
        self.assertRegex(heard.decode(), r'(?s)^OK\n(MSG telemetry [\d.]+ \{"n":\d+,"celsius":\d+\}\n)+')
        for module in ("telemetry", "gateway", "server"):
            self.assertRegex(said, module + r": status \d+")
        self.assertGreaterEqual(statuses, 3)
        if MEASURE:
            self.assertLess(p50, 10)
            self.assertLess(p99, 10)

    def test_silence_is_not_the_end(self):
        self.start(interval=400)
        time.sleep(1)
        (published, read, *_), _ = self.end()
        self.assertGreater(published, 1)
        self.assertEqual(read, published)

    def test_wrong_lines_end_a_connection_and_not_the_server(self):
        port = self.start()
        for text in (b"HELLO\n", b"x" * 10_000):
            with socket.create_connection(("127.0.0.1", port)) as s:
                s.sendall(text)
                s.settimeout(10)
                try:
                    self.assertEqual(s.recv(10), b"")
                except ConnectionResetError:
                    pass
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"PUB own hello\n")
            s.settimeout(10)
            self.assertEqual(s.recv(10), b"OK\n")
        self.end()

    def test_a_missing_module_is_named(self):
        done = subprocess.run([HOST, "--form", self.FORM, "--modules", self.folder, "--config", self.folder, "--server-socket-address", "127.0.0.1:0"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"server(\.component)?\.wasm: ")


@unittest.skipUnless(shutil.which("clang-19"), "clang-19 is not installed: the example cannot be compiled")
class ModulesTest(Forms, ProgramTest):
    FORM = "module"


@unittest.skipUnless(shutil.which("clang-19"), "clang-19 is not installed: the example cannot be compiled")
class ComponentsTest(Forms, ProgramTest):
    FORM = "component"

    def test_what_the_host_offers_in_another_form_is_refused(self):
        """A component that asks for a function with another type than the host has."""
        self.file("server.wat", '(component (import "demo:pubsub/host@1.0.0" (instance (export "wait" (func (param "milliseconds" u32) (result bool))))))')
        subprocess.run([HEDDLE, "wat", self.folder / "server.wat", "-o", self.folder / "server.component.wasm"], check=True, timeout=60)
        command = [HOST, "--form", "component", "--modules", self.folder, "--config", self.folder, "--server-socket-address", "127.0.0.1:0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"server: (?s:.*)wait(?s:.*)async func.*bool")


if __name__ == "__main__":
    if "--seconds" in sys.argv:
        at = sys.argv.index("--seconds")
        SECONDS, MEASURE = int(sys.argv[at + 1]), True
        del sys.argv[at : at + 2]
    unittest.main()
