"""The example plugins: a component in C that loads two filters, calls both, survives what they do, and cannot take more than it has."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import HEDDLE, ROOT, ProgramTest, heddle

NPM = Path(os.environ.get("HEDDLE_NPM", ROOT / "build/npm"))
EXAMPLE = ROOT / "wire/examples/plugins"


class PluginsTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        cls.out = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.out.cleanup)
        subprocess.run([EXAMPLE / "build.sh", cls.out.name, HEDDLE], check=True, timeout=240, env={**os.environ, "HEDDLE_NPM": str(NPM)})

    def path(self, name):
        return Path(self.out.name) / name

    def studio(self, call, *options):
        filters = [word for name in ("shout", "rot13") for word in ("--plugin", self.path(name + ".wasm"))]
        return heddle("run", *filters, *options, "--invoke", call, self.path("studio.wasm"))

    def said(self, call, *options):
        result = self.studio(call, *options)
        self.assertEqual(result.code, 0, f"\nstdout: {result.out}\nstderr: {result.err}")
        self.assertTrue(result.out.startswith('"') and result.out.endswith('"\n'), result.out)
        return result.out[1:-2].replace("\\n", "\n").replace('\\"', '"')

    def test_two_plugins_are_called_in_turn(self):
        self.assertEqual(self.said('pipeline("Hello, world")'), """loaded shout
loaded rot13
  HELLO, WORLD
  URYYB, JBEYQ
  URYYB, JBEYQ
  HELLO, WORLD
in a session: Uryyb, jbeyq
merged: 36, the other: 12
""")

    def test_what_one_does_ends_it_alone(self):
        gone = "  it is dead\n  called again: dead\n  its session: dead\n  the other: alive\n"
        self.assertEqual(self.said("contain()"), "".join(f"{how}: {kind}\n{gone}" for how, kind in
                                                         (("trap", "trapped"), ("spin", "fuel"), ("spin by the clock", "deadline"), ("grow", "memory"), ("flood", "limit"))))

    def test_handles_of_one_are_refused_by_the_other(self):
        self.assertEqual(self.said("mix()"), "borrow of another: foreign-handle\nit is still there: ok\nown of another: foreign-handle\nits own: ok\n")

    def test_nobody_gets_more_than_there_is(self):
        self.assertEqual(self.said("exceed()"), """unknown name: unknown
bytes: denied
too many: limit
there were 64
a terabyte wanted: ok
one more beside it: limit
and filled: memory
after it: ok
""")

    def test_a_guest_cannot_exceed_its_own_memory_through_plugins(self):
        said = self.said("exceed()", "--max-total-memory", "8M")
        self.assertIn("too many: limit\nthere were 8\n", said)
        self.assertIn("a terabyte wanted: ok\none more beside it: limit\nand filled: memory\nafter it: ok\n", said)

    def test_calls_without_types(self):
        def call(name, function, arguments):
            return self.said(f'untyped("{name}", "demo:filters/filter@1.0.0.{function}", {arguments})')

        self.assertEqual(call("rot13", "apply", r'"[\"Ada\"]"'), '"Nqn"')
        self.assertEqual(call("rot13", "apply", r'"(\"Ada\")"'), '"Nqn"')
        self.assertEqual(call("shout", "add", '"[40, 2]"'), "42")
        self.assertEqual(call("shout", "add", '"[40]"'), "bad-arguments\n")
        self.assertEqual(call("shout", "add", '"[1, \\"2\\"]"'), "bad-arguments\n")
        self.assertEqual(call("shout", "add", '"[1,"'), "bad-arguments\n")
        self.assertEqual(call("shout", "nothing", '"[]"'), "unknown-function\n")
        self.assertEqual(call("silence", "add", '"[1, 2]"'), "load: unknown\n")

    def test_calls_with_values_as_nodes(self):
        self.assertEqual(self.said('as-trees("Hello")'), "add: 42\napply: HELLO\napply to numbers: bad-arguments\napply to a circle: bad-arguments\n")

    def test_bytes_of_its_own_are_loaded_where_that_was_granted(self):
        shout = ", ".join(str(b) for b in self.path("shout.wasm").read_bytes())
        call = f"brought([{shout}])"
        self.assertEqual(self.said(call), "from bytes: denied\n")
        self.assertEqual(self.said(call, "--plugin-bytes"), "from bytes: ok\nbrought: SHOUTED\n")
        self.assertEqual(self.said("brought([0, 97, 115, 109])", "--plugin-bytes"), "from bytes: invalid\n")

    def test_bytes_of_its_own_get_no_world_and_no_plugins(self):
        studio = ", ".join(str(b) for b in self.path("studio.wasm").read_bytes())
        self.assertEqual(self.said(f"brought([{studio}])", "--plugin-bytes"), "from bytes: ok\nbrought: unlinkable\n")

    def test_a_holder_in_javascript(self):
        if not self.path("script.wasm").exists():
            self.skipTest(f"no componentize-qjs from npm in {NPM} (HEDDLE_NPM names another folder)")
        filters = [word for name in ("shout", "rot13") for word in ("--plugin", self.path(name + ".wasm"))]
        self.expect(heddle("run", *filters, "--invoke", "run()", self.path("script.wasm")), 0,
                    r'"shout: HELLO\nrot13: Uryyb\nIN PIECES\n9\ncaught trapped\nalive\n8 functions\n\"Nqn\"\n[{\"tag\":\"u32\",\"val\":42}]"' + "\n")

    def test_in_service_what_was_granted_is_loaded(self):
        said = heddle("call", self.path("app.toml"), "pipeline", "--json", '{"text":"Hello, world"}')
        self.expect(said, 0)
        self.assertIn("merged: 36, the other: 12", said.out)
        ask = '{"name":"%s","function":"demo:filters/filter.apply","arguments":"[\\"Ada\\"]"}'
        self.expect(heddle("call", self.path("app.toml"), "untyped", "--json", ask % "rot13"), 0, '"\\"Nqn\\""\n')
        self.expect(heddle("call", self.path("app.toml"), "untyped", "--json", ask % "shout"), 0, '"load: unknown\\n"\n')

    def test_loaded_and_closed_often(self):
        self.expect(self.studio("cycle(500)"), 0, "500\n")

    def test_the_guests_own_fuel_pays_for_its_plugins(self):
        self.expect(self.studio("add-plugged(10)"), 0, "45\n")
        result = self.studio("add-plugged(1000000)", "--fuel", "1000000")
        self.assertNotEqual(result.code, 0)
        self.assertIn("fuel", result.err)

    def test_not_without_the_option(self):
        self.expect(heddle("run", "--invoke", "mix()", self.path("studio.wasm")), 1, err="heddle:plugins/loader")

    def test_linked_and_plugged_agree(self):
        self.expect(heddle("run", "--link", self.path("shout.wasm"), "--invoke", "add-linked(1000)", self.path("linked.wasm")), 0, "499500\n")
        self.expect(self.studio("add-plugged(1000)"), 0, "499500\n")


if __name__ == "__main__":
    unittest.main()
