// What the translator must get right: values in accumulators, slots, locals and constants at every kind of merge; fused comparisons and
// addresses; frames too large for 16-bit slots; deterministic fuel and offsets.
#include "translate.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "code.hpp"
#include "support/two_ways.hpp"
#include "support/validation.hpp"
#include "support/wasm.hpp"

using namespace heddle;
using namespace heddle::test;

namespace {

class Translate : public ::testing::Test {
protected:
    Engine engine;
    Store store{engine};
    Instance in;

    void code(const std::string& body) { in = load(store, "(module " + body + ")"); }
    template <class R, class... A>
    R run(A... args) {
        return call<R>(in, "f", args...);
    }
};

// ---- locals and their aliases on the operand stack

TEST_F(Translate, a_local_read_before_it_is_set_keeps_its_old_value) {
    code("(func (export \"f\") (param i32) (result i32) local.get 0 (local.set 0 (i32.add (local.get 0) (i32.const 1))) local.get 0 i32.sub)");
    EXPECT_EQ(run<i32>(41), -1);
}

TEST_F(Translate, a_tee_under_an_alias_keeps_both_values) {
    code("(func (export \"f\") (param i32) (result i32) local.get 0 (local.tee 0 (i32.mul (local.get 0) (i32.const 10))) i32.add local.get 0 i32.add)");
    EXPECT_EQ(run<i32>(3), 3 + 30 + 30);
}

TEST_F(Translate, an_alias_survives_a_branch_around_the_set) {
    code(R"((func (export "f") (param i32 i32) (result i32)
      local.get 0
      block
        local.get 1
        br_if 0
        (local.set 0 (i32.const 100))
      end
      local.get 0
      i32.add))");
    EXPECT_EQ(run<i32>(7, 1), 14);
    EXPECT_EQ(run<i32>(7, 0), 107);
}

TEST_F(Translate, locals_are_swapped_over_the_operand_stack) {
    code("(func (export \"f\") (param i32 i32) (result i32) local.get 0 local.get 1 local.set 0 local.set 1 (i32.sub (local.get 0) (local.get 1)))");
    EXPECT_EQ(run<i32>(10, 3), -7);
}

TEST_F(Translate, a_vector_local_read_before_it_is_set_keeps_its_old_value) {
    code(R"((func (export "f") (param i32) (result i32) (local v128)
      (local.set 1 (i32x4.splat (local.get 0)))
      local.get 1
      (local.set 1 (i32x4.add (local.get 1) (local.get 1)))
      (i32x4.sub (local.get 1))
      i32x4.extract_lane 2))");
    EXPECT_EQ(run<i32>(5), -5);
}

// ---- vectors in the accumulator

TEST_F(Translate, a_vector_waits_while_another_is_computed) {
    code(R"((func (export "f") (param $x i32) (result i32) (local $v v128)
      (local.set $v (i32x4.splat (local.get $x)))
      (i32x4.extract_lane 1
        (i32x4.sub
          (i32x4.add (local.get $v) (v128.const i32x4 1 2 3 4))
          (i32x4.mul (i32x4.shl (local.get $v) (i32.const 2)) (i32x4.splat (i32.sub (local.get $x) (i32.const 1))))))))");
    EXPECT_EQ(run<i32>(7), 9 - 28 * 6);
}

TEST_F(Translate, a_vector_is_squared_shifted_and_stored_from_the_accumulator) {
    code(R"((memory 1)
      (func (export "f") (param $x i32) (result i64) (local $v v128)
        (v128.store offset=4 (i32.add (local.get $x) (i32.const 8))
          (i32x4.mul (local.tee $v (i32x4.splat (local.get $x))) (local.get $v)))
        (v128.store (i32.const 100) (i16x8.replace_lane 3 (v128.load offset=12 (local.get $x)) (i32.const -2)))
        (v128.store64_lane offset=60 1 (local.get $x) (i64x2.shl (v128.load (i32.const 100)) (i32.const 65)))
        (v128.store (i32.const 200) (v128.load16_lane offset=12 7 (local.get $x) (i32x4.neg (v128.load (i32.const 100)))))
        (i64.add (i64.load (i32.const 100)) (i64.add (i64.load offset=60 (local.get $x)) (i64.load (i32.const 208))))))");
    u64 squares = 25 | u64(25) << 32, replaced = (squares & 0xffffffffffff) | u64(0xfffe) << 48;
    u64 negated = u32(-25) | u64(25) << 48 | u64(u16(-25)) << 32;
    EXPECT_EQ(run<u64>(5), replaced + squares * 2 + negated);
}

