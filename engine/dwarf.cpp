// DWARF entries: units, abbreviations, forms, ranges and scopes.
#include "dwarf.hpp"

#include <algorithm>

#include "module.hpp"

namespace heddle {

using namespace dwarf;

namespace {

// The numbers of the standard that matter here (DWARF 5, section 7.5).
enum Tag : u32 { tag_compile_unit = 0x11, tag_inlined_subroutine = 0x1d, tag_subprogram = 0x2e };
enum At : u32 {
    at_sibling = 0x01, at_name = 0x03, at_stmt_list = 0x10, at_low_pc = 0x11, at_high_pc = 0x12, at_comp_dir = 0x1b, at_abstract_origin = 0x31,
    at_specification = 0x47, at_ranges = 0x55, at_call_column = 0x57, at_call_file = 0x58, at_call_line = 0x59, at_str_offsets_base = 0x72,
    at_addr_base = 0x73, at_rnglists_base = 0x74
};
enum UnitType : u8 { unit_type = 0x02, unit_skeleton = 0x04, unit_split_compile = 0x05, unit_split_type = 0x06 };

constexpr u32 deepest = 1024;      // nesting of entries
constexpr u32 longest_origin = 8;  // abstract_origin → specification → …
constexpr std::size_t most_units = 1 << 20;

Reader at(std::span<const u8> section, u64 offset) {
    if (offset > section.size()) malformed("DWARF offset outside its section", section.size());
    return Reader(section, std::size_t(offset), section.size());
}

// A length, and whether offsets have 4 or 8 bytes.
u64 read_length(Reader& r, u8& offset_bytes) {
    u64 n = r.fixed32();
    offset_bytes = 4;
    if (n == 0xffffffff) {
        offset_bytes = 8;
        n = r.fixed64();
    }
    if (n > r.left()) malformed("DWARF length beyond its section", r.offset());
    return n;
}

}  // namespace

DwarfSections dwarf_sections(const ModuleData& m) {
    DwarfSections s;
    const std::pair<std::string_view, std::span<const u8> DwarfSections::*> names[] = {
        {".debug_info", &DwarfSections::info},         {".debug_abbrev", &DwarfSections::abbrev},
        {".debug_line", &DwarfSections::line},         {".debug_str", &DwarfSections::str},
        {".debug_line_str", &DwarfSections::line_str}, {".debug_ranges", &DwarfSections::ranges},
        {".debug_rnglists", &DwarfSections::rnglists}, {".debug_addr", &DwarfSections::addr},
        {".debug_str_offsets", &DwarfSections::str_offsets}};
    for (const CustomSection& c : m.customs)
        for (auto [name, member] : names)
            if (c.name == name) s.*member = c.bytes;
    return s;
}

bool Unit::contains(u64 address) const {
    return std::ranges::any_of(ranges, [&](const Range& r) { return r.from <= address && address < r.to; });
}

// What of an entry matters.
struct Dwarf::Entry {
    u32 tag = 0, depth = 0;
    bool has_children = false;
    AttributeValue name, low, high, ranges, origin, sibling, lines, directory, str_offsets_base, addr_base, rnglists_base;
    u64 call_file = 0, call_line = 0, call_column = 0;
};

Dwarf::Dwarf(const DwarfSections& sections) : s_(sections) {
    try {
        read_units();
    } catch (const Error&) {
        // The units before the damage serve.
    }
}

void Dwarf::spend(u64 cost) {
    if (cost > budget_) {
        budget_ = 0;
        throw Error{Error::Kind::limit, "too much DWARF", 0};
    }
    budget_ -= cost;
}

// ---- units

void Dwarf::read_units() {
    Reader r(s_.info);
    while (!r.done() && units_.size() < most_units) read_unit(r);
}

// https://dwarfstd.org/dwarf5std.html, section 7.5.1
void Dwarf::read_unit(Reader& all) {
    spend(16);
    Unit u;
    u.offset = all.offset();
    u64 n = read_length(all, u.offset_bytes);
    u.end = all.offset() + n;
    Reader r(s_.info, all.offset(), std::size_t(u.end));
    all.take(std::size_t(n));
    u.version = u16(read_number(r, 2));
    if (u.version < 2 || u.version > 5) return;
    u8 kind = u.version >= 5 ? r.byte() : 0;
    if (u.version >= 5) u.address_bytes = r.byte();
    u64 abbreviations_at = read_number(r, u.offset_bytes);
    if (u.version < 5) u.address_bytes = r.byte();
    if (kind == unit_type || kind == unit_split_type) return;
    if (kind == unit_skeleton || kind == unit_split_compile) r.take(8);
    if (u.address_bytes != 4 && u.address_bytes != 8) return;
    u.entries = r.offset();
    u.abbreviations = &abbreviations(abbreviations_at);
    read_root(u);
    units_.push_back(std::move(u));
}

void Dwarf::read_root(Unit& u) {
    Reader r(s_.info, std::size_t(u.entries), std::size_t(u.end));
    Entry e;
    // Bases are read first: they may stand behind what they are the base of.
    if (!read_entry(r, u, e)) return;
    u64 header = u.offset_bytes == 8 ? 16 : 8;
    u.str_offsets_base = e.str_offsets_base.kind == AttributeValue::Kind::none ? header : e.str_offsets_base.number;
    u.addr_base = e.addr_base.kind == AttributeValue::Kind::none ? header : e.addr_base.number;
    u.rnglists_base = e.rnglists_base.kind == AttributeValue::Kind::none ? (u.offset_bytes == 8 ? 20 : 12) : e.rnglists_base.number;
    Reader again(s_.info, std::size_t(u.entries), std::size_t(u.end));
    Entry root;
    read_entry(again, u, root);
    if (root.lines.kind != AttributeValue::Kind::none) u.lines = root.lines.number;
    u.directory = root.directory.text;
    u.name = root.name.text;
    u.low_pc = root.low.kind == AttributeValue::Kind::none ? 0 : address(u, root.low);
    u.ranges = ranges_of(u, root.low, root.high, root.ranges);
}

const Unit* Dwarf::unit_at(u64 offset) const {
    auto u = std::ranges::upper_bound(units_, offset, {}, &Unit::offset);
    if (u == units_.begin()) return nullptr;
    --u;
    return offset < u->end ? &*u : nullptr;
}

// ---- abbreviations: https://dwarfstd.org/dwarf5std.html, section 7.5.3

const Abbreviations& Dwarf::abbreviations(u64 offset) {
    auto [it, is_new] = abbreviations_.try_emplace(offset);
    if (!is_new) return it->second;
    Reader r = at(s_.abbrev, offset);
    while (u64 code = r.u64_leb()) {
        spend(1);
        Abbreviation a;
        a.tag = u32(r.u64_leb());
        a.has_children = r.byte() != 0;
        for (;;) {
            spend(1);
            Attribute attribute{u32(r.u64_leb()), u32(r.u64_leb()), 0};
            constexpr u32 implicit_const = 0x21;
            if (attribute.form == implicit_const) attribute.constant = r.i64_leb();
            if (attribute.name == 0 && attribute.form == 0) break;
            a.attributes.push_back(attribute);
        }
        it->second.try_emplace(code, std::move(a));
    }
    return it->second;
}

// ---- forms: https://dwarfstd.org/dwarf5std.html, section 7.5.6

std::string_view Dwarf::indexed_string(const Unit& u, u64 index) const {
    if (index > s_.str_offsets.size()) return {};
    Reader r = at(s_.str_offsets, u.str_offsets_base + index * u.offset_bytes);
    return text_at(s_.str, read_number(r, u.offset_bytes));
}

AttributeValue Dwarf::read_form(Reader& r, const Unit& u, u64 form, const Attribute& a) {
    using Kind = AttributeValue::Kind;
    auto number = [](u64 v) { return AttributeValue{Kind::number, v, {}}; };
    auto text = [](std::string_view t) { return AttributeValue{Kind::text, 0, t}; };
    auto skip = [&](u64 n) {
        r.take(std::size_t(std::min<u64>(n, ~std::size_t(0))));
        return AttributeValue{};
    };
    auto reference = [&](u64 v) { return AttributeValue{Kind::reference, u.offset + v, {}}; };
    switch (form) {
    case 0x01: return {Kind::address, read_number(r, u.address_bytes), {}};                        // addr
    case 0x03: return skip(read_number(r, 2));                                                     // block2
    case 0x04: return skip(read_number(r, 4));                                                     // block4
    case 0x05: return number(read_number(r, 2));                                                   // data2
    case 0x06: return number(read_number(r, 4));                                                   // data4
    case 0x07: return number(read_number(r, 8));                                                   // data8
    case 0x08: {                                                                                   // string
        std::size_t from = r.offset();
        while (r.byte() != 0) {}
        spend((r.offset() - from) / 64);
        return text(text_at(s_.info, from));
    }
    case 0x09: return skip(r.u64_leb());                                                           // block
    case 0x0a: return skip(r.byte());                                                              // block1
    case 0x0b: return number(r.byte());                                                            // data1
    case 0x0c: return number(r.byte());                                                            // flag
    case 0x0d: return number(u64(r.i64_leb()));                                                    // sdata
    case 0x0e: return text(text_at(s_.str, read_number(r, u.offset_bytes)));                     // strp
    case 0x0f: return number(r.u64_leb());                                                         // udata
    case 0x10: return {Kind::reference, read_number(r, u.version <= 2 ? u.address_bytes : u.offset_bytes), {}};  // ref_addr
    case 0x11: return reference(r.byte());                                                         // ref1
    case 0x12: return reference(read_number(r, 2));                                                // ref2
    case 0x13: return reference(read_number(r, 4));                                                // ref4
    case 0x14: return reference(read_number(r, 8));                                                // ref8
    case 0x15: return reference(r.u64_leb());                                                      // ref_udata
    case 0x16: {                                                                                   // indirect
        u64 actual = r.u64_leb();
        if (actual == 0x16 || actual == 0x21) malformed("DWARF form", r.offset());
        return read_form(r, u, actual, a);
    }
    case 0x17: return {Kind::section_offset, read_number(r, u.offset_bytes), {}};                  // sec_offset
    case 0x18: return skip(r.u64_leb());                                                           // exprloc
    case 0x19: return number(1);                                                                   // flag_present
    case 0x1a: return text(indexed_string(u, r.u64_leb()));                                        // strx
    case 0x1b: return {Kind::address_index, r.u64_leb(), {}};                                      // addrx
    case 0x1c: return skip(4);                                                                     // ref_sup4
    case 0x1d: return skip(u.offset_bytes);                                                        // strp_sup
    case 0x1e: return skip(16);                                                                    // data16
    case 0x1f: return text(text_at(s_.line_str, read_number(r, u.offset_bytes)));                // line_strp
    case 0x20: return skip(8);                                                                     // ref_sig8
    case 0x21: return number(u64(a.constant));                                                     // implicit_const
    case 0x22: r.u64_leb(); return {};                                                             // loclistx
    case 0x23: return {Kind::list_index, r.u64_leb(), {}};                                         // rnglistx
    case 0x24: return skip(8);                                                                     // ref_sup8
    case 0x25: return text(indexed_string(u, r.byte()));                                           // strx1
    case 0x26: return text(indexed_string(u, read_number(r, 2)));                                  // strx2
    case 0x27: return text(indexed_string(u, read_number(r, 3)));                                  // strx3
    case 0x28: return text(indexed_string(u, read_number(r, 4)));                                  // strx4
    case 0x29: return {Kind::address_index, r.byte(), {}};                                         // addrx1
    case 0x2a: return {Kind::address_index, read_number(r, 2), {}};                                // addrx2
    case 0x2b: return {Kind::address_index, read_number(r, 3), {}};                                // addrx3
    case 0x2c: return {Kind::address_index, read_number(r, 4), {}};                                // addrx4
    default: malformed("unknown DWARF form", r.offset());
    }
}

u64 Dwarf::address(const Unit& u, const AttributeValue& v) const {
    if (v.kind != AttributeValue::Kind::address_index) return v.number;
    if (v.number > s_.addr.size()) malformed("DWARF address index", 0);
    Reader r = at(s_.addr, u.addr_base + v.number * u.address_bytes);
    return read_number(r, u.address_bytes);
}

// The next entry: false for the null entry that ends a list of siblings.
bool Dwarf::read_entry(Reader& r, const Unit& u, Entry& e) {
    spend(1);
    e = {};
    u64 code = r.u64_leb();
    if (code == 0) return false;
    auto found = u.abbreviations->find(code);
    if (found == u.abbreviations->end()) malformed("unknown DWARF abbreviation", r.offset());
    const Abbreviation& abbreviation = found->second;
    spend(abbreviation.attributes.size() / 8);
    e.tag = abbreviation.tag;
    e.has_children = abbreviation.has_children;
    for (const Attribute& a : abbreviation.attributes) {
        AttributeValue v = read_form(r, u, a.form, a);
        switch (a.name) {
        case at_sibling: e.sibling = v; break;
        case at_name: e.name = v; break;
        case at_stmt_list: e.lines = v; break;
        case at_low_pc: e.low = v; break;
        case at_high_pc: e.high = v; break;
        case at_comp_dir: e.directory = v; break;
        case at_abstract_origin:
        case at_specification: e.origin = v; break;
        case at_ranges: e.ranges = v; break;
        case at_call_file: e.call_file = v.number; break;
        case at_call_line: e.call_line = v.number; break;
        case at_call_column: e.call_column = v.number; break;
        case at_str_offsets_base: e.str_offsets_base = v; break;
        case at_addr_base: e.addr_base = v; break;
        case at_rnglists_base: e.rnglists_base = v; break;
        default: break;
        }
    }
    return true;
}

// ---- ranges

std::vector<Range> Dwarf::ranges_of(const Unit& u, const AttributeValue& low, const AttributeValue& high, const AttributeValue& list) {
    if (list.kind != AttributeValue::Kind::none) return range_list(u, list);
    if (low.kind == AttributeValue::Kind::none || high.kind == AttributeValue::Kind::none) return {};
    u64 from = address(u, low);
    bool is_size = high.kind == AttributeValue::Kind::number;
    u64 to = is_size ? from + high.number : address(u, high);
    return {{from, to}};
}

// https://dwarfstd.org/dwarf5std.html, section 2.17.3
std::vector<Range> Dwarf::range_list(const Unit& u, const AttributeValue& list) {
    if (u.version < 5) return old_range_list(u, list.number);
    u64 offset = list.number;
    if (list.kind == AttributeValue::Kind::list_index) {
        if (list.number > s_.rnglists.size()) malformed("DWARF range list index", 0);
        Reader r = at(s_.rnglists, u.rnglists_base + list.number * u.offset_bytes);
        offset = u.rnglists_base + read_number(r, u.offset_bytes);
    }
    Reader r = at(s_.rnglists, offset);
    auto indexed = [&](u64 i) { return address(u, {AttributeValue::Kind::address_index, i, {}}); };
    auto plain = [&] { return read_number(r, u.address_bytes); };
    std::vector<Range> ranges;
    for (u64 base = u.low_pc;;) {
        spend(1);
        u64 from, to;
        switch (r.byte()) {
        case 0: return ranges;                                                        // end_of_list
        case 1: base = indexed(r.u64_leb()); continue;                                // base_addressx
        case 2: from = indexed(r.u64_leb()), to = indexed(r.u64_leb()); break;        // startx_endx
        case 3: from = indexed(r.u64_leb()), to = from + r.u64_leb(); break;          // startx_length
        case 4: from = base + r.u64_leb(), to = base + r.u64_leb(); break;            // offset_pair
        case 5: base = plain(); continue;                                             // base_address
        case 6: from = plain(), to = plain(); break;                                  // start_end
        case 7: from = plain(), to = from + r.u64_leb(); break;                       // start_length
        default: malformed("DWARF range list", r.offset());
        }
        ranges.push_back({from, to});
    }
}

// Pairs; the largest address as the first says that the second is a base; 0 0 ends. (DWARF 4, section 2.17.3)
std::vector<Range> Dwarf::old_range_list(const Unit& u, u64 offset) {
    Reader r = at(s_.ranges, offset);
    const u64 largest = u.address_bytes == 4 ? 0xffffffff : ~u64(0);
    std::vector<Range> ranges;
    for (u64 base = u.low_pc;;) {
        spend(1);
        u64 from = read_number(r, u.address_bytes), to = read_number(r, u.address_bytes);
        if (from == 0 && to == 0) return ranges;
        if (from == largest) base = to;
        else ranges.push_back({base + from, base + to});
    }
}

// ---- looking up

// The function that holds the address, and the inlined ones in it, outermost first.
std::vector<Dwarf::Entry> Dwarf::scopes(const Unit& u, u64 address) {
    std::vector<Entry> found;
    Reader r(s_.info, std::size_t(u.entries), std::size_t(u.end));
    u32 depth = 0;
    Entry e;
    while (!r.done()) {
        if (!read_entry(r, u, e)) {
            if (depth == 0 || --depth == 0) break;
            continue;
        }
        if (!found.empty() && depth <= found[0].depth) break;  // behind the function
        e.depth = depth;
        bool is_scope = e.tag == tag_subprogram || (e.tag == tag_inlined_subroutine && !found.empty());
        if (is_scope) {
            auto ranges = ranges_of(u, e.low, e.high, e.ranges);
            bool holds = std::ranges::any_of(ranges, [&](const Range& x) { return x.from <= address && address < x.to; });
            if (holds) {
                if (e.tag == tag_subprogram) found.clear();
                found.push_back(e);
            } else if (e.sibling.kind == AttributeValue::Kind::reference && e.sibling.number > r.offset() && e.sibling.number <= u.end) {
                r = Reader(s_.info, std::size_t(e.sibling.number), std::size_t(u.end));
                continue;
            }
        }
        if (e.has_children && ++depth > deepest) malformed("DWARF entries nested too deeply", r.offset());
        if (depth == 0) break;  // a unit of one entry
    }
    return found;
}

std::string Dwarf::name_of(const Unit& u, const Entry& e, u32 depth) {
    if (!e.name.text.empty()) return std::string(e.name.text);
    if (e.origin.kind != AttributeValue::Kind::reference || depth == longest_origin) return {};
    const Unit* in = e.origin.number >= u.offset && e.origin.number < u.end ? &u : unit_at(e.origin.number);
    if (!in || e.origin.number < in->entries) return {};
    Reader r(s_.info, std::size_t(e.origin.number), std::size_t(in->end));
    Entry origin;
    return read_entry(r, *in, origin) ? name_of(*in, origin, depth + 1) : std::string();
}

const LineTable* Dwarf::lines(const Unit& u) {
    if (!u.lines) return nullptr;
    auto [it, is_new] = lines_.try_emplace(*u.lines);
    if (is_new) it->second = read_lines(s_, u, budget_);
    return &it->second;
}

std::vector<SourcePlace> Dwarf::find(u64 address) {
    std::vector<SourcePlace> places;
    try {
        auto unit = std::ranges::find_if(units_, [&](const Unit& u) { return u.contains(address); });
        if (unit == units_.end()) return places;
        const LineTable* table = lines(*unit);
        const LineRow* row = table ? table->find(address) : nullptr;
        if (!row) return places;
        SourcePlace here{{}, std::string(table->file(row->file)), row->line, row->column};
        std::vector<Entry> found = scopes(*unit, address);
        for (std::size_t i = found.size(); i-- > 0;) {
            here.function = name_of(*unit, found[i], 0);
            places.push_back(here);
            here = {{}, std::string(table->file(found[i].call_file)), u32(found[i].call_line), u32(found[i].call_column)};
        }
        if (found.empty()) places.push_back(std::move(here));
    } catch (const Error&) {
        // What was found serves.
    }
    return places;
}

void add_sources(std::span<Frame> frames, std::span<const ModuleData* const> modules) noexcept {
    try {
        std::unordered_map<const ModuleData*, Dwarf> readers;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const ModuleData* m = modules[i];
            if (frames[i].module_offset < m->code_section_offset) continue;
            auto it = readers.find(m);
            if (it == readers.end()) it = readers.try_emplace(m, dwarf_sections(*m)).first;
            frames[i].source = it->second.find(frames[i].module_offset - m->code_section_offset);
        }
    } catch (const std::bad_alloc&) {
        // Frames without sources are frames too.
    }
}

}  // namespace heddle
