#include "stack.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <thread>

#include "runtime.hpp"

namespace heddle {
namespace {

TEST(StackPool, stacks_do_not_overlap_and_end_with_the_slack) {
    StackPool pool(64 << 10, 4);
    std::set<std::byte*> bases;
    for (int i = 0; i < 4; ++i) {
        Stack s = pool.take();
        ASSERT_TRUE(s);
        EXPECT_EQ(s.end - s.base, 64 << 10);
        EXPECT_EQ(s.end - s.limit, stack_slack_bytes);
        std::memset(s.base, i, 64 << 10);
        bases.insert(s.base);
    }
    EXPECT_EQ(bases.size(), 4u);
    EXPECT_EQ(pool.in_use(), 4u);
}

TEST(StackPool, at_its_limit_it_gives_none_until_one_comes_back) {
    StackPool pool(64 << 10, 2);
    Stack a = pool.take(), b = pool.take();
    EXPECT_FALSE(pool.take());
    pool.give_back(a);
    EXPECT_EQ(pool.in_use(), 1u);
    EXPECT_EQ(pool.take().base, a.base);
    pool.give_back(b);
}

TEST(StackPool, a_returned_stack_is_trimmed_to_its_kept_prefix) {
    StackPool pool(1 << 20, 2);
    Stack s = pool.take();
    std::memset(s.base, 1, 1 << 20);
    pool.give_back(s);
    s = pool.take();
    EXPECT_EQ(s.base[StackPool::kept_prefix - 1], std::byte(1));
    EXPECT_EQ(s.base[StackPool::kept_prefix], std::byte(0));
    EXPECT_EQ(s.end[-1], std::byte(0));
}

TEST(StackPool, beyond_those_to_keep_nothing_stays_committed) {
    StackPool pool(64 << 10, 4, 1);
    Stack a = pool.take(), b = pool.take();
    *a.base = *b.base = std::byte(1);
    pool.give_back(a);
    pool.give_back(b);
    EXPECT_EQ(*a.base, std::byte(1));
    EXPECT_EQ(*b.base, std::byte(0));
}

TEST(StackPool, odd_sizes_become_whole_pages_and_not_too_small) {
    StackPool tiny(1, 1), odd(100'001, 1);
    EXPECT_EQ(tiny.stack_bytes(), StackPool::min_bytes);
    EXPECT_EQ(odd.stack_bytes() % 4096, 0u);
    EXPECT_TRUE(tiny.take());
}

TEST(StackPool, threads_take_and_give_back_at_once) {
    StackPool pool(64 << 10, 16);
    auto work = [&] {
        for (int i = 0; i < 1000; ++i) {
            Stack s = pool.take();
            ASSERT_TRUE(s);
            *s.base = std::byte(i);
            pool.give_back(s);
        }
    };
    std::thread a(work), b(work), c(work);
    a.join(), b.join(), c.join();
    EXPECT_EQ(pool.in_use(), 0u);
}

}  // namespace
}  // namespace heddle
