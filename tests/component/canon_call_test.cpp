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

}  // namespace
}  // namespace heddle::component::testing
