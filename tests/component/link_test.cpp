#include "link.hpp"

#include "support/world.hpp"

struct GridPoint {
    heddle::u32 x = 0, y = 0;
};
template <>
struct heddle::component::Fields<GridPoint> {
    static constexpr auto list = std::tuple(std::pair("x", &GridPoint::x), std::pair("y", &GridPoint::y));
};

namespace heddle::component::testing {
namespace {

// Hands its argument to the import and its result back.
std::string forward(std::string_view type, std::string_view core) {
    return "(component " + memory_module + "(import \"demo:app/host@0.2.3\" (instance $host (export \"f\" (func " + std::string(type) + "))))" + R"(
      (core func $f (canon lower (func $host "f") (memory (core memory $memory "mem")) (realloc (core func $memory "realloc"))))
      (core module $m (import "" "f" (func $f )" + std::string(core) + ")) (export \"f\" (func $f)))" + R"(
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
      (func (export "f") )" + std::string(type) + R"( (canon lift (core func $i "f") (memory (core memory $memory "mem")) (realloc (core func $memory "realloc"))))))";
}

TEST(Link, what_nothing_serves_can_be_listed) {
    World w;
    heddle::Component c = load(w.engine, R"((component
      (import "demo:app/host@0.2.3" (instance (export "f" (func)) (export "g" (func (result u32)))))
      (import "demo:app/other" (instance (export "h" (func))))
      (import "log" (func (param "line" string)))
      (import "tick" (func))))");
    w.imports.interface("demo:app/host@0.2.12").func("f", [] {});
    w.imports.root().func("tick", [] {});
    std::vector<ExternInfo> missing = w.imports.missing(c);
    ASSERT_EQ(missing.size(), 3u);
    EXPECT_EQ(missing[0].name, "demo:app/host@0.2.3");
    ASSERT_EQ(missing[0].exports.size(), 1u);
    EXPECT_EQ(missing[0].exports[0].name, "g");
    EXPECT_EQ(missing[1].exports[0].name, "h");
    EXPECT_EQ(to_string(missing[2].func), "func(line: string)");
    w.imports.interface("demo:app/host@0.2.3").func("f", [] {}).func("g", [] { return u32(1); });
    w.imports.interface("demo:app/other").func("h", [] {});
    w.imports.root().func("log", [](std::string) {});
    EXPECT_TRUE(w.imports.missing(c).empty());
}

TEST(Link, host_functions_take_and_give_scalars) {
    World w;
    w.imports.interface("demo:app/host@0.2.3").func("f", [](u32 a, i64 b, f64 c) { return f64(a) + f64(b) + c; });
    auto i = w.make(forward(R"((param "a" u32) (param "b" s64) (param "c" f64) (result f64))", "(param i32 i64 f64) (result f64)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(1), Val::s64(-2), Val::f64(0.5)})), "-0.5");
}

TEST(Link, host_functions_take_strings_lists_and_options) {
    World w;
    w.imports.interface("demo:app/host@0.2.3").func("f", [](std::string s, std::vector<u8> b, std::optional<u32> n) {
        return u32(s.size() * 100 + b.size() * 10 + n.value_or(9));
    });
    auto i = w.make(forward(R"((param "s" string) (param "b" (list u8)) (param "n" (option u32)) (result u32))", "(param i32 i32 i32 i32 i32 i32) (result i32)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::string("abc"), Val::bytes(std::vector<u8>{1, 2}), Val::none()})), "329");
    EXPECT_EQ(text_of(call(i, "f", {Val::string(""), Val::bytes({}), Val::some(Val::u32(7))})), "7");
}

TEST(Link, host_functions_take_and_give_records_by_name) {
    Val in = As<GridPoint>::to({3, 4});
    EXPECT_EQ(As<GridPoint>::from(in).y, 4u);
    EXPECT_EQ(to_string(As<GridPoint>::type()), "record { x: u32, y: u32 }");
}

TEST(Link, an_import_is_served_by_a_later_compatible_version) {
    World w;
    w.imports.interface("demo:app/host@0.2.12").func("f", [](u32 a) { return a + 12; });
    w.imports.interface("demo:app/host@0.2.9").func("f", [](u32 a) { return a + 9; });
    w.imports.interface("demo:app/host@0.3.0").func("f", [](u32 a) { return a + 30; });
    auto i = w.make(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(0)})), "12");
}

TEST(Link, a_missing_import_is_named_with_its_type) {
    World w;
    std::string why = w.refused(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_NE(why.find("demo:app/host@0.2.3"), std::string::npos) << why;
    w.imports.interface("demo:app/host@0.2.3").func("g", [] {});
    why = w.refused(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_NE(why.find("`f` of type func(a: u32) -> u32"), std::string::npos) << why;
}

TEST(Link, an_import_of_another_type_shows_both_types) {
    World w;
    w.imports.interface("demo:app/host@0.2.3").func("f", [](std::string) { return u32(0); });
    std::string why = w.refused(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_NE(why.find("func(a: u32) -> u32"), std::string::npos) << why;
    EXPECT_NE(why.find("string"), std::string::npos) << why;
}

TEST(Link, an_exception_in_a_host_function_is_a_trap) {
    World w;
    w.imports.interface("demo:app/host@0.2.3").func("f", [](u32) -> u32 { throw std::runtime_error("out of paper"); });
    auto i = w.make(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(0)})), "trapped: host function failed: out of paper");
}

TEST(Link, an_instance_is_handed_to_another_component) {
    World w;
    auto maker = w.make(R"((component (core module $m (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))) (core instance $i (instantiate $m))
      (func $f (param "a" u32) (result u32) (canon lift (core func $i "f")))
      (instance $x (export "f" (func $f)))
      (export "demo:app/host@0.2.5" (instance $x))))");
    w.imports.exports_of(maker);
    auto i = w.make(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(14)})), "42");
    std::string why = w.refused(forward(R"((param "a" u64) (result u32))", "(param i64) (result i32)"));
    EXPECT_NE(why.find("func(a: u64) -> u32"), std::string::npos) << why;
    EXPECT_NE(why.find("func(a: u32) -> u32"), std::string::npos) << why;
}

