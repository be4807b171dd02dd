#include "component/tools/support.hpp"

using namespace heddle;
using namespace heddle::component;
using namespace heddle::component::tools::testing;
using heddle::component::tools::embed;
using heddle::component::tools::make_component;
using heddle::component::tools::wit_of;

namespace {

// The tests' calls: an instance of a component made of WIT and a core module.
struct Made {
    component::testing::World world;
    std::optional<ComponentInstance> instance;

    void make(const std::string& wit, const std::string& name, const std::string& wat) {
        auto i = world.imports.instantiate(world.store, loaded(world.engine, made(world.engine, wit, name, wat)));
        if (!i) throw std::runtime_error(i.error().to_string());
        instance = *i;
    }
    std::string call(std::string_view f, std::vector<Val> args = {}) { return component::testing::text_of(component::testing::call(*instance, f, std::move(args))); }
};

}  // namespace

TEST(MakeComponent, functions_of_the_world_are_lifted_and_lowered) {
    Made m;
    std::string said;
    m.world.imports.root().func("log", [&](std::string s) { said += s; });
    m.make("package a:b; world w { import log: func(s: string); export add: func(a: u32, b: u32) -> u32; export greet: func(name: string) -> string; }", "w",
           "(module (import \"$root\" \"log\" (func $log (param i32 i32)))" + allocator +
               R"((func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                  (func (export "greet") (param i32 i32) (result i32)
                    (call $log (local.get 0) (local.get 1))
                    (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
                  (func (export "cabi_post_greet") (param i32) (i32.store (i32.const 8) (i32.const 0)))))");
    EXPECT_EQ(m.call("add", {Val::u32(3), Val::u32(4)}), "7");
    EXPECT_EQ(m.call("greet", {Val::string("Ada")}), "\"Ada\"");
    EXPECT_EQ(said, "Ada");
}

TEST(MakeComponent, interfaces_with_types_are_imported_and_exported) {
    Made m;
    m.world.imports.interface("a:b/types@1.0.0").func("norm", [](Val p) { return p.at(0).as<i32>() + p.at(1).as<i32>(); });
    m.make(R"(package a:b@1.0.0;
              interface types { record point { x: s32, y: s32 } norm: func(p: point) -> s32; }
              interface api { use types.{point}; enum side { left, right } move: func(p: point, s: side) -> point; length: func(p: point) -> s32; }
              world w { import types; export api; })",
           "w", R"((module (import "a:b/types@1.0.0" "norm" (func $norm (param i32 i32) (result i32))) (memory (export "memory") 1)
              (func (export "a:b/api@1.0.0#move") (param i32 i32 i32) (result i32)
                (i32.store (i32.const 0) (i32.add (local.get 0) (local.get 2))) (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
              (func (export "a:b/api@1.0.0#length") (param i32 i32) (result i32) (call $norm (local.get 0) (local.get 1)))))");
    EXPECT_EQ(m.call("a:b/api@1.0.0.move", {Val::record({Val::s32(1), Val::s32(2)}), Val::variant(1)}), "(2, 2)");
    EXPECT_EQ(m.call("a:b/api@1.0.0.length", {Val::record({Val::s32(1), Val::s32(2)})}), "3");
}

