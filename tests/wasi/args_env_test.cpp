#include "guest.hpp"

namespace heddle::wasi::test {

namespace {

// The strings that a sizes-and-get pair of functions gives.
template <class Sizes, class Get>
std::vector<std::string> strings(Guest& g, Sizes sizes, Get get) {
    u32 count = g.room(4), size = g.room(4);
    EXPECT_EQ(sizes(g.process, g.memory(), count, size), Errno::success);
    u32 n = g.get<u32>(count), total = g.get<u32>(size);
    u32 pointers = g.room(n * 4), bytes = g.room(total);
    EXPECT_EQ(get(g.process, g.memory(), pointers, bytes), Errno::success);
    std::vector<std::string> all;
    u32 used = 0;
    for (u32 i = 0; i < n; ++i) {
        u32 at = g.get<u32>(pointers + 4 * i);
        EXPECT_EQ(at, bytes + used);
        std::string s;
        for (; g.get<u8>(at) != 0; ++at) s.push_back(char(g.get<u8>(at)));
        used += u32(s.size()) + 1;
        all.push_back(s);
    }
    EXPECT_EQ(used, total);
    return all;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST(Args, arrive_in_order) {
    Guest g(Context().args({"tool", "", "-x", "\xc3\xa9"}).arg("last"));
    EXPECT_EQ(strings(g, args_sizes_get, args_get), (Strings{"tool", "", "-x", "\xc3\xa9", "last"}));
}

TEST(Args, may_be_none) {
    Guest g;
    EXPECT_EQ(strings(g, args_sizes_get, args_get), Strings{});
    EXPECT_EQ(args_get(g.process, g.memory(), Guest::memory_size, Guest::memory_size), Errno::success);
}

TEST(Args, outside_of_memory_are_refused_and_nothing_is_written) {
    Guest g(Context().args({"abc"}));
    u32 at = g.room(4);
    EXPECT_EQ(args_sizes_get(g.process, g.memory(), at, Guest::outside), Errno::fault);
    EXPECT_EQ(args_sizes_get(g.process, g.memory(), Guest::outside, at), Errno::fault);
    EXPECT_EQ(args_get(g.process, g.memory(), at, Guest::memory_size - 3), Errno::fault);
    EXPECT_EQ(args_get(g.process, g.memory(), Guest::outside, at), Errno::fault);
    EXPECT_EQ(g.get<u32>(at), 0u);
    EXPECT_EQ(args_get(g.process, g.memory(), at, Guest::memory_size - 4), Errno::success);
}

TEST(Environ, a_later_value_replaces_an_earlier_one) {
    Guest g(Context().env("A", "1").env("B", "x=y").env("A", "2").env("EMPTY", ""));
    EXPECT_EQ(strings(g, environ_sizes_get, environ_get), (Strings{"A=2", "B=x=y", "EMPTY="}));
}

TEST(Environ, may_be_empty) {
    Guest g;
    EXPECT_EQ(strings(g, environ_sizes_get, environ_get), Strings{});
}

TEST(Environ, of_this_process_is_only_given_when_asked_for) {
    setenv("HEDDLE_WASI_TEST", "yes", 1);
    Guest g(Context().inherit_env());
    Strings all = strings(g, environ_sizes_get, environ_get);
    EXPECT_NE(std::find(all.begin(), all.end(), "HEDDLE_WASI_TEST=yes"), all.end());
    unsetenv("HEDDLE_WASI_TEST");
}

TEST(Environ, outside_of_memory_is_refused) {
    Guest g(Context().env("A", "1"));
    EXPECT_EQ(environ_sizes_get(g.process, g.memory(), Guest::outside, 0), Errno::fault);
    EXPECT_EQ(environ_get(g.process, g.memory(), 0, Guest::outside), Errno::fault);
}

}  // namespace heddle::wasi::test
