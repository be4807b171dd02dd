#include <thread>

#include "support/validation.hpp"

namespace heddle {
namespace {

using test::check;
using test::validated;

struct Case {
    const char* text;
    const char* expected;
};

void expect(std::initializer_list<Case> cases, const Features& features = {}) {
    for (const Case& c : cases) {
        std::string said = check("(module " + std::string(c.text) + ")", features);
        std::string expected = std::string(c.expected) == "fine" ? "fine" : "invalid: " + std::string(c.expected);
        EXPECT_SAYS(said, expected) << c.text;
    }
}

TEST(ValidateModule, limits_of_memories_and_tables) {
    expect({
        {"(memory 65536)", "fine"},
        {"(memory 65537)", "memory size must be at most 65536 pages (4GiB)"},
        {"(memory 0 65537)", "memory size must be at most 65536 pages (4GiB)"},
        {"(memory 2 1)", "size minimum must not be greater than maximum"},
        {"(memory i64 0x1000000000000)", "fine"},
        {"(memory i64 0x1000000000001)", "memory size must be at most"},
        {"(memory 0xffffffff (pagesize 1))", "fine"},
        {"(memory 0x100000000 (pagesize 1))", "memory size must be at most"},
        {"(memory i64 0xffffffffffffffff (pagesize 1))", "fine"},
        {"(memory 1 (pagesize 2))", "invalid custom page size"},
        {"(memory 1 shared)", "shared memory must have maximum"},
        {"(import \"a\" \"b\" (memory 65537))", "memory size must be at most"},
        {"(table 0xffffffff funcref)", "fine"},
        {"(table i64 0xffffffffffffffff funcref)", "fine"},
        {"(table 2 1 funcref)", "size minimum must not be greater than maximum"},
        {"(table 1 (ref func))", "type mismatch"},
        {"(func $f) (table 1 (ref func) (ref.func $f))", "fine"},
    });
    EXPECT_SAYS(check("(module (memory 1) (memory 1))", {.multi_memory = false}), "invalid: multiple memories");
}

TEST(ValidateModule, constant_expressions) {
    expect({
        {"(global i32 (i32.mul (i32.const 2) (i32.add (i32.const 1) (i32.const 3))))", "fine"},
        {"(global i32 (i32.div_u (i32.const 2) (i32.const 1)))", "constant expression required"},
        {"(global i32 (i64.const 1))", "type mismatch"},
        {"(global i32 (i32.const 1) (i32.const 1))", "type mismatch"},
        {"(global i32)", "type mismatch"},
        {"(global i32 (i32.const 1)) (global i32 (global.get 0))", "fine"},
        {"(global i32 (global.get 1)) (global i32 (i32.const 1))", "unknown global 1"},
        {"(global (mut i32) (i32.const 1)) (global i32 (global.get 0))", "constant expression required"},
        {"(type $s (struct (field i32))) (global (ref $s) (struct.new $s (i32.const 1)))", "fine"},
        {"(type $a (array i32)) (global (ref $a) (array.new_fixed $a 2 (i32.const 1) (i32.const 2)))", "fine"},
        {"(global (ref i31) (ref.i31 (i32.const 1)))", "fine"},
        {"(func $f) (global funcref (ref.func $f))", "fine"},
        {"(global funcref (ref.func 3))", "unknown function 3"},
        {"(global i32 (block (result i32) (i32.const 1)))", "constant expression required"},
        // A table sees the imported globals only.
        {"(global funcref (ref.null func)) (table 1 funcref (global.get 0))", "unknown global 0"},
        {"(import \"a\" \"b\" (global funcref)) (table 1 funcref (global.get 0))", "fine"},
        {"(memory 1) (global i32 (i32.const 1)) (data (global.get 0) \"\")", "fine"},
    });
}

TEST(ValidateModule, segments_fit_their_places) {
    expect({
        {"(data (i32.const 0) \"\")", "unknown memory 0"},
        {"(memory i64 1) (data (i32.const 0) \"\")", "type mismatch"},
        {"(elem (i32.const 0) func)", "unknown table 0"},
        {"(table 1 externref) (func $f) (elem (i32.const 0) func $f)", "type mismatch"},
        {"(table 1 funcref) (elem (i32.const 0) externref (ref.null extern))", "type mismatch"},
        {"(elem func 7)", "unknown function 7"},
        {"(elem funcref (ref.null extern))", "type mismatch"},
        {"(table i64 1 funcref) (elem (i64.const 0) func)", "fine"},
    });
}

TEST(ValidateModule, exports_and_start) {
    expect({
        {"(func) (export \"a\" (func 0)) (export \"b\" (func 0))", "fine"},
        {"(func) (memory 1) (export \"a\" (func 0)) (export \"a\" (memory 0))", "duplicate export name"},
        {"(export \"a\" (func 0))", "unknown function 0"},
        {"(export \"a\" (table 0))", "unknown table 0"},
        {"(export \"a\" (memory 0))", "unknown memory 0"},
        {"(export \"a\" (global 0))", "unknown global 0"},
        {"(export \"a\" (tag 0))", "unknown tag 0"},
        {"(start 0)", "unknown function 0"},
        {"(func (param i32)) (start 0)", "start function"},
        {"(func (result i32) (i32.const 1)) (start 0)", "start function"},
        {"(tag (result i32))", "fine"},
    });
    EXPECT_EQ(check("(module (tag (result i32)))", {.stack_switching = false}), "invalid: non-empty tag result type");
}

TEST(ValidateModule, functions_are_declared_by_everything_but_code_and_start) {
    expect({
        {"(func $f) (export \"f\" (func $f)) (func (drop (ref.func $f)))", "fine"},
        {"(func $f) (global funcref (ref.func $f)) (func (drop (ref.func $f)))", "fine"},
        {"(func $f) (elem funcref (ref.func $f)) (func (drop (ref.func $f)))", "fine"},
        {"(func $f) (start $f) (func (drop (ref.func $f)))", "undeclared function reference"},
    });
}

// Many bodies, so that threads share them; the wrong ones are at these places.
std::vector<u8> many_bodies(u32 count, std::initializer_list<u32> wrong) {
    Writer w;
    w.bytes = test::module_bytes({1, 4, 1, 0x60, 0, 0, 3});
    Writer funcs, code;
    funcs.u32_leb(count);
    code.u32_leb(count);
    for (u32 i = 0; i < count; ++i) {
        funcs.byte(0);
        code.u32_leb(102);
        code.byte(0);
        bool is_wrong = std::ranges::find(wrong, i) != wrong.end();
        for (int k = 0; k < 99; ++k) code.byte(0x01);
        code.byte(is_wrong ? 0x1a : 0x01);
        code.byte(0x0b);
    }
    w.u64_leb(funcs.bytes.size());
    w.span(funcs.bytes);
    w.byte(10);
    w.u64_leb(code.bytes.size());
    w.span(code.bytes);
    return w.bytes;
}

TEST(ValidateModule, threads_find_the_error_that_one_thread_finds) {
    EXPECT_TRUE(validated(many_bodies(20000, {}), {}, 4).fine());
    auto bytes = many_bodies(20000, {15000, 7001, 7002, 19999});
    auto one = validated(bytes), four = validated(bytes, {}, 4);
    ASSERT_FALSE(one.fine());
    ASSERT_FALSE(four.fine());
    EXPECT_SAYS(one.error.message, "type mismatch");
    EXPECT_EQ(one.error.offset, four.error.offset);
    EXPECT_EQ(one.error.message, four.error.message);
}

TEST(ValidateModule, errors_say_where) {
    auto c = validated("(module (func (param i32) (drop (i64.eqz (local.get 0)))))");
    ASSERT_FALSE(c.fine());
    auto bytes = test::wat("(module (func (param i32) (drop (i64.eqz (local.get 0)))))");
    EXPECT_EQ(bytes.at(c.error.offset), 0x50);
}

TEST(FuncName, comes_from_the_name_section) {
    auto c = validated("(module $m (import \"a\" \"b\" (func $first)) (func) (func $third))");
    ASSERT_TRUE(c.fine());
    EXPECT_EQ(c.module->name, "m");
    EXPECT_EQ(c.module->func_name(0), "first");
    EXPECT_EQ(c.module->func_name(1), "");
    EXPECT_EQ(c.module->func_name(2), "third");
    EXPECT_EQ(c.module->func_name(99), "");
}

TEST(FuncName, malformed_name_sections_are_no_error) {
    auto c = validated(test::module_bytes({0, 9, 4, 'n', 'a', 'm', 'e', 1, 0x7f, 1, 0}));
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    EXPECT_EQ(c.module->func_name(0), "");
    EXPECT_EQ(c.module->name, "");
}

TEST(FuncName, may_be_asked_by_several_threads) {
    auto c = validated("(module (func $f) (func $g))");
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_EQ(c.module->func_name(1), "g"); });
}

