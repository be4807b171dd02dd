// Stack switching: who owns which stack, at every way out.
#include "continuation.hpp"

#include <thread>

#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;
using State = Execution::State;

// $count yields n, n-1 … 1; what the consumer answers is added up and returned.
constexpr const char* generator = R"((module
    (import "h" "wait" (func $wait))
    (type $f (func (param i32) (result i32))) (type $c (cont $f))
    (type $g (func (param i32) (result i32))) (type $r (cont $g))
    (tag $yield (param i32) (result i32))
    (func $count (param $n i32) (result i32) (local $sum i32)
      (loop $l
        (local.set $sum (i32.add (local.get $sum) (suspend $yield (local.get $n))))
        (call $wait)
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum))
    (elem declare func $count)
    ;; answers each number with its double: the result is twice the sum
    (func (export "doubled") (param $n i32) (result i32) (local $k (ref null $r)) (local $v i32)
      (local.set $k (cont.new $c (ref.func $count)))
      (local.set $v (local.get $n))
      (loop $l
        (block $on (result i32 (ref $r))
          (return (resume $r (on $yield $on) (local.get $v) (local.get $k))))
        (local.set $k)
        (local.set $v (i32.mul (i32.const 2)))
        (br $l))
      unreachable)
    ;; makes n suspended continuations and forgets them
    (func (export "forget") (param $n i32) (local $k (ref null $r))
      (loop $l
        (block $on (result i32 (ref $r))
          (drop (resume $c (on $yield $on) (i32.const 5) (cont.new $c (ref.func $count)))) (return))
        (local.set $k) (drop)
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    ;; n continuations above each other
    (func $nest (export "nest") (param $n i32) (result i32)
      (if (i32.eqz (local.get $n)) (then (return (i32.const 1))))
      (resume $c (i32.sub (local.get $n) (i32.const 1)) (cont.new $c (ref.func $nest))))
    (elem declare func $nest)
    (func $recurse (param i32) (result i32) (call $recurse (local.get 0)))
    (elem declare func $recurse)
    (func (export "recurse") (result i32) (resume $c (i32.const 0) (cont.new $c (ref.func $recurse))))
    (func $fail (param i32) (result i32) unreachable)
    (elem declare func $fail)
    (func (export "fail") (result i32) (resume $c (i32.const 0) (cont.new $c (ref.func $fail))))))";

struct Continuation : testing::Test {
    Engine engine;
    Store store{engine};
    Linker linker{engine};

    Instance with(const char* text, RawHostFunction wait = [](Caller&, void*) { return Host::done; }) {
        linker.raw("h", "wait", {}, wait, nullptr);
        return load(store, text, linker);
    }
    // Stacks beside that of the cached call.
    u64 stacks() const { return engine.data().stacks.in_use() - store.data().warm_count - 1; }
};

