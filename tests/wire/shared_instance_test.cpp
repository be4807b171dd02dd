// Guests whose function is asynchronous: many calls in one instance.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "app.hpp"
#include "support/guests.hpp"

namespace heddle::wire::testing {
namespace {

// Yields n times, then gives the most calls that were in it at once. 1000000: for ever. 7777: traps after a yield.
const std::string guest = R"((component
  (core module $m
    (import "" "task.return" (func $return (param i32)))
    (import "" "get" (func $get (result i32)))
    (import "" "set" (func $set (param i32)))
    (global $inside (mut i32) (i32.const 0))
    (global $most (mut i32) (i32.const 0))
    (func (export "slow") (param $n i32) (result i32)
      (global.set $inside (i32.add (global.get $inside) (i32.const 1)))
      (if (i32.gt_u (global.get $inside) (global.get $most)) (then (global.set $most (global.get $inside))))
      (call $set (local.get $n))
      (i32.const 1))
    (func (export "callback") (param i32 i32 i32) (result i32)
      (if (i32.eq (call $get) (i32.const 1000000)) (then (loop $forever (br $forever))))
      (if (i32.eq (call $get) (i32.const 7777)) (then unreachable))
      (if (call $get) (then (call $set (i32.sub (call $get) (i32.const 1))) (return (i32.const 1))))
      (call $return (global.get $most))
      (global.set $inside (i32.sub (global.get $inside) (i32.const 1)))
      (i32.const 0)))
  (core func $return (canon task.return (result u32)))
  (core func $get (canon context.get i32 0))
  (core func $set (canon context.set i32 0))
  (core instance $i (instantiate $m (with "" (instance (export "task.return" (func $return)) (export "get" (func $get)) (export "set" (func $set))))))
  (func (export "slow") async (param "n" u32) (result u32) (canon lift (core func $i "slow") async (callback (core func $i "callback"))))))";

constexpr const char* manifest = "[materializers.slow]\nartifact = \"g.wat\"\nkind = \"reflected\"\nlifetime = \"pooled\"\nlimits = { deadline = \"20s\" }\n"
                                 "[materializers.short]\nartifact = \"g.wat\"\nkind = \"reflected\"\nexport = \"slow\"\nlifetime = \"pooled\"\nlimits = { deadline = \"1s\" }\n";

TEST(SharedInstance, a_hundred_calls_are_in_one_instance) {
    TestApp t({{"g.wat", guest}}, manifest);
    ASSERT_TRUE(t.app);
    ASSERT_EQ(said(t.call("slow", "3")), "ok 1");
    std::atomic<int> most = 0, good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 100; ++i)
        threads.emplace_back([&] {
            Reply r = t.call("slow", "2000");
            good += r.ok();
            if (!r.ok()) return;
            for (int n = std::stoi(r.json), m = most; n > m && !most.compare_exchange_weak(m, n);) {}
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 100);
    EXPECT_GT(most, 10);
    EXPECT_EQ(t.app->data().ops.find("slow")->second.program->stats().started, 1u);
}

TEST(SharedInstance, users_do_not_meet_in_one) {
    TestApp t({{"g.wat", guest}}, manifest);
    ASSERT_TRUE(t.app);
    for (const char* user : {"1", "2", "1", ""}) EXPECT_EQ(said(t.call("slow", "3", {.user = user})), "ok 1");
    EXPECT_EQ(t.app->data().ops.find("slow")->second.program->stats().started, 2u);
}

TEST(SharedInstance, a_call_that_traps_or_is_late_ends_it_and_the_next_one_is_new) {
    TestApp t({{"g.wat", guest}}, manifest);
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("short", "1")), "ok 1");
    EXPECT_EQ(said(t.call("short", "7777")), "trap: the guest trapped: unreachable");
    EXPECT_EQ(said(t.call("short", "1")), "ok 1");
    EXPECT_EQ(t.call("short", "1000000").outcome, Outcome::deadline);
    EXPECT_EQ(said(t.call("short", "1")), "ok 1");
    EXPECT_EQ(said(t.call("short", "-1")), "in_json_err: <value>: expected a number of type u32, there is -1");
}

}  // namespace
}  // namespace heddle::wire::testing
