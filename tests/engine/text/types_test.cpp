#include <gtest/gtest.h>

#include "support.hpp"

namespace heddle::text {
namespace {

std::string types(std::string_view fields) { return section("(module " + std::string(fields) + ")", 1); }

TEST(Types, definitions_are_written_in_their_shortest_form) {
    EXPECT_EQ(types("(type (func (param $x i32) (param i64 f32) (result f64 v128)))"), "0160037f7e7d027c7b");
    EXPECT_EQ(types("(type (struct (field $a i8) (field (mut i16) (ref null 0))))"), "015f03780077016300" "00");
    EXPECT_EQ(types("(type (array (mut anyref)))"), "015e6e01");
    EXPECT_EQ(types("(type $f (func)) (type (cont $f))"), "026000005d00");
    EXPECT_EQ(types("(type (sub final (func)))"), "01600000");
    EXPECT_EQ(types("(type (sub (func)))"), "015000600000");
    EXPECT_EQ(types("(type $a (sub (struct))) (type (sub final $a (struct)))"), "0250005f004f01005f00");
    EXPECT_EQ(types("(rec)"), "014e00");
    EXPECT_EQ(types("(rec (type $a (struct (field (ref $b)))) (type $b (func)))"), "014e025f01640100600000");
    EXPECT_EQ(types("(rec (type $a (descriptor $b) (struct)) (type $b (sub (describes $a) (struct))))"), "014e024d015f0050004c005f00");
}

TEST(Types, every_reference_type_has_its_code) {
    EXPECT_EQ(types("(type (func (param funcref externref anyref eqref i31ref structref arrayref nullref nullfuncref nullexternref exnref nullexnref contref nullcontref)))"),
              "01600e706f6e6d6c6b6a71737269746875" "00");
    EXPECT_EQ(types("(type (func (param (ref null func) (ref func) (ref 5) (ref null (exact 5)))))"), "0160047064706405636205" "00");
}

TEST(Types, a_type_use_takes_the_first_simple_function_type_or_adds_one) {
    // Neither a struct, nor an open type, nor a member of a larger group will do.
    EXPECT_EQ(section("(type (struct)) (type (sub (func))) (rec (type (func)) (type (func))) (type (func)) (func)", 3), "0104");
    EXPECT_EQ(section("(rec (type (func))) (func)", 3), "0100");
    EXPECT_EQ(section("(func (param i32)) (func (result i32)) (func (param i32)) (type (struct))", 3), "03010201");
    EXPECT_EQ(types("(func (param i32)) (func (block (param i32) (result i32 i32))) (func (param f32))"), "0460017f0060000060017f027f7f60017d00");
}

TEST(Types, inline_types_must_match_the_type_they_stand_with) {
    EXPECT_EQ(error("(type $t (func (param i32))) (func (type $t) (param i32))"), "fine");
    EXPECT_EQ(error("(type $t (func (param i32))) (func (type $t))"), "fine");
    EXPECT_EQ(error("(type $t (func (param i32))) (func (type $t) (param i64))"), "inline function type");
    EXPECT_EQ(error("(type $t (func (param i32))) (func (type $t) (result i32))"), "inline function type");
    EXPECT_EQ(error("(type $t (struct)) (func (type $t) (param i32))"), "inline function type");
    EXPECT_EQ(error("(func (type 9) (param i32))"), "unknown type 9");
    EXPECT_EQ(error("(func (type $t))"), "unknown type $t");
    EXPECT_EQ(error("(func (type 9))"), "fine");   // for the validator
    EXPECT_EQ(error("(func (type 9) (local $x i32))"), "unknown type 9");
    EXPECT_EQ(error("(func (result i32) (param i32))"), "unexpected token param");
    EXPECT_EQ(error("(func (block (param $x i32)))"), "unexpected token $x");
}

TEST(Types, identifiers_are_unique_in_their_space) {
    EXPECT_EQ(error("(type $a (func)) (type $a (func))"), "duplicate type $a");
    EXPECT_EQ(error("(type (struct (field $x i32) (field $x i32)))"), "duplicate field $x");
    EXPECT_EQ(error("(func (param $x i32) (local $x i32))"), "duplicate local $x");
    EXPECT_EQ(error("(func $f) (func $f)"), "duplicate func $f");
    EXPECT_EQ(error("(func $f) (import \"\" \"\" (func $f))"), "duplicate func $f");
    EXPECT_EQ(error("(func $a) (global $a i32 (i32.const 0)) (memory $a 1) (table $a 1 funcref) (type $a (func))"), "fine");
    EXPECT_EQ(error("(func $\"a\" (call $a)) (func $b (call $\"\\62\"))"), "fine");
}

}  // namespace
}  // namespace heddle::text