TEST(MakeComponent, exported_resources_have_their_destructor) {
    Made m;
    m.make(R"(package a:b; interface i { resource r { constructor(n: u32); get: func() -> u32; merge: static func(a: r, b: r) -> r; } dropped: func() -> u32; }
              world w { export i; })",
           "w", R"((module (import "[export]a:b/i" "[resource-new]r" (func $new (param i32) (result i32)))
              (import "[export]a:b/i" "[resource-rep]r" (func $rep (param i32) (result i32)))
              (import "[export]a:b/i" "[resource-drop]r" (func $drop (param i32)))
              (global $dropped (mut i32) (i32.const 0))
              (func (export "a:b/i#[constructor]r") (param i32) (result i32) (call $new (local.get 0)))
              (func (export "a:b/i#[method]r.get") (param i32) (result i32) (local.get 0))
              (func (export "a:b/i#[static]r.merge") (param i32 i32) (result i32) (local $sum i32)
                (local.set $sum (i32.add (call $rep (local.get 0)) (call $rep (local.get 1))))
                (call $drop (local.get 0)) (call $drop (local.get 1)) (call $new (local.get $sum)))
              (func (export "a:b/i#dropped") (result i32) (global.get $dropped))
              (func (export "a:b/i#[dtor]r") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))))");
    auto made = [&](u32 n) { return **component::testing::call(*m.instance, "a:b/i.[constructor]r", {Val::u32(n)}); };
    {
        Val sum = **component::testing::call(*m.instance, "a:b/i.[static]r.merge", {made(3), made(4)});
        EXPECT_EQ(m.call("a:b/i.[method]r.get", {sum}), "7");
        EXPECT_EQ(m.call("a:b/i.dropped"), "7");
    }
    EXPECT_EQ(m.call("a:b/i.dropped"), "14");
}

TEST(MakeComponent, the_newer_names_mean_the_same) {
    Made m;
    m.world.imports.interface("a:b/i@1.2.3").func("twice", [](u32 n) { return 2 * n; });
    m.make("package a:b@1.2.3; interface i { twice: func(n: u32) -> u32; } interface e { f: func(s: string) -> u32; } world w { import i; export e; export ready: func() -> bool; }", "w",
           R"((module (import "cm32p2|a:b/i@1" "twice" (func $twice (param i32) (result i32))) (memory (export "cm32p2_memory") 1)
              (global $ready (mut i32) (i32.const 0))
              (func (export "cm32p2_initialize") (global.set $ready (i32.const 1)))
              (func (export "cm32p2_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
              (func (export "cm32p2||ready") (result i32) (global.get $ready))
              (func (export "cm32p2|a:b/e@1|f") (param i32 i32) (result i32) (call $twice (local.get 1)))))");
    EXPECT_EQ(m.call("a:b/e@1.2.3.f", {Val::string("four")}), "8");
    EXPECT_EQ(m.call("ready"), "true");
}

TEST(MakeComponent, async_functions_return_by_task_return) {
    Made m;
    m.make("package a:b; interface i { f: async func(n: u32) -> u32; g: async func() -> string; } world w { export i; export h: async func() -> u32; }", "w",
           R"((module (import "[export]a:b/i" "[task-return]f" (func $f (param i32))) (import "[export]a:b/i" "[task-return]g" (func $g (param i32 i32)))
              (import "[export]$root" "[task-return]h" (func $h (param i32)))
              (memory (export "memory") 1) (data (i32.const 16) "later")
              (func (export "[async-lift]a:b/i#f") (param i32) (result i32) (call $f (i32.add (local.get 0) (i32.const 1))) (i32.const 0))
              (func (export "[callback][async-lift]a:b/i#f") (param i32 i32 i32) (result i32) unreachable)
              (func (export "[async-lift-stackful]a:b/i#g") (call $g (i32.const 16) (i32.const 5)))
              (func (export "[async-lift-stackful]h") (call $h (i32.const 9)))))");
    EXPECT_EQ(m.call("a:b/i.f", {Val::u32(4)}), "5");
    EXPECT_EQ(m.call("a:b/i.g"), "\"later\"");
    EXPECT_EQ(m.call("h"), "9");
}

