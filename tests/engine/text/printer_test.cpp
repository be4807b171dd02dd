#include <gtest/gtest.h>

#include "support.hpp"

namespace heddle::text {
namespace {

std::string printed(std::string_view wat, const PrintOptions& options = {}, bool names = true) {
    auto bytes = assemble(wat, {.names = names});
    if (!bytes) return bytes.error().message;
    auto text = print(*bytes, options);
    return text ? *text : text.error().message;
}

constexpr const char* factorial = R"((module $math
  (func $fact (export "fact") (param $n i64) (result i64) (local $unused i32)
    (if (result i64) (i64.eqz (local.get $n))
      (then (i64.const 1))
      (else (i64.mul (local.get $n) (call $fact (i64.sub (local.get $n) (i64.const 1)))))))))";

TEST(Printer, flat_text_has_one_instruction_per_line) {
    EXPECT_EQ(printed(factorial), R"((module $math
  (type (;0;) (func (param i64) (result i64)))
  (export "fact" (func $fact))
  (func $fact (;0;) (type 0) (param $n i64) (result i64)
    (local $unused i32)
    local.get $n
    i64.eqz
    if (;@1;) (result i64)
      i64.const 1
    else
      local.get $n
      local.get $n
      i64.const 1
      i64.sub
      call $fact
      i64.mul
    end))
)");
}

TEST(Printer, folded_text_nests_operands) {
    EXPECT_EQ(printed(factorial, {.fold = true}), R"((module $math
  (type (;0;) (func (param i64) (result i64)))
  (export "fact" (func $fact))
  (func $fact (;0;) (type 0) (param $n i64) (result i64)
    (local $unused i32)
    (if (;@1;) (result i64)
      (i64.eqz (local.get $n))
      (then (i64.const 1))
      (else
        (i64.mul
          (local.get $n)
          (call $fact (i64.sub (local.get $n) (i64.const 1))))))))
)");
}

TEST(Printer, without_names_there_are_numbers) {
    std::string expected = "(module\n  (type (;0;) (func (param i32) (result i32)))\n  (func (;0;) (type 0) (param i32) (result i32)\n    local.get 0\n    call 0))\n";
    const char* text = "(module $m (func $f (param $x i32) (result i32) local.get $x call $f))";
    EXPECT_EQ(printed(text, {}, false), expected);
    EXPECT_EQ(printed(text, {.names = false}), expected);
}

TEST(Printer, names_that_are_no_identifiers_are_quoted_or_annotated) {
    std::string text = printed("(func $\"a b\") (func (@name \"a b\")) (func (@name \"\") (call 1))");
    EXPECT_NE(text.find("(func $\"a b\" (;0;)"), std::string::npos) << text;
    EXPECT_NE(text.find("(func (@name \"a b\") (;1;)"), std::string::npos) << text;
    EXPECT_NE(text.find("(func (@name \"\") (;2;)"), std::string::npos) << text;
    EXPECT_NE(text.find("call 1"), std::string::npos) << text;
}

