// What whole bodies are found to be by the quick way and by the way that takes one instruction at a time: the same in all they say. The second
// is taken when a feature is turned off, here one that no body can ask for.
#include <random>

#include <gtest/gtest.h>

#include "support/random_module.hpp"
#include "support/validation.hpp"

namespace heddle {
namespace {

using test::Checked;

constexpr Features step_by_step{.compact_imports = false};

std::string all_said(const Checked& c) {
    if (!c.fine()) return said(c) + " at " + std::to_string(c.error.offset);
    std::string s = "fine";
    for (const FuncBody& b : c.module->bodies)
        for (u32 n : {b.code_from, b.local_slots, b.param_slots, b.result_slots, b.max_operand_slots}) s += " " + std::to_string(n);
    return s;
}

// What both ways say, or how they differ.
std::string both(const std::vector<u8>& bytes) {
    std::string quick = all_said(test::validated(bytes)), steps = all_said(test::validated(bytes, step_by_step));
    return quick == steps ? quick : quick + " | " + steps;
}

struct Function {
    std::vector<u8> params = {}, results = {}, locals = {};  // value types
    std::vector<u8> code = {};
};

// A module with memory 0 (flags as given; none when negative), globals and that function.
std::vector<u8> module_of(const Function& f, int memory_flags = 0, std::size_t behind = 0) {
    Writer w;
    w.bytes = {0, 'a', 's', 'm', 1, 0, 0, 0};
    auto section = [&](u8 id, const Writer& contents) {
        w.byte(id);
        w.u64_leb(contents.bytes.size());
        w.span(contents.bytes);
    };
    auto list = [](Writer& to, std::span<const u8> bytes) {
        to.u64_leb(bytes.size());
        to.span(bytes);
    };
    Writer types, memories, globals, code, body;
    types.span(std::initializer_list<u8>{1, 0x60});
    list(types, f.params);
    list(types, f.results);
    section(1, types);
    section(3, {{1, 0}});
    if (memory_flags >= 0) section(5, {{1, u8(memory_flags), 1}});
    section(6, {{3, 0x7f, 1, 0x41, 0, 0x0b, 0x7e, 0, 0x42, 0, 0x0b, 0x70, 1, 0xd0, 0x70, 0x0b}});  // a variable i32, a constant i64, a funcref
    body.u64_leb(f.locals.size());
    for (u8 t : f.locals) body.span(std::initializer_list<u8>{1, t});
    body.span(f.code);
    code.byte(1);
    list(code, body.bytes);
    section(10, code);
    if (behind) section(0, {std::vector<u8>(behind)});
    return w.bytes;
}

std::string judged(const Function& f, int memory_flags = 0) {
    std::string near = both(module_of(f, memory_flags)), far = both(module_of(f, memory_flags, 100));
    // Whether bytes follow changes only what is said of a body that ends too early.
    EXPECT_EQ(near.starts_with("fine"), far.starts_with("fine"));
    return far;
}

TEST(QuickValidation, integers_of_any_length_are_judged_alike) {
    for (int op : {0x41, 0x42})
        for (u32 length = 1; length <= 11; ++length)
            for (int last : {0x00, 0x01, 0x07, 0x08, 0x0f, 0x10, 0x3f, 0x40, 0x70, 0x77, 0x78, 0x7f}) {
                std::vector<u8> code{u8(op)};
                code.insert(code.end(), length - 1, 0x80);
                code.insert(code.end(), {u8(last), 0x1a, 0x0b});
                std::string said = judged({.code = code});
                EXPECT_EQ(said.find('|'), said.npos) << said << " for " << op << ", " << length << " bytes, the last " << last;
            }
}

TEST(QuickValidation, accesses_are_judged_alike) {
    for (int memory : {-1, 0, 4})
        for (int address : {0x41, 0x42})
            for (int align : {0, 1, 2, 3, 0x40, 0x41, 0x80})
                for (u32 length = 1; length <= 6; ++length)
                    for (int last : {0x00, 0x07, 0x08, 0x0f, 0x10}) {
                        std::vector<u8> code{u8(address), 0, 0x28, u8(align)};
                        code.insert(code.end(), length - 1, 0xff);
                        code.insert(code.end(), {u8(last), 0x1a, 0x0b});
                        std::string said = judged({.code = code}, memory);
                        EXPECT_EQ(said.find('|'), said.npos) << said;
                    }
}

TEST(QuickValidation, locals_of_all_kinds_and_numbers_are_judged_alike) {
    std::vector<u8> many(300, 0x7f);
    const std::vector<u8> indices[] = {{0}, {1}, {2}, {0x7f}, {0x80, 0}, {0x80, 1}, {0xff, 1}, {0xab, 2}, {0xac, 2}, {0xff, 0x7f}, {0x80, 0x80, 0}};
    for (std::vector<u8> locals : {std::vector<u8>{}, {0x7f}, {0x7b, 0x7f}, {0x70, 0x7f}, many})
        for (const std::vector<u8>& index : indices)
            for (int op : {0x20, 0x21, 0x22})
                for (bool operand : {false, true}) {
                    std::vector<u8> code;
                    if (operand) code = {0x41, 5};
                    code.push_back(u8(op));
                    code.insert(code.end(), index.begin(), index.end());
                    if (op != 0x21) code.push_back(0x1a);
                    code.push_back(0x0b);
                    std::string said = judged({.locals = locals, .code = code});
                    EXPECT_EQ(said.find('|'), said.npos) << said;
                }
}

TEST(QuickValidation, what_the_table_takes_is_refused_with_the_usual_words) {
    EXPECT_EQ(judged({.code = {0x41, 1, 0x42, 1, 0x6a, 0x1a, 0x0b}}),
              "invalid: type mismatch: instruction requires [i32] but stack has [i64] at 50");
    EXPECT_EQ(judged({.code = {0x41, 1, 0x02, 0x40, 0x6a, 0x1a, 0x0b, 0x0b}}),
              "invalid: type mismatch: instruction requires [i32] but stack has [] at 50");
    EXPECT_EQ(judged({.code = {0x02, 0x40, 0x0c, 0, 0x6a, 0x1a, 0x0b, 0x0b}}).substr(0, 4), "fine");
    EXPECT_EQ(judged({.code = {0x20, 0, 0x1a, 0x0b}}), "invalid: unknown local 0 at 46");
    EXPECT_EQ(judged({.code = {0x42, 1, 0x24, 1, 0x0b}}), "invalid: immutable global at 48");
    EXPECT_EQ(judged({.code = {0x41, 0, 0x0d, 2, 0x0b}}), "invalid: unknown label 2 at 48");
    EXPECT_EQ(judged({.code = {0x05, 0x0b}}), "malformed: END opcode expected: else without if at 46");
    EXPECT_EQ(judged({.code = {0x41, 0}}).substr(0, 9), "malformed");
}

// Instructions drawn so that most fit what is on the stack, with what goes wrong in between.
std::vector<u8> random_code(std::mt19937& random) {
    static const std::vector<std::vector<u8>> pieces = {
        {0x20, 0}, {0x20, 1}, {0x20, 2}, {0x20, 3}, {0x21, 0}, {0x21, 1}, {0x22, 0}, {0x22, 1}, {0x22, 3}, {0x41, 5}, {0x41, 0x80, 1},
        {0x41, 0xff, 0xff, 0xff, 0xff, 0x7f}, {0x42, 7}, {0x42, 0x80, 0x80, 0x80, 0x80, 1}, {0x43, 0, 0, 0, 0}, {0x44, 0, 0, 0, 0, 0, 0, 0, 0},
        {0x6a}, {0x6a}, {0x7c}, {0x45}, {0x46}, {0xa7}, {0xac}, {0x92}, {0xa0}, {0x28, 2, 4}, {0x28, 2, 0x80, 2}, {0x29, 3, 0}, {0x36, 2, 0},
        {0x37, 3, 0x80, 0x80, 0x80, 0x80, 1}, {0x2d, 1, 0}, {0x02, 0x40}, {0x03, 0x40}, {0x04, 0x40}, {0x02, 0x7f}, {0x04, 0x7f}, {0x05}, {0x0b},
        {0x0b}, {0x0b}, {0x0c, 0}, {0x0c, 1}, {0x0d, 0}, {0x0d, 1}, {0x0d, 9}, {0x0f}, {0x00}, {0x1a}, {0x1a}, {0x1b}, {0x23, 0}, {0x24, 0},
        {0x23, 1}, {0x24, 1}, {0x23, 2}, {0x24, 2}, {0x10, 0}, {0x06, 0x40}, {0x07, 0}, {0x19},
        {0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0xd0, 0x70}, {0xd1}, {0xfc, 0}, {0x80}, {0xff}};
    std::vector<u8> code;
    for (u32 n = u32(random() % 24); n-- > 0;) {
        const std::vector<u8>& piece = pieces[random() % pieces.size()];
        code.insert(code.end(), piece.begin(), piece.end());
    }
    code.push_back(0x0b);
    return code;
}

TEST(QuickValidation, random_instructions_are_judged_alike) {
    std::mt19937 random(20);
    const std::vector<u8> kinds[] = {{}, {0x7f, 0x7e}, {0x7f, 0x7e, 0x7d, 0x7c}, {0x7f, 0x7b}, {0x7f, 0x70}};
    u32 fine = 0;
    for (u32 i = 0; i < 12'000; ++i) {
        Function f{.params = kinds[random() % 5], .results = {}, .locals = kinds[random() % 5], .code = random_code(random)};
        if (random() % 4 == 0) f.results = {0x7f};
        std::string said = both(module_of(f, random() % 8 ? 0 : 4, random() % 3 * 20));
        ASSERT_EQ(said.find('|'), said.npos) << said;
        fine += said.starts_with("fine");
    }
    EXPECT_GT(fine, 300u);
}

TEST(QuickValidation, random_modules_are_judged_alike_whole_and_damaged) {
    std::mt19937 random(21);
    for (u32 i = 0; i < 300; ++i) {
        std::vector<u8> choices(200);
        for (u8& c : choices) c = u8(random());
        std::vector<u8> bytes = test::RandomModule(choices).bytes(i % 3 ? 0 : 200);
        std::string said = both(bytes);
        ASSERT_TRUE(said.starts_with("fine") && said.find('|') == said.npos) << said;
        for (u32 k = 0; k < 40; ++k) {
            std::vector<u8> damaged = bytes;
            damaged[damaged.size() / 4 + random() % (damaged.size() * 3 / 4)] = u8(random());
            said = both(damaged);
            ASSERT_EQ(said.find('|'), said.npos) << said;
        }
    }
}

}  // namespace
}  // namespace heddle
