#!/usr/bin/env python3
"""What components are granted by options: configuration, stores, a log, the second wall; `heddle trace`."""

import json
import sys
import unittest

from support import FAILED, HELLO, USAGE, ProgramTest, heddle

CONFIG = """(component
  (import "wasi:config/store@0.2.0-rc.1" (instance $config
    (type $e' (variant (case "upstream" string) (case "io" string)))
    (export "error" (type $e (eq $e')))
    (export "get" (func (param "key" string) (result (result (option string) (error $e)))))))
  (core module $mm (memory (export "memory") 1) (data (i32.const 0) "color")
    (global $at (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local i32)
      (local.set 4 (global.get $at)) (global.set $at (i32.add (global.get $at) (local.get 3))) (local.get 4)))
  (core instance $m (instantiate $mm))
  (alias core export $m "memory" (core memory $mem))
  (core func $get (canon lower (func $config "get") (memory $mem) (realloc (func $m "realloc"))))
  (core module $n (import "" "memory" (memory 1)) (import "" "get" (func $get (param i32 i32 i32)))
    (func (export "color") (result i32) (call $get (i32.const 0) (i32.const 5) (i32.const 64)) (i32.const 68)))
  (core instance $i (instantiate $n (with "" (instance (export "memory" (memory $m "memory")) (export "get" (func $get))))))
  (func (export "color") (result (option string)) (canon lift (core func $i "color") (memory $mem))))"""

LOG = """(component
  (import "wasi:logging/logging@0.1.0-draft" (instance $log
    (type $l' (enum "trace" "debug" "info" "warn" "error" "critical"))
    (export "level" (type $l (eq $l')))
    (export "log" (func (param "level" $l) (param "context" string) (param "message" string)))))
  (core module $mm (memory (export "memory") 1) (data (i32.const 0) "disknearly full"))
  (core instance $m (instantiate $mm))
  (core func $log (canon lower (func $log "log") (memory $m "memory")))
  (core module $n (import "" "log" (func $log (param i32 i32 i32 i32 i32)))
    (func (export "f") (param i32) (call $log (local.get 0) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 11))))
  (core instance $i (instantiate $n (with "" (instance (export "log" (func $log))))))
  (func (export "f") (param "level" u32) (canon lift (core func $i "f"))))"""

COUNT = """(component
  (import "wasi:keyvalue/store@0.2.0-draft2" (instance $store
    (export "bucket" (type $bucket (sub resource)))
    (type $e' (variant (case "no-such-store") (case "access-denied") (case "other" string)))
    (export "error" (type $e (eq $e')))
    (export "open" (func (param "identifier" string) (result (result (own $bucket) (error $e)))))))
  (alias export $store "bucket" (type $bucket))
  (alias export $store "error" (type $error))
  (import "wasi:keyvalue/atomics@0.2.0-draft2" (instance $atomics
    (alias outer 1 $bucket (type $b')) (export "bucket" (type $b (eq $b')))
    (alias outer 1 $error (type $e')) (export "error" (type $e (eq $e')))
    (export "increment" (func (param "bucket" (borrow $b)) (param "key" string) (param "delta" s64) (result (result s64 (error $e)))))))
  (core module $mm (memory (export "memory") 1) (data (i32.const 0) "data" "visits")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $m (instantiate $mm))
  (alias core export $m "memory" (core memory $mem))
  (core func $open (canon lower (func $store "open") (memory $mem) (realloc (func $m "realloc"))))
  (core func $add (canon lower (func $atomics "increment") (memory $mem) (realloc (func $m "realloc"))))
  (core module $n (import "" "memory" (memory 1)) (import "" "open" (func $open (param i32 i32 i32)))
    (import "" "add" (func $add (param i32 i32 i32 i64 i32)))
    (func (export "visit") (result i64)
      (call $open (i32.const 0) (i32.const 4) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then (return (i64.const -1))))
      (call $add (i32.load (i32.const 68)) (i32.const 4) (i32.const 6) (i64.const 1) (i32.const 128))
      (i64.load (i32.const 136))))
  (core instance $i (instantiate $n (with "" (instance (export "memory" (memory $m "memory")) (export "open" (func $open)) (export "add" (func $add))))))
  (func (export "visit") (result s64) (canon lift (core func $i "visit"))))"""


# The sanitizers' own look for leaks reads what the wall keeps from everybody.
BEHIND_A_WALL = {"ASAN_OPTIONS": "detect_leaks=0"}


def has_landlock():
    return heddle("run", "--landlock", "--invoke", "f()", "-", stdin='(module (func (export "f")))', env=BEHIND_A_WALL).code == 0


