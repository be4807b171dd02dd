#include "load.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "overload.hpp"
#include "strings.hpp"

namespace heddle::component::abi {
namespace {

constexpr u32 canonical_nan32 = 0x7fc00000;
constexpr u64 canonical_nan64 = 0x7ff8000000000000;

u32 canonicalize_nan32(u32 bits) { return (bits & 0x7fffffff) > 0x7f800000 ? canonical_nan32 : bits; }
u64 canonicalize_nan64(u64 bits) { return (bits & ~(u64(1) << 63)) > 0x7ff0000000000000 ? canonical_nan64 : bits; }

Val::Kind val_kind(Prim p) { return Val::Kind(u8(p)); }
Val::Kind val_kind(HandleKind k) { return Val::Kind(u8(Val::Kind::own) + u8(k)); }
static_assert(u8(Prim::char_) == u8(Val::Kind::char_) && u8(Prim::f64) == u8(Val::Kind::f64));

}  // namespace

bool Loader::fail(std::string message) {
    why_ = std::move(trap(std::move(message)).error());
    return false;
}

bool Loader::charge_values(u64 count) { return got(cx_.charge_host(count * sizeof(Val) + sizeof(std::vector<Val>)), why_); }

bool Loader::scalar(Prim p, u64 bits, Val& out) {
    switch (p) {
        case Prim::bool_: out = Val::boolean(bits != 0); return true;
        case Prim::s8: out = Val::s8(i8(bits)); return true;
        case Prim::u8: out = Val::u8(u8(bits)); return true;
        case Prim::s16: out = Val::s16(i16(bits)); return true;
        case Prim::u16: out = Val::u16(u16(bits)); return true;
        case Prim::s32: out = Val::s32(i32(bits)); return true;
        case Prim::u32: out = Val::u32(u32(bits)); return true;
        case Prim::s64: out = Val::s64(i64(bits)); return true;
        case Prim::u64: out = Val::u64(bits); return true;
        case Prim::f32: out = Val::f32(std::bit_cast<f32>(canonicalize_nan32(u32(bits)))); return true;
        case Prim::f64: out = Val::f64(std::bit_cast<f64>(canonicalize_nan64(bits))); return true;
        case Prim::char_: break;
        case Prim::string:
        case Prim::error_context: return fail("not a scalar");
    }
    if (!is_scalar_value(u32(bits))) return fail("invalid `char` bit pattern");
    out = Val::character(char32_t(bits));
    return true;
}

bool Loader::string(u64 ptr, u64 length, Val& out) {
    std::string text;
    if (!got(lift_string(cx_, ptr, length), text, why_)) return false;
    out = Val::string(std::move(text));
    return true;
}

bool Loader::handle(u32 index, const HandleType& t, Val& out) {
    Token token;
    std::shared_ptr<HostHandle> h;
    if (!got(lift_handle(cx_, index, t), token, why_) || !got(cx_.to_host(token, t), h, why_)) return false;
    out = Val::handle(val_kind(t.kind), std::move(h));
    return true;
}

// ---- from memory ------------------------------------------------------------------------------------------------------------------------

bool Loader::load(u64 ptr, const ValType& t, Val& out) {
    return std::visit(Overload{[&](Prim p) { return load_prim(ptr, p, out); }, [&](const Fields& f) { return load_record(ptr, f, out); },
                               [&](const Cases& c) { return load_variant(ptr, c, info(t), out); },
                               [&](const Elements& e) { return load_list(ptr, e, info(t), out); },
                               [&](const FlagLabels& f) {
                                   out = Val::flags(u32(cx_.load_int(ptr, flags_size(f.count))) & f.mask());
                                   return true;
                               },
                               [&](const HandleType& h) { return handle(u32(cx_.load_int(ptr, 4)), h, out); }},
                      despecialize(cx_.layouts.types(), t));
}

bool Loader::load_prim(u64 ptr, Prim p, Val& out) {
    if (p != Prim::string) return scalar(p, cx_.load_int(ptr, u32(Val::scalar_bytes(val_kind(p)))), out);
    u32 size = ptr_size(cx_.ptr);
    return string(cx_.load_int(ptr, size), cx_.load_int(ptr + size, size), out);
}

bool Loader::load_record(u64 ptr, const Fields& f, Val& out) {
    if (!charge_values(f.size())) return false;
    std::vector<Val> fields(f.size());
    for (std::size_t i = 0; i < f.size(); ++i) {
        const MemoryLayout& m = info(f[i]).memory[ptr_index()];
        ptr = align_to(ptr, m.alignment);
        if (!load(ptr, f[i], fields[i])) return false;
        ptr += m.size;
    }
    out = Val::record(std::move(fields));
    return true;
}

bool Loader::load_variant(u64 ptr, const Cases& c, const TypeInfo& info, Val& out) {
    u32 case_index = u32(cx_.load_int(ptr, discriminant_size(c.size())));
    if (case_index >= c.size()) return fail("invalid variant discriminant");
    out = Val::variant(case_index);
    if (!c[case_index]) return true;
    Val payload;
    if (!charge_values(1) || !load(ptr + info.payload_offset[ptr_index()], *c[case_index], payload)) return false;
    out = Val::variant(case_index, std::move(payload));
    return true;
}

bool Loader::load_list(u64 ptr, const Elements& e, const TypeInfo& info, Val& out) {
    if (e.length) return load_list_from_valid_range(ptr, *e.length, e, info.elements[ptr_index()].size, out);
    u32 size = ptr_size(cx_.ptr);
    return load_list_from_range(cx_.load_int(ptr, size), cx_.load_int(ptr + size, size), e, info, out);
}

bool Loader::load_list_from_range(u64 ptr, u64 length, const Elements& e, const TypeInfo& info, Val& out) {
    const MemoryLayout& m = info.elements[ptr_index()];
    GuestSpan range;
    return got(GuestSpan::check(cx_, ptr, m.alignment, length, m.size, What::list), range, why_) &&
           load_list_from_valid_range(ptr, length, e, m.size, out);
}

bool Loader::load_list_from_valid_range(u64 ptr, u64 length, const Elements& e, u64 element_size, Val& out) {
    if (e.type) {
        Despecialized d = despecialize(cx_.layouts.types(), *e.type);
        const Prim* p = std::get_if<Prim>(&d);
        if (p && *p != Prim::string) return load_scalars(ptr, length, *p, out);
    }
    if (!charge_values(length)) return false;
    std::vector<Val> items(static_cast<std::size_t>(length));
    for (Val& item : items) {
        if (!(e.type ? load(ptr, *e.type, item) : load_record(ptr, Fields(*e.map), item))) return false;
        ptr += element_size;
    }
    out = Val::list(std::move(items));
    return true;
}

bool Loader::load_scalars(u64 ptr, u64 length, Prim p, Val& out) {
    u64 size = length * Val::scalar_bytes(val_kind(p));
    if (!got(cx_.charge_host(size), why_)) return false;
    std::vector<u8> raw(std::size_t(size), u8(0));
    if (size && !cx_.memory.read(ptr, raw.data(), raw.size())) return fail("list pointer/length out of bounds of memory");
    if (!check_scalars(p, raw)) return false;
    out = Val::packed(val_kind(p), std::move(raw));
    return true;
}

bool Loader::check_scalars(Prim p, std::vector<u8>& raw) {
    auto each = [&raw]<class T>(T, auto f) {
        for (std::size_t i = 0; i < raw.size(); i += sizeof(T)) {
            T v;
            std::memcpy(&v, &raw[i], sizeof v);
            v = f(v);
            std::memcpy(&raw[i], &v, sizeof v);
        }
    };
    bool valid = true;
    if (p == Prim::bool_) each(u8(), [](u8 v) { return u8(v != 0); });
    if (p == Prim::f32) each(u32(), canonicalize_nan32);
    if (p == Prim::f64) each(u64(), canonicalize_nan64);
    if (p == Prim::char_) each(u32(), [&valid](u32 v) { return valid &= is_scalar_value(v), v; });
    return valid || fail("invalid `char` bit pattern");
}

bool Loader::load_tuple(u64 ptr, const Tuple& t, std::vector<Val>& out) {
    GuestSpan range;
    const MemoryLayout& m = t.memory[ptr_index()];
    if (!got(GuestSpan::check(cx_, ptr, m.alignment, 1, m.size, What::values), range, why_)) return false;
    out.resize(t.types.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
        const MemoryLayout& field = info(t.types[i]).memory[ptr_index()];
        ptr = align_to(ptr, field.alignment);
        if (!load(ptr, t.types[i], out[i])) return false;
        ptr += field.size;
    }
    return true;
}

// ---- from core values -------------------------------------------------------------------------------------------------------------------

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flat-lifting
bool Loader::lift_flat(CoreValueIter& vi, const ValType& t, Val& out) {
    return std::visit(Overload{[&](Prim p) { return lift_flat_prim(vi, p, out); }, [&](const Fields& f) { return lift_flat_record(vi, f, out); },
                               [&](const Cases& c) { return lift_flat_variant(vi, c, info(t), out); },
                               [&](const Elements& e) { return lift_flat_list(vi, e, info(t), out); },
                               [&](const FlagLabels& f) {
                                   out = Val::flags(vi.next_i32() & f.mask());
                                   return true;
                               },
                               [&](const HandleType& h) { return handle(vi.next_i32(), h, out); }},
                      despecialize(cx_.layouts.types(), t));
}

bool Loader::lift_flat_prim(CoreValueIter& vi, Prim p, Val& out) {
    if (p == Prim::string) {
        u64 ptr = vi.next_ptr(cx_.ptr), length = vi.next_ptr(cx_.ptr);
        return string(ptr, length, out);
    }
    bool wide = p == Prim::s64 || p == Prim::u64 || p == Prim::f64;
    return scalar(p, wide ? vi.next() : vi.next_i32(), out);
}

bool Loader::lift_flat_record(CoreValueIter& vi, const Fields& f, Val& out) {
    if (!charge_values(f.size())) return false;
    std::vector<Val> fields(f.size());
    for (std::size_t i = 0; i < f.size(); ++i)
        if (!lift_flat(vi, f[i], fields[i])) return false;
    out = Val::record(std::move(fields));
    return true;
}

bool Loader::lift_flat_variant(CoreValueIter& vi, const Cases& c, const TypeInfo& info, Val& out) {
    std::size_t end = vi.position() + info.flat[ptr_index()].count;
    u32 case_index = vi.next_i32();
    if (case_index >= c.size()) return fail("invalid variant discriminant");
    out = Val::variant(case_index);
    if (c[case_index]) {
        Val payload;
        if (!charge_values(1) || !lift_flat(vi, *c[case_index], payload)) return false;
        out = Val::variant(case_index, std::move(payload));
    }
    vi.move_to(end);
    return true;
}

bool Loader::lift_flat_list(CoreValueIter& vi, const Elements& e, const TypeInfo& info, Val& out) {
    if (!e.length) {
        u64 ptr = vi.next_ptr(cx_.ptr), length = vi.next_ptr(cx_.ptr);
        return load_list_from_range(ptr, length, e, info, out);
    }
    if (!charge_values(*e.length)) return false;
    std::vector<Val> items(*e.length);
    for (Val& v : items)
        if (!lift_flat(vi, *e.type, v)) return false;
    out = Val::list(std::move(items));
    return true;
}

}  // namespace heddle::component::abi
