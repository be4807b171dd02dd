#!/usr/bin/env python3
"""heddle wast: what passes, what fails, and how it is reported."""

import json
import unittest

from support import FAILED, NOT_FOUND, ProgramTest, heddle

PASSING = """
(module $A (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "trap") unreachable) (func $r (export "recurse") (call $r))
  (func (export "nan") (result f32) (f32.const nan:0x400001)) (func (export "v") (result v128) (v128.const f32x4 nan 1 nan -0))
  (func (export "echo") (param externref) (result externref) (local.get 0)) (func $f) (elem declare func $f)
  (func (export "null") (result funcref) (ref.null func)) (func (export "func") (result funcref) (ref.func $f))
  (global (export "g") i64 (i64.const -1)))
(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))
(assert_return (invoke $A "add" (i32.const 1) (i32.const 2)) (either (i32.const 4) (i32.const 3)))
(assert_trap (invoke "trap") "unreachable")
(assert_exhaustion (invoke "recurse") "call stack exhausted")
(assert_return (invoke "nan") (f32.const nan:arithmetic))
(assert_return (invoke "v") (v128.const f32x4 nan:canonical 1 nan:arithmetic -0))
(assert_return (invoke "echo" (ref.extern 5)) (ref.extern 5))
(assert_return (invoke "echo" (ref.null extern)) (ref.null extern))
(assert_return (invoke "null") (ref.null func))
(assert_return (invoke "func") (ref.func))
(assert_return (get $A "g") (i64.const 0xffffffffffffffff))
(register "A" $A)
(module (import "A" "add" (func (param i32 i32) (result i32))) (import "spectest" "table64" (table i64 10 20 funcref))
  (import "spectest" "memory" (memory 1 2)) (import "spectest" "print_i32" (func (param i32))))
(assert_invalid (module (func (result i32))) "type mismatch")
(assert_malformed (module quote "(func") "unexpected end")
(assert_malformed (module binary "\\00asm") "unexpected end")
(assert_unlinkable (module (import "A" "sub" (func))) "unknown import")
(assert_unlinkable (module (import "A" "add" (func))) "incompatible import type")
(assert_trap (module (func $t unreachable) (start $t)) "unreachable")
(module definition $D (global (export "n") i32 (i32.const 4)))
(module instance $I $D)
(assert_return (get $I "n") (i32.const 4))
(invoke $A "add" (i32.const 1) (i32.const 1))
"""

# Each is one failing command after (module (func (export "f") (result i32) (i32.const 1)) (func (export "t") unreachable)).
MODULE = '(module (func (export "f") (result i32) (i32.const 1)) (func (export "t") unreachable) (func (export "d") (result f32) (f32.const 0)))\n'
FAILING = [
    ('(assert_return (invoke "f") (i32.const 2))', ["expected (i32.const 2)", "got      (i32.const 1)"]),
    ('(assert_return (invoke "f") (i64.const 1))', ["expected (i64.const 1)"]),
    ('(assert_return (invoke "f"))', ["expected nothing"]),
    ('(assert_return (invoke "d") (f32.const -0))', ["0x80000000", "0x0"]),
    ('(assert_return (invoke "d") (f32.const nan:canonical))', ["nan:canonical"]),
    ('(assert_return (invoke "t"))', ["unreachable"]),
    ('(assert_return (invoke "none"))', ["no exported function"]),
    ('(assert_return (invoke $None "f"))', ["no instance $None"]),
    ('(assert_return (invoke "f" (i32.const 1)) (i32.const 1))', ["number of arguments"]),
    ('(assert_trap (invoke "f") "unreachable")', ["no error"]),
    ('(assert_trap (invoke "t") "integer overflow")', ["trap: integer overflow", "trap: unreachable"]),
    ('(assert_exhaustion (invoke "t") "call stack exhausted")', ["exhaustion", "trap: unreachable"]),
    ('(assert_exception (invoke "t"))', ["expected exception"]),
    ('(assert_invalid (module) "type mismatch")', ["no error"]),
    ('(assert_invalid (module quote "(func") "x")', ["expected invalid", "got      malformed"]),
    ('(assert_malformed (module quote "(func (result i32))") "x")', ["expected malformed", "got      invalid"]),
    ('(assert_malformed (module binary "\\00asm\\01\\00\\00\\00") "x")', ["no error"]),
    ('(assert_unlinkable (module) "unknown import")', ["no error"]),
    ('(module (import "none" "none" (func)))', ["the module is instantiated"]),
    ('(module (func (result i32)))', ["the module loads", "type mismatch"]),
    ('(register "x" $None)', ["no instance $None"]),
    ('(wait $T)', ["no thread $T"]),
    ('(invoke "f" (u32.const 1))', ["number of arguments"]),
]

