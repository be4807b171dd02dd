// Several OS threads: one Engine and Module for all, a Store for each, memories between them.
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

template <class F>
void in_parallel(u32 count, F f) {
    std::vector<std::thread> threads;
    for (u32 i = 0; i < count; ++i) threads.emplace_back([&f, i] { f(i); });
    for (std::thread& t : threads) t.join();
}

// Calls, memory, structures, exceptions and continuations.
constexpr const char* a_bit_of_everything = R"((module
    (import "h" "add" (func $add (param i32 i32) (result i32)))
    (memory 1)
    (type $node (struct (field i32) (field (ref null $node))))
    (tag $e (param i32))
    (type $f (func (result i32))) (type $c (cont $f)) (tag $pause)
    (func $fib (export "fib") (param $n i32) (result i32)
      (if (i32.lt_u (local.get $n) (i32.const 2)) (then (return (local.get $n))))
      (call $add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))
    (func (export "store") (param $n i32) (result i32)
      (memory.fill (i32.const 0) (local.get $n) (i32.const 65536))
      (i32.load8_u (i32.const 12345)))
    (func (export "list") (param $n i32) (result i32) (local $l (ref null $node)) (local $sum i32)
      (loop $more
        (local.set $l (struct.new $node (local.get $n) (local.get $l)))
        (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (loop $next
        (local.set $sum (i32.add (local.get $sum) (struct.get $node 0 (local.get $l))))
        (br_if $next (i32.eqz (ref.is_null (local.tee $l (struct.get $node 1 (local.get $l)))))))
      (local.get $sum))
    (func (export "catch") (param $n i32) (result i32)
      (block $h (result i32) (try_table (catch $e $h) (throw $e (local.get $n))) unreachable))
    (func $pauses (result i32) (suspend $pause) (i32.const 6))
    (elem declare func $pauses)
    (func (export "resume") (param $n i32) (result i32)
      (block $on (result (ref $c)) (drop (resume $c (on $pause $on) (cont.new $c (ref.func $pauses)))) unreachable)
      (resume $c)
      (i32.add (local.get $n)))))";

void use(const Engine& engine, const Module& module, const Linker& linker) {
    Store store(engine);
    Instance in = value(linker.instantiate(store, module));
    EXPECT_EQ(call<i32>(in, "fib", 10), 55);
    EXPECT_EQ(call<i32>(in, "store", 7), 7);
    EXPECT_EQ(call<i32>(in, "list", 100), 5050);
    EXPECT_EQ(call<i32>(in, "catch", 3), 3);
    EXPECT_EQ(call<i32>(in, "resume", 4), 10);
    EXPECT_TRUE(store.collect_garbage());
}

TEST(Threads, sixty_four_stores_run_one_module_in_parallel) {
    Engine engine;
    Module module = test::module(engine, a_bit_of_everything);
    Linker linker(engine);
    linker.func("h", "add", [](i32 a, i32 b) { return a + b; });
    in_parallel(64, [&](u32) { use(engine, module, linker); });
}

TEST(Threads, modules_are_loaded_in_parallel) {
    Engine engine;
    std::vector<u8> bytes = wat(a_bit_of_everything);
    in_parallel(8, [&](u32) {
        Linker linker(engine);
        linker.func("h", "add", [](i32 a, i32 b) { return a + b; });
        use(engine, value(Module::load(engine, bytes)), linker);
    });
}

