#include "component/tools/support.hpp"

using namespace heddle;
using namespace heddle::component;
using namespace heddle::component::tools::testing;
using heddle::component::tools::Part;
using heddle::component::tools::wit_of;

namespace {

// A user of a greeter, and the greeter: the host says the name.
const std::string wit = R"(package demo:app@1.1.0;
  interface types { record person { name: string } }
  interface names { use types.{person}; who: func() -> person; }
  interface greet { use types.{person}; hello: func(p: person) -> string; }
  interface front { run: func() -> string; }
  world user { import names; import greet; export front; }
  world greeter { export greet; }
  world greeter-of-host { import names; export greet; }
)";
const std::string user = "(module (import \"demo:app/names@1.1.0\" \"who\" (func $who (param i32))) (import \"demo:app/greet@1.1.0\" \"hello\" (func $hello (param i32 i32 i32)))" + allocator +
                         R"((func (export "demo:app/front@1.1.0#run") (result i32)
        (call $who (i32.const 16)) (call $hello (i32.load (i32.const 16)) (i32.load (i32.const 20)) (i32.const 24)) (i32.const 24))))";
// The name twice.
const std::string greeter = "(module" + allocator + R"((func (export "demo:app/greet@1.1.0#hello") (param i32 i32) (result i32)
        (memory.copy (i32.const 4096) (local.get 0) (local.get 1)) (memory.copy (i32.add (i32.const 4096) (local.get 1)) (local.get 0) (local.get 1))
        (i32.store (i32.const 8) (i32.const 4096)) (i32.store (i32.const 12) (i32.shl (local.get 1) (i32.const 1))) (i32.const 8))))";

Part part(const Engine& engine, const std::string& label, const std::string& world, const std::string& wat, const std::string& name = "*") {
    return {name, made(engine, wit, world, wat), label};
}

std::string error_of(const Engine& engine, const Part& main, std::vector<Part> parts) {
    auto r = tools::compose(engine, main, parts);
    return r ? "" : r.error().to_string();
}

std::string run(component::testing::World& w, const std::vector<u8>& bytes) {
    w.imports.interface("demo:app/names@1.1.0").func("who", []() { return Val::record({Val::string("Ada")}); });
    auto i = w.imports.instantiate(w.store, loaded(w.engine, bytes));
    if (!i) return i.error().to_string();
    return component::testing::text_of(component::testing::call(*i, "demo:app/front@1.1.0.run"));
}

}  // namespace

TEST(Compose, the_composed_component_does_what_the_linked_ones_do) {
    component::testing::World composed, linked;
    Part main = part(composed.engine, "user.wasm", "user", user), other = part(composed.engine, "greeter.wasm", "greeter", greeter);
    auto bytes = tools::compose(composed.engine, main, std::vector<Part>{other});
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(run(composed, *bytes), "\"AdaAda\"");

    auto server = linked.imports.instantiate(linked.store, loaded(linked.engine, other.bytes));
    ASSERT_TRUE(server);
    linked.imports.exports_of(*server);
    EXPECT_EQ(run(linked, main.bytes), "\"AdaAda\"");
}

TEST(Compose, what_nobody_serves_is_imported) {
    Engine engine;
    auto bytes = tools::compose(engine, part(engine, "user.wasm", "user", user), std::vector<Part>{part(engine, "greeter.wasm", "greeter", greeter)});
    std::string text = *wit_of(engine, *bytes);
    EXPECT_EQ(text.substr(0, text.find('}')), "package root:component;\n\nworld root {\n  import demo:app/types@1.1.0;\n  import demo:app/names@1.1.0;\n\n  export demo:app/front@1.1.0;\n");
}

TEST(Compose, parts_are_named_in_every_way) {
    Engine engine;
    Part main = part(engine, "user.wasm", "user", user);
    for (const char* name : {"greet", "demo:app/greet", "demo:app/greet@1.1.0", "demo:app/greet@1.0.0", "", "*"})
        EXPECT_EQ(error_of(engine, main, {part(engine, "greeter.wasm", "greeter", greeter, name)}), "") << name;
    std::string why = error_of(engine, main, {part(engine, "greeter.wasm", "greeter", greeter, "great")});
    EXPECT_NE(why.find("greeter.wasm as `great` serves no import: it exports demo:app/greet@1.1.0"), std::string::npos) << why;
    EXPECT_NE(why.find("user.wasm imports demo:app/types@1.1.0, demo:app/names@1.1.0, demo:app/greet@1.1.0"), std::string::npos) << why;
}

TEST(Compose, types_that_differ_are_both_shown) {
    Engine engine;
    std::string other = "package demo:app@1.1.0; interface greet { record person { name: string, age: u8 } hello: func(p: person) -> string; } world greeter { export greet; }";
    std::string wat = "(module" + allocator + R"((func (export "demo:app/greet@1.1.0#hello") (param i32 i32 i32) (result i32) unreachable)))";
    Part wrong{"greet", made(engine, other, "greeter", wat), "wrong.wasm"};
    std::string why = error_of(engine, part(engine, "user.wasm", "user", user), {wrong});
    EXPECT_NE(why.find("user.wasm imports `demo:app/greet@1.1.0`, which wrong.wasm exports: `person` differs\n  wanted: record { name: string }\n  given:  record { name: string, age: u8 }"), std::string::npos) << why;

    other = "package demo:app@1.1.0; interface greet { record person { name: string } goodbye: func(p: person) -> string; } world greeter { export greet; }";
    wat = "(module" + allocator + R"((func (export "demo:app/greet@1.1.0#goodbye") (param i32 i32) (result i32) unreachable)))";
    why = error_of(engine, part(engine, "user.wasm", "user", user), {{"greet", made(engine, other, "greeter", wat), "wrong.wasm"}});
    EXPECT_NE(why.find("without the function `hello`: wanted func(p: person) -> string"), std::string::npos) << why;
}

