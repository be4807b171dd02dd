#include "copy.hpp"

#include <algorithm>
#include <cstring>

#include "strings.hpp"

namespace heddle::component::abi {
namespace {

struct Number {
    u8 size;
    bool is_signed;
};
// By Prim, up to char.
constexpr Number numbers[] = {{1, false}, {1, true}, {1, false}, {2, true},  {2, false}, {4, true},
                              {4, false}, {8, true}, {8, false}, {4, false}, {8, false}, {4, false}};

// The bits of a flat core value that count for a number of that size, extended to 32 as lowering wants it.
u64 normalize(u64 bits, Number n) {
    if (n.size >= 8) return bits;
    unsigned shift = unsigned(64 - 8 * n.size);
    u64 v = n.is_signed ? u64(i64(bits << shift) >> shift) : bits << shift >> shift;
    return u32(v);
}

}  // namespace

bool Copier::fail(std::string message) {
    why_ = std::move(trap(std::move(message)).error());
    return false;
}

bool Copier::copy(const ValType& s, const ValType& d, const Source& from, const Target& to) {
    if (s.prim && d.prim) {
        if (*s.prim <= Prim::char_) return copy_scalar(*s.prim, from, to);
        if (*s.prim == Prim::string && *d.prim == Prim::string) return copy_string(from, to);
    }
    const TypeInfo &si = src_info(s), &di = dst_info(d);
    if (si.plain && !from.slots && !to.slots) return copy_bytes(from.ptr, to.ptr, si.memory[u8(src_.ptr)].size);
    Despecialized source = despecialize(src_.layouts.types(), s), target = despecialize(dst_.layouts.types(), d);
    if (source.index() != target.index()) return fail("the two sides of a call disagree about a type");
    if (const Prim* p = std::get_if<Prim>(&source)) return *p == Prim::string ? copy_string(from, to) : copy_scalar(*p, from, to);
    if (const Fields* f = std::get_if<Fields>(&source)) return copy_each(*f, std::get<Fields>(target), from, to);
    if (const Cases* c = std::get_if<Cases>(&source)) return copy_variant(*c, std::get<Cases>(target), si, di, from, to);
    if (const Elements* e = std::get_if<Elements>(&source)) return copy_list(*e, std::get<Elements>(target), si, di, from, to);
    if (const FlagLabels* f = std::get_if<FlagLabels>(&source)) return copy_flags(*f, from, to);
    return copy_handle(std::get<HandleType>(source), std::get<HandleType>(target), from, to);
}

bool Copier::copy_scalar(Prim p, const Source& from, const Target& to) {
    Number n = numbers[u8(p)];
    u64 bits = read(from, n.size);
    if (p == Prim::bool_) {
        bits = u32(bits) != 0;
    } else if (p == Prim::char_) {
        bits = u32(bits);
        if (!is_scalar_value(u32(bits))) return fail("invalid `char` bit pattern");
    } else {
        bits = normalize(bits, n);
    }
    write(to, bits, n.size);
    return true;
}

void Copier::read_pair(const Source& from, u64& a, u64& b) const {
    u32 size = ptr_size(src_.ptr);
    a = read(from, size);
    b = read(from.slots ? Source{from.slots + 1, 0} : Source{nullptr, from.ptr + size}, size);
    if (src_.ptr == PtrType::i32) {
        a = u32(a);
        b = u32(b);
    }
}

void Copier::write_pair(const Target& to, u64 a, u64 b) const {
    u32 size = ptr_size(dst_.ptr);
    write(to, a, size);
    write(to.slots ? Target{to.slots + 1, 0} : Target{nullptr, to.ptr + size}, b, size);
}

bool Copier::copy_string(const Source& from, const Target& to) {
    u64 ptr = 0, length = 0;
    read_pair(from, ptr, length);
    Checked<StringSource> source = load_string_from_range(src_, ptr, length);
    if (!source) {
        why_ = std::move(source.error());
        return false;
    }
    PtrLength stored;
    if (!got(store_string_into_range(dst_, *source), stored, why_)) return false;
    write_pair(to, stored.ptr, stored.length);
    return true;
}

bool Copier::copy_flags(const FlagLabels& f, const Source& from, const Target& to) {
    u32 size = flags_size(f.count);
    write(to, u32(read(from, size)) & f.mask(), size);
    return true;
}

bool Copier::copy_handle(const HandleType& s, const HandleType& d, const Source& from, const Target& to) {
    Token token;
    u32 index = 0;
    if (!got(lift_handle(src_, u32(read(from, 4)), s), token, why_) || !got(lower_handle(dst_, token, d), index, why_)) return false;
    write(to, index, 4);
    return true;
}

template <class F>
bool Copier::copy_each(const F& s, const F& d, Source from, Target to) {
    if (s.size() != d.size()) return fail("the two sides of a call disagree about a type");
    for (std::size_t i = 0; i < s.size(); ++i) {
        const TypeInfo &si = src_info(s[i]), &di = dst_info(d[i]);
        const MemoryLayout &sm = si.memory[u8(src_.ptr)], &dm = di.memory[u8(dst_.ptr)];
        if (!from.slots) from.ptr = align_to(from.ptr, sm.alignment);
        if (!to.slots) to.ptr = align_to(to.ptr, dm.alignment);
        if (!copy(s[i], d[i], from, to)) return false;
        if (from.slots) from.slots += si.flat[u8(src_.ptr)].count;
        else from.ptr += sm.size;
        if (to.slots) to.slots += di.flat[u8(dst_.ptr)].count;
        else to.ptr += dm.size;
    }
    return true;
}

bool Copier::copy_fields(std::span<const ValType> s, std::span<const ValType> d, const Source& from, const Target& to) {
    return copy_each(s, d, from, to);
}

bool Copier::copy_variant(const Cases& s, const Cases& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to) {
    u32 size = discriminant_size(s.size()), case_index = u32(read(from, size));
    if (case_index >= s.size()) return fail("invalid variant discriminant");
    if (s.size() != d.size()) return fail("the two sides of a call disagree about a type");
    write(to, case_index, size);
    u32 written = 1;
    if (s[case_index] && d[case_index]) {
        Source payload = from.slots ? Source{from.slots + 1, 0} : Source{nullptr, from.ptr + si.payload_offset[u8(src_.ptr)]};
        Target target = to.slots ? Target{to.slots + 1, 0} : Target{nullptr, to.ptr + di.payload_offset[u8(dst_.ptr)]};
        if (!copy(*s[case_index], *d[case_index], payload, target)) return false;
        written += dst_info(*d[case_index]).flat[u8(dst_.ptr)].count;
    }
    for (u32 i = written; to.slots && i < di.flat[u8(dst_.ptr)].count; ++i) to.slots[i] = Slot{};
    return true;
}

bool Copier::copy_list(const Elements& s, const Elements& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to) {
    if (s.length != d.length || bool(s.map) != bool(d.map)) return fail("the two sides of a call disagree about a type");
    if (s.length) return copy_fixed(s, d, si, di, from, to);
    const MemoryLayout &sm = si.elements[u8(src_.ptr)], &dm = di.elements[u8(dst_.ptr)];
    u64 ptr = 0, length = 0, begin = 0;
    GuestSpan range;
    read_pair(from, ptr, length);
    if (!got(GuestSpan::check(src_, ptr, sm.alignment, length, sm.size, What::list), range, why_)) return false;
    if (!got(dst_.allocate(dm.alignment, length * dm.size, What::list), begin, why_)) return false;
    if (!copy_list_into_valid_range(s, d, length, ptr, sm.size, begin, dm.size)) return false;
    write_pair(to, begin, length);
    return true;
}

bool Copier::copy_fixed(const Elements& s, const Elements& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to) {
    u64 from_size = si.elements[u8(src_.ptr)].size, to_size = di.elements[u8(dst_.ptr)].size;
    if (!from.slots && !to.slots) return copy_list_into_valid_range(s, d, *s.length, from.ptr, from_size, to.ptr, to_size);
    u32 from_slots = src_info(*s.type).flat[u8(src_.ptr)].count, to_slots = dst_info(*d.type).flat[u8(dst_.ptr)].count;
    for (u32 i = 0; i < *s.length; ++i) {
        Source element = from.slots ? Source{from.slots + i * from_slots, 0} : Source{nullptr, from.ptr + i * from_size};
        Target target = to.slots ? Target{to.slots + i * to_slots, 0} : Target{nullptr, to.ptr + i * to_size};
        if (!copy(*s.type, *d.type, element, target)) return false;
    }
    return true;
}

// ---- many elements at once --------------------------------------------------------------------------------------------------------------

bool Copier::copy_list_into_valid_range(const Elements& s, const Elements& d, u64 length, u64 from, u64 from_size, u64 to, u64 to_size) {
    if (s.type) {
        if (src_info(*s.type).plain) return copy_bytes(from, to, length * from_size);
        Despecialized element = despecialize(src_.layouts.types(), *s.type);
        const Prim* p = std::get_if<Prim>(&element);
        if (p && *p == Prim::bool_) return copy_bools(from, to, length);
        if (p && *p == Prim::char_) return copy_chars(from, to, length);
    }
    for (u64 i = 0; i < length; ++i, from += from_size, to += to_size) {
        Source source{nullptr, from};
        Target target{nullptr, to};
        if (!got(dst_.work(to_size), why_)) return false;
        if (!(s.type ? copy(*s.type, *d.type, source, target) : copy_each(Fields(*s.map), Fields(*d.map), source, target))) return false;
    }
    return true;
}

bool Copier::copy_bytes(u64 from, u64 to, u64 size) {
    while (size > 0) {
        u64 piece = std::min(size, Context::poll_interval);
        auto source = src_.memory.view(from, piece), target = dst_.memory.view(to, piece);
        if (!source || !target) return fail("list content out-of-bounds");
        std::memmove(target->data(), source->data(), std::size_t(piece));
        if (!got(dst_.work(piece), why_)) return false;
        from += piece;
        to += piece;
        size -= piece;
    }
    return true;
}

// In the destination, where nobody changes them any more.
bool Copier::copy_bools(u64 from, u64 to, u64 count) {
    if (!copy_bytes(from, to, count)) return false;
    auto target = dst_.memory.view(to, count);
    if (!target) return count == 0;
    for (u8& b : *target) b = b != 0;
    return true;
}

bool Copier::copy_chars(u64 from, u64 to, u64 count) {
    if (!copy_bytes(from, to, count * 4)) return false;
    auto target = dst_.memory.view(to, count * 4);
    bool valid = true;
    for (u64 i = 0; target && i < target->size(); i += 4) {
        u32 c = 0;
        std::memcpy(&c, target->data() + i, 4);
        valid &= is_scalar_value(c);
    }
    return valid || fail("invalid `char` bit pattern");
}

}  // namespace heddle::component::abi