TEST_F(Continuation, a_generator_is_resumed_with_answers) {
    Instance in = with(generator);
    EXPECT_EQ(call<i32>(in, "doubled", 100), 10'100);
    EXPECT_EQ(stacks(), 0u);
}

TEST_F(Continuation, stacks_of_continuations_that_ended_are_used_again) {
    Instance in = with(generator);
    for (int i = 0; i < 100; ++i) call<i32>(in, "doubled", 3);
    EXPECT_LE(engine.data().stacks.in_use(), 2u);
}

TEST_F(Continuation, the_collector_gives_back_stacks_that_nobody_can_resume) {
    Instance in = with(generator);
    call<void>(in, "forget", 100);
    EXPECT_GE(stacks(), 99u);
    ASSERT_TRUE(store.collect_garbage());
    EXPECT_EQ(stacks(), 0u);
    EXPECT_EQ(store.heap_bytes(), 0u);
}

TEST(ContinuationLimits, running_out_of_stacks_collects_first) {
    Config config;
    config.max_stacks = 8;
    Engine engine(config);
    Store store(engine);
    Linker linker(engine);
    linker.func("h", "wait", [] {});
    Instance in = load(store, generator, linker);
    EXPECT_EQ(call<i32>(in, "nest", 7), 1);
    EXPECT_EQ(trap_of<i32>(in, "nest", 8), "no guest stack left: 8 in use (Config::max_stacks)");
    EXPECT_EQ(call<i32>(in, "nest", 7), 1);
    EXPECT_EQ(trap_of<void>(in, "forget", 1000), "returned");
}

TEST(ContinuationLimits, a_switch_with_the_last_stack_keeps_both_sides) {
    Config config;
    config.max_stacks = 3;
    Engine engine(config);
    Store store(engine);
    Instance in = load(store, R"((module
        (rec (type $f (func (param (ref null $c)) (result i32))) (type $c (cont $f)))
        (type $s (func (result i32))) (type $sc (cont $s))
        (tag $t (result i32)) (tag $pause)
        (func $idle (result i32) (suspend $pause) (i32.const 0))
        (func $partner (type $f) (param $back (ref null $c)) (result i32)
          (drop (switch $c $t (local.get $back))) (i32.const 7))
        (func $main (result i32)
          (drop (switch $c $t (cont.new $c (ref.func $partner))))
          (i32.const 42))
        (elem declare func $idle $partner $main)
        (func (export "f") (result i32)
          (block $on (result (ref $sc)) (return (resume $sc (on $pause $on) (cont.new $sc (ref.func $idle)))))
          (drop) (resume $sc (on $t switch) (cont.new $sc (ref.func $main))))))");
    EXPECT_EQ(call<i32>(in, "f"), 42);
}

TEST_F(Continuation, endless_recursion_exhausts_the_continuations_own_stack) {
    Instance in = with(generator);
    EXPECT_CONTAINS(trap_of<i32>(in, "recurse"), "call stack exhausted");
    EXPECT_EQ(stacks(), 0u);
    EXPECT_EQ(call<i32>(in, "doubled", 2), 6);
}

TEST_F(Continuation, a_trap_gives_back_all_stacks_and_its_backtrace_crosses_them) {
    Instance in = with(generator);
    EXPECT_EQ(trap_of<i32>(in, "fail"), "unreachable");
    ASSERT_EQ(store.trap().backtrace.size(), 2u);
    EXPECT_EQ(store.trap().backtrace[0].func_name, "fail");
    EXPECT_GT(store.trap().backtrace[1].module_offset, store.trap().backtrace[0].module_offset);
    EXPECT_EQ(stacks(), 0u);
}

// ---- suspending past others

TEST_F(Continuation, a_suspension_takes_every_stack_up_to_its_handler) {
    Instance in = load(store, R"((module
        (type $f (func (result i32))) (type $c (cont $f))
        (type $r (func (param i32) (result i32))) (type $rc (cont $r))
        (tag $inner (result i32)) (tag $outer (result i32))
        (func $deep (result i32) (i32.add (suspend $outer) (i32.const 1)))
        (func $middle (result i32)
          (block $on (result (ref $rc))
            (return (i32.mul (i32.const 10) (resume $c (on $inner $on) (cont.new $c (ref.func $deep))))))
          unreachable)
        (elem declare func $deep $middle)
        (func (export "f") (param i32) (result i32) (local $k (ref null $rc))
          (block $on (result (ref $rc)) (return (resume $c (on $outer $on) (cont.new $c (ref.func $middle)))))
          (local.set $k)
          (i32.add (i32.const 100) (resume $c (cont.bind $rc $c (local.get 0) (local.get $k)))))))");
    EXPECT_EQ(call<i32>(in, "f", 3), 140);
    EXPECT_EQ(stacks(), 0u);
}