// assemble ∘ print is the identity on what assemble makes.
TEST(Printer, printed_text_assembles_to_the_same_bytes) {
    const char* modules[] = {
        factorial,
        "(module)",
        "(module (@name \"\"))",
        "(type $f (func)) (rec (type $s (sub (struct (field $x (mut i32)) (field f64)))) (type $t (sub final $s (struct (field $x (mut i32)) (field f64) (field i8))))) (rec) "
        "(type (array (mut (ref null $s)))) (type (cont $f)) (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct)))",
        "(import \"m\" \"f\" (func $f (param $x i32))) (import \"m\" (item \"a\" (func)) (item \"b\" (global (mut i64)))) (import \"m\" (item \"c\") (item \"d\") (func (param $q i32))) "
        "(import \"m\" \"e\" (func (exact (param f32)))) (import \"\" \"\\00\\\"\" (memory i64 1 2 shared (pagesize 1))) (import \"t\" \"t\" (tag $t (param i32)))",
        "(table 1 funcref) (table $t i64 1 2 (ref func) (ref.func $f)) (func $f) (elem (i32.const 0) $f) (elem (table $t) (offset i64.const 0) (ref null func) (ref.func $f) "
        "(item ref.null func)) (elem $p func $f) (elem declare externref (ref.null extern)) (start $f) (func table.init $t $p (table.copy $t 0) table.get)",
        "(memory $a 1) (memory $b 1 2) (data (memory $b) (offset i32.const 1 i32.const 2 i32.add) \"\\00\\ff\\\"a\") (data $p \"x\") (data (offset) \"\") "
        "(func (memory.init $b $p (i32.const 0) (i32.const 0) (i32.const 1)) memory.copy $b $a memory.copy $a $a data.drop $p (v128.load8_lane $b offset=3 align=1 5) drop)",
        "(global f32 (f32.const nan:0x1)) (global $g (mut f64) (f64.const -0x1.8p-1000)) (global v128 (v128.const i64x2 -1 2)) (func (global.set $g (f64.const inf)))",
        "(tag $e) (type $c (cont 0)) (type (func)) (func $l (block $b (try_table (catch $e $b) (catch_all 0) (throw $e))) try $t catch $e rethrow $t catch_all end try delegate 0 "
        "(resume $c (on $e 0) (on $e switch) (ref.null $c)) (br_table 0 1 2 (i32.const 0)) select (result) select (result i32 i64))",
        "(func (param i32) (result i32) local.get 0 block (param i32) (result i32) br 0 end i32.const 1 i32.add (if (local.get 0) (then) (else)) unreachable i32.add)",
        "(@custom \"x\" (before first) \"1\") (@custom \"y\" (after code) \"2\\ff\") (@custom \"z\") (func (@metadata.code.branch_hint \"\\00\") (if (i32.const 0) (then)))",
        "(table 1 funcref) (type $t (func (param i32))) (func call_indirect 0 (type $t) call_indirect (type $t) ref.cast (ref null (exact $t)) br_on_cast_fail 0 anyref (ref i31))",
    };
    for (const char* text : modules)
        for (bool names : {false, true})
            for (bool fold : {false, true}) {
                auto bytes = assemble(text, {.names = names});
                ASSERT_TRUE(bytes) << text << ": " << bytes.error().message;
                auto printed = print(*bytes, {.fold = fold});
                ASSERT_TRUE(printed) << text << ": " << printed.error().message;
                auto again = assemble(*printed, {.names = true});
                ASSERT_TRUE(again) << *printed << again.error().message;
                EXPECT_EQ(hex(*again), hex(*bytes)) << text << "\n" << *printed;
            }
}

TEST(Printer, what_does_not_decode_is_malformed) {
    auto error = [](std::string_view digits) {
        auto r = print(unhex("0061736d01000000" + std::string(digits)));
        return r ? "fine" : r.error().message;
    };
    EXPECT_EQ(print(unhex("0061736d")).error().message, "unknown binary version");
    EXPECT_EQ(print(unhex("00")).error().message, "magic header not detected");
    EXPECT_EQ(error("01ff"), "unexpected end");
    EXPECT_EQ(error("0105"), "length out of bounds");
    EXPECT_EQ(error("030100" "030100"), "unexpected content after last section");
    EXPECT_EQ(error("0e00"), "malformed section id");
    EXPECT_EQ(error("03020100"), "function and code section have inconsistent lengths");
    EXPECT_EQ(error("010401600000" "03020100" "0a05010300" "050b"), "misplaced else");
    EXPECT_EQ(error("010401600000" "03020100" "0a05010300" "0b0b"), "instructions after the end of the body");
    EXPECT_EQ(error("010401600000" "03020100" "0a0a010801" "ffffffff0f7f0b"), "too many locals to print: more than 50000");
}

TEST(Printer, an_unreadable_name_section_stays_a_custom_section) {
    auto text = print(unhex("0061736d01000000" "000704" "6e616d65" "01ff"));
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("(@custom \"name\" (before first) \"\\01\\ff\")"), std::string::npos) << *text;
}

}  // namespace
}  // namespace heddle::text
