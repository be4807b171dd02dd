#!/usr/bin/env python3
"""heddle serve: a component written in C answers requests; what it does wrong harms nobody else."""

import contextlib
import http.client
import http.server
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from support import COMPONENT, HEADER, HEDDLE, NOT_RUNNABLE, NOT_FOUND, ROOT, FAILED, ProgramTest, heddle
from upstream import upstream

sys.path.insert(0, str(ROOT / "tests/wasi/http/guests"))
import build  # noqa: E402


class Served:
    """A server for a `with` block; `said` is its standard error."""

    def __init__(self, component, *options, env=None):
        self.process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", *options, component], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})})
        self.said, self.port, self.metrics = "", None, None
        while self.port is None:
            line = self.process.stderr.readline()
            self.said += line
            if not line:
                raise AssertionError(f"the server did not start: {self.said}")
            if m := re.search(r"metrics on http://127\.0\.0\.1:(\d+)", line):
                self.metrics = int(m[1])
            if m := re.search(r"serving .* on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(m[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=60)
        self.said += err
        self.out = out
        return self.process.returncode

    def connect(self):
        return contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60))

    def ask(self, path, method="GET", body=None, headers=None, port=None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)) as c:
            c.request(method, path, body, headers or {})
            r = c.getresponse()
            return r.status, r.read()


class WithGuest(ProgramTest):
    guest = "server"

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.component = str(pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory())) / "server.wasm")
        try:
            build.build(cls.guest, cls.component)
        except build.Missing as why:
            cls.stack.close()
            cls.missing(str(why))

    @classmethod
    def missing(cls, why):
        if os.environ.get("CI") == "true":
            raise AssertionError(why)
        raise unittest.SkipTest(why)

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def expect_nobody_held_up(self, path):
        with Served(self.component, "--workers", "1") as s, contextlib.ExitStack() as waiting:
            for _ in range(20):
                c = waiting.enter_context(s.connect())
                c.putrequest("POST", path)
                c.putheader("Content-Length", "3")
                c.endheaders()
            spinning = waiting.enter_context(s.connect())
            spinning.request("GET", "/spin")
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))


