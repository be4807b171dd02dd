#include "canon_call.hpp"

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

// A function "f", and "count": how often its post-return has run.
constexpr std::string_view with_post_return = R"((component
  (core module $m
    (global $runs (mut i32) (i32.const 0))
    (func (export "f") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
    (func (export "post") (param i64) (global.set $runs (i32.add (global.get $runs) (i32.wrap_i64 (local.get 0)))))
    (func (export "count") (result i32) (global.get $runs)))
  (core instance $i (instantiate $m))
  (func (export "f") (param "a" s32) (param "b" s64) (result s64) (canon lift (core func $i "f") (post-return (core func $i "post"))))
  (func (export "count") (result u32) (canon lift (core func $i "count")))))";

TEST(CanonCall, a_call_in_words_runs_post_return_with_the_result) {
    World w;
    auto i = w.make(with_post_return);
    auto f = i.func<i64(i32, i64)>("f");
    ASSERT_TRUE(f) << f.error().to_string();
    EXPECT_TRUE(i.find_func("f")->has_words());
    EXPECT_EQ(*(*f)(-2, 9), 7);
    EXPECT_EQ(text_of(call(i, "f", {Val::s32(-2), Val::s64(9)})), "7");
    EXPECT_EQ(text_of(call(i, "count")), "14");
}

TEST(CanonCall, small_integers_and_strings_are_no_words) {
    World w;
    auto i = w.make("(component " + memory_module + R"(
      (core module $m (func (export "b") (param i32) (result i32) (local.get 0)) (func (export "s") (param i32 i32)))
      (core instance $i (instantiate $m))
      (func (export "b") (param "a" bool) (result bool) (canon lift (core func $i "b")))
      (func (export "s") (param "a" string) (canon lift (core func $i "s") (memory (core memory $memory "mem")) (realloc (core func $memory "realloc"))))))");
    EXPECT_FALSE(i.find_func("b")->has_words());
    EXPECT_FALSE(i.find_func("s")->has_words());
    auto b = i.func<bool(bool)>("b");
    EXPECT_EQ(*(*b)(true), true);
}

TEST(CanonCall, a_trap_in_a_call_in_words_is_an_error_and_poisons_the_instance) {
    World w;
    auto i = w.make(R"((component
      (core module $m (func (export "f") (param i32) (result i32) (i32.div_u (i32.const 6) (local.get 0))))
      (core instance $i (instantiate $m))
      (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f")))))");
    auto f = i.func<u32(u32)>("f");
    EXPECT_EQ(*(*f)(2), 3u);
    auto r = (*f)(0);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::trapped);
    EXPECT_NE(r.error().message.find("integer divide by zero"), std::string::npos) << r.error().message;
    r = (*f)(2);
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().message.find("cannot enter component instance"), std::string::npos) << r.error().message;
}