TEST(Compose, compatible_versions_are_one_import) {
    Engine engine;
    auto at = [&](const std::string& version, const std::string& world, const std::string& wat) {
        return made(engine, "package s:y@" + version + "; interface a { f: func(); g: func(); } interface b { h: func(); } world one { import a; import b; } world two { import a; export b; }", world, wat);
    };
    Part main{"", at("0.2.1", "one", R"((module (import "s:y/a@0.2.1" "f" (func)) (import "s:y/b@0.2.1" "h" (func))))"), "one.wasm"};
    Part two{"b", at("0.2.4", "two", R"((module (import "s:y/a@0.2.4" "g" (func)) (func (export "s:y/b@0.2.4#h"))))"), "two.wasm"};
    auto bytes = tools::compose(engine, main, std::vector<Part>{two});
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(*wit_of(engine, *bytes),
              "package root:component;\n\nworld root {\n  import s:y/a@0.2.4;\n}\n\npackage s:y@0.2.4 {\n  interface a {\n    g: func();\n\n    f: func();\n  }\n}\n");
}

TEST(Compose, a_part_between_two_others_passes_calls_on) {
    component::testing::World w;
    std::string wit = "package m:w; interface i { f: func(n: u32) -> u32; } world mid { import i; export i; } world end { export i; } world main { import i; export go: func(n: u32) -> u32; }";
    auto make = [&](const char* world, const char* wat) { return made(w.engine, wit, world, wat); };
    Part main{"", make("main", R"((module (import "m:w/i" "f" (func $f (param i32) (result i32))) (func (export "go") (param i32) (result i32) (call $f (local.get 0)))))"), "main.wasm"};
    Part mid{"*", make("mid", R"((module (import "m:w/i" "f" (func $f (param i32) (result i32))) (func (export "m:w/i#f") (param i32) (result i32) (i32.mul (i32.const 10) (call $f (local.get 0))))))"), "mid.wasm"};
    Part end{"*", make("end", R"((module (func (export "m:w/i#f") (param i32) (result i32) (i32.add (i32.const 1) (local.get 0)))))"), "end.wasm"};
    auto bytes = tools::compose(w.engine, main, std::vector<Part>{mid, end});
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    auto i = w.imports.instantiate(w.store, loaded(w.engine, *bytes));
    ASSERT_TRUE(i) << i.error().to_string();
    EXPECT_EQ(component::testing::text_of(component::testing::call(*i, "go", {Val::u32(4)})), "50");
}

TEST(Compose, resources_of_one_part_are_used_by_others) {
    component::testing::World w;
    std::string wit = R"(package m:w; interface types { record deep { n: u32 } resource r { constructor(n: u32); get: func() -> u32; } }
        interface api { use types.{r, deep}; type deeps = list<deep>; make: func(n: u32) -> r; all: func() -> deeps; }
        world maker { export types; export api; } world main { use types.{deep}; import types; import api; export go: func(n: u32) -> u32; export last: func(n: u32) -> deep; export again: interface { use types.{r}; give: func(n: u32) -> r; } })";
    Part main{"", made(w.engine, wit, "main", R"((module
        (import "m:w/types" "[method]r.get" (func $get (param i32) (result i32))) (import "m:w/types" "[resource-drop]r" (func $drop (param i32)))
        (import "m:w/api" "make" (func $make (param i32) (result i32)))
        (func (export "last") (param i32) (result i32) (local.get 0))
        (func (export "again#give") (param i32) (result i32) (call $make (local.get 0)))
        (func (export "go") (param i32) (result i32) (local $r i32) (local.set $r (call $make (local.get 0))) (call $get (local.get $r)) (call $drop (local.get $r)))))"), "main.wasm"};
    Part maker{"*", made(w.engine, wit, "maker", R"((module (import "[export]m:w/types" "[resource-new]r" (func $new (param i32) (result i32))) (memory (export "memory") 1)
        (func $c (export "m:w/types#[constructor]r") (param i32) (result i32) (call $new (i32.add (local.get 0) (i32.const 1))))
        (func (export "m:w/types#[method]r.get") (param i32) (result i32) (local.get 0))
        (func (export "m:w/api#all") (result i32) (i32.const 0))
        (func (export "m:w/api#make") (param i32) (result i32) (call $c (local.get 0)))))"), "maker.wasm"};
    auto bytes = tools::compose(w.engine, main, std::vector<Part>{maker});
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    auto i = w.imports.instantiate(w.store, loaded(w.engine, *bytes));
    ASSERT_TRUE(i) << i.error().to_string();
    EXPECT_EQ(component::testing::text_of(component::testing::call(*i, "go", {Val::u32(4)})), "5");
    // What the exports speak of is exported too.
    EXPECT_NE(wit_of(w.engine, *bytes)->find("export m:w/types;"), std::string::npos) << *wit_of(w.engine, *bytes);
}
