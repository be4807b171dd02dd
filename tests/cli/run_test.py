#!/usr/bin/env python3
"""heddle run: programs, grants, limits, ends."""

import os
import socket
import subprocess
import time
import unittest

from support import FAILED, HEADER, HEDDLE, HELLO, LIMIT, NOT_FOUND, NOT_RUNNABLE, TIMEOUT, TRAP, USAGE, ProgramTest, heddle

WASI = '(import "wasi_snapshot_preview1" '
LOOP = '(module (func (export "_start") (loop $again (br $again))))'
RECURSION = '(module (func $f (export "_start") (call $f)))'
EXIT = f'(module {WASI}"proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const %d))))'

# Prints its arguments, or its environment, each followed by a NUL.
STRINGS = f"""(module
  {WASI}"%s_sizes_get" (func $sizes (param i32 i32) (result i32)))
  {WASI}"%s_get" (func $get (param i32 i32) (result i32)))
  {WASI}"fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 12)))
    (drop (call $get (i32.const 1000) (i32.const 4096)))
    (i32.store (i32.const 8) (i32.const 4096))
    (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))"""

# Opens the file whose name stands at 0 under descriptor 3 for reading, or for creating; exits with the error code.
OPEN = f"""(module
  {WASI}"path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  {WASI}"proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "%s")
  (func (export "_start")
    (call $exit (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const %d) (i32.const %d) (i64.const %d) (i64.const 0) (i32.const 0) (i32.const 64)))))"""
READ, WRITE, CREATE = 2, 64, 1
BADF, NOENT, ROFS, NOTCAPABLE, PERM, ACCES = 8, 44, 69, 76, 63, 2


def open_file(name, flags, rights):
    return OPEN % (name, len(name), flags, rights)


class Programs(ProgramTest):
    def test_text_and_binary_run(self):
        wat = self.file("hello.wat", HELLO)
        self.expect(heddle("run", wat), 0, out="hello\n")
        self.expect(heddle(wat), 0, out="hello\n")
        wasm = self.folder / "hello.wasm"
        self.expect(heddle("wat", wat, "-o", wasm), 0, out="")
        self.expect(heddle("run", wasm), 0, out="hello\n")
        self.expect(heddle("-", stdin=wasm.read_bytes()), 0, out="hello\n")
        self.expect(heddle("run", "-", stdin=HELLO), 0, out="hello\n")

    def test_words_after_the_file_belong_to_the_guest(self):
        args = self.file("args.wat", STRINGS % ("args", "args"))
        self.expect(heddle("run", args, "a", "--dir", "-x", "--", "b c"), 0, out="\0".join([str(args), "a", "--dir", "-x", "--", "b c", ""]))
        self.expect(heddle("run", "--argv0", "tool", args, "--help"), 0, out="tool\0--help\0")
        self.expect(heddle(args, "run"), 0, out=f"{args}\0run\0")

    def test_only_named_environment_variables_are_passed(self):
        env = self.file("env.wat", STRINGS % ("environ", "environ"))
        outside = {"SECRET": "s", "SHOWN": "yes"}
        self.expect(heddle("run", env, env=outside), 0, out="")
        self.expect(heddle("run", "--env", "SHOWN", "--env", "OWN=a=b", "--env", "EMPTY=", env, env=outside), 0, out="SHOWN=yes\0OWN=a=b\0EMPTY=\0")
        self.expect(heddle("run", "--env", "NOT_SET_ANYWHERE", env), 0, out="")

    def test_the_exit_code_is_the_guests(self):
        for code in (0, 1, 7, 134, 255):
            with self.subTest(code=code):
                self.expect(heddle(self.file("exit.wat", EXIT % code)), code, out="")

    def test_a_start_function_is_a_program(self):
        self.expect(heddle(self.file("start.wat", "(module (func $main) (start $main))")), 0, out="")


