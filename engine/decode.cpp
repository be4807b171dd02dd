// Sections of the binary format into ModuleData; bodies and constant expressions are only delimited.
// https://webassembly.github.io/spec/core/binary/modules.html
#include <algorithm>
#include <limits>

#include "module.hpp"
#include "module_limits.hpp"
#include "validate.hpp"

namespace heddle {
namespace {

namespace limits = module_limits;
using Bytes = std::shared_ptr<const std::vector<u8>>;

constexpr const char* end_message = "unexpected end of section or function";

enum class SectionId : u8 { custom, type, import, function, table, memory, global, export_, start, element, code, data, data_count, tag };

// The place of each section in the order that a module must keep; 0 for custom sections, which may stand anywhere.
constexpr u8 section_rank[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6};

[[noreturn]] void off(const char* message, const char* what, std::size_t at) {
    malformed(std::string(message) + ": " + what + " are turned off", at);
}

// Runs a reader of a type; what it calls malformed is said to be `message`.
template <class F>
RawType reword(const char* message, F read) {
    try {
        return read();
    } catch (Error& e) {
        if (e.kind == Error::Kind::malformed && e.message.starts_with("malformed")) e.message = message;
        throw;
    }
}

class Decoder {
public:
    Decoder(Bytes bytes, TypeTable& types, const Features& features) : types_(types), features_(features) {
        m_->bytes = std::move(bytes);
        m_->type_table = &types;
    }

    std::unique_ptr<ModuleData> module();

private:
    void header(Reader& r);
    void section(Reader& r);
    [[noreturn]] void cut_section(SectionId id, Reader r, std::size_t at);
    void contents(SectionId id, Reader& r);
    void consistent() const;
    void first_malformed(const Error& later) const;

    void custom_section(Reader& r);
    void type_section(Reader& r);
    void import_section(Reader& r);
    void function_section(Reader& r);
    void table_section(Reader& r);
    void memory_section(Reader& r);
    void tag_section(Reader& r);
    void global_section(Reader& r);
    void export_section(Reader& r);
    void start_section(Reader& r) { m_->start = r.u32_leb(); }
    void element_section(Reader& r);
    void data_count_section(Reader& r) { m_->data_count = r.u32_leb(); }
    void code_section(Reader& r);
    void data_section(Reader& r);

    // Types. While a group is read its members are known by TypeTable::self.
    void recursion_group(Reader& r);
    SubType sub_type(Reader& r, u32 own);
    TypeId super_index(Reader& r, u32 own);
    TypeId descriptor_index(Reader& r, const char* what) const;
    void composite_type(Reader& r, SubType& t);
    TypeId group_index(u32 index, std::size_t at) const;
    ValType group_type(RawType t, std::size_t at) const;
    std::vector<ValType> value_types(Reader& r, const char* what, u32 limit);
    FieldType field_type(Reader& r);
    void check_super(u32 own, std::size_t at) const;
    void check_descriptors(u32 own, std::size_t at) const;
    [[noreturn]] void no_match(u32 own, std::size_t at) const;
    bool extends(const SubType& sub, const SubType& super) const;
    u32 index_in_group(TypeId id) const { return group_first_ + (u32(id) - u32(m_->types[group_first_])); }

    ValType value_type(Reader& r);
    ValType reference_type(Reader& r);
    TypeId func_type_index(Reader& r);
    Limits limits_of(Reader& r, u8 flags);
    TableType table_type(Reader& r);
    MemoryType memory_type(Reader& r);
    GlobalType global_type(Reader& r);
    bool mutability(Reader& r);
    TypeId tag_type(Reader& r);
    ExternType extern_type(Reader& r, u8 kind, std::size_t at);
    void add_import(std::string_view module, std::string_view name, const ExternType& type, std::size_t at);
    void compact_imports(Reader& r, std::string_view module, u8 kind);
    ConstExpr const_expr(Reader& r);
    ElemSegment element_segment(Reader& r);
    void segment_funcs(Reader& r, ElemSegment& s);
    void segment_exprs(Reader& r, ElemSegment& s);

