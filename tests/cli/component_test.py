#!/usr/bin/env python3
"""heddle run, validate and wat of components: WAVE calls, links, programs, limits, ends."""

import json
import unittest

from support import FAILED, HELLO, LIMIT, NOT_FOUND, NOT_RUNNABLE, TIMEOUT, TRAP, USAGE, ProgramTest, heddle

MEMORY = """
    (memory (export "mem") 1)
    (global $next (mut i32) (i32.const 1024))
    (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at))"""

# Makes as many of a kind as it is told.
MAKER = """(component
  (canon waitable-set.new (core func $set))
  (type $s (stream u8))
  (canon stream.new $s (core func $stream))
  (type $r (resource (rep i32)))
  (canon resource.new $r (core func $resource))
  (core module $m
    (import "" "set" (func $set (result i32)))
    (import "" "stream" (func $stream (result i64)))
    (import "" "resource" (func $resource (param i32) (result i32)))
    (func (export "sets") (param i32) (loop $l (drop (call $set)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "streams") (param i32) (loop $l (drop (call $stream)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "handles") (param i32) (loop $l (drop (call $resource (i32.const 1))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  (core instance $i (instantiate $m (with "" (instance (export "set" (func $set)) (export "stream" (func $stream)) (export "resource" (func $resource))))))
  (func (export "sets") (param "n" u32) (canon lift (core func $i "sets")))
  (func (export "streams") (param "n" u32) (canon lift (core func $i "streams")))
  (func (export "handles") (param "n" u32) (canon lift (core func $i "handles"))))"""

LIBRARY = f"""(component
  (core module $m {MEMORY}
    (func (export "area") (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 0) (local.get 0))
      (i32.store (i32.const 4) (local.get 1))
      (i32.const 0))
    (func $deep (export "deep") (call $deep))
    (func (export "grow") (result i32) (memory.grow (i32.const 16)))
    (func (export "loop") (loop $again (br $again)))
    (func (export "boom") (unreachable)))
  (core instance $i (instantiate $m))
  (type $rect (record (field "w" u32) (field "h" u32)))
  (export $rect' "rect" (type $rect))
  (func (export "area") (param "r" $rect') (result u32) (canon lift (core func $i "area")))
  (func $echo (param "s" string) (result string)
    (canon lift (core func $i "echo") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))
  (instance $text (export "echo" (func $echo)))
  (export "demo:app/text@1.2.0" (instance $text))
  (func (export "deep") (canon lift (core func $i "deep")))
  (func (export "grow") (result s32) (canon lift (core func $i "grow")))
  (func (export "loop") (canon lift (core func $i "loop")))
  (func (export "boom") (canon lift (core func $i "boom"))))"""

# Asks what it imports for an answer, and adds one.
ASKING = """(component
  (import "demo:app/answer@1.0.0" (instance $answer (export "get" (func (result u32)))))
  (core func $get (canon lower (func $answer "get")))
  (core module $m
    (import "answer" "get" (func $get (result i32)))
    (func (export "next") (result i32) (i32.add (call $get) (i32.const 1))))
  (core instance $i (instantiate $m (with "answer" (instance (export "get" (func $get))))))
  (func (export "next") (result u32) (canon lift (core func $i "next"))))"""


def answering(number, name='(instance $a (export "get" (func $get)))(export "demo:app/answer@1.0.1" (instance $a))'):
    return f"""(component
      (core module $m (func (export "get") (result i32) (i32.const {number})))
      (core instance $i (instantiate $m))
      (func $get (result u32) (canon lift (core func $i "get")))
      {name})"""


def program(*runs):
    """A component with one wasi:cli/run for each (version, what its core function does)."""
    functions = "\n".join(f'(func (export "{version}") (result i32) {body})' for version, body in runs)
    lifts = "\n".join(
        f"""(func $run{n} (result (result)) (canon lift (core func $i "{version}")))
        (instance $run{n} (export "run" (func $run{n})))
        (export "wasi:cli/run@{version}" (instance $run{n}))"""
        for n, (version, _) in enumerate(runs))
    return f"(component (core module $m {functions}) (core instance $i (instantiate $m)) {lifts})"


OK, ERROR, BOOM = "(i32.const 0)", "(i32.const 1)", "unreachable"