class Directories(ProgramTest):
    def test_nothing_is_granted_by_default(self):
        self.expect(heddle(self.file("open.wat", open_file("x", 0, READ))), BADF)

    def test_a_granted_directory_is_open(self):
        self.file("data/x", "content")
        read = self.file("read.wat", open_file("x", 0, READ))
        self.expect(heddle("run", "--dir", self.folder / "data", read), 0)
        self.expect(heddle("run", "--dir", f"{self.folder}/data::/data", read), 0)
        self.expect(heddle("run", "--dir", f"{self.folder}/data::/data:ro", read), 0)
        self.expect(heddle("run", "--dir", self.folder / "data", self.file("none.wat", open_file("y", 0, READ))), NOENT)

    def test_nothing_outside_it_is(self):
        self.file("data/x", "content")
        self.file("secret", "s")
        os.symlink("../secret", self.folder / "data/link")
        for name in ("../secret", "/etc/passwd", "link", "x/../../secret"):
            with self.subTest(name=name):
                result = heddle("run", "--dir", self.folder / "data", self.file("out.wat", open_file(name, 0, READ)))
                self.assertNotIn(result.code, (0, TRAP, FAILED), result.err)

    def test_read_only_means_it(self):
        (self.folder / "data").mkdir()
        create = self.file("create.wat", open_file("new", CREATE, WRITE))
        result = heddle("run", "--dir", f"{self.folder}/data::/data:ro", create)
        self.assertIn(result.code, (ROFS, NOTCAPABLE, PERM, ACCES), result.err)
        self.assertFalse((self.folder / "data/new").exists())
        self.expect(heddle("run", "--dir", f"{self.folder}/data::/data", create), 0)
        self.assertTrue((self.folder / "data/new").exists())

    def test_a_directory_that_is_not_there_is_an_error(self):
        self.expect(heddle("run", "--dir", self.folder / "none", self.file("hello.wat", HELLO)), FAILED, out="", err=["none", "no such"])


class Sockets(ProgramTest):
    def test_a_listener_is_granted(self):
        accept = self.file("accept.wat", f"""(module
          {WASI}"sock_accept" (func $accept (param i32 i32 i32) (result i32)))
          {WASI}"fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "hi")
          (data (i32.const 16) "\\00\\00\\00\\00\\02\\00\\00\\00")
          (func (export "_start")
            (if (call $accept (i32.const 3) (i32.const 0) (i32.const 32)) (then unreachable))
            (drop (call $write (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 40)))))""")
        with subprocess.Popen([HEDDLE, "run", "--listen", "127.0.0.1:0", accept], stderr=subprocess.PIPE, text=True) as program:
            try:
                line = program.stderr.readline()
                self.assertIn("listening on port ", line)
                with socket.create_connection(("127.0.0.1", int(line.split()[-1])), timeout=30) as connection:
                    self.assertEqual(connection.recv(10), b"hi")
                self.assertEqual(program.wait(timeout=30), 0)
            finally:
                program.kill()

    def test_an_address_that_cannot_be_used_is_an_error(self):
        self.expect(heddle("run", "--listen", "nowhere", self.file("hello.wat", HELLO)), FAILED, out="", err="nowhere")


class Limits(ProgramTest):
    def test_an_endless_loop_stops_at_the_timeout(self):
        began = time.monotonic()
        self.expect(heddle("run", "--timeout", "300ms", self.file("loop.wat", LOOP)), TIMEOUT, out="", err=["--timeout 300 ms"])
        self.assertLess(time.monotonic() - began, 30)

    def test_a_waiting_guest_stops_at_the_timeout(self):
        sleep = self.file("sleep.wat", f"""(module
          {WASI}"poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start")
            (i32.store (i32.const 16) (i32.const 1))
            (i64.store (i32.const 24) (i64.const 3600000000000))
            (loop $again (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))) (br $again))))""")
        self.expect(heddle("run", "--timeout", "300ms", sleep), TIMEOUT, out="", err="--timeout")

    def test_an_endless_loop_stops_without_fuel(self):
        self.expect(heddle("run", "--fuel", "100000", self.file("loop.wat", LOOP)), LIMIT, out="", err=["--fuel 100000"])
        self.expect(heddle("run", "--fuel", "100000", self.file("hello.wat", HELLO)), 0, out="hello\n")

    def test_infinite_recursion_traps(self):
        self.expect(heddle(self.file("recursion.wat", RECURSION)), TRAP, out="", err=["call stack exhausted", "--max-stack", "$f"])

    def test_more_stack_allows_deeper_recursion(self):
        deep = '(module (func $f (export "f") (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))))'
        path = self.file("deep.wat", deep)
        self.expect(heddle("run", "--invoke", "f(200000)", path), TRAP, err="call stack exhausted")
        self.expect(heddle("run", "--max-stack", "64MiB", "--invoke", "f(200000)", path), 0)

    def test_memory_is_limited(self):
        big = self.file("big.wat", '(module (memory 64) (func (export "_start")))')
        self.expect(heddle("run", "--max-memory", "1MiB", big), LIMIT, out="", err=["1048576 bytes", "--max-memory"])
        self.expect(heddle("run", "--max-memory", "4MiB", big), 0)
        self.expect(heddle("run", "--max-total-memory", "1MiB", big), LIMIT, out="", err=["1048576 bytes", "--max-total-memory"])
        grow = self.file("grow.wat", '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))')
        self.expect(heddle("run", "--max-memory", "1MiB", "--invoke", "grow(15)", grow), 0, out="1\n")
        self.expect(heddle("run", "--max-memory", "1MiB", "--invoke", "grow(16)", grow), 0, out="-1\n")

    def test_the_file_is_limited(self):
        wat = self.file("hello.wat", HELLO)
        self.expect(heddle("run", "--max-module", "100", wat), LIMIT, out="", err=["100 bytes", "--max-module"])

    def test_proposals_can_be_refused(self):
        simd = self.file("simd.wat", '(module (func (export "_start") (drop (v128.const i32x4 0 0 0 0))))')
        self.expect(heddle(simd), 0)
        self.expect(heddle("run", "--disable", "simd", simd), FAILED, out="", err="simd")
        self.expect(heddle("run", "--disable", "simd", "--enable", "simd", simd), 0)
        self.expect(heddle("run", "--disable", "smid", simd), USAGE, out="", err=["smid", "did you mean simd", "stack-switching"])
        self.assertIn("relaxed-simd", heddle("run", "--help").out)

    def test_the_heap_is_limited(self):
        wat = self.file("heap.wat", """(module (type $a (array (mut i64)))
          (func (export "_start") (drop (array.new_default $a (i32.const 1000000)))))""")
        self.expect(heddle("run", "--max-heap", "1MiB", wat), LIMIT, out="", err=["1048576 bytes", "--max-heap"])
        self.expect(heddle("run", "--max-heap", "16MiB", wat), 0)


