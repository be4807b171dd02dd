#!/usr/bin/env python3
"""Programs of WASI 0.3, written in C: an echo server, a client, a file copier; what they are granted, and what they are not."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from support import FAILED, HEDDLE, ROOT, ProgramTest, heddle

SUITES = pathlib.Path(os.environ.get("HEDDLE_SUITES", ROOT / "spec-tests/suites"))
NETWORK = ["--allow-listen", "tcp:127.0.0.1:0", "--allow-net", "tcp:connect:127.0.0.1:*"]


class Echo:
    """The echo server for a `with` block."""

    def __init__(self, component, connections, *options):
        self.process = subprocess.Popen([HEDDLE, "run", *NETWORK, *options, str(component), str(connections)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"port (\d+)\n", line)
        if not found:
            raise AssertionError(f"the server did not start: {line} {self.process.stderr.read()}")
        self.port = int(found[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=60)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            break
        data += part
    return data


class Programs(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        why = None
        wit = SUITES / "wit/0.3.0"
        if not wit.is_dir():
            why = f"no WIT files in {wit}; HEDDLE_SUITES names where the suites are"
        elif shutil.which("clang-19") is None:
            why = "no clang-19 that builds WebAssembly"
        if why and os.environ.get("CI") == "true":
            raise AssertionError(why)
        if why:
            raise unittest.SkipTest(why)
        cls.out = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        subprocess.run([ROOT / "tests/wasi/p3/guests/build.sh", HEDDLE, wit, cls.out], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def test_a_file_is_copied_through_streams(self):
        content = os.urandom(1_000_003)
        self.file("box/from", content)
        self.expect(heddle("run", "--dir", f"{self.folder}/box::/", self.out / "copy.wasm"), 0, "copied 1000003\n")
        self.assertEqual((self.folder / "box/to").read_bytes(), content)
        self.expect(heddle("run", "--dir", f"{self.folder}/box::/:ro", self.out / "copy.wasm"), FAILED)

    def test_a_client_talks_to_a_server(self):
        with Echo(self.out / "echo.wasm", 1) as server:
            self.expect(heddle("run", *NETWORK, self.out / "client.wasm", server.port, 100), 0, "came back: 102400\n")
            self.assertEqual(server.process.wait(60), 0)

    def test_what_was_not_granted_is_refused(self):
        with Echo(self.out / "echo.wasm", 1) as server:
            self.expect(heddle("run", self.out / "client.wasm", server.port, 1), FAILED, "no connection: 0\n")
            self.expect(heddle("run", "--allow-net", f"tcp:connect:127.0.0.1:{server.port % 65535 + 1}", self.out / "client.wasm", server.port, 1), FAILED, "no connection: 0\n")
        self.expect(heddle("run", self.out / "echo.wasm", 1), FAILED, "")

    def test_many_connections_are_served_at_once_by_one_process(self):
        count = 200
        with Echo(self.out / "echo.wasm", count) as server, contextlib.ExitStack() as stack:
            all_sockets = [stack.enter_context(server.connect()) for _ in range(count)]
            for turn in range(2):
                for i, s in enumerate(all_sockets):
                    s.sendall(f"{i:06}:{turn}".encode())
                for i, s in enumerate(all_sockets):
                    self.assertEqual(read_exactly(s, 8), f"{i:06}:{turn}".encode())
            for s in all_sockets:
                s.shutdown(socket.SHUT_WR)
                self.assertEqual(s.recv(1), b"")
            self.assertEqual(server.process.wait(60), 0)

    def test_a_large_stream_comes_back_whole(self):
        data = os.urandom(3 << 20)
        with Echo(self.out / "echo.wasm", 1) as server, server.connect() as s:
            back = b""
            for at in range(0, len(data), 65536):
                s.sendall(data[at : at + 65536])
                back += read_exactly(s, len(data[at : at + 65536]))
            self.assertEqual(back, data)


if __name__ == "__main__":
    sys.exit(unittest.main())
