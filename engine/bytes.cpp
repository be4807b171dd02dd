#include "bytes.hpp"

namespace heddle {

// https://webassembly.github.io/spec/core/binary/values.html#integers: at most ceil(bits / 7) bytes, and the last byte's unused bits are zero.
u64 Reader::uleb(unsigned bits) {
    u64 result = 0;
    unsigned shift = 0;
    if (left() >= 10)  // all but the last possible byte need no checks
        for (; shift + 7 <= bits; shift += 7) {
            u8 b = *at_++;
            result |= u64(b & 0x7f) << shift;
            if (b < 0x80) return result;
        }
    for (;; shift += 7) {
        u8 b = byte();
        unsigned room = bits - shift;
        if (room < 7) {
            if (b & 0x80) malformed("integer representation too long", offset() - 1);
            if (b >> room) malformed("integer too large", offset() - 1);
        }
        result |= u64(b & 0x7f) << shift;
        if (!(b & 0x80)) return result;
    }
}

// The last byte's unused bits repeat the sign bit.
i64 Reader::sleb(unsigned bits) {
    u64 result = 0;
    unsigned shift = 0;
    if (left() >= 10)
        for (; shift + 7 <= bits; shift += 7) {
            u8 b = *at_++;
            result |= u64(b & 0x7f) << shift;
            if (b >= 0x80) continue;
            unsigned unused = 57 - shift;
            return i64(result << unused) >> unused;
        }
    for (;; shift += 7) {
        u8 b = byte();
        unsigned room = bits - shift;
        if (room < 7) {
            if (b & 0x80) malformed("integer representation too long", offset() - 1);
            u8 sign = u8(b << 1) >> room;  // the sign bit and the unused bits above it
            u8 ones = u8(0xff) >> room;
            if (sign != 0 && sign != ones) malformed("integer too large", offset() - 1);
        }
        result |= u64(b & 0x7f) << shift;
        if (b & 0x80) continue;
        unsigned used = shift + 7;
        if (used < 64 && (b & 0x40)) result |= ~u64(0) << used;
        return i64(result);
    }
}

std::string_view Reader::name() {
    u32 n = u32_leb();
    if (n > left()) malformed("length out of bounds", offset());
    auto s = take(n);
    std::string_view text(reinterpret_cast<const char*>(s.data()), s.size());
    if (!is_utf8(text)) malformed("malformed UTF-8 encoding", offset() - n);
    return text;
}

bool is_utf8(std::string_view s) {
    const u8* p = reinterpret_cast<const u8*>(s.data());
    const u8* end = p + s.size();
    auto continuation = [&](u8 low, u8 high) { return p != end && *p >= low && *p <= high ? (++p, true) : false; };
    while (p != end) {
        u8 b = *p++;
        if (b < 0x80) continue;
        if (b < 0xc2 || b > 0xf4) return false;
        u8 low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80, high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
        if (!continuation(low, high)) return false;
        if (b >= 0xe0 && !continuation(0x80, 0xbf)) return false;
        if (b >= 0xf0 && !continuation(0x80, 0xbf)) return false;
    }
    return true;
}

void Writer::u64_leb(u64 v) {
    for (; v >= 0x80; v >>= 7) byte(u8(v) | 0x80);
    byte(u8(v));
}

void Writer::i64_leb(i64 v) {
    while (v < -64 || v > 63) {
        byte(u8(v & 0x7f) | 0x80);
        v >>= 7;
    }
    byte(u8(v & 0x7f));
}

}  // namespace heddle
