#include "guest.hpp"

namespace heddle::wasi::test {

TEST(Proc, exit_ends_the_program_with_its_code) {
    Context c;
    Guest g(c);
    EXPECT_EQ(c.exit_code(), std::nullopt);
    EXPECT_EQ(proc_exit(g.process, g.memory(), 3), (Outcome{Errno::success, 3}));
    EXPECT_EQ(c.exit_code(), 3);
    EXPECT_EQ(proc_exit(g.process, g.memory(), ~u32(0)).exit, -1);
}

TEST(Proc, raise_does_what_the_signal_does_by_default) {
    Guest g;
    auto raise = [&](u32 s) { return proc_raise(g.process, g.memory(), s); };
    EXPECT_EQ(raise(0), Outcome{});
    for (u32 s : {13u, 16u, 17u, 22u, 27u}) EXPECT_EQ(raise(s), Outcome{}) << s;
    for (u32 s : {18u, 19u, 20u, 21u}) EXPECT_EQ(raise(s), (Outcome{Errno::notsup, std::nullopt})) << s;
    EXPECT_EQ(raise(6).exit, 134);
    EXPECT_EQ(raise(9).exit, 137);
    EXPECT_EQ(raise(30).exit, 158);
    EXPECT_EQ(raise(31), (Outcome{Errno::inval, std::nullopt}));
}

TEST(Proc, yields) {
    Guest g;
    EXPECT_EQ(sched_yield(g.process, g.memory()), Errno::success);
}

}  // namespace heddle::wasi::test
