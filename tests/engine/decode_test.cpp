#include <random>

#include "module.hpp"
#include "module_limits.hpp"
#include "support/validation.hpp"

namespace heddle {
namespace {

using test::check;
using test::module_bytes;
using test::validated;

TEST(Decode, the_empty_module_is_a_module) { EXPECT_EQ(check(module_bytes({})), "fine"); }

TEST(Decode, headers_are_told_apart) {
    auto error = [](std::vector<u8> b) { return check(std::move(b)); };
    EXPECT_SAYS(error({}), "malformed: unexpected end");
    EXPECT_EQ(error({'M', 'Z', 0, 0, 1, 0, 0, 0}), "malformed: magic header not detected");
    EXPECT_EQ(error({0, 'a', 's', 'm', 2, 0, 0, 0}), "malformed: unknown binary version");
    EXPECT_EQ(error({0, 'a', 's', 'm', 13, 0, 1, 0}), "malformed: unknown binary version: this is a component, not a core module");
}

TEST(Decode, sections_keep_their_order_and_size) {
    EXPECT_EQ(check(module_bytes({14, 0})), "malformed: malformed section id");
    EXPECT_EQ(check(module_bytes({1, 1, 0, 1, 1, 0})), "malformed: unexpected content after last section");
    EXPECT_EQ(check(module_bytes({3, 1, 0, 1, 1, 0})), "malformed: unexpected content after last section");
    EXPECT_EQ(check(module_bytes({1, 2, 0, 0})), "malformed: section size mismatch");
    EXPECT_EQ(check(module_bytes({1, 5, 1})), "malformed: length out of bounds");
    EXPECT_EQ(check(module_bytes({3, 2, 1, 0})), "invalid: unknown type 0");
    // Tags stand between memories and globals, the data count before the code.
    EXPECT_EQ(check(module_bytes({5, 1, 0, 13, 1, 0, 6, 1, 0, 9, 1, 0, 12, 1, 0, 10, 1, 0, 11, 1, 0})), "fine");
    EXPECT_EQ(check(module_bytes({6, 1, 0, 13, 1, 0})), "malformed: unexpected content after last section");
}

TEST(Decode, counts_of_sections_agree) {
    EXPECT_EQ(check(module_bytes({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0})), "malformed: function and code section have inconsistent lengths");
    EXPECT_EQ(check(module_bytes({10, 4, 1, 2, 0, 0x0b})), "malformed: function and code section have inconsistent lengths");
    EXPECT_EQ(check(module_bytes({12, 1, 1})), "malformed: data count and data section have inconsistent lengths");
}

TEST(Decode, custom_sections_are_remembered_by_their_span) {
    auto c = validated(module_bytes({0, 3, 1, 'a', 7, 1, 1, 0, 0, 4, 1, 'b', 8, 9}));
    ASSERT_TRUE(c.fine());
    ASSERT_EQ(c.module->customs.size(), 2u);
    const CustomSection& b = c.module->customs[1];
    EXPECT_EQ(b.name, "b");
    EXPECT_EQ(b.bytes.size(), 2u);
    EXPECT_EQ(b.bytes[0], 8);
    EXPECT_EQ(c.module->bytes->at(b.offset), 8);
    EXPECT_EQ(c.module->customs[0].after, 0u);
    EXPECT_EQ(b.after, 1u);
    EXPECT_SAYS(check(module_bytes({0, 1, 1, 'a'})), "malformed: length out of bounds");
    EXPECT_EQ(check(module_bytes({0, 2, 1, 0xff})), "malformed: malformed UTF-8 encoding");
}

TEST(Decode, index_spaces_begin_with_imports) {
    auto c = validated(R"((module
        (type $t (func (param i32)))
        (import "m" "f" (func (type $t))) (import "m" "g" (global (mut i64))) (import "n" "t" (table 1 2 externref))
        (import "n" "m" (memory 3)) (import "n" "e" (tag (type $t)))
        (func) (memory 1 2) (table 5 funcref) (global f32 (f32.const 1)) (tag)))");
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    const ModuleData& m = *c.module;
    EXPECT_EQ(m.imports.size(), 5u);
    EXPECT_EQ(m.imports[2].module, "n");
    EXPECT_EQ(m.imports[2].name, "t");
    EXPECT_EQ(m.imports[2].type.table.element, externref_type);
    EXPECT_EQ(m.funcs.size(), 2u);
    EXPECT_EQ(m.imported_funcs, 1u);
    EXPECT_EQ(m.func_type(0).params, std::vector{i32_type});
    EXPECT_EQ(m.memories[0].limits.min, 3u);
    EXPECT_EQ(m.memories[1].limits, (Limits{1, 2}));
    EXPECT_EQ(m.tables[1].element, funcref_type);
    EXPECT_EQ(m.globals[0], (GlobalType{i64_type, true}));
    EXPECT_EQ(m.globals[1], (GlobalType{f32_type, false}));
    EXPECT_EQ(m.tags.size(), 2u);
    EXPECT_EQ(m.global_defs.size(), 1u);
    EXPECT_EQ(m.table_defs.size(), 1u);
}

TEST(Decode, segments_and_bodies_stay_in_the_bytes) {
    auto c = validated(R"((module (memory 1) (table 3 funcref)
        (func $f) (func $g)
        (data (i32.const 5) "abc") (data "xy")
        (elem (i32.const 0) $f $g) (elem funcref (ref.null func) (ref.func $f)) (elem declare func $g)))");
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    const ModuleData& m = *c.module;
    ASSERT_EQ(m.data.size(), 2u);
    EXPECT_EQ(m.data[0].mode, DataSegment::Mode::active);
    EXPECT_EQ(std::string(m.data[0].bytes.begin(), m.data[0].bytes.end()), "abc");
    EXPECT_EQ(m.data[1].mode, DataSegment::Mode::passive);
    ASSERT_EQ(m.elems.size(), 3u);
    EXPECT_EQ(m.elems[0].funcs, (std::vector<u32>{0, 1}));
    EXPECT_EQ(m.elems[1].exprs.size(), 2u);
    EXPECT_EQ(m.elems[1].size(), 2u);
    EXPECT_EQ(m.elems[2].mode, ElemSegment::Mode::declarative);
    // An expression ends with its `end`.
    EXPECT_EQ(m.bytes->at(m.data[0].offset.to - 1), 0x0b);
    EXPECT_EQ(m.bodies.size(), 2u);
    EXPECT_EQ(m.bytes->at(m.bodies[0].to - 1), 0x0b);
    EXPECT_EQ(m.bytes->at(m.code_section_offset), 2);
}

