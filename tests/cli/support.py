"""Runs the program as a user would. HEDDLE names it; the default is the release build."""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import unittest
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HEDDLE = os.environ.get("HEDDLE", str(ROOT / "build/release/heddle"))
HEADER = b"\0asm\1\0\0\0"
COMPONENT = b"\0asm\x0d\0\1\0"

# Exit codes that are heddle's own.
FAILED, USAGE, TIMEOUT, LIMIT, NOT_RUNNABLE, NOT_FOUND, TRAP = 1, 2, 124, 125, 126, 127, 134


def asking_guest(words, data=""):
    """A guest of kind core-wire that makes one host call for each call of its own, and gives back what that gave: `words` are op and argument."""
    return f"""(module
  (import "cw:host" "result" (func $result (param i32 i32)))
  (import "cw:host" "hostcall" (func $hostcall (param i32 i32 i32 i32) (result i64)))
  (import "cw:host" "take" (func $take (param i32)))
  (memory (export "memory") 2)
  {data}
  (func (export "cw_abi") (result i32) (i32.const 1))
  (global $place (mut i32) (i32.const 9216))
  (func (export "cw_alloc") (param i32) (result i32) (global.set $place (i32.xor (global.get $place) (i32.const 8192))) (global.get $place))
  (func (export "cw_free") (param i32 i32))
  (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $r i64)
    (local.set $r (call $hostcall {words}))
    (call $take (i32.const 65536))
    (call $result (i32.const 65536) (i32.wrap_i64 (local.get $r)))
    (select (i32.const 0) (i32.const 3) (i64.eqz (i64.shr_u (local.get $r) (i64.const 32))))))"""


# Makes the host call that its materializer is named after, with its own argument.
RELAY = asking_guest("(local.get $op) (local.get $opn) (local.get $in) (local.get $n)")

# Prints the bytes at 0 to 5.
HELLO = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "hello\\n")
  (data (i32.const 16) "\\00\\00\\00\\00\\06\\00\\00\\00")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 32)))))"""


@dataclass
class Result:
    code: int
    out: str
    err: str
    raw: bytes


def heddle(*args, stdin=b"", env=None, cwd=None):
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    environment = None if env is None else {**os.environ, **env}
    done = subprocess.run([HEDDLE, *map(str, args)], input=data, capture_output=True, timeout=120, env=environment, cwd=cwd, check=False)
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"), done.stdout)


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own, and assertions that show everything the program said."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def expect(self, result, code, out=None, err=(), contains=()):
        """Exit code, exact standard output, and words that must stand on standard error and output."""
        said = f"\nexit {result.code}\nstdout: {result.out}\nstderr: {result.err}"
        self.assertEqual(result.code, code, said)
        if out is not None:
            self.assertEqual(result.out, out, said)
        for words in [err] if isinstance(err, str) else err:
            self.assertIn(words, result.err, said)
        for words in [contains] if isinstance(contains, str) else contains:
            self.assertIn(words, result.out, said)
        for words in ("Sanitizer", "runtime error:"):
            self.assertNotIn(words, result.err, said)
