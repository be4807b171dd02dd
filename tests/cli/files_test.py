#!/usr/bin/env python3
"""heddle validate, wat and inspect: commands about files."""

import json
import unittest

from support import COMPONENT, FAILED, HEADER, HELLO, NOT_FOUND, NOT_RUNNABLE, ProgramTest, heddle


class Validate(ProgramTest):
    def test_each_file_gets_a_line(self):
        good, bad = self.file("good.wat", HELLO), self.file("bad.wat", "(module (func (result i32)))")
        cut, text = self.file("cut.wasm", HEADER + b"\1\5"), self.file("text.wat", "(module\n  (func i32.foo))")
        self.expect(heddle("validate", good), 0, out=f"{good}: ok\n")
        result = heddle("validate", good, bad, cut, text)
        self.expect(result, FAILED)
        lines = result.out.splitlines()
        self.assertEqual(lines[0], f"{good}: ok")
        self.assertIn("invalid: type mismatch", lines[1])
        self.assertIn("offset 0x", lines[1])
        self.assertIn("malformed", lines[2])
        self.assertIn("text.wat:2:9: syntax", lines[3])

    def test_other_things_are_named(self):
        self.expect(heddle("validate", self.file("c.wasm", COMPONENT)), 0, contains=": ok")
        self.expect(heddle("validate", self.file("e.wasm", b"")), NOT_RUNNABLE, contains="empty")
        self.expect(heddle("validate", self.folder / "none"), NOT_FOUND, contains="no such file")

    def test_proposals_can_be_refused(self):
        tail = self.file("tail.wat", "(module (func $f (return_call $f)))")
        self.expect(heddle("validate", tail), 0)
        self.expect(heddle("validate", "--disable", "tail-call", tail), FAILED, contains="invalid")


class Wat(ProgramTest):
    SOURCE = '(module $m (memory $pages 1) (func $add (export "add") (param $left i32) (param $right i32) (result i32) (i32.add (local.get $left) (local.get $right))))'

    def test_text_becomes_binary_and_back(self):
        wat, wasm = self.file("m.wat", self.SOURCE), self.folder / "m.wasm"
        self.expect(heddle("wat", wat, "-o", wasm), 0, out="")
        self.assertTrue(wasm.read_bytes().startswith(HEADER))
        self.assertEqual(heddle("wat", wat).raw, wasm.read_bytes())
        printed = heddle("wat", wasm)
        self.expect(printed, 0, contains=["$add", "$left", "i32.add", '(export "add"'])
        again = heddle("wat", self.file("again.wat", printed.out))
        self.expect(again, 0)
        self.assertEqual(again.raw, wasm.read_bytes())

    def test_folded_text_means_the_same(self):
        wasm = self.folder / "m.wasm"
        heddle("wat", self.file("m.wat", self.SOURCE), "-o", wasm)
        folded = heddle("wat", "--fold", wasm)
        self.expect(folded, 0, contains="(i32.add")
        self.assertEqual(heddle("wat", self.file("folded.wat", folded.out)).raw, wasm.read_bytes())

    def test_errors_have_a_place(self):
        self.expect(heddle("wat", self.file("bad.wat", "(module\n (func\n  i32.add i32.foo))")), FAILED, out="", err="bad.wat:3:11: syntax")
        self.expect(heddle("wat", self.file("bad.wasm", HEADER + b"\1\5")), FAILED, out="", err="malformed")
        self.expect(heddle("wat", self.file("m.wat", self.SOURCE), "-o", self.folder / "none/m.wasm"), FAILED, out="", err="cannot be written")


class Inspect(ProgramTest):
    MODULE = """(module $tool
      (import "env" "log" (func $log (param i32)))
      (memory (export "memory") 1 4) (table 3 funcref) (global $g (mut i32) (i32.const 0))
      (func $main (call $log (i32.const 1)) (drop (v128.const i32x4 0 0 0 0)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))
      (func (export "two") (param i64) (result i32 i32) (i32.const 1) (i32.const 2))
      (start $main) (@custom "notes" "text"))"""

    def test_a_module_is_described(self):
        self.expect(heddle("inspect", self.file("m.wat", self.MODULE)), 0,
                    contains=["module, binary version 1", "name: tool", "env.log  (func (param i32))", "two  (func (param i64) (result i32 i32))", "memory  (memory 1 4)",
                              "features: bulk-memory multi-value simd", "memory: 1 to 4 pages of 64 KiB", "table: 3 or more elements of funcref", "start: function 1 main",
                              "custom notes", "code (2)", "functions 3"])

    def test_json_holds_the_same(self):
        result = heddle("inspect", "--json", self.file("m.wat", self.MODULE))
        self.expect(result, 0)
        report = json.loads(result.out)
        self.assertEqual(report["kind"], "module")
        self.assertEqual(report["imports"], [{"module": "env", "name": "log", "type": "(func (param i32))"}])
        self.assertEqual(report["features"], ["bulk-memory", "multi-value", "simd"])
        self.assertEqual(report["counts"]["functions"], 3)
        self.assertEqual(report["memories"][0]["max"], 4)
        self.assertEqual(report["start"]["name"], "main")
        self.assertIn({"name": "code", "custom": False}, [{k: s[k] for k in ("name", "custom")} for s in report["sections"]])

    def test_a_plain_module_uses_nothing_new(self):
        self.expect(heddle("inspect", self.file("m.wat", HELLO)), 0, contains="features: WebAssembly 1.0 only")

    def test_a_component_shows_its_outside(self):
        name = b"wasi:cli/run@0.2.0"
        imports = b"\1\0" + bytes([len(name)]) + name + b"\5\0"
        content = COMPONENT + b"\1\x08" + HEADER + bytes([10, len(imports)]) + imports
        self.expect(heddle("inspect", self.file("c.wasm", content)), 0, contains=["component, binary version 13", "wasi:cli/run@0.2.0", "core modules 1"])
        self.expect(heddle("inspect", self.file("cut.wasm", content[:-1])), FAILED, contains="broken")

    def test_broken_files_are_errors(self):
        for content, words in ((HEADER + b"\1\5", "malformed"), (b"", "empty"), (b"text", "not WebAssembly")):
            with self.subTest(content=content):
                self.assertIn(words, heddle("inspect", self.file("x.wasm", content)).err)


if __name__ == "__main__":
    unittest.main()