TEST(MakeComponent, built_ins_for_streams_and_waiting_are_found_by_name) {
    Engine engine;
    std::string wat = R"((module
        (import "a:b/i" "[async-lower]slow" (func (param i32 i32) (result i32)))
        (import "a:b/i" "[stream-new-0]flow" (func (result i64)))
        (import "a:b/i" "[async-lower][stream-read-0]flow" (func (param i32 i32 i32) (result i32)))
        (import "a:b/i" "[async-lower][stream-write-0]flow" (func (param i32 i32 i32) (result i32)))
        (import "a:b/i" "[stream-cancel-read-0]flow" (func (param i32) (result i32)))
        (import "a:b/i" "[stream-drop-readable-0]flow" (func (param i32)))
        (import "a:b/i" "[stream-drop-writable-0]flow" (func (param i32)))
        (import "a:b/i" "[future-new-1]flow" (func (result i64)))
        (import "a:b/i" "[async-lower][future-read-1]flow" (func (param i32 i32) (result i32)))
        (import "$root" "[waitable-set-new]" (func (result i32)))
        (import "$root" "[waitable-set-wait]" (func (param i32 i32) (result i32)))
        (import "$root" "[cancellable][waitable-set-poll]" (func (param i32 i32) (result i32)))
        (import "$root" "[waitable-set-drop]" (func (param i32)))
        (import "$root" "[waitable-join]" (func (param i32 i32)))
        (import "$root" "[subtask-drop]" (func (param i32)))
        (import "$root" "[subtask-cancel]" (func (param i32) (result i32)))
        (import "$root" "[thread-yield]" (func (result i32)))
        (import "$root" "[context-get-0]" (func (result i32)))
        (import "$root" "[context-set-0]" (func (param i32)))
        (import "$root" "[backpressure-inc]" (func))
        (import "$root" "[error-context-new-utf8]" (func (param i32 i32) (result i32)))
        (import "$root" "[error-context-drop]" (func (param i32)))
        (import "[export]$root" "[task-cancel]" (func)) )" + allocator + ")";
    std::string wit = "package a:b; interface i { slow: async func(n: u32) -> u32; flow: func(a: stream<string>) -> future<u32>; } world w { import i; }";
    EXPECT_EQ(refused(engine, wit, "w", wat), "");
}

TEST(MakeComponent, only_what_is_used_is_imported) {
    Engine engine;
    std::string wit = "package a:b; interface i { record r { n: u32 } resource q; f: func(); g: func(x: r); h: func(x: borrow<q>); } interface j { k: func(); } world w { import i; import j; }";
    auto bytes = made(engine, wit, "w", R"((module (import "a:b/i" "g" (func (param i32)))))");
    EXPECT_EQ(*wit_of(engine, bytes),
              "package root:component;\n\nworld root {\n  import a:b/i;\n}\n\npackage a:b {\n  interface i {\n    record r {\n      n: u32,\n    }\n\n    g: func(x: r);\n  }\n}\n");
}

TEST(MakeComponent, an_initializer_runs_before_any_call) {
    Made m;
    m.make("package a:b; world w { export get: func() -> u32; }", "w",
           R"((module (global $n (mut i32) (i32.const 0)) (func (export "_initialize") (global.set $n (i32.const 42))) (func (export "get") (result i32) (global.get $n))))");
    EXPECT_EQ(m.call("get"), "42");
}

TEST(MakeComponent, what_does_not_fit_is_told_with_both_types) {
    Engine engine;
    struct Case {
        const char *wit, *wat, *message;
    };
    const Case cases[] = {
        {"world w { export f: func(); }", "(module)", "the world exports `f`, but the core module does not export `f`"},
        {"interface i { f: async func(); } world w { export i; }", "(module)", "the world exports `a:b/i.f`, but the core module does not export `a:b/i#f` or `[async-lift]a:b/i#f`"},
        {"world w { export f: func(s: string); }", "(module (func (export \"f\") (param i32)))", "has type (func (param i32)), but `func(s: string)` needs (func (param i32 i32))"},
        {"world w { export f: func(s: string); }", "(module (func (export \"f\") (param i32 i32)))", "does not export its memory under the name `memory`"},
        {"world w { export f: func(s: string); }", "(module (memory (export \"memory\") 1) (func (export \"f\") (param i32 i32)))", "does not export `cabi_realloc`, which `f` needs"},
        {"world w { import f: func(); }", "(module (import \"$root\" \"f\" (func (param i32))))", "has type (func (param i32)), but `f` of the world needs (func)"},
        {"world w { import f: func(); }", "(module (import \"$root\" \"g\" (func)))", "`$root` `g` is no function of world `w`, which has f"},
        {"interface i { f: func(); } world w { import i; }", "(module (import \"a:b/j\" \"f\" (func)))", "is of no interface that world `w` imports: a:b/i"},
        {"world w {}", "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func)))", "an adapter of that name could serve it"},
        {"world w {}", "(module (import \"env\" \"memory\" (memory 1)))", "is no function: a component gives its core modules functions only"},
        {"world w {}", "(module (import \"$root\" \"[nonsense]\" (func)))", "is no built-in that is known"},
        {"interface i { f: func(s: stream<u8>); } world w { import i; }", "(module (import \"a:b/i\" \"[stream-new-3]f\" (func (result i64))))", "is about number 3 of the streams and futures of `f`, which has 1"},
        {"interface i { f: async func(); } world w { export i; }", "(module (func (export \"[async-lift]a:b/i#f\") (result i32) (i32.const 0)))", "without its callback `[callback][async-lift]a:b/i#f`"},
    };
    for (const Case& c : cases) {
        std::string why = refused(engine, "package a:b; " + std::string(c.wit), "w", c.wat);
        EXPECT_NE(why.find(c.message), std::string::npos) << c.message << "\n" << why;
    }
    auto bare = make_component(engine, core("(module)"));
    ASSERT_FALSE(bare);
    EXPECT_NE(bare.error().message.find("no world in it"), std::string::npos);
}

