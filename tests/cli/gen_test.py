#!/usr/bin/env python3
"""heddle gen and heddle app import: the example in every language gives the same answers; a component by others is in service without code."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from support import FAILED, HEDDLE, ROOT, USAGE, ProgramTest, heddle

EXAMPLE = ROOT / "wire/examples/orders"
NPM = pathlib.Path(os.environ.get("HEDDLE_NPM", ROOT / "build/npm"))
ORDER = {"customer": "Ada \"\u00fc\" \U0001f600\n", "size": "extra large", "payment": 9007199254740991, "notes": {"a b": "c", "\u00e9": ""},
         "lines": [{"item": "pen", "count": 2, "price": 0.1}, {"item": "ink", "count": 1, "price": 1e-7}, {"item": "desk", "count": 3, "price": 123456.75}]}
BILL = {"text": "for " + ORDER["customer"] + ", large", "sum": 370370.4500001, "count": 6, "account": 9007199254740991, "order": ORDER}


def rustc():
    """A compiler with the standard library for WebAssembly, or none."""
    for name in dict.fromkeys([shutil.which("rustc"), "/usr/bin/rustc"]):
        if name and os.path.exists(name):
            lib = subprocess.run([name, "--print", "target-libdir", "--target", "wasm32-unknown-unknown"], capture_output=True, text=True, check=False).stdout.strip()
            if lib and os.path.isdir(lib):
                return name
    return None


class Languages(ProgramTest):
    def bill(self, language, **env):
        out = self.folder / language
        made = subprocess.run([EXAMPLE / "build.sh", language, out], env={**os.environ, "HEDDLE": HEDDLE, **env}, capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        app = out / "app.toml"
        said = heddle("call", app, "add_up", "--json", json.dumps(ORDER))
        self.expect(said, 0)
        bill = json.loads(said.out)
        self.assertAlmostEqual(bill.pop("sum"), BILL["sum"], places=6)
        self.assertEqual(bill, {k: v for k, v in BILL.items() if k != "sum"})
        card = {**ORDER, "size": "small", "payment": {"digits": "42"}}
        del card["notes"]
        said = heddle("call", app, "add_up", "--json", json.dumps(card))
        self.expect(said, 0)
        self.assertEqual(json.loads(said.out)["order"], card)
        self.expect(heddle("call", app, "add_up", "--json", json.dumps({**ORDER, "lines": []})), 10, err="nothing is ordered")

    def test_c(self):
        if not shutil.which("clang-19"):
            self.skipTest("clang-19 is not installed")
        self.bill("c")

    def test_cpp(self):
        if not shutil.which("clang++-19"):
            self.skipTest("clang++-19 is not installed")
        self.bill("cpp")

    def test_rust(self):
        compiler = rustc()
        if compiler is None:
            self.skipTest("no rustc with the target wasm32-unknown-unknown (Debian: rustc, libstd-rust-dev-wasm32)")
        self.bill("rust", RUSTC=compiler)

    def test_javascript(self):
        if not (NPM / "node_modules/.bin/componentize-qjs").exists():
            self.skipTest(f"no componentize-qjs from npm in {NPM} (HEDDLE_NPM names another folder)")
        self.bill("js", HEDDLE_NPM=str(NPM))

    def test_javascript_against_the_apps_own_wit(self):
        if not (NPM / "node_modules/.bin/componentize-qjs").exists():
            self.skipTest(f"no componentize-qjs from npm in {NPM} (HEDDLE_NPM names another folder)")
        self.bill("wit", HEDDLE_NPM=str(NPM))


class Generated(ProgramTest):
    def test_glue_is_made_anew_and_what_is_the_users_is_kept(self):
        app = self.file("app.toml", "[materializers.a]\nartifact = 'x.wasm'\n")
        self.expect(heddle("gen", "c", app), 0, contains=["x.h\n", "x.c (yours from now on)"])
        (self.folder / "x.c").write_text("mine")
        (self.folder / "x.h").write_text("old")
        self.expect(heddle("gen", "c", app), 0, contains="x.c is yours and stays as it is")
        self.assertEqual((self.folder / "x.c").read_text(), "mine")
        self.assertIn("cw_status handle_a(", (self.folder / "x.h").read_text())

    def test_faults_say_what_would_work(self):
        app = self.file("app.toml", "[materializers.a]\nartifact = 'x.wasm'\n[materializers.b]\nartifact = 'y.wasm'\n")
        self.expect(heddle("gen", "c", app), USAGE, err="several guests of kind `core-wire`")
        self.expect(heddle("gen", "c", app, "--guest", "z"), USAGE, err="is called `z`; did you mean `x`?")
        self.expect(heddle("gen", "js", app), USAGE, err="no guest of kind `wit-wire`")
        self.expect(heddle("gen", "perl", app), USAGE, err="none of c, cpp, js, rust, wit")

    def test_strict_refuses_types_that_have_no_typed_form(self):
        app = self.file("app.toml", "[types.Tree]\ntype = 'object'\nrequired = ['kids']\nproperties.kids = { type = 'array', items = 'Tree' }\n"
                                    "[materializers.a]\nartifact = 'x.wasm'\ninput = 'Tree'\n")
        self.expect(heddle("gen", "c", app, "--strict"), FAILED, err="types.Tree: refers to itself")
        self.expect(heddle("gen", "c", app), 0, err="warning: types.Tree")


class Imported(ProgramTest):
    def test_a_component_by_others_is_called_without_writing_code(self):
        shutil.copy(ROOT / "tests/component/guests/shapes.wasm", self.folder / "shapes.wasm")
        app = self.folder / "app.toml"
        self.expect(heddle("app", "import", self.folder / "shapes.wasm", "-o", app), 0)
        self.expect(heddle("app", "check", app), 0, contains="area: reflected")
        self.expect(heddle("call", app, "area", "--json", '{"s":{"circle":1}}'), 0, contains="3.14159")
        self.expect(heddle("call", app, "area", "--json", '{"s":{"square":1}}'), 6, err="fits none of the")
        self.expect(heddle("app", "import", self.folder / "shapes.wasm", "-o", app), FAILED, err="left as it is")
        self.expect(heddle("app", "import", self.folder / "none.wasm"), 127, err="no such file")
        self.expect(heddle("app", "import", self.file("m.wat", "(module)")), FAILED, err="is a core module")


if __name__ == "__main__":
    sys.exit(unittest.main())
