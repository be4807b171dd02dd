#include "store.hpp"

#include <cstring>

#include "overload.hpp"
#include "strings.hpp"

namespace heddle::component::abi {
namespace {

Val::Kind val_kind(Prim p) { return Val::Kind(u8(p)); }
Val::Kind val_kind(HandleKind k) { return Val::Kind(u8(Val::Kind::own) + u8(k)); }

bool wide(Prim p) { return p == Prim::s64 || p == Prim::u64 || p == Prim::f64; }

}  // namespace

bool Storer::fail(std::string message) {
    why_ = std::move(trap(std::move(message)).error());
    return false;
}

bool Storer::mismatch(const char* wanted, const Val& v) {
    return fail(std::string("host value of the wrong type: expected ") + wanted + ", found " + to_string(v.kind()));
}

bool Storer::scalar(const Val& v, Prim p, u64& bits) {
    if (v.kind() != val_kind(p)) return mismatch(to_string(val_kind(p)), v);
    bits = v.bits();
    return p != Prim::char_ || is_scalar_value(u32(bits)) || fail("host value of the wrong type: not a Unicode scalar value");
}

bool Storer::flags(const Val& v, const FlagLabels& f, u64& bits) {
    if (v.kind() != Val::Kind::flags || (v.bits() & ~u64(f.mask())) != 0) return mismatch("flags with fewer labels", v);
    bits = v.bits();
    return true;
}

bool Storer::string(const Val& v, u64& ptr, u64& length) {
    if (v.kind() != Val::Kind::string) return mismatch("string", v);
    PtrLength stored;
    if (!got(cx_.charge_host(v.as_string().size()), why_)) return false;
    if (!got(store_string_into_range(cx_, StringSource::host(v.as_string())), stored, why_)) return false;
    ptr = stored.ptr;
    length = stored.length;
    return true;
}

bool Storer::handle(const Val& v, const HandleType& t, u64& index) {
    Token token;
    u32 lowered = 0;
    bool lends = t.kind == HandleKind::borrow && v.kind() == Val::Kind::own;  // the host lends what it owns
    if (v.kind() != val_kind(t.kind) && !lends) return mismatch(to_string(val_kind(t.kind)), v);
    if (!v.handle()) return fail("host value of the wrong type: an empty handle");
    if (!got(cx_.from_host(v.handle(), t), token, why_) || !got(lower_handle(cx_, token, t), lowered, why_)) return false;
    index = lowered;
    return true;
}

bool Storer::match_case(const Val& v, const Cases& c) {
    if (v.kind() != Val::Kind::variant) return mismatch("variant", v);
    if (v.case_index() >= c.size()) return fail("host value of the wrong type: no such case");
    if (bool(c[v.case_index()]) == bool(v.payload())) return true;
    return fail(v.payload() ? "host value of the wrong type: a payload too many" : "host value of the wrong type: a payload is missing");
}

// ---- into memory ------------------------------------------------------------------------------------------------------------------------

bool Storer::store(const Val& v, const ValType& t, u64 ptr) {
    return std::visit(
        Overload{[&](Prim p) { return store_prim(v, p, ptr); }, [&](const Fields& f) { return store_record(v, f, ptr); },
                 [&](const Cases& c) { return store_variant(v, c, info(t), ptr); }, [&](const Elements& e) { return store_list(v, e, info(t), ptr); },
                 [&](const FlagLabels& f) {
                     u64 bits = 0;
                     if (!flags(v, f, bits)) return false;
                     cx_.store_int(ptr, bits, flags_size(f.count));
                     return true;
                 },
                 [&](const HandleType& h) {
                     u64 index = 0;
                     if (!handle(v, h, index)) return false;
                     cx_.store_int(ptr, index, 4);
                     return true;
                 }},
        despecialize(cx_.layouts.types(), t));
}

bool Storer::store_pair(u64 a, u64 b, u64 ptr) {
    u32 size = ptr_size(cx_.ptr);
    cx_.store_int(ptr, a, size);
    cx_.store_int(ptr + size, b, size);
    return true;
}

bool Storer::store_prim(const Val& v, Prim p, u64 ptr) {
    u64 a = 0, b = 0;
    if (p == Prim::string) return string(v, a, b) && store_pair(a, b, ptr);
    if (!scalar(v, p, a)) return false;
    cx_.store_int(ptr, a, u32(Val::scalar_bytes(val_kind(p))));
    return true;
}

bool Storer::store_record(const Val& v, const Fields& f, u64 ptr) {
    if (v.kind() != Val::Kind::record || v.size() != f.size()) return mismatch("record or tuple with other fields", v);
    for (std::size_t i = 0; i < f.size(); ++i) {
        const MemoryLayout& m = info(f[i]).memory[ptr_index()];
        ptr = align_to(ptr, m.alignment);
        if (!store(v.items()[i], f[i], ptr)) return false;
        ptr += m.size;
    }
    return true;
}

bool Storer::store_variant(const Val& v, const Cases& c, const TypeInfo& info, u64 ptr) {
    if (!match_case(v, c)) return false;
    cx_.store_int(ptr, v.case_index(), discriminant_size(c.size()));
    return !v.payload() || store(*v.payload(), *c[v.case_index()], ptr + info.payload_offset[ptr_index()]);
}

bool Storer::store_list(const Val& v, const Elements& e, const TypeInfo& info, u64 ptr) {
    if (v.kind() != Val::Kind::list) return mismatch("list", v);
    if (e.length) {
        if (v.size() != *e.length) return mismatch("list of another length", v);
        return store_list_into_valid_range(v, 0, v.size(), e, info.elements[ptr_index()].size, ptr);
    }
    u64 begin = 0;
    return store_list_into_range(v, e, info, begin) && store_pair(begin, v.size(), ptr);
}

bool Storer::store_list_into_range(const Val& v, const Elements& e, const TypeInfo& info, u64& ptr) {
    const MemoryLayout& m = info.elements[ptr_index()];
    if (v.size() > max_list_byte_length / std::max<u64>(m.size, 1)) return fail("list byte length exceeds 268435455");
    return got(cx_.allocate(m.alignment, v.size() * m.size, What::list), ptr, why_) && store_list_into_valid_range(v, 0, v.size(), e, m.size, ptr);
}

bool Storer::store_list_into_valid_range(const Val& v, u64 first, u64 length, const Elements& e, u64 element_size, u64 ptr) {
    if (!got(cx_.charge_host(length * element_size), why_)) return false;
    if (v.is_packed()) {
        Despecialized d = e.type ? despecialize(cx_.layouts.types(), *e.type) : Despecialized(Prim::string);
        const Prim* p = std::get_if<Prim>(&d);
        if (!p || val_kind(*p) != v.packed_kind()) return mismatch("list of other elements", v.at(0));
        return store_packed(v, first, length, *p, ptr);
    }
    for (u64 i = first; i < first + length; ++i) {
        const Val& item = v.items()[i];
        if (!(e.type ? store(item, *e.type, ptr) : store_record(item, Fields(*e.map), ptr))) return false;
        ptr += element_size;
    }
    return true;
}

bool Storer::store_packed(const Val& v, u64 first, u64 length, Prim p, u64 ptr) {
    std::size_t size = Val::scalar_bytes(val_kind(p));
    std::span<const u8> raw = v.packed_bytes().subspan(first * size, length * size);
    if (p == Prim::bool_) {
        for (std::size_t i = 0; i < raw.size(); ++i) cx_.store_int(ptr + i, raw[i] != 0, 1);
        return true;
    }
    for (std::size_t i = 0; p == Prim::char_ && i < raw.size(); i += 4) {
        u32 c = 0;
        std::memcpy(&c, &raw[i], 4);
        if (!is_scalar_value(c)) return fail("host value of the wrong type: not a Unicode scalar value");
    }
    return raw.empty() || cx_.memory.write(ptr, raw.data(), raw.size()) || fail("list pointer/length out of bounds of memory");
}

bool Storer::store_tuple(std::span<const Val> vs, const Tuple& t, u64 ptr) {
    GuestSpan range;
    const MemoryLayout& m = t.memory[ptr_index()];
    if (!got(GuestSpan::check(cx_, ptr, m.alignment, 1, m.size, What::values), range, why_)) return false;
    for (std::size_t i = 0; i < vs.size(); ++i) {
        const MemoryLayout& field = info(t.types[i]).memory[ptr_index()];
        ptr = align_to(ptr, field.alignment);
        if (!store(vs[i], t.types[i], ptr)) return false;
        ptr += field.size;
    }
    return true;
}

// ---- to core values ---------------------------------------------------------------------------------------------------------------------

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flat-lowering
bool Storer::lower_flat(const Val& v, const ValType& t, CoreValueSink& out) {
    u64 bits = 0;
    return std::visit(Overload{[&](Prim p) { return lower_flat_prim(v, p, out); }, [&](const Fields& f) { return lower_flat_record(v, f, out); },
                               [&](const Cases& c) { return lower_flat_variant(v, c, info(t), out); },
                               [&](const Elements& e) { return lower_flat_list(v, e, info(t), out); },
                               [&](const FlagLabels& f) { return flags(v, f, bits) && (out.put(bits), true); },
                               [&](const HandleType& h) { return handle(v, h, bits) && (out.put(bits), true); }},
                      despecialize(cx_.layouts.types(), t));
}

bool Storer::lower_flat_prim(const Val& v, Prim p, CoreValueSink& out) {
    u64 a = 0, b = 0;
    if (p == Prim::string) {
        if (!string(v, a, b)) return false;
        out.put(a);
        out.put(b);
        return true;
    }
    if (!scalar(v, p, a)) return false;
    out.put(wide(p) ? a : u32(a));  // signed values were extended to 64 bits
    return true;
}

bool Storer::lower_flat_record(const Val& v, const Fields& f, CoreValueSink& out) {
    if (v.kind() != Val::Kind::record || v.size() != f.size()) return mismatch("record or tuple with other fields", v);
    for (std::size_t i = 0; i < f.size(); ++i)
        if (!lower_flat(v.items()[i], f[i], out)) return false;
    return true;
}

bool Storer::lower_flat_variant(const Val& v, const Cases& c, const TypeInfo& info, CoreValueSink& out) {
    std::size_t end = out.position() + info.flat[ptr_index()].count;
    if (!match_case(v, c)) return false;
    out.put(v.case_index());
    if (v.payload() && !lower_flat(*v.payload(), *c[v.case_index()], out)) return false;
    out.fill_to(end);
    return true;
}

bool Storer::lower_flat_list(const Val& v, const Elements& e, const TypeInfo& info, CoreValueSink& out) {
    if (v.kind() != Val::Kind::list) return mismatch("list", v);
    if (!e.length) {
        u64 ptr = 0;
        if (!store_list_into_range(v, e, info, ptr)) return false;
        out.put(ptr);
        out.put(v.size());
        return true;
    }
    if (v.size() != *e.length) return mismatch("list of another length", v);
    for (std::size_t i = 0; i < v.size(); ++i)
        if (!lower_flat(v.at(i), *e.type, out)) return false;
    return true;
}

}  // namespace heddle::component::abi