TEST_F(Translate, shuffles_of_one_vector_and_of_two) {
    code(R"((func (export "f") (param $x i32) (param $y i32) (result i64) (local $v v128) (local $w v128)
      (local.set $v (i32x4.add (i32x4.splat (local.get $x)) (v128.const i32x4 0 1 2 3)))
      (local.set $w (i32x4.splat (local.get $y)))
      (i64x2.extract_lane 0
        (i64x2.add
          (i64x2.add
            (i8x16.shuffle 4 5 6 7 12 13 14 15 0 1 2 3 8 9 10 11 (local.get $v) (local.get $v))
            (i8x16.shuffle 12 13 14 15 12 13 14 15 0 0 0 0 0 0 0 0 (i32x4.add (local.get $v) (local.get $w)) (i32x4.neg (local.get $w))))
          (i64x2.add
            (i8x16.shuffle 28 29 30 31 16 16 16 16 16 16 16 16 16 16 16 16 (i32x4.neg (local.get $w)) (local.get $v))
            (i8x16.shuffle 0 1 2 3 20 21 22 23 0 0 0 0 0 0 0 0 (i32x4.sub (local.get $v) (local.get $w)) (local.get $w)))))))");
    auto pair = [](u32 low, u32 high) { return low | u64(high) << 32; };
    u32 x = 1000, y = 10;
    u64 spread = pair(x + 3, (x & 0xff) * 0x01010101);
    EXPECT_EQ(run<u64>(i32(x), i32(y)), pair(x + 1, x + 3) + pair(x + 3 + y, x + 3 + y) + spread + pair(x - y, y));
}

TEST_F(Translate, vectors_wait_across_selects_globals_and_merges) {
    code(R"((global $g (mut v128) (v128.const i32x4 1 2 3 4))
      (func (export "f") (param $x i32) (result i32) (local $v v128)
        (local.set $v (i32x4.splat (local.get $x)))
        (global.set $g (i32x4.add (global.get $g) (local.get $v)))
        (i32x4.extract_lane 2
          (i32x4.add
            (select (i32x4.add (local.get $v) (local.get $v)) (global.get $g) (i32.and (local.get $x) (i32.const 1)))
            (block $b (result v128)
              (drop (br_if $b (i32x4.neg (local.get $v)) (i32.gt_s (local.get $x) (i32.const 10))))
              (i32x4.mul (global.get $g) (local.get $v)))))))");
    EXPECT_EQ(run<i32>(3), 6 + 6 * 3);
    EXPECT_EQ(run<i32>(4), (6 + 4) + (6 + 4) * 4);
    EXPECT_EQ(run<i32>(11), 22 - 11);
}

// ---- merges

TEST_F(Translate, a_block_gives_a_value_from_every_source) {
    code(R"((func (export "f") (param i32 i32) (result i32)
      (block $b (result i32)
        (if (i32.eq (local.get 0) (i32.const 0)) (then (br $b (i32.const 77))))
        (if (i32.eq (local.get 0) (i32.const 1)) (then (br $b (local.get 1))))
        (if (i32.eq (local.get 0) (i32.const 2)) (then (br $b (i32.add (local.get 1) (i32.const 1)))))
        (drop (br_if $b (i32.mul (local.get 1) (i32.const 2)) (i32.eq (local.get 0) (i32.const 3))))
        (i32.sub (i32.const 0) (local.get 1)))))");
    const i32 expected[] = {77, 5, 6, 10, -5};
    for (i32 i = 0; i < 5; ++i) EXPECT_EQ(run<i32>(i, 5), expected[i]) << i;
}