# Every form of command for components.
COMPONENT_PASSING = r"""
(component definition $Adder
  (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) (func (export "t") unreachable))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "t") (canon lift (core func $i "t"))))
(component instance $a $Adder)
(assert_return (invoke "add" (u32.const 1) (u32.const 2)) (u32.const 3))
(register "adder" $a)
(component $B
  (import "adder" (instance $a (export "add" (func (param "a" u32) (param "b" u32) (result u32)))))
  (export "again" (func $a "add")))
(assert_return (invoke $B "again" (u32.const 0xffffffff) (u32.const 1)) (u32.const 0))
(invoke $a "add" (u32.const 1) (u32.const 1))
(component instance $c $Adder)
(assert_trap (invoke "t") "wasm trap: wasm `unreachable` instruction executed")
(assert_trap (invoke $c "add" (u32.const 1) (u32.const 2)) "cannot enter component instance")
(assert_trap (component (core module $m (func $f unreachable) (start $f)) (core instance (instantiate $m))) "unreachable")
(assert_invalid (component (func (export "f") (canon lift (core func 0)))) "unknown")
(assert_malformed (component quote "(componen)") "unexpected")
(assert_malformed (component binary "\00asm\0d\00\01\00\ff") "unexpected")
(assert_unlinkable (component (import "none" (func))) "unknown import")
(component binary "\00asm\0d\00\01\00")
(component quote "(core module)")
"""

COMPONENT = r"""(component
  (core module $m
    (func (export "id32") (param i32) (result i32) (local.get 0))
    (func (export "id64") (param i64) (result i64) (local.get 0))
    (func (export "idf") (param f32) (result f32) (local.get 0))
    (func (export "pair") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "none")))
  (core instance $i (instantiate $m))
  (type $color' (enum "red" "green")) (export $color "color-type" (type $color'))
  (type $rights' (flags "r" "w" "x")) (export $rights "rights-type" (type $rights'))
  (type $point' (record (field "x" u16) (field "y" u16))) (export $point "point-type" (type $point'))
  (type $num' (variant (case "no") (case "yes" u32))) (export $num "num-type" (type $num'))
  (func (export "color") (param "v" $color) (result $color) (canon lift (core func $i "id32")))
  (func (export "rights") (param "v" $rights) (result $rights) (canon lift (core func $i "id32")))
  (func (export "sum") (param "v" $point) (result u32) (canon lift (core func $i "pair")))
  (func (export "sum2") (param "v" (tuple u16 u16)) (result u32) (canon lift (core func $i "pair")))
  (func (export "num") (param "v" $num) (result u32) (canon lift (core func $i "pair")))
  (func (export "opt") (param "v" (option u32)) (result u32) (canon lift (core func $i "pair")))
  (func (export "res") (param "v" (result u32 (error u32))) (result u32) (canon lift (core func $i "pair")))
  (func (export "char") (param "v" char) (result char) (canon lift (core func $i "id32")))
  (func (export "bool") (param "v" bool) (result bool) (canon lift (core func $i "id32")))
  (func (export "s8") (param "v" s8) (result s8) (canon lift (core func $i "id32")))
  (func (export "u64") (param "v" u64) (result u64) (canon lift (core func $i "id64")))
  (func (export "f32") (param "v" f32) (result f32) (canon lift (core func $i "idf")))
  (func (export "none") (canon lift (core func $i "none"))))
"""

COMPONENT_VALUES = r"""
(assert_return (invoke "color" (enum.const "green")) (enum.const "green"))
(assert_return (invoke "rights" (flags.const "r" "x")) (flags.const "x" "r"))
(assert_return (invoke "sum" (record.const (field "x" u16.const 1) (field "y" u16.const 2))) (u32.const 3))
(assert_return (invoke "sum2" (tuple.const (u16.const 1) (u16.const 2))) (u32.const 3))
(assert_return (invoke "num" (variant.const "yes" (u32.const 2))) (u32.const 3))
(assert_return (invoke "opt" (option.some (u32.const 2))) (u32.const 3))
(assert_return (invoke "opt" (option.none)) (u32.const 0))
(assert_return (invoke "res" (result.err (u32.const 2))) (u32.const 3))
(assert_return (invoke "char" (char.const "'")) (char.const "'"))
(assert_return (invoke "char" (char.const "\u{1f370}")) (char.const "\u{1f370}"))
(assert_return (invoke "bool" (bool.const true)) (bool.const true))
(assert_return (invoke "s8" (s8.const -1)) (s8.const 0xff))
(assert_return (invoke "u64" (u64.const 18446744073709551615)) (u64.const -1))
(assert_return (invoke "f32" (f32.const 1.5)) (f32.const 1.5))
(assert_return (invoke "f32" (f32.const nan)) (f32.const nan:canonical))
(assert_return (invoke "none"))
"""