TEST_F(Continuation, arguments_are_bound_one_after_the_other) {
    Instance in = load(store, R"((module
        (type $f3 (func (param i32 f64 i64) (result f64))) (type $c3 (cont $f3))
        (type $f2 (func (param f64 i64) (result f64))) (type $c2 (cont $f2))
        (type $f0 (func (result f64))) (type $c0 (cont $f0))
        (func $mix (param i32 f64 i64) (result f64)
          (f64.add (f64.convert_i32_s (local.get 0)) (f64.mul (local.get 1) (f64.convert_i64_s (local.get 2)))))
        (elem declare func $mix)
        (func (export "f") (result f64)
          (resume $c0 (cont.bind $c2 $c0 (f64.const 2.5) (i64.const 4) (cont.bind $c3 $c2 (i32.const 5) (cont.new $c3 (ref.func $mix))))))
        (func (export "twice") (result f64)
          (local $k (ref null $c3))
          (local.set $k (cont.new $c3 (ref.func $mix)))
          (drop (cont.bind $c3 $c2 (i32.const 5) (local.get $k)))
          (resume $c3 (i32.const 1) (f64.const 1) (i64.const 1) (local.get $k)))))");
    EXPECT_EQ(call<f64>(in, "f"), 15.0);
    EXPECT_EQ(trap_of<f64>(in, "twice"), "continuation already consumed");
}

TEST_F(Continuation, an_exception_leaves_its_stacks_behind) {
    Instance in = load(store, R"((module
        (type $f (func)) (type $c (cont $f)) (tag $e (param i32))
        (func $throw (throw $e (i32.const 9)))
        (func $nest (resume $c (cont.new $c (ref.func $throw))))
        (elem declare func $throw $nest)
        (func (export "f") (result i32)
          (block $h (result i32)
            (try_table (catch $e $h) (resume $c (cont.new $c (ref.func $nest))))
            (i32.const 0)))
        (func (export "uncaught") (resume $c (cont.new $c (ref.func $nest))))))");
    EXPECT_EQ(call<i32>(in, "f"), 9);
    EXPECT_EQ(stacks(), 0u);
    EXPECT_EQ(trap_of<void>(in, "uncaught"), "uncaught exception");
    EXPECT_EQ(stacks(), 0u);
}

// ---- host frames

struct PassOn final : HostFrame {
    Host next(Caller& c, Exit how) override { return how == Exit::threw ? c.raise(c.exception()) : Host::done; }
};

constexpr const char* through_the_host = R"((module (import "h" "wait" (func $via))
    (type $f (func)) (type $c (cont $f)) (tag $t) (tag $e)
    (global $how (mut i32) (i32.const 0))
    (func (export "callback")
      (if (i32.eqz (global.get $how)) (then (suspend $t)) (else (throw $e))))
    (func $body (call $via))
    (elem declare func $body)
    (func (export "f") (param i32) (result i32)
      (global.set $how (local.get 0))
      (block $h
        (try_table (catch $e $h)
          (block $on (result (ref $c)) (resume $c (on $t $on) (cont.new $c (ref.func $body))) (return (i32.const 1)))
          (drop) (return (i32.const 2))))
      (i32.const 3))))";

Host call_back(Caller& c, void*) {
    c.frame<PassOn>();
    return c.call(*c.instance().find_func("callback"), {});
}

TEST_F(Continuation, a_suspension_does_not_cross_a_host_frame) {
    Instance in = with(through_the_host, call_back);
    EXPECT_EQ(trap_of<i32>(in, "f", 0), "unhandled tag");
    EXPECT_EQ(store.trap().backtrace.size(), 3u);
    EXPECT_EQ(stacks(), 0u);
}

TEST_F(Continuation, an_exception_crosses_a_host_frame_that_passes_it_on) {
    Instance in = with(through_the_host, call_back);
    EXPECT_EQ(call<i32>(in, "f", 1), 3);
    EXPECT_EQ(stacks(), 0u);
}