TEST(Decode, compact_imports_share_their_module_name) {
    // "a": two functions with a type each, then "b": two functions of one type.
    auto bytes =
        module_bytes({1, 4, 1, 0x60, 0, 0, 2, 25, 2, 1, 'a', 0, 0x7f, 2, 1, 'x', 0, 0, 1, 'y', 0, 0, 1, 'b', 0, 0x7e, 0, 0, 2, 1, 'x', 1, 'y'});
    auto c = validated(bytes);
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    ASSERT_EQ(c.module->imports.size(), 4u);
    EXPECT_EQ(c.module->imports[1].module, "a");
    EXPECT_EQ(c.module->imports[3].module, "b");
    EXPECT_EQ(c.module->imports[3].name, "y");
    EXPECT_SAYS(check(bytes, {.compact_imports = false}), "malformed: malformed import kind");
}

TEST(Decode, types_are_checked_as_they_are_read) {
    const std::pair<const char*, const char*> cases[] = {
        {"(type (func (param (ref 1))))", "invalid: unknown type 1"},
        {"(type (sub (struct))) (type (sub 0 (array i32)))", "invalid: sub type 1 does not match super type 0"},
        {"(type (struct)) (type (sub 0 (struct)))", "invalid: sub type 1 does not match super type 0"},
        {"(type (sub (struct (field i32)))) (type (sub 0 (struct)))", "invalid: sub type 1 does not match super type 0"},
        {"(type (sub (struct (field (mut eqref))))) (type (sub 0 (struct (field (mut i31ref)))))", "invalid: sub type 1 does not match super type 0"},
        {"(type (sub (struct (field eqref)))) (type (sub 0 (struct (field i31ref) (field i8))))", "fine"},
        {"(type (sub (func (param i31ref) (result eqref)))) (type (sub 0 (func (param eqref) (result i31ref))))", "fine"},
        {"(rec (type (sub 1 (struct))) (type (sub (struct))))", "invalid: sub type 0 does not match super type 1"},
        {"(rec (type (array (ref 1))) (type (array (ref 0))))", "fine"},
        {"(type (struct)) (type (cont 0))", "invalid: non-function type 0"},
        {"(type (struct)) (func (type 0))", ""},
        {"(rec (type (descriptor 1) (struct)) (type (describes 0) (struct)))", "fine"},
        {"(rec (type (descriptor 1) (struct)) (type (struct)))", "invalid: type is not described by its descriptor"},
    };
    for (auto [text, expected] : cases) {
        auto bytes = text::assemble("(module " + std::string(text) + ")");
        if (bytes) EXPECT_SAYS(check(*bytes), expected);
        else EXPECT_STREQ(expected, "") << bytes.error().to_string();
    }
}