COMPONENT_FAILING = [
    ('(assert_return (invoke "color" (enum.const "green")) (enum.const "red"))', ['(enum.const "red")', "got green"]),
    ('(assert_return (invoke "color" (enum.const "blue")) (enum.const "red"))', ['"blue" is none of enum { red, green }']),
    ('(assert_return (invoke "color" (u32.const 1)) (enum.const "red"))', ["(u32.const …) is no enum"]),
    ('(assert_return (invoke "color") (enum.const "red"))', ["takes 1 arguments, not 0"]),
    ('(assert_return (invoke "s8" (s8.const 300)) (s8.const 1))', ["300 is no s8"]),
    ('(assert_return (invoke "sum" (record.const (field "y" u16.const 1) (field "x" u16.const 2))) (u32.const 3))', ['"y" stands where "x" is expected']),
    ('(assert_return (invoke "none") (u32.const 3))', ["got nothing"]),
    ('(assert_return (invoke "f32" (f32.const 1)))', ["got 1"]),
    ('(assert_return (invoke "f32" (f32.const 1)) (f64.const 1))', ["got 1"]),
    ('(assert_return (invoke "s8" (f32.const 1)) (s8.const 1))', ["f32 is no s8"]),
    ('(assert_return (invoke "nothing"))', ["no exported function"]),
    ('(assert_return (get "none"))', ["no globals"]),
    ('(assert_trap (invoke "none") "unreachable")', ["no error"]),
    ('(assert_invalid (component) "x")', ["no error"]),
    ('(assert_invalid (component quote "(componen)") "x")', ["got      malformed"]),
    ('(assert_unlinkable (component) "x")', ["no error"]),
    ('(component instance $x $Nothing)', ["no component definition $Nothing"]),
    ('(component (import "none" (func)))', ["the component is instantiated", "unknown import"]),
]


class Scripts(ProgramTest):
    def test_every_form_can_pass(self):
        self.expect(heddle("wast", self.file("pass.wast", PASSING)), 0, contains="\n24 passed, 0 failed\n")

    def test_every_form_can_fail(self):
        for command, words in FAILING:
            with self.subTest(command=command):
                result = heddle("wast", self.file("fail.wast", MODULE + command))
                self.expect(result, FAILED, contains=["fail.wast:2 ", "\n1 passed, 1 failed\n", *words])

    def test_every_form_for_components_can_pass(self):
        self.expect(heddle("wast", self.file("pass.wast", COMPONENT_PASSING)), 0, contains="\n17 passed, 0 failed\n")

    def test_component_values_of_every_type(self):
        script = COMPONENT + COMPONENT_VALUES
        for options in ([], ["--seed", "7"], ["--slice", "10"]):
            with self.subTest(options=options):
                self.expect(heddle("wast", *options, self.file("values.wast", script)), 0, contains="\n17 passed, 0 failed\n")

    def test_every_form_for_components_can_fail(self):
        for command, words in COMPONENT_FAILING:
            with self.subTest(command=command):
                result = heddle("wast", self.file("fail.wast", COMPONENT + command))
                self.expect(result, FAILED, contains=["\n1 passed, 1 failed\n", *words])

    def test_modules_and_components_share_a_script(self):
        script = MODULE + '(assert_return (invoke "f") (i32.const 1))\n' + COMPONENT + '(assert_return (invoke "none"))\n' + MODULE + '(assert_return (invoke "f") (i32.const 1))'
        self.expect(heddle("wast", self.file("both.wast", script)), 0, contains="\n6 passed, 0 failed\n")

    def test_what_follows_a_failed_module_does_not_use_an_older_one(self):
        script = MODULE + '(module (import "none" "none" (func)))\n(assert_return (invoke "f") (i32.const 1))\n(module (func (export "g")))\n(invoke "g")'
        self.expect(heddle("wast", self.file("x.wast", script)), FAILED, contains=["no module before it", "\n3 passed, 2 failed\n"])

    def test_text_that_is_no_script_is_one_failure(self):
        self.expect(heddle("wast", self.file("x.wast", "(module)\n(nonsense)")), FAILED, contains=["x.wast:", "0 passed, 1 failed"])

    def test_an_endless_script_stops(self):
        script = '(module (func (export "loop") (loop $l (br $l))) (func (export "f")))\n(invoke "loop")\n(invoke "f")'
        self.expect(heddle("wast", "--timeout", "300ms", self.file("x.wast", script)), FAILED, contains=["x.wast:2", "not run: ", "1 passed, 2 failed"])

    def test_messages_may_differ_but_can_be_listed(self):
        path = self.file("x.wast", '(assert_invalid (module (func (result i32))) "something else")')
        self.expect(heddle("wast", path), 0, contains="1 passed, 0 failed")
        self.expect(heddle("wast", "--messages", path), 0, contains="something else")