TEST_F(Translate, a_loop_swaps_its_parameters) {
    code(R"((func (export "f") (param $n i32) (result i32) (local $a i32) (local $b i32)
      i32.const 1000
      i32.const 1
      (loop $l (param i32 i32) (result i32)
        local.set $b
        local.set $a
        local.get $b
        local.get $a
        (local.tee $n (i32.sub (local.get $n) (i32.const 1)))
        br_if $l
        i32.sub)))");
    EXPECT_EQ(run<i32>(1), 1 - 1000);
    EXPECT_EQ(run<i32>(2), 1000 - 1);
    EXPECT_EQ(run<i32>(7), 1 - 1000);
}

TEST_F(Translate, results_may_lie_over_the_callees_record) {
    code(R"((func $five (result i32 i32 i32 i32 i32) i32.const 1 i32.const 20 i32.const 300 i32.const 4000 i32.const 50000)
      (func $swap (param i32 i64) (result i64 i32) local.get 1 local.get 0)
      (func (export "f") (result i32) (local i32)
        (call $swap (i32.const 3) (i64.const 600000))
        local.set 0 i32.wrap_i64 local.get 0 i32.add
        call $five i32.add i32.add i32.add i32.add i32.add))");
    EXPECT_EQ(run<i32>(), 654324);
}

TEST_F(Translate, a_conditional_branch_leaves_the_values_it_did_not_take) {
    code(R"((func (export "f") (param i32) (result i32)
      i32.const 1
      (block $b (result i32 i32 f64)
        i32.const 9
        i32.const 100
        i32.const 20
        f64.const 3
        (br_if $b (local.get 0))
        drop drop drop drop
        i32.const 4
        i32.const 5
        f64.const 6)
      i32.trunc_f64_s i32.add i32.add i32.add))");
    EXPECT_EQ(run<i32>(1), 1 + 100 + 20 + 3);
    EXPECT_EQ(run<i32>(0), 1 + 4 + 5 + 6);
}

TEST_F(Translate, many_values_travel_in_one_block) {
    std::string results, values, adds;
    for (int i = 0; i < 40; ++i) {
        results += " i64";
        values += "(i64.add (local.get 1) (i64.const " + std::to_string(i * i) + "))";
    }
    for (int i = 0; i < 39; ++i) adds += " i64.add";
    code("(func $many (param i32 i64) (result" + results + ") i64.const 7 (block $b (result" + results + ") i64.const 5 " + values +
         " (br_if $b (local.get 0)) " + std::string("drop drop i64.const 1000 i64.const 2000 br $b) ") + "br 0)" +
         "(func (export \"f\") (param i32 i64) (result i64) (call $many (local.get 0) (local.get 1))" + adds + ")");
    i64 sum = 0;
    for (int i = 0; i < 40; ++i) sum += 10 + i * i;
    EXPECT_EQ((run<i64>(1, i64(10))), sum);
    EXPECT_EQ((run<i64>(0, i64(10))), sum - (10 + 39 * 39) - (10 + 38 * 38) + 3000);
}

TEST_F(Translate, an_if_without_else_passes_its_parameters_on) {
    code("(func (export \"f\") (param i32) (result i32) i32.const 5 (local.get 0) (if (param i32) (result i32) (then i32.const 2 i32.mul)))");
    EXPECT_EQ(run<i32>(0), 5);
    EXPECT_EQ(run<i32>(1), 10);
}

TEST_F(Translate, both_arms_of_an_if_take_the_same_parameters) {
    code(R"((func (export "f") (param i32) (result i32)
      (i32.add (local.get 0) (i32.const 1)) local.get 0 (local.get 0)
      (if (param i32 i32) (result i32) (then i32.mul) (else i32.sub))))");
    EXPECT_EQ(run<i32>(6), 42);
    EXPECT_EQ(run<i32>(0), 1);
}

