// memory.atomic.wait and notify, alone and between threads.
#include <chrono>
#include <thread>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

constexpr const char* text = R"((module (import "env" "memory" (memory 1 1 shared))
    (func (export "wait32") (param i32 i32 i64) (result i32) (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32) (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32) (memory.atomic.notify (local.get 0) (local.get 1)))))";

struct WaitQueue : testing::Test {
    Engine engine;
    Store store{engine};
    Memory memory = value(Memory::create(store, {.limits = {1, 1}, .shared = true}));

    Instance in(Store& s) {
        Linker linker(engine);
        linker.define("env", "memory", memory);
        return load(s, text, linker);
    }
};

TEST_F(WaitQueue, another_value_ends_the_wait_at_once) {
    Instance i = in(store);
    EXPECT_EQ((call<i32>(i, "wait32", 0, 1, i64(-1))), 1);
    EXPECT_EQ((call<i32>(i, "wait64", 8, i64(1) << 32, i64(-1))), 1);
}

TEST_F(WaitQueue, a_wait_times_out) {
    Instance i = in(store);
    auto before = std::chrono::steady_clock::now();
    EXPECT_EQ((call<i32>(i, "wait32", 0, 0, i64(0))), 2);
    EXPECT_EQ((call<i32>(i, "wait64", 8, i64(0), i64(30'000'000))), 2);
    auto took = std::chrono::steady_clock::now() - before;
    EXPECT_GE(took, std::chrono::milliseconds(30));
    EXPECT_EQ((call<i32>(i, "notify", 0, -1)), 0);
}

TEST_F(WaitQueue, notify_wakes_as_many_as_it_says) {
    std::vector<i32> ended(3, -1);
    std::vector<std::jthread> threads;
    for (i32& how : ended)
        threads.emplace_back([&] {
            Store s(engine);
            how = call<i32>(in(s), "wait32", 16, 0, i64(-1));
        });
    Instance i = in(store);
    EXPECT_EQ((call<i32>(i, "notify", 16, 0)), 0);
    EXPECT_EQ((call<i32>(i, "notify", 20, -1)), 0);
    i32 woken = 0;
    for (i32 most : {1, -1}) {
        i32 now = 0;
        while (now == 0) now = call<i32>(i, "notify", 16, most);
        if (most == 1) {
            EXPECT_EQ(now, 1);
        }
        woken += now;
    }
    while (woken < 3) woken += call<i32>(i, "notify", 16, -1);
    threads.clear();
    EXPECT_EQ(ended, std::vector<i32>(3, 0));
}

TEST_F(WaitQueue, an_interrupt_ends_an_endless_wait) {
    Instance i = in(store);
    std::jthread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        store.interrupt();
    });
    EXPECT_EQ((trap_of<i32>(i, "wait32", 0, 0, i64(-1))), "interrupted");
    EXPECT_EQ((call<i32>(i, "notify", 0, -1)), 0);
}

TEST_F(WaitQueue, traps_come_in_the_specifications_order) {
    Instance i = in(store);
    EXPECT_EQ((trap_of<i32>(i, "wait32", 65536, 0, i64(0))), "out of bounds memory access");
    EXPECT_EQ((trap_of<i32>(i, "wait64", 4, i64(0), i64(0))), "unaligned atomic");
    EXPECT_EQ((trap_of<i32>(i, "notify", 65535, 0)), "out of bounds memory access");
    EXPECT_EQ((trap_of<i32>(i, "notify", 2, 0)), "unaligned atomic");
    Instance alone = load(store, "(module (memory 1) (func (export \"f\") (result i32) (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0))))");
    EXPECT_EQ((trap_of<i32>(alone, "f")), "expected shared memory");
}

}  // namespace
}  // namespace heddle
