#!/usr/bin/env python3
"""Materializers of kind http: bodies of a route go in pieces, both ways, through a guest of WASI 0.2 and one of 0.3."""

import contextlib
import http.client
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

from serve_test import WithGuest
from support import HEDDLE


class Served:
    """An app of one route, `/`, whose materializer says `more`; a policy that reads the request is asked first."""

    def __init__(self, component, more=""):
        self.folder = tempfile.TemporaryDirectory()
        manifest = pathlib.Path(self.folder.name) / "app.toml"
        manifest.write_text(f"[materializers.web]\nartifact = '{component}'\nkind = 'http'\nroute = '/'\n{more}\n")
        self.process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", manifest], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.port = int(re.search(r":(\d+)", self.process.stdout.readline())[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)
        self.folder.cleanup()

    def connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))

    def ask(self, path, method="GET", body=None):
        with self.connect() as c:
            c.request(method, path, body)
            r = c.getresponse()
            return r.status, r.read()


class Route(WithGuest):
    def test_bodies_stream_both_ways(self):
        with Served(self.component) as s:
            body = bytes(range(256)) * 4_000
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            for _ in range(3):
                self.assertEqual(s.ask("/echo", "POST", body), (200, body))
            self.assertEqual(s.ask("/echo", "POST", iter([b"abc", b"", b"def" * 1000])), (200, b"abc" + b"def" * 1000))
            self.assertEqual(s.ask("/stream/700")[1], b"".join(bytes([97 + i % 26]) * 1024 for i in range(700)))

    def test_an_answer_begins_before_its_question_has_ended(self):
        with Served(self.component) as s, s.connect() as c:
            c.putrequest("POST", "/echo")
            c.putheader("Transfer-Encoding", "chunked")
            c.endheaders()
            c.send(b"3\r\nabc\r\n")
            r = c.getresponse()
            self.assertEqual((r.status, r.read(3)), (200, b"abc"))
            c.send(b"3\r\ndef\r\n0\r\n\r\n")
            self.assertEqual(r.read(), b"def")

    def test_what_goes_wrong_stays_in_its_request(self):
        with Served(self.component, "limits = { deadline = '700ms' }") as s:
            self.assertEqual(s.ask("/trap")[0], 502)
            self.assertEqual(s.ask("/spin")[0], 504)
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))

    def test_who_declares_types_has_whole_bodies(self):
        with Served(self.component, "input = { type = 'object', properties = { method = { const = 'GET' } } }") as s:
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            self.assertEqual(s.ask("/echo", "POST", b"abc")[0], 422)


class RouteOfService(Route):
    guest = "service"


del WithGuest
if __name__ == "__main__":
    sys.exit(unittest.main())