class Traps(ProgramTest):
    def test_a_trap_leaves_a_core_dump_where_asked(self):
        wat = self.file("trap.wat", '(module (memory 1) (data (i32.const 5) "left here") (func (export "_start") unreachable))')
        core = self.folder / "core.wasm"
        self.expect(heddle("run", "--coredump", core, wat), TRAP, out="", err="unreachable")
        dump = core.read_bytes()
        self.assertTrue(dump.startswith(HEADER))
        self.assertIn(b"corestack", dump)
        self.assertIn(b"left here", dump)
        self.expect(heddle("validate", core), 0)
        self.expect(heddle("run", "--coredump", self.folder / "no/such/dir", wat), TRAP, err=["--coredump", "unreachable"])
        fine = self.file("fine.wat", '(module (func (export "_start")))')
        self.expect(heddle("run", "--coredump", self.folder / "none", fine), 0)
        self.assertFalse((self.folder / "none").exists())

    def test_a_trap_shows_where(self):
        wat = self.file("trap.wat", """(module
          (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func $middle (result i32) (call $divide (i32.const 1) (i32.const 0)))
          (func (export "_start") (drop (call $middle))))""")
        result = heddle(wat)
        self.expect(result, TRAP, out="", err=["integer divide by zero", "0: trap.wat!func[0] $divide @0x", "1: trap.wat!func[1] $middle @0x", "2: trap.wat!func[2] @0x"])

    def test_a_trap_after_output_keeps_the_output(self):
        wat = self.file("late.wat", HELLO.replace("(i32.const 32)))))", "(i32.const 32))) unreachable))"))
        self.expect(heddle(wat), TRAP, out="hello\n", err="unreachable")

    def test_an_uncaught_exception_ends_the_program(self):
        self.expect(heddle(self.file("throw.wat", '(module (tag $e) (func (export "_start") (throw $e)))')), TRAP, out="", err="exception")