class Calls(ProgramTest):
    def test_arguments_and_results_are_wave(self):
        library = self.file("lib.wat", LIBRARY)
        for call, result in (("area({w: 3, h: 4})", "12"), ("demo:app/text@1.2.0.echo(\"h\u00e4 \\\"q\\\"\")", "\"h\u00e4 \\\"q\\\"\""),
                             ("demo:app/text.echo(\"\")", '""'), ("grow()", "1"), ("grow", "1")):
            with self.subTest(call=call):
                self.expect(heddle("run", "--invoke", call, library), 0, out=result + "\n")

    def test_binary_and_standard_input_run_too(self):
        wasm = self.folder / "lib.wasm"
        self.expect(heddle("wat", self.file("lib.wat", LIBRARY), "-o", wasm), 0, out="")
        self.expect(heddle("--invoke", "area({w: 2, h: 2})", wasm), 0, out="4\n")
        self.expect(heddle("run", "--invoke", "area({w: 2, h: 2})", "-", stdin=wasm.read_bytes()), 0, out="4\n")

    def test_a_wrong_argument_is_shown_with_its_place(self):
        library = self.file("lib.wat", LIBRARY)
        self.expect(heddle("run", "--invoke", "area({w: 3, q: 4})", library), USAGE, out="",
                    err=["unknown field `q`", "\n  area({w: 3, q: 4})\n              ^", "func(r: record { w: u32, h: u32 }) -> u32"])
        self.expect(heddle("run", "--invoke", "area(", library), USAGE, out="", err="expected `{`")
        self.expect(heddle("run", "--invoke", "area()", library), USAGE, out="", err="area is func")
        self.expect(heddle("run", "--invoke", "(1)", library), USAGE, out="", err="--invoke")

    def test_an_unknown_function_lists_what_there_is(self):
        self.expect(heddle("run", "--invoke", "demo:app/text@1.2.0.shout(\"x\")", self.file("lib.wat", LIBRARY)), FAILED, out="",
                    err=["no exported function demo:app/text@1.2.0.shout", "demo:app/text@1.2.0.echo: func(s: string) -> string", "area: func"])


class Programs(ProgramTest):
    def test_the_result_of_run_is_the_exit_code(self):
        self.expect(heddle(self.file("ok.wat", program(("0.2.0", OK)))), 0, out="", err="")
        self.expect(heddle(self.file("bad.wat", program(("0.2.3", ERROR)))), 1, out="", err="")

    def test_the_newer_run_is_preferred(self):
        self.expect(heddle(self.file("both.wat", program(("0.2.6", BOOM), ("0.3.0", OK)))), 0, out="")

    def test_a_library_lists_its_functions(self):
        self.expect(heddle("run", self.file("lib.wat", LIBRARY)), NOT_RUNNABLE, out="", err=["is a library", "--invoke", "demo:app/text@1.2.0.echo: func(s: string)"])
        self.expect(heddle("run", self.file("empty.wat", ";; c\n(; c ;) (component $C)")), NOT_RUNNABLE, out="", err="exports no function")

    def test_missing_imports_are_all_named(self):
        path = self.file("needs.wat", """(component
          (import "demo:app/a@1.0.0" (instance (export "x" (func)) (export "y" (func))))
          (import "log" (func (param "line" string))))""")
        self.expect(heddle("run", path), FAILED, out="", err=["2 imports are not offered", "demo:app/a@1.0.0: x, y", "log: func(line: string)", "--link"])


class Links(ProgramTest):
    def test_the_exports_of_a_linked_component_serve_imports(self):
        asking, answer = self.file("ask.wat", ASKING), self.file("answer.wat", answering(41))
        self.expect(heddle("run", "--link", answer, "--invoke", "next()", asking), 0, out="42\n")
        self.expect(heddle("run", "--invoke", "next()", asking), FAILED, out="", err=["demo:app/answer@1.0.0: get", "--link"])

    def test_a_link_can_be_named(self):
        asking = self.file("ask.wat", ASKING)
        whole = self.file("whole.wat", answering(6, '(export "get" (func $get))'))
        self.expect(heddle("run", "--link", f"demo:app/answer@1.0.0={whole}", "--invoke", "next()", asking), 0, out="7\n")
        inside = self.file("inside.wat", answering(8))
        self.expect(heddle("run", "--link", f"demo:app/answer@1.0.1={inside}", "--invoke", "next()", asking), 0, out="9\n")

    def test_links_serve_the_links_after_them(self):
        middle = self.file("middle.wat", ASKING.replace('(func (export "next") (result u32)', '(func $next (result u32)').removesuffix(")") + """
          (instance $a (export "get" (func $next))) (export "demo:app/answer@1.0.0" (instance $a)))""")
        self.expect(heddle("run", "--link", self.file("answer.wat", answering(1)), "--link", middle, "--invoke", "next()", self.file("ask.wat", ASKING)),
                    0, out="3\n")

    def test_what_is_composed_does_what_was_linked(self):
        asking, answer, both = self.file("ask.wat", ASKING), self.file("answer.wat", answering(41)), self.folder / "both.wasm"
        self.expect(heddle("compose", asking, "-m", answer, "-o", both), 0)
        linked, composed = heddle("run", "--link", answer, "--invoke", "next()", asking), heddle("run", "--invoke", "next()", both)
        self.expect(linked, 0, out="42\n")
        self.expect(composed, 0, out=linked.out)

    def test_wrong_links_are_explained(self):
        asking = self.file("ask.wat", ASKING)
        self.expect(heddle("run", "--link", self.folder / "none.wasm", asking), NOT_FOUND, out="", err="no such file")
        self.expect(heddle("run", "--link", self.file("m.wat", "(module)"), asking), NOT_RUNNABLE, out="", err="is a core module")
        self.expect(heddle("run", "--link", self.file("a.wat", answering(1)), self.file("hello.wat", HELLO)), USAGE, out="", err="core module")
        for words in (["--message", "A.b {}"], ["--send", "demo:app/a"], ["--plugin", "x=x.wasm"], ["--plugin-bytes"]):
            self.expect(heddle("run", *words, self.file("hello.wat", HELLO)), USAGE, out="", err=["hello.wat: is a core module", words[0]])
        other = answering(1).replace("(result u32)", "(result s32)")
        self.expect(heddle("run", "--link", self.file("o.wat", other), "--invoke", "next()", asking), FAILED, out="",
                    err=["incompatible import type", "func() -> u32", "func() -> s32"])


