#!/usr/bin/env python3
"""Runs folders of WASI tests: programs (.wasm, .wat), each with a description of the same name beside it (.json).

    spec-tests/wasi.py FOLDER…                   # every test of these folders, and of those in them
    spec-tests/wasi.py --expectations FILE …     # of which some are known to fail: `folder/name reason`, one per line

Both forms of descriptions are known, that which says how a program is started and what it must give, and that which lists operations:
spec-tests/README.md says what they mean here. A test runs on a copy of its directories. Ends with 1 when a test failed that was not expected to, or
one passed that was."""

import argparse
import contextlib
import http.client
import http.server
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORM = {"args", "env", "dirs", "root", "exit_code", "stdout", "stderr"}
OPERATIONS_FORM = {"operations", "world", "proposals", "servers", "endpoints"}
IGNORED = {"wasi_functions"}


class Failed(Exception):
    """Why a test did not pass."""


def expect(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: {got!r} instead of {wanted!r}")


# ---- descriptions -------------------------------------------------------------------------------------------------------------------


def read_description(program):
    """{"world", "servers", "operations"}, from either form."""
    file = program.with_suffix(".json")
    try:
        d = json.loads(file.read_text()) if file.exists() else {}
    except ValueError as error:
        raise Failed(f"{file.name} is no JSON: {error}") from error
    if unknown := set(d) - FORM - OPERATIONS_FORM - IGNORED:
        raise Failed(f"{file.name} says {', '.join(sorted(unknown))}, which is not known here")
    if "operations" not in d:
        run = {"type": "run", **{k: d[k] for k in ("args", "env", "dirs", "root") if k in d}}
        wait = {"type": "wait", **{k: d[k] for k in ("exit_code", "stdout", "stderr") if k in d}}
        return {"world": "wasi:cli/command", "servers": [], "operations": [run, wait]}
    servers = d.get("servers", [])
    if "endpoints" in d:
        servers = [*servers, {"name": "main", "endpoints": d["endpoints"]}]
    return {"world": d.get("world", "wasi:cli/command"), "servers": servers, "operations": d["operations"]}


# ---- servers that a program asks -------------------------------------------------------------------------------------------------------


class Endpoints(http.server.BaseHTTPRequestHandler):
    """Answers as the description says; what it does not name is 404."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while n := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(n)
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b"\n", b""):
            pass
        return data

    def answer(self):
        sent = self.body()
        path = self.path.split("?")[0]
        found = next((e for e in self.server.endpoints if e.get("method", "GET") == self.command and e["path"] == path), None)
        mode, said = (found or {}).get("mode", "echo" if found and "response" not in found else "fixed"), (found or {"response": {"status": 404}}).get("response", {})
        body = sent if mode == "echo" else said.get("body", "").encode()
        self.send_response(said.get("status", 200))
        for name, value in said.get("headers", {}).items():
            self.send_header(name, value)
        if mode == "echo-headers":
            for name, value in [*self.headers.items(), ("x-request-method", self.command), ("x-request-path", self.path)]:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)


@contextlib.contextmanager
def served(descriptions):
    """The addresses of the servers by their names."""
    addresses = {}
    with contextlib.ExitStack() as stack:
        for d in descriptions:
            if d.get("kind") == "closed":
                with socket.create_server(("127.0.0.1", 0)) as s:
                    addresses[d["name"]] = f"127.0.0.1:{s.getsockname()[1]}"
                continue
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoints))
            server.endpoints = d.get("endpoints", [])
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            addresses[d["name"]] = f"127.0.0.1:{server.server_address[1]}"
        yield addresses


# ---- a test that runs --------------------------------------------------------------------------------------------------------------------


class Test:
    """One program and what is done with it. Operations are methods: do_run, do_wait, …"""

    def __init__(self, heddle, program, addresses, world, folder, patience):
        self.heddle, self.program, self.addresses, self.world, self.folder, self.patience = heddle, program, addresses, world, folder, patience
        self.process, self.port, self.said, self.connections = None, None, {"stdout": b"", "stderr": b""}, {}

    def grants(self, run):
        """The command's words for environment and directories."""
        words = []
        env = dict(run.get("env", {}))
        for name, address in self.addresses.items():
            env.setdefault(f"HTTP_SERVER_{name.upper()}", address)
            if len(self.addresses) == 1 or name == "main":
                env.setdefault("HTTP_SERVER", address)
            words += ["--allow-host", f"http://{address}"]
        for name, value in env.items():
            words += ["--env", f"{name}={value}"]
        places = [(d, d) for d in run.get("dirs", [])] + ([(run["root"], "/")] if run.get("root") else [])
        for n, (host, guest) in enumerate(places):
            source, copy = self.program.parent / host, self.folder / str(n)
            if not source.is_dir():
                raise Failed(f"{source} is no directory")
            shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns("*.cleanup"))
            words += ["--dir", f"{copy}::{guest}"]
        return words

    def do_run(self, run):
        if self.world.startswith("wasi:http/"):
            command = [self.heddle, "serve", "--addr", "127.0.0.1:0", *self.grants(run), str(self.program)]
        else:
            command = [self.heddle, "run", "--inherit-network", *self.grants(run), str(self.program), *run.get("args", [])]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        if command[1] == "serve":
            line = self.until("stderr", lambda said: b"\n" in said and re.search(rb"on http://127\.0\.0\.1:(\d+)\n", said))
            self.port = int(re.search(rb":(\d+)\n", line)[1])
            self.said["stderr"] = b""

    def until(self, name, enough):
        """Takes in what comes on that stream until it is enough; all of it."""
        pipe, limit = getattr(self.process, name), time.monotonic() + self.patience
        while not enough(self.said[name]):
            ready, _, _ = select.select([pipe], [], [], max(0, limit - time.monotonic()))
            some = os.read(pipe.fileno(), 1 << 16) if ready else b""
            if not some:
                raise Failed(f"{name}: {'nothing more comes' if ready else 'nothing comes for too long'} after {self.said[name]!r}")
            self.said[name] += some
        return self.said[name]

    def do_read(self, o):
        wanted = o["payload"].encode()
        self.until(o["id"], lambda said: len(said) >= len(wanted))
        got, self.said[o["id"]] = self.said[o["id"]][:len(wanted)], self.said[o["id"]][len(wanted):]
        expect(f"read from {o['id']}", got, wanted)

    def do_write(self, o):
        self.process.stdin.write(o["payload"].encode())

    def do_connect(self, o):
        """To the address in the first line that the program prints."""
        kind = socket.SOCK_DGRAM if o.get("protocol_type", "tcp") == "udp" else socket.SOCK_STREAM
        line, _, self.said["stdout"] = self.until("stdout", lambda said: b"\n" in said).partition(b"\n")
        found = re.search(r"(?:(\S+):)?(\d+)\s*$", line.decode(errors="replace"))
        if not found:
            raise Failed(f"the program's first line names no address to connect to: {line!r}")
        host = (found[1] or "127.0.0.1").strip("[]")
        s = self.connections[o.get("id", "")] = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
        s.settimeout(self.patience)
        s.connect((host, int(found[2])))

    def do_send(self, o):
        self.connections[o.get("id", "")].sendall(o["payload"].encode())

    def do_recv(self, o):
        wanted, got = o["payload"].encode(), b""
        while len(got) < len(wanted):
            some = self.connections[o.get("id", "")].recv(max(len(wanted) - len(got), 1))
            if not some:
                break
            got += some
        expect("received", got, wanted)

    def do_request(self, o):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)) as c:
            c.request(o.get("method", "GET"), o.get("path", "/"), o["body"].encode() if "body" in o else None, o.get("headers", {}))
            r = c.getresponse()
            body, wanted = r.read(), o.get("response", {})
            what = f"{o.get('method', 'GET')} {o.get('path', '/')}"
            expect(f"{what}: status", r.status, wanted.get("status", 200))
            for name, value in wanted.get("headers", {}).items():
                expect(f"{what}: header {name}", r.headers.get(name), value)
            if "body" in wanted:
                expect(f"{what}: body", body, wanted["body"].encode())

    def do_kill(self, o):
        self.process.send_signal(getattr(signal, o.get("signal", "SIGTERM")))

    def do_wait(self, o):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdin = None
        try:
            out, err = self.process.communicate(timeout=self.patience)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"the program does not end within {self.patience} s") from late
        self.said["stdout"] += out
        self.said["stderr"] += err
        told = "" if self.process.returncode == o.get("exit_code", 0) else f"; it said {self.said['stderr'][-300:]!r}"
        expect("exit code", f"{self.process.returncode}{told}", f"{o.get('exit_code', 0)}")
        for name in ("stdout", "stderr"):
            if name in o:
                expect(name, self.said[name], o[name].encode())

    def perform(self, operations):
        for o in operations:
            do = getattr(self, f"do_{o.get('type')}", None)
            if do is None:
                raise Failed(f"the operation {o.get('type')!r} is not known here")
            if self.process is None and o["type"] != "run":
                raise Failed(f"the operation {o['type']} comes before `run`")
            do(o)
        if self.process is not None and self.process.returncode is None:
            self.do_wait({})

    def end(self):
        for s in self.connections.values():
            s.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def run_test(heddle, program, patience):
    """None when it passed, or why it did not."""
    try:
        d = read_description(program)
        with served(d["servers"]) as addresses, tempfile.TemporaryDirectory() as folder:
            test = Test(heddle, program, addresses, d["world"], Path(folder), patience)
            try:
                test.perform(d["operations"])
            finally:
                test.end()
    except Failed as why:
        return str(why)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    except (KeyError, TypeError, AttributeError) as error:
        return f"the description has not the form that was expected: {type(error).__name__}: {error}"
    return None