TEST(CanonCall, a_host_function_cannot_call_back_into_the_instance_that_called_it) {
    World w;
    std::string seen;
    std::optional<ComponentInstance> made;
    w.imports.interface("host").func("again", [&](u32 a) {
        auto f = made->func<u32(u32)>("f");
        auto r = (*f)(a);
        seen = r ? "called" : r.error().message;
        return a + 1;
    });
    made = w.make(R"((component
      (import "host" (instance $h (export "again" (func (param "a" u32) (result u32)))))
      (core func $again (canon lower (func $h "again")))
      (core module $m (import "" "again" (func $again (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) (call $again (local.get 0))))
      (core instance $i (instantiate $m (with "" (instance (export "again" (func $again))))))
      (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f")))))");
    auto f = made->func<u32(u32)>("f");
    EXPECT_EQ(*(*f)(4), 5u);
    EXPECT_NE(seen.find("cannot enter component instance"), std::string::npos) << seen;
    EXPECT_EQ(*(*f)(5), 6u);  // and the refusal did no harm
}

TEST(CanonCall, a_state_of_a_host_function_is_one_for_all_its_calls) {
    World w;
    w.imports.interface("host").func("next", [n = 0u]() mutable { return ++n; });
    auto i = w.make(R"((component
      (import "host" (instance $h (export "next" (func (result u32)))))
      (core func $next (canon lower (func $h "next")))
      (core module $m (import "" "next" (func $next (result i32)))
        (func (export "f") (result i32) (drop (call $next)) (call $next)))
      (core instance $i (instantiate $m (with "" (instance (export "next" (func $next))))))
      (func (export "f") (result u32) (canon lift (core func $i "f")))))");
    EXPECT_EQ(text_of(call(i, "f")), "2");
    EXPECT_EQ(text_of(call(i, "f")), "4");
}

// Between siblings: what the callee does with the thread of the call that it runs in.
std::string between(std::string_view imports, std::string_view body) {
    return R"((component
      (component $a
        (core module $m )" + std::string(imports) + R"( (func (export "f") (param i32) (result i32) )" + std::string(body) + R"())
        (core func $get (canon context.get i32 0))
        (core func $set (canon context.set i32 0))
        (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
        (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f"))))
      (component $b
        (import "f" (func $f (param "a" u32) (result u32)))
        (core func $f (canon lower (func $f)))
        (core func $get (canon context.get i32 0))
        (core func $set (canon context.set i32 0))
        (core module $m
          (import "" "f" (func $f (param i32) (result i32)))
          (import "" "get" (func $get (result i32)))
          (import "" "set" (func $set (param i32)))
          (func (export "f") (param i32) (result i32)
            (call $set (i32.const 1000))
            (i32.add (call $f (local.get 0)) (call $get))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f)) (export "get" (func $get)) (export "set" (func $set))))))
        (func (export "f") (param "a" u32) (result u32) (canon lift (core func $i "f"))))
      (instance $a (instantiate $a))
      (instance $b (instantiate $b (with "f" (func $a "f"))))
      (export "f" (func $b "f"))))";
}

TEST(CanonCall, callee_and_caller_have_context_slots_of_their_own) {
    World w;
    auto i = w.make(between(R"((import "" "get" (func $get (result i32))) (import "" "set" (func $set (param i32))))",
                            "(call $set (i32.add (call $get) (local.get 0))) (call $get)"));
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(7)})), "1007");
    EXPECT_EQ(text_of(call(i, "f", {Val::u32(8)})), "1008");
}

TEST(CanonCall, a_trap_in_the_callee_ends_both) {
    World w;
    auto i = w.make(between("", "unreachable"));
    EXPECT_NE(text_of(call(i, "f", {Val::u32(7)})).find("unreachable"), std::string::npos);
    EXPECT_NE(text_of(call(i, "f", {Val::u32(7)})).find("cannot enter component instance"), std::string::npos);
}

