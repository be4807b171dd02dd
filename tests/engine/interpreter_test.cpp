// Frames: calls, tail calls and exceptions, within an instance and across; what traps say about where they happened.
#include "interpreter.hpp"

#include "support/wasm.hpp"

using namespace heddle;
using namespace heddle::test;

namespace {

class Interpreter : public ::testing::Test {
protected:
    Engine engine;
    Store store{engine};
    Linker linker{engine};

    Instance add(const char* name, std::string_view text) {
        Instance in = load(store, text, linker);
        linker.instance(name, in);
        return in;
    }
};

// ---- tail calls

TEST_F(Interpreter, tail_calls_of_every_kind_take_no_stack) {
    Instance in = load(store, R"((module (type $t (func (param i32 i32) (result i32))) (table 2 funcref) (elem (i32.const 0) func $a $c)
      (func $a (export "f") (type $t) (if (result i32) (i32.eqz (local.get 0)) (then (local.get 1))
        (else (return_call $b (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 2))))))
      (func $b (type $t) (local i64 i64 i64) (return_call_indirect (type $t) (local.get 0) (local.get 1) (i32.const 1)))
      (func $c (type $t) (return_call_ref $t (local.get 0) (local.get 1) (ref.func $a)))))");
    EXPECT_EQ((call<i32>(in, "f", 1'000'000, 5)), 2'000'005);
}

TEST_F(Interpreter, arguments_of_a_tail_call_may_be_the_parameters_exchanged) {
    Instance in = load(store, R"((module
      (func $f (export "f") (param i32 i32 i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.sub (local.get 1) (local.get 2)))
          (else (return_call $f (i32.sub (local.get 0) (i32.const 1)) (local.get 2) (local.get 1)))))))");
    EXPECT_EQ((call<i32>(in, "f", 1, 10, 3)), -7);
    EXPECT_EQ((call<i32>(in, "f", 2, 10, 3)), 7);
}

TEST_F(Interpreter, a_million_tail_calls_across_instances_take_no_stack_and_return_home) {
    Instance a = add("a", R"((module (memory (export "m") 1) (data (i32.const 0) "a") (table (export "t") 2 funcref) (type $t (func (param i32) (result i32)))
      (func $ping (export "ping") (type $t) (if (result i32) (i32.eqz (local.get 0)) (then (i32.load8_u (i32.const 0)))
        (else (return_call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1)))))
      (elem (i32.const 0) func $ping)
      ;; called by this instance, tail-calls away, and then this instance's memory must be there again
      (func $local (param i32) (result i32) (return_call $ping (local.get 0)))
      (func (export "f") (param i32) (result i32) (call $local (local.get 0)) (i32.mul (i32.const 1000)) (i32.add (i32.load8_u (i32.const 0))))))");
    add("b", R"((module (type $t (func (param i32) (result i32))) (import "a" "t" (table 2 funcref)) (import "a" "ping" (func $ping (type $t)))
      (memory 1) (data (i32.const 0) "b")
      (func $pong (type $t) (if (result i32) (i32.eqz (local.get 0)) (then (i32.load8_u (i32.const 0)))
        (else (return_call $ping (i32.sub (local.get 0) (i32.const 1))))))
      (elem (i32.const 1) func $pong)))");
    EXPECT_EQ((call<i32>(a, "f", 1'000'000)), 'a' * 1000 + 'a');
    EXPECT_EQ((call<i32>(a, "f", 1'000'001)), 'b' * 1000 + 'a');
}

// ---- calls across instances

