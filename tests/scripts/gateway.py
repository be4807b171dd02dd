#!/usr/bin/env python3
"""A component as an outbound gateway, in C for WASI 0.2 and 0.3: it posts to a local server over HTTP and HTTPS, streams bodies both ways while the
memory of heddle stays flat, and is refused everything that was not granted.

    gateway.py --megabytes 1024

The certificate is made by openssl and trusted by --ca-file. Ends with 77 when clang, openssl or the WIT files are missing."""

import argparse
import contextlib
import hashlib
import http.client
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/cli"))
from upstream import upstream  # noqa: E402

MEGABYTE = bytes(range(256)) * 4096
# The most that heddle may hold beyond what it held before the stream, in megabytes, whatever streams through.
FLAT = 24
# Numbers of error-code cases.
PROHIBITED, REFUSED, BAD_CERTIFICATE, DENIED, BAD_URI = b"04", b"06", b"13", b"15", b"19"


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build/release/heddle"), metavar="PATH")
    parser.add_argument("--megabytes", type=int, default=64, help="streamed each way, by each guest, over each of HTTP and HTTPS")
    return parser.parse_args()


class Upstream(http.server.BaseHTTPRequestHandler):
    """POST: how many bytes came and their digest. GET /N: N megabytes. GET /redirect: elsewhere, which is granted nobody."""

    protocol_version = "HTTP/1.1"
    elsewhere = ""

    def log_message(self, *_):
        pass

    def parts(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            left = int(self.headers.get("Content-Length", 0))
            while left:
                part = self.rfile.read(min(left, 1 << 16))
                left -= len(part)
                yield part
            return
        while n := int(self.rfile.readline(), 16):
            yield self.rfile.read(n)
            self.rfile.readline()
        self.rfile.readline()

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        size, digest = 0, hashlib.sha256()
        for part in self.parts():
            size += len(part)
            digest.update(part)
        self.answer(200, f"{size} {digest.hexdigest()}".encode())

    def do_GET(self):
        if self.path == "/redirect":
            return self.answer(302, b"elsewhere", Location=self.elsewhere)
        self.send_response(200)
        self.send_header("Content-Length", str(int(self.path[1:]) << 20))
        self.end_headers()
        for _ in range(int(self.path[1:])):
            self.wfile.write(MEGABYTE)


def make_certificate(folder, name):
    """For `localhost` alone: its file, which holds the key too, and the certificate's own."""
    both, key, certificate = (folder / f"{name}.{kind}" for kind in ("both", "key", "pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    return both, certificate


def memory(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


@contextlib.contextmanager
def watched(pid):
    """A list: memory before, and the most there was."""
    seen, end = [memory(pid)] * 2, threading.Event()

    def look():
        while not end.wait(0.05):
            seen[1] = max(seen[1], memory(pid))

    thread = threading.Thread(target=look)
    thread.start()
    yield seen
    end.set()
    thread.join()


class Tally:
    def __init__(self):
        self.good = self.bad = 0

    def expect(self, what, got, wanted):
        self.good += got == wanted
        self.bad += got != wanted
        if got != wanted:
            print(f"WRONG: {what}: {got!r} instead of {wanted!r}")


def stream_both_ways(s, where, megabytes, tally):
    """Posts so much through the gateway, and gets as much."""
    whole = hashlib.sha256()
    for _ in range(megabytes):
        whole.update(MEGABYTE)
    s.ask(f"/fetch/{where}/", "POST", 4 * MEGABYTE)   # what is allocated once is
    with watched(s.process.pid) as seen, s.connect() as c:
        start = time.monotonic()
        c.request("POST", f"/fetch/{where}/", (MEGABYTE for _ in range(megabytes)))
        r = c.getresponse()
        tally.expect(f"POST {where}", (r.status, r.read()), (200, f"{megabytes << 20} {whole.hexdigest()}".encode()))
        c.request("GET", f"/fetch/{where}/{megabytes}")
        r, digest = c.getresponse(), hashlib.sha256()
        while part := r.read(1 << 16):
            digest.update(part)
        tally.expect(f"GET {where}", (r.status, digest.hexdigest()), (200, whole.hexdigest()))
        rate = 2 * megabytes / (time.monotonic() - start)
    tally.expect(f"{where}: memory stays flat ({seen[0]:.0f} MB before, {seen[1]:.0f} MB at most)", seen[1] - seen[0] < FLAT, True)
    print(f"    {where.split('/')[0]}: {megabytes} MB out and {megabytes} MB in, {rate:.0f} MB/s, memory {seen[0]:.0f} MB before, {seen[1]:.0f} MB at most")


def inward_names():
    """Names of this machine's own, as its hosts file has them: what a rebound name looks like."""
    names = []
    for line in Path("/etc/hosts").read_text().splitlines():
        address, *rest = line.split("#")[0].split() or [""]
        names += [n for n in rest if address.startswith("127.") and n != "localhost"]
    return names[:2]


def check(serve_test, component, folder, megabytes, tally):
    certificate, authority = make_certificate(folder, "one")
    _, stranger = make_certificate(folder, "two")
    room = ["--max-body", "4GiB", "--timeout", "30m"]
    with upstream(Upstream) as port, upstream(Upstream) as other, upstream(Upstream, certificate) as tls:
        Upstream.elsewhere = f"http://127.0.0.1:{other}/1"
        plain, secure = f"http/127.0.0.1:{port}", f"https/localhost:{tls}"
        grants = ["--allow-host", f"http://127.0.0.1:{port}", "--allow-host", f"https://localhost:{tls}", "--allow-host", f"https://127.0.0.1:{tls}"]
        names = inward_names()
        for name in names:
            grants += ["--allow-host", f"http://{name}:{other}"]
        with serve_test.Served(component, *room, *grants, "--ca-file", authority) as s:
            for where in (plain, secure):
                stream_both_ways(s, where, megabytes, tally)
            # A redirect is an answer like any other, and nothing follows it.
            tally.expect("redirect", s.ask(f"/fetch/{plain}/redirect"), (302, b"elsewhere"))
            denied = {
                f"http/127.0.0.1:{other}/1": DENIED, f"http/127.0.0.1:{tls}/1": DENIED, f"https/127.0.0.1:{port}/1": DENIED,   # port, scheme
                f"http/localhost:{port}/1": DENIED, f"http/127.0.0.2:{port}/1": DENIED, f"http/[::1]:{port}/1": DENIED, "http/127.0.0.1/1": DENIED,
                f"http/127.1:{port}/1": DENIED, f"http/2130706433:{port}/1": DENIED, f"http/0x7f.1:{port}/1": DENIED, f"http/0177.0.0.1:{port}/1": DENIED,
                f"http/[::ffff:127.0.0.1]:{port}/1": DENIED, f"http/0.0.0.0:{port}/1": DENIED,                                        # literals
                "http/169.254.169.254/1": DENIED, "http/example.com/1": DENIED, f"http/127.0.0.1.:{port}/1": DENIED,
                f"http/127.0.0.1:{port}x/1": BAD_URI, f"http/u@127.0.0.1:{port}/1": BAD_URI,
                f"https/127.0.0.1:{tls}/1": BAD_CERTIFICATE,                                                               # for localhost alone
            }
            # Granted by name, and the name leads to this machine.
            denied.update({f"http/{name}:{other}/1": PROHIBITED for name in names})
            for path, error in denied.items():
                tally.expect(path, s.ask("/fetch/" + path), (502, error))
        for words in ([], ["--ca-file", stranger]):
            with serve_test.Served(component, *grants, *words) as s:
                tally.expect(f"{secure} with {words or 'the authorities of the system'}", s.ask(f"/fetch/{secure}/1"), (502, BAD_CERTIFICATE))
        with serve_test.Served(component) as s:
            for where in (plain, secure):
                tally.expect(f"{where} without any grant", s.ask(f"/fetch/{where}/1"), (502, DENIED))
        return len(denied) + 5


def left_out(why):
    """Where everything must be there, it is a failure."""
    print(f"gateway: left out: {why}")
    return 1 if os.environ.get("CI") == "true" else 77


def main():
    chosen = options()
    os.environ["HEDDLE"] = str(Path(chosen.heddle).resolve())
    # What a sanitizer keeps of freed memory is not heddle's.
    os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=2"
    import serve_test

    if shutil.which("openssl") is None:
        return left_out("no openssl to make a certificate with")
    tally = Tally()
    for guest in ("server", "service"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            try:
                serve_test.build.build(guest, folder / "guest.wasm")
            except serve_test.build.Missing as why:
                return left_out(why)
            print(f"{serve_test.build.GUESTS[guest][0]}, WASI {serve_test.build.GUESTS[guest][1]}:")
            refused = check(serve_test, str(folder / "guest.wasm"), folder, chosen.megabytes, tally)
            print(f"    {refused} ways to what was not granted tried")
    print(f"{tally.good} of {tally.good + tally.bad} as expected")
    return 1 if tally.bad else 0


if __name__ == "__main__":
    sys.exit(main())