TEST_F(Translate, a_branch_table_carries_values_to_labels_of_different_height) {
    code(R"((func (export "f") (param i32) (result i32)
      i32.const 1000
      (block $a (result i32)
        i32.const 1
        (block $b (result i32)
          i32.const 2
          (block $c (result i32)
            i32.const 3
            (br_table $c $b $a $c (i32.const 50) (local.get 0)))
          i32.add i32.const 100 i32.add)
        i32.add i32.const 10000 i32.add)
      i32.add))");
    EXPECT_EQ(run<i32>(0), 1000 + 1 + 2 + 50 + 100 + 10000);
    EXPECT_EQ(run<i32>(1), 1000 + 1 + 50 + 10000);
    EXPECT_EQ(run<i32>(2), 1000 + 50);
    EXPECT_EQ(run<i32>(3), 1000 + 1 + 2 + 50 + 100 + 10000);
    EXPECT_EQ(run<i32>(-1), 1000 + 1 + 2 + 50 + 100 + 10000);
}

TEST_F(Translate, unreachable_code_is_skipped_with_everything_in_it) {
    code(R"((func (export "f") (result i32)
      (block $b (result i32)
        (br $b (i32.const 4))
        (loop (br_table 0 0 0 (i32.const 2)))
        (block (try_table (catch_all 0) (throw 0)))
        (if (then unreachable) (else (drop (i32.add (i32.const 1) (i32.const 2)))))
        unreachable)) (tag))");
    EXPECT_EQ(run<i32>(), 4);
}

// ---- fusion

TEST_F(Translate, comparisons_with_nan_are_not_turned_round) {
    code(R"((func (export "f") (param f64 f64) (result i32) (local i32)
      (if (f64.lt (local.get 0) (local.get 1)) (then (local.set 2 (i32.or (local.get 2) (i32.const 1)))))
      (if (i32.eqz (f64.lt (local.get 0) (local.get 1))) (then (local.set 2 (i32.or (local.get 2) (i32.const 2)))))
      (block (br_if 0 (i32.eqz (f64.ge (local.get 0) (local.get 1)))) (local.set 2 (i32.or (local.get 2) (i32.const 4))))
      (block (br_if 0 (i32.eqz (i32.eqz (f64.ge (local.get 0) (f64.const 1))))) (local.set 2 (i32.or (local.get 2) (i32.const 8))))
      (local.get 2)))");
    const f64 nan = std::numeric_limits<f64>::quiet_NaN();
    EXPECT_EQ((run<i32>(1.0, 2.0)), 1);
    EXPECT_EQ((run<i32>(2.0, 1.0)), 2 | 4);
    EXPECT_EQ((run<i32>(nan, 1.0)), 2 | 8);
    EXPECT_EQ((run<i32>(0.5, nan)), 2 | 8);
}

TEST_F(Translate, a_comparison_used_twice_is_computed) {
    code("(func (export \"f\") (param i32) (result i32) (local i32) (local.tee 1 (i32.lt_s (local.get 0) (i32.const 3))) (if (result i32) (then (i32.add (local.get 1) (i32.const 10))) (else (local.get 1))))");
    EXPECT_EQ(run<i32>(2), 11);
    EXPECT_EQ(run<i32>(3), 0);
}

TEST_F(Translate, select_takes_every_mix_of_operands) {
    code(R"((func (export "f") (param i32 i64) (result i64)
      (select (i64.add (local.get 1) (i64.const 1)) (i64.const 5) (i32.const 1))
      (select (i64.const 100) (local.get 1) (i32.gt_s (local.get 0) (i32.const 0))) i64.add
      (select (i64.mul (local.get 1) (i64.const 3)) (i64.mul (local.get 1) (i64.const 5)) (local.get 0)) i64.add
      (select (i64.const 1000) (i64.const 2000) (i32.and (local.get 0) (i32.const 2))) i64.add
      (select (i64.const 0x100000000) (i64.const 65536) (i32.eqz (local.get 0))) i64.add))");
    EXPECT_EQ((run<i64>(1, i64(10))), 11 + 100 + 30 + 2000 + 65536);
    EXPECT_EQ((run<i64>(2, i64(10))), 11 + 100 + 30 + 1000 + 65536);
    EXPECT_EQ((run<i64>(0, i64(10))), 11 + 10 + 50 + 2000 + 0x100000000);
}

