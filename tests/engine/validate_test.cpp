#include "validate.hpp"

#include "support/validation.hpp"

namespace heddle {
namespace {

using test::check;
using test::validated;

struct Case {
    const char* text;      // module fields
    const char* expected;  // "fine", or how the message begins
};

void expect(std::initializer_list<Case> cases, const Features& features = {}) {
    for (const Case& c : cases) {
        std::string said = check("(module " + std::string(c.text) + ")", features);
        std::string expected = std::string(c.expected) == "fine" ? "fine" : "invalid: " + std::string(c.expected);
        EXPECT_SAYS(said, expected) << c.text;
    }
}

TEST(Validator, operands_have_the_types_of_the_signature) {
    expect({
        {"(func (result i32) (i32.add (i32.const 1) (i32.const 2)))", "fine"},
        {"(func (result i32) (i32.add (i32.const 1) (i64.const 2)))", "type mismatch: instruction requires [i32] but stack has [i64]"},
        {"(func (result i32) (i32.add (i32.const 1)))", "type mismatch: instruction requires [i32] but stack has []"},
        {"(func i32.const 1)", "type mismatch: block requires [] but stack has [i32]"},
        {"(func (result i64 i64) (i64.add128 (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)))", "fine"},
        {"(func (result i32) (i8x16.extract_lane_s 15 (v128.const i64x2 0 0)))", "fine"},
        {"(func (result i32) (i8x16.extract_lane_s 16 (v128.const i64x2 0 0)))", "invalid lane index"},
        {"(func (param v128) (result v128) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 32 (local.get 0) (local.get 0)))", "invalid lane index"},
        {"(func (param funcref) (drop (i32.eqz (local.get 0))))", "type mismatch"},
    });
}

TEST(Validator, code_after_a_branch_takes_any_operands) {
    expect({
        {"(func (result i32) unreachable i32.add)", "fine"},
        {"(func (result i32) unreachable (i64.const 1) i32.add)", "type mismatch"},
        {"(func (block br 0 drop drop) )", "fine"},
        {"(func (result i32) (block (result i32) (br 0 (i32.const 1)) (i32.const 2) (i32.const 3)))", "type mismatch: block requires []"},
        {"(func (result i32) unreachable select)", "fine"},
        {"(func unreachable ref.as_non_null drop)", "fine"},
        {"(func unreachable br_on_null 0 drop)", "fine"},
        {"(func (result i32) unreachable (br_table 0 0))", "fine"},
        {"(type $a (array i32)) (func (result (ref $a)) unreachable array.new_fixed $a 4000000000)", "fine"},
    });
}

TEST(Validator, blocks_give_what_they_say) {
    expect({
        {"(func (block (result i32) (i32.const 1)) drop)", "fine"},
        {"(func (block (result i32)))", "type mismatch"},
        {"(func (result i32) (if (result i32) (i32.const 1) (then (i32.const 1)) (else (i32.const 2))))", "fine"},
        {"(func (result i32) (if (result i32) (i32.const 1) (then (i32.const 1))))", "type mismatch"},
        {"(func (i32.const 1) (if (param i32) (result i32) (i32.const 1) (then)) drop)", "fine"},
        {"(func (i32.const 1) (loop (param i32) (br_if 0 (i32.const 1) (i32.const 0)) drop drop))", "fine"},
        {"(func (i32.const 1) (loop (param i32) drop (br 0)))", "type mismatch"},
        {"(func (br 1))", "unknown label 1"},
        {"(func (result i32) (block (br_table 0 1 (i32.const 0))) (i32.const 0))", "type mismatch"},
        {"(type $t (struct)) (func (block (type $t)))", "non-function type 0"},
    });
}

TEST(Validator, br_table_checks_every_label) {
    expect({
        {"(func (block (block (br_table 0 1 2 (i32.const 0)))))", "fine"},
        {"(func (block (block (br_table 0 3 2 (i32.const 0)))))", "unknown label 3"},
        {"(func (result i32) (block (result i32) (block (result i64) (br_table 1 0 (i32.const 1) (i32.const 0))) drop (i32.const 1)))",
         "type mismatch"},
        {"(func (result funcref) (block (result externref) unreachable (br_table 0 1)) drop (ref.null func))", "fine"},
    });
}

TEST(Validator, locals_without_default_must_be_set_first) {
    expect({
        {"(func (param (ref extern)) (local (ref extern)) (local.set 1 (local.get 0)) (drop (local.get 1)))", "fine"},
        {"(func (local (ref extern)) (drop (local.get 0)))", "uninitialized local 0"},
        {"(func (param (ref extern)) (local (ref extern)) (block (local.set 1 (local.get 0))) (drop (local.get 1)))", "uninitialized local 1"},
        {"(func (param (ref extern)) (local (ref extern)) (if (i32.const 1) (then (local.set 1 (local.get 0))) (else (drop (local.get 1)))))",
         "uninitialized local 1"},
        {"(func (param (ref extern)) (local (ref extern)) (drop (local.tee 1 (local.get 0))) (block (drop (local.get 1))))", "fine"},
        // What one body set is forgotten in the next.
        {"(func (param (ref extern)) (local (ref extern)) (local.set 1 (local.get 0))) (func (param (ref extern)) (local (ref extern)) (drop "
         "(local.get 1)))",
         "uninitialized local 1"},
        {"(func (local.get 0) drop)", "unknown local 0"},
    });
}

TEST(Validator, variables_tables_and_memories_are_used_by_their_types) {
    expect({
        {"(global i32 (i32.const 1)) (func (global.set 0 (i32.const 1)))", "immutable global"},
        {"(func (global.get 0) drop)", "unknown global 0"},
        {"(table 1 externref) (func (table.set 0 (i32.const 0) (ref.null func)))", "type mismatch"},
        {"(table 1 externref) (func (call_indirect 0 (i32.const 0)))", "type mismatch"},
        {"(table i64 1 funcref) (func (call_indirect 0 (i64.const 0)))", "fine"},
        {"(table 1 funcref) (table 1 externref) (func (table.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0)))", "type mismatch"},
        {"(memory 1) (func (drop (i32.load align=4 (i32.const 0))))", "fine"},
        {"(memory 1) (func (drop (i32.load align=8 (i32.const 0))))", "alignment must not be larger than natural"},
        {"(memory 1) (func (drop (i32.load offset=4294967296 (i32.const 0))))", "offset out of range"},
        {"(memory i64 1) (func (drop (i32.load offset=4294967296 (i64.const 0))))", "fine"},
        {"(memory i64 1) (func (drop (i32.load (i32.const 0))))", "type mismatch"},
        {"(func (drop (i32.load (i32.const 0))))", "unknown memory 0"},
        {"(memory 1) (memory i64 1) (func (memory.copy 1 0 (i64.const 0) (i32.const 0) (i32.const 0)))", "fine"},
        {"(memory 1) (memory i64 1) (func (memory.copy 1 0 (i64.const 0) (i32.const 0) (i64.const 0)))", "type mismatch"},
        {"(memory 1) (func (drop (i32.atomic.load align=2 (i32.const 0))))", "atomic alignment must be natural"},
        {"(memory 1) (func (memory.init 3 (i32.const 0) (i32.const 0) (i32.const 0))) (data \"\")", "unknown data segment 3"},
        {"(func (elem.drop 0))", "unknown elem segment 0"},
    });
}

TEST(Validator, calls_pass_and_give_types) {
    expect({
        {"(func (call 1)) (func (param i32))", "type mismatch"},
        {"(func (call 2))", "unknown function 2"},
        {"(func (result i32) (return_call 1)) (func (result i32) (i32.const 1))", "fine"},
        {"(func (result i32) (return_call 1)) (func (result i64) (i64.const 1))", "type mismatch"},
        {"(type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0)))", "fine"},
        {"(type $t (func)) (func (param funcref) (call_ref $t (local.get 0)))", "type mismatch"},
        {"(func $f (drop (ref.func $f)))", "undeclared function reference"},
        {"(func $f (drop (ref.func $f))) (elem declare func $f)", "fine"},
        {"(func (result i32) (select (result i32) (i32.const 1) (i32.const 2) (i32.const 0)))", "fine"},
        {"(func (param funcref) (drop (select (local.get 0) (local.get 0) (i32.const 0))))", "type mismatch"},
    });
}

TEST(Validator, exceptions_carry_what_their_tag_says) {
    expect({
        {"(tag (param i32)) (func (throw 0 (i32.const 1)))", "fine"},
        {"(tag (param i32)) (func (throw 0))", "type mismatch: instruction requires [i32] but stack has []"},
        {"(func (throw 0))", "unknown tag 0"},
        {"(tag (param i32)) (func (result i32) (try_table (catch 0 0)) (i32.const 1))", "fine"},
        {"(tag (param i64)) (func (result i32) (try_table (catch 0 0)) (i32.const 1))", "type mismatch"},
        {"(func (result exnref) (try_table (catch_all_ref 0)) unreachable)", "fine"},
        {"(func (try (do) (catch_all (rethrow 0))))", "fine"},
        {"(func (try (do (rethrow 0)) (delegate 0)))", "invalid rethrow label"},
        {"(func (try (do) (delegate 1)))", "unknown label"},
        {"(tag (param i32)) (func (result i32) (try (result i32) (do (i32.const 1)) (catch 0)))", "fine"},
    });
}

TEST(Validator, structures_and_arrays_keep_their_fields_types) {
    expect({
        {"(type $s (struct (field i8) (field (mut f64)))) (func (param (ref null $s)) (result i32 f64) (struct.get_u $s 0 (local.get 0)) (struct.get "
         "$s 1 (local.get 0)))",
         "fine"},
        {"(type $s (struct (field i8))) (func (param (ref $s)) (drop (struct.get $s 0 (local.get 0))))", "type mismatch"},
        {"(type $s (struct (field i32))) (func (param (ref $s)) (struct.set $s 0 (local.get 0) (i32.const 1)))", "immutable field"},
        {"(type $s (struct (field i32))) (func (param (ref $s)) (drop (struct.get $s 1 (local.get 0))))", "unknown field"},
        {"(type $s (struct (field (ref any)))) (func (drop (struct.new_default $s)))", "type mismatch"},
        {"(type $a (array i32)) (func (param (ref $a)) (array.set $a (local.get 0) (i32.const 0) (i32.const 1)))", "immutable array"},
        {"(type $a (array (mut i8))) (type $b (array i16)) (func (param (ref $a) (ref $b)) (array.copy $a $b (local.get 0) (i32.const 0) (local.get "
         "1) (i32.const 0) (i32.const 0)))",
         "array types do not match"},
        {"(type $a (array funcref)) (data \"\") (func (drop (array.new_data $a 0 (i32.const 0) (i32.const 0))))",
         "array type is not numeric or vector"},
        {"(type $a (array i32)) (func (drop (struct.new $a)))", "non-structure type 0"},
        {"(func (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))", "fine"},
        {"(func (param externref) (result i32) (ref.test (ref i31) (local.get 0)))", "type mismatch"},
        {"(func (drop (ref.test (ref null cont) (unreachable))))", "invalid cast"},
        {"(func (param anyref) (result (ref i31)) (block (result anyref) (br_on_cast 1 anyref (ref i31) (local.get 0))) unreachable)", "fine"},
    });
    expect({{"(func (result anyref) (br_on_cast 0 eqref anyref (unreachable)))", "type mismatch"}}, {.custom_descriptors = false});
}

TEST(Validator, continuations_resume_with_their_types) {
    expect({
        {"(type $f (func (param i32) (result i64))) (type $k (cont $f)) (func (param (ref $k)) (result i64) (resume $k (i32.const 1) (local.get 0)))",
         "fine"},
        {"(type $f (func)) (func (param (ref $f)) (resume $f (local.get 0)))", "non-continuation type 0"},
        {"(type $f (func)) (type $k (cont $f)) (tag) (func (param (ref $k)) (block (result (ref $k)) (resume $k (on 0 0) (local.get 0)) return) "
         "drop)",
         "fine"},
        {"(type $f (func)) (type $k (cont $f)) (tag (param i32)) (func (param (ref $k)) (block (result (ref $k)) (resume $k (on 0 0) (local.get 0)) "
         "return) drop)",
         "type mismatch"},
        {"(tag (param i32) (result i64)) (func (result i64) (suspend 0 (i32.const 1)))", "fine"},
    });
}

TEST(Validator, descriptors_belong_to_their_types) {
    const std::string types = "(rec (type $a (descriptor $b) (struct (field i32))) (type $b (describes $a) (struct)))";
    const Case cases[] = {
        {"(func (param (ref (exact $b))) (result (ref (exact $a))) (struct.new_desc $a (i32.const 1) (local.get 0)))", "fine"},
        {"(func (param (ref $b)) (drop (struct.new_desc $a (i32.const 1) (local.get 0))))", "invalid: type mismatch"},
        {"(func (drop (struct.new $a (i32.const 1))))", "invalid: type with descriptor requires descriptor allocation"},
        {"(func (drop (struct.new_default_desc $b (unreachable))))", "invalid: type without descriptor requires non-descriptor allocation"},
        {"(func (param (ref (exact $a))) (result (ref (exact $b))) (ref.get_desc $a (local.get 0)))", "fine"},
        {"(func (param (ref $a)) (result (ref (exact $b))) (ref.get_desc $a (local.get 0)))", "invalid: type mismatch"},
        {"(func (param (ref $b)) (drop (ref.get_desc $b (local.get 0))))", "invalid: type without descriptor"},
        {"(func (param anyref (ref $b)) (result (ref $a)) (ref.cast_desc_eq (ref $a) (local.get 0) (local.get 1)))", "fine"},
        {"(func (param anyref (ref $b)) (drop (ref.cast_desc_eq (ref any) (local.get 0) (local.get 1))))",
         "invalid: type any does not have a descriptor"},
    };
    for (const Case& c : cases) EXPECT_SAYS(check("(module " + types + c.text + ")"), c.expected) << c.text;
}

// ---- what the frame needs

FuncBody body(const char* func) {
    auto c = validated(std::string_view("(module " + std::string(func) + ")"));
    EXPECT_TRUE(c.fine()) << c.error.to_string();
    return c.fine() ? c.module->bodies.at(0) : FuncBody{};
}

TEST(Validator, slots_are_counted_with_two_for_v128) {
    FuncBody b = body("(func (param i32 v128) (result v128 i32) (local i64 v128 v128) (v128.const i64x2 0 0) (i32.const 1))");
    EXPECT_EQ(b.param_slots, 3u);
    EXPECT_EQ(b.local_slots, 8u);
    EXPECT_EQ(b.result_slots, 3u);
    EXPECT_EQ(b.max_operand_slots, 3u);
}

TEST(Validator, the_operand_stacks_greatest_height_is_exact) {
    EXPECT_EQ(body("(func)").max_operand_slots, 0u);
    EXPECT_EQ(body("(func (drop (i32.add (i32.const 1) (i32.add (i32.const 2) (i32.const 3)))))").max_operand_slots, 3u);
    EXPECT_EQ(body("(func (drop (v128.const i64x2 0 0)) (drop (i32.const 1)) (drop (i32.const 1)))").max_operand_slots, 2u);
    EXPECT_EQ(body("(func (i32.const 1) (drop (i32x4.add (v128.const i64x2 0 0) (i32x4.splat (i32.const 1)))) drop)").max_operand_slots, 5u);
    EXPECT_EQ(body("(func (call 1) drop drop drop drop) (func (result i32 i32 v128 i64) unreachable)").max_operand_slots, 5u);
    EXPECT_EQ(body("(func (block (result v128) (br 0 (v128.const i64x2 0 0))) drop)").max_operand_slots, 2u);
}

TEST(Validator, far_locals_are_found) {
    std::string text = "(module (func (result f64) (local";
    for (int i = 0; i < 400; ++i) text += " i32";
    text += " f64 v128) (local.get 400)))";
    auto c = validated(std::string_view(text));
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    EXPECT_EQ(c.module->bodies[0].local_slots, 403u);
    EXPECT_SAYS(check("(module (func (local i32 i64) (local.get 2) drop))"), "invalid: unknown local 2");
}

TEST(Validator, deep_nesting_is_no_limit) {
    std::string text = "(module (func ";
    for (int i = 0; i < 20000; ++i) text += "block ";
    for (int i = 0; i < 20000; ++i) text += "end ";
    EXPECT_EQ(check(std::string_view(text + "))")), "fine");
}

// ---- malformed bodies

std::string with_code(std::initializer_list<int> body) {
    Writer w;
    w.bytes = test::module_bytes({1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10});
    w.u32_leb(u32(body.size()) + 2);
    w.byte(1);
    w.byte(u8(body.size()));
    for (int b : body) w.byte(u8(b));
    return check(w.bytes);
}

TEST(Validator, bodies_end_where_their_size_says) {
    EXPECT_EQ(with_code({0, 0x0b}), "fine");
    EXPECT_EQ(with_code({0}), "malformed: unexpected end of section or function");
    EXPECT_EQ(with_code({0, 0x01}), "malformed: unexpected end of section or function");
    EXPECT_EQ(with_code({0, 0x0b, 0x01}), "malformed: section size mismatch");
    EXPECT_SAYS(with_code({0, 0x05, 0x0b}), "malformed: END opcode expected");
    EXPECT_SAYS(with_code({0, 0x19, 0x0b}), "malformed: END opcode expected");
    EXPECT_SAYS(with_code({0, 0x27, 0x0b}), "malformed: illegal opcode 27");
    EXPECT_EQ(with_code({2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 1, 0x7e, 0x0b}), "malformed: too many locals");
    EXPECT_SAYS(with_code({0, 0xfc, 0x09, 0x00, 0x0b}), "malformed: data count section required");
}

// step() and the faster loop inside body() must say the same.
TEST(Validator, instruction_by_instruction_gives_the_same_as_whole_bodies) {
    auto c = validated(
        "(module (memory 1) (func (param i32) (result i32) (local i64 v128) (local.set 2 (v128.load (local.get 0))) (if (result i32) (local.get 0) "
        "(then (i32.const 1)) (else (i8x16.extract_lane_u 3 (local.get 2))))))");
    ASSERT_TRUE(c.fine()) << c.error.to_string();
    FuncBody again = c.module->bodies[0], whole = again;
    again.max_operand_slots = 0;
    Features features;
    Validator v(*c.module, features);
    Reader r = v.begin(again, c.module->funcs[0]);
    Instr in;
    while (!v.done()) {
        read_instr(r, in);
        v.step(in);
    }
    v.finish(again);
    EXPECT_TRUE(r.done());
    EXPECT_EQ(again.max_operand_slots, whole.max_operand_slots);
    EXPECT_EQ(again.code_from, whole.code_from);
}

}  // namespace
}  // namespace heddle