EXITING = """(component
  (import "wasi:cli/exit@0.2.0" (instance $cli (export "exit" (func (param "status" (result))))))
  (core func $exit (canon lower (func $cli "exit")))
  (core module $m (import "" "exit" (func $exit (param i32))) (func (export "run") (result i32) (call $exit (i32.const %d)) unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "exit" (func $exit))))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))"""


class Wasi(ProgramTest):
    def test_a_program_can_end_itself(self):
        for code in (0, 1):
            with self.subTest(code=code):
                self.expect(heddle(self.file("exit.wat", EXITING % code)), code, out="", err="")

    def test_what_cannot_be_granted_is_said(self):
        self.expect(heddle("run", "--dir", self.folder / "none", self.file("exit.wat", EXITING % 0)), FAILED, out="", err="no such file")


class Ends(ProgramTest):
    def invoke(self, call, *options):
        return heddle("run", *options, "--invoke", call, self.file("lib.wat", LIBRARY))

    def test_limits_and_traps_have_their_exit_codes(self):
        self.expect(self.invoke("boom"), TRAP, out="", err=["trap: unreachable", "0: "])
        self.expect(self.invoke("deep"), TRAP, out="", err="call stack exhausted")
        self.expect(self.invoke("loop", "--fuel", "10000"), LIMIT, out="", err="--fuel 10000 is used up")
        self.expect(self.invoke("loop", "--timeout", "100ms"), TIMEOUT, out="", err="--timeout 100 ms passed")
        self.expect(self.invoke("grow", "--max-memory", "512KiB"), 0, out="-1\n")

    def test_a_start_that_traps_ends_the_program(self):
        path = self.file("start.wat", "(component (core module $m (func $f unreachable) (start $f)) (core instance (instantiate $m)))")
        self.expect(heddle("run", path), TRAP, out="", err="trap: unreachable")
        loop = self.file("loop.wat", "(component (core module $m (func $f (loop $l (br $l))) (start $f)) (core instance (instantiate $m)))")
        self.expect(heddle("run", "--timeout", "100ms", loop), TIMEOUT, out="", err="--timeout 100 ms passed")


class Files(ProgramTest):
    def test_components_are_validated(self):
        good = self.file("good.wat", LIBRARY)
        bad = self.file("bad.wat", '(component (func (export "f") (canon lift (core func 0))))')
        result = heddle("validate", good, bad)
        self.expect(result, FAILED, contains=[f"{good}: ok", f"{bad}: invalid"])

    def test_text_becomes_binary_and_back(self):
        wat, wasm = self.file("lib.wat", LIBRARY), self.folder / "lib.wasm"
        self.expect(heddle("wat", wat, "-o", wasm), 0, out="")
        printed = heddle("wat", wasm)
        self.expect(printed, 0, contains=["(component", "canon lift", '(export "area"'])
        self.assertEqual(heddle("wat", self.file("again.wat", printed.out)).raw, wasm.read_bytes())

    def test_inspect_shows_wit(self):
        shown = heddle("inspect", self.file("lib.wat", LIBRARY))
        self.expect(shown, 0, contains=["component, binary version 13", "export demo:app/text@1.2.0;", "echo: func(s: string) -> string;", "record rect", "core modules 1"])
        self.assertIn("echo: func", json.loads(heddle("inspect", "--json", self.file("lib.wat", LIBRARY)).out)["wit"])

    def test_errors_in_text_have_a_place(self):
        self.expect(heddle("wat", self.file("bad.wat", "(component\n  (core modul))")), FAILED, out="", err="bad.wat:2:")

    def test_limits_of_components_are_raised_by_options(self):
        maker = self.file("maker.wat", MAKER)
        for function, option, default in (("sets", "--max-waitable-sets", 4096), ("streams", "--max-streams", 4096), ("handles", "--max-handles", 65536)):
            self.expect(heddle("run", "--invoke", f"{function}({default})", maker), 0, out="", err="")
            self.expect(heddle("run", "--invoke", f"{function}({default + 1})", maker), LIMIT, err=[f"limit reached: {default} ", f"{option} raises it"])
            self.expect(heddle("run", option, str(default + 1), "--invoke", f"{function}({default + 1})", maker), 0)
            self.expect(heddle("run", option, "10", "--invoke", f"{function}(11)", maker), LIMIT, err="limit reached: 10 ")
        self.expect(heddle("run", "--max-host-bytes", "10K", "--invoke", "handles(1000)", maker), LIMIT, err="--max-host-bytes raises it")
        self.expect(heddle("run", "--max-tasks", "5000000000", "--invoke", "sets(1)", maker), USAGE, err="too large")


if __name__ == "__main__":
    unittest.main()