class Invoke(ProgramTest):
    MODULE = """(module
      (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "i64") (param i64) (result i64) (local.get 0))
      (func (export "f32") (param f32) (result f32) (local.get 0))
      (func (export "f64") (param f64) (result f64) (local.get 0))
      (func (export "v128") (param v128) (result v128) (local.get 0))
      (func (export "ref") (param externref) (result externref) (local.get 0))
      (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
      (func (export "nothing"))
      (func (export "odd name") (result i32) (i32.const 5)))"""

    CALLS = [
        ("add(1, 2)", "3\n"),
        ("add(0x10,-1)", "15\n"),
        ("add(4294967295, 1)", "0\n"),
        ("add( 1_000 , 1 )", "1001\n"),
        ("i64(-9223372036854775808)", "-9223372036854775808\n"),
        ("i64(0xffffffffffffffff)", "-1\n"),
        ("f32(0.1)", "0.1\n"),
        ("f32(1)", "1\n"),
        ("f64(0x1.8p+1)", "3\n"),
        ("f64(1e300)", "1e+300\n"),
        ("f64(-0)", "-0\n"),
        ("f64(inf)", "inf\n"),
        ("f64(-inf)", "-inf\n"),
        ("f64(nan)", "nan\n"),
        ("f32(-nan)", "-nan\n"),
        ("f32(nan:0x200000)", "nan:0x200000\n"),
        ("v128(i32x4 1 2 3 4)", "i32x4 0x00000001 0x00000002 0x00000003 0x00000004\n"),
        ("v128(i8x16 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 255)", "i32x4 0x00000001 0x00000000 0x00000000 0xff000000\n"),
        ("ref(ref.null)", "ref.null\n"),
        ("ref(ref.extern 7)", "ref.extern 7\n"),
        ("swap(1, 2.5)", "2.5\n1\n"),
        ("nothing", ""),
        ("nothing()", ""),
        ('"odd name"()', "5\n"),
        ("odd name", "5\n"),
    ]

    WRONG = [
        ("add(1)", USAGE, "takes 2 arguments, not 1"),
        ("add(1, 2, 3)", USAGE, "takes 2 arguments, not 3"),
        ("add(1, x)", USAGE, "`x` is no i32"),
        ("add(1, 4294967296)", USAGE, "is no i32"),
        ("add(1, 2.5)", USAGE, "is no i32"),
        ("add(1,)", USAGE, "argument is missing"),
        ("add(1, 2", USAGE, "parentheses"),
        ("f64(1) ", 0, ""),
        ("f64(1))(", USAGE, ""),
        ("f64((nan))", USAGE, "is no f64"),
        ("v128(1 2 3 4)", USAGE, "is no v128"),
        ("ref(1)", USAGE, "ref.null"),
        ("(1)", USAGE, "no function is named"),
        ("subtract(1, 2)", FAILED, "add(i32, i32) -> (i32)"),
    ]

    def test_calls_print_their_results(self):
        path = self.file("m.wat", self.MODULE)
        for call, out in self.CALLS:
            with self.subTest(call=call):
                self.expect(heddle("run", "--invoke", call, path), 0, out=out)

    def test_results_can_be_read_again(self):
        path = self.file("m.wat", self.MODULE)
        for name, value in (("f32", "nan:0x1"), ("f64", "0.30000000000000004"), ("v128", "f32x4 1.5 -0 inf nan"), ("i64", "-5"), ("f32", "1e-45")):
            with self.subTest(name=name, value=value):
                once = heddle("run", "--invoke", f"{name}({value})", path).out.strip()
                self.expect(heddle("run", "--invoke", f"{name}({once})", path), 0, out=once + "\n")

    def test_wrong_calls_are_explained(self):
        path = self.file("m.wat", self.MODULE)
        for call, code, words in self.WRONG:
            with self.subTest(call=call):
                self.expect(heddle("run", "--invoke", call, path), code, err=words)

    def test_a_reactor_is_initialised_first(self):
        reactor = self.file("reactor.wat", """(module (global $ready (mut i32) (i32.const 0))
          (func (export "_initialize") (global.set $ready (i32.const 1)))
          (func (export "ready") (result i32) (global.get $ready)))""")
        self.expect(heddle("run", "--invoke", "ready", reactor), 0, out="1\n")
        self.expect(heddle("run", reactor), NOT_RUNNABLE, out="", err=["reactor", "--invoke", "ready() -> (i32)"])


