// Reading and writing the binary format's primitives: bytes, LEB128 integers, names. A Reader never reads past its end; it throws Error.
//
//     heddle::Reader r(wasm);
//     r.take(8);
//     while (!r.done()) { u8 id = r.byte(); auto contents = r.take(r.u32_leb()); … }
//
// https://webassembly.github.io/spec/core/binary/values.html
#pragma once
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle {

[[noreturn]] inline void malformed(std::string message, std::size_t offset) { throw Error{Error::Kind::malformed, std::move(message), offset}; }
[[noreturn]] inline void invalid(std::string message, std::size_t offset) { throw Error{Error::Kind::invalid, std::move(message), offset}; }

class Reader {
public:
    Reader() = default;
    // Reads [from, to) of `all`; offsets count from the start of `all`.
    Reader(std::span<const u8> all, std::size_t from, std::size_t to) : base_(all.data()), at_(base_ + from), end_(base_ + to) {}
    explicit Reader(std::span<const u8> all) : Reader(all, 0, all.size()) {}

    std::size_t offset() const { return std::size_t(at_ - base_); }
    std::size_t end_offset() const { return std::size_t(end_ - base_); }
    std::size_t left() const { return std::size_t(end_ - at_); }
    bool done() const { return at_ == end_; }
    const u8* position() const { return at_; }
    // What is said when the input ends too early; sections and bodies have their own words.
    void on_end(const char* message) { end_message_ = message; }

    u8 peek() const {
        if (at_ == end_) unexpected_end();
        return *at_;
    }
    u8 byte() {
        if (at_ == end_) unexpected_end();
        return *at_++;
    }
    u32 u32_leb() {
        if (at_ != end_ && *at_ < 0x80) return *at_++;
        return u32(uleb(32));
    }
    u64 u64_leb() {
        if (at_ != end_ && *at_ < 0x80) return *at_++;
        return uleb(64);
    }
    i32 i32_leb() {
        if (at_ != end_ && *at_ < 0x80) return i32(i8(*at_++ << 1)) >> 1;
        return i32(sleb(32));
    }
    i64 i33_leb() { return sleb(33); }
    i64 i64_leb() {
        if (at_ != end_ && *at_ < 0x80) return i64(i8(*at_++ << 1)) >> 1;
        return sleb(64);
    }
    u32 fixed32() {
        u32 v;
        std::memcpy(&v, take(4).data(), 4);
        return v;
    }
    u64 fixed64() {
        u64 v;
        std::memcpy(&v, take(8).data(), 8);
        return v;
    }
    std::span<const u8> take(std::size_t n) {
        if (n > left()) unexpected_end();
        std::span<const u8> s(at_, n);
        at_ += n;
        return s;
    }
    // A length-prefixed UTF-8 name.
    std::string_view name();

private:
    [[noreturn]] void unexpected_end() const { malformed(end_message_, offset()); }
    u64 uleb(unsigned bits);
    i64 sleb(unsigned bits);

    const u8* base_ = nullptr;
    const u8* at_ = nullptr;
    const u8* end_ = nullptr;
    const char* end_message_ = "unexpected end";
};

static_assert(std::endian::native == std::endian::little, "memory is accessed in the host's byte order");

// https://webassembly.github.io/spec/core/binary/values.html#names
bool is_utf8(std::string_view s);

class Writer {
public:
    std::vector<u8> bytes;

    void byte(u8 b) { bytes.push_back(b); }
    void u32_leb(u32 v) { u64_leb(v); }
    void u64_leb(u64 v);
    void i32_leb(i32 v) { i64_leb(v); }
    void i64_leb(i64 v);
    void fixed32(u32 v) { raw(&v, 4); }
    void fixed64(u64 v) { raw(&v, 8); }
    void span(std::span<const u8> s) { bytes.insert(bytes.end(), s.begin(), s.end()); }
    void name(std::string_view s) {
        u64_leb(s.size());
        raw(s.data(), s.size());
    }

private:
    void raw(const void* p, std::size_t n) {
        const u8* b = static_cast<const u8*>(p);
        bytes.insert(bytes.end(), b, b + n);
    }
};

}  // namespace heddle