# ---- the whole ---------------------------------------------------------------------------------------------------------------------------


def programs_in(folders):
    """Of a program that is there as text and as a binary, the binary."""
    found = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            sys.exit(f"{folder} is no directory")
        for pattern in ("*.wat", "*.wasm"):
            for p in folder.rglob(pattern):
                found[p.with_suffix("")] = p
    return [found[name] for name in sorted(found)]


def read_expectations(file):
    lines = [line.strip() for line in Path(file).read_text().splitlines()] if file else []
    return dict(line.split(None, 1) if " " in line else (line, "") for line in lines if line and not line.startswith("#"))


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--heddle", default=str(ROOT / "build/release/heddle"), metavar="PATH")
    parser.add_argument("--expectations", metavar="FILE")
    parser.add_argument("--patience", type=float, default=30, metavar="SECONDS", help="for each thing that is waited for")
    parser.add_argument("--quiet", action="store_true", help="only failures, and the totals")
    return parser.parse_args()


def main():
    o = options()
    known = read_expectations(o.expectations)
    totals, wrong = {}, 0
    for program in programs_in(o.folders):
        name = f"{program.parent.name}/{program.stem}"
        why = run_test(o.heddle, program, o.patience)
        passed, all_of = totals.get(program.parent, (0, 0))
        totals[program.parent] = (passed + (why is None), all_of + 1)
        unexpected = (why is None) == (name in known)
        wrong += unexpected
        if unexpected or not o.quiet:
            note = f"  (expected to fail: {known[name]})" if name in known else ""
            print(f"{'pass' if why is None else 'FAIL'} {name}{': ' + why if why else ''}{note}", flush=True)
    for folder, (passed, all_of) in totals.items():
        print(f"{folder}: {passed} of {all_of}")
    if not totals:
        print("there is no program (.wasm, .wat) in these folders")
    return 1 if wrong or not totals else 0


if __name__ == "__main__":
    sys.exit(main())
