// DWARF line programs: a small machine whose run gives rows of {address, file, line, column}.
// https://dwarfstd.org/dwarf5std.html, section 6.2
#include <algorithm>
#include <cstring>

#include "dwarf.hpp"

namespace heddle::dwarf {

namespace {

struct Header {
    u16 version = 0;
    u8 address_bytes = 4, offset_bytes = 4;
    u8 minimum_length = 1, line_range = 1, opcode_base = 1;
    i8 line_base = 0;
    std::vector<u8> operands;  // of the standard opcodes, from 1
};

struct Machine {
    const DwarfSections& s;
    const Unit& unit;
    u64& budget;
    Header h;
    LineTable table;

    void spend(u64 cost) {
        if (cost > budget) {
            budget = 0;
            throw Error{Error::Kind::limit, "too much DWARF", 0};
        }
        budget -= cost;
    }
};

std::string_view read_text(Reader& r, std::span<const u8> section) {
    std::size_t from = r.offset();
    while (r.byte() != 0) {}
    return text_at(section, from);
}

std::string joined(std::string_view directory, std::string_view name) {
    if (name.starts_with('/') || directory.empty()) return std::string(name);
    std::string path(directory);
    if (!path.ends_with('/')) path += '/';
    return path += name;
}

// ---- file tables

// Up to version 4: directories, then files {name, directory, time, length}; both count from 1.
void read_old_files(Machine& m, Reader& r) {
    std::vector<std::string> directories{std::string(m.unit.directory)};
    while (r.peek() != 0) {
        m.spend(4);
        directories.push_back(joined(m.unit.directory, read_text(r, m.s.line)));
    }
    r.byte();
    m.table.files.push_back(joined(m.unit.directory, m.unit.name));
    while (r.peek() != 0) {
        m.spend(4);
        std::string_view name = read_text(r, m.s.line);
        u64 directory = r.u64_leb();
        r.u64_leb();
        r.u64_leb();
        m.table.files.push_back(joined(directory < directories.size() ? directories[std::size_t(directory)] : std::string(), name));
    }
    r.byte();
}

// Version 5: entries of a format that comes first.
struct Format {
    u64 content, form;
};
struct FileEntry {
    std::string_view path;
    u64 directory = 0;
};

u64 read_form(Machine& m, Reader& r, u64 form, std::string_view& text) {
    switch (form) {
    case 0x08: text = read_text(r, m.s.line); return 0;                                        // string
    case 0x0e: text = text_at(m.s.str, read_number(r, m.h.offset_bytes)); return 0;            // strp
    case 0x1f: text = text_at(m.s.line_str, read_number(r, m.h.offset_bytes)); return 0;       // line_strp
    case 0x0b: return r.byte();                                                                // data1
    case 0x05: return read_number(r, 2);                                                       // data2
    case 0x06: return read_number(r, 4);                                                       // data4
    case 0x07: return read_number(r, 8);                                                       // data8
    case 0x0f: return r.u64_leb();                                                             // udata
    case 0x1e: r.take(16); return 0;                                                           // data16: a digest
    case 0x09: r.take(std::size_t(std::min<u64>(r.u64_leb(), ~std::size_t(0)))); return 0;     // block
    default: malformed("DWARF form in a line program", r.offset());
    }
}

std::vector<FileEntry> read_entries(Machine& m, Reader& r) {
    std::vector<Format> format(r.byte());
    for (Format& f : format) f = {r.u64_leb(), r.u64_leb()};
    u64 count = r.u64_leb();
    if (count > r.left()) malformed("too many files in a line program", r.offset());
    std::vector<FileEntry> entries;
    for (u64 i = 0; i < count; ++i) {
        m.spend(4);
        FileEntry e;
        for (const Format& f : format) {
            std::string_view text;
            u64 number = read_form(m, r, f.form, text);
            if (f.content == 1) e.path = text;         // path
            if (f.content == 2) e.directory = number;  // directory_index
        }
        entries.push_back(e);
    }
    return entries;
}

void read_files(Machine& m, Reader& r) {
    if (m.h.version < 5) return read_old_files(m, r);
    std::vector<FileEntry> directories = read_entries(m, r), files = read_entries(m, r);
    std::string_view own = directories.empty() ? m.unit.directory : directories[0].path;
    for (const FileEntry& f : files) {
        std::string_view directory = f.directory < directories.size() ? directories[std::size_t(f.directory)].path : std::string_view();
        m.table.files.push_back(joined(joined(own, directory), f.path));
    }
}

// ---- the program

void read_header(Machine& m, Reader& r, Reader& program) {
    u64 n = r.fixed32();
    if (n == 0xffffffff) {
        m.h.offset_bytes = 8;
        n = r.fixed64();
    }
    if (n > r.left()) malformed("DWARF length beyond its section", r.offset());
    std::size_t end = r.offset() + std::size_t(n);
    r = Reader(m.s.line, r.offset(), end);
    m.h.version = u16(read_number(r, 2));
    if (m.h.version < 2 || m.h.version > 5) malformed("version of a line program", r.offset());
    m.h.address_bytes = m.unit.address_bytes;
    if (m.h.version >= 5) {
        m.h.address_bytes = r.byte();
        r.byte();  // segment selectors
    }
    u64 header = read_number(r, m.h.offset_bytes);
    if (header > end - r.offset()) malformed("DWARF length beyond its section", r.offset());
    program = Reader(m.s.line, r.offset() + std::size_t(header), end);
    m.h.minimum_length = r.byte();
    if (m.h.version >= 4) r.byte();  // operations per instruction
    r.byte();                        // whether rows are statements
    m.h.line_base = i8(r.byte());
    m.h.line_range = r.byte();
    m.h.opcode_base = r.byte();
    if (m.h.line_range == 0 || m.h.opcode_base == 0) malformed("header of a line program", r.offset());
    for (u32 i = 1; i < m.h.opcode_base; ++i) m.h.operands.push_back(r.byte());
}

struct Registers {
    u64 address = 0;
    u32 file = 1, line = 1, column = 0;
};

void emit(Machine& m, const Registers& s, bool end) {
    m.spend(1);
    m.table.rows.push_back({s.address, s.file, s.line, s.column, end});
}

void extended(Machine& m, Reader& r, Registers& s) {
    u64 n = r.u64_leb();
    if (n == 0) return;
    if (n > r.left()) malformed("extended opcode of a line program", r.offset());
    std::size_t end = r.offset() + std::size_t(n);
    switch (r.byte()) {
    case 1:  // end_sequence
        emit(m, s, true);
        s = {};
        break;
    case 2: s.address = read_number(r, u32(std::min<u64>(n - 1, 8))); break;  // set_address
    default: break;
    }
    if (r.offset() > end) malformed("extended opcode of a line program", r.offset());
    r.take(end - r.offset());
}

void standard(Machine& m, Reader& r, Registers& s, u8 opcode) {
    switch (opcode) {
    case 1: return emit(m, s, false);                                                       // copy
    case 2: s.address += r.u64_leb() * m.h.minimum_length; return;                          // advance_pc
    case 3: s.line = u32(i64(s.line) + i32(r.i64_leb())); return;                           // advance_line
    case 4: s.file = u32(r.u64_leb()); return;                                              // set_file
    case 5: s.column = u32(r.u64_leb()); return;                                            // set_column
    case 8: s.address += u64((255 - m.h.opcode_base) / m.h.line_range) * m.h.minimum_length; return;  // const_add_pc
    case 9: s.address += read_number(r, 2); return;                                         // fixed_advance_pc
    default:
        for (u8 i = 0; i < m.h.operands[opcode - 1u]; ++i) r.u64_leb();
    }
}

void run(Machine& m, Reader& r) {
    Registers s;
    while (!r.done()) {
        m.spend(1);
        u8 opcode = r.byte();
        if (opcode >= m.h.opcode_base) {
            u32 adjusted = u32(opcode) - m.h.opcode_base;
            s.address += u64(adjusted / m.h.line_range) * m.h.minimum_length;
            s.line = u32(i64(s.line) + m.h.line_base + i64(adjusted % m.h.line_range));
            emit(m, s, false);
        } else if (opcode == 0) {
            extended(m, r, s);
        } else {
            standard(m, r, s, opcode);
        }
    }
}

}  // namespace

u64 read_number(Reader& r, u32 bytes) {
    u64 v = 0;
    auto b = r.take(bytes);
    for (u32 i = 0; i < bytes; ++i) v |= u64(b[i]) << (8 * i);
    return v;
}

std::string_view text_at(std::span<const u8> section, u64 offset) {
    constexpr std::size_t longest = 1024;
    if (offset >= section.size()) return {};
    const char* from = reinterpret_cast<const char*>(section.data()) + offset;
    return {from, strnlen(from, std::min<std::size_t>(longest, section.size() - std::size_t(offset)))};
}

LineTable read_lines(const DwarfSections& s, const Unit& unit, u64& budget) {
    Machine m{s, unit, budget, {}, {}};
    if (!unit.lines || *unit.lines > s.line.size()) malformed("DWARF offset outside its section", s.line.size());
    Reader r(s.line, std::size_t(*unit.lines), s.line.size()), program;
    read_header(m, r, program);
    read_files(m, r);
    run(m, program);
    return std::move(m.table);
}

// The last row at or before the address of a sequence that reaches beyond it.
const LineRow* LineTable::find(u64 address) const {
    const LineRow* last = nullptr;
    for (const LineRow& row : rows) {
        if (last && last->address <= address && address < row.address) return last;
        last = row.end_sequence ? nullptr : &row;
    }
    return nullptr;
}

}  // namespace heddle::dwarf