TEST_F(Translate, constants_wider_than_a_cell_holds_reach_every_operation) {
    code(R"((func (export "f") (param i64) (result i64)
      (i64.add (i64.const 0x123456789abcdef0) (local.get 0))
      (i64.const 0x0fedcba987654321) i64.xor
      (i64.sub (i64.const -0x8000000000000000) (i64.mul (local.get 0) (i64.const 0x7fffffff00000001))) i64.add
      (i64.sub (local.get 0) (i64.const -2147483648)) i64.add
      (i64.extend_i32_u (i64.lt_u (i64.const 0xffffffff) (i64.const 0xffffffffffffffff))) i64.add))");
    u64 x = 77;
    u64 expected = ((0x123456789abcdef0 + x) ^ 0x0fedcba987654321) + (0x8000000000000000 - x * 0x7fffffff00000001) + (x + 2147483648u) + 1;
    EXPECT_EQ(u64(run<i64>(i64(x))), expected);
}

TEST_F(Translate, addresses_are_folded_without_losing_their_wrap) {
    code(R"((memory 1) (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09\0a\0b\0c\0d\0e\0f\10\11\12\13")
      (func (export "f") (param i32 i32) (result i32) (local i32)
        (i32.load8_u (i32.add (local.get 0) (local.get 1)))
        (i32.load8_u offset=2 (i32.add (local.get 0) (i32.const -4))) i32.add
        (i32.load8_u (i32.add (i32.shl (local.get 1) (i32.const 0)) (local.get 0))) i32.add
        (i32.load16_u (i32.add (local.get 0) (i32.shl (i32.add (local.get 1) (i32.const 1)) (i32.const 1)))) i32.add
        (i32.store8 offset=1 (i32.add (local.get 0) (local.get 1)) (i32.const 0xff))
        (i32.load8_u offset=1 (i32.add (local.get 1) (local.get 0))) i32.add))");
    EXPECT_EQ((run<i32>(5, 3)), 8 + 3 + 8 + (13 | 14 << 8) + 0xff);
    code(R"((memory 1) (data (i32.const 0) "\00\01\02\03\04\05\06\07\08\09")
      (func (export "sum") (param i32 i32) (result i32) (i32.load8_u (i32.add (local.get 0) (local.get 1))))
      (func (export "below") (param i32) (result i32) (i32.load8_u offset=2 (i32.add (local.get 0) (i32.const -4)))))");
    EXPECT_EQ((call<i32>(in, "sum", -3, 8)), 5);
    EXPECT_EQ((call<i32>(in, "below", 4)), 2);
    EXPECT_EQ((trap_of<i32>(in, "below", 3)), "out of bounds memory access");
}

TEST_F(Translate, an_address_and_its_offset_do_not_wrap) {
    code("(memory 1) (func (export \"f\") (param i32) (result i32) (i32.load offset=0xffffffff (local.get 0)))");
    EXPECT_EQ(trap_of<i32>(in, "f", 1), "out of bounds memory access");
    EXPECT_EQ(trap_of<i32>(in, "f", 0), "out of bounds memory access");
    code("(memory 1) (func (export \"f\") (result i32) (i32.load offset=0xffffffff (i32.const 0xffffffff)))");
    EXPECT_EQ(trap_of<i32>(in, "f"), "out of bounds memory access");
    code("(memory 1) (func (export \"f\") (param i32) (i32.store offset=0xffffffff (i32.const 0xffffffff) (i32.mul (local.get 0) (local.get 0))))");
    EXPECT_EQ(trap_of<void>(in, "f", 3), "out of bounds memory access");
}