class NotRunnable(ProgramTest):
    def test_a_module_without_start_lists_its_functions(self):
        path = self.file("lib.wat", '(module (func (export "add") (param i32 f64) (result i64) (i64.const 0)))')
        self.expect(heddle("run", path), NOT_RUNNABLE, out="", err=["no _start", "--invoke", "add(i32, f64) -> (i64)"])
        self.expect(heddle("run", self.file("empty.wat", "(module)")), NOT_RUNNABLE, out="", err="exports no function")

    def test_a_start_of_another_type_is_refused(self):
        path = self.file("start.wat", '(module (func (export "_start") (param i32)))')
        self.expect(heddle("run", path), NOT_RUNNABLE, out="", err="_start has the type (i32) -> ()")

    def test_unknown_imports_are_listed(self):
        path = self.file("imports.wat", """(module
          (import "env" "log" (func (param i32)))
          (import "wasi_snapshot_preview1" "fd_raed" (func (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview2" "fd_read" (func (param i32 i32 i32 i32) (result i32)))
          (import "wasi:cli/run@0.2.0" "run" (func))
          (import "env" "memory" (memory 1))
          (func (export "_start")))""")
        self.expect(heddle("run", path), FAILED, out="", err=["5 imports", "env.log (func (param i32))", "env.memory (memory 1)", "fd_read is offered",
                                                              "wasi_snapshot_preview1.fd_read is offered", "inside of a component", "wasi_unstable"])

    def test_an_import_of_another_type_is_explained(self):
        path = self.file("type.wat", '(module (import "wasi_snapshot_preview1" "fd_close" (func (param i64))) (func (export "_start")))')
        self.expect(heddle("run", path), FAILED, out="", err=["fd_close", "i64"])

    def test_files_that_are_no_programs(self):
        cases = [
            (b"", NOT_RUNNABLE, "is empty"),
            (b"\x7fELF\2\1\1", NOT_RUNNABLE, "ELF"),
            (b"#!/bin/sh\necho\n", NOT_RUNNABLE, "script"),
            (b"\x1f\x8b\x08\0", NOT_RUNNABLE, "gzip"),
            (b"PK\3\4", NOT_RUNNABLE, "zip"),
            (b"int main() {}\n", NOT_RUNNABLE, "other text"),
            (bytes(range(200)), NOT_RUNNABLE, "other data"),
            (b"\0as", FAILED, "unexpected end"),
            (b"\0asm\1\0", FAILED, "unexpected end"),
            (b"\0asm\2\0\0\0", FAILED, "version 2"),
            (b"\0asm\x0a\0\1\0", FAILED, "pre-release"),
            (HEADER + b"\1", FAILED, "malformed"),
            (HEADER + b"\x01\x04\x01\x60\x00\x00" + b"\x03\x02\x01\x05", FAILED, "offset 0x"),
            (b"(module (func i32.foo))", FAILED, "1:15: syntax"),
            (b"(module)\n(assert_return (invoke \"f\"))", FAILED, "heddle wast"),
        ]
        for content, code, words in cases:
            with self.subTest(content=content[:20]):
                self.expect(heddle("run", self.file("x.wasm", content)), code, out="", err=words)

    def test_places_that_cannot_be_read(self):
        self.expect(heddle("run", self.folder), NOT_RUNNABLE, out="", err="is a directory")
        self.expect(heddle("run", self.folder / "none.wasm"), NOT_FOUND, out="", err="no such file")
        self.expect(heddle("run", self.folder / "none/none.wasm"), NOT_FOUND, out="", err="no such file")
        if os.geteuid() != 0:
            path = self.file("closed.wasm", HEADER)
            path.chmod(0)
            self.expect(heddle("run", path), NOT_RUNNABLE, out="", err="permission denied")


def section_ends(module):
    """Where the sections of a small module end: cut there, it may still be a whole one. All sizes are below 128."""
    at, ends = 8, {8}
    while at < len(module):
        at += 2 + module[at + 1]
        ends.add(at)
    return ends


# Two core modules, of which the first calculates and the second only hands its result on.
TWO_MODULES = """(component
  (core module $a (func (export "f") (result i32) (i32.add (i32.const 40) (i32.const 2))))
  (core module $b (import "a" "f" (func $f (result i32))) (func (export "g") (result i32) (call $f)))
  (core instance $a (instantiate $a))
  (core instance $b (instantiate $b (with "a" (instance $a))))
  (func (export "g") (result u32) (canon lift (core func $b "g"))))"""


class Profiles(ProgramTest):
    def test_the_profile_of_a_component_has_all_its_modules(self):
        component, profile = self.file("two.wat", TWO_MODULES), self.folder / "two.profile"
        self.expect(heddle("profile", "-o", profile, "--invoke", "g()", component), 0, out="42\n")
        self.assertEqual(profile.read_text().splitlines().count("f"), 2)


class Broken(ProgramTest):
    def test_a_module_cut_at_any_byte_is_an_error(self):
        wasm = self.folder / "hello.wasm"
        heddle("wat", self.file("hello.wat", HELLO), "-o", wasm)
        whole = wasm.read_bytes()
        for end in set(range(1, len(whole))) - section_ends(whole):
            result = heddle("run", self.file("cut.wasm", whole[:end]))
            self.expect(result, FAILED, out="", err="malformed")


if __name__ == "__main__":
    unittest.main()
