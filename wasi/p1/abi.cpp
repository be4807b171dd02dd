#include "p1/abi.hpp"

#include <algorithm>

namespace heddle::wasi::p1 {

namespace {

constexpr std::size_t most_vectors = 1024;         // what one system call takes
constexpr u32 most_scanned = 1 << 16;              // of a guest's array, empty ones included
constexpr u64 most_bytes = 0x7fff'f000;            // so that a count always fits

struct GuestVector {
    u32 at, size;
};

}  // namespace

// https://www.unicode.org/versions/Unicode16.0.0/core-spec/chapter-3/#G27506 (table 3-7)
bool is_utf8(std::string_view s) {
    auto byte = [&](std::size_t i) { return i < s.size() ? u8(s[i]) : u8(0); };
    for (std::size_t i = 0; i < s.size();) {
        u8 a = byte(i);
        if (a < 0x80) {
            ++i;
            continue;
        }
        std::size_t more = a >= 0xc2 && a <= 0xdf ? 1 : a >= 0xe0 && a <= 0xef ? 2 : a >= 0xf0 && a <= 0xf4 ? 3 : 0;
        if (more == 0) return false;
        u8 low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
        u8 high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
        for (std::size_t k = 1; k <= more; ++k, low = 0x80, high = 0xbf)
            if (byte(i + k) < low || byte(i + k) > high) return false;
        i += more + 1;
    }
    return true;
}

Os<std::string> GuestMemory::path(u32 at, u32 n, u32 limit) const {
    if (!contains(at, n)) return fail(Errno::fault);
    if (n > limit) return fail(Errno::nametoolong);
    std::string s(reinterpret_cast<const char*>(bytes_.data()) + at, n);
    if (!is_utf8(s)) return fail(Errno::ilseq);
    if (s.find('\0') != s.npos) return fail(Errno::inval);
    return s;
}

Os<Buffers> Buffers::load(GuestMemory memory, u32 at, u32 count) {
    if (!memory.contains(at, u64(count) * sizeof(GuestVector))) return fail(Errno::fault);
    Buffers b;
    for (u32 i = 0; i < std::min(count, most_scanned) && b.vectors_.size() < most_vectors && b.size_ < most_bytes; ++i) {
        GuestVector v = *memory.load<GuestVector>(at + i * u32(sizeof(GuestVector)));
        Os<std::span<u8>> bytes = memory.view(v.at, v.size);
        if (!bytes) return fail(bytes.error());
        std::size_t n = std::size_t(std::min<u64>(bytes->size(), most_bytes - b.size_));
        if (n == 0) continue;
        b.vectors_.push_back({bytes->data(), n});
        b.size_ += n;
    }
    return b;
}

Buffers Buffers::first(u64 n) const {
    Buffers b;
    for (const iovec& v : vectors_) {
        if (n == 0) break;
        std::size_t k = std::size_t(std::min<u64>(v.iov_len, n));
        b.vectors_.push_back({v.iov_base, k});
        b.size_ += k;
        n -= k;
    }
    return b;
}

void Buffers::drop(u64 n) {
    size_ -= std::min(n, size_);
    std::size_t whole = 0;
    while (whole < vectors_.size() && n >= vectors_[whole].iov_len) n -= vectors_[whole++].iov_len;
    vectors_.erase(vectors_.begin(), vectors_.begin() + std::ptrdiff_t(whole));
    if (n > 0 && !vectors_.empty()) {
        vectors_[0].iov_base = static_cast<u8*>(vectors_[0].iov_base) + n;
        vectors_[0].iov_len -= std::size_t(n);
    }
}

}  // namespace heddle::wasi::p1