TEST_F(Continuation, a_host_frame_below_is_no_barrier) {
    // The host's callback makes, suspends and resumes a continuation of its own.
    Instance in = with(R"((module (import "h" "wait" (func $via))
        (type $f (func)) (type $c (cont $f)) (tag $t)
        (func $pause (suspend $t))
        (elem declare func $pause)
        (func (export "callback")
          (block $on (result (ref $c)) (resume $c (on $t $on) (cont.new $c (ref.func $pause))) (return))
          (resume $c))
        (func (export "f") (call $via))))",
                       call_back);
    EXPECT_EQ(trap_of<void>(in, "f"), "returned");
}

TEST_F(Continuation, a_host_function_can_be_a_continuation) {
    Instance in = with(R"((module (import "h" "wait" (func $wait)) (type $f (func)) (type $c (cont $f)) (elem declare func $wait)
        (func (export "f") (resume $c (cont.new $c (ref.func $wait))))))",
                       [](Caller& c, void*) { return c.block(); });
    Execution e(store);
    e.begin(func(in, "f"), {});
    EXPECT_EQ(e.run(), Exit::blocked);
    EXPECT_EQ(e.run(), Exit::returned);
}

// ---- leaving run() at any depth

TEST_F(Continuation, a_guest_blocks_inside_a_continuation_while_others_run) {
    Instance in = with(generator, [](Caller& c, void*) { return c.block(); });
    Slot three{3}, four{4};
    Execution a(store), b(store);
    a.begin(func(in, "doubled"), {&three, 1});
    b.begin(func(in, "doubled"), {&four, 1});
    int waits = 0;
    while (a.state() != State::idle || b.state() != State::idle) {
        if (a.state() != State::idle) waits += a.run() == Exit::blocked;
        EXPECT_TRUE(store.collect_garbage());
        if (b.state() != State::idle) waits += b.run() == Exit::blocked;
    }
    EXPECT_EQ(waits, 7);
    EXPECT_EQ(a.results()[0].as<i32>(), 12);
    EXPECT_EQ(b.results()[0].as<i32>(), 20);
}

TEST_F(Continuation, an_execution_parked_inside_a_continuation_may_be_dropped) {
    Instance in = with(generator, [](Caller& c, void*) { return c.park(); });
    Slot three{3};
    {
        Execution e(store);
        e.begin(func(in, "doubled"), {&three, 1});
        EXPECT_EQ(e.run(), Exit::parked);
        EXPECT_EQ(engine.data().stacks.in_use(), 2u);
    }
    EXPECT_EQ(engine.data().stacks.in_use(), 0u);
}

TEST_F(Continuation, a_call_parked_inside_a_continuation_goes_on_in_another_thread) {
    Instance in = with(generator, [](Caller& c, void*) { return c.park(); });
    Slot three{3};
    Execution e(store);
    e.begin(func(in, "doubled"), {&three, 1});
    Exit how = Exit::parked;
    for (int i = 0; i < 4; ++i) std::thread([&] { how = e.run(); }).join();
    EXPECT_EQ(how, Exit::returned);
    EXPECT_EQ(e.results()[0].as<i32>(), 12);
}

// Two ways to run for ever without a loop's back edge or a growing stack.
constexpr const char* endless = R"((module
    (rec (type $f (func (param (ref null $c)))) (type $c (cont $f)))
    (type $s (func)) (type $sc (cont $s))
    (tag $t) (tag $pause)
    (func $pauses (loop $l (suspend $pause) (br $l)))
    (func $turns (type $f) (param $other (ref null $c)) (loop $l (local.set $other (switch $c $t (local.get $other))) (br $l)))
    (func $begins (call $turns (switch $c $t (cont.new $c (ref.func $turns)))))
    (elem declare func $pauses $turns $begins)
    (func (export "suspensions")
      (cont.new $sc (ref.func $pauses))
      (loop $l (param (ref $sc)) (resume $sc (on $pause $l)) unreachable))
    (func (export "switches") (resume $sc (on $t switch) (cont.new $sc (ref.func $begins))))))";

void expect_interrupted(Store& store, const Instance& in, const char* name) {
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        store.interrupt();
    });
    EXPECT_EQ(trap_of<void>(in, name), "interrupted") << name;
    other.join();
}

