#include "strings.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace heddle::component::abi {
namespace {

using Stop = Transcoded::Stop;

constexpr u64 high_bits = 0x8080808080808080;

u32 unit_at(const u8* p) { return u32(p[0] | p[1] << 8); }

// One code point, or what is wrong. `size`: the bytes it takes.
struct CodePoint {
    u32 value = 0;
    u32 size = 0;
    Stop fault = Stop::end;  // end: none
};

// The table of well-formed byte sequences: https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf (table 3-7)
CodePoint multi_byte(const u8* p, std::size_t left) {
    u32 lead = *p;
    u32 size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4) return {0, 1, Stop::invalid};
    u32 low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    u32 value = lead & (0xffu >> (size + 1));
    for (u32 i = 1; i < size; ++i) {
        if (i >= left) return {0, i, Stop::incomplete};
        u32 c = p[i];
        if (c < low || c > high) return {0, i, Stop::invalid};
        value = value << 6 | (c & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return {value, size};
}

template <Units U>
CodePoint decode(const u8* p, std::size_t left) {
    if constexpr (U == Units::latin1) {
        return {*p, 1};
    } else if constexpr (U == Units::utf8) {
        if (*p < 0x80) return {*p, 1};
        return multi_byte(p, left);
    } else {
        if (left < 2) return {0, u32(left), Stop::incomplete};
        u32 unit = unit_at(p);
        if ((unit & 0xf800) != 0xd800) return {unit, 2};
        if (unit >= 0xdc00) return {0, 2, Stop::invalid};
        if (left < 4) return {0, 2, Stop::incomplete};
        u32 second = unit_at(p + 2);
        if ((second & 0xfc00) != 0xdc00) return {0, 2, Stop::invalid};
        return {0x10000 + ((unit & 0x3ff) << 10 | (second & 0x3ff)), 4};
    }
}

template <Units U>
u32 encoded_size(u32 c) {
    if constexpr (U == Units::latin1) return 1;
    else if constexpr (U == Units::utf16) return c < 0x10000 ? 2 : 4;
    else return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

void put_unit(u8* p, u32 unit) {
    p[0] = u8(unit);
    p[1] = u8(unit >> 8);
}

template <Units U>
void encode(u8* p, u32 c) {
    if constexpr (U == Units::latin1) {
        *p = u8(c);
    } else if constexpr (U == Units::utf16) {
        if (c < 0x10000) return put_unit(p, c);
        put_unit(p, 0xd800 | (c - 0x10000) >> 10);
        put_unit(p + 2, 0xdc00 | ((c - 0x10000) & 0x3ff));
    } else {
        u32 size = encoded_size<U>(c);
        if (size == 1) {
            *p = u8(c);
            return;
        }
        for (u32 i = size - 1; i > 0; --i, c >>= 6) p[i] = u8(0x80 | (c & 0x3f));
        p[0] = u8((0xf00u >> size) | c);
    }
}

// Eight bytes and eight utf-16 units, as the compiler's own vectors.
using Bytes = u8 __attribute__((vector_size(8)));
using Wide = u16 __attribute__((vector_size(16)));

template <class T>
T load(const u8* p) {
    T v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// Copies units in blocks while they are such that both forms say the same: ASCII, or no surrogates from utf-16 to utf-16. Moves t on.
template <Units From, Units To>
void copy_simple(std::span<const u8> src, std::span<u8> dst, Transcoded& t) {
    constexpr std::size_t in = From == Units::utf16 || To != Units::utf16 ? 16 : 8, out = From != Units::utf16 || To == Units::utf16 ? 16 : 8;
    std::size_t blocks = std::min((src.size() - t.read) / in, (dst.size() - t.written) / out);
    const u8* p = src.data() + t.read;
    u8* q = dst.data() + t.written;
    std::size_t n = 0;
    for (; n < blocks; ++n, p += in, q += out) {
        if constexpr (From == Units::utf16 && To == Units::utf16) {
            Wide v = load<Wide>(p), surrogates = Wide((v & 0xf800) == 0xd800);
            u64 found[2];
            std::memcpy(found, &surrogates, sizeof found);
            if (found[0] | found[1]) break;
            std::memcpy(q, &v, sizeof v);
        } else if constexpr (From == Units::utf16) {
            if ((load<u64>(p) | load<u64>(p + 8)) & 0xff80ff80ff80ff80) break;
            Bytes v = __builtin_convertvector(load<Wide>(p), Bytes);
            std::memcpy(q, &v, sizeof v);
        } else if constexpr (To == Units::utf16) {
            if (load<u64>(p) & high_bits) break;
            Wide v = __builtin_convertvector(load<Bytes>(p), Wide);
            std::memcpy(q, &v, sizeof v);
        } else {
            u64 a = load<u64>(p), b = load<u64>(p + 8);
            if ((a | b) & high_bits) break;
            std::memcpy(q, &a, 8);
            std::memcpy(q + 8, &b, 8);
        }
    }
    t.read += n * in;
    t.written += n * out;
}

template <Units From, Units To>
Transcoded transcode_as(std::span<const u8> src, std::span<u8> dst, u32 limit) {
    Transcoded t;
    while (true) {
        copy_simple<From, To>(src, dst, t);
        for (u32 i = 0; i < 16; ++i) {  // then some of the others, before trying again
            if (t.read == src.size()) return t;
            CodePoint c = decode<From>(src.data() + t.read, src.size() - t.read);
            if (c.fault != Stop::end) t.stop = c.fault;
            else if (c.value >= limit) t.stop = Stop::limit;
            else if (dst.size() - t.written < encoded_size<To>(c.value)) t.stop = Stop::full;
            if (t.stop != Stop::end) return t;
            encode<To>(dst.data() + t.written, c.value);
            t.read += c.size;
            t.written += encoded_size<To>(c.value);
        }
    }
}

template <Units From>
Transcoded transcode_from(std::span<const u8> src, Units to, std::span<u8> dst, u32 limit) {
    switch (to) {
        case Units::utf8: return transcode_as<From, Units::utf8>(src, dst, limit);
        case Units::utf16: return transcode_as<From, Units::utf16>(src, dst, limit);
        case Units::latin1: break;
    }
    return transcode_as<From, Units::latin1>(src, dst, std::min<u32>(limit, 0x100));
}

Transcoded copy_latin1(std::span<const u8> src, std::span<u8> dst) {
    std::size_t n = std::min(src.size(), dst.size());
    if (n) std::memmove(dst.data(), src.data(), n);
    return {n, n, n < src.size() ? Stop::full : Stop::end};
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(std::span<const u8> text) {
    std::size_t i = 0;
    while (i < text.size()) {
        if (text.size() - i >= 8 && !(load<u64>(text.data() + i) & high_bits)) {
            i += 8;
            continue;
        }
        CodePoint c = decode<Units::utf8>(text.data() + i, text.size() - i);
        if (c.fault != Stop::end) return i;
        i += c.size;
    }
    return std::nullopt;
}

Transcoded transcode(Units from, std::span<const u8> src, Units to, std::span<u8> dst, u32 limit) {
    if (from == Units::latin1 && to == Units::latin1 && limit > 0xff) return copy_latin1(src, dst);
    switch (from) {
        case Units::utf8: return transcode_from<Units::utf8>(src, to, dst, limit);
        case Units::utf16: return transcode_from<Units::utf16>(src, to, dst, limit);
        case Units::latin1: break;
    }
    return transcode_from<Units::latin1>(src, to, dst, limit);
}

// ---- sources ----------------------------------------------------------------------------------------------------------------------------

StringSource StringSource::host(std::string_view utf8) {
    StringSource s;
    s.code_units_ = utf8.size();
    s.host_ = utf8;
    return s;
}

std::span<const u8> StringSource::bytes() const {
    if (guest_) return guest_->bytes();
    return {reinterpret_cast<const u8*>(host_.data()), host_.size()};
}

Checked<StringSource> load_string_from_range(const Context& cx, u64 ptr, u64 tagged_code_units) {
    StringSource s;
    u64 tag = utf16_tag(cx.ptr);
    bool tagged = s.tagged_ = cx.encoding == StringEncoding::latin1_utf16 && (tagged_code_units & tag) != 0;
    s.code_units_ = tagged ? tagged_code_units ^ tag : tagged_code_units;
    switch (cx.encoding) {
        case StringEncoding::utf8: s.units_ = Units::utf8; break;
        case StringEncoding::utf16: s.units_ = Units::utf16; break;
        case StringEncoding::latin1_utf16: s.units_ = tagged ? Units::utf16 : Units::latin1; break;
    }
    u64 alignment = cx.encoding == StringEncoding::utf8 ? 1 : 2;
    Checked<GuestSpan> range = GuestSpan::check(cx, ptr, alignment, s.code_units_, s.units_ == Units::utf16 ? 2 : 1, What::string);
    if (!range) return std::unexpected(std::move(range.error()));
    s.guest_ = *range;
    return s;
}

namespace {

std::unexpected<TrapPtr> bad_text(Units units, Stop stop, std::size_t at) {
    if (stop == Stop::full) return trap("string changed while it was copied");
    std::string where = std::to_string(units == Units::utf16 ? at / 2 : at);
    if (units == Units::utf16) return trap("invalid utf-16: unpaired surrogate at code unit " + where);
    return trap((stop == Stop::incomplete ? "incomplete utf-8 byte sequence at byte " : "invalid utf-8 sequence at byte ") + where);
}

// transcode(), from where `t` stands on and in pieces, so that long texts can be interrupted. Gives false at a fault.
bool transcode_on(Context& cx, const StringSource& from, Units to, std::span<u8> dst, u32 limit, Transcoded& t, TrapPtr& why) {
    std::span<const u8> src = from.bytes();
    do {
        std::size_t piece = std::min<std::size_t>(src.size() - t.read, Context::poll_interval);
        Transcoded step = transcode(from.units(), src.subspan(t.read, piece), to, dst.subspan(t.written), limit);
        t.read += step.read;
        t.written += step.written;
        t.stop = step.stop;
        bool cut = step.stop == Stop::incomplete && step.read > 0 && t.read + (piece - step.read) < src.size();  // by the end of the piece only
        if (step.stop == Stop::limit) return true;
        if (step.stop != Stop::end && !cut) {
            why = std::move(bad_text(from.units(), step.stop, t.read).error());
            return false;
        }
        if (!got(cx.work(piece), why)) return false;
    } while (t.read < src.size());
    t.stop = Stop::end;
    return true;
}

u64 utf8_size(const StringSource& s) {
    std::span<const u8> b = s.bytes();
    u64 n = b.size();
    if (s.units() == Units::latin1) {
        for (u8 c : b) n += c >> 7;
    } else if (s.units() == Units::utf16) {
        n = 0;
        for (std::size_t i = 0; i + 1 < b.size(); i += 2) {
            u32 unit = unit_at(&b[i]);
            n += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) == 0xd800 ? 2 : 3;
        }
    }
    return n;
}

// ---- storing ----------------------------------------------------------------------------------------------------------------------------

// One string on its way into a memory. Each realloc is made exactly when and as the reference makes it: guests see its arguments.
class StringStore {
public:
    StringStore(Context& cx, const StringSource& source) : cx_(cx), source_(source), units_(source.code_units()) {}

    Checked<PtrLength> store() {
        bool done = false;
        switch (cx_.encoding) {
            case StringEncoding::utf8: done = source_.units() == Units::utf8 ? copy(Units::utf8, 1, 1) : to_utf8(); break;
            case StringEncoding::utf16: done = source_.units() == Units::utf8 ? utf8_to_utf16() : copy(Units::utf16, 2, 2); break;
            case StringEncoding::latin1_utf16: done = to_latin1_or_utf16(); break;
        }
        if (!done) return std::unexpected(std::move(why_));
        return out_;
    }

private:
    bool allocate(u64 alignment, u64 size) {
        size_ = size;
        return got(cx_.allocate(alignment, size, What::string), out_.ptr, why_);
    }
    bool reallocate(u64 old_size, u64 alignment, u64 new_size) {
        size_ = new_size;
        return got(cx_.reallocate(out_.ptr, old_size, alignment, new_size, What::string), out_.ptr, why_);
    }
    std::span<u8> destination() const {
        std::span<u8> m = cx_.bytes();
        return m.subspan(std::size_t(out_.ptr), std::size_t(size_));  // inside: reallocate() checked, and memories do not shrink
    }
    bool go_on(Units to, u32 limit) { return transcode_on(cx_, source_, to, destination(), limit, t_, why_); }
    bool at_end() const { return t_.stop == Stop::end; }

    bool finish(u64 length) {
        out_.length = length;
        return true;
    }

    // https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#storing (store_string_copy)
    bool copy(Units to, u64 unit_size, u64 alignment) { return allocate(alignment, units_ * unit_size) && go_on(to, 0x110000) && finish(units_); }

    // store_string_to_utf8: as long as all is ASCII the first guess fits.
    bool to_utf8() {
        u64 worst = units_ * (source_.units() == Units::utf16 ? 3 : 2);
        if (!allocate(1, units_) || !go_on(Units::utf8, 0x80)) return false;
        if (at_end()) return finish(units_);
        if (!reallocate(units_, 1, worst) || !go_on(Units::utf8, 0x110000)) return false;
        return shrink(worst, 1) && finish(t_.written);
    }

    // store_utf8_to_utf16
    bool utf8_to_utf16() {
        u64 worst = 2 * units_;
        return allocate(2, worst) && go_on(Units::utf16, 0x110000) && shrink(worst, 2) && finish(t_.written / 2);
    }

    bool shrink(u64 size, u64 alignment) { return t_.written == size || reallocate(size, alignment, t_.written); }

    bool to_latin1_or_utf16() {
        if (source_.units() == Units::latin1) return copy(Units::latin1, 1, 2);
        if (source_.is_tagged()) return probably_utf16_to_latin1_or_utf16();
        return to_latin1_else_utf16();
    }

    // store_string_to_latin1_or_utf16
    bool to_latin1_else_utf16() {
        if (!allocate(2, units_) || !go_on(Units::latin1, 0x100)) return false;
        if (at_end()) return shrink(units_, 2) && finish(t_.written);
        u64 worst = 2 * units_;
        if (!reallocate(units_, 2, worst)) return false;
        inflate();
        if (!go_on(Units::utf16, 0x110000) || !shrink(worst, 2)) return false;
        return finish((t_.written / 2) | utf16_tag(cx_.ptr));
    }
    // The latin-1 bytes written so far become utf-16, in place and from behind.
    void inflate() {
        u8* p = destination().data();
        for (std::size_t i = t_.written; i-- > 0;) put_unit(p + 2 * i, p[i]);
        t_.written *= 2;
    }

    // store_probably_utf16_to_latin1_or_utf16
    bool probably_utf16_to_latin1_or_utf16() {
        u64 size = 2 * units_;
        if (!allocate(2, size) || !go_on(Units::utf16, 0x110000)) return false;
        std::span<u8> d = destination();
        bool wide = false;
        for (std::size_t i = 1; i < d.size(); i += 2) wide |= d[i] != 0;
        if (wide) return finish(units_ | utf16_tag(cx_.ptr));
        for (std::size_t i = 0; i < units_; ++i) d[i] = d[2 * i];
        return reallocate(size, 1, units_) && finish(units_);
    }

    Context& cx_;
    const StringSource& source_;
    u64 units_;
    PtrLength out_;
    u64 size_ = 0;  // of the allocation
    Transcoded t_;
    TrapPtr why_;
};

}  // namespace

Checked<std::string> lift_string(Context& cx, u64 ptr, u64 tagged_code_units) {
    Checked<StringSource> source = load_string_from_range(cx, ptr, tagged_code_units);
    if (!source) return std::unexpected(std::move(source.error()));
    u64 size = utf8_size(*source);
    TrapPtr why;
    if (!got(cx.charge_host(size), why)) return std::unexpected(std::move(why));
    std::string text(std::size_t(size), '\0');
    Transcoded t;
    if (!transcode_on(cx, *source, Units::utf8, {reinterpret_cast<u8*>(text.data()), text.size()}, 0x110000, t, why))
        return std::unexpected(std::move(why));
    text.resize(t.written);
    return text;
}

Checked<PtrLength> store_string_into_range(Context& cx, const StringSource& source) {
    if (source.bytes().size() > max_string_byte_length) return trap("string byte length exceeds 268435455");
    return StringStore(cx, source).store();
}

}  // namespace heddle::component::abi
