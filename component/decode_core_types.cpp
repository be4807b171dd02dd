#include "decode_core_types.hpp"

#include <algorithm>
#include <cstdio>

#include "decode.hpp"

namespace heddle::component {
namespace {

struct HeapCode {
    u8 code;
    Heap heap;
};
// https://webassembly.github.io/spec/core/binary/types.html#heap-types
constexpr HeapCode heap_codes[] = {{0x75, Heap::nocont},  {0x74, Heap::noexn},   {0x73, Heap::nofunc}, {0x72, Heap::noextern}, {0x71, Heap::none},
                                   {0x70, Heap::func},    {0x6f, Heap::extern_}, {0x6e, Heap::any},    {0x6d, Heap::eq},       {0x6c, Heap::i31},
                                   {0x6b, Heap::struct_}, {0x6a, Heap::array},   {0x69, Heap::exn},    {0x68, Heap::cont}};

std::optional<Heap> find_heap(u8 code) {
    for (const HeapCode& h : heap_codes)
        if (h.code == code) return h.heap;
    return std::nullopt;
}

TypeId read_type_index(Reader& r) {
    std::size_t at = r.offset();
    u32 i = r.u32_leb();
    if (i >= u32(TypeId::none)) invalid("unknown type " + std::to_string(i) + ": type index out of bounds", at);
    return TypeId(i);
}

CoreValType read_heap_type(Reader& r, bool nullable) {
    std::size_t at = r.offset();
    bool exact = r.peek() == 0x62;
    if (exact) r.byte();
    if (auto h = find_heap(r.peek()); h && !exact) return r.byte(), CoreValType::reference(*h, nullable);
    i64 i = r.i33_leb();
    if (i < 0) malformed("malformed heap type", at);
    if (i >= i64(TypeId::none)) invalid("unknown type " + std::to_string(i) + ": type index out of bounds", at);
    return CoreValType::reference(TypeId(u32(i)), nullable, exact);
}

CoreValType read_ref_type(Reader& r) {
    std::size_t at = r.offset();
    CoreValType t = read_core_val_type(r);
    if (!t.is_ref()) malformed("malformed reference type", at);
    return t;
}

bool read_mutability(Reader& r) {
    u8 b = r.byte();
    if (b > 1) malformed("malformed mutability", r.offset() - 1);
    return b == 1;
}

std::vector<CoreValType> read_val_types(Reader& r) {
    u32 n = r.u32_leb();
    std::vector<CoreValType> types;
    types.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) types.push_back(read_core_val_type(r));
    return types;
}

FieldType read_field(Reader& r) {
    FieldType f;
    if (r.peek() == 0x78 || r.peek() == 0x77) f.type = CoreValType::number(r.byte() == 0x78 ? CoreValType::i8_ : CoreValType::i16_);
    else f.type = read_core_val_type(r);
    f.mutable_ = read_mutability(r);
    return f;
}

// https://webassembly.github.io/spec/core/binary/types.html#composite-types. Inside a module type a byte that begins none is an error of
// validation: 0x50 is a module type elsewhere.
void read_composite(Reader& r, SubType& t, bool in_module_type) {
    std::size_t at = r.offset();
    u8 code = r.byte();
    switch (code) {
        case 0x60:
            t.func.params = read_val_types(r);
            t.func.results = read_val_types(r);
            return;
        case 0x5f: {
            t.kind = SubType::Kind::struct_;
            u32 n = r.u32_leb();
            t.fields.reserve(capacity(r, n));
            for (u32 i = 0; i < n; ++i) t.fields.push_back(read_field(r));
            return;
        }
        case 0x5e:
            t.kind = SubType::Kind::array;
            t.fields.push_back(read_field(r));
            return;
        case 0x5d:
            t.kind = SubType::Kind::cont;
            t.cont = read_type_index(r);
            return;
        default:
            if (in_module_type) {
                char message[64];
                std::snprintf(message, sizeof message, "invalid leading byte (0x%x) for core type", code);
                invalid(message, at);
            }
            bad_leading_byte(code, "core type", at);
    }
}

SubType read_sub_type(Reader& r, bool in_module_type) {
    SubType t;
    bool sub = r.peek() == 0x50;
    if (sub || r.peek() == 0x4f) {
        std::size_t at = r.offset();
        t.final = r.byte() == 0x4f;
        u32 supers = r.u32_leb();
        if (supers > 1) invalid("sub type has more than one super type", at);
        if (supers == 1) t.super = read_type_index(r);
    }
    if (r.peek() == 0x4c) r.byte(), t.describes = read_type_index(r);
    if (r.peek() == 0x4d) r.byte(), t.descriptor = read_type_index(r);
    read_composite(r, t, in_module_type && sub);
    return t;
}

RecGroup read_rec_group(Reader& r, bool in_module_type) {
    RecGroup group;
    group.explicit_ = r.peek() == 0x4e;
    u32 n = 1;
    if (group.explicit_) r.byte(), n = r.u32_leb();
    group.types.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) group.types.push_back(read_sub_type(r, in_module_type));
    return group;
}

Limits read_limits(Reader& r, u8 flags) {
    bool wide = flags & 4;
    Limits l;
    l.min = wide ? r.u64_leb() : r.u32_leb();
    if (flags & 1) l.max = wide ? r.u64_leb() : r.u32_leb();
    return l;
}

