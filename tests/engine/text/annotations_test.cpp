#include <gtest/gtest.h>

#include "support.hpp"

namespace heddle::text {
namespace {

TEST(Annotations, names_are_written_when_asked_for) {
    const char* text = "(module $m (func $f (param $x i32) (local i64) (local $y i64)) (memory $mem 1))";
    EXPECT_EQ(section(text, 0), "none");
    EXPECT_EQ(section(text, 0, {.names = true}), "046e616d65" "0002016d" "0104010001" "66" "020901000200017802" "0179" "0606010003" "6d656d");
}

TEST(Annotations, a_name_annotation_is_always_written_and_wins) {
    EXPECT_EQ(section("(module $a (@name \"b\"))", 0), "046e616d65" "00020162");
    EXPECT_EQ(section("(func $f (@name \"g\"))", 0), "046e616d65" "0104010001" "67");
    EXPECT_EQ(error("(module (@name \"a\") (@name \"b\"))"), "@name annotation: multiple module");
    EXPECT_EQ(error("(module (func) (@name \"a\"))"), "misplaced @name annotation");
    EXPECT_EQ(error("(func (@name a))"), "@name annotation: unexpected token");
}

TEST(Annotations, custom_sections_go_where_they_are_told) {
    EXPECT_EQ(hex(assemble("(module (@custom \"z\" \"1\" \"2\") (@custom \"a\" (before type)) (@custom \"b\" (after type)) (type (func)))").value()),
              "0061736d01000000" "00020161" "010401600000" "00020162" "0004017a3132");
    EXPECT_EQ(hex(assemble("(module (@custom \"a\" (after last)) (@custom \"b\" (before first)))").value()), "0061736d01000000" "00020162" "00020161");
    EXPECT_EQ(error("(module (@custom))"), "@custom annotation: missing section name");
    EXPECT_EQ(error("(module (@custom \"a\" (before types)))"), "@custom annotation: malformed section kind");
    EXPECT_EQ(error("(module (@custom \"a\" (at type)))"), "@custom annotation: malformed placement");
    EXPECT_EQ(error("(func (@custom \"a\"))"), "misplaced @custom annotation");
    EXPECT_EQ(error("(module (@unknown anything (goes)))"), "fine");
}

TEST(Annotations, branch_hints_point_at_the_instruction) {
    const char* expected = "196d657461646174612e636f64652e6272616e63685f68696e74" "01" "00" "01" "03" "01" "01";
    EXPECT_EQ(section("(func i32.const 0 (@metadata.code.branch_hint \"\\01\") if end)", 0), expected);
    EXPECT_EQ(section("(func (@metadata.code.branch_hint \"\\01\") (if (i32.const 0) (then)))", 0), expected);
    EXPECT_EQ(section("(func (@metadata.code.branch_hint \"\\01\") (br_if 0 (i32.const 0)))", 0), expected);
    EXPECT_EQ(error("(func (@metadata.code.branch_hint \"\\01\") nop)"), "@metadata.code.branch_hint annotation: invalid target");
    EXPECT_EQ(assemble("(func (@metadata.code.branch_hint \"\\01\") nop)").error().kind, Error::Kind::invalid);
    EXPECT_EQ(error("(@metadata.code.branch_hint \"\\01\") (func)"), "@metadata.code.branch_hint annotation: not in a function");
    EXPECT_EQ(error("(func (@metadata.code.branch_hint \"\\02\") if end)"), "@metadata.code.branch_hint annotation: invalid value");
    EXPECT_EQ(error("(func (@metadata.code.branch_hint \"\\01\") (@metadata.code.branch_hint \"\\01\") if end)"),
              "@metadata.code.branch_hint annotation: duplicate annotation");
}

}  // namespace
}  // namespace heddle::text
