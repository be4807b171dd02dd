#!/usr/bin/env python3
"""heddle app and heddle call, as a user runs them."""

import sys
import unittest

from support import FAILED, NOT_FOUND, USAGE, ProgramTest, heddle


class App(ProgramTest):
    def setUp(self):
        super().setUp()
        self.expect(heddle("app", "init", self.folder / "a"), 0, contains="heddle call")
        self.app = self.folder / "a/app.toml"

    def call(self, op, *words, **more):
        return heddle("call", self.app, op, *words, **more)

    def test_the_new_app_is_sound_and_is_not_overwritten(self):
        self.expect(heddle("app", "check", self.app), 0, contains=["add: core, read, snapshot", "hello: core-wire"])
        self.expect(heddle("app", "init", self.folder / "a"), FAILED, err="left as it is")

    def test_a_call_prints_its_result(self):
        self.expect(self.call("add", "--json", '{"a":40,"b":2}'), 0, out="42\n")
        self.expect(self.call("hello", "--json", "-", stdin='"Ada"'), 0, out='"hello, Ada"\n', err="info hello: somebody was greeted")

    def test_ends_have_exit_codes_of_their_own(self):
        self.expect(self.call("ad"), 3, out="", err="did you mean `add`?")
        self.expect(self.call("add", "--json", "{"), 4, err='"code":"bad_json"')
        self.expect(self.call("add", "--json", '{"a":1}'), 6, err="<value>: the key `b` is missing")
        self.expect(heddle("call", self.folder / "none.toml", "x"), NOT_FOUND, err="no such file")
        self.expect(heddle("call"), USAGE)

    def test_a_recorded_call_is_run_again(self):
        self.expect(self.call("hello", "--json", '"Bo"', "--record", self.folder / "r"), 0, out='"hello, Bo"\n')
        self.expect(heddle("replay", self.folder / "r"), 0, out='"hello, Bo"\n')
        self.expect(heddle("replay", self.folder / "none"), NOT_FOUND, err="no such file")

    def test_unknown_keys_are_errors(self):
        app = self.file("b.toml", "[materializers.a]\nartefact = 'x'\n")
        self.expect(heddle("app", "check", app), FAILED, err="b.toml: materializers.a: `artifact` is missing")
        app = self.file("c.toml", "[materializers.a]\nartifact = 'x'\nlimit = {}\n")
        self.expect(heddle("app", "check", app), FAILED, err="did you mean `limits`?")


if __name__ == "__main__":
    sys.exit(unittest.main())