class Drafts(ProgramTest):
    def test_configuration(self):
        c = self.file("c.wat", CONFIG)
        self.expect(heddle("run", "--invoke", "color()", c), 0, "none\n")
        self.expect(heddle("run", "--config", "color=red", "--config", "x=y", "--invoke", "color()", c), 0, 'some("red")\n')
        self.expect(heddle("run", "--config", "color=", "--invoke", "color()", c), 0, 'some("")\n')
        self.expect(heddle("run", "--config", "color", "--invoke", "color()", c), USAGE, err="NAME=VALUE")

    def test_the_log_goes_to_standard_error(self):
        c = self.file("c.wat", LOG)
        r = heddle("run", "--invoke", "f(3)", c)
        self.expect(r, 0, "", err="warn disk: nearly full\n")
        self.assertEqual(heddle("run", "--invoke", "f(1)", c).err, "")
        self.assertIn("debug", heddle("run", "--log", "debug", "--invoke", "f(1)", c).err)
        self.assertEqual(heddle("run", "--log", "error", "--invoke", "f(3)", c).err, "")
        self.assertEqual(heddle("run", "--log", "off", "--invoke", "f(5)", c).err, "")
        self.expect(heddle("run", "--log", "loud", "--invoke", "f(5)", c), USAGE, err="there are trace, debug, info")

    def test_stores_in_memory_and_in_files(self):
        c = self.file("c.wat", COUNT)
        self.expect(heddle("run", "--invoke", "visit()", c), 0, "-1\n")
        for _ in range(2):
            self.expect(heddle("run", "--keyvalue", "data", "--invoke", "visit()", c), 0, "1\n")
        for n in (1, 2, 3):
            self.expect(heddle("run", "--keyvalue", f"data={self.folder}/data.db", "--invoke", "visit()", c), 0, f"{n}\n")
        self.expect(heddle("run", "--keyvalue", f"data={self.folder}/none/data.db", "--invoke", "visit()", c), FAILED, err="none/data.db")
        self.expect(heddle("run", "--keyvalue", "=x", "--invoke", "visit()", c), USAGE, err="NAME=FILE")

    def test_authorities_that_are_no_certificates_are_told(self):
        self.expect(heddle("run", "--ca-file", self.file("ca.pem", "nothing"), "--invoke", "color()", self.file("c.wat", CONFIG)), FAILED, err="a PEM file is expected")


class Trace(ProgramTest):
    def test_every_call_is_a_line(self):
        c = self.file("c.wat", CONFIG)
        r = heddle("trace", "--config", "color=red", "--invoke", "color()", c)
        self.expect(r, 0, 'some("red")\n', err=["wasi:config/store", "get", "color", "red"])
        r = heddle("trace", "--json", "--config", "color=red", "--invoke", "color()", c)
        self.assertTrue(all(json.loads(line) for line in r.err.splitlines()), r.err)
        self.assertEqual(r.out, 'some("red")\n')

    def test_a_core_module_is_traced_too(self):
        hello = self.file("hello.wat", HELLO)
        for words in (["trace"], ["run", "--trace"]):
            r = heddle(*words, hello)
            self.expect(r, 0, out="hello\n")
            self.assertRegex(r.err, r'^wasi_snapshot_preview1\.fd_write\(fd=1, bytes="hello\\n"\) = success\(nwritten=6\) <[\d.]+ us>\n$')
        for words in (["trace", "--json"], ["run", "--trace-json"]):
            r = heddle(*words, hello)
            self.expect(r, 0, out="hello\n")
            line = json.loads(r.err)
            self.assertGreaterEqual(line.pop("microseconds"), 0)
            self.assertEqual(line, {"call": "wasi_snapshot_preview1.fd_write", "arguments": {"fd": "1", "bytes": '"hello\\n"'}, "result": "success(nwritten=6)"})
        leaves = self.file("exit.wat", '(module (import "wasi_unstable" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 3))))')
        r = heddle("trace", leaves)
        self.expect(r, 3, err="wasi_unstable.proc_exit(rval=3) <")


class SecondWall(ProgramTest):
    def test_what_was_granted_works_behind_it(self):
        if not has_landlock():
            self.expect(heddle("run", "--landlock", "--invoke", "f()", self.file("m.wat", '(module (func (export "f")))')), FAILED, err="no Landlock")
            self.skipTest("this kernel has no Landlock")
        c = self.file("c.wat", COUNT)
        for n in (1, 2):
            self.expect(heddle("run", "--landlock", "--keyvalue", f"data={self.folder}/data.db", "--invoke", "visit()", c, env=BEHIND_A_WALL), 0, f"{n}\n")
        self.file("box/from", "text")
        self.expect(heddle("run", "--landlock", "--dir", f"{self.folder}/box::/", "--invoke", "visit()", c, env=BEHIND_A_WALL), 0, "-1\n")


if __name__ == "__main__":
    sys.exit(unittest.main())
