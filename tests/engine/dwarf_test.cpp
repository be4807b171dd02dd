// The DWARF reader on sections made by hand; real compilers' are compared with another reader by tests/scripts/dwarf.py.
#include "dwarf.hpp"

#include <gtest/gtest.h>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

void append(std::vector<u8>& to, std::initializer_list<int> bytes) {
    for (int b : bytes) to.push_back(u8(b));
}
void text(std::vector<u8>& to, std::string_view s) {
    to.insert(to.end(), s.begin(), s.end());
    to.push_back(0);
}
void patch_length(std::vector<u8>& section) {
    u32 n = u32(section.size() - 4);
    for (u32 i = 0; i < 4; ++i) section[i] = u8(n >> 8 * i);
}

struct Sections {
    std::vector<u8> info, abbrev, line;
    DwarfSections view() const {
        DwarfSections s;
        s.info = info;
        s.abbrev = abbrev;
        s.line = line;
        return s;
    }
};

// Version 4: "outer" at [0x10, 0x30), into which "inner" is inlined at [0x18, 0x20) from line 7.
Sections small() {
    Sections s;
    append(s.abbrev, {1, 0x11, 1, 0x03, 0x08, 0x10, 0x17, 0x11, 0x01, 0x12, 0x06, 0x1b, 0x08, 0, 0});                        // unit
    append(s.abbrev, {2, 0x2e, 0, 0x03, 0x08, 0, 0});                                                                       // abstract function
    append(s.abbrev, {3, 0x2e, 1, 0x03, 0x08, 0x11, 0x01, 0x12, 0x06, 0, 0});                                                // function
    append(s.abbrev, {4, 0x1d, 0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0x58, 0x0b, 0x59, 0x0b, 0x57, 0x0b, 0, 0, 0});         // inlined
    append(s.info, {0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 4});
    append(s.info, {1});
    text(s.info, "a.c");
    append(s.info, {0, 0, 0, 0, 0x10, 0, 0, 0, 0x20, 0, 0, 0});
    text(s.info, "/src");
    int inner = int(s.info.size());
    append(s.info, {2});
    text(s.info, "inner");
    append(s.info, {3});
    text(s.info, "outer");
    append(s.info, {0x10, 0, 0, 0, 0x20, 0, 0, 0});
    append(s.info, {4, inner, 0, 0, 0, 0x18, 0, 0, 0, 8, 0, 0, 0, 1, 7, 9});
    append(s.info, {0, 0});
    patch_length(s.info);
    append(s.line, {0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1});
    std::size_t header_from = 10;
    text(s.line, "inc");
    append(s.line, {0});
    text(s.line, "a.c");
    append(s.line, {0, 0, 0});
    text(s.line, "b.h");
    append(s.line, {1, 0, 0, 0});
    s.line[6] = u8(s.line.size() - header_from);
    append(s.line, {0, 5, 2, 0x10, 0, 0, 0, 3, 4, 1});        // 0x10: a.c:5
    append(s.line, {2, 8, 4, 2, 3, 15, 5, 3, 1});             // 0x18: b.h:20:3
    append(s.line, {2, 8, 4, 1, 3, 0x74, 5, 0, 1});           // 0x20: a.c:8
    append(s.line, {2, 16, 0, 1, 1});                         // 0x30: the end
    patch_length(s.line);
    return s;
}

std::string shown(const std::vector<SourcePlace>& places) {
    std::string all;
    for (const SourcePlace& p : places) all += p.function + " " + p.file + ":" + std::to_string(p.line) + ":" + std::to_string(p.column) + "; ";
    return all;
}

TEST(Dwarf, an_address_has_its_function_file_and_line) {
    Sections s = small();
    Dwarf d(s.view());
    EXPECT_EQ(shown(d.find(0x10)), "outer /src/a.c:5:0; ");
    EXPECT_EQ(shown(d.find(0x2f)), "outer /src/a.c:8:0; ");
}

TEST(Dwarf, inlined_functions_come_first_with_where_they_were_called) {
    Sections s = small();
    Dwarf d(s.view());
    EXPECT_EQ(shown(d.find(0x18)), "inner /src/inc/b.h:20:3; outer /src/a.c:7:9; ");
}

TEST(Dwarf, addresses_outside_are_unknown) {
    Sections s = small();
    Dwarf d(s.view());
    for (u64 a : {u64(0), u64(0x0f), u64(0x30), ~u64(0)}) EXPECT_EQ(shown(d.find(a)), "") << a;
}

TEST(Dwarf, damaged_sections_give_fewer_answers_and_no_harm) {
    Sections whole = small();
    for (auto section : {&Sections::info, &Sections::abbrev, &Sections::line}) {
        for (std::size_t cut = 0; cut <= (whole.*section).size(); ++cut) {
            Sections s = whole;
            (s.*section).resize(cut);
            Dwarf(s.view()).find(0x18);
        }
        for (std::size_t at = 0; at < (whole.*section).size(); ++at)
            for (int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
                Sections s = whole;
                (s.*section)[at] = u8(value);
                Dwarf(s.view()).find(0x18);
            }
    }
}

// A line program of many rows, and a list of entries without end marks: the budget ends both.
TEST(Dwarf, work_is_bounded) {
    Sections s = small();
    s.line.insert(s.line.end() - 3, 1'100'000, u8(1));
    patch_length(s.line);
    Dwarf d(s.view());
    EXPECT_EQ(shown(d.find(0x18)), "");
    EXPECT_EQ(shown(d.find(0x18)), "");
    Sections t = small();
    std::string siblings;
    for (int i = 0; i < 500'000; ++i) siblings += std::string_view("\2x\0", 3);
    t.info.insert(t.info.end() - 2, siblings.begin(), siblings.end());
    patch_length(t.info);
    Dwarf(t.view()).find(0x2f);
}

TEST(Dwarf, entries_that_refer_to_themselves_have_no_name) {
    Sections s = small();
    // The inlined entry is its own origin.
    std::size_t at = s.info.size() - 2 - 16;
    ASSERT_EQ(s.info[at], 4);
    s.info[at + 1] = u8(at);
    EXPECT_EQ(shown(Dwarf(s.view()).find(0x18)), " /src/inc/b.h:20:3; outer /src/a.c:7:9; ");
}

TEST(Dwarf, a_backtrace_shows_sources) {
    Frame f;
    f.func_index = 3;
    f.func_name = "outer";
    f.module_offset = 0x18;
    f.source = {{"inner", "/src/b.h", 20, 3}, {"outer", "/src/a.c", 7, 0}};
    Trap t;
    t.code = TrapCode::unreachable;
    t.backtrace = {f};
    EXPECT_EQ(t.to_string(), "unreachable\n  0: func[3] $outer @0x18\n       inner at /src/b.h:20:3\n       outer at /src/a.c:7");
}

}  // namespace
}  // namespace heddle
