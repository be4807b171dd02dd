#include <heddle/component.hpp>

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

const std::string adder = R"((component
  (core module $m (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) (func (export "boom") unreachable))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "add")))
  (func (export "boom") (canon lift (core func $i "boom")))))";

// Doubles a string; the result lies in memory.
const std::string echo = "(component " + memory_module + R"(
  (core module $m
    (import "" "mem" (memory 1))
    (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (func (export "twice") (param $p i32) (param $n i32) (result i32)
      (local $to i32)
      (local.set $to (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.mul (i32.const 2) (local.get $n))))
      (memory.copy (local.get $to) (local.get $p) (local.get $n))
      (memory.copy (i32.add (local.get $to) (local.get $n)) (local.get $p) (local.get $n))
      (i32.store (i32.const 16) (local.get $to))
      (i32.store (i32.const 20) (i32.mul (i32.const 2) (local.get $n)))
      (i32.const 16)))
  (core instance $i (instantiate $m (with "" (instance $memory))))
  (func $twice (param "s" string) (result string) (canon lift (core func $i "twice") (memory (core memory $memory "mem")) (realloc (core func $memory "realloc"))))
  (instance $text (export "twice" (func $twice)))
  (export "demo:app/text@1.2.0" (instance $text))))";

TEST(Component, load_says_what_is_wrong_with_bytes_and_definitions) {
    Engine engine;
    auto garbage = heddle::Component::load(engine, std::vector<u8>{0, 'a', 's', 'm', 9, 9, 9, 9});
    ASSERT_FALSE(garbage);
    EXPECT_EQ(garbage.error().kind, Error::Kind::malformed);
    auto invalid = heddle::Component::load(engine, *assemble("(component (export \"f\" (func 0)))"));
    ASSERT_FALSE(invalid);
    EXPECT_EQ(invalid.error().kind, Error::Kind::invalid);
}

TEST(Component, imports_and_exports_are_described) {
    Engine engine;
    heddle::Component c = load(engine, R"((component
      (import "demo:app/log@1.0.0" (instance (export "line" (func (param "s" string)))))
      (import "count" (func async (param "of" (list u8)) (result (option u32))))))");
    auto imports = c.imports();
    ASSERT_EQ(imports.size(), 2u);
    EXPECT_EQ(imports[0].kind, ExternInfo::Kind::instance);
    ASSERT_EQ(imports[0].exports.size(), 1u);
    EXPECT_EQ(to_string(imports[0].exports[0].func), "func(s: string)");
    EXPECT_EQ(to_string(imports[1].func), "async func(of: list<u8>) -> option<u32>");
    EXPECT_EQ(load(engine, adder).exports().size(), 2u);
}

TEST(Component, a_dynamic_call_gives_a_value) {
    World w;
    auto i = w.make(adder);
    EXPECT_EQ(text_of(call(i, "add", {Val::u32(40), Val::u32(2)})), "42");
}

TEST(Component, arguments_that_do_not_fit_are_an_error_and_the_instance_lives_on) {
    World w;
    auto i = w.make(adder);
    auto few = call(i, "add", {Val::u32(1)});
    auto wrong = call(i, "add", {Val::u32(1), Val::string("x")});
    ASSERT_FALSE(few);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(few.error().kind, Error::Kind::usage);
    EXPECT_EQ(wrong.error().kind, Error::Kind::usage);
    EXPECT_EQ(text_of(call(i, "add", {Val::u32(1), Val::u32(1)})), "2");
}

TEST(Component, a_typed_call_is_checked_once) {
    World w;
    auto i = w.make(adder);
    auto add = i.func<u32(u32, u32)>("add");
    ASSERT_TRUE(add);
    EXPECT_EQ((*add)(3, 4).value(), 7u);
    auto wrong = i.func<u32(std::string)>("add");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("func(a: u32, b: u32) -> u32"), std::string::npos) << wrong.error().message;
    auto none = i.func<u32()>("subtract");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message.find("add"), std::string::npos);
}

TEST(Component, a_path_leads_through_interfaces_with_or_without_their_version) {
    World w;
    auto i = w.make(echo);
    for (const char* path : {"demo:app/text@1.2.0.twice", "demo:app/text.twice"}) {
        auto twice = i.func<std::string(std::string)>(path);
        ASSERT_TRUE(twice) << path;
        EXPECT_EQ((*twice)("añ").value(), "añañ");
    }
    EXPECT_FALSE(i.find_func("demo:app/text.thrice"));
    EXPECT_FALSE(i.find_func("demo:app/other.twice"));
    ASSERT_TRUE(i.find_instance("demo:app/text"));
    EXPECT_TRUE(i.find_instance("demo:app/text")->find_func("twice"));
}

TEST(Component, a_trap_is_an_error_and_poisons_the_instance) {
    World w;
    auto i = w.make(adder);
    EXPECT_EQ(text_of(call(i, "boom")), "trapped: unreachable");
    EXPECT_EQ(component_trap(w.store).code, TrapCode::unreachable);
    EXPECT_FALSE(component_trap(w.store).backtrace.empty());
    EXPECT_EQ(text_of(call(i, "add", {Val::u32(1), Val::u32(2)})), "trapped: cannot enter component instance");
    EXPECT_EQ(text_of(call(w.make(adder), "add", {Val::u32(1), Val::u32(2)})), "3");
}

TEST(Component, an_instance_of_a_store_that_is_gone_answers_with_an_error) {
    Engine engine;
    std::optional<ComponentInstance> i;
    {
        Store store(engine);
        i = *ComponentLinker(engine).instantiate(store, load(engine, adder));
    }
    EXPECT_FALSE(i->find_func("add"));
}

TEST(Component, a_loop_can_be_interrupted) {
    World w;
    auto i = w.make(R"((component (core module $m (func (export "f") (loop (br 0)))) (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f")))))");
    w.store.interrupt();
    EXPECT_EQ(text_of(call(i, "f")), "trapped: interrupted");
}

}  // namespace
}  // namespace heddle::component::testing