TEST(Decode, equal_types_of_two_modules_are_one) {
    TypeTable types;
    auto load = [&](const char* text) { return decode_module(std::make_shared<const std::vector<u8>>(test::wat(text)), types, {}); };
    auto a = load("(module (type (func)) (rec (type $l (struct (field (ref null $l))))))");
    auto b = load("(module (rec (type $l (struct (field (ref null $l))))))");
    EXPECT_EQ(a->types[1], b->types[0]);
}

TEST(Decode, what_is_turned_off_is_refused) {
    const Features none{false, false, false, false, false, false, false, false, false, false, false, false, false, false};
    const char* cases[] = {
        "(memory 1 2 shared)",
        "(memory i64 1)",
        "(memory 1 (pagesize 1))",
        "(table i64 1 funcref)",
        "(type (struct))",
        "(rec (type (func)))",
        "(type (sub (func)))",
        "(type (func)) (type (cont 0))",
        "(tag)",
        "(memory 1) (memory 1)",
        "(func (result v128) unreachable)",
        "(func (local v128))",
        "(func (block (result exnref) unreachable) drop)",
        "(func (result anyref) unreachable)",
        "(func (drop (i8x16.splat (i32.const 1))))",
        "(memory 1) (func (drop (i32.atomic.load (i32.const 0))))",
        "(func (i64.add128 (unreachable)) drop drop)",
        "(func (return_call 0))",
        "(func (try (do) (catch_all)))",
        "(func (try_table))",
        "(func (drop (ref.i31 (i32.const 1))))",
        "(global v128 (v128.const i32x4 0 0 0 0))",
        "(import \"a\" \"b\" (global anyref))",
    };
    for (const char* text : cases) {
        std::string module = "(module " + std::string(text) + ")";
        EXPECT_EQ(check(std::string_view(module)), "fine") << text;
        EXPECT_NE(check(std::string_view(module), none), "fine") << text;
    }
    EXPECT_SAYS(check("(module (func (drop (i8x16.splat (i32.const 1)))))", {.simd = false}), "invalid: i8x16.splat needs simd, which is turned off");
    EXPECT_SAYS(check("(module (memory 0x1_0000_0000))", {.memory64 = false}), "malformed: integer too large");
    EXPECT_SAYS(check("(module (table 1 0x1_0000_0000 funcref))", {.memory64 = false}), "malformed: integer too large");
    EXPECT_SAYS(check("(module (memory 1 2 shared))", {.threads = false}), "malformed: malformed limits flags: shared memories are turned off");
}

// ---- limits: at the limit, and one above

std::vector<u8> with_section(u8 id, const Writer& contents, std::vector<u8> before = module_bytes({})) {
    Writer w;
    w.bytes = std::move(before);
    w.byte(id);
    w.u64_leb(contents.bytes.size());
    w.span(contents.bytes);
    return w.bytes;
}

std::string params(u32 n) {
    Writer w;
    w.byte(1);
    w.byte(0x60);
    w.u32_leb(n);
    for (u32 i = 0; i < n; ++i) w.byte(0x7f);
    w.byte(0);
    return check(with_section(1, w));
}