// Every thread calls every function, each at first not translated.
TEST(Threads, functions_are_translated_once_whoever_comes_first) {
    Engine engine;
    std::string text = "(module (table 200 funcref) (elem (i32.const 0) func";
    for (int i = 0; i < 200; ++i) text += " $f" + std::to_string(i);
    text += ")";
    for (int i = 0; i < 200; ++i) {
        std::string n = std::to_string(i);
        text += "(func $f" + n + " (param i32) (result i32) (i32.add (local.get 0) (i32.const " + n + ")))";
    }
    text += R"((type $t (func (param i32) (result i32)))
        (func (export "all") (result i32) (local $i i32) (local $sum i32)
          (loop $l
            (local.set $sum (call_indirect (type $t) (local.get $sum) (local.get $i)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
          (local.get $sum))))";
    Module module = test::module(engine, text);
    in_parallel(16, [&](u32) {
        Store store(engine);
        Instance in = value(Linker(engine).instantiate(store, module));
        EXPECT_EQ(call<i32>(in, "all"), 199 * 200 / 2);
    });
}

TEST(Threads, traps_in_one_module_have_their_backtraces_in_parallel) {
    Engine engine;
    Module module = test::module(engine, "(module (func $inner unreachable) (func (export \"f\") (call $inner)))");
    in_parallel(8, [&](u32) {
        Store store(engine);
        Instance in = value(Linker(engine).instantiate(store, module));
        EXPECT_EQ(trap_of<void>(in, "f"), "unreachable");
        ASSERT_EQ(store.trap().backtrace.size(), 2u);
        EXPECT_EQ(store.trap().backtrace[0].func_name, "inner");
    });
}

// ---- one memory

constexpr const char* worker = R"((module
    (import "m" "memory" (memory 1 4 shared))
    (func (export "count") (param $n i32)
      (loop $l
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    ;; races on purpose: plain, vector and bulk accesses to the same bytes
    (func (export "race") (param $n i32)
      (loop $l
        (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
        (i64.store (i32.const 66) (i64.load (i32.const 62)))
        (v128.store (i32.const 64) (v128.load (i32.const 80)))
        (memory.fill (i32.const 60) (i32.const 5) (i32.const 40))
        (memory.copy (i32.const 70) (i32.const 60) (i32.const 20))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))
    ;; a lock at 8, what it guards at 16
    (func (export "locked") (param $n i32)
      (loop $l
        (loop $try
          (if (i32.atomic.rmw.cmpxchg (i32.const 8) (i32.const 0) (i32.const 1))
            (then (drop (memory.atomic.wait32 (i32.const 8) (i32.const 1) (i64.const 1000000))) (br $try))))
        (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
        (i32.atomic.store (i32.const 8) (i32.const 0))
        (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    )";

struct SharedMemory : testing::Test {
    Engine engine;
    Store owner{engine};
    Memory memory = value(Memory::create(owner, {.limits = {1, 4}, .shared = true}));
    Module module = test::module(engine, worker);

    template <class F>
    void in_workers(u32 count, F f) {
        in_parallel(count, [&](u32) {
            Store store(engine);
            Linker linker(engine);
            linker.define("m", "memory", memory);
            f(value(linker.instantiate(store, module)));
        });
    }
};

TEST_F(SharedMemory, atomic_additions_of_all_threads_arrive) {
    in_workers(4, [](const Instance& in) { call<void>(in, "count", 1000); });
    EXPECT_EQ(memory.get<u32>(0), 4000u);
}

TEST_F(SharedMemory, what_a_guests_lock_guards_is_whole) {
    in_workers(4, [](const Instance& in) { call<void>(in, "locked", 200); });
    EXPECT_EQ(memory.get<u32>(16), 800u);
}

TEST_F(SharedMemory, racing_guests_harm_only_their_bytes) {
    in_workers(4, [](const Instance& in) { call<void>(in, "race", 200); });
    for (u64 at = 0; at < 60; ++at) ASSERT_EQ(memory.get<u8>(at), 0) << at;
    for (u64 at = 100; at < 200; ++at) ASSERT_EQ(memory.get<u8>(at), 0) << at;
}

TEST_F(SharedMemory, it_grows_for_all) {
    std::atomic<i32> sum = 0;
    in_workers(4, [&](const Instance& in) { sum += call<i32>(in, "grow"); });
    EXPECT_EQ(sum, 1 + 2 + 3 - 1);
    EXPECT_EQ(memory.pages(), 4u);
}

// ---- being stopped

std::chrono::microseconds cpu_time(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_nsec / 1000);
}

// How long the guest's thread computes after it was asked to stop, the shortest of several tries: so that a busy machine does not count.
std::chrono::microseconds reaction(Store& store, const Instance& in, const char* name) {
    clockid_t own;
    pthread_getcpuclockid(pthread_self(), &own);
    auto shortest = std::chrono::microseconds::max();
    for (int i = 0; i < 3; ++i) {
        std::chrono::microseconds asked;
        std::thread other([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(15));
            asked = cpu_time(own);
            store.interrupt();
        });
        EXPECT_EQ(trap_of<void>(in, name), "interrupted") << name;
        auto ended = cpu_time(own);
        other.join();
        shortest = std::min(shortest, ended - asked);
    }
    return shortest;
}

TEST(Interrupt, whatever_a_guest_does_ends_within_ten_milliseconds) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module
        (memory $m 16384) (memory $shared 1 1 shared) (table $t 1000000 funcref)
        (type $a (array (mut i64))) (type $node (struct (field (ref null $node))))
        (func $loop (export "loop") (loop $l (br $l)))
        (func $calls (export "calls") (return_call $calls))
        (func (export "fill") (loop $l (memory.fill $m (i32.const 0) (i32.const 1) (i32.const 0x3fffffff)) (br $l)))
        (func (export "copy") (loop $l (memory.copy $m $m (i32.const 0) (i32.const 9) (i32.const 0x3ffffff0)) (br $l)))
        (func (export "table") (loop $l (table.fill $t (i32.const 0) (ref.func $loop) (i32.const 1000000)) (br $l)))
        (func (export "wait") (drop (memory.atomic.wait32 $shared (i32.const 0) (i32.const 0) (i64.const -1))))
        (func (export "array") (local $x (ref null $a))
          (local.set $x (array.new_default $a (i32.const 2000000)))
          (loop $l (array.fill $a (local.get $x) (i32.const 0) (i64.const 1) (i32.const 2000000)) (br $l)))
        (func (export "collect") (local $x (ref null $node))
          (loop $l (local.set $x (struct.new $node (local.get $x))) (br $l)))
        (elem declare func $loop)))");
    for (const char* name : {"loop", "calls", "fill", "copy", "table", "wait", "array", "collect"})
        EXPECT_LT(reaction(store, in, name).count(), 10'000) << name;
}

}  // namespace
}  // namespace heddle
