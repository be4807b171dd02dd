#include "chain.hpp"

#include "support/world.hpp"

#include <heddle/component_driving.hpp>
#include <heddle/component_limits.hpp>

namespace heddle::component::testing {
namespace {

// `wait` waits until `open` was called as often; stackful or by callback.
const std::string gate = R"((component
  (core module $table (table (export "t") 1 funcref))
  (core instance $table (instantiate $table))
  (core module $m
    (import "" "return" (func $return (param i32)))
    (import "" "yield" (func $yield (result i32)))
    (global $open (mut i32) (i32.const 0))
    (func (export "open") (global.set $open (i32.const 1)))
    (func (export "wait") (param i32) (result i32)
      (loop $again (if (i32.eqz (global.get $open)) (then (drop (call $yield)) (br $again))))
      (local.get 0))
    (global $n (mut i32) (i32.const 0))
    (func (export "wait-cb") (param i32) (result i32) (global.set $n (i32.add (global.get $n) (local.get 0))) (i32.const 1))
    (func (export "cb") (param i32 i32 i32) (result i32)
      (if (i32.eqz (global.get $open)) (then (return (i32.const 1))))
      (call $return (global.get $n)) (i32.const 0)))
  (core func $return (canon task.return (result u32)))
  (core func $yield (canon thread.yield))
  (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "yield" (func $yield))))))
  (func (export "open") (canon lift (core func $i "open")))
  (func (export "wait") async (param "n" u32) (result u32) (canon lift (core func $i "wait")))
  (func (export "wait-cb") async (param "n" u32) (result u32) (canon lift (core func $i "wait-cb") async (callback (core func $i "cb"))))))";

TEST(Async, a_call_that_waits_is_driven_by_ticks) {
    World w;
    auto i = w.make(gate);
    auto call_ = i.find_func("wait-cb")->start({Val::u32(7)});
    ASSERT_TRUE(call_);
    for (int n = 0; n < 10; ++n) ComponentScheduler::tick(w.store);
    EXPECT_FALSE(call_->is_done());
    EXPECT_EQ(text_of(call(i, "open")), "nothing");
    EXPECT_EQ(text_of(call_->wait()), "7");
}

TEST(Async, many_calls_wait_by_callback_without_a_stack) {
    World w;
    Limits many;
    many.tasks = 5'000;
    set_limits(w.store, many);
    auto i = w.make(gate);
    std::vector<ComponentCall> calls;
    for (u32 n = 0; n < 5'000; ++n) calls.push_back(*i.find_func("wait-cb")->start({Val::u32(1)}));
    call(i, "open");
    for (ComponentCall& c : calls) EXPECT_EQ(text_of(c.wait()), "5000");
}

TEST(Async, exclusive_tasks_wait_at_the_gate_in_their_order) {
    World w;
    auto i = w.make(gate);
    std::vector<ComponentCall> calls;
    for (u32 n = 0; n < 50; ++n) calls.push_back(*i.find_func("wait")->start({Val::u32(n)}));
    call(i, "open");
    std::vector<u32> order;
    std::vector<bool> seen(calls.size());
    do {
        for (u32 n = 0; n < calls.size(); ++n)
            if (calls[n].is_done() && !seen[n]) {
                seen[n] = true;
                order.push_back(n);
            }
    } while (ComponentScheduler::tick(w.store));
    ASSERT_EQ(order.size(), 50u);
    EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Async, a_call_cancelled_at_the_gate_never_starts) {
    World w;
    auto i = w.make(gate);
    auto first = *i.find_func("wait")->start({Val::u32(1)});
    auto second = *i.find_func("wait")->start({Val::u32(2)});
    second.cancel();
    EXPECT_TRUE(second.is_done());
    EXPECT_EQ(text_of(second.result()), "usage: the call was cancelled");
    call(i, "open");
    EXPECT_EQ(text_of(first.wait()), "1");
}

// Waits for something that never comes.
const std::string stuck = R"((component
  (core module $mem (memory (export "mem") 1))
  (core instance $mem (instantiate $mem))
  (core module $m
    (import "" "new" (func $new (result i32)))
    (import "" "wait" (func $wait (param i32 i32) (result i32)))
    (func (export "f") (drop (call $wait (call $new) (i32.const 0)))))
  (core func $new (canon waitable-set.new))
  (core func $wait (canon waitable-set.wait (memory (core memory $mem "mem"))))
  (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)) (export "wait" (func $wait))))))
  (func (export "f") async (canon lift (core func $i "f")))
  (func (export "g") (canon lift (core func $i "f")))))";