TEST_F(Translate, values_of_every_class_survive_each_other) {
    code(R"((func (export "f") (param i32 f32 f64) (result f64)
      (i32.mul (local.get 0) (i32.const 3))
      (f32.mul (local.get 1) (f32.const 2))
      (f64.mul (local.get 2) (f64.const 5))
      (f64.add (f64.convert_i32_s (i32.add (local.get 0) (i32.const 1))))
      (local.set 2)
      f64.promote_f32 (local.set 2 (f64.add (local.get 2)))
      f64.convert_i32_s (f64.add (local.get 2))))");
    EXPECT_EQ((run<f64>(7, f32(1.5), 100.0)), 21 + 3 + 500 + 8);
}

// ---- wide frames

// Locals of every class beyond slot 65,535, between calls, branches and loops.
TEST_F(Translate, frames_too_large_for_16_bit_slots_work) {
    Config config;
    config.max_stack_bytes = 4 << 20;
    Engine big(config);
    Store s(big);
    std::string filler;
    for (int i = 0; i < 33000; ++i) filler += " v128";
    Instance w = load(s, R"((module (memory 1) (global $g (mut f32) (f32.const 1)) (tag $e (param i32 i64))
      (type $two (func (param i32 i64) (result i64 i32)))
      (table funcref (elem $swap))
      (func $swap (type $two) local.get 1 local.get 0)
      (func $even (param i32) (result i32) (local)" + filler + R"() (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1)) (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
      (func $odd (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0)) (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "parity") (param i32) (result i32) (call $even (local.get 0)))
      (func (export "f") (param $n i32) (result i64) (local)" + filler + R"() (local $i i32) (local $sum i64) (local $d f64) (local $s f32) (local $v v128)
        (loop $l
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $i))))
          (local.set $d (f64.add (local.get $d) (f64.const 0.5)))
          (local.set $s (f32.add (local.get $s) (global.get $g)))
          (local.set $v (i32x4.add (local.get $v) (i32x4.splat (local.get $i))))
          (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $i))
          (br_if $l (i32.lt_s (local.get $i) (local.get $n))))
        (local.set $sum (i64.add (local.get $sum) (i64.trunc_f64_s (local.get $d))))
        (local.set $sum (i64.add (local.get $sum) (i64.trunc_f32_s (local.get $s))))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (i32x4.extract_lane 3 (local.get $v)))))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (i32.load (i32.shl (local.get $n) (i32.const 2))))))
        (call_indirect (type $two) (local.get $n) (local.get $sum) (i32.const 0))
        (local.set $i)
        (i64.add (i64.extend_i32_s (local.get $i)))
        (select (i64.const 1) (i64.const 2) (i32.and (local.get $i) (i32.const 1)))
        i64.add
        (block $h (result i32 i64)
          (try_table (catch $e $h) (throw $e (local.get $i) (local.get $sum)))
          unreachable)
        (local.set $sum)
        drop
        (local.get $sum) i64.add
        (block $out (param i64) (result i64)
          (i64.const 11) i64.add
          (br_if $out (local.get $n))
          drop
          (i64.const 0))
        (i64.const 0x1000000000) i64.add
      )))");
    i64 sum = 55 + 5 + 10 + 55 + 10;
    EXPECT_EQ((call<i64>(w, "f", 10)), sum + 10 + 2 + sum + 11 + 0x1000000000);
    EXPECT_EQ((call<i32>(w, "parity", 1000)), 1);
    EXPECT_EQ((call<i32>(w, "parity", 1001)), 0);
}

TEST_F(Translate, an_operand_stack_of_seventy_thousand_values_works) {
    Config config;
    config.max_stack_bytes = 4 << 20;
    Engine big(config);
    Store s(big);
    std::string body;
    for (int i = 0; i < 70000; ++i) body += "(i32.add (local.get 0) (i32.const " + std::to_string(i % 100) + "))";
    for (int i = 0; i < 69999; ++i) body += " i32.add";
    Instance w = load(s, "(module (func (export \"f\") (param i32) (result i32)" + body + "))");
    EXPECT_EQ((call<i32>(w, "f", 2)), 2 * 70000 + 700 * 4950);
}

