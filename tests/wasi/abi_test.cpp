#include "p1/abi.hpp"

#include "guest.hpp"

namespace heddle::wasi::test {

TEST(GuestMemory, ends_where_it_ends) {
    std::vector<u8> bytes(16);
    GuestMemory m(bytes);
    EXPECT_TRUE(m.contains(0, 16));
    EXPECT_TRUE(m.contains(16, 0));
    EXPECT_FALSE(m.contains(16, 1));
    EXPECT_FALSE(m.contains(17, 0));
    EXPECT_FALSE(m.contains(~u32(0), ~u64(0)));
    EXPECT_FALSE(m.contains(1, ~u64(0)));
    EXPECT_EQ(m.store(13, u32(1)), Errno::fault);
    EXPECT_EQ(m.store(12, u32(7)), Errno::success);
    EXPECT_EQ(m.load<u32>(12), 7u);
    EXPECT_EQ(m.load<u32>(13).error(), Errno::fault);
    EXPECT_EQ(m.view(0, 17).error(), Errno::fault);
}

TEST(GuestMemory, is_empty_for_a_program_without_one) {
    GuestMemory m(std::span<u8>{});
    EXPECT_TRUE(m.contains(0, 0));
    EXPECT_EQ(m.load<u8>(0).error(), Errno::fault);
}

TEST(GuestMemory, paths_are_checked) {
    std::vector<u8> bytes(64);
    auto path = [&](const std::string& s, u32 limit = 32) {
        std::copy(s.begin(), s.end(), bytes.begin());
        return GuestMemory(bytes).path(0, u32(s.size()), limit);
    };
    EXPECT_EQ(path("a/b"), "a/b");
    EXPECT_EQ(path(""), "");
    EXPECT_EQ(path("\xff").error(), Errno::ilseq);
    EXPECT_EQ(path(std::string("a\0b", 3)).error(), Errno::inval);
    EXPECT_EQ(path(std::string(32, 'x')), std::string(32, 'x'));
    EXPECT_EQ(path(std::string(33, 'x')).error(), Errno::nametoolong);
    EXPECT_EQ(GuestMemory(bytes).path(60, 5, 32).error(), Errno::fault);
}

TEST(Utf8, accepts_what_unicode_allows) {
    for (const char* s : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_utf8(s)) << s;
}

TEST(Utf8, refuses_everything_else) {
    for (const char* s : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "a\xe2\x82"})
        EXPECT_FALSE(is_utf8(s));
}

TEST(Buffers, are_cut_and_dropped_bytewise) {
    Guest g;
    u32 at = g.vectors({g.text("abc"), {0, 0}, g.text("defg")});
    Buffers b = *Buffers::load(g.memory(), at, 3);
    EXPECT_EQ(b.size(), 7u);
    EXPECT_EQ(b.all().size(), 2u);
    EXPECT_EQ(b.first(4).size(), 4u);
    EXPECT_EQ(b.first(4).all()[1].iov_len, 1u);
    b.drop(4);
    EXPECT_EQ(b.size(), 3u);
    EXPECT_EQ(std::string(static_cast<char*>(b.all()[0].iov_base), 3), "efg");
    b.drop(3);
    EXPECT_TRUE(b.empty());
    EXPECT_TRUE(b.all().empty());
}

TEST(Buffers, outside_of_memory_are_refused) {
    Guest g;
    EXPECT_EQ(Buffers::load(g.memory(), Guest::outside, 1).error(), Errno::fault);
    EXPECT_EQ(Buffers::load(g.memory(), 0, ~u32(0)).error(), Errno::fault);
    EXPECT_EQ(Buffers::load(g.memory(), g.vectors({{Guest::outside, 2}}), 1).error(), Errno::fault);
    EXPECT_EQ(Buffers::load(g.memory(), g.vectors({{~u32(0), ~u32(0)}}), 1).error(), Errno::fault);
}

TEST(Buffers, are_at_most_1024) {
    Guest g;
    u32 at = g.room(1025 * 8);
    for (u32 i = 0; i < 1025; ++i) {
        g.memory().store(at + i * 8, u32(5));
        g.memory().store(at + i * 8 + 4, u32(1));
    }
    EXPECT_EQ(Buffers::load(g.memory(), at, 1023)->size(), 1023u);
    EXPECT_EQ(Buffers::load(g.memory(), at, 1024)->size(), 1024u);
    EXPECT_EQ(Buffers::load(g.memory(), at, 1025)->size(), 1024u);
}

}  // namespace heddle::wasi::test