class Reports(ProgramTest):
    def setUp(self):
        super().setUp()
        self.file("a/one.wast", MODULE + '(assert_return (invoke "f") (i32.const 1))')
        self.file("a/two.wast", MODULE + '(assert_return (invoke "f") (i32.const 2))\n(assert_invalid (module) "x")')
        self.file("b/three.wast", "(module)")
        self.file("b/ignored.txt", "no script")

    def test_directories_are_searched_and_summed(self):
        result = heddle("wast", self.folder)
        self.expect(result, FAILED, contains=["one.wast", "two.wast", "three.wast", "per directory", "\n4 passed, 2 failed\n"])
        rows = [line.split() for line in result.out.splitlines() if line.endswith("/a") or line.endswith("/b")]
        self.assertEqual([(r[0], r[1]) for r in rows], [("3/5", "1/3"), ("1/1", "0/0")], result.out)

    def test_a_directory_without_scripts_is_an_error(self):
        (self.folder / "c").mkdir()
        self.expect(heddle("wast", self.folder / "c"), FAILED, err="no .wast file")
        self.expect(heddle("wast", self.folder / "d"), NOT_FOUND, err="no such file")

    def test_json_holds_the_same(self):
        result = heddle("wast", "--json", "-", self.folder)
        self.expect(result, FAILED)
        report = json.loads(result.out)
        self.assertEqual((report["passed"], report["failed"]), (4, 2))
        self.assertEqual([f["path"].rsplit("/", 1)[1] for f in report["files"]], ["one.wast", "two.wast", "three.wast"])
        failure = report["files"][1]["failures"][0]
        self.assertEqual((failure["line"], failure["kind"], failure["expected"]), (2, "assert_return", "(i32.const 2)"))
        path = self.folder / "report.json"
        self.expect(heddle("wast", "--json", path, self.folder), FAILED, contains="4 passed, 2 failed")
        self.assertEqual(json.loads(path.read_text())["failed"], 2)

    def expectations(self, text):
        return heddle("wast", "--expectations", self.file("expectations", text), self.folder)

    def test_known_failures_do_not_fail_the_run(self):
        both = "# known\na/two.wast:2 because of this\na/two.wast:3 and of that\n"
        self.expect(self.expectations(both), 0, contains="\n4 passed, 2 failed (2 of them known)\n")
        self.expect(self.expectations("a/two.wast:2 because\n"), FAILED, contains="two.wast:3")

    def test_a_line_for_a_whole_file_never_covers_modules_that_must_be_refused(self):
        self.expect(self.expectations("a/two.wast everything\n"), FAILED, contains=["FAIL", "two.wast:3", "(1 of them known)"])

    def test_a_known_failure_that_passes_is_an_error(self):
        both = "a/two.wast:2 x\na/two.wast:3 x\n"
        self.expect(self.expectations(both + "a/one.wast:2 once broken\n"), FAILED, contains=["passes: a/one.wast:2", "once broken"])
        self.expect(self.expectations(both + "other/one.wast:2 of another folder\n"), 0)
        self.expect(self.expectations(both + "ne.wast:2 no whole name\n"), 0)

    def test_expectations_need_reasons_and_numbers(self):
        self.expect(self.expectations("a/two.wast:2\n"), FAILED, err="needs a reason")
        self.expect(self.expectations("a/two.wast:x reason\n"), FAILED, err="no line number")

    def test_long_lists_are_shortened(self):
        path = self.file("long.wast", MODULE + '(assert_return (invoke "f") (i32.const 2))\n' * 30)
        short, whole = heddle("wast", path), heddle("wast", "--all", path)
        self.expect(short, FAILED, contains=["and 20 more", "1 passed, 30 failed"])
        self.assertEqual(whole.out.count("FAIL "), 30)


class Threads(ProgramTest):
    def test_threads_see_what_is_shared(self):
        script = """
(module $Mem (memory (export "shared") 1 1 shared))
(thread $T (shared (module $Mem))
  (register "mem" $Mem)
  (module (memory (import "mem" "shared") 1 1 shared) (func (export "run") (i32.store (i32.const 0) (i32.const 42))))
  (invoke "run"))
(wait $T)
(register "mem" $Mem)
(module (memory (import "mem" "shared") 1 1 shared) (func (export "get") (result i32) (i32.load (i32.const 0))))
(assert_return (invoke "get") (i32.const 42))"""
        self.expect(heddle("wast", self.file("threads.wast", script)), 0, contains="9 passed, 0 failed")

    def test_only_shared_memories_can_be_shared(self):
        script = '(module $M (func (export "f")))\n(thread $T (shared (module $M)) (register "m" $M))'
        self.expect(heddle("wast", self.file("threads.wast", script)), FAILED, contains="no shared memory")


if __name__ == "__main__":
    unittest.main()