TEST(MakeComponent, an_adapter_serves_the_main_module_and_only_its_used_imports_count) {
    component::testing::World world;
    std::string said;
    world.imports.interface("sys:io/out@0.2.5").func("print", [&](std::string s) { said += s; });
    std::string system = "package sys:io@0.2.5; interface out { print: func(s: string); } interface never { nothing: func(); } world adapter { import out; import never; }";
    // write(ptr, len) -> print; its stack pointer starts as 0 and must have been set.
    std::vector<u8> adapter = *embed(packages(system), 0, *text::assemble(R"((module $adapter
        (import "env" "memory" (memory 0))
        (import "sys:io/out@0.2.5" "print" (func $print (param i32 i32)))
        (import "sys:io/never@0.2.5" "nothing" (func $nothing))
        (import "__main_module__" "cabi_realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
        (global $__stack_pointer (mut i32) (i32.const 0))
        (global $allocation_state (mut i32) (i32.const 0))
        (func (export "write") (param i32 i32) (result i32)
          (if (i32.eqz (global.get $__stack_pointer)) (then unreachable))
          (call $print (local.get 0) (local.get 1)) (global.get $allocation_state))
        (func (export "unused") (call $nothing))))", {.names = true}));
    std::vector<u8> main = embedded("package a:b; world w { export run: func() -> u32; }", "w", R"((module
        (import "old_system" "write" (func $write (param i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 8) "through")
        (func (export "run") (result i32) (call $write (i32.const 8) (i32.const 7)))))");
    auto bytes = make_component(world.engine, main, std::vector<tools::Adapter>{{"old_system", adapter}});
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    EXPECT_EQ(wit_of(world.engine, *bytes)->find("never"), std::string::npos);
    auto instance = world.imports.instantiate(world.store, loaded(world.engine, *bytes));
    ASSERT_TRUE(instance) << instance.error().to_string();
    EXPECT_EQ(component::testing::text_of(component::testing::call(*instance, "run")), "2");
    EXPECT_EQ(said, "through");
}

TEST(MakeComponent, threads_are_made_of_functions_in_the_modules_table) {
    Made m;
    m.make("package a:b; world w { export run: async func() -> u32; }", "w", R"((module
        (import "$root" "[thread-new-indirect-v0]" (func $new (param i32 i32) (result i32)))
        (import "$root" "[thread-resume-later]" (func $resume (param i32)))
        (import "$root" "[thread-yield]" (func $yield (result i32)))
        (import "[export]$root" "[task-return]run" (func $return (param i32)))
        (table (export "__indirect_function_table") 3 funcref)
        (elem (i32.const 2) func $add)
        (global $sum (mut i32) (i32.const 0))
        (func $add (param i32) (global.set $sum (i32.add (i32.mul (global.get $sum) (i32.const 10)) (local.get 0))))
        (func (export "[async-lift-stackful]run")
          (call $resume (call $new (i32.const 2) (i32.const 4)))
          (call $resume (call $new (i32.const 2) (i32.const 2)))
          (drop (call $yield))
          (call $return (global.get $sum)))))");
    EXPECT_EQ(m.call("run"), "42");
    std::string world = "package a:b; world w {}", import = R"((import "$root" "[thread-new-indirect-v0]" (func (param i32 i32) (result i32))))";
    EXPECT_NE(refused(m.world.engine, world, "w", "(module " + import + ")").find("does not export its table under the name `__indirect_function_table`"), std::string::npos);
    EXPECT_NE(refused(m.world.engine, world, "w", R"((module (import "$root" "[thread-new-indirect-v0]" (func))))").find("needs (func (param i32 i32) (result i32))"), std::string::npos);
    EXPECT_NE(refused(m.world.engine, world, "w", R"((module (import "$root" "[thread-spawn-indirect]" (func))))").find("`[thread-new-indirect-v0]` does"), std::string::npos);
}

