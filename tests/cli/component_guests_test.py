#!/usr/bin/env python3
"""A component written in C by hand, and those made from JavaScript when they are there, called with WAVE."""

import os
import pathlib
import unittest

from support import ROOT, USAGE, ProgramTest, heddle

FOLDER = ROOT / "tests/component/guests"
CALLS = [
    ('greet("Ada")', '"Hello, Ada"'),
    ('greet("")', '"Hello, "'),
    ('greet("\u00e4\u2209\U0001f370")', '"Hello, \u00e4\u2209\U0001f370"'),
    ("sort([3, -1, 2])", "[-1, 2, 3]"),
    ("sort([])", "[]"),
    ("bounds([{x: 1, y: 2}, {x: -1, y: 5}])", "some(({x: -1, y: 2}, {x: 1, y: 5}))"),
    ("bounds([])", "none"),
    ("area(circle(2))", "ok(12.566370614359172)"),
    ("area(polygon([{x: 0, y: 0}, {x: 4, y: 0}, {x: 4, y: 3}]))", "ok(6)"),
    ('area(named("cube"))', 'err("no such shape: cube")'),
    ("area(nothing)", "ok(0)"),
    ('[constructor]canvas("mine")', "<own>"),
]


class Shapes(ProgramTest):
    def check(self, component):
        for call, result in CALLS:
            with self.subTest(call=call):
                self.expect(heddle("run", "--invoke", "demo:shapes/geometry@1.0.0." + call, component), 0, out=result + "\n", err="")
        self.expect(heddle("run", "--invoke", "demo:shapes/geometry.area(square(2))", component), USAGE, out="",
                    err=["square", "variant { circle(f64), polygon(list<record { x: f64, y: f64 }>), named(string), nothing }"])

    def test_a_component_in_c(self):
        self.check(FOLDER / "shapes.wasm")

    def check_when_made(self, kind, tool):
        made = pathlib.Path(os.environ.get(f"HEDDLE_SHAPES_{kind.upper()}", FOLDER / f"shapes-{kind}.wasm"))
        if not made.is_file():
            self.skipTest(f"{made} is not there: tests/component/guests/build.sh --{kind} FOLDER makes it, with {tool} from npm in FOLDER")
        self.check(made)

    def test_a_component_in_javascript(self):
        self.check_when_made("js", "componentize-js")

    def test_a_component_in_javascript_with_quickjs(self):
        self.check_when_made("qjs", "componentize-qjs")


if __name__ == "__main__":
    unittest.main()