// ---- proposals that are turned off

struct Proposal {
    const char* name;
    bool Config::*member;
    const char* module;
};

const Proposal proposals[] = {
    {"threads", &Config::threads_proposal, "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))"},
    {"wide arithmetic", &Config::wide_arithmetic, "(module (func (result i64 i64) (i64.mul_wide_u (i64.const 1) (i64.const 2))))"},
    {"legacy exceptions", &Config::legacy_exceptions, "(module (func (try (do) (catch_all))))"},
    {"custom page sizes", &Config::custom_page_sizes, "(module (memory 1 (pagesize 1)))"},
    {"stack switching", &Config::stack_switching, "(module (type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0))))"},
    {"custom descriptors", &Config::custom_descriptors,
     "(module (rec (type $a (descriptor $b) (struct)) (type $b (describes $a) (struct))))"},
    {"gc", &Config::gc, "(module (type $s (struct)) (func (drop (struct.new $s))))"},
    {"memory64", &Config::memory64, "(module (memory i64 1))"},
    {"multiple memories", &Config::multi_memory, "(module (memory 1) (memory 1))"},
    {"exceptions", &Config::exceptions, "(module (tag $e) (func (throw $e)))"},
    {"tail calls", &Config::tail_call, "(module (func $f (return_call $f)))"},
    {"simd", &Config::simd, "(module (func (drop (v128.const i32x4 0 0 0 0))))"},
    {"relaxed simd", &Config::relaxed_simd, "(module (func (param v128 v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))))"},
};

TEST(Proposals, each_can_be_turned_off_and_the_others_stay) {
    for (const Proposal& off : proposals) {
        Config config;
        config.*off.member = false;
        // Exceptions, legacy exceptions and stack switching share tags; simd is what relaxed simd is about.
        if (off.member == &Config::exceptions) config.legacy_exceptions = false;
        Engine engine(config);
        for (const Proposal& p : proposals) {
            bool needs = p.member == off.member || (off.member == &Config::simd && p.member == &Config::relaxed_simd) ||
                         (off.member == &Config::exceptions && p.member == &Config::legacy_exceptions) ||
                         (off.member == &Config::gc && p.member == &Config::custom_descriptors);
            EXPECT_EQ(bool(test::try_module(engine, p.module)), !needs) << p.name << " with " << off.name << " turned off";
        }
    }
}

}  // namespace
}  // namespace heddle