TEST(Async, a_deadlock_is_a_trap) {
    World w;
    EXPECT_EQ(text_of(call(w.make(stuck), "f")), "trapped: deadlock detected: event loop cannot make further progress");
}

TEST(Async, a_synchronous_function_cannot_block) {
    World w;
    EXPECT_EQ(text_of(call(w.make(stuck), "g")), "trapped: cannot block a synchronous task before returning");
}

TEST(Async, calls_that_wait_die_with_the_store) {
    World w;
    auto i = w.make(gate);
    for (u32 n = 0; n < 10; ++n) {
        (void)*i.find_func("wait")->start({Val::u32(n)});
        (void)*i.find_func("wait-cb")->start({Val::u32(n)});
    }
}

// ---- host functions that answer later -----------------------------------------------------------------------------------------------------

std::string with_host(std::string_view async) {
    return "(component (import \"later\" (func $later " + std::string(async) + R"( (param "n" u32) (result u32)))
      (core func $later (canon lower (func $later)))
      (core module $m (import "" "later" (func $later (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) (i32.add (call $later (local.get 0)) (i32.const 1))))
      (core instance $i (instantiate $m (with "" (instance (export "later" (func $later))))))
      (func (export "f") )" + std::string(async) + R"( (param "n" u32) (result u32) (canon lift (core func $i "f")))))";
}

TEST(Async, a_synchronous_host_function_that_answers_later_parks_the_store) {
    World w;
    std::optional<Deferred> open;
    w.imports.root().raw("later", [&](HostCall& c) {
        open = c.defer();
        return c.wait();
    });
    int waits = 0;
    w.store.on_park([&](Store& s) {
        EXPECT_TRUE(s.parked());
        if (++waits == 3) open->resolve(Val::u32(41));
        return true;
    });
    EXPECT_EQ(text_of(call(w.make(with_host("")), "f", {Val::u32(1)})), "42");
    EXPECT_EQ(waits, 3);
}

TEST(Async, an_asynchronous_host_function_answers_in_a_tick) {
    World w;
    std::vector<std::pair<Deferred, u32>> open;
    w.imports.root().raw("later", [&](HostCall& c) {
        open.emplace_back(c.defer(), c.args()[0].as<u32>());
        return c.wait();
    });
    auto a = w.make(with_host("async")), b = w.make(with_host("async"));
    auto one = *a.find_func("f")->start({Val::u32(10)});
    auto two = *b.find_func("f")->start({Val::u32(20)});
    ASSERT_EQ(open.size(), 2u);
    open[1].first.resolve(Val::u32(open[1].second * 2));
    while (ComponentScheduler::tick(w.store)) {}
    EXPECT_FALSE(one.is_done());
    EXPECT_EQ(text_of(two.result()), "41");
    open[0].first.fail("no answer");
    EXPECT_EQ(text_of(one.wait()), "trapped: no answer");
}

TEST(Async, a_host_function_is_told_when_its_caller_is_gone) {
    int cancelled = 0;
    {
        World w;
        w.imports.root().raw("later", [&](HostCall& c) {
            c.defer().on_cancel([&] { ++cancelled; });
            return c.wait();
        });
        (void)*w.make(with_host("async")).find_func("f")->start({Val::u32(1)});
        EXPECT_EQ(cancelled, 0);
    }
    EXPECT_EQ(cancelled, 1);
}

