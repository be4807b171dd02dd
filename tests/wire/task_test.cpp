// Coroutines that wait without a thread.
#include "task.hpp"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace heddle::wire {
namespace {

Task<int> number(int n) {
    if (n < 0) throw std::runtime_error("negative");
    co_return n;
}

Task<int> sum(int n) {
    int all = 0;
    for (int i = 0; i < n; ++i) {
        Task<int> one = number(1);
        all += co_await one;
    }
    co_return all;
}

TEST(Task, gives_what_is_awaited_and_needs_no_stack_for_many_rounds) {
    Loop loop;
    EXPECT_EQ(loop.run(sum(1'000'000)), 1'000'000);
}

TEST(Task, throws_where_it_is_awaited) {
    Loop loop;
    EXPECT_THROW(loop.run(number(-1)), std::runtime_error);
}

Task<int> woken(GoOn go_on, std::vector<Wake>& wakes, int n) {
    for (int i = 0; i < n; ++i) {
        Pause pause(go_on, [&](Wake w) { wakes.push_back(std::move(w)); });
        co_await pause;
    }
    co_return n;
}

TEST(Pause, goes_on_where_it_was_told_and_once_for_many_wakes) {
    std::vector<std::function<void()>> queue;
    std::vector<Wake> wakes;
    int result = 0;
    auto keep = [&](Task<int> t) -> Detached { result = co_await t; };  // outlives its coroutine, which refers to it
    keep(woken([&](std::function<void()> f) { queue.push_back(std::move(f)); }, wakes, 2));
    ASSERT_EQ(wakes.size(), 1u);
    wakes[0]();
    wakes[0]();
    ASSERT_EQ(queue.size(), 1u);
    queue[0]();
    ASSERT_EQ(wakes.size(), 2u);
    wakes[0]();
    EXPECT_EQ(queue.size(), 1u);
    wakes[1]();
    queue[1]();
    EXPECT_EQ(result, 2);
}

Task<int> from_thread(GoOn go_on, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        std::thread other;
        Pause pause(go_on, [&](Wake w) { other = std::thread(std::move(w)); });
        co_await pause;
        other.join();
    }
    co_return rounds;
}

TEST(Pause, is_woken_from_any_thread_at_any_moment) {
    Loop loop;
    EXPECT_EQ(loop.run(from_thread(loop.go_on(), 300)), 300);
}

Task<int> woken_at_once(GoOn go_on) {
    Pause pause(go_on, [](Wake w) { w(); });
    co_await pause;
    co_return 7;
}

TEST(Pause, that_is_over_before_it_began_is_none) {
    EXPECT_EQ(Loop().run(woken_at_once([](std::function<void()>) { FAIL(); })), 7);
}

TEST(Loop, tells_of_its_sleeps) {
    Loop loop;
    int begun = 0, ended = 0;
    EXPECT_EQ(loop.run(from_thread(loop.go_on(), 20), [&](bool begins) { ++(begins ? begun : ended); }), 20);
    EXPECT_EQ(begun, ended);
}

}  // namespace
}  // namespace heddle::wire
