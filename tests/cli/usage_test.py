#!/usr/bin/env python3
"""Wrong words on the command line: exit code 2, and a message that says what would be right."""

import unittest

from support import NOT_FOUND, USAGE, ProgramTest, heddle

WRONG = [
    # arguments, what standard error must say
    ([], "run"),
    (["run"], "no file"),
    (["run", "--bogus", "x.wasm"], "unknown option --bogus"),
    (["run", "--tiemout", "1s", "x.wasm"], "did you mean --timeout?"),
    (["run", "--timeout", "soon", "x.wasm"], "no duration"),
    (["run", "--timeout", "5", "x.wasm"], "no duration"),
    (["run", "--fuel", "-1", "x.wasm"], "no whole number"),
    (["run", "--fuel", "many", "x.wasm"], "no whole number"),
    (["run", "--max-memory", "64 bananas", "x.wasm"], "no size"),
    (["run", "--max-memory", "99999999999TiB", "x.wasm"], "too large"),
    (["run", "--dir", "::/x", "x.wasm"], "HOST::GUEST"),
    (["run", "--env", "=x", "x.wasm"], "NAME=VALUE"),
    (["run", "--link", "name=", "x.wasm"], "NAME=FILE"),
    (["validat", "x.wasm"], "did you mean `heddle validate`?"),
    (["wast"], "paths"),
    (["validate"], "files"),
    (["wat"], "file"),
    (["inspect"], "file"),
    (["inspect", "--jsno", "x.wasm"], "--help"),
]


class Usage(ProgramTest):
    def test_wrong_words_are_explained(self):
        for arguments, words in WRONG:
            with self.subTest(arguments=arguments):
                self.expect(heddle(*arguments), USAGE, out="", err=words)

    def test_help_and_version_go_to_standard_output(self):
        self.expect(heddle("--version"), 0, contains="heddle ")
        self.expect(heddle("--help"), 0, contains=["run", "wast", "validate", "wat", "inspect"])
        self.expect(heddle("run", "--help"), 0, contains=["--dir", "--env", "--listen", "--invoke", "--fuel", "--timeout", "--max-memory", "--max-stack", "--disable", "custom-descriptors", "--coredump"])

    def test_a_word_that_is_nothing_is_explained(self):
        self.expect(heddle("frobnicate"), NOT_FOUND, out="", err=["no such file, and no command", "heddle --help"])

    def test_a_missing_file_is_not_found(self):
        for arguments in (["none.wasm"], ["run", "none.wasm"], ["wat", "none.wasm"], ["inspect", "none.wasm"], ["validate", "none.wasm"], ["wast", "none.wast"]):
            with self.subTest(arguments=arguments):
                result = heddle(*arguments)
                self.assertEqual(result.code, NOT_FOUND)
                self.assertIn("no such file", result.out + result.err)


if __name__ == "__main__":
    unittest.main()
