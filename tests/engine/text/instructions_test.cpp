#include <gtest/gtest.h>

#include "instr.hpp"
#include "support.hpp"

namespace heddle::text {
namespace {

TEST(Instructions, folded_and_flat_give_the_same_bytes) {
    EXPECT_EQ(code("(i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3)))"), "4101410241036c6a");
    EXPECT_EQ(code("i32.const 1 i32.const 2 i32.const 3 i32.mul i32.add"), "4101410241036c6a");
    EXPECT_EQ(code("(if (result i32) (i32.const 1) (then (i32.const 2)) (else (i32.const 3)))"), "4101047f41020541030b");
    EXPECT_EQ(code("i32.const 1 if (result i32) i32.const 2 else i32.const 3 end"), "4101047f41020541030b");
    EXPECT_EQ(code("(if (i32.const 1) (then))"), "410104400b");
    EXPECT_EQ(code("(if (i32.const 1) (then) (else))"), "41010440050b");
    EXPECT_EQ(code("(block (loop (nop)) nop)"), "02400340010b010b");
}

TEST(Instructions, labels_are_counted_from_the_innermost_block) {
    EXPECT_EQ(code("block $a loop $b br $a br $b br 7 end end"), "024003400c010c000c070b0b");
    EXPECT_EQ(code("block $a block $a br $a end br $a end"), "024002400c000b0c000b");   // shadowing
    EXPECT_EQ(code("block $a (br_table $a 1 $a (i32.const 0)) end"), "024041000e020001000b");
    EXPECT_EQ(code("block $a end $a"), "02400b");
    EXPECT_EQ(code("(if $l (i32.const 0) (then br $l) (else br $l))"), "410004400c00050c000b");
    EXPECT_EQ(code("block $a end $b"), "mismatching label");
    EXPECT_EQ(code("i32.const 0 if $a else $b end"), "mismatching label");
    EXPECT_EQ(code("block end $a"), "mismatching label");
    EXPECT_EQ(code("br $x"), "unknown label $x");
    EXPECT_EQ(code("(if $l (br $l) (then))"), "unknown label $l");   // the condition stands outside
}

TEST(Instructions, legacy_exceptions_fold_and_unfold) {
    EXPECT_EQ(section("(tag $e) (func (try $t (do (nop)) (catch $e (rethrow $t)) (catch_all)))", 10), "010b0006400107000900190b0b");
    EXPECT_EQ(section("(tag $e) (func try $t nop catch $e rethrow $t catch_all end)", 10), "010b0006400107000900190b0b");
    EXPECT_EQ(code("(block $o (try (do) (delegate $o)))"), "0240064018000b");
    EXPECT_EQ(code("block $o try delegate $o end"), "0240064018000b");
    EXPECT_EQ(code("(try (do) (catch_all) (catch_all))"), "unexpected token catch_all");
    EXPECT_EQ(code("try catch_all catch_all end"), "unexpected token catch_all");
    EXPECT_EQ(code("(try (do) (catch_all) (delegate 0))"), "unexpected token delegate");
    EXPECT_EQ(code("(try)"), "unexpected token )");
}

TEST(Instructions, catch_labels_are_seen_from_outside_try_table) {
    EXPECT_EQ(section("(tag $e) (func (block $b (try_table (catch $e $b) (catch_all_ref 0) (nop))))", 10), "010f0002401f40020000000300010b0b0b");
}

TEST(Instructions, what_follows_select_and_ref_test_chooses_the_opcode) {
    EXPECT_EQ(code("select"), "1b");
    EXPECT_EQ(code("select (result i32) (result)"), "1c017f");
    EXPECT_EQ(code("select (result)"), "1c00");
    EXPECT_EQ(code("ref.test (ref any)"), "fb146e");
    EXPECT_EQ(code("ref.test anyref"), "fb156e");
    EXPECT_EQ(code("ref.cast (ref null i31)"), "fb176c");
    EXPECT_EQ(code("br_on_cast 0 anyref (ref i31)"), "fb1801006e6c");
}

TEST(Instructions, optional_indices_default_to_0) {
    const std::string two = "(memory $a 0) (memory $b 0) (table $s 0 funcref) (table $t 0 funcref) (data $d) (elem $e func) (func ";
    auto body = [&](const char* text) {
        std::string s = section(two + text + ")", 10);
        return s.substr(6, s.size() - 8);
    };
    EXPECT_EQ(body("i32.load"), "280200");
    EXPECT_EQ(body("i32.load $b offset=0x10 align=1"), "28400110");
    EXPECT_EQ(body("i32.load $b offset=0x1_0 align=1"), "28400110");
    EXPECT_EQ(body("v128.load8_lane 3"), "fd54000003");
    EXPECT_EQ(body("v128.load8_lane $b 3"), "fd5440010003");
    EXPECT_EQ(body("v128.load8_lane 1 3"), "fd5440010003");
    EXPECT_EQ(body("v128.load8_lane 1 offset=2 3"), "fd5440010203");
    EXPECT_EQ(body("memory.init $d"), "fc080000");
    EXPECT_EQ(body("memory.init $b $d"), "fc080001");
    EXPECT_EQ(body("table.init $t $e"), "fc0c0001");
    EXPECT_EQ(body("memory.copy"), "fc0a0000");
    EXPECT_EQ(body("memory.copy $b $a"), "fc0a0100");
    EXPECT_EQ(body("table.get $t"), "2501");
    EXPECT_EQ(body("call_indirect $t (param)"), "110001");
    EXPECT_EQ(body("memory.atomic.wait64"), "fe020300");
    EXPECT_EQ(body("atomic.fence"), "fe0300");
}

TEST(Instructions, literals_are_checked) {
    EXPECT_EQ(code("i32.const 0x1_0000_0000"), "constant out of range");
    EXPECT_EQ(code("i32.const -1 i64.const 0xffffffffffffffff"), "417f427f");
    EXPECT_EQ(code("f32.const 1e40"), "constant out of range");
    EXPECT_EQ(code("i32.const 1.5"), "unexpected token 1.5");
    EXPECT_EQ(code("i32.const 0x"), "unknown operator 0x");
    EXPECT_EQ(code("i32.load align=3"), "alignment must be a power of two");
    EXPECT_EQ(code("i32.load align=0"), "alignment must be a power of two");
    EXPECT_EQ(code("i32.load offset=-1"), "unknown operator offset=-1");
    EXPECT_EQ(code("v128.const i8x16 1 2 3"), "wrong number of lane literals");
    EXPECT_EQ(code("i8x16.shuffle 1 2"), "invalid lane length");
    EXPECT_EQ(code("v128.const i64x2 -1 0x10"), "fd0cffffffffffffffff1000000000000000");
    EXPECT_EQ(code("v128.const f32x4 1 -0 nan inf"), "fd0c0000803f000000800000c07f0000807f");
}

TEST(Instructions, unknown_words_and_known_words_in_the_wrong_place_differ) {
    EXPECT_EQ(code("i32.foo"), "unknown operator i32.foo");
    EXPECT_EQ(code("get_local 0"), "unknown operator get_local");
    EXPECT_EQ(code("(then)"), "unexpected token then");
    EXPECT_EQ(code("else"), "unexpected token else");
    EXPECT_EQ(code("end"), "unexpected token end");
    EXPECT_EQ(code("(end)"), "unexpected token end");
    EXPECT_EQ(code("block"), "unexpected token )");
    EXPECT_EQ(code("(i32.add i32.const 1)"), "unexpected token i32.const");
    EXPECT_EQ(error("(module (func (block"), "unexpected end");
}

TEST(Instructions, nesting_depth_costs_no_native_stack) {
    constexpr int depth = 20'000;
    auto nested = [](const char* open, const char* inside, const char* close) {
        std::string s = "(module (func ";
        for (int i = 0; i < depth; ++i) s += open;
        s += inside;
        for (int i = 0; i < depth; ++i) s += close;
        return s + "))";
    };
    for (const std::string& text : {nested("(i32.eqz ", "(i32.const 0)", ")"), nested("(block $l ", "br $l", ")"), nested("block ", "nop ", "end "),
                                    nested("(if (i32.const 0) (then ", "", "))"), nested("(try (do ", "", ") (catch_all))")}) {
        auto bytes = assemble(text);
        ASSERT_TRUE(bytes) << bytes.error().message;
        for (bool fold : {false, true}) {
            auto printed = print(*bytes, {.fold = fold});
            ASSERT_TRUE(printed);
            EXPECT_EQ(assemble(*printed).value(), *bytes);
        }
    }
    EXPECT_FALSE(assemble(std::string(1'000'000, '(')));
}

// Every row of the table as text: an instruction with the immediates its kind asks for.
TEST(Instructions, every_instruction_is_read_and_printed) {
    auto immediates = [](const OpInfo& o) -> std::string {
        switch (o.imm) {
        case Imm::None:
        case Imm::Zero:
        case Imm::MemArg:
        case Imm::BlockType:
        case Imm::TryTable: return "";
        case Imm::MemArgLane:
        case Imm::Lane:
        case Imm::LabelTable: return "0";
        case Imm::Shuffle: return "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15";
        case Imm::V128: return "i64x2 1 2";
        case Imm::HeapType: return o.text == "ref.null" ? "any" : o.name.ends_with("null") ? "anyref" : "(ref any)";
        case Imm::Types: return "(result i32)";
        case Imm::BrOnCast: return "0 anyref anyref";
        case Imm::TypeTable: return "1 (type 0)";
        default: return "1 2 3";
        }
    };
    for (const OpInfo& o : op_table) {
        std::string text(o.text);
        if (text == "else" || text == "end" || text == "catch" || text == "catch_all" || text == "delegate") continue;
        std::string rest = immediates(o);
        if (rest == "1 2 3") {   // one to three numbers: as many as it takes
            rest = " 1";
            for (const char* more : {" 2", " 3"})
                if (code(text + rest).find_first_not_of("0123456789abcdef") != std::string::npos) rest += more;
        }
        if (o.imm == Imm::BlockType || o.imm == Imm::TryTable) rest += " end";
        std::vector<u8> body = unhex(code(text + " " + rest));
        Reader reader(body);
        Instr in;
        ASSERT_NO_THROW(read_instr(reader, in)) << text;
        EXPECT_EQ(info(in.op).name, o.name);

        auto bytes = assemble("(module (func) (func " + text + " " + rest + "))");
        ASSERT_TRUE(bytes) << text << rest << ": " << bytes.error().message;
        std::string code_hex = hex(*bytes);
        for (bool fold : {false, true}) {
            auto printed = print(*bytes, {.fold = fold});
            ASSERT_TRUE(printed) << text;
            auto again = assemble(*printed);
            ASSERT_TRUE(again) << *printed;
            EXPECT_EQ(hex(*again), code_hex) << *printed;
        }
    }
}

}  // namespace
}  // namespace heddle::text
