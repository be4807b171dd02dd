#include "instantiate.hpp"

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

TEST(Instantiate, start_functions_run_in_the_order_of_the_definitions) {
    World w;
    std::string order;
    w.imports.root().func("say", [&](u32 n) { order += std::to_string(n); });
    w.make(R"((component
      (import "say" (func $say (param "n" u32)))
      (canon lower (func $say) (core func $say'))
      (core module $m (import "" "say" (func $say (param i32))) (func $start (call $say (i32.const 1))) (start $start))
      (core module $n (import "" "say" (func $say (param i32))) (func $start (call $say (i32.const 2))) (start $start))
      (core instance (instantiate $m (with "" (instance (export "say" (func $say'))))))
      (component $c
        (import "say" (func $say (param "n" u32)))
        (core func $say' (canon lower (func $say)))
        (core module $k (import "" "say" (func $say (param i32))) (func $start (call $say (i32.const 3))) (start $start))
        (core instance (instantiate $k (with "" (instance (export "say" (func $say')))))))
      (instance (instantiate $c (with "say" (func $say))))
      (core instance (instantiate $n (with "" (instance (export "say" (func $say'))))))))");
    EXPECT_EQ(order, "132");
}

TEST(Instantiate, a_trap_in_a_start_function_is_the_error) {
    World w;
    EXPECT_EQ(w.refused("(component (core module $m (func $f unreachable) (start $f)) (core instance (instantiate $m)))"), "trapped: unreachable");
}

TEST(Instantiate, an_active_segment_out_of_bounds_traps) {
    World w;
    EXPECT_EQ(w.refused(R"((component (core module $m (memory 1) (data (i32.const 65536) "x")) (core instance (instantiate $m))))"),
              "trapped: out of bounds memory access: active data segment 0");
}

TEST(Instantiate, every_instance_has_its_own_state) {
    World w;
    auto component = R"((component
      (component $counter
        (core module $m (global $n (mut i32) (i32.const 0))
          (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
        (core instance $i (instantiate $m))
        (func (export "next") (result u32) (canon lift (core func $i "next"))))
      (instance $a (instantiate $counter))
      (instance $b (instantiate $counter))
      (export "a" (func $a "next"))
      (export "b" (func $b "next"))))";
    auto i = w.make(component);
    EXPECT_EQ(text_of(call(i, "a")), "1");
    EXPECT_EQ(text_of(call(i, "a")), "2");
    EXPECT_EQ(text_of(call(i, "b")), "1");
    EXPECT_EQ(text_of(call(w.make(component), "a")), "1");
}

TEST(Instantiate, inner_components_see_outer_modules_and_types) {
    World w;
    auto i = w.make(R"((component $outer
      (core module $m (func (export "seven") (result i32) (i32.const 7)))
      (type $t u32)
      (component $inner
        (alias outer $outer $m (core module $mine))
        (alias outer $outer $t (type $mine-t))
        (core instance $i (instantiate $mine))
        (func (export "seven") (result $mine-t) (canon lift (core func $i "seven"))))
      (instance $x (instantiate $inner))
      (export "seven" (func $x "seven"))))");
    EXPECT_EQ(text_of(call(i, "seven")), "7");
}

TEST(Instantiate, a_component_can_be_an_import) {
    World w;
    w.imports.define("maker", load(w.engine, R"((component (core module $m (func (export "f") (result i32) (i32.const 5))) (core instance $i (instantiate $m))
      (func (export "f") (result u32) (canon lift (core func $i "f")))))"));
    auto i = w.make(R"((component
      (import "maker" (component $c (export "f" (func (result u32)))))
      (instance $x (instantiate $c))
      (export "f" (func $x "f"))))");
    EXPECT_EQ(text_of(call(i, "f")), "5");
}

}  // namespace
}  // namespace heddle::component::testing