// Cells hold 32 bits of the offset behind an access; what does not fit goes another way.
TEST_F(Translate, accesses_reach_the_last_byte_of_the_largest_memory_by_their_offset_alone) {
    std::string body = "(memory 65536) (func (export \"f\") (param $p i32) (result i64) (local $sum i64)";
    for (u64 offset : {0xffffffef, 0xfffffff0, 0xfffffff7, 0xfffffff8}) {
        std::string at = " offset=" + std::to_string(offset) + " (local.get $p)";
        body += "(i64.store" + at + " (i64.const " + std::to_string(offset & 0xff) + ")) (local.set $sum (i64.add (local.get $sum) (i64.load" + at + ")))";
    }
    code(body + "(i64.store8 offset=4294967295 (local.get $p) (i64.const 7)) (i64.add (local.get $sum) (i64.load8_u offset=4294967295 (local.get $p))))");
    EXPECT_EQ((run<i64>(0)), 0xef + 0xf0 + 0xf7 + 0xf8 + 7);
    EXPECT_EQ((trap_of<i64>(in, "f", 1)), "out of bounds memory access");
    code("(memory 65536) (func (export \"f\") (result i32) (i32.load16_u offset=4294967295 (i32.const 0)))");
    EXPECT_EQ((trap_of<i32>(in, "f")), "out of bounds memory access");
    code("(memory 1) (func (export \"f\") (param i32) (result i64) (i64.load offset=65528 (local.get 0)))");
    EXPECT_EQ((run<i64>(0)), 0);
    EXPECT_EQ((trap_of<i64>(in, "f", 1)), "out of bounds memory access");
    EXPECT_EQ((trap_of<i64>(in, "f", -1)), "out of bounds memory access");
}

TEST(TwoWays, random_functions_do_the_same_with_and_without_folding) {
    u64 state = 88172645463325252;
    auto next = [&] {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return u8(state >> 32);
    };
    for (u32 i = 0; i < 1500; ++i) {
        std::vector<u8> choices(20 + i % 400);
        for (u8& c : choices) c = next();
        ASSERT_EQ(difference(choices), "") << "module " << i;
    }
}

// ---- what the numbers of cells must not depend on

TEST_F(Translate, translating_again_gives_the_same_cells) {
    Checked c = validated(R"((module (memory 1) (func (param i32) (result i32)
      (block (br_if 0 (i32.lt_s (i32.add (local.get 0) (i32.const 1)) (i32.const 4))) (local.set 0 (i32.load (i32.add (local.get 0) (i32.const 8)))))
      (i32.div_u (i32.const 1000) (local.get 0)))))");
    ASSERT_TRUE(c.fine());
    c.module->storage = std::make_unique<CodeStorage>(CodeOptions{});
    FuncCode code;
    code.module = c.module.get();
    auto first = cell_offsets(code), second = cell_offsets(code);
    ASSERT_FALSE(first.empty());
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].cell, second[i].cell);
        EXPECT_EQ(first[i].offset, second[i].offset);
        if (i) { EXPECT_LT(first[i - 1].cell, first[i].cell); }
    }
}

TEST_F(Translate, fuel_is_the_same_for_the_same_work) {
    Config config;
    config.metering = true;
    Engine metered(config);
    auto spent = [&](i32 n) {
        Store s(metered);
        s.set_fuel(1'000'000);
        Instance w = load(s, R"((module (memory 1) (func (export "f") (param i32)
          (loop (local.set 0 (i32.sub (local.get 0) (i32.const 1))) (br_if 0 (local.get 0)))
          (memory.fill (i32.const 0) (i32.const 1) (i32.const 6400)))))");
        call<void>(w, "f", n);
        return 1'000'000 - s.fuel();
    };
    u64 once = spent(1), twice = spent(2);
    EXPECT_EQ(spent(1), once);
    EXPECT_GT(twice, once);
    EXPECT_EQ(spent(1001) - once, 1000 * (twice - once));
    EXPECT_GE(once, 100u) << "filling is priced by its size";
}

}  // namespace
