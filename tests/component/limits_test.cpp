// Every limit of component::Limits: one below, at it, one above; and that what ends gives its place back.
#include "support/world.hpp"

#include <heddle/component_limits.hpp>

namespace heddle::component::testing {
namespace {

// Functions that make so many of a kind, and keep them.
const std::string maker = R"((component)" + memory_module + R"(
  (type $R (resource (rep i32)))
  (type $bytes (stream u8))
  (type $number (future u32))
  (import "wait" (func $wait async))
  (canon resource.new $R (core func $resource))
  (canon waitable-set.new (core func $set))
  (canon waitable-set.drop (core func $drop-set))
  (canon stream.new $bytes (core func $stream))
  (canon future.new $number (core func $future))
  (canon stream.drop-readable $bytes (core func $drop-readable))
  (canon stream.drop-writable $bytes (core func $drop-writable))
  (canon lower (func $wait) async (core func $wait'))
  (canon error-context.new (memory (core memory $memory "mem")) (core func $error))
  (core module $Table (table (export "t") 1 1 funcref) (func (export "f") (param i32)) )
  (core instance $table (instantiate $Table))
  (core type $start (func (param i32)))
  (alias core export $table "t" (core table $t))
  (core func $thread (canon thread.new-indirect $start (table $t)))
  (core module $m
    (import "" "resource" (func $resource (param i32) (result i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "drop-set" (func $drop-set (param i32)))
    (import "" "stream" (func $stream (result i64)))
    (import "" "future" (func $future (result i64)))
    (import "" "drop-readable" (func $drop-readable (param i32)))
    (import "" "drop-writable" (func $drop-writable (param i32)))
    (import "" "wait" (func $wait (result i32)))
    (import "" "error" (func $error (param i32 i32) (result i32)))
    (import "" "thread" (func $thread (param i32 i32) (result i32)))
    (import "" "t" (table 1 1 funcref))
    (elem (i32.const 0) func $nothing)
    (func $nothing (param i32))
    (func (export "resources") (param i32)
      (loop $l (drop (call $resource (i32.const 7))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "sets") (param i32)
      (loop $l (drop (call $set)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "sets-dropped") (param i32)
      (loop $l (call $drop-set (call $set)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "streams") (param i32)
      (loop $l (drop (call $stream)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "futures") (param i32)
      (loop $l (drop (call $future)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "streams-dropped") (param i32) (local $ends i64)
      (loop $l
        (local.set $ends (call $stream))
        (call $drop-writable (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (call $drop-readable (i32.wrap_i64 (local.get $ends)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "subtasks") (param i32)
      (loop $l (drop (call $wait)) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "errors") (param i32)
      (loop $l (drop (call $error (i32.const 0) (i32.const 1000))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "threads") (param i32)
      (loop $l (drop (call $thread (i32.const 0) (i32.const 0))) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
    (func (export "take") (param i32)))
  (core instance $i (instantiate $m (with "" (instance
    (export "resource" (func $resource)) (export "set" (func $set)) (export "drop-set" (func $drop-set)) (export "stream" (func $stream))
    (export "future" (func $future)) (export "drop-readable" (func $drop-readable)) (export "drop-writable" (func $drop-writable))
    (export "wait" (func $wait')) (export "error" (func $error)) (export "thread" (func $thread)) (export "t" (table $t))))))
  (func (export "resources") (param "n" u32) (canon lift (core func $i "resources")))
  (func (export "sets") (param "n" u32) (canon lift (core func $i "sets")))
  (func (export "sets-dropped") (param "n" u32) (canon lift (core func $i "sets-dropped")))
  (func (export "streams") (param "n" u32) (canon lift (core func $i "streams")))
  (func (export "futures") (param "n" u32) (canon lift (core func $i "futures")))
  (func (export "streams-dropped") (param "n" u32) (canon lift (core func $i "streams-dropped")))
  (func (export "subtasks") (param "n" u32) (canon lift (core func $i "subtasks")))
  (func (export "errors") (param "n" u32) (canon lift (core func $i "errors")))
  (func (export "threads") (param "n" u32) (canon lift (core func $i "threads")))
  (func (export "take") (param "s" $bytes) (canon lift (core func $i "take"))))
)";

struct Made {
    Made() {
        world.imports.root().raw("wait", [this](HostCall& c) {
            waiting.push_back(c.defer());
            return c.wait();
        });
        instance = world.make(maker);
    }
    std::string call(std::string_view f, u32 n) { return text_of(testing::call(*instance, f, {Val::u32(n)})); }

    World world;
    std::vector<Deferred> waiting;
    std::optional<ComponentInstance> instance;
};

struct Case {
    const char* function;
    u32 Limits::*limit;
    u32 taken;  // by the call itself
    const char* words;
};

class ALimit : public ::testing::TestWithParam<Case> {};

// A function makes them in one instance: one less than the limit, the limit, one more.
TEST_P(ALimit, holds_at_its_value_and_traps_above) {
    const Case& c = GetParam();
    for (u32 n : {9u, 10u, 11u}) {
        Made m;
        Limits l;
        l.*c.limit = 10 + c.taken;
        set_limits(m.world.store, l);
        std::string said = m.call(c.function, n);
        if (n <= 10) {
            EXPECT_EQ(said, "nothing") << c.function << " " << n;
            continue;
        }
        EXPECT_NE(said.find("limit reached: " + std::to_string(10 + c.taken) + " " + c.words), std::string::npos) << c.function << ": " << said;
        EXPECT_TRUE(is_limit(component_trap(m.world.store)));
    }
}

TEST_P(ALimit, can_be_raised_while_the_guest_lives) {
    const Case& c = GetParam();
    Made m;
    Limits l;
    l.*c.limit = 10 + c.taken;
    set_limits(m.world.store, l);
    EXPECT_EQ(m.call(c.function, 10), "nothing");
    l.*c.limit = 20 + c.taken;
    set_limits(m.world.store, l);
    EXPECT_EQ(m.call(c.function, 10), "nothing") << c.function;
    EXPECT_NE(m.call(c.function, 1).find("limit reached"), std::string::npos) << c.function;
}

TEST_P(ALimit, has_its_default) {
    const Case& c = GetParam();
    u32 most = Limits{}.*c.limit - c.taken;
    {
        Made m;
        EXPECT_EQ(m.call(c.function, most), "nothing") << c.function;
    }
    Made m;
    EXPECT_NE(m.call(c.function, most + 1).find(std::to_string(Limits{}.*c.limit) + " " + c.words), std::string::npos) << c.function;
}

INSTANTIATE_TEST_SUITE_P(Components, ALimit,
                         ::testing::Values(Case{"resources", &Limits::handles, 0, "handles in one component instance (component::Limits::handles)"},
                                           Case{"sets", &Limits::waitable_sets, 0, "waitable sets in one Store (component::Limits::waitable_sets)"},
                                           Case{"streams", &Limits::streams, 0, "streams and futures in one Store (component::Limits::streams)"},
                                           Case{"futures", &Limits::streams, 0, "streams and futures in one Store (component::Limits::streams)"},
                                           Case{"subtasks", &Limits::subtasks, 0, "subtasks in one Store (component::Limits::subtasks)"},
                                           Case{"threads", &Limits::threads, 1, "threads in one component instance (component::Limits::threads)"}),
                         [](const auto& c) { return std::string(c.param.function); });

TEST(Limits, what_was_dropped_gives_its_place_back) {
    Made m;
    Limits l;
    l.waitable_sets = l.streams = 3;
    set_limits(m.world.store, l);
    EXPECT_EQ(m.call("sets-dropped", 100), "nothing");
    EXPECT_EQ(m.call("streams-dropped", 100), "nothing");
}

TEST(Limits, what_trapped_gives_its_places_back) {
    World w;
    std::vector<Deferred> waiting;
    import_wait(w.imports, waiting);
    Limits l;
    l.streams = l.waitable_sets = l.subtasks = 5;
    set_limits(w.store, l);
    for (const char* f : {"streams", "sets", "subtasks"}) {
        ComponentInstance first = w.make(maker), second = w.make(maker);
        EXPECT_NE(text_of(call(first, f, {Val::u32(6)})).find("limit reached"), std::string::npos) << f;
        EXPECT_EQ(text_of(call(second, f, {Val::u32(5)})), "nothing") << f;  // of one kind each, so those of before do not count
    }
}

// The host starts calls that wait; the instance outlives the call that was one too many.
TEST(Limits, tasks_are_counted_from_their_start_to_their_end) {
    World w;
    std::vector<Deferred> waiting;
    import_wait(w.imports, waiting);
    ComponentInstance i = w.make(waiter);
    Limits l;
    l.tasks = 3;
    set_limits(w.store, l);
    ComponentFunc f = *i.find_func("f");
    std::vector<ComponentCall> calls;
    for (int n = 0; n < 3; ++n) calls.push_back(f.start({}).value());
    EXPECT_EQ(waiting.size(), 3u);
    std::string said = text_of(f.start({}).value().result());
    EXPECT_NE(said.find("limit reached: 3 tasks in one Store (component::Limits::tasks)"), std::string::npos) << said;
    EXPECT_TRUE(is_limit(component_trap(w.store)));
    EXPECT_EQ(waiting.size(), 3u);

    waiting[0].resolve();
    EXPECT_EQ(text_of(calls[0].wait()), "nothing");
    calls.push_back(f.start({}).value());
    EXPECT_EQ(waiting.size(), 4u);
    l.tasks = 4;
    set_limits(w.store, l);
    calls.push_back(f.start({}).value());
    EXPECT_EQ(waiting.size(), 5u);
    for (std::size_t n = 1; n < 5; ++n) waiting[n].resolve();
    for (std::size_t n = 1; n < 5; ++n) EXPECT_EQ(text_of(calls[n].wait()), "nothing");
}

TEST(Limits, streams_of_the_host_count_when_a_guest_gets_them) {
    Made m;
    Limits l;
    l.streams = 2;
    set_limits(m.world.store, l);
    auto stream = [&] {
        return make_stream(m.world.store, [](u32) { return std::optional<Val>(); });
    };
    HostStream first = stream(), second = stream();
    EXPECT_EQ(text_of(call(*m.instance, "take", {first.readable})), "nothing");
    EXPECT_EQ(text_of(call(*m.instance, "take", {second.readable})), "nothing");
    HostStream third = stream();
    EXPECT_NE(text_of(call(*m.instance, "take", {third.readable})).find("limit reached: 2 streams"), std::string::npos);
}

// ---- bytes ----------------------------------------------------------------------------------------------------------------------------

TEST(Limits, error_contexts_and_handle_tables_share_one_budget) {
    Made probe;
    u64 before = host_budget(probe.world.store)->used();
    EXPECT_EQ(probe.call("errors", 10), "nothing");
    u64 needed = host_budget(probe.world.store)->used() - before;
    EXPECT_GE(needed, 10'000u);
    for (int off : {-1, 0, 1}) {
        Made m;
        Limits l;
        l.host_bytes = host_budget(m.world.store)->used() + needed + u64(i64(off));
        set_limits(m.world.store, l);
        std::string said = m.call("errors", 10);
        bool refused = said.find("bytes held by the host for the guests of one Store (component::Limits::host_bytes)") != std::string::npos;
        EXPECT_TRUE(off >= 0 ? said == "nothing" : refused) << off << ": " << said;
    }
}

TEST(Limits, handles_cost_host_bytes) {
    Made m;
    Limits l;
    l.host_bytes = 10'000;
    set_limits(m.world.store, l);
    std::string said = m.call("resources", 10'000);
    EXPECT_NE(said.find("limit reached: 10000 bytes held by the host"), std::string::npos) << said;
}

TEST(Limits, what_dies_gives_its_bytes_back) {
    Made m;
    Limits l;
    l.host_bytes = 20'000;
    set_limits(m.world.store, l);
    EXPECT_NE(m.call("errors", 100).find("limit reached"), std::string::npos);
    EXPECT_EQ(host_budget(m.world.store)->used(), 0u);
}

TEST(Limits, a_budget_may_shrink_below_what_is_used) {
    Budget b(100);
    EXPECT_TRUE(b.take(100));
    EXPECT_FALSE(b.take(1));
    b.set_limit(50);
    EXPECT_FALSE(b.take(1));
    b.give(60);
    EXPECT_TRUE(b.take(10));
    EXPECT_FALSE(b.take(1));
    EXPECT_EQ(b.used(), 50u);
}

TEST(Limits, bytes_copied_in_one_call) {
    for (u32 n : {999u, 1000u, 1001u}) {
        World w;
        Limits l;
        l.host_copy_bytes = 1000;
        set_limits(w.store, l);
        std::string heard;
        w.imports.root().func("hear", [&](std::string s) { heard = s; });
        ComponentInstance i = w.make("(component " + memory_module + R"(
          (import "hear" (func $hear (param "s" string)))
          (canon lower (func $hear) (memory (core memory $memory "mem")) (core func $hear'))
          (core module $m
            (import "" "hear" (func $hear (param i32 i32)))
            (func (export "say") (param i32) (call $hear (i32.const 0) (local.get 0))))
          (core instance $i (instantiate $m (with "" (instance (export "hear" (func $hear'))))))
          (func (export "say") (param "n" u32) (canon lift (core func $i "say"))))" ")");
        std::string said = text_of(call(i, "say", {Val::u32(n)}));
        bool refused = said.find("limit reached: 1000 bytes copied between a guest and the host in one call (component::Limits::host_copy_bytes)") != std::string::npos;
        EXPECT_TRUE(n <= 1000 ? said == "nothing" : refused) << n << ": " << said;
        EXPECT_EQ(heard.size(), n <= 1000 ? n : 0);
    }
}

TEST(Limits, can_be_asked_for) {
    World w;
    EXPECT_EQ(limits(w.store).tasks, 4096u);
    Limits l;
    l.tasks = 7;
    l.host_bytes = 1000;
    set_limits(w.store, l);
    EXPECT_EQ(limits(w.store).tasks, 7u);
    EXPECT_EQ(host_budget(w.store)->limit(), 1000u);
}

TEST(Limits, traps_of_other_kinds_are_no_limits) {
    World w;
    ComponentInstance i = w.make(R"((component
      (core module $m (func (export "f") unreachable))
      (core instance $i (instantiate $m))
      (func (export "f") (canon lift (core func $i "f")))))");
    EXPECT_FALSE(call(i, "f"));
    EXPECT_FALSE(is_limit(component_trap(w.store)));
}

}  // namespace
}  // namespace heddle::component::testing
