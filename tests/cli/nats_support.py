"""A nats-server of one's own, and as much of the protocol as asking needs. https://docs.nats.io/reference/reference-protocols/nats-protocol"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time

SERVER = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """On a free port of the loopback address, with JetStream in a folder."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"nats://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = [SERVER, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder), "-l", str(self.folder / "log")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1000):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                if s.recv(5) == b"INFO ":
                    return
            time.sleep(0.02)
        raise RuntimeError("nats-server did not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


class Answer:
    def __init__(self, headers, data):
        self.headers, self.data = headers, data
        self.code = None  # of an error
        if "Nats-Service-Error-Code" in headers:
            self.code = json.loads(data)["code"]


class Client:
    """Asks from any number of threads."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.lock = threading.Lock()
        self.waiting, self.last = {}, 0
        self.inbox = f"_INBOX.{os.getpid()}x{id(self)}"
        self.send(b'CONNECT {"verbose":false,"pedantic":false,"headers":true,"no_responders":true}\r\n' + f"SUB {self.inbox}.* 1\r\n".encode())
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.reader.join()
        self.file.close()
        self.socket.close()

    def send(self, data):
        with self.lock:
            self.socket.sendall(data)

    def read(self):
        with contextlib.suppress(OSError, ValueError):
            while line := self.file.readline():
                words = line.decode().split()
                if words[0] == "PING":
                    self.send(b"PONG\r\n")
                elif words[0] in ("MSG", "HMSG"):
                    total = int(words[-1])
                    head = int(words[-2]) if words[0] == "HMSG" else 0
                    body = self.file.read(total + 2)[:total]
                    self.take(words[1], body[:head].decode(), body[head:].decode())

    def take(self, subject, head, data):
        headers = dict(line.split(": ", 1) if ": " in line else line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
        headers["status"] = head[:12]
        entry = self.waiting.get(subject.rsplit(".", 1)[1])
        if entry:
            entry[1] = Answer(headers, data)
            entry[0].set()

    def ask(self, subject, data, timeout, headers=None):
        """None: no answer in time."""
        with self.lock:
            self.last += 1
            token = str(self.last)
        entry = self.waiting[token] = [threading.Event(), None]
        data = data.encode()
        head = ("NATS/1.0\r\n" + "".join(f"{k}: {v}\r\n" for k, v in (headers or {}).items()) + "\r\n").encode()
        self.send(f"HPUB {subject} {self.inbox}.{token} {len(head)} {len(head) + len(data)}\r\n".encode() + head + data + b"\r\n")
        entry[0].wait(timeout)
        del self.waiting[token]
        return entry[1]
