"""heddle wit, component embed/new/unbundle and compose, as a user runs them."""

import unittest

from support import FAILED, NOT_FOUND, NOT_RUNNABLE, USAGE, ProgramTest, heddle

WIT = """package demo:app@1.0.0;
interface greet { hello: func(name: string) -> string; }
world greeter { export greet; }
world user { import greet; export run: func() -> string; }
"""
ALLOCATOR = """(memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next) (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))"""
# Says the name twice.
GREETER = f"""(module {ALLOCATOR}
  (func (export "demo:app/greet@1.0.0#hello") (param i32 i32) (result i32)
    (memory.copy (i32.const 4096) (local.get 0) (local.get 1))
    (memory.copy (i32.add (i32.const 4096) (local.get 1)) (local.get 0) (local.get 1))
    (i32.store (i32.const 8) (i32.const 4096)) (i32.store (i32.const 12) (i32.mul (local.get 1) (i32.const 2))) (i32.const 8)))"""
USER = f"""(module (import "demo:app/greet@1.0.0" "hello" (func $hello (param i32 i32 i32))) {ALLOCATOR} (data (i32.const 64) "Ada")
  (func (export "run") (result i32) (call $hello (i32.const 64) (i32.const 3) (i32.const 8)) (i32.const 8)))"""


class ComponentToolsTest(ProgramTest):
    def component(self, name, world, core):
        wit, module = self.file("app.wit", WIT), self.file(name + ".wat", core)
        self.expect(heddle("component", "embed", wit, module, "-w", world, "-o", self.folder / (name + ".core.wasm")), 0, "")
        self.expect(heddle("component", "new", self.folder / (name + ".core.wasm"), "-o", self.folder / (name + ".wasm")), 0, "")
        return self.folder / (name + ".wasm")

    def test_linked_and_composed_say_the_same(self):
        user, greeter, both = self.component("user", "user", USER), self.component("greeter", "greeter", GREETER), self.folder / "both.wasm"
        self.expect(heddle("compose", user, "-m", f"greet={greeter}", "-o", both), 0, "")
        self.expect(heddle("run", "--invoke", "run()", both), 0, '"AdaAda"\n')
        self.expect(heddle("run", "--link", greeter, "--invoke", "run()", user), 0, '"AdaAda"\n')
        self.expect(heddle("validate", both), 0)

    def test_wit_of_a_component_is_printed(self):
        user = self.component("user", "user", USER)
        self.expect(heddle("wit", user), 0, """package root:component;

world root {
  import demo:app/greet@1.0.0;

  export run: func() -> string;
}

package demo:app@1.0.0 {
  interface greet {
    hello: func(name: string) -> string;
  }
}
""")

    def test_wit_of_plugin_handles_is_derived_from_a_world_and_from_a_plugin(self):
        wit, greeter, folder = self.file("app.wit", WIT), self.component("greeter", "greeter", GREETER), self.folder / "derived"
        printed = heddle("wit", "derive", wit, "-w", "greeter")
        self.expect(printed, 0, contains="hello: func(name: string) -> result<string, call-error>;")
        self.expect(heddle("wit", self.file("again.wit", printed.out)), 0, printed.out)
        self.expect(heddle("wit", "derive", greeter), 0, contains="package demo:app-plugin@1.0.0 {\n  interface greet {")
        self.expect(heddle("wit", "derive", wit, "-w", "greeter", "-o", folder), 0, "")
        self.assertEqual(sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.wit")), ["demo-app-plugin.wit", "deps/heddle-plugins.wit"])
        self.expect(heddle("wit", folder), 0, printed.out)
        self.expect(heddle("wit", "derive", wit), USAGE, err="which world?")
        self.expect(heddle("wit", "derive", wit, "-w", "user"), 0)
        self.expect(heddle("wit"), USAGE, err="file")

    def test_wit_text_and_binary(self):
        wit = self.file("app.wit", WIT)
        printed = heddle("wit", wit)
        self.expect(printed, 0, contains="interface greet {\n  hello: func(name: string) -> string;\n}")
        self.expect(heddle("wit", wit, "--binary", "-o", self.folder / "package.wasm"), 0, "")
        self.expect(heddle("wit", self.folder / "package.wasm"), 0, printed.out)
        # A package in binary form does where text does.
        module = self.file("greeter.wat", GREETER)
        self.expect(heddle("component", "embed", self.folder / "package.wasm", module, "-w", "greeter", "-o", self.folder / "out.wasm"), 0, "")
        self.expect(heddle("wit", self.folder / "out.wasm"), 0, contains="world greeter {\n  export greet;\n}")

    def test_a_folder_is_a_package_with_its_dependencies(self):
        self.file("wit/one.wit", "package a:b; interface i { use c:d/t@1.0.0.{r}; f: func(x: r); }")
        self.file("wit/two.wit", "world w { import i; }")
        self.file("wit/deps/c.wit", "package c:d@1.0.0; interface t { use e:f/u.{q}; type r = q; }")
        self.file("wit/deps/e/e.wit", "package e:f; interface u { record q { n: u8 } }")
        self.expect(heddle("wit", self.folder / "wit"), 0, contains=["package a:b;", "import i;", "package c:d@1.0.0 {", "package e:f {"])
        self.expect(heddle("component", "embed", self.folder / "wit", self.file("m.wat", "(module)"), "-o", self.folder / "o.wasm"), 0, "")

    def test_unbundle_writes_the_core_modules(self):
        greeter = self.component("greeter", "greeter", GREETER)
        self.expect(heddle("component", "unbundle", greeter, "-d", self.folder / "parts"), 0, contains="module0.wasm")
        self.assertEqual((self.folder / "parts/module0.wasm").read_bytes(), (self.folder / "greeter.core.wasm").read_bytes())

    def test_mistakes_are_told(self):
        wit, module = self.file("app.wit", WIT), self.file("m.wat", "(module)")
        out = self.folder / "out.wasm"
        self.expect(heddle("component", "embed", wit, module, "-o", out), USAGE, err="which world? package demo:app@1.0.0 has the worlds greeter, user")
        self.expect(heddle("component", "embed", wit, module, "-w", "guest", "-o", out), USAGE, err="no world `guest`")
        self.expect(heddle("component", "embed", self.file("bad.wit", "package a:b; world {"), module, "-o", out), FAILED, err="bad.wit:1:20: expected the world's name")
        self.expect(heddle("component", "embed", self.folder / "none.wit", module, "-o", out), NOT_FOUND)
        self.expect(heddle("component", "new", module, "-o", out), USAGE, err="`heddle component embed` puts one into it")
        self.expect(heddle("component", "unbundle", module, "-d", self.folder), NOT_RUNNABLE, err="is a core module, not a component")
        self.expect(heddle("component"), USAGE)
        user, greeter = self.component("user", "user", USER), self.component("greeter", "greeter", GREETER)
        self.expect(heddle("compose", user, "-m", f"great={greeter}", "-o", out), FAILED, err="as `great` serves no import: it exports demo:app/greet@1.0.0")


if __name__ == "__main__":
    unittest.main()
