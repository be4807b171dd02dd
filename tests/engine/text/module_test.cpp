#include <gtest/gtest.h>

#include "support.hpp"

namespace heddle::text {
namespace {

TEST(Module, text_becomes_bytes) {
    EXPECT_EQ(hex(assemble("(module)").value()), "0061736d01000000");
    EXPECT_EQ(hex(assemble("").value()), "0061736d01000000");
    EXPECT_EQ(hex(assemble("(module $m (func (export \"f\") (result i32) i32.const 7))").value()),
              "0061736d01000000" "0105016000017f" "03020100" "0705010166" "0000" "0a0601040041070b");
    EXPECT_EQ(assemble("(module binary \"\\00asm\" \"\\01\\00\\00\\00\")").value(), assemble("(module)").value());
    EXPECT_EQ(assemble("(module quote \"(func)\" \"(memory 1)\")").value(), assemble("(func) (memory 1)").value());
    EXPECT_EQ(error("(module) (module)"), "unexpected token (");
    EXPECT_EQ(error("(module"), "unexpected end");
    EXPECT_EQ(error("(module))"), "unexpected token )");
    EXPECT_EQ(error("(foo)"), "unknown operator foo");
}

TEST(Module, neighbouring_locals_of_one_type_share_an_entry) {
    EXPECT_EQ(section("(func (local i32 i32) (local $x i32) (local i64) (local i32))", 10), "01080303" "7f017e017f0b");
}

TEST(Module, imports_come_before_definitions) {
    EXPECT_EQ(section("(import \"a\" \"b\" (func $f (param i32))) (memory (import \"c\" \"d\") 1 2)", 2), "020161016200000163016402010102");
    EXPECT_EQ(error("(func) (import \"\" \"\" (memory 1))"), "import after function");
    EXPECT_EQ(error("(memory 1) (func (import \"\" \"\"))"), "import after memory");
    EXPECT_EQ(error("(global i32 (i32.const 0)) (import \"\" \"\" (func))"), "import after global");
    EXPECT_EQ(error("(table 1 funcref) (import \"\" \"\" (func))"), "import after table");
    EXPECT_EQ(error("(tag) (import \"\" \"\" (func))"), "import after tag");
}

TEST(Module, compact_imports_group_items) {
    EXPECT_EQ(section("(import \"m\" (item \"a\" (func)) (item \"b\" (memory 1)))", 2), "01016d007f02016100000162020001");
    EXPECT_EQ(section("(import \"m\" (item \"a\") (item \"b\") (global i32))", 2), "01016d007e037f000201610162");
    EXPECT_EQ(section("(import \"m\" (item \"a\") (item \"b\") (func)) (func $f) (start $f)", 8), "02");
    EXPECT_EQ(error("(import \"m\" (item \"a\") (func $f))"), "identifier not allowed");
}

TEST(Module, inline_exports_and_segments_are_abbreviations) {
    EXPECT_EQ(section("(func $f (export \"a\") (export \"b\"))", 7), "02016100000162" "0000");
    EXPECT_EQ(section("(table $t funcref (elem $f $f)) (func $f)", 4), "01700102" "02");
    EXPECT_EQ(section("(table $t funcref (elem $f $f)) (func $f)", 9), "010041000b020000");
    EXPECT_EQ(section("(table i64 (ref null 0) (elem $f)) (type (func)) (func $f)", 9), "0106" "0042000b6300" "01d2000b");
    EXPECT_EQ(section("(memory (data \"ab\" \"c\"))", 5), "01010101");
    EXPECT_EQ(section("(memory (data \"ab\" \"c\"))", 11), "010041000b03616263");
    EXPECT_EQ(section("(memory (pagesize 1) (data \"abc\"))", 5), "0109030300");
    EXPECT_EQ(section("(memory (data \"\"))", 5), "01010000");
}

TEST(Module, limits_say_address_type_sharing_and_page_size) {
    EXPECT_EQ(section("(memory 1)", 5), "010001");
    EXPECT_EQ(section("(memory i64 1 2)", 5), "01050102");
    EXPECT_EQ(section("(memory 1 2 shared)", 5), "01030102");
    EXPECT_EQ(section("(memory 1 (pagesize 65536))", 5), "01080110");
    EXPECT_EQ(section("(memory i64 0x1_0000_0000_0000)", 5), "010480808080808040");
    EXPECT_EQ(error("(memory 1 (pagesize 3))"), "invalid custom page size");
    EXPECT_EQ(error("(memory 0x1_0000_0000_0000_0000)"), "i64 constant out of range");
    EXPECT_EQ(section("(table 1 (ref func) (ref.func 0))", 4), "01400064700001d2000b");
}

TEST(Module, segments_take_the_shortest_encoding) {
    const char* cases[][2] = {
        {"(elem (i32.const 0) $f)", "010041000b0100"},
        {"(elem (offset i32.const 0) func $f)", "010041000b0100"},
        {"(elem func $f)", "0101000100"},
        {"(elem (table 1) (i32.const 0) func $f)", "01020141000b000100"},
        {"(elem declare func $f)", "0103000100"},
        {"(elem (i32.const 0) funcref (ref.func $f) (item ref.null func))", "010441000b02d2000bd0700b"},
        {"(elem externref)", "01056f00"},
        {"(elem (i32.const 0) externref (ref.null extern))", "01060041000b6f01d06f0b"},
        {"(elem declare funcref (ref.func 0))", "01077001d2000b"},
        {"(elem 0 (i32.const 0) $f)", "010041000b0100"},
    };
    for (auto& [text, bytes] : cases) EXPECT_EQ(section("(func $f) (table 1 funcref) (table 1 funcref) " + std::string(text), 9), bytes) << text;
    EXPECT_EQ(section("(memory 1) (memory 1) (data (memory 1) (i32.const 1) \"x\")", 11), "01020141010b0178");
    EXPECT_EQ(section("(data $d \"\\ff\")", 11), "010101ff");
}

TEST(Module, a_data_count_is_written_when_code_needs_it) {
    EXPECT_EQ(section("(data \"\") (func data.drop 0)", 12), "01");
    EXPECT_EQ(section("(data \"\") (func)", 12), "none");
}

TEST(Module, there_is_one_start) {
    EXPECT_EQ(section("(func $f) (start $f)", 8), "00");
    EXPECT_EQ(error("(func $f) (start $f) (start $f)"), "multiple start sections");
}

TEST(Module, names_are_utf8) {
    EXPECT_EQ(error("(func (export \"\\ff\"))"), "malformed UTF-8 encoding");
    EXPECT_EQ(section("(func (export \"\\u{e9}\"))", 7), "0102c3a90000");
}

TEST(Module, an_error_says_where_it_is) {
    std::string text = "(module\n  (func\n    i32.foo))";
    auto r = assemble(text);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::syntax);
    EXPECT_EQ(r.error().offset, 20u);
    Position p = line_column(text, r.error().offset);
    EXPECT_EQ(p.line, 3u);
    EXPECT_EQ(p.column, 5u);
    EXPECT_EQ(describe(text, r.error()), "3:5: syntax: unknown operator i32.foo");
    EXPECT_EQ(line_column(text, 10'000).line, 3u);
}

}  // namespace
}  // namespace heddle::text
