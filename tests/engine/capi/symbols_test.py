#!/usr/bin/env python3
"""The names that the engine's archive brings into a program: every function of the C headers is there, and nothing is in anybody's way.

    symbols_test.py COMPILER READELF INCLUDE ARCHIVE...     (the first archive is the engine's)
"""

import re
import subprocess
import sys
import unittest

COMPILER, READELF, INCLUDE, ARCHIVES = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]

STANDARD_FUNCTIONS = 293  # 280 of the API without exception tags, and 13 for the types of tags
STANDARD_INLINE_FUNCTIONS = 26
OURS = re.compile(r"(?:(?:(?:non-)?virtual thunk to|(?:typeinfo(?: name)?|vtable|VTT|guard variable|thread-local \w+ routine|TLS \w+ function) for) )?(?:heddle::|heddle_|wasm_|wasm::)")
FOR_OTHERS = re.compile(r"(?:wasm_|heddle_)\w+$|wasm::")


def preprocessed(header):
    return subprocess.run([COMPILER, "-E", "-P", "-I", INCLUDE, f"{INCLUDE}/heddle/c/{header}"], check=True, capture_output=True, text=True).stdout


def functions(header):
    """Names of declared functions, and of inline ones."""
    # Bodies go first, so that what is left ends with a semicolon or an emptied body.
    text = preprocessed(header)
    while (shorter := re.sub(r"\{[^{}]*\}", "@", text)) != text:
        text = shorter
    declared, inline = set(), set()
    for statement in re.split(r"[;@]", text):
        found = re.search(r"\b((?:wasm|heddle)_\w+)\s*\((?!\*)", statement)
        if found and "typedef" not in statement:
            (inline if "inline" in statement else declared).add(found[1])
    return declared, inline


def symbols(archive):
    """(binding, visibility, name) of everything defined that other files see."""
    text = subprocess.run([READELF, "-W", "--symbols", "--demangle", archive], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[4] in ("GLOBAL", "WEAK", "UNIQUE") and fields[6] != "UND":
            yield fields[4], fields[5], fields[7]


class Symbols(unittest.TestCase):
    def test_every_function_of_the_c_headers_is_exported(self):
        declared, inline = functions("wasm.h")
        self.assertEqual((len(declared), len(inline)), (STANDARD_FUNCTIONS, STANDARD_INLINE_FUNCTIONS))
        declared |= functions("heddle.h")[0]
        exported = {name for binding, visibility, name in symbols(ARCHIVES[0]) if (binding, visibility) == ("GLOBAL", "DEFAULT")}
        self.assertEqual(sorted(declared - exported), [])

    def test_nothing_but_our_own_names_is_defined(self):
        for archive in ARCHIVES:
            strangers = {name for binding, _, name in symbols(archive) if binding == "GLOBAL" and not OURS.match(name)}
            self.assertEqual(sorted(strangers), [], archive)

    def test_only_the_c_api_and_its_cpp_form_are_visible_outside_a_shared_library(self):
        for archive in ARCHIVES:
            visible = [(binding, name) for binding, visibility, name in symbols(archive) if visibility == "DEFAULT"]
            # Weak ones are templates and inline functions of the libraries used, of which the linker keeps one.
            wrong = {name for binding, name in visible if not FOR_OTHERS.match(name) and (binding == "GLOBAL" or OURS.match(name))}
            self.assertEqual(sorted(wrong), [], archive)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
