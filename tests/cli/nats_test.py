#!/usr/bin/env python3
"""Many processes of one app on one NATS: they share the calls, one is killed, the server goes away and comes back. `--requests N` asks N times."""

import http.client
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

import nats_support
from support import FAILED, HEDDLE, RELAY, USAGE, ProgramTest, asking_guest, heddle

REQUESTS = 400
CLIENTS = 8

NUMBERS = """(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "front") (result i32) (i32.const 7))
  (func (export "slow") (result i32) (local $n i32)
    (loop $more (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 20000000))))
    (i32.const 1)))"""

# Calls another op.
ASKS = asking_guest("(i32.const 16) (i32.const 4) (i32.const 20) (i32.const 10)", '(data (i32.const 16) "call{\\"op\\":\\"OTHER\\"}")')

WORKER = """name = "shop"
kv = "nats:count"
[materializers.add]
artifact = "numbers.wat"
kind = "core"
[materializers.slow]
artifact = "numbers.wat"
kind = "core"
[materializers."kv.increment"]
artifact = "relay.wat"
grants = { kv = "write" }
[materializers."kv.get"]
artifact = "relay.wat"
grants = { kv = "read" }
"""
FRONT = """name = "shop"
[materializers.front]
artifact = "numbers.wat"
kind = "core"
"""


class Process:
    def __init__(self, test, manifest, *args):
        self.process = subprocess.Popen([HEDDLE, "serve", "--addr", "127.0.0.1:0", *args, manifest], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "serving" not in line:
            raise RuntimeError(self.process.stderr.read())
        self.port = int(line.rsplit(":", 1)[1].strip(" /\n"))
        self.lines = []
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stderr))
        self.reader.start()
        test.addCleanup(self.stop)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, body)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def calls(self):
        return sum(int(n) for n in re.findall(r'^heddle_calls_total\{.*\} (\d+)$', self.request("GET", "/metrics")[1], re.MULTILINE))