// A calls B calls C, scalars all the way: nothing but the borders lies between.
constexpr std::string_view three_components = R"((component
  (import "host" (instance $host (export "f" (func (param "a" u32) (result u32)))))
  (component $C
    (import "host" (instance $host (export "f" (func (param "a" u32) (result u32)))))
    (core func $host (canon lower (func $host "f")))
    (core func $set (canon context.set i32 0)) (core func $get (canon context.get i32 0))
    (core module $m
      (import "" "host" (func $host (param i32) (result i32)))
      (import "" "set" (func $set (param i32))) (import "" "get" (func $get (result i32)))
      (func (export "host") (param i32) (result i32) (call $host (local.get 0)))
      (func (export "context") (param i32) (result i32) (local i32)
        (local.set 1 (call $get)) (call $set (local.get 0)) (i32.add (local.get 1) (call $get)))
      (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 60) (local.get 0)))
      (tag $e) (func (export "throw") (param i32) (result i32) (throw $e)))
    (core instance $i (instantiate $m (with "" (instance (export "host" (func $host)) (export "set" (func $set)) (export "get" (func $get))))))
    (func (export "host") (param "a" u32) (result u32) (canon lift (core func $i "host")))
    (func (export "context") (param "a" u32) (result u32) (canon lift (core func $i "context")))
    (func (export "divide") (param "a" u32) (result u32) (canon lift (core func $i "divide")))
    (func (export "throw") (param "a" u32) (result u32) (canon lift (core func $i "throw"))))
  (component $through
    (import "next" (instance $next
      (export "host" (func (param "a" u32) (result u32))) (export "context" (func (param "a" u32) (result u32)))
      (export "divide" (func (param "a" u32) (result u32))) (export "throw" (func (param "a" u32) (result u32)))))
    (core func $host (canon lower (func $next "host"))) (core func $context (canon lower (func $next "context")))
    (core func $divide (canon lower (func $next "divide"))) (core func $throw (canon lower (func $next "throw")))
    (core module $m
      (import "" "host" (func $host (param i32) (result i32))) (import "" "context" (func $context (param i32) (result i32)))
      (import "" "divide" (func $divide (param i32) (result i32))) (import "" "throw" (func $throw (param i32) (result i32)))
      (func (export "host") (param i32) (result i32) (i32.add (i32.const 1) (call $host (local.get 0))))
      (func (export "context") (param i32) (result i32) (i32.add (call $context (local.get 0)) (call $context (i32.const 100))))
      (func (export "divide") (param i32) (result i32) (call $divide (local.get 0)))
      (func (export "throw") (param i32) (result i32) (call $throw (local.get 0))))
    (core instance $i (instantiate $m (with "" (instance
      (export "host" (func $host)) (export "context" (func $context)) (export "divide" (func $divide)) (export "throw" (func $throw))))))
    (func (export "host") (param "a" u32) (result u32) (canon lift (core func $i "host")))
    (func (export "context") (param "a" u32) (result u32) (canon lift (core func $i "context")))
    (func (export "divide") (param "a" u32) (result u32) (canon lift (core func $i "divide")))
    (func (export "throw") (param "a" u32) (result u32) (canon lift (core func $i "throw"))))
  (instance $c (instantiate $C (with "host" (instance $host))))
  (instance $b (instantiate $through (with "next" (instance $c))))
  (instance $a (instantiate $through (with "next" (instance $b))))
  (export "a" (instance $a)) (export "c" (instance $c))))";

TEST(CanonCall, borders_between_components_are_known_to_a_host_function_that_looks) {
    World w;
    std::string seen;
    std::optional<ComponentInstance> made;
    w.imports.interface("host").func("f", [&](u32 a) {
        seen = text_of(call(*made, "c.divide", {Val::u32(6)}));
        return a * 10;
    });
    made = w.make(three_components);
    EXPECT_EQ(text_of(call(*made, "a.host", {Val::u32(4)})), "42");
    EXPECT_NE(seen.find("cannot enter component instance"), std::string::npos) << seen;
    EXPECT_EQ(text_of(call(*made, "a.host", {Val::u32(5)})), "52");
    EXPECT_EQ(text_of(call(*made, "c.divide", {Val::u32(6)})), "10");
}

TEST(CanonCall, every_call_between_components_has_a_context_of_its_own) {
    World w;
    w.imports.interface("host").func("f", [](u32 a) { return a; });
    auto i = w.make(three_components);
    EXPECT_EQ(text_of(call(i, "a.context", {Val::u32(5)})), "305");  // (5 + 100) + (100 + 100): no context is seen again
}

TEST(CanonCall, a_trap_or_an_exception_behind_borders_kills_all_that_are_linked) {
    for (const char* what : {"divide", "throw"}) {
        World w;
        w.imports.interface("host").func("f", [](u32 a) { return a; });
        auto i = w.make(three_components);
        std::string why = text_of(call(i, "a." + std::string(what), {Val::u32(0)}));
        EXPECT_NE(why.find(what == std::string_view("divide") ? "integer divide by zero" : "uncaught exception"), std::string::npos) << why;
        for (const char* path : {"a.divide", "c.divide"})
            EXPECT_NE(text_of(call(i, path, {Val::u32(6)})).find("cannot enter component instance"), std::string::npos);
    }
}

}  // namespace
}  // namespace heddle::component::testing
