// Threads that run calls: as many as there are places, and more while some of them wait.
#include "server/workers.hpp"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace heddle::wire {
namespace {

TEST(Workers, those_that_wait_give_their_places_to_others) {
    std::latch waiting(20), go(1), done(21);
    Workers w(2, 100);
    for (int i = 0; i < 20; ++i)
        ASSERT_TRUE(w.add([&] {
            w.wait_begins();
            waiting.count_down();
            go.wait();
            w.wait_ends();
            done.count_down();
        }));
    waiting.wait();
    EXPECT_GE(w.threads(), 20u);
    ASSERT_TRUE(w.add([&] {
        go.count_down();
        done.count_down();
    }));
    done.wait();
    for (int i = 0; i < 1000 && w.threads() > 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ASSERT_TRUE(w.add([] {}));
    }
    EXPECT_LE(w.threads(), 2u);
}

TEST(Workers, at_most_as_many_compute_as_there_are_places) {
    std::atomic<int> now = 0, most = 0;
    {
        Workers w(3, 1000);
        for (int i = 0; i < 200; ++i)
            ASSERT_TRUE(w.add([&] {
                int n = ++now;
                for (int m = most; n > m && !most.compare_exchange_weak(m, n);) {}
                std::this_thread::yield();
                --now;
            }));
    }  // what was accepted is done
    EXPECT_EQ(now, 0);
    EXPECT_LE(most, 3);
}

TEST(Workers, a_full_queue_refuses) {
    std::latch go(1);
    Workers w(1, 2);
    std::latch started(1);
    ASSERT_TRUE(w.add([&] { started.count_down(), go.wait(); }));
    started.wait();
    EXPECT_TRUE(w.add([] {}));
    EXPECT_TRUE(w.add([] {}));
    EXPECT_FALSE(w.add([] {}));
    EXPECT_EQ(w.queued(), 2u);
    go.count_down();
}

}  // namespace
}  // namespace heddle::wire