class Load:
    """So many requests by a few threads, each tried again when no answer comes or there was too much to do; what was seen."""

    def __init__(self, client, requests, at_third):
        self.client, self.at_third = client, at_third
        self.lock = threading.Lock()
        self.requests, self.next = requests, 0
        self.lost = self.refused = self.wrong = self.failed = 0
        self.lost_increments = 0
        self.sums = []

    def run(self):
        threads = [threading.Thread(target=self.work) for _ in range(CLIENTS)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return self

    def work(self):
        while True:
            with self.lock:
                n = self.next
                self.next += 1
            if n >= self.requests:
                return
            if n == self.requests // 3:
                self.at_third()
            self.one(n)

    def one(self, n):
        counts = n % 2 == 0
        op, data = ("kv=2Eincrement", '{"key":"n"}') if counts else ("add", f"[{n},{n}]")
        for _ in range(6):
            answer = self.client.ask("heddle.shop.op." + op, data, timeout=5)
            with self.lock:
                if answer is None:
                    self.lost += 1
                    self.lost_increments += counts
                elif answer.code or " 503" in answer.headers["status"]:
                    self.refused += 1
                else:
                    self.wrong += not answer.data.isdigit() or (not counts and int(answer.data) != 2 * n)
                    if counts:
                        self.sums.append(int(answer.data))
                    return
            time.sleep(0.05)
        with self.lock:
            self.failed += 1


@unittest.skipUnless(nats_support.SERVER, "nats-server is not installed")
class NatsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        (self.folder / "nats").mkdir()
        self.server = nats_support.Server(self.folder / "nats")
        self.addCleanup(lambda: self.server.stop())
        self.file("numbers.wat", NUMBERS)
        self.file("relay.wat", RELAY)
        self.worker = self.file("worker.toml", WORKER)
        self.front = self.file("front.toml", FRONT)

    def start(self, manifest):
        policy = ["--nats-retries", "10", "--nats-patience", "1s"] if manifest == self.front else []
        return Process(self, manifest, "--nats", self.server.url, *policy)

    def client(self):
        client = nats_support.Client(self.server.port)
        self.addCleanup(client.close)
        return client

    def test_three_processes_share_the_load_and_one_is_killed(self):
        processes = [self.start(self.worker) for _ in range(3)]
        client = self.client()
        seen = []

        def kill():
            seen.extend(p.calls() for p in processes)
            processes[0].process.send_signal(signal.SIGKILL)

        begin = time.monotonic()
        load = Load(client, REQUESTS, kill).run()
        took = time.monotonic() - begin
        counter = int(client.ask("heddle.shop.op.kv=2Eget", '{"key":"n"}', timeout=10).data)
        print(f"{REQUESTS} requests in {took:.1f} s; calls of each process when one was killed: {seen}; lost with it: {load.lost}; refused: {load.refused}; "
              f"wrong: {load.wrong}; failed after {6} tries: {load.failed}; increments answered: {len(load.sums)}, counter: {counter}", file=sys.stderr)
        self.assertEqual((load.wrong, load.failed, load.refused), (0, 0, 0))
        self.assertLessEqual(load.lost, CLIENTS, "only what the killed process had in work")
        self.assertTrue(all(n > sum(seen) / 10 for n in seen), seen)
        # Each increment that was answered is another sum, none was made twice or lost; one that was not answered may have been made.
        self.assertEqual(len(set(load.sums)), len(load.sums))
        self.assertEqual(len(load.sums), (REQUESTS + 1) // 2)
        self.assertTrue(0 <= counter - len(load.sums) <= load.lost_increments, (counter, len(load.sums), load.lost_increments))
        self.assertLessEqual(max(load.sums), counter)

    def test_a_caller_with_a_policy_sees_no_error_when_a_process_is_killed(self):
        workers = [self.start(self.worker) for _ in range(2)]
        front = self.start(self.front)
        self.assertEqual(front.request("POST", "/op/front", "null"), (200, "7"))
        answers = []

        def ask(k):
            for i in range(40):
                if (k, i) == (0, 10):
                    workers[0].process.send_signal(signal.SIGKILL)
                answers.append((front.request("POST", "/op/add", f"[{i},{k}]"), (200, str(i + k))))

        threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len(answers), 160)
        for got, wanted in answers:
            self.assertEqual(got, wanted)

    def test_the_server_goes_away_and_comes_back(self):
        worker, front = self.start(self.worker), self.start(self.front)
        self.assertEqual(front.request("POST", "/op/add", "[1,2]"), (200, "3"))
        self.server.stop()
        self.assertEqual(worker.request("POST", "/op/add", "[1,2]"), (200, "3"), "what a process holds it serves alone")
        time.sleep(0.5)
        self.server.start()
        answers = [front.request("POST", "/op/add", "[2,2]") for _ in range(3)]
        self.assertEqual(answers, [(200, "4")] * 3)
        status, sum_ = worker.request("POST", "/op/kv.increment", '{"key":"n"}')
        self.assertEqual((status, sum_), (200, "1"))
        front.process.terminate()
        self.assertEqual(front.process.wait(timeout=60), 0)
        front.stop()
        said = "".join(front.lines)
        self.assertIn("the connection is lost", said)
        self.assertIn("the connection is found again", said)

    def test_sigterm_ends_what_was_begun(self):
        worker, client = self.start(self.worker), self.client()
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(client.ask("heddle.shop.op.slow", "null", timeout=60))) for _ in range(6)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        worker.process.terminate()
        for t in threads:
            t.join()
        self.assertEqual([a and a.data for a in answers], ["1"] * 6)
        self.assertEqual(worker.process.wait(timeout=60), 0)
        self.assertIn(" 503", client.ask("heddle.shop.op.slow", "null", timeout=10).headers["status"], "nobody is left")

    def test_calls_in_a_circle_of_processes_end_with_the_depth(self):
        def app(own, other):
            (self.folder / f"{own}.wat").write_text(ASKS.replace("OTHER", other))
            manifest = self.folder / f"{own}.toml"
            manifest.write_text(f'name = "shop"\n[materializers.{own}]\nartifact = "{own}.wat"\ngrants = {{ call = ["{other}"] }}\nlimits = {{ depth = 6, deadline = "60s" }}\n')
            return Process(self, manifest, "--nats", self.server.url)

        a, b = app("a", "b"), app("b", "a")
        status, text = a.request("POST", "/op/a", "null")
        self.assertEqual((status, "calls are nested 7 deep (limits.depth = 6)" in text), (500, True), text)
        self.assertEqual((a.calls(), b.calls()), (4, 3))

    def test_a_single_call_goes_where_the_op_is(self):
        self.start(self.worker)
        self.expect(heddle("call", "--nats", self.server.url, self.front, "add", "--json", "[40,2]"), 0, "42\n")
        self.expect(heddle("call", "--nats", self.server.url, self.front, "add", "--json", '{"a":1}'), 9, "", '"in_json_err"')
        self.expect(heddle("call", "--nats", self.server.url, self.front, "nobody", "--timeout", "300ms"), 13, "", "no process on NATS serves it now")
        self.expect(heddle("call", self.front, "add", "--json", "[40,2]"), 3, "", "no materializer is called `add`")


class WithoutNatsTest(ProgramTest):
    def test_an_unreachable_server_is_named(self):
        self.file("numbers.wat", NUMBERS)
        app = self.file("app.toml", FRONT)
        port = nats_support.free_port()
        self.expect(heddle("serve", "--nats", f"nats://me:secret@127.0.0.1:{port}", app), FAILED, "", (f"nats://127.0.0.1:{port}", "is nats-server running there?"))
        self.expect(heddle("call", "--nats", f"nats://127.0.0.1:{port}", app, "add"), 13, "", "is nats-server running there?")

    def test_what_needs_nats_says_so(self):
        self.file("numbers.wat", NUMBERS)
        app = self.file("app.toml", 'kv = "nats:x"\n' + FRONT)
        self.expect(heddle("app", "check", app), FAILED, "", "--nats URL")
        self.expect(heddle("serve", "--nats", "nats://127.0.0.1:1", self.file("m.wat", "(module)")), USAGE, "", "--nats is for apps")


if __name__ == "__main__":
    if "--requests" in sys.argv:
        at = sys.argv.index("--requests")
        REQUESTS = int(sys.argv[at + 1])
        del sys.argv[at : at + 2]
    unittest.main()