std::string locals(u32 n) {
    Writer w;
    w.byte(1);
    Writer body;
    body.byte(1);
    body.u32_leb(n);
    body.byte(0x7f);
    body.byte(0x0b);
    w.u64_leb(body.bytes.size());
    w.span(body.bytes);
    return check(with_section(10, w, module_bytes({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0})));
}

std::string body_of(u32 size) {
    Writer w;
    w.byte(1);
    w.u32_leb(size);
    w.byte(0);
    for (u32 i = 2; i < size; ++i) w.byte(0x01);
    w.byte(0x0b);
    return check(with_section(10, w, module_bytes({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0})));
}

std::string memories(u32 n) {
    Writer w;
    w.u32_leb(n);
    for (u32 i = 0; i < n; ++i) w.byte(0), w.byte(1);
    return check(with_section(5, w));
}

TEST(Decode, limits_are_exact_and_named) {
    EXPECT_EQ(params(module_limits::params), "fine");
    EXPECT_EQ(params(module_limits::params + 1), "limit: too many parameters: 1001, the limit is 1000");
    EXPECT_EQ(locals(module_limits::locals), "fine");
    EXPECT_EQ(locals(module_limits::locals + 1), "limit: too many locals: 50001, the limit is 50000");
    EXPECT_EQ(body_of(module_limits::body_bytes), "fine");
    EXPECT_EQ(body_of(module_limits::body_bytes + 1), "limit: too many bytes in a function body: 7654322, the limit is 7654321");
    EXPECT_EQ(memories(module_limits::memories), "fine");
    EXPECT_EQ(memories(module_limits::memories + 1), "limit: too many memories: 101, the limit is 100");
}

TEST(Decode, declared_counts_reserve_nothing_that_the_bytes_cannot_hold) {
    for (int id : {1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13}) {
        auto said = check(module_bytes({id, 5, 0x9f, 0x8d, 0x06, 0, 0}));
        EXPECT_NE(said, "fine") << id;
    }
    EXPECT_SAYS(check(module_bytes({1, 7, 1, 0x60, 0x80, 0x80, 0x80, 0x80, 0x08})), "limit: too many parameters");
}

// ---- any bytes

const char* rich = R"((module
    (type $f (func (param i32) (result i32)))
    (rec (type $s (sub (struct (field (mut i8)) (field (ref null $s))))) (type $a (array (mut funcref))))
    (import "env" "f" (func $imported (type $f))) (import "env" "g" (global $g i32))
    (memory 1 2) (table 4 funcref) (tag $e (param i32))
    (global $x (mut i32) (i32.add (global.get $g) (i32.const 1)))
    (export "run" (func $run)) (start $start)
    (func $start)
    (func $run (type $f) (local i64 f64 v128)
      (block $b (result i32) (loop $l (br_if $l (local.get 0))) (br_table $b $b (i32.const 1) (local.get 0)))
      (if (result i32) (then (try_table (result i32) (catch $e 0) (call $imported (i32.const 7)))) (else (i32.load offset=8 (i32.const 0))))
      (drop (struct.new $s (i32.const 1) (ref.null $s))) (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 3) (local.get 3)))
      (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1)))
    (elem (i32.const 0) $run $start) (elem declare func $run)
    (data (i32.const 0) "hello") (data "world")))";

TEST(Decode, every_truncation_is_an_error_or_a_module) {
    auto bytes = test::wat(rich);
    ASSERT_EQ(check(bytes), "fine");
    std::size_t fine = 0;
    for (std::size_t n = 0; n < bytes.size(); ++n) fine += check(std::vector<u8>(bytes.begin(), bytes.begin() + std::ptrdiff_t(n))) == "fine";
    // A cut between two sections can leave a valid module; most cannot.
    EXPECT_LT(fine, 15u);
}

TEST(Decode, flipped_bits_give_an_error_or_a_module) {
    const auto bytes = test::wat(rich);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto b = bytes;
        b[bit / 8] ^= u8(1 << bit % 8);
        check(b);
    }
    std::mt19937 random(1);
    for (int i = 0; i < 5000; ++i) {
        auto b = bytes;
        for (int k = 0; k < 4; ++k) b[random() % b.size()] = u8(random());
        check(b);
    }
}

}  // namespace
}  // namespace heddle
