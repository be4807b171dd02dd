#include "abi/strings.hpp"

#include <gtest/gtest.h>

#include <random>

#include "component/abi/fake.hpp"
#include "component/abi/random.hpp"

namespace heddle::component::abi::test {
namespace {

using Stop = Transcoded::Stop;

std::span<const u8> as_bytes(std::string_view s) { return {reinterpret_cast<const u8*>(s.data()), s.size()}; }

std::string units16(std::u16string_view s) {
    std::string out;
    for (char16_t c : s) (out += char(c & 0xff)) += char(c >> 8);
    return out;
}

TEST(Utf8, what_is_well_formed_is_found_valid) {
    for (std::string_view s : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
                               "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "0123456789abcdef\xc3\xb6"})
        EXPECT_EQ(find_invalid_utf8(as_bytes(s)), std::nullopt) << s;
}

TEST(Utf8, overlong_surrogates_too_big_and_truncated_are_refused) {
    for (std::string_view s : {"\x80",
                               "\xbf",
                               "\xc0\x80",
                               "\xc1\xbf",
                               "\xe0\x80\x80",
                               "\xe0\x9f\xbf",
                               "\xed\xa0\x80",
                               "\xed\xbf\xbf",
                               "\xf0\x80\x80\x80",
                               "\xf0\x8f\xbf\xbf",
                               "\xf4\x90\x80\x80",
                               "\xf5\x80\x80\x80",
                               "\xff",
                               "\xc3",
                               "\xe2\x98",
                               "\xf0\x9f\x8d",
                               "\xc3(",
                               "\xe2(\x98",
                               "\xe2\x98(",
                               "\xf0\x9f\x8d("})
        for (std::string prefix : {"", "a", "abcdefg", "abcdefgh", "abcdefghijklmnopqrstu"})
            EXPECT_EQ(find_invalid_utf8(as_bytes(prefix + std::string(s))), prefix.size()) << s;
}

// Every code point through every pair of forms, with runs of ASCII around it so that fast and slow paths meet.
TEST(Transcode, every_code_point_survives_every_direction) {
    for (u32 c = 0; c < 0x110000; c = c < 0x3000 ? c + 1 : c + 97) {
        if (!is_scalar_value(c)) continue;
        std::string text;
        for (u32 i = 0; i < c % 11; ++i) text += char('a' + i);
        Random::append(text, c);
        text += "0123456789abcdef";
        std::vector<u8> wide(text.size() * 2), back(text.size());
        Transcoded to = transcode(Units::utf8, as_bytes(text), Units::utf16, wide);
        ASSERT_EQ(to.stop, Stop::end) << c;
        wide.resize(to.written);
        std::vector<u8> same(wide.size());
        ASSERT_EQ(transcode(Units::utf16, wide, Units::utf16, same).written, wide.size());
        ASSERT_EQ(same, wide);
        Transcoded from = transcode(Units::utf16, wide, Units::utf8, back);
        ASSERT_EQ(from.written, text.size()) << c;
        ASSERT_TRUE(std::ranges::equal(back, as_bytes(text))) << c;
        std::vector<u8> narrow(text.size());
        Transcoded latin = transcode(Units::utf8, as_bytes(text), Units::latin1, narrow);
        ASSERT_EQ(latin.stop, c < 0x100 ? Stop::end : Stop::limit) << c;
        ASSERT_EQ(latin.written, c < 0x100 ? c % 11 + 17 : c % 11) << c;
        if (c >= 0x100) continue;
        narrow.resize(latin.written);
        std::vector<u8> again(text.size());
        ASSERT_EQ(transcode(Units::latin1, narrow, Units::utf8, again).written, text.size());
        ASSERT_TRUE(std::ranges::equal(again, as_bytes(text)));
    }
}

TEST(Transcode, never_writes_behind_its_room) {
    for (std::string_view s : {"abcdefghijklmnop", "\xc3\xb6\xc3\xb6", "\xf0\x9f\x8d\xb0\xf0\x9f\x8d\xb0", "☃☃☃"})
        for (Units to : {Units::utf8, Units::utf16, Units::latin1})
            for (std::size_t room = 0; room < 40; ++room) {
                std::vector<u8> dst(room);
                Transcoded t = transcode(Units::utf8, as_bytes(s), to, dst);
                EXPECT_LE(t.written, room);
                EXPECT_TRUE(t.stop != Stop::end || t.read == s.size());
            }
}

TEST(Transcode, lone_surrogates_are_invalid_or_incomplete) {
    std::vector<u8> dst(100);
    struct Case {
        std::u16string text;
        Stop stop;
        std::size_t read;
    };
    for (const Case& c :
         {Case{u"a\xd800", Stop::incomplete, 2}, Case{u"\xdc00", Stop::invalid, 0}, Case{u"\xd800x", Stop::invalid, 0},
          Case{u"\xd800\xd800", Stop::invalid, 0}, Case{u"\xd83c\xdf70\xdf70", Stop::invalid, 4}, Case{u"abcdefghijklmnop\xdfff", Stop::invalid, 32}})
        for (Units to : {Units::utf8, Units::utf16}) {
            std::string s = units16(c.text);
            Transcoded t = transcode(Units::utf16, as_bytes(s), to, dst);
            EXPECT_EQ(t.stop, c.stop);
            EXPECT_EQ(t.read, c.read);
        }
}

struct StringsTest : testing::Test {
    Engine engine;
    Store store{engine};
    Types types;
    Layouts layouts{types};

    // Puts raw bytes into a side's memory and says what the length is.
    static StringSource source(FakeContext& cx, std::string_view raw, u64 tagged_length, u64 at = 16) {
        EXPECT_TRUE(cx.memory.write(at, raw.data(), raw.size()));
        auto s = load_string_from_range(cx, at, tagged_length);
        EXPECT_TRUE(s) << message(s.error());
        return *s;
    }
    static std::string stored(FakeContext& cx, PtrLength p) {
        u64 tag = utf16_tag(cx.ptr);
        bool wide = cx.encoding == StringEncoding::utf16 || (cx.encoding == StringEncoding::latin1_utf16 && (p.length & tag));
        u64 units = cx.encoding == StringEncoding::latin1_utf16 ? p.length & ~tag : p.length;
        return std::string(cx.memory.text(p.ptr, wide ? units * 2 : units));
    }
};

using Calls = std::vector<std::array<u64, 4>>;

struct Direction {
    const char* name;
    StringEncoding from, to;
    std::string src;
    u64 src_length;
    std::string dst;
    u64 dst_length;
    Calls calls;  // of realloc in the destination, as the reference makes them; "P" is where the first one went
};
constexpr u64 P = 1024, T = u64(1) << 31;

TEST_F(StringsTest, all_nine_directions_give_the_bytes_and_reallocs_of_the_reference) {
    using enum StringEncoding;
    std::string snow = "h\xc3\xb6\xe2\x98\x83\xf0\x9f\x8d\xb0", snow16 = units16(u"hö☃🍰");
    std::vector<Direction> table = {
        {"utf8 to utf8", utf8, utf8, snow, 10, snow, 10, {{0, 0, 1, 10}}},
        {"utf8 to utf16", utf8, utf16, snow, 10, snow16, 5, {{0, 0, 2, 20}, {P, 20, 2, 10}}},
        {"ascii to utf16", utf8, utf16, "hi", 2, units16(u"hi"), 2, {{0, 0, 2, 4}}},
        {"utf8 to wide", utf8, latin1_utf16, snow, 10, snow16, 5 | T, {{0, 0, 2, 10}, {P, 10, 2, 20}, {1034, 20, 2, 10}}},
        {"utf8 to latin1", utf8, latin1_utf16, "h\xc3\xb6!", 4, "h\xf6!", 3, {{0, 0, 2, 4}, {P, 4, 2, 3}}},
        {"ascii to latin1", utf8, latin1_utf16, "hi", 2, "hi", 2, {{0, 0, 2, 2}}},
        {"utf16 to utf8", utf16, utf8, snow16, 5, snow, 10, {{0, 0, 1, 5}, {P, 5, 1, 15}, {1029, 15, 1, 10}}},
        {"utf16 ascii to utf8", utf16, utf8, units16(u"hi"), 2, "hi", 2, {{0, 0, 1, 2}}},
        {"utf16 to utf8, worst case", utf16, utf8, units16(u"☃"), 1, "\xe2\x98\x83", 3, {{0, 0, 1, 1}, {P, 1, 1, 3}}},
        {"utf16 to utf16", utf16, utf16, snow16, 5, snow16, 5, {{0, 0, 2, 10}}},
        {"utf16 to wide", utf16, latin1_utf16, snow16, 5, snow16, 5 | T, {{0, 0, 2, 5}, {P, 5, 2, 10}}},
        {"utf16 to latin1", utf16, latin1_utf16, units16(u"hö"), 2, "h\xf6", 2, {{0, 0, 2, 2}}},
        {"latin1 to utf8", latin1_utf16, utf8, "h\xf6!", 3, "h\xc3\xb6!", 4, {{0, 0, 1, 3}, {P, 3, 1, 6}, {1027, 6, 1, 4}}},
        {"wide to utf8", latin1_utf16, utf8, snow16, 5 | T, snow, 10, {{0, 0, 1, 5}, {P, 5, 1, 15}, {1029, 15, 1, 10}}},
        {"latin1 to utf16", latin1_utf16, utf16, "h\xf6", 2, units16(u"hö"), 2, {{0, 0, 2, 4}}},
        {"wide to utf16", latin1_utf16, utf16, snow16, 5 | T, snow16, 5, {{0, 0, 2, 10}}},
        {"latin1 to latin1", latin1_utf16, latin1_utf16, "h\xf6", 2, "h\xf6", 2, {{0, 0, 2, 2}}},
        {"wide to wide", latin1_utf16, latin1_utf16, snow16, 5 | T, snow16, 5 | T, {{0, 0, 2, 10}}},
        {"wide that need not be", latin1_utf16, latin1_utf16, units16(u"hö"), 2 | T, "h\xf6", 2, {{0, 0, 2, 4}, {P, 4, 1, 2}}},
        {"empty wide", latin1_utf16, latin1_utf16, "", 0 | T, "", 0, {{0, 0, 2, 0}, {P, 0, 1, 0}}},
        {"empty", utf16, utf8, "", 0, "", 0, {{0, 0, 1, 0}}},
    };
    for (const Direction& d : table) {
        FakeContext src(store, layouts, {PtrType::i32, d.from}), dst(store, layouts, {PtrType::i32, d.to});
        auto to = store_string_into_range(dst, source(src, d.src, d.src_length));
        ASSERT_TRUE(to) << d.name << ": " << message(to.error());
        EXPECT_EQ(to->length, d.dst_length) << d.name;
        EXPECT_EQ(stored(dst, *to), d.dst) << d.name;
        EXPECT_EQ(dst.calls, d.calls) << d.name;
    }
}

TEST_F(StringsTest, random_texts_survive_all_directions_and_pointer_sizes) {
    std::mt19937 rng(7);
    Random random([&] { return u32(rng()); });
    for (int i = 0; i < 300; ++i) {
        std::string text = random.text();
        if (i % 50 == 0) text = std::string(3000, 'x') + text + std::string(3000, 'y') + text;
        for (Side a : all_sides()) {
            FakeContext first(store, layouts, a);
            auto p = store_string_into_range(first, StringSource::host(text));
            ASSERT_TRUE(p);
            auto back = lift_string(first, p->ptr, p->length);
            ASSERT_TRUE(back) << message(back.error());
            ASSERT_EQ(*back, text);
            FakeContext second(store, layouts, all_sides()[rng() % 6]);
            second.mode = rng() % 2 ? Realloc::moves : Realloc::grows;
            auto q = store_string_into_range(second, *load_string_from_range(first, p->ptr, p->length));
            ASSERT_TRUE(q);
            ASSERT_EQ(*lift_string(second, q->ptr, q->length), text);
        }
    }
}

TEST_F(StringsTest, invalid_text_traps_whoever_reads_it) {
    using enum StringEncoding;
    struct Case {
        StringEncoding from;
        std::string raw;
        u64 length;
        const char* says;
    };
    for (const Case& c :
         {Case{utf8, "\xff", 1, "invalid utf-8 sequence at byte 0"}, Case{utf8, "a\xc3", 2, "incomplete utf-8 byte sequence at byte 1"},
          Case{utf8, "\xed\xa0\x80", 3, "invalid utf-8 sequence"}, Case{utf16, units16(u"a\xd800"), 2, "unpaired surrogate at code unit 1"},
          Case{latin1_utf16, units16(u"\xdc00"), 1 | T, "unpaired surrogate at code unit 0"}}) {
        FakeContext src(store, layouts, {PtrType::i32, c.from});
        StringSource s = source(src, c.raw, c.length);
        auto host = lift_string(src, 16, c.length);
        ASSERT_FALSE(host);
        EXPECT_NE(message(host.error()).find(c.says), std::string::npos) << message(host.error());
        for (StringEncoding to : {utf8, utf16, latin1_utf16}) {
            FakeContext dst(store, layouts, {PtrType::i32, to});
            auto p = store_string_into_range(dst, s);
            ASSERT_FALSE(p) << c.says;
            EXPECT_NE(message(p.error()).find(c.says), std::string::npos) << message(p.error());
        }
    }
}

TEST_F(StringsTest, ranges_are_checked_for_alignment_length_and_bounds) {
    using enum StringEncoding;
    FakeContext utf8_side(store, layouts, {PtrType::i32, utf8}), wide(store, layouts, {PtrType::i32, utf16}),
        latin(store, layouts, {PtrType::i32, latin1_utf16}), big(store, layouts, {PtrType::i64, utf16});
    auto says = [](const Context& cx, u64 at, u64 length) {
        auto s = load_string_from_range(cx, at, length);
        return s ? std::string("fine") : message(s.error());
    };
    u64 size = utf8_side.memory.size_bytes();
    EXPECT_EQ(says(utf8_side, size, 0), "fine");
    EXPECT_EQ(says(utf8_side, size - 2, 2), "fine");
    EXPECT_EQ(says(utf8_side, size + 1, 0), "string pointer/length out of bounds of memory");
    EXPECT_EQ(says(utf8_side, size - 1, 2), "string pointer/length out of bounds of memory");
    EXPECT_EQ(says(wide, 1, 0), "unaligned pointer");
    EXPECT_EQ(says(latin, 1, 0), "unaligned pointer");
    EXPECT_EQ(says(latin, 1, T), "unaligned pointer");
    EXPECT_EQ(says(wide, size - 2, 1), "fine");
    EXPECT_EQ(says(wide, size - 2, 2), "string pointer/length out of bounds of memory");
    EXPECT_EQ(says(big, ~u64(1), 1), "string pointer/length out of bounds of memory");
    EXPECT_EQ(says(big, 0, ~u64(0)), "string byte length exceeds 268435455");
    EXPECT_EQ(says(utf8_side, 0, max_string_byte_length), "string pointer/length out of bounds of memory");
    EXPECT_EQ(says(utf8_side, 0, max_string_byte_length + 1), "string byte length exceeds 268435455");
    EXPECT_EQ(says(wide, 0, max_string_byte_length / 2 + 1), "string byte length exceeds 268435455");
    utf8_side.partner = Partner::guest;
    EXPECT_EQ(says(utf8_side, size, 1), "string content out-of-bounds");
}

TEST_F(StringsTest, the_longest_string_is_accepted_and_one_byte_more_is_not) {
    FakeContext src(store, layouts, {}, 4097), dst(store, layouts, {}, 4100);
    EXPECT_TRUE(load_string_from_range(src, 0, max_string_byte_length));
    EXPECT_FALSE(load_string_from_range(src, 0, max_string_byte_length + 1));
    auto host = lift_string(src, 0, src.max_host_copy_bytes + 1);
    ASSERT_FALSE(host);
    EXPECT_NE(message(host.error()).find("limit reached: 33554432 bytes"), std::string::npos);
    src.max_host_copy_bytes = 1000;
    EXPECT_TRUE(lift_string(src, 0, 1000));
    EXPECT_FALSE(lift_string(src, 0, 1));
}

TEST_F(StringsTest, what_realloc_returns_is_not_trusted) {
    std::string text = "h\xc3\xb6\xe2\x98\x83 and more text behind it";
    for (Realloc mode : {Realloc::unaligned, Realloc::out_of_bounds, Realloc::just_out_of_bounds, Realloc::fails, Realloc::overlaps,
                         Realloc::same_place, Realloc::grows, Realloc::moves})
        for (Side side : all_sides()) {
            FakeContext src(store, layouts, {}), dst(store, layouts, side);
            dst.mode = mode;
            auto p = store_string_into_range(dst, source(src, text, text.size()));
            bool wants_alignment = side.encoding != StringEncoding::utf8;
            if (mode == Realloc::unaligned && wants_alignment) EXPECT_EQ(message(p.error()), "realloc return: result not aligned");
            else if (mode == Realloc::out_of_bounds || mode == Realloc::just_out_of_bounds)
                EXPECT_EQ(message(p.error()), "realloc return: beyond end of memory");
            else if (mode == Realloc::fails) EXPECT_EQ(message(p.error()), "realloc trapped");
            else EXPECT_TRUE(p || mode == Realloc::overlaps) << int(mode) << message(p.error());
        }
}

TEST_F(StringsTest, long_texts_are_copied_in_pieces_between_which_the_runtime_is_asked) {
    std::string text(5, 'x');
    while (text.size() < 3'000'000) text += "☃🍰ö";
    FakeContext src(store, layouts, {}, 64), dst(store, layouts, {PtrType::i32, StringEncoding::utf16}, 128);
    auto p = store_string_into_range(dst, source(src, text, text.size()));
    ASSERT_TRUE(p);
    EXPECT_GE(dst.polled, 2'000'000u);
    EXPECT_EQ(*lift_string(dst, p->ptr, p->length), text);
}

}  // namespace
}  // namespace heddle::component::abi::test