MemoryType read_memory_type(Reader& r) {
    MemoryType m;
    u8 flags = r.byte();
    if (flags > 15) malformed("malformed limits flags", r.offset() - 1);
    m.shared = flags & 2;
    m.is64 = flags & 4;
    m.limits = read_limits(r, flags);
    if (flags & 8) {
        std::size_t at = r.offset();
        u32 log2 = r.u32_leb();
        if (log2 > 63) malformed("malformed memory page size", at);
        m.page_log2 = u8(log2);
    }
    return m;
}

TableType read_table_type(Reader& r) {
    TableType t;
    t.element = read_ref_type(r);
    u8 flags = r.byte();
    if (flags > 7 || (flags & 2)) malformed("malformed limits flags", r.offset() - 1);
    t.is64 = flags & 4;
    t.limits = read_limits(r, flags);
    return t;
}

CoreExternType read_extern_type(Reader& r) {
    CoreExternType t;
    std::size_t at = r.offset();
    u8 kind = r.byte();
    switch (kind) {
        case 0x20: t.exact = true; [[fallthrough]];
        case 0x00:
            t.kind = ExternKind::func;
            t.type = read_type_index(r);
            break;
        case 0x01:
            t.kind = ExternKind::table;
            t.table = read_table_type(r);
            break;
        case 0x02:
            t.kind = ExternKind::memory;
            t.memory = read_memory_type(r);
            break;
        case 0x03:
            t.kind = ExternKind::global;
            t.global.type = read_core_val_type(r);
            t.global.mutable_ = read_mutability(r);
            break;
        case 0x04:
            t.kind = ExternKind::tag;
            if (r.byte() != 0) malformed("malformed tag attribute", r.offset() - 1);
            t.type = read_type_index(r);
            break;
        default: bad_leading_byte(kind, "external kind", at);
    }
    return t;
}

CoreOuterAlias read_outer_alias(Reader& r) {
    if (u8 b = r.byte(); b != 0x10) bad_leading_byte(b, "outer alias kind", r.offset() - 1);
    if (u8 b = r.byte(); b != 0x01) bad_leading_byte(b, "outer alias target", r.offset() - 1);
    CoreOuterAlias a;
    a.count = r.u32_leb();
    a.index = r.u32_leb();
    return a;
}

CoreModuleDecl read_module_decl(Reader& r) {
    CoreModuleDecl d;
    d.offset = r.offset();
    switch (u8 b = r.byte()) {
        case 0x00: {
            CoreImportDecl i;
            i.module = read_name(r);
            i.name = read_name(r);
            i.type = read_extern_type(r);
            d.decl = i;
            break;
        }
        case 0x01:
            if (r.peek() == 0x00) r.byte();
            d.decl = CoreType(read_rec_group(r, true));
            break;
        case 0x02: d.decl = read_outer_alias(r); break;
        case 0x03: {
            CoreExportDecl e;
            e.name = read_name(r);
            e.type = read_extern_type(r);
            d.decl = e;
            break;
        }
        default: bad_leading_byte(b, "type definition", d.offset);
    }
    return d;
}

CoreModuleType read_module_type(Reader& r) {
    CoreModuleType t;
    std::size_t at = r.offset();
    u32 n = r.u32_leb();
    if (n > max_items) throw Error{Error::Kind::limit, "a module type of more than " + std::to_string(max_items) + " declarations", at};
    for (u32 i = 0; i < n; ++i) t.decls.push_back(read_module_decl(r));
    return t;
}

}  // namespace

void bad_leading_byte(u8 byte, const char* what, std::size_t offset) {
    char number[8];
    std::snprintf(number, sizeof number, "0x%x", byte);
    malformed("invalid leading byte (" + std::string(number) + ") for " + what, offset);
}

std::string_view read_name(Reader& r) {
    u32 n = r.u32_leb();
    std::size_t at = r.offset();
    auto s = r.take(n);
    std::string_view text(reinterpret_cast<const char*>(s.data()), s.size());
    if (!is_utf8(text)) malformed("malformed UTF-8 encoding", at);
    return text;
}

std::size_t capacity(const Reader& r, u32 count) { return std::min<std::size_t>({count, r.left(), 4096}); }

CoreValType read_core_val_type(Reader& r) {
    std::size_t at = r.offset();
    switch (r.peek()) {
        case 0x7f: return r.byte(), i32_type;
        case 0x7e: return r.byte(), i64_type;
        case 0x7d: return r.byte(), f32_type;
        case 0x7c: return r.byte(), f64_type;
        case 0x7b: return r.byte(), v128_type;
        case 0x63: return r.byte(), read_heap_type(r, true);
        case 0x64: return r.byte(), read_heap_type(r, false);
        default:
            if (auto h = find_heap(r.peek())) return r.byte(), CoreValType::reference(*h, true);
            malformed("malformed value type", at);
    }
}

// A bare 0x50 is a module type, a subtype that is not final is 0x00 0x50.
CoreType read_core_type(Reader& r, u32 depth) {
    if (depth >= max_nesting) throw Error{Error::Kind::limit, "types nest too deeply", r.offset()};
    if (r.peek() == 0x50) return r.byte(), read_module_type(r);
    if (r.peek() == 0x00) {
        r.byte();
        if (r.peek() != 0x50) bad_leading_byte(r.peek(), "core type", r.offset());
    }
    return read_rec_group(r, false);
}

}  // namespace heddle::component