TEST_F(Interpreter, a_callee_in_another_instance_sees_its_own_memory_and_the_caller_its_own_again) {
    add("a", R"((module (memory 1) (data (i32.const 0) "a") (global $g (mut i32) (i32.const 1))
      (func (export "get") (param i32) (result i32) (global.set $g (local.get 0)) (drop (memory.grow (i32.const 1))) (i32.load8_u (i32.const 0)))))");
    Instance b = load(store, R"((module (import "a" "get" (func $get (param i32) (result i32))) (memory 1) (data (i32.const 0) "b") (global $g (mut i32) (i32.const 7))
      (func (export "f") (result i32) (call $get (i32.const 3)) (i32.mul (i32.const 1000)) (i32.add (i32.load8_u (i32.const 0))) (i32.add (global.get $g)))
      (func (export "far") (result i32) (drop (call $get (i32.const 3))) (i32.load8_u (i32.const 0x10000)))))",
                      linker);
    EXPECT_EQ(call<i32>(b, "f"), 'a' * 1000 + 'b' + 7);
    EXPECT_EQ(trap_of<i32>(b, "far"), "out of bounds memory access");
}

TEST_F(Interpreter, locals_are_zero_at_every_call) {
    Instance in = load(store, R"((module
      (func $dirty (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local i64 i64) (local.set 8 (i64.const -1)) (local.set 9 (i64.const -1)) (i64.add (local.get 8) (local.get 0)))
      (func $fresh (param i64) (result i64) (local i64 i64 i64 i64 i64 i64 i64) (i64.or (i64.or (local.get 1) (local.get 4)) (i64.or (local.get 6) (local.get 7))))
      (func (export "f") (result i64)
        (drop (call $dirty (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1) (i64.const -1)))
        (call $fresh (i64.const -1)))))");
    EXPECT_EQ(call<i64>(in, "f"), 0);
}

TEST_F(Interpreter, arguments_come_from_locals_constants_and_results_at_once) {
    Instance in = load(store, R"((module
      (func $sum (param i32 i64 f32 f64 i32 i64) (result i64)
        (i64.add (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)) (i64.add (i64.add (i64.trunc_f32_s (local.get 2)) (i64.trunc_f64_s (local.get 3)))
          (i64.add (i64.extend_i32_s (local.get 4)) (local.get 5)))))
      (func (export "f") (param i32 i64 f32 f64) (result i64)
        (call $sum (i32.add (local.get 0) (i32.const 1)) (i64.const 20) (local.get 2) (local.get 3) (local.get 0) (local.get 1)))))");
    EXPECT_EQ((call<i64>(in, "f", 1, i64(1000), f32(300), 4000.0)), 2 + 20 + 300 + 4000 + 1 + 1000);
}

// ---- exceptions

TEST_F(Interpreter, an_exception_finds_the_innermost_clause_outward) {
    Instance in = load(store, R"((module (tag $e (param i32)) (tag $x)
      (func $throws (param i32) (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e (i32.const 10)))) (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $x))))
      (func $between (param i32) (block (try_table (catch $x 0) (call $throws (local.get 0)))))
      (func (export "f") (param i32) (result i32)
        (block $h (result i32)
          (try_table (result i32) (catch $e $h)
            (call $between (local.get 0))
            (i32.const 7))))))");
    EXPECT_EQ(call<i32>(in, "f", 0), 7);
    EXPECT_EQ(call<i32>(in, "f", 1), 10);
    EXPECT_EQ(call<i32>(in, "f", 2), 7);
}

TEST_F(Interpreter, an_exception_crosses_instances_and_keeps_its_values) {
    add("a", R"((module (tag $e (export "e") (param i32 i64 f64)) (memory 1) (data (i32.const 0) "a")
      (func (export "throw") (throw $e (i32.const 3) (i64.const 40) (f64.const 500)))))");
    Instance b = load(store, R"((module (import "a" "e" (tag $e (param i32 i64 f64))) (import "a" "throw" (func $throw)) (memory 1) (data (i32.const 0) "b") (tag $other (param i32 i64 f64))
      (func (export "f") (result i64) (local i32 i64 f64)
        (block $h (result i32 i64 f64)
          (try_table (catch $other $h) (catch $e $h) (call $throw))
          unreachable)
        local.set 2 local.set 1 local.set 0
        (i64.add (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)) (i64.add (i64.trunc_f64_s (local.get 2)) (i64.load8_u (i32.const 0)))))))",
                      linker);
    EXPECT_EQ(call<i64>(b, "f"), 543 + 'b');
}