TEST(Link, linked_instances_die_together_and_others_live) {
    World w;
    const char* fragile = R"((component (core module $m (func (export "f") (param i32) (result i32) unreachable)) (core instance $i (instantiate $m))
      (func $f (param "a" u32) (result u32) (canon lift (core func $i "f")))
      (instance $x (export "f" (func $f)))
      (export "demo:app/host@0.2.3" (instance $x))))";
    auto maker = w.make(fragile), other = w.make(fragile);
    w.imports.exports_of(maker);
    auto i = w.make(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(0)})), "trapped: unreachable");
    EXPECT_EQ(text_of(call(maker, "demo:app/host.f", {Val::u32(0)})), "trapped: cannot enter component instance");
    EXPECT_EQ(text_of(call(other, "demo:app/host.f", {Val::u32(0)})), "trapped: unreachable");
}

TEST(Link, a_module_import_is_checked_against_its_type) {
    World w;
    auto wasm = text::assemble("(module (func (export \"f\") (result i32) (i32.const 9)))");
    w.imports.define("m", *Module::load(w.engine, *wasm));
    auto i = w.make(R"((component (import "m" (core module $m (export "f" (func (result i32))))) (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f")))))");
    EXPECT_EQ(text_of(call(i, "f")), "9");
    EXPECT_NE(w.refused("(component (import \"m\" (core module (export \"f\" (func (result i64))))))").find("i64"), std::string::npos);
}

TEST(Link, a_host_function_can_call_another_component_but_not_back) {
    World w;
    auto other = w.make(R"((component (core module $m (func (export "g") (result i32) (i32.const 11))) (core instance $i (instantiate $m))
      (func (export "g") (result u32) (canon lift (core func $i "g")))))");
    std::optional<ComponentInstance> self;
    std::string inner;
    w.imports.interface("demo:app/host@0.2.3").func("f", [&](u32) {
        inner = text_of(call(*self, "f", {Val::u32(0)}));
        return call(other, "g").value()->as<u32>();
    });
    self = w.make(forward(R"((param "a" u32) (result u32))", "(param i32) (result i32)"));
    EXPECT_EQ(text_of(call(*self, "f", {Val::u32(0)})), "11");
    EXPECT_EQ(inner, "trapped: cannot enter component instance");
}

TEST(Link, interfaces_of_types_alone_need_nobody) {
    World w;
    w.make(R"((component (import "a:b/types" (instance (type $r (record (field "n" u32))) (export "r" (type (eq $r)))))))");
    EXPECT_NE(w.refused(R"((component (import "a:b/types" (instance (export "r" (type (sub resource)))))))").find("unknown import"), std::string::npos);
}

}  // namespace
}  // namespace heddle::component::testing