TEST(Async, a_host_function_that_answers_at_once_needs_no_tick) {
    World w;
    w.imports.root().func("later", [](u32 n) { return n * 2; });
    EXPECT_EQ(text_of(call(w.make(with_host("async")), "f", {Val::u32(3)})), "7");
}

// ---- streams and futures of the host ------------------------------------------------------------------------------------------------------

// `sum` adds a stream of numbers up, four at a time; `count` writes 1 … n; `later` reads a future.
const std::string streams = "(component " + memory_module + R"(
  (type $s (stream u32))
  (type $f (future u32))
  (core func $new (canon stream.new $s))
  (core func $read (canon stream.read $s (memory (core memory $memory "mem"))))
  (core func $write (canon stream.write $s (memory (core memory $memory "mem"))))
  (core func $drop-r (canon stream.drop-readable $s))
  (core func $drop-w (canon stream.drop-writable $s))
  (core func $read-f (canon future.read $f (memory (core memory $memory "mem"))))
  (core func $return (canon task.return (result $s)))
  (core module $m
    (import "" "mem" (memory 1))
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "drop-r" (func $drop-r (param i32)))
    (import "" "drop-w" (func $drop-w (param i32)))
    (import "" "read-f" (func $read-f (param i32 i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "sum") (param $s i32) (result i32) (local $r i32) (local $i i32) (local $sum i32)
      (loop $again
        (local.set $r (call $read (local.get $s) (i32.const 64) (i32.const 4)))
        (local.set $i (i32.const 0))
        (block $end (loop $next
          (br_if $end (i32.ge_u (local.get $i) (i32.shr_u (local.get $r) (i32.const 4))))
          (local.set $sum (i32.add (local.get $sum) (i32.load offset=64 (i32.mul (local.get $i) (i32.const 4)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $next)))
        (br_if $again (i32.eqz (i32.and (local.get $r) (i32.const 15)))))
      (call $drop-r (local.get $s))
      (local.get $sum))
    (func (export "count") (param $n i32) (local $ends i64) (local $w i32) (local $i i32)
      (local.set $ends (call $new))
      (local.set $w (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $return (i32.wrap_i64 (local.get $ends)))
      (block $end (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (i32.store (i32.const 128) (local.get $i))
        (br_if $end (i32.and (i32.const 15) (call $write (local.get $w) (i32.const 128) (i32.const 1))))
        (br $next)))
      (call $drop-w (local.get $w)))
    (func (export "later") (param $f i32) (result i32)
      (drop (call $read-f (local.get $f) (i32.const 64)))
      (i32.load (i32.const 64))))
  (core instance $i (instantiate $m (with "" (instance
    (export "mem" (memory $memory "mem")) (export "new" (func $new)) (export "read" (func $read)) (export "write" (func $write))
    (export "drop-r" (func $drop-r)) (export "drop-w" (func $drop-w)) (export "read-f" (func $read-f)) (export "return" (func $return))))))
  (func (export "sum") async (param "s" $s) (result u32) (canon lift (core func $i "sum")))
  (func (export "count") async (param "n" u32) (result $s) (canon lift (core func $i "count") async))
  (func (export "later") async (param "f" $f) (result u32) (canon lift (core func $i "later")))))";

Val numbers(u32 from, u32 count) {
    std::vector<Val> all;
    for (u32 n = 0; n < count; ++n) all.push_back(Val::u32(from + n));
    return Val::list(std::move(all));
}

TEST(Async, a_guest_reads_what_the_host_has_at_once) {
    World w;
    auto i = w.make(streams);
    u32 next = 1;
    auto s = make_stream(w.store, [&](u32 max) -> std::optional<Val> {
        if (next > 100) return std::nullopt;
        u32 n = std::min(max + 3, 101 - next);  // more than was asked for is kept for later
        next += n;
        return numbers(next - n, n);
    });
    EXPECT_EQ(text_of(call(i, "sum", {s.readable})), "5050");
}

TEST(Async, a_guest_waits_for_what_the_host_has_later) {
    World w;
    auto i = w.make(streams);
    std::optional<u32> ready;
    bool end = false;
    auto s = make_stream(w.store, [&](u32) -> std::optional<Val> {
        if (end) return std::nullopt;
        if (!ready) return Val::list({});
        return numbers(*std::exchange(ready, std::nullopt), 1);
    });
    auto sum = *i.find_func("sum")->start({s.readable});
    for (u32 n : {5u, 6u, 7u}) {
        while (ComponentScheduler::tick(w.store)) {}
        EXPECT_FALSE(sum.is_done());
        ready = n;
        s.wake();
    }
    while (ComponentScheduler::tick(w.store)) {}
    end = true;
    s.wake();
    EXPECT_EQ(text_of(sum.wait()), "18");
}

TEST(Async, a_guest_that_waits_for_the_host_is_no_deadlock_while_somebody_waits_with_it) {
    World w;
    auto i = w.make(streams);
    bool end = false;
    auto s = make_stream(w.store, [&](u32) -> std::optional<Val> { return end ? std::nullopt : std::optional(Val::list({})); });
    w.store.on_park([&](Store&) {
        end = true;
        s.wake();
        return true;
    });
    EXPECT_EQ(text_of(call(i, "sum", {s.readable})), "0");
}

TEST(Async, a_guest_reads_a_future_of_the_host) {
    World w;
    auto i = w.make(streams);
    std::optional<Val> value;
    auto f = make_future(w.store, [&] { return value; });
    auto later = *i.find_func("later")->start({f.readable});
    EXPECT_FALSE(later.is_done());
    value = Val::u32(77);
    f.wake();
    EXPECT_EQ(text_of(later.wait()), "77");
}

TEST(Async, the_host_reads_a_guests_stream_to_its_end) {
    World w;
    auto i = w.make(streams);
    Val s = **call(i, "count", {Val::u32(1000)});
    u64 sum = 0;
    bool ended = false;
    auto take = [&](Val list) {
        for (std::size_t n = 0; n < list.size(); ++n) sum += list.at(n).as<u32>();
        return true;
    };
    ASSERT_TRUE(read_stream(w.store, s, take, [&] { ended = true; }));
    EXPECT_FALSE(read_stream(w.store, s, take, [] {}));
    while (ComponentScheduler::tick(w.store)) {}
    EXPECT_EQ(sum, 500500u);
    EXPECT_TRUE(ended);
}

TEST(Async, the_host_takes_a_guests_stream_at_its_own_pace) {
    World w;
    auto i = w.make(streams);
    Val s = **call(i, "count", {Val::u32(10)});
    std::vector<u32> taken;
    bool ended = false;
    auto go_on = read_stream(
        w.store, s,
        [&](Val list) {
            taken.push_back(list.at(0).as<u32>());
            return false;
        },
        [&] { ended = true; });
    ASSERT_TRUE(go_on);
    for (u32 n = 1; n <= 10; ++n) {
        while (ComponentScheduler::tick(w.store)) {}
        ASSERT_EQ(taken.size(), n);
        (*go_on)();
    }
    while (ComponentScheduler::tick(w.store)) {}
    EXPECT_EQ(taken.back(), 10u);
    EXPECT_TRUE(ended);
}

// Threads that run when the task that made them waits: they note 1 and 2, it notes 1 and 9.
constexpr const char* spawning = R"((component
      (core module $Table (table (export "t") 2 2 funcref))
      (core instance $table (instantiate $Table))
      (alias core export $table "t" (core table $t))
      (core type $start (func (param i32)))
      (core func $indirect (canon thread.spawn-indirect $start (table $t)))
      (core func $ref (canon thread.spawn-ref $start))
      (core func $parallel (canon thread.available-parallelism))
      (core func $yield (canon thread.yield))
      (canon task.return (result u32) (core func $return))
      (core module $m
        (type $start (func (param i32)))
        (import "" "indirect" (func $indirect (param i32 i32) (result i32)))
        (import "" "ref" (func $ref (param (ref null $start)) (param i32) (result i32)))
        (import "" "parallel" (func $parallel (result i32)))
        (import "" "yield" (func $yield (result i32)))
        (import "" "return" (func $return (param i32)))
        (import "" "t" (table 2 2 funcref))
        (global $log (mut i32) (i32.const 0))
        (elem (i32.const 0) func $add)
        (func $add (type $start) (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
        (func (export "run") (param i32)
          (if (i32.eq (call $indirect (i32.const 0) (i32.const 1)) (call $ref (ref.func $add) (i32.const 2))) (then unreachable))
          (call $add (call $parallel))
          (call $add (i32.const 9))
          (drop (call $yield))
          (call $return (global.get $log)))
        (func (export "null") (param i32) (drop (call $ref (ref.null $start) (i32.const 0))))
        (func (export "empty") (param i32) (drop (call $indirect (i32.const 1) (i32.const 0))))
        (func (export "outside") (param i32) (drop (call $indirect (i32.const 2) (i32.const 0)))))
      (core instance $i (instantiate $m (with "" (instance (export "indirect" (func $indirect)) (export "ref" (func $ref)) (export "parallel" (func $parallel))
        (export "yield" (func $yield)) (export "return" (func $return)) (export "t" (table $t))))))
      (func (export "run") async (param "x" u32) (result u32) (canon lift (core func $i "run") async))
      (func (export "null") async (param "x" u32) (result u32) (canon lift (core func $i "null") async))
      (func (export "empty") async (param "x" u32) (result u32) (canon lift (core func $i "empty") async))
      (func (export "outside") async (param "x" u32) (result u32) (canon lift (core func $i "outside") async))))";

TEST(Async, spawned_threads_take_turns) {
    World w;
    auto i = w.make(spawning);
    EXPECT_EQ(text_of(call(i, "run", {Val::u32(0)})), "1912");
    for (auto [f, words] : {std::pair("null", "null function reference"), std::pair("empty", "uninitialized element"), std::pair("outside", "undefined element")})
        EXPECT_NE(text_of(call(w.make(spawning), f, {Val::u32(0)})).find(words), std::string::npos) << f;
}

TEST(Async, threads_that_share_everything_are_refused) {
    World w;
    for (const char* canon : {"(canon thread.spawn-ref shared $f (core func))", "(canon thread.available-parallelism shared (core func))"}) {
        auto bytes = assemble("(component (core type $f (func (param i32))) " + std::string(canon) + ")");
        ASSERT_TRUE(bytes);
        auto c = heddle::Component::load(w.engine, *bytes);
        ASSERT_FALSE(c);
        EXPECT_NE(c.error().message.find("need shared function types"), std::string::npos) << c.error().message;
    }
}

// What `push` holds holds the function that resumes: neither may keep the stream, however it ends.
TEST(Async, a_reader_that_holds_its_own_resuming_is_let_go) {
    struct Reading {
        std::function<void()> go_on;
        u32 taken = 0;
        bool ended = false;
    };
    for (u32 pauses : {0u, 3u, 10u}) {
        std::weak_ptr<Reading> left;
        {
            World w;
            auto i = w.make(streams);
            auto reading = std::make_shared<Reading>();
            left = reading;
            auto go_on = read_stream(
                w.store, **call(i, "count", {Val::u32(10)}),
                [reading](Val) {
                    ++reading->taken;
                    return false;
                },
                [reading] { reading->ended = true; });
            ASSERT_TRUE(go_on);
            reading->go_on = std::move(*go_on);
            for (u32 n = 0; n < pauses; ++n) {
                while (ComponentScheduler::tick(w.store)) {}
                reading->go_on();
            }
            while (ComponentScheduler::tick(w.store)) {}
            EXPECT_EQ(reading->taken, std::min(pauses + 1, 10u));
            EXPECT_EQ(reading->ended, pauses == 10);
            EXPECT_EQ(reading.use_count(), reading->ended ? 1 : 3);  // what was told the end is let go while the Store lives
        }
        EXPECT_TRUE(left.expired()) << pauses;
    }
}

TEST(Async, a_reader_goes_on_after_its_store_is_gone) {
    std::function<void()> go_on;
    {
        World w;
        auto i = w.make(streams);
        go_on = *read_stream(w.store, **call(i, "count", {Val::u32(10)}), [](Val) { return false; }, {});
        while (ComponentScheduler::tick(w.store)) {}
    }
    go_on();  // nothing to do
}

TEST(Async, a_guest_learns_that_the_host_dropped_its_stream) {
    World w;
    auto i = w.make(streams);
    call(i, "count", {Val::u32(1'000'000'000)});  // the result goes away at once
    int ticks = 0;
    while (ComponentScheduler::tick(w.store)) ++ticks;
    EXPECT_LT(ticks, 10);
}

// ---- callees that run inside of their caller's native function

// A row of components, each of which calls the next asynchronously, adds 1 and returns; `last`: what the innermost does with its argument.
std::string row(u32 n, const std::string& last, const std::string& imports = "") {
    std::string text = "(component " + imports + R"(
      (component $c0 )" + imports + R"(
        (core func $return (canon task.return (result u32)))
        (core func $yield (canon thread.yield))
        )" + (imports.empty() ? "" : "(core func $ask (canon lower (func $ask)))") + R"(
        (core module $m
          (import "" "return" (func $return (param i32)))
          (import "" "yield" (func $yield (result i32)))
          )" + (imports.empty() ? "" : R"((import "" "ask" (func $ask (param i32) (result i32))))") + R"(
          (func (export "f") (param i32) (result i32) )" + last + R"()
          (func (export "cb") (param i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "yield" (func $yield)))" +
                       (imports.empty() ? "" : R"((export "ask" (func $ask)))") + R"())))
        (func (export "f") async (param "n" u32) (result u32) (canon lift (core func $i "f") async (callback (core func $i "cb")))))
      (component $next
        (import "f" (func $f async (param "n" u32) (result u32)))
        (core module $memory (memory (export "mem") 1))
        (core instance $memory (instantiate $memory))
        (core func $return (canon task.return (result u32)))
        (core func $f' (canon lower (func $f) async (memory (core memory $memory "mem"))))
        (core func $new (canon waitable-set.new))
        (core func $join (canon waitable.join))
        (core module $m
          (import "" "mem" (memory 1))
          (import "" "return" (func $return (param i32)))
          (import "" "f" (func $f (param i32 i32) (result i32)))
          (import "" "new" (func $new (result i32)))
          (import "" "join" (func $join (param i32 i32)))
          (func $done (result i32) (call $return (i32.add (i32.load (i32.const 64)) (i32.const 1))) (i32.const 0))
          (func (export "f") (param i32) (result i32) (local $said i32) (local $set i32)
            (local.set $said (call $f (local.get 0) (i32.const 64)))
            (if (i32.eq (local.get $said) (i32.const 2)) (then (return (call $done))))
            (local.set $set (call $new))
            (call $join (i32.shr_u (local.get $said) (i32.const 4)) (local.get $set))
            (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
          (func (export "cb") (param i32 i32 i32) (result i32)
            (if (i32.ne (local.get 2) (i32.const 2)) (then unreachable))
            (call $done)))
        (core instance $i (instantiate $m (with "" (instance (export "mem" (memory $memory "mem")) (export "return" (func $return))
          (export "f" (func $f')) (export "new" (func $new)) (export "join" (func $join))))))
        (func (export "f") async (param "n" u32) (result u32) (canon lift (core func $i "f") async (callback (core func $i "cb")))))
      (instance $i0 (instantiate $c0 )" + (imports.empty() ? "" : R"((with "ask" (func $ask)))") + "))";
    for (u32 i = 1; i <= n; ++i)
        text += "(instance $i" + std::to_string(i) + " (instantiate $next (with \"f\" (func $i" + std::to_string(i - 1) + " \"f\"))))";
    return text + "(export \"f\" (func $i" + std::to_string(n) + " \"f\")))";
}

const std::string at_once = "(call $return (local.get 0)) (i32.const 0)";
const std::string after_yield = "(drop (call $yield)) " + at_once;

TEST(Async, calls_in_a_row_of_any_length_end_at_once_or_wait) {
    for (const std::string& last : {at_once, after_yield})
        for (u32 n : {1u, 3u, 4u, 5u, 40u}) {
            World w;
            auto f = w.make(row(n, last)).func<u32(u32)>("f");
            ASSERT_TRUE(f) << f.error().to_string();
            for (u32 again = 0; again < 3; ++again) EXPECT_EQ((*f)(again).value(), again + n);
            EXPECT_FALSE(ComponentScheduler::tick(w.store));
        }
}

TEST(Async, calls_in_a_row_need_no_nested_runs) {
    Config config;
    config.max_nested_runs = 1;
    Engine engine(config);
    Store store(engine);
    auto f = ComponentLinker(engine).instantiate(store, load(engine, row(6, at_once)))->func<u32(u32)>("f");
    EXPECT_EQ((*f)(1).value(), 7u);
}

TEST(Async, a_trap_of_a_callee_that_ran_at_once_is_its_callers_too) {
    for (u32 n : {1u, 6u}) {
        World w;
        auto f = w.make(row(n, "unreachable")).func<u32(u32)>("f");
        for (const char* words : {"unreachable", "cannot enter component instance"}) {
            auto r = (*f)(1);
            ASSERT_FALSE(r);
            EXPECT_EQ(r.error().kind, Error::Kind::trapped);
            EXPECT_NE(r.error().message.find(words), std::string::npos) << r.error().message;
        }
    }
}

TEST(Async, a_callee_that_parks_when_it_runs_at_once_parks_its_callers) {
    const std::string ask = R"((import "ask" (func $ask (param "n" u32) (result u32))))";
    for (u32 n : {1u, 3u, 6u}) {
        World w;
        std::vector<Deferred> asked;
        w.imports.root().raw("ask", [&](HostCall& c) {
            asked.push_back(c.defer());
            return c.wait();
        });
        auto i = w.make(row(n, "(call $return (call $ask (local.get 0))) (i32.const 0)", ask));
        // Waiting in place, as long as the embedder says.
        u32 waits = 0;
        w.store.on_park([&](Store&) {
            if (++waits % 3 == 0) asked.back().resolve(Val::u32(100 * waits));
            return true;
        });
        auto f = i.func<u32(u32)>("f");
        EXPECT_EQ((*f)(1).value(), 300 + n);
        EXPECT_EQ(waits, 3u);
        // Coming back parked.
        return_parked(w.store);
        ComponentCall c = i.find_func("f")->start({Val::u32(1)}).value();
        EXPECT_TRUE(w.store.parked());
        EXPECT_FALSE(ComponentScheduler::tick(w.store));
        asked.back().resolve(Val::u32(7));
        EXPECT_TRUE(ComponentScheduler::tick(w.store));
        while (!c.is_done() && ComponentScheduler::tick(w.store)) {}
        EXPECT_EQ(text_of(c.result()), std::to_string(7 + n));
        EXPECT_EQ(waits, 3u);
    }
}

// ---- calls of the host in words

TEST(Async, a_call_in_words_waits_for_an_asynchronous_function) {
    World w;
    auto i = w.make(gate);
    auto wait = i.func<u32(u32)>("wait"), by_callback = i.func<u32(u32)>("wait-cb");
    EXPECT_TRUE(i.find_func("wait")->has_words());
    call(i, "open");
    EXPECT_EQ((*wait)(5).value(), 5u);
    EXPECT_EQ((*by_callback)(6).value(), 6u);
    EXPECT_EQ((*by_callback)(6).value(), 12u);
}

TEST(Async, limits_hold_for_calls_in_words) {
    World w;
    Limits none;
    none.tasks = 0;
    set_limits(w.store, none);
    auto r = (*w.make(gate).func<u32(u32)>("wait"))(5);
    ASSERT_FALSE(r);
    EXPECT_NE(r.error().message.find("limit reached: 0 tasks"), std::string::npos) << r.error().message;
}

}  // namespace
}  // namespace heddle::component::testing
