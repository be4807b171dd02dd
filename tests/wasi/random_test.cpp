#include "guest.hpp"

namespace heddle::wasi::test {

TEST(Random, fills_exactly_the_buffer) {
    Guest g;
    u32 at = g.room(64);
    EXPECT_EQ(random_get(g.process, g.memory(), at, 32), Errno::success);
    EXPECT_NE(g.bytes(at, 32), std::string(32, '\0'));
    EXPECT_EQ(g.bytes(at + 32, 32), std::string(32, '\0'));
    EXPECT_EQ(random_get(g.process, g.memory(), Guest::memory_size, 0), Errno::success);
}

TEST(Random, of_a_seed_is_the_same_again) {
    auto bytes = [](u64 seed) {
        Guest g(Context().random_seed(seed));
        u32 at = g.room(13);
        EXPECT_EQ(random_get(g.process, g.memory(), at, 13), Errno::success);
        return g.bytes(at, 13);
    };
    EXPECT_EQ(bytes(1), bytes(1));
    EXPECT_NE(bytes(1), bytes(2));
}

TEST(Random, can_be_the_embedders) {
    Guest g(Context().random([](std::span<u8> s) { std::fill(s.begin(), s.end(), u8('x')); }));
    u32 at = g.room(3);
    EXPECT_EQ(random_get(g.process, g.memory(), at, 3), Errno::success);
    EXPECT_EQ(g.bytes(at, 3), "xxx");
}

TEST(Random, has_a_limit_per_call) {
    Limits limits;
    limits.random_bytes = 100;
    Guest g(Context().limits(limits));
    EXPECT_EQ(random_get(g.process, g.memory(), 0, 99), Errno::success);
    EXPECT_EQ(random_get(g.process, g.memory(), 0, 100), Errno::success);
    EXPECT_EQ(random_get(g.process, g.memory(), 0, 101), Errno::inval);
}

TEST(Random, outside_of_memory_is_refused) {
    Guest g;
    EXPECT_EQ(random_get(g.process, g.memory(), Guest::outside, 2), Errno::fault);
    EXPECT_EQ(random_get(g.process, g.memory(), 1, ~u32(0)), Errno::fault);
}

TEST(Random, ends_when_cancelled) {
    Context c;
    c.cancel();
    Guest g(c);
    EXPECT_EQ(random_get(g.process, g.memory(), 0, 8), Errno::intr);
    c.resume();
    EXPECT_EQ(random_get(g.process, g.memory(), 0, 8), Errno::success);
}

}  // namespace heddle::wasi::test