class Serve(WithGuest):
    def test_the_guest_answers(self):
        with Served(self.component, "--access-log", "--metrics", "127.0.0.1:0") as s:
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            self.assertEqual(s.ask("/status/404"), (404, b""))
            status, about = s.ask("/about?x=1", "POST", b"", {"X-One": "1", "Connection": "close"})
            lines = about.decode().split("\n")
            self.assertEqual(lines[0], f"2 127.0.0.1:{s.port} /about?x=1")
            self.assertIn("X-One=1", lines)
            self.assertNotIn("host", about.decode().lower().replace("127.0.0.1", ""))
            status, metrics = s.ask("/metrics", port=s.metrics)
            self.assertIn(b"heddle_http_requests_total 3\n", metrics)
            self.assertEqual(s.ask("/healthz", port=s.metrics), (200, b"ok\n"))
            self.assertEqual(s.end(), 0)
            self.assertRegex(s.out, r'127\.0\.0\.1:\d+ "GET /hello" 200 6 \d+\.\d+ms\n')

    def test_bodies_stream_both_ways(self):
        with Served(self.component) as s:
            body = bytes(range(256)) * 12_000
            self.assertEqual(s.ask("/echo", "POST", body), (200, body))
            self.assertEqual(s.ask("/echo", "POST", iter([b"abc", b"", b"def" * 1000])), (200, b"abc" + b"def" * 1000))
            status, streamed = s.ask("/stream/2000")
            self.assertEqual(streamed, b"".join(bytes([97 + i % 26]) * 1024 for i in range(2000)))

    def test_one_connection_serves_many_requests(self):
        with Served(self.component, "--reuse", "5") as s, s.connect() as c:
            for i in range(23):
                c.request("POST", "/echo", str(i))
                self.assertEqual(c.getresponse().read(), str(i).encode())

    def test_a_guest_that_forgets_its_requests_answers_for_ever(self):
        with Served(self.component, "--reuse", "1000", "--max-requests", "4", "--metrics", "127.0.0.1:0") as s:
            for _ in range(20):
                self.assertEqual(s.ask("/forget"), (200, b"?\n"))
            until = time.monotonic() + 60
            while b"heddle_http_requests_active 0\n" not in s.ask("/metrics", port=s.metrics)[1] and time.monotonic() < until:
                time.sleep(0.01)
            self.assertLess(time.monotonic(), until)

    def test_what_goes_wrong_stays_in_its_request(self):
        with Served(self.component, "--timeout", "500ms") as s:
            self.assertEqual(s.ask("/trap")[0], 500)
            self.assertEqual(s.ask("/nothing")[0], 500)
            self.assertEqual(s.ask("/error")[0], 500)
            self.assertEqual(s.ask("/spin")[0], 504)
            # The answer is cut behind its first part.
            with self.assertRaises(http.client.IncompleteRead) as cut:
                s.ask("/unfinished")
            self.assertEqual(cut.exception.partial, b"abc")
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            self.assertEqual(s.end(), 0)
            for words in ("GET /trap: ", "unreachable", "GET /nothing: the component gave no response", "GET /spin: took more than 500 ms", "internal-error"):
                self.assertIn(words, s.said)

    def test_limits_are_options(self):
        with Served(self.component, "--max-body", "1K", "--fuel", "1000000") as s:
            self.assertEqual(s.ask("/echo", "POST", b"x" * 1024)[0], 200)
            self.assertEqual(s.ask("/echo", "POST", b"x" * 1025)[0], 413)
            self.assertEqual(s.ask("/spin")[0], 500)

    def test_guests_that_wait_and_spin_hold_up_nobody(self):
        self.expect_nobody_held_up("/echo")

    def test_many_at_once_get_their_own_bodies(self):
        wrong = []

        def client(s, n):
            with s.connect() as c:
                for i in range(10):
                    c.request("POST", "/echo", f"{n}:{i}")
                    if c.getresponse().read() != f"{n}:{i}".encode():
                        wrong.append((n, i))

        with Served(self.component, "--workers", "4", "--threads", "2") as s:
            threads = [threading.Thread(target=client, args=(s, n)) for n in range(16)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
        self.assertEqual(wrong, [])

    def test_a_request_that_was_begun_is_finished(self):
        with Served(self.component, "--metrics", "127.0.0.1:0") as s, s.connect() as c:
            c.putrequest("POST", "/echo")
            c.putheader("Content-Length", "6")
            c.endheaders()
            c.send(b"abc")
            # The other request has its answer, but its guest may still be at work.
            self.assertEqual(s.ask("/hello")[0], 200)
            until = time.monotonic() + 60
            while b"heddle_http_requests_active 1\n" not in s.ask("/metrics", port=s.metrics)[1] and time.monotonic() < until:
                time.sleep(0.01)
            s.process.send_signal(signal.SIGTERM)
            self.assertIn("finishing 1 requests", s.process.stderr.readline())
            c.send(b"def")
            self.assertEqual(c.getresponse().read(), b"abcdef")
            c.close()
            self.assertEqual(s.process.wait(60), 0)

    def test_what_never_ends_is_cut(self):
        with Served(self.component, "--drain", "100ms") as s, s.connect() as c:
            c.putrequest("POST", "/echo")
            c.putheader("Content-Length", "6")
            c.endheaders()
            c.send(b"abc")
            self.assertEqual(s.ask("/hello")[0], 200)
            self.assertEqual(s.end(signal.SIGINT), 124)


class Upstream(http.server.BaseHTTPRequestHandler):
    """What the guest asks: the body back, a redirect, a large stream, an end in the middle."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while n := int(self.rfile.readline(), 16):
            data += self.rfile.read(n)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answer(200, self.body())

    def do_GET(self):
        if self.path == "/redirect":
            self.answer(302, b"elsewhere", Location="/hello")
        elif self.path == "/large":
            self.send_response(200)
            self.end_headers()
            for _ in range(64):
                self.wfile.write(b"x" * (1 << 20))
            self.close_connection = True
        elif self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x" * 50)
            self.close_connection = True
        else:
            self.answer(200, f"{self.path} {self.headers['Host']}".encode())


# Numbers of error-code cases.
REFUSED_CONNECTION, BAD_CERTIFICATE, DENIED, BAD_URI = b"06", b"13", b"15", b"19"


class Outbound(WithGuest):
    """The guest as a gateway."""

    def test_what_is_granted_is_reached(self):
        with upstream(Upstream) as port, Served(self.component, "--allow-host", f"http://127.0.0.1:{port}") as s:
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/a?b=c"), (200, f"/a?b=c 127.0.0.1:{port}".encode()))
            body = bytes(range(256)) * 4000
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/", "POST", body), (200, body))
            status, large = s.ask(f"/fetch/http/127.0.0.1:{port}/large")
            self.assertEqual((status, len(large)), (200, 64 << 20))
            with self.assertRaises(http.client.IncompleteRead):
                s.ask(f"/fetch/http/127.0.0.1:{port}/cut")

    def test_nothing_else_is(self):
        with upstream(Upstream) as port, upstream(Upstream) as other, Served(self.component, "--allow-host", f"http://127.0.0.1:{port}", "--allow-host", "http://localhost:1") as s:
            cases = {
                f"http/127.0.0.1:{other}/": DENIED,     # another port
                f"https/127.0.0.1:{port}/": DENIED,     # another scheme
                f"http/localhost:{port}/": DENIED,      # another name for it
                f"http/127.1:{port}/": DENIED,
                f"http/2130706433:{port}/": DENIED,
                f"http/[::ffff:127.0.0.1]:{port}/": DENIED,
                f"http/127.0.0.1:{port}x/": BAD_URI,
                f"http/u@127.0.0.1:{port}/": BAD_URI,
                "http/localhost:1/": REFUSED_CONNECTION,
            }
            for path, error in cases.items():
                self.assertEqual(s.ask("/fetch/" + path), (502, error), path)
            # A redirect is an answer like any other.
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/redirect"), (302, b"elsewhere"))
        with upstream(Upstream) as port, Served(self.component) as s:
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/"), (502, DENIED))

    def test_certificates_are_checked(self):
        if shutil.which("openssl") is None:
            self.skipTest("no openssl to make a certificate with")
        certificate = str(self.folder / "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", certificate + ".key", "-out", certificate + ".crt", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        pathlib.Path(certificate).write_text(pathlib.Path(certificate + ".key").read_text() + pathlib.Path(certificate + ".crt").read_text())
        with upstream(Upstream, certificate) as port:
            grant = ["--allow-host", f"https://localhost:{port}", "--allow-host", f"https://127.0.0.1:{port}"]
            with Served(self.component, *grant) as s:
                self.assertEqual(s.ask(f"/fetch/https/localhost:{port}/"), (502, BAD_CERTIFICATE))
            with Served(self.component, *grant, env={"SSL_CERT_FILE": certificate + ".crt"}) as s:
                self.assertEqual(s.ask(f"/fetch/https/localhost:{port}/x"), (200, f"/x localhost:{port}".encode()))
                self.assertEqual(s.ask(f"/fetch/https/localhost:{port}/", "POST", b"abc" * 100_000), (200, b"abc" * 100_000))


class Service(WithGuest):
    """A handler of WASI 0.3."""

    guest = "service"

    def test_the_guest_answers(self):
        with Served(self.component) as s:
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            self.assertEqual(s.ask("/status/404"), (404, b""))
            self.assertEqual(s.ask("/nowhere"), (404, b"?\n"))
            self.assertEqual(s.end(), 0)

    def test_bodies_stream_both_ways(self):
        with Served(self.component) as s:
            body = bytes(range(256)) * 4_000
            for path in ("/echo", "/copy"):
                self.assertEqual(s.ask(path, "POST", body), (200, body), path)
                self.assertEqual(s.ask(path, "POST", iter([b"abc", b"", b"def" * 1000])), (200, b"abc" + b"def" * 1000), path)
                self.assertEqual(s.ask(path), (200, b""), path)
            self.assertEqual(s.ask("/stream/700")[1], b"".join(bytes([97 + i % 26]) * 1024 for i in range(700)))

    def test_what_goes_wrong_stays_in_its_request(self):
        with Served(self.component, "--timeout", "500ms") as s:
            self.assertEqual(s.ask("/trap")[0], 500)
            self.assertEqual(s.ask("/error")[0], 500)
            self.assertEqual(s.ask("/spin")[0], 504)
            with self.assertRaises((http.client.IncompleteRead, http.client.RemoteDisconnected)):
                s.ask("/unfinished")
            self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
            self.assertEqual(s.end(), 0)

    def test_what_is_granted_is_reached_and_nothing_else(self):
        with upstream(Upstream) as port, upstream(Upstream) as other, Served(self.component, "--allow-host", f"http://127.0.0.1:{port}") as s:
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/a?b=c"), (200, f"/a?b=c 127.0.0.1:{port}".encode()))
            body = bytes(range(256)) * 1000
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/", "POST", body), (200, body))
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}/redirect"), (302, b"elsewhere"))
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{other}/"), (502, DENIED))
            self.assertEqual(s.ask(f"/fetch/http/127.0.0.1:{port}x/"), (502, BAD_URI))

    def test_guests_that_wait_and_spin_hold_up_nobody(self):
        self.expect_nobody_held_up("/copy")


class JavaScript(WithGuest):
    """A fetch listener over StarlingMonkey, a component of 12 MB made by componentize-js. An instance of it answers once."""

    guest = "fetch"
    reuse = "1"

    @classmethod
    def missing(cls, why):
        raise unittest.SkipTest(why)

    def test_the_guest_answers(self):
        with Served(self.component, "--reuse", self.reuse) as s:
            body = bytes(range(256)) * 400
            for _ in range(5):
                self.assertEqual(s.ask("/hello"), (200, b"hello\n"))
                self.assertEqual(s.ask("/echo", "POST", body), (200, body))
                self.assertEqual(s.ask("/nowhere"), (404, b"?\n"))
            self.assertEqual(s.end(), 0)
            self.assertNotRegex(s.said, "GET|POST")


class QuickJs(JavaScript):
    """A handler of WASI 0.3 over QuickJS, made by componentize-qjs."""

    guest = "handler"
    reuse = "4"


class Refused(ProgramTest):
    def test_other_files_are_refused(self):
        self.expect(heddle("serve", self.folder / "none.wasm"), NOT_FOUND, err="none.wasm")
        self.expect(heddle("serve", self.file("core.wasm", HEADER)), NOT_RUNNABLE, err="is a core module")
        self.expect(heddle("serve", self.file("c.wasm", COMPONENT)), NOT_RUNNABLE, err="exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2")
        self.expect(heddle("serve", self.file("bad.wasm", COMPONENT + b"\x63")), FAILED)


if __name__ == "__main__":
    sys.exit(unittest.main())