    u32 count(Reader& r, const char* what, u32 limit, std::size_t already = 0) {
        std::size_t at = r.offset();
        u32 n = r.u32_leb();
        if (n + already > limit) limits::exceeded(what, n + already, limit, at);
        return n;
    }
    // Room for what was declared, but never more than the bytes could hold.
    template <class T>
    void reserve(std::vector<T>& v, u32 n, const Reader& r) {
        v.reserve(v.size() + std::min<std::size_t>(n, r.left()));
    }

    TypeTable& types_;
    const Features& features_;
    std::unique_ptr<ModuleData> m_ = std::make_unique<ModuleData>();
    u32 group_first_ = 0, group_size_ = 0;
    std::vector<u32> group_supers_;  // the super of each member as a type index, for messages
    u32 func_count_ = 0, body_count_ = 0;
    u8 rank_ = 0, last_id_ = 0;
};

std::unique_ptr<ModuleData> Decoder::module() {
    if (m_->bytes->size() > std::numeric_limits<u32>::max())
        throw Error{Error::Kind::limit, "the module has " + std::to_string(m_->bytes->size()) + " bytes, the limit is 4294967295"};
    Reader r(m_->span());
    r.on_end(end_message);
    header(r);
    try {
        while (!r.done()) section(r);
    } catch (const Error& e) {
        first_malformed(e);
        throw;
    }
    consistent();
    m_->name = module_name(*m_);
    return std::move(m_);
}

void Decoder::header(Reader& r) {
    static constexpr u8 magic[] = {0, 'a', 's', 'm'};
    if (!std::equal(magic, magic + 4, r.take(4).begin())) malformed("magic header not detected", 0);
    u32 version = r.fixed32();
    if (version >> 16 == 1) malformed("unknown binary version: this is a component, not a core module", 4);
    if (version != 1) malformed("unknown binary version", 4);
}

void Decoder::section(Reader& r) {
    std::size_t at = r.offset();
    u8 id = r.byte();
    if (id >= std::size(section_rank)) malformed("malformed section id", at);
    u32 size = r.u32_leb();
    if (size > r.left()) return cut_section(SectionId(id), r, at);
    std::size_t from = r.offset(), end = from + size;
    // Like the specification's reader, contents may run past the section's size, and the mismatch is found afterwards; a custom section has
    // no other end than its size.
    Reader body(m_->span(), from, id == 0 ? end : m_->bytes->size());
    body.on_end(end_message);
    if (id != 0) {
        if (section_rank[id] <= rank_) malformed("unexpected content after last section", at);
        rank_ = section_rank[id];
        last_id_ = id;
    }
    contents(SectionId(id), body);
    if (body.offset() != end) malformed("section size mismatch", body.offset());
    r.take(size);
}

// The bytes end inside the section: what is wrong before their end is said first.
void Decoder::cut_section(SectionId id, Reader r, std::size_t at) {
    constexpr const char* message = "length out of bounds";
    if (id != SectionId::custom) {
        r.on_end(message);
        contents(id, r);
    }
    malformed(message, at);
}

void Decoder::contents(SectionId id, Reader& r) {
    switch (id) {
        case SectionId::custom: return custom_section(r);
        case SectionId::type: return type_section(r);
        case SectionId::import: return import_section(r);
        case SectionId::function: return function_section(r);
        case SectionId::table: return table_section(r);
        case SectionId::memory: return memory_section(r);
        case SectionId::tag: return tag_section(r);
        case SectionId::global: return global_section(r);
        case SectionId::export_: return export_section(r);
        case SectionId::start: return start_section(r);
        case SectionId::element: return element_section(r);
        case SectionId::data_count: return data_count_section(r);
        case SectionId::code: return code_section(r);
        case SectionId::data: return data_section(r);
    }
}

void Decoder::consistent() const {
    std::size_t end = m_->bytes->size();
    if (func_count_ != body_count_) malformed("function and code section have inconsistent lengths", end);
    if (m_->data_count && *m_->data_count != m_->data.size()) malformed("data count and data section have inconsistent lengths", end);
}

// Bodies are not read before all sections are. When a section after them is malformed, an error inside a body still comes first.
void Decoder::first_malformed(const Error& later) const {
    if (later.kind != Error::Kind::malformed || m_->bodies.empty()) return;
    Instr in;
    for (const FuncBody& b : m_->bodies) {
        Reader r(m_->span(), b.from, m_->bytes->size());
        r.on_end(end_message);
        for (u32 n = r.u32_leb(); n-- > 0;) {
            r.u32_leb();
            read_val_type(r);
        }
        while (r.offset() < b.to) read_instr(r, in);
    }
}

void Decoder::custom_section(Reader& r) {
    CustomSection c;
    c.name = r.name();
    c.offset = u32(r.offset());
    c.bytes = r.take(r.left());
    c.after = last_id_;
    m_->customs.push_back(c);
}

// ---- types: https://webassembly.github.io/spec/core/binary/types.html

void Decoder::type_section(Reader& r) {
    u32 n = count(r, "types", limits::types);
    reserve(m_->types, n, r);
    for (u32 i = 0; i < n; ++i) recursion_group(r);
}

void Decoder::recursion_group(Reader& r) {
    std::size_t at = r.offset();
    group_first_ = u32(m_->types.size());
    group_size_ = 1;
    if (r.peek() == 0x4e) {
        if (!features_.gc) off("malformed definition type", "recursion groups", at);
        r.byte();
        group_size_ = count(r, "types", limits::types, group_first_);
        if (group_size_ == 0) return;
    } else if (group_first_ >= limits::types) {
        limits::exceeded("types", u64(group_first_) + 1, limits::types, at);
    }
    std::vector<SubType> group;
    group_supers_.clear();
    for (u32 i = 0; i < group_size_; ++i) group.push_back(sub_type(r, group_first_ + i));
    u32 first = u32(types_.intern(group));
    for (u32 i = 0; i < group_size_; ++i) m_->types.push_back(TypeId(first + i));
    for (u32 i = 0; i < group_size_; ++i) {
        check_descriptors(group_first_ + i, at);
        check_super(group_first_ + i, at);
    }
}

SubType Decoder::sub_type(Reader& r, u32 own) {
    SubType t;
    std::size_t at = r.offset();
    group_supers_.push_back(0);
    if (u8 b = r.peek(); b == 0x50 || b == 0x4f) {
        if (!features_.gc) off("malformed definition type", "subtypes", at);
        r.byte();
        t.final = b == 0x4f;
        t.super = super_index(r, own);
    }
    if (features_.custom_descriptors) {
        if (r.peek() == 0x4c) t.describes = descriptor_index(r, "described");
        if (r.peek() == 0x4d) t.descriptor = descriptor_index(r, "descriptor");
    }
    composite_type(r, t);
    return t;
}

// https://webassembly.github.io/spec/core/valid/types.html#sub-types: at most one super, and it comes earlier.
TypeId Decoder::super_index(Reader& r, u32 own) {
    std::size_t at = r.offset();
    u32 n = r.u32_leb();
    if (n == 0) return TypeId::none;
    if (n > 1) invalid("sub type " + std::to_string(own) + " has more than one super type", at);
    u32 index = group_supers_.back() = r.u32_leb();
    TypeId super = group_index(index, at);
    if (index >= own) no_match(own, at);
    return super;
}

// A descriptor and what it describes are members of one group, the described type first.
TypeId Decoder::descriptor_index(Reader& r, const char* what) const {
    std::size_t at = r.offset();
    r.byte();
    u32 index = r.u32_leb();
    if (index - group_first_ >= group_size_) invalid(std::string(what) + " type is outside rec group", at);
    return TypeId(TypeTable::self + (index - group_first_));
}

void Decoder::composite_type(Reader& r, SubType& t) {
    std::size_t at = r.offset();
    u8 b = r.byte();
    if (b == 0x60) {
        t.kind = SubType::Kind::func;
        t.func.params = value_types(r, "parameters", limits::params);
        t.func.results = value_types(r, "results", limits::results);
    } else if (b == 0x5f && features_.gc) {
        t.kind = SubType::Kind::struct_;
        u32 n = count(r, "fields", limits::fields);
        reserve(t.fields, n, r);
        for (u32 i = 0; i < n; ++i) t.fields.push_back(field_type(r));
    } else if (b == 0x5e && features_.gc) {
        t.kind = SubType::Kind::array;
        t.fields.push_back(field_type(r));
    } else if (b == 0x5d && features_.stack_switching) {
        t.kind = SubType::Kind::cont;
        i64 index = r.i33_leb();
        if (index < 0) malformed("malformed definition type", at);
        t.cont = group_index(u32(index), at);
    } else {
        malformed(b & 0x80 ? "integer representation too long" : "malformed definition type", at);
    }
}

// A type index inside the type section: an earlier type, or a member of the group being read.
TypeId Decoder::group_index(u32 index, std::size_t at) const {
    if (index < group_first_) return m_->types[index];
    if (index - group_first_ < group_size_) return TypeId(TypeTable::self + (index - group_first_));
    invalid("unknown type " + std::to_string(index), at);
}

ValType Decoder::group_type(RawType t, std::size_t at) const {
    check_type_is_on(t.type, features_, at);
    if (!t.is_index()) return t.type;
    return ValType::reference(group_index(t.index(), at), t.type.nullable(), t.type.exact());
}

std::vector<ValType> Decoder::value_types(Reader& r, const char* what, u32 limit) {
    std::vector<ValType> v;
    u32 n = count(r, what, limit);
    reserve(v, n, r);
    for (u32 i = 0; i < n; ++i) {
        std::size_t at = r.offset();
        v.push_back(group_type(read_val_type(r), at));
    }
    return v;
}

FieldType Decoder::field_type(Reader& r) {
    std::size_t at = r.offset();
    FieldType f;
    if (u8 b = r.peek(); b == 0x78 || b == 0x77) {
        r.byte();
        f.type = ValType::number(b == 0x78 ? ValType::i8_ : ValType::i16_);
    } else {
        f.type = group_type(reword("malformed storage type", [&] { return read_val_type(r); }), at);
    }
    f.mutable_ = mutability(r);
    return f;
}

void Decoder::no_match(u32 own, std::size_t at) const {
    invalid("sub type " + std::to_string(own) + " does not match super type " + std::to_string(group_supers_[own - group_first_]), at);
}

void Decoder::check_super(u32 own, std::size_t at) const {
    const SubType& t = types_[m_->types[own]];
    if (t.kind == SubType::Kind::cont && types_[t.cont].kind != SubType::Kind::func)
        invalid("non-function type " + std::to_string(std::ranges::find(m_->types, t.cont) - m_->types.begin()), at);
    if (t.super == TypeId::none) return;
    const SubType& super = types_[t.super];
    if (super.final || !extends(t, super)) no_match(own, at);
    if ((t.describes == TypeId::none) != (super.describes == TypeId::none)) no_match(own, at);
    if (super.descriptor != TypeId::none && t.descriptor == TypeId::none) no_match(own, at);
    auto check = [&](const char* what, TypeId sub, TypeId sup) {
        if (sup != TypeId::none && !types_.is_subtype(sub, sup))
            invalid(std::string(what) + " type " + std::to_string(index_in_group(sub)) + " does not match", at);
    };
    check("described", t.describes, super.describes);
    check("descriptor", t.descriptor, super.descriptor);
}

void Decoder::check_descriptors(u32 own, std::size_t at) const {
    TypeId id = m_->types[own];
    const SubType& t = types_[id];
    bool is_struct = t.kind == SubType::Kind::struct_;
    if (t.describes != TypeId::none) {
        if (index_in_group(t.describes) >= own) invalid("forward use of described type", at);
        if (!is_struct) invalid("described type must be a struct", at);
        if (types_[t.describes].descriptor != id) invalid("described type is not described by descriptor", at);
    }
    if (t.descriptor != TypeId::none) {
        if (!is_struct) invalid("descriptor type must be a struct", at);
        if (types_[t.descriptor].describes != id) invalid("type is not described by its descriptor", at);
    }
}

// https://webassembly.github.io/spec/core/valid/matching.html#composite-types
bool Decoder::extends(const SubType& sub, const SubType& super) const {
    if (sub.kind != super.kind) return false;
    auto all = [&](const std::vector<ValType>& a, const std::vector<ValType>& b) {
        return std::ranges::equal(a, b, [&](ValType x, ValType y) { return types_.is_subtype(x, y); });
    };
    auto field = [&](const FieldType& a, const FieldType& b) {
        return a.mutable_ == b.mutable_ && (a.mutable_ ? a.type == b.type : types_.is_subtype(a.type, b.type));
    };
    switch (sub.kind) {
        case SubType::Kind::func: return all(super.func.params, sub.func.params) && all(sub.func.results, super.func.results);
        case SubType::Kind::cont: return types_.is_subtype(sub.cont, super.cont);
        case SubType::Kind::struct_:
        case SubType::Kind::array:
            return sub.fields.size() >= super.fields.size() &&
                   std::equal(super.fields.begin(), super.fields.end(), sub.fields.begin(), [&](auto& b, auto& a) { return field(a, b); });
    }
    return false;
}

ValType Decoder::value_type(Reader& r) {
    std::size_t at = r.offset();
    RawType t = read_val_type(r);
    if (t.is_index() && t.index() >= m_->types.size()) invalid("unknown type " + std::to_string(t.index()), at);
    return m_->resolve(t);
}

ValType Decoder::reference_type(Reader& r) {
    std::size_t at = r.offset();
    RawType t = reword("malformed reference type", [&] { return read_val_type(r); });
    if (!t.type.is_ref()) malformed("malformed reference type", at);
    if (t.is_index() && t.index() >= m_->types.size()) invalid("unknown type " + std::to_string(t.index()), at);
    return m_->resolve(t);
}

TypeId Decoder::func_type_index(Reader& r) {
    std::size_t at = r.offset();
    u32 index = r.u32_leb();
    if (index >= m_->types.size()) invalid("unknown type " + std::to_string(index), at);
    TypeId id = m_->types[index];
    if (types_[id].kind != SubType::Kind::func) invalid("non-function type " + std::to_string(index), at);
    return id;
}

// https://webassembly.github.io/spec/core/binary/types.html#limits: 64 bits for every address type, and 32 before there was memory64.
Limits Decoder::limits_of(Reader& r, u8 flags) {
    auto limit = [&] { return features_.memory64 ? r.u64_leb() : r.u32_leb(); };
    Limits l;
    l.min = limit();
    if (flags & 1) l.max = limit();
    return l;
}

TableType Decoder::table_type(Reader& r) {
    TableType t;
    t.element = reference_type(r);
    std::size_t at = r.offset();
    u8 flags = r.byte();
    if (flags & ~5) malformed("malformed limits flags", at);
    t.is64 = (flags & 4) != 0;
    if (t.is64 && !features_.memory64) off("malformed limits flags", "64-bit tables", at);
    t.limits = limits_of(r, flags);
    return t;
}

MemoryType Decoder::memory_type(Reader& r) {
    MemoryType t;
    std::size_t at = r.offset();
    u8 flags = r.byte();
    if (flags & ~15) malformed("malformed limits flags", at);
    t.shared = (flags & 2) != 0;
    t.is64 = (flags & 4) != 0;
    if (t.shared && !features_.threads) off("malformed limits flags", "shared memories", at);
    if (t.is64 && !features_.memory64) off("malformed limits flags", "64-bit memories", at);
    if ((flags & 8) && !features_.custom_page_sizes) off("malformed limits flags", "custom page sizes", at);
    t.limits = limits_of(r, flags);
    if (flags & 8) {
        at = r.offset();
        u32 log2 = r.u32_leb();
        if (log2 > 63) malformed("invalid custom page size", at);
        t.page_log2 = u8(log2);
    }
    return t;
}

bool Decoder::mutability(Reader& r) {
    std::size_t at = r.offset();
    u8 b = r.byte();
    if (b > 1) malformed("malformed mutability", at);
    return b == 1;
}

GlobalType Decoder::global_type(Reader& r) {
    GlobalType t;
    t.type = value_type(r);
    t.mutable_ = mutability(r);
    return t;
}

// https://webassembly.github.io/spec/core/valid/types.html#tag-types
TypeId Decoder::tag_type(Reader& r) {
    std::size_t at = r.offset();
    if (r.byte() != 0) malformed("malformed tag attribute", at);
    if (!features_.exceptions && !features_.legacy_exceptions && !features_.stack_switching) off("malformed section id", "tags", at);
    TypeId id = func_type_index(r);
    if (!features_.stack_switching && !types_.func(id).results.empty()) invalid("non-empty tag result type", at);
    return id;
}

// ---- imports: https://webassembly.github.io/spec/core/binary/modules.html#import-section

ExternType Decoder::extern_type(Reader& r, u8 kind, std::size_t at) {
    ExternType t;
    t.exact = kind == 0x20 && features_.custom_descriptors;
    if (t.exact) kind = 0;
    if (kind > u8(ExternKind::tag)) malformed("malformed import kind", at);
    t.kind = ExternKind(kind);
    switch (t.kind) {
        case ExternKind::func: t.type = func_type_index(r); break;
        case ExternKind::table: t.table = table_type(r); break;
        case ExternKind::memory: t.memory = memory_type(r); break;
        case ExternKind::global: t.global = global_type(r); break;
        case ExternKind::tag: t.type = tag_type(r); break;
    }
    return t;
}

void Decoder::add_import(std::string_view module, std::string_view name, const ExternType& type, std::size_t at) {
    if (m_->imports.size() >= limits::imports) limits::exceeded("imports", m_->imports.size() + 1, limits::imports, at);
    m_->imports.push_back({module, name, type});
    switch (type.kind) {
        case ExternKind::func: m_->funcs.push_back(type.type); break;
        case ExternKind::table: m_->tables.push_back(type.table); break;
        case ExternKind::memory: m_->memories.push_back(type.memory); break;
        case ExternKind::global: m_->globals.push_back(type.global); break;
        case ExternKind::tag: m_->tags.push_back(type.type); break;
    }
}

void Decoder::import_section(Reader& r) {
    u32 n = count(r, "imports", limits::imports);
    for (u32 i = 0; i < n; ++i) {
        std::string_view module = r.name(), name = r.name();
        std::size_t at = r.offset();
        u8 kind = r.byte();
        if (features_.compact_imports && name.empty() && (kind == 0x7f || kind == 0x7e)) compact_imports(r, module, kind);
        else add_import(module, name, extern_type(r, kind, at), at);
    }
    m_->imported_funcs = u32(m_->funcs.size());
    m_->imported_tables = u32(m_->tables.size());
    m_->imported_memories = u32(m_->memories.size());
    m_->imported_globals = u32(m_->globals.size());
    m_->imported_tags = u32(m_->tags.size());
}

// Several imports of one module: 0x7f gives each its type, 0x7e one type for all.
void Decoder::compact_imports(Reader& r, std::string_view module, u8 kind) {
    auto read_type = [&] {
        std::size_t at = r.offset();
        u8 k = r.byte();
        return extern_type(r, k, at);
    };
    ExternType shared;
    if (kind == 0x7e) shared = read_type();
    u32 n = count(r, "imports", limits::imports, m_->imports.size());
    for (u32 i = 0; i < n; ++i) {
        std::size_t at = r.offset();
        std::string_view name = r.name();
        add_import(module, name, kind == 0x7e ? shared : read_type(), at);
    }
}

// ---- the module's own definitions

void Decoder::function_section(Reader& r) {
    func_count_ = count(r, "functions", limits::functions, m_->funcs.size());
    reserve(m_->funcs, func_count_, r);
    for (u32 i = 0; i < func_count_; ++i) m_->funcs.push_back(func_type_index(r));
}

void Decoder::table_section(Reader& r) {
    u32 n = count(r, "tables", limits::tables, m_->tables.size());
    for (u32 i = 0; i < n; ++i) {
        TableDef t;
        t.has_init = r.peek() == 0x40;
        if (t.has_init) {
            r.byte();
            if (std::size_t at = r.offset(); r.byte() != 0) malformed("zero byte expected", at);
        }
        t.type = table_type(r);
        if (t.has_init) t.init = const_expr(r);
        m_->tables.push_back(t.type);
        m_->table_defs.push_back(t);
    }
}

void Decoder::memory_section(Reader& r) {
    u32 n = count(r, "memories", limits::memories, m_->memories.size());
    for (u32 i = 0; i < n; ++i) m_->memories.push_back(memory_type(r));
}

void Decoder::tag_section(Reader& r) {
    u32 n = count(r, "tags", limits::tags, m_->tags.size());
    for (u32 i = 0; i < n; ++i) m_->tags.push_back(tag_type(r));
}

void Decoder::global_section(Reader& r) {
    u32 n = count(r, "globals", limits::globals, m_->globals.size());
    for (u32 i = 0; i < n; ++i) {
        GlobalDef g;
        g.type = global_type(r);
        g.init = const_expr(r);
        m_->globals.push_back(g.type);
        m_->global_defs.push_back(g);
    }
}

void Decoder::export_section(Reader& r) {
    u32 n = count(r, "exports", limits::exports);
    for (u32 i = 0; i < n; ++i) {
        Export e;
        e.name = r.name();
        std::size_t at = r.offset();
        u8 kind = r.byte();
        if (kind > u8(ExternKind::tag)) malformed("malformed export kind", at);
        e.kind = ExternKind(kind);
        e.index = r.u32_leb();
        m_->exports.push_back(e);
    }
}

// Blocks are not constant, but their `end` must not be taken for the expression's.
ConstExpr Decoder::const_expr(Reader& r) {
    u32 from = u32(r.offset());
    Instr in;
    for (u64 depth = 1; depth != 0;) {
        read_instr(r, in);
        if (in.op == Op::end) --depth;
        else if (in.op == Op::block || in.op == Op::loop || in.op == Op::if_ || in.op == Op::try_ || in.op == Op::try_table) ++depth;
    }
    return {from, u32(r.offset())};
}

// ---- segments and code

void Decoder::element_section(Reader& r) {
    u32 n = count(r, "element segments", limits::segments);
    for (u32 i = 0; i < n; ++i) m_->elems.push_back(element_segment(r));
}

// Bit 0: not active. Bit 1: a table index, or declarative. Bit 2: expressions.
// https://webassembly.github.io/spec/core/binary/modules.html#element-section
ElemSegment Decoder::element_segment(Reader& r) {
    ElemSegment s;
    std::size_t at = r.offset();
    u32 flags = r.u32_leb();
    if (flags > 7) malformed("malformed elements segment kind", at);
    bool active = !(flags & 1), explicit_type = (flags & 3) != 0, exprs = (flags & 4) != 0;
    s.mode = active ? ElemSegment::Mode::active : flags & 2 ? ElemSegment::Mode::declarative : ElemSegment::Mode::passive;
    if (active) {
        if (flags & 2) s.table = r.u32_leb();
        s.offset = const_expr(r);
    }
    s.type = ValType::reference(Heap::func, exprs);
    if (explicit_type && exprs) s.type = reference_type(r);
    if (at = r.offset(); explicit_type && !exprs && r.byte() != 0) malformed("malformed element kind", at);
    exprs ? segment_exprs(r, s) : segment_funcs(r, s);
    return s;
}

void Decoder::segment_funcs(Reader& r, ElemSegment& s) {
    u32 n = count(r, "elements", limits::elements);
    reserve(s.funcs, n, r);
    for (u32 i = 0; i < n; ++i) s.funcs.push_back(r.u32_leb());
}

void Decoder::segment_exprs(Reader& r, ElemSegment& s) {
    u32 n = count(r, "elements", limits::elements);
    reserve(s.exprs, n, r);
    for (u32 i = 0; i < n; ++i) s.exprs.push_back(const_expr(r));
}

void Decoder::code_section(Reader& r) {
    m_->code_section_offset = u32(r.offset());
    body_count_ = count(r, "functions", limits::functions);
    reserve(m_->bodies, body_count_, r);
    for (u32 i = 0; i < body_count_; ++i) {
        std::size_t at = r.offset();
        u32 size = r.u32_leb();
        if (size > limits::body_bytes) limits::exceeded("bytes in a function body", size, limits::body_bytes, at);
        FuncBody b;
        b.from = u32(r.offset());
        r.take(size);
        b.to = u32(r.offset());
        m_->bodies.push_back(b);
    }
}

// https://webassembly.github.io/spec/core/binary/modules.html#data-section
void Decoder::data_section(Reader& r) {
    u32 n = count(r, "data segments", limits::segments);
    for (u32 i = 0; i < n; ++i) {
        std::size_t at = r.offset();
        u32 flags = r.u32_leb();
        if (flags > 2) malformed("malformed data segment kind", at);
        DataSegment d;
        d.mode = flags == 1 ? DataSegment::Mode::passive : DataSegment::Mode::active;
        if (flags == 2) d.memory = r.u32_leb();
        if (flags != 1) d.offset = const_expr(r);
        d.bytes = r.take(r.u32_leb());
        m_->data.push_back(d);
    }
}

}  // namespace

std::unique_ptr<ModuleData> decode_module(std::shared_ptr<const std::vector<u8>> bytes, TypeTable& types, const Features& features) {
    return Decoder(std::move(bytes), types, features).module();
}

}  // namespace heddle