// A command: its adapter exports what the outside calls, and calls the program's start.
TEST(MakeComponent, a_module_without_a_world_gets_that_of_its_adapters) {
    component::testing::World world;
    std::string said;
    world.imports.interface("sys:io/out@0.2.5").func("print", [&](std::string s) { said += s; });
    std::string system = "package sys:io@0.2.5; interface out { print: func(s: string); } interface run { run: func() -> u32; } world adapter { import out; export run; }";
    std::vector<u8> adapter = *embed(packages(system), 0, *text::assemble(R"((module $adapter
        (import "env" "memory" (memory 0))
        (import "__main_module__" "_start" (func $start))
        (import "sys:io/out@0.2.5" "print" (func $print (param i32 i32)))
        (func (export "write") (param i32 i32) (call $print (local.get 0) (local.get 1)))
        (func (export "sys:io/run@0.2.5#run") (result i32) (call $start) (i32.const 7))))", {.names = true}));
    std::vector<u8> speaks = *text::assemble(R"((module
        (import "old_system" "write" (func $write (param i32 i32)))
        (memory (export "memory") 1) (data (i32.const 8) "through")
        (func (export "_start") (call $write (i32.const 8) (i32.const 7)))))");
    std::vector<u8> is_silent = *text::assemble(R"((module (memory (export "memory") 1) (func (export "_start"))))");
    for (const auto& main : {speaks, is_silent}) {
        said.clear();
        auto bytes = make_component(world.engine, main, std::vector<tools::Adapter>{{"old_system", adapter}});
        ASSERT_TRUE(bytes) << bytes.error().to_string();
        auto instance = world.imports.instantiate(world.store, loaded(world.engine, *bytes));
        ASSERT_TRUE(instance) << instance.error().to_string();
        EXPECT_EQ(component::testing::text_of(component::testing::call(*instance, "sys:io/run.run")), "7");
        EXPECT_EQ(said, main == speaks ? "through" : "");
    }
    EXPECT_EQ(wit_of(world.engine, *make_component(world.engine, is_silent, std::vector<tools::Adapter>{{"old_system", adapter}}))->find("import"), std::string::npos);

    std::vector<tools::Adapter> twice = {{"old_system", adapter}, {"old_system", adapter}};
    auto refused = make_component(world.engine, speaks, twice);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("two adapters are named `old_system`"), std::string::npos);
}

TEST(Unbundle, core_modules_come_out_as_they_went_in) {
    auto bytes = assemble("(component (core module $one (memory 1)) (component (core module $two (func))) (core module $three))", {.names = true});
    auto parts = tools::unbundle(*bytes);
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 3u);
    EXPECT_EQ((*parts)[0].path, "0");
    EXPECT_EQ((*parts)[0].bytes, *text::assemble("(module $one (memory 1))", {.names = true}));
    EXPECT_EQ((*parts)[1].path, "0.0");
    EXPECT_EQ((*parts)[2].path, "1");
    EXPECT_EQ((*parts)[1].name, "two");
    EXPECT_FALSE(tools::unbundle(core("(module)")));
}
