#include "bytes.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace heddle {
namespace {

std::vector<u8> bytes(std::initializer_list<int> list) {
    std::vector<u8> b;
    for (int i : list) b.push_back(u8(i));
    return b;
}

// The value read, or the error's message.
template <class F>
std::string outcome(const std::vector<u8>& b, F read) {
    Reader r(b);
    try {
        auto v = read(r);
        return std::to_string(v) + (r.done() ? "" : " and more");
    } catch (const Error& e) {
        EXPECT_EQ(e.kind, Error::Kind::malformed);
        return e.message;
    }
}
std::string as_u32(std::initializer_list<int> l) {
    return outcome(bytes(l), [](Reader& r) { return r.u32_leb(); });
}
std::string as_u64(std::initializer_list<int> l) {
    return outcome(bytes(l), [](Reader& r) { return r.u64_leb(); });
}
std::string as_i32(std::initializer_list<int> l) {
    return outcome(bytes(l), [](Reader& r) { return r.i32_leb(); });
}
std::string as_i33(std::initializer_list<int> l) {
    return outcome(bytes(l), [](Reader& r) { return r.i33_leb(); });
}
std::string as_i64(std::initializer_list<int> l) {
    return outcome(bytes(l), [](Reader& r) { return r.i64_leb(); });
}

TEST(Reader, unsigned_integers_use_at_most_their_bits) {
    EXPECT_EQ(as_u32({0x00}), "0");
    EXPECT_EQ(as_u32({0x7f}), "127");
    EXPECT_EQ(as_u32({0x80, 0x01}), "128");
    EXPECT_EQ(as_u32({0x80, 0x80, 0x80, 0x80, 0x00}), "0");
    EXPECT_EQ(as_u32({0xff, 0xff, 0xff, 0xff, 0x0f}), "4294967295");
    EXPECT_EQ(as_u32({0xff, 0xff, 0xff, 0xff, 0x1f}), "integer too large");
    EXPECT_EQ(as_u32({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), "integer representation too long");
    EXPECT_EQ(as_u32({}), "unexpected end");
    EXPECT_EQ(as_u32({0x80}), "unexpected end");
    EXPECT_EQ(as_u64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), "18446744073709551615");
    EXPECT_EQ(as_u64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}), "integer too large");
    EXPECT_EQ(as_u64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), "integer representation too long");
}

TEST(Reader, signed_integers_repeat_their_sign_in_unused_bits) {
    EXPECT_EQ(as_i32({0x40}), "-64");
    EXPECT_EQ(as_i32({0x3f}), "63");
    EXPECT_EQ(as_i32({0xff, 0x7f}), "-1");
    EXPECT_EQ(as_i32({0x80, 0x80, 0x80, 0x80, 0x78}), "-2147483648");
    EXPECT_EQ(as_i32({0xff, 0xff, 0xff, 0xff, 0x07}), "2147483647");
    EXPECT_EQ(as_i32({0xff, 0xff, 0xff, 0xff, 0x0f}), "integer too large");
    EXPECT_EQ(as_i32({0x80, 0x80, 0x80, 0x80, 0x70}), "integer too large");
    EXPECT_EQ(as_i32({0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}), "integer representation too long");
    EXPECT_EQ(as_i33({0xff, 0xff, 0xff, 0xff, 0x0f}), "4294967295");
    EXPECT_EQ(as_i33({0x80, 0x80, 0x80, 0x80, 0x70}), "-4294967296");
    EXPECT_EQ(as_i64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}), "-9223372036854775808");
    EXPECT_EQ(as_i64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}), "9223372036854775807");
    EXPECT_EQ(as_i64({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}), "integer too large");
}

// With ten bytes and more left another path is taken; it must agree.
TEST(Reader, the_same_integer_is_read_with_bytes_behind_it) {
    for (u64 v : {u64(0), u64(127), u64(128), u64(16383), u64(16384), u64(1) << 28, u64(0xffffffff), u64(1) << 35, u64(1) << 63, ~u64(0)}) {
        Writer w;
        w.u64_leb(v);
        w.i64_leb(i64(v));
        w.i64_leb(i32(v));
        if (v <= 0xffffffff) w.u32_leb(u32(v));
        for (std::size_t padding : {0u, 16u}) {
            std::vector<u8> b = w.bytes;
            b.resize(b.size() + padding);
            Reader r(b);
            EXPECT_EQ(r.u64_leb(), v);
            EXPECT_EQ(r.i64_leb(), i64(v));
            EXPECT_EQ(r.i32_leb(), i32(v));
            if (v <= 0xffffffff) {
                EXPECT_EQ(r.u32_leb(), v);
            }
            EXPECT_EQ(r.left(), padding);
        }
    }
}

TEST(Reader, offsets_count_from_the_start_of_all_bytes) {
    auto b = bytes({1, 2, 3, 4});
    Reader r(b, 1, 3);
    EXPECT_EQ(r.offset(), 1u);
    EXPECT_EQ(r.byte(), 2);
    EXPECT_EQ(r.peek(), 3);
    EXPECT_EQ(r.left(), 1u);
    r.byte();
    EXPECT_TRUE(r.done());
    r.on_end("the end");
    try {
        r.byte();
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.message, "the end");
        EXPECT_EQ(e.offset, 3u);
    }
    EXPECT_THROW(r.take(1), Error);
    EXPECT_THROW(r.fixed32(), Error);
}

TEST(Reader, names_are_utf8_and_inside_the_bytes) {
    auto name = [](std::initializer_list<int> l) {
        auto b = bytes(l);
        Reader r(b);
        try {
            return std::string(r.name());
        } catch (const Error& e) {
            return "! " + e.message;
        }
    };
    EXPECT_EQ(name({2, 'o', 'k'}), "ok");
    EXPECT_EQ(name({0}), "");
    EXPECT_EQ(name({3, 'o', 'k'}), "! length out of bounds");
    EXPECT_EQ(name({1, 0x80}), "! malformed UTF-8 encoding");
}

TEST(Utf8, accepts_exactly_the_shortest_forms_of_scalar_values) {
    for (const char* good : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(good));
    for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"})
        EXPECT_FALSE(is_utf8(bad)) << bad;
}

}  // namespace
}  // namespace heddle
