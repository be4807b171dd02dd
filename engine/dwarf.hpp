// Where code came from: functions, inlined ones too, files and lines, from the DWARF 4 or 5 sections that compilers leave in a module.
// https://dwarfstd.org/dwarf5std.html, https://yurydelendik.github.io/webassembly-dwarf/
//
//   unit (its root tells which addresses it covers) ─ entries: subprogram ⊃ inlined_subroutine ⊃ …   names, and where calls were inlined
//                                                   └ line program: rows {address, file, line, column}
//
// The sections are a guest's claims: read with checks at every step and a budget for all of it. What is wrong or too much gives fewer
// answers, never an error.
#pragma once
#include <heddle/bytes.hpp>
#include <heddle/trap.hpp>

#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace heddle {

struct ModuleData;

struct DwarfSections {
    std::span<const u8> info, abbrev, line, str, line_str, ranges, rnglists, addr, str_offsets;
};
DwarfSections dwarf_sections(const ModuleData& m);

namespace dwarf {

// A value of an entry's attribute, by what its form means.
struct AttributeValue {
    enum class Kind : u8 { none, number, text, address, address_index, reference, section_offset, list_index } kind = Kind::none;
    u64 number = 0;  // reference: from the section's start
    std::string_view text;
};

struct Attribute {
    u32 name = 0, form = 0;
    i64 constant = 0;  // of DW_FORM_implicit_const
};
struct Abbreviation {
    u32 tag = 0;
    bool has_children = false;
    std::vector<Attribute> attributes;
};
using Abbreviations = std::unordered_map<u64, Abbreviation>;

struct Range {
    u64 from, to;
};

struct Unit {
    u64 offset = 0, entries = 0, end = 0;  // in .debug_info: the header, the root entry, the next unit
    u16 version = 0;
    u8 address_bytes = 4, offset_bytes = 4;
    const Abbreviations* abbreviations = nullptr;
    u64 str_offsets_base = 0, addr_base = 0, rnglists_base = 0, low_pc = 0;
    std::optional<u64> lines;  // its line program
    std::string_view directory, name;
    std::vector<Range> ranges;
    bool contains(u64 address) const;
};

// A file or directory table of a line program, and what running the program gives.
struct LineRow {
    u64 address = 0;
    u32 file = 0, line = 0, column = 0;
    bool end_sequence = false;
};
struct LineTable {
    std::vector<std::string> files;  // full paths
    std::vector<LineRow> rows;       // in the program's order
    std::string_view file(u64 index) const { return index < files.size() ? std::string_view(files[std::size_t(index)]) : std::string_view(); }
    const LineRow* find(u64 address) const;
};
// A number of that many bytes, at most 8.
u64 read_number(Reader& r, u32 bytes);
// The text there up to its zero, not more than a kilobyte of it; empty outside the section.
std::string_view text_at(std::span<const u8> section, u64 offset);

// Throws malformed. `budget` is what rows and files may still cost; none left: throws.
LineTable read_lines(const DwarfSections& s, const Unit& unit, u64& budget);

}  // namespace dwarf

class Dwarf {
public:
    explicit Dwarf(const DwarfSections& sections);
    // The source of a byte of the code section's contents: innermost inlined function first, the function itself last. Empty: unknown.
    std::vector<SourcePlace> find(u64 address);

private:
    void read_units();
    void read_unit(Reader& r);
    void read_root(dwarf::Unit& u);
    const dwarf::Abbreviations& abbreviations(u64 offset);
    dwarf::AttributeValue read_form(Reader& r, const dwarf::Unit& u, u64 form, const dwarf::Attribute& a);
    u64 address(const dwarf::Unit& u, const dwarf::AttributeValue& v) const;
    std::string_view indexed_string(const dwarf::Unit& u, u64 index) const;
    std::vector<dwarf::Range> ranges_of(const dwarf::Unit& u, const dwarf::AttributeValue& low, const dwarf::AttributeValue& high, const dwarf::AttributeValue& list);
    std::vector<dwarf::Range> range_list(const dwarf::Unit& u, const dwarf::AttributeValue& list);
    std::vector<dwarf::Range> old_range_list(const dwarf::Unit& u, u64 offset);
    const dwarf::Unit* unit_at(u64 info_offset) const;
    struct Entry;
    bool read_entry(Reader& r, const dwarf::Unit& u, Entry& e);
    std::vector<Entry> scopes(const dwarf::Unit& u, u64 address);
    std::string name_of(const dwarf::Unit& u, const Entry& e, u32 depth);
    const dwarf::LineTable* lines(const dwarf::Unit& u);
    void spend(u64 cost);

    DwarfSections s_;
    u64 budget_ = 2'000'000;  // entries, rows, ranges and files that all look-ups together may read
    std::vector<dwarf::Unit> units_;
    std::unordered_map<u64, dwarf::Abbreviations> abbreviations_;
    std::unordered_map<u64, dwarf::LineTable> lines_;  // by the program's offset
};

// Fills in the frames' sources, as far as their modules tell.
void add_sources(std::span<Frame> frames, std::span<const ModuleData* const> modules) noexcept;

}  // namespace heddle