TEST_F(Interpreter, a_caught_exception_is_thrown_again_by_reference) {
    Instance in = load(store, R"((module (tag $e (param i32))
      (func (export "f") (param i32) (result i32)
        (block $outer (result i32)
          (try_table (catch $e $outer)
            (block $h (result i32 exnref)
              (try_table (catch_ref $e $h) (throw $e (local.get 0)))
              unreachable)
            throw_ref)
          unreachable))
      (func (export "null") (throw_ref (ref.null exn)))))");
    EXPECT_EQ(call<i32>(in, "f", 99), 99);
    EXPECT_EQ(trap_of<void>(in, "null"), "null exception reference");
}

TEST_F(Interpreter, a_clause_may_go_to_a_loop) {
    Instance in = load(store, R"((module (tag $e (param i32))
      (func (export "f") (param i32) (result i32) (local i32)
        (i32.const 0)
        (loop $l (param i32) (result i32)
          (local.set 1 (i32.add (local.get 1)))
          (try_table (catch $e $l)
            (if (local.get 0) (then (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (throw $e (i32.const 5)))))
          (local.get 1)))))");
    EXPECT_EQ(call<i32>(in, "f", 4), 20);
}

// ---- where a trap happened

TEST_F(Interpreter, a_backtrace_names_every_guest_function_with_its_offset) {
    auto bytes = wat(R"((module $name
      (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func $middle (param i32) (result i32) (local i32) (local.set 1 (i32.const 5)) (i32.add (call $divide (local.get 1) (local.get 0)) (i32.const 1)))
      (func $outer (export "f") (param i32) (result i32) (block (br_if 0 (local.get 0)) (drop (i32.const 1))) (call $middle (local.get 0)))))");
    Module m = value(Module::load(engine, bytes));
    Instance in = value(linker.instantiate(store, m));
    EXPECT_EQ(call<i32>(in, "f", 5), 2);
    EXPECT_EQ(trap_of<i32>(in, "f", 0), "integer divide by zero");
    const Trap& t = store.trap();
    ASSERT_EQ(t.backtrace.size(), 3u);
    const char* names[] = {"divide", "middle", "outer"};
    const u8 opcodes[] = {0x6d, 0x10, 0x10};
    for (u32 i = 0; i < 3; ++i) {
        EXPECT_EQ(t.backtrace[i].func_name, names[i]);
        EXPECT_EQ(t.backtrace[i].func_index, i);
        EXPECT_EQ(bytes[t.backtrace[i].module_offset], opcodes[i]) << i;
    }
}

TEST_F(Interpreter, deep_backtraces_keep_the_innermost_frames) {
    Instance in = load(store, R"((module (func $f (export "f") (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else unreachable)))))");
    EXPECT_EQ(trap_of<void>(in, "f", 999), "unreachable");
    EXPECT_EQ(store.trap().backtrace.size(), 64u);
    EXPECT_EQ(store.trap().omitted_frames, 1000u - 64u);
}

TEST_F(Interpreter, endless_recursion_exhausts_the_stack_whatever_the_frames_size) {
    Instance in = load(store, R"((module
      (func $small (export "small") (call $small))
      (func $large (export "large") (local v128 v128) (local i64 i64 i64 i64) (drop (i64.add (local.get 3) (i64.const 1))) (call $large))
      (func $results (export "results") (result i64 i64 i64 i64 i64 i64 i64 i64) (call $results))
      (type $t (func)) (table funcref (elem $indirect))
      (func $indirect (export "indirect") (call_indirect (type $t) (i32.const 0)))))");
    EXPECT_CONTAINS(trap_of<void>(in, "small"), "call stack exhausted");
    EXPECT_CONTAINS(trap_of<void>(in, "large"), "call stack exhausted");
    EXPECT_CONTAINS(trap_of<void>(in, "indirect"), "call stack exhausted");
}

}  // namespace
