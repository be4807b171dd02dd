#include "guest.hpp"

#include <ctime>

namespace heddle::wasi::test {

namespace {

u64 time_of(Guest& g, u32 id) {
    u32 at = g.room(8);
    EXPECT_EQ(clock_time_get(g.process, g.memory(), id, 0, at), Errno::success);
    return g.get<u64>(at);
}

}  // namespace

TEST(Clock, every_clock_runs_and_has_a_resolution) {
    Guest g;
    for (u32 id = 0; id < 4; ++id) {
        u32 at = g.room(8);
        EXPECT_EQ(clock_res_get(g.process, g.memory(), id, at), Errno::success);
        EXPECT_GT(g.get<u64>(at), 0u);
        u64 before = time_of(g, id);
        EXPECT_GE(time_of(g, id), before);
    }
}

TEST(Clock, realtime_is_the_systems) {
    Guest g;
    u64 now = u64(std::time(nullptr));
    EXPECT_NEAR(double(time_of(g, 0) / 1'000'000'000), double(now), 2);
}

TEST(Clock, can_be_the_embedders) {
    Guest g(Context().wall_clock([] { return u64(1234); }).monotonic_clock([] { return u64(99); }));
    EXPECT_EQ(time_of(g, 0), 1234u);
    EXPECT_EQ(time_of(g, 1), 99u);
}

TEST(Clock, refuses_other_clocks_and_places) {
    Guest g;
    u32 at = g.room(8);
    EXPECT_EQ(clock_time_get(g.process, g.memory(), 4, 0, at), Errno::inval);
    EXPECT_EQ(clock_res_get(g.process, g.memory(), ~u32(0), at), Errno::inval);
    EXPECT_EQ(clock_time_get(g.process, g.memory(), 0, 0, Guest::outside), Errno::fault);
    EXPECT_EQ(clock_res_get(g.process, g.memory(), 0, Guest::outside), Errno::fault);
}

}  // namespace heddle::wasi::test