TEST_F(Continuation, endless_suspensions_and_switches_are_interrupted) {
    Instance in = load(store, endless);
    expect_interrupted(store, in, "suspensions");
    expect_interrupted(store, in, "switches");
    ASSERT_TRUE(store.collect_garbage());
    EXPECT_EQ(stacks(), 0u);
}

TEST(ContinuationLimits, fuel_ends_a_continuation_and_a_slice_parks_in_it) {
    Config config;
    config.metering = true;
    Engine engine(config);
    Store store(engine);
    Linker linker(engine);
    linker.func("h", "wait", [] {});
    Instance in = load(store, generator, linker);
    store.set_fuel(500);
    EXPECT_CONTAINS(trap_of<i32>(in, "doubled", 1000), "all fuel consumed");
    store.set_fuel(1'000'000);
    EXPECT_EQ(call<i32>(in, "doubled", 3), 12);
    EXPECT_LT(store.fuel(), 1'000'000u);
}

// ---- references

TEST_F(Continuation, what_a_suspended_stack_refers_to_stays) {
    Instance in = load(store, R"((module
        (type $f (func (result i32))) (type $c (cont $f)) (type $box (struct (field i32))) (tag $t)
        (global $k (export "k") (mut (ref null $c)) (ref.null $c))
        (table $ks 2 (ref null $c))
        (func $holds (result i32) (local $b (ref null $box))
          (local.set $b (struct.new $box (i32.const 77)))
          (suspend $t)
          (struct.get $box 0 (local.get $b)))
        (elem declare func $holds)
        (func $start (result (ref $c))
          (block $on (result (ref $c)) (drop (resume $c (on $t $on) (cont.new $c (ref.func $holds)))) unreachable))
        (func (export "begin") (global.set $k (call $start)) (table.set $ks (i32.const 1) (call $start)))
        (func (export "get") (result (ref null $c)) (call $start))
        (func (export "end") (result i32) (resume $c (global.get $k)))
        (func (export "end_other") (result i32) (resume $c (table.get $ks (i32.const 1))))
        (func (export "end_this") (param (ref null $c)) (result i32) (resume $c (local.get 0)))))");
    call<void>(in, "begin");
    auto held = value(func(in, "get").call(store, {}));
    Root root(store, held[0].ref());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.data().suspended.size(), 3u);
    EXPECT_EQ(call<i32>(in, "end"), 77);
    EXPECT_EQ(call<i32>(in, "end_other"), 77);
    EXPECT_EQ(value(func(in, "end_this").call(store, held))[0].i32(), 77);
    EXPECT_EQ(trap_of<i32>(in, "end"), "continuation already consumed");
    EXPECT_EQ(store.data().suspended.size(), 0u);
}

TEST_F(Continuation, a_continuation_of_another_instance_runs_with_its_memory) {
    Instance lib = load(store, R"((module
        (type $f (func (result i32))) (type $c (cont $f)) (memory 1) (data (i32.const 0) "\05")
        (tag $t (export "t"))
        (func $body (result i32) (suspend $t) (i32.load8_u (i32.const 0)))
        (elem declare func $body)
        (func (export "make") (result (ref $c)) (cont.new $c (ref.func $body)))))");
    linker.instance("lib", lib);
    Instance in = load(store, R"((module
        (type $f (func (result i32))) (type $c (cont $f))
        (import "lib" "make" (func $make (result (ref $c)))) (import "lib" "t" (tag $t))
        (memory 1) (data (i32.const 0) "\07")
        (func (export "f") (result i32)
          (block $on (result (ref $c)) (return (resume $c (on $t $on) (call $make))))
          (resume $c)
          (i32.add (i32.mul (i32.const 10) (i32.load8_u (i32.const 0)))))))",
                       linker);
    EXPECT_EQ(call<i32>(in, "f"), 75);
}

}  // namespace
}  // namespace heddle
