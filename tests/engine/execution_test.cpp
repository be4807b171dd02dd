#include <atomic>
#include <thread>

#include <heddle/passage.hpp>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;
using State = Execution::State;

struct ExecutionTest : testing::Test {
    Engine engine;
    Store store{engine};
    Linker linker{engine};

    void raw(const char* name, FuncType type, RawHostFunction f, void* data = nullptr) {
        linker.raw("h", name, std::move(type), f, std::shared_ptr<void>(data, [](void*) {}));
    }
};

const FuncType i_i{{i32_type}, {i32_type}};

// Counts what lives on a guest stack.
struct Counted {
    static inline int alive = 0;
    Counted() { ++alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }
};

// ---- calls through a host frame

struct AddTen final : HostFrame {
    Counted counted;
    Host next(Caller& c, Exit how) override {
        if (how == Exit::threw) return c.raise(c.exception());
        c.slots()[0] = Slot{u32(c.call_results()[0].as<i32>() + 10)};
        return Host::done;
    }
};

constexpr const char* calls_back = R"((module (import "h" "via" (func $via (param i32) (result i32)))
    (func $double (export "double") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then unreachable))
      (i32.mul (local.get 0) (i32.const 2)))
    (func (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $via (local.get 0))))
    (func (export "deep") (param i32) (result i32)
      (if (result i32) (i32.le_s (local.get 0) (i32.const 1)) (then (i32.const 1)) (else (call $via (i32.sub (local.get 0) (i32.const 1))))))))";

Host call_double(Caller& c, void*) {
    c.frame<AddTen>();
    return c.call(*c.instance().find_func("double"), c.slots());
}

TEST_F(ExecutionTest, a_native_function_calls_a_guest_on_the_same_stack) {
    raw("via", i_i, call_double);
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(call<i32>(in, "f", 5), 21);
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, without_a_host_frame_the_called_functions_results_are_the_callers) {
    raw("via", i_i, [](Caller& c, void*) { return c.call(*c.instance().find_func("double"), c.slots()); });
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(call<i32>(in, "f", 5), 11);
}

TEST_F(ExecutionTest, native_depth_does_not_grow_with_calls_through_host_frames) {
    static std::uintptr_t lowest, highest;
    lowest = ~std::uintptr_t(0);
    highest = 0;
    raw("via", i_i, [](Caller& c, void*) {
        auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
        lowest = std::min(lowest, here);
        highest = std::max(highest, here);
        EXPECT_EQ(c.store().nested_runs(), 1u);
        c.frame<AddTen>();
        return c.call(*c.instance().find_func("deep"), c.slots());
    });
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(call<i32>(in, "deep", 1000), 9991);
    EXPECT_EQ(highest - lowest, 0u);
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, endless_calls_through_host_frames_exhaust_the_stack) {
    raw("via", i_i, [](Caller& c, void*) {
        c.frame<AddTen>();
        return c.call(*c.instance().find_func("f"), c.slots());
    });
    Instance in = load(store, calls_back, linker);
    EXPECT_CONTAINS(trap_of<i32>(in, "f", 1), "call stack exhausted");
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, host_frames_die_top_first_when_the_guest_traps) {
    static std::vector<int> died;
    struct Numbered final : HostFrame {
        int number;
        explicit Numbered(int n) : number(n) {}
        ~Numbered() override { died.push_back(number); }
        Host next(Caller&, Exit) override { return Host::done; }
    };
    died.clear();
    raw("via", i_i, [](Caller& c, void*) {
        i32 n = c.slots()[0].as<i32>();
        c.frame<Numbered>(n);
        return c.call(*c.instance().find_func(n == 1 ? "double" : "deep"), std::vector{Slot{u64(n == 1 ? 0 : n)}});
    });
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(trap_of<i32>(in, "deep", 4), "unreachable");
    EXPECT_EQ(died, (std::vector{1, 2, 3}));
    EXPECT_EQ(store.trap().backtrace.size(), 4u);
}

TEST_F(ExecutionTest, a_host_frame_calls_again_and_again) {
    struct Loop final : HostFrame {
        i32 left = 3, sum = 0;
        Host next(Caller& c, Exit) override {
            sum += c.call_results()[0].as<i32>();
            if (left-- > 0) return c.call(*c.instance().find_func("double"), c.call_results());
            c.slots()[0] = Slot{u32(sum)};
            return Host::done;
        }
    };
    raw("via", i_i, [](Caller& c, void*) {
        c.frame<Loop>();
        return c.call(*c.instance().find_func("double"), c.slots());
    });
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(call<i32>(in, "f", 1), 1 + 2 + 4 + 8 + 16);
}

// ---- waiting

struct Answer final : HostFrame {
    Counted counted;
    Host next(Caller& c, Exit how) override {
        c.slots()[0] = Slot{how == Exit::blocked ? 1000u : 2000u};
        return Host::done;
    }
};

constexpr const char* waits = R"((module (import "h" "wait" (func $wait (param i32) (result i32)))
    (global $n (mut i32) (i32.const 0))
    (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (call $wait (i32.const 7))))
    (func (export "other") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
    (func $s (export "s") (drop (call $wait (i32.const 0))))))";

Host say_block(Caller& c, void*) {
    c.frame<Answer>();
    return c.block();
}
Host say_park(Caller& c, void*) {
    c.frame<Answer>();
    return c.park();
}

TEST_F(ExecutionTest, an_execution_blocks_and_goes_on_while_others_run) {
    raw("wait", i_i, say_block);
    Instance in = load(store, waits, linker);
    Slot a{1}, b{2};
    Execution first(store), second(store);
    ASSERT_EQ(first.begin(func(in, "f"), {&a, 1}), State::ready);
    ASSERT_EQ(second.begin(func(in, "f"), {&b, 1}), State::ready);
    EXPECT_EQ(first.run(), Exit::blocked);
    EXPECT_EQ(second.run(), Exit::blocked);
    EXPECT_EQ(first.state(), State::blocked);
    EXPECT_EQ(Counted::alive, 2);
    EXPECT_EQ(call<i32>(in, "other"), 1);
    EXPECT_EQ(second.run(), Exit::returned);
    EXPECT_EQ(second.results()[0].as<i32>(), 1002);
    EXPECT_EQ(first.run(), Exit::returned);
    EXPECT_EQ(first.results()[0].as<i32>(), 1001);
    EXPECT_EQ(first.state(), State::idle);
    EXPECT_EQ(Counted::alive, 0);
    ASSERT_EQ(first.begin(func(in, "other"), {}), State::ready);
    EXPECT_EQ(first.run(), Exit::returned);
    EXPECT_EQ(first.results()[0].as<i32>(), 2);
}

TEST_F(ExecutionTest, a_parked_store_refuses_other_calls) {
    raw("wait", i_i, say_park);
    Instance in = load(store, waits, linker);
    Slot a{1};
    Execution e(store), other(store);
    e.begin(func(in, "f"), {&a, 1});
    EXPECT_EQ(e.run(), Exit::parked);
    EXPECT_TRUE(store.parked());
    auto refused = try_call<i32>(in, "other");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::usage);
    EXPECT_CONTAINS(refused.error().message, "busy");
    other.begin(func(in, "other"), {});
    EXPECT_EQ(other.run(), Exit::trapped);
    EXPECT_EQ(other.state(), State::ready);
    EXPECT_EQ(e.run(), Exit::returned);
    EXPECT_EQ(e.results()[0].as<i32>(), 2001);
    EXPECT_FALSE(store.parked());
    EXPECT_EQ(other.run(), Exit::returned);
}

TEST_F(ExecutionTest, a_parked_execution_may_be_abandoned_or_dropped) {
    raw("wait", i_i, say_park);
    Instance in = load(store, waits, linker);
    Slot a{1};
    {
        Execution e(store);
        e.begin(func(in, "f"), {&a, 1});
        e.run();
        EXPECT_EQ(Counted::alive, 1);
        e.abandon();
        EXPECT_EQ(e.state(), State::dead);
        EXPECT_EQ(Counted::alive, 0);
        EXPECT_FALSE(store.parked());
        e.reset();
        e.begin(func(in, "f"), {&a, 1});
        e.run();
        EXPECT_EQ(Counted::alive, 1);
    }
    EXPECT_EQ(Counted::alive, 0);
    EXPECT_EQ(call<i32>(in, "other"), 1);
}

TEST_F(ExecutionTest, a_parked_execution_goes_on_in_another_thread) {
    raw("wait", i_i, say_park);
    Instance in = load(store, waits, linker);
    Slot a{1};
    Execution e(store);
    e.begin(func(in, "f"), {&a, 1});
    std::thread([&] { EXPECT_EQ(e.run(), Exit::parked); }).join();
    std::thread([&] { EXPECT_EQ(e.run(), Exit::returned); }).join();
    EXPECT_EQ(e.results()[0].as<i32>(), 2001);
}

TEST_F(ExecutionTest, a_plain_call_waits_as_the_store_says) {
    raw("wait", i_i, say_park);
    Instance in = load(store, waits, linker);
    EXPECT_EQ(trap_of<i32>(in, "f", 1), "the guest must wait, and nothing was set up to wait with");
    EXPECT_EQ(Counted::alive, 0);
    int waited = 0;
    store.on_park([&](Store& s) {
        EXPECT_TRUE(s.parked());
        EXPECT_CONTAINS(error_of(try_call<i32>(in, "other")), "busy");
        return ++waited < 3;
    });
    EXPECT_EQ(call<i32>(in, "f", 1), 2001);
    EXPECT_EQ(call<i32>(in, "f", 2), 2002);
    EXPECT_EQ(waited, 2);
    EXPECT_CONTAINS(trap_of<i32>(in, "f", 1), "must wait");
    EXPECT_FALSE(store.parked());
}

TEST_F(ExecutionTest, a_start_function_may_wait) {
    raw("wait", i_i, say_park);
    store.on_park([](Store&) { return true; });
    Instance in = load(store, std::string(waits).insert(std::string(waits).rfind(')'), "(start $s)"), linker);
    EXPECT_EQ(call<i32>(in, "other"), 1);
}

TEST_F(ExecutionTest, waiting_without_a_host_frame_goes_on_with_what_is_in_the_slots) {
    raw("wait", i_i, [](Caller& c, void*) {
        c.slots()[0] = Slot{5};
        return c.block();
    });
    Instance in = load(store, waits, linker);
    Slot a{1};
    Execution e(store);
    e.begin(func(in, "f"), {&a, 1});
    EXPECT_EQ(e.run(), Exit::blocked);
    EXPECT_EQ(e.run(), Exit::returned);
    EXPECT_EQ(e.results()[0].as<i32>(), 6);
}

TEST_F(ExecutionTest, a_native_function_called_directly_may_wait) {
    Func wait = Func::create(store, i_i, say_block, nullptr);
    Slot a{1};
    Execution e(store);
    e.begin(wait, {&a, 1});
    EXPECT_EQ(e.run(), Exit::blocked);
    EXPECT_EQ(e.run(), Exit::returned);
    EXPECT_EQ(e.results()[0].as<i32>(), 1000);
}

// ---- failing

TEST_F(ExecutionTest, a_native_function_traps_with_its_own_words) {
    raw("wait", i_i, [](Caller& c, void*) { return c.fail("no such thing"); });
    Instance in = load(store, waits, linker);
    EXPECT_EQ(trap_of<i32>(in, "f", 1), "host trap: no such thing");
    EXPECT_EQ(store.trap().code, TrapCode::host);
    EXPECT_EQ(store.trap().backtrace.size(), 1u);
}

TEST_F(ExecutionTest, a_program_exits_with_its_code) {
    raw("wait", i_i, [](Caller& c, void*) { return c.exit(3); });
    Instance in = load(store, waits, linker);
    EXPECT_EQ(trap_of<i32>(in, "f", 1), "program exited: 3");
    EXPECT_EQ(store.trap().code, TrapCode::exited);
    EXPECT_EQ(store.trap().exit_code, 3);
}

TEST_F(ExecutionTest, a_thrown_exception_of_the_host_language_is_a_trap) {
    linker.func("h", "wait", [](i32) -> i32 { throw std::runtime_error("disk full"); });
    Instance in = load(store, waits, linker);
    EXPECT_EQ(trap_of<i32>(in, "f", 1), "host function failed: disk full");
}

TEST_F(ExecutionTest, a_trap_that_was_prepared_but_not_said_does_not_count) {
    raw("wait", i_i, [](Caller& c, void*) { return (void)c.fail("not meant"), Host::done; });
    Instance in = load(store, R"((module (import "h" "wait" (func $wait (param i32) (result i32)))
        (func (export "f") (drop (call $wait (i32.const 1))) unreachable)))",
                       linker);
    EXPECT_EQ(trap_of<void>(in, "f"), "unreachable");
}

// ---- guest exceptions

constexpr const char* throws = R"((module (import "h" "via" (func $via (param i32) (result i32)))
    (tag $e (export "e") (param i32))
    (func (export "double") (param i32) (result i32) (throw $e (local.get 0)))
    (func (export "f") (param i32) (result i32)
      (block $caught (result i32)
        (try_table (result i32) (catch $e $caught) (call $via (local.get 0))))))
    )";

TEST_F(ExecutionTest, an_uncaught_exception_leaves_the_call) {
    raw("via", i_i, call_double);
    Instance in = load(store, throws, linker);
    EXPECT_EQ(trap_of<i32>(in, "double", 5), "uncaught exception");
    Slot a{5};
    Execution e(store);
    e.begin(func(in, "double"), {&a, 1});
    EXPECT_EQ(e.run(), Exit::threw);
    EXPECT_NE(e.exception().object, nullptr);
    EXPECT_EQ(e.state(), State::dead);
}

TEST_F(ExecutionTest, a_host_frame_sees_an_exception_and_passes_it_on) {
    raw("via", i_i, call_double);
    Instance in = load(store, throws, linker);
    EXPECT_EQ(call<i32>(in, "f", 5), 5);
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, a_host_frame_swallows_an_exception) {
    struct Swallow final : HostFrame {
        Host next(Caller& c, Exit how) override {
            c.slots()[0] = Slot{how == Exit::threw ? 123u : 0u};
            return Host::done;
        }
    };
    raw("via", i_i, [](Caller& c, void*) {
        c.frame<Swallow>();
        return c.call(*c.instance().find_func("double"), c.slots());
    });
    Instance in = load(store, throws, linker);
    EXPECT_EQ(call<i32>(in, "f", 5), 123);
}

TEST_F(ExecutionTest, exceptions_that_nobody_holds_are_collected) {
    Config config;
    config.max_heap_bytes = u64(4) << 20;
    Engine small(config);
    Store s(small);
    Instance in = load(s, R"((module (tag $e (param i32)) (global $kept (mut exnref) (ref.null exn))
        (func $throw (param i32) (throw $e (local.get 0)))
        (func $catch (param i32) (result i32 exnref)
          (block $c (result i32 exnref) (try_table (catch_ref $e $c) (call $throw (local.get 0))) unreachable))
        (func (export "many") (param i32) (result i32) (local $x exnref)
          (call $catch (i32.const 77)) (global.set $kept) (drop)
          (loop $l
            (call $catch (local.get 0)) (local.set $x) (drop)
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (block $c (result i32) (try_table (catch $e $c) (throw_ref (global.get $kept))) unreachable))))");
    EXPECT_EQ(call<i32>(in, "many", 200'000), 77);
}

// ---- nesting and the leaf

struct Recursion {
    Func f;
    size_t deepest = 0;
};

TEST_F(ExecutionTest, an_embedders_function_calls_guests_natively_up_to_the_limit) {
    Recursion r;
    raw(
        "via", i_i,
        [](Caller& c, void* data) {
            auto& rec = *static_cast<Recursion*>(data);
            rec.deepest = std::max(rec.deepest, c.store().nested_runs());
            Slot s = c.slots()[0];
            if (rec.f.call_raw(c.store(), {&s, 1}) != Exit::returned) return c.fail(c.store().trap());
            c.slots()[0] = s;
            return Host::done;
        },
        &r);
    Instance in = load(store, calls_back, linker);
    r.f = func(in, "deep");
    EXPECT_EQ(call<i32>(in, "deep", 100), 1);
    EXPECT_EQ(r.deepest, 99u);
    EXPECT_EQ(call<i32>(in, "deep", 128), 1);
    EXPECT_EQ(trap_of<i32>(in, "deep", 129), "too many nested host calls: 128 (Config::max_nested_runs)");
    EXPECT_EQ(store.nested_runs(), 0u);
    EXPECT_EQ(call<i32>(in, "deep", 10), 1);
}

Host leaf_double(Caller& c, void*) {
    Slot result;
    if (c.leaf(*c.instance().find_func("double"), c.slots(), {&result, 1}) != Exit::returned) return c.fail(c.store().trap());
    c.slots()[0] = result;
    return Host::done;
}

TEST_F(ExecutionTest, a_leaf_runs_natively_nested_on_its_own_stack) {
    raw("via", i_i, leaf_double);
    Instance in = load(store, calls_back, linker);
    EXPECT_EQ(call<i32>(in, "f", 5), 11);
    EXPECT_EQ(call<i32>(in, "f", 6), 13);
    EXPECT_EQ(trap_of<i32>(in, "f", 0), "unreachable");
    EXPECT_EQ(call<i32>(in, "f", 7), 15);
}

TEST_F(ExecutionTest, a_leaf_must_not_wait_and_not_nest) {
    linker.raw("h", "via", i_i, leaf_double, nullptr);
    raw("wait", i_i, say_block);
    raw("park", i_i, say_park);
    auto body = [](const char* import) {
        return std::string(R"((module (import "h" "via" (func $via (param i32) (result i32))) (import "h" ")") + import +
               R"(" (func $w (param i32) (result i32))) (func (export "double") (param i32) (result i32) (call $w (local.get 0)))
               (func (export "f") (param i32) (result i32) (call $via (local.get 0)))))";
    };
    EXPECT_CONTAINS(trap_of<i32>(load(store, body("wait"), linker), "f", 1), "Caller::leaf cannot wait");
    EXPECT_CONTAINS(trap_of<i32>(load(store, body("park"), linker), "f", 1), "Caller::leaf cannot wait");
    EXPECT_CONTAINS(trap_of<i32>(load(store, body("via"), linker), "f", 1), "cannot make another such call");
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, a_leaf_runs_where_no_guest_does) {
    raw("via", i_i, leaf_double);
    Instance in = load(store, calls_back, linker);
    Slot arg{u32(21)}, result;
    EXPECT_EQ(call_leaf(store, func(in, "double"), {&arg, 1}, {&result, 1}), Exit::returned);
    EXPECT_EQ(result.as<i32>(), 42);
    arg = Slot{u32(0)};
    EXPECT_EQ(call_leaf(store, func(in, "double"), {&arg, 1}, {&result, 1}), Exit::trapped);
    EXPECT_EQ(store.trap().message(), "unreachable");
}

// ---- begin() and run() in one

TEST_F(ExecutionTest, an_execution_calls_in_one_and_gives_the_results_where_the_arguments_lay) {
    raw("via", i_i, call_double);
    Instance in = load(store, calls_back, linker);
    for (bool kept : {false, true}) {
        Execution e(store);
        e.keep_stack(kept);
        for (u32 n = 1; n < 4; ++n) {
            Slot slot{n};
            EXPECT_EQ(call_on(e, func(in, "f"), &slot), Exit::returned);
            EXPECT_EQ(slot.as<u32>(), 2 * n + 11);
            EXPECT_EQ(e.state(), State::idle);
        }
        Slot zero{u32(0)};
        EXPECT_EQ(call_on(e, func(in, "f"), &zero), Exit::trapped);
        EXPECT_EQ(e.trap().message(), "unreachable");
        EXPECT_EQ(e.state(), State::dead);
        e.reset();
        Slot five{u32(5)};
        EXPECT_EQ(call_on(e, func(in, "f"), &five), Exit::returned);
        EXPECT_EQ(five.as<u32>(), 21u);
    }
    EXPECT_EQ(Counted::alive, 0);
}

TEST_F(ExecutionTest, an_execution_that_waits_in_a_call_in_one_goes_on_in_run) {
    raw("via", i_i, say_block);
    Instance in = load(store, calls_back, linker);
    Execution e(store);
    Slot slot{u32(5)};
    EXPECT_EQ(call_on(e, func(in, "f"), &slot), Exit::blocked);
    EXPECT_EQ(e.run(), Exit::returned);
    EXPECT_EQ(e.results()[0].as<u32>(), 1001u);
}

// ---- interrupts and fuel

constexpr const char* spins = R"((module (func (export "spin") (loop $l (br $l)))
    (func $tail (export "tail") (return_call $tail))
    (func (export "count") (param i32) (result i32) (local i32)
      (loop $l (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $l (i32.lt_u (local.get 1) (local.get 0)))) (local.get 1))))";

void expect_interrupted(Store& store, const Instance& in, const char* name) {
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        store.interrupt();
    });
    EXPECT_EQ(trap_of<void>(in, name), "interrupted") << name;
    other.join();
}

TEST_F(ExecutionTest, another_thread_interrupts_endless_loops_and_tail_calls) {
    Instance in = load(store, spins);
    for (const char* name : {"spin", "tail"}) expect_interrupted(store, in, name);
    EXPECT_EQ(call<i32>(in, "count", 10), 10);
}

TEST_F(ExecutionTest, an_interrupt_before_the_call_is_seen_by_it) {
    Instance in = load(store, spins);
    store.interrupt();
    EXPECT_EQ(trap_of<void>(in, "spin"), "interrupted");
}

TEST_F(ExecutionTest, the_store_is_asked_and_may_let_the_guest_go_on) {
    Instance in = load(store, spins);
    int asked = 0;
    store.on_interrupt([&](Caller& c) {
        if (++asked == 3) return c.fail("enough");
        c.store().interrupt();
        return Host::done;
    });
    store.interrupt();
    EXPECT_EQ(trap_of<void>(in, "spin"), "host trap: enough");
    EXPECT_EQ(asked, 3);
}

TEST_F(ExecutionTest, a_slice_ends_by_parking_and_the_guest_goes_on_where_it_was) {
    Instance in = load(store, spins);
    store.on_interrupt([](Caller& c) { return c.park(); });
    Slot n{1000};
    Execution e(store);
    e.begin(func(in, "count"), {&n, 1});
    int slices = 0;
    Exit how = Exit::parked;
    while (how == Exit::parked && slices < 100) {
        store.interrupt();
        how = e.run();
        ++slices;
    }
    store.on_interrupt([](Caller&) { return Host::done; });
    while (how == Exit::parked) how = e.run();
    EXPECT_EQ(how, Exit::returned);
    EXPECT_EQ(slices, 100);
    EXPECT_EQ(e.results()[0].as<i32>(), 1000);
}

TEST_F(ExecutionTest, interrupts_from_many_threads_are_not_lost) {
    Instance in = load(store, spins);
    std::atomic<int> asked = 0;
    std::atomic<bool> stop = false;
    store.on_interrupt([&](Caller& c) { return ++asked >= 1000 ? c.fail("enough") : Host::done; });
    auto work = [&] {
        while (!stop) store.interrupt();
    };
    std::thread a(work), b(work);
    EXPECT_EQ(trap_of<void>(in, "spin"), "host trap: enough");
    stop = true;
    a.join(), b.join();
}

TEST_F(ExecutionTest, fuel_ends_a_computation) {
    Config config;
    config.metering = true;
    Engine metered(config);
    Store s(metered);
    Instance in = load(s, spins);
    s.set_fuel(10'000);
    EXPECT_EQ(call<i32>(in, "count", 100), 100);
    u64 left = s.fuel();
    EXPECT_LT(left, 10'000u);
    EXPECT_EQ(call<i32>(in, "count", 100), 100);
    EXPECT_EQ(left - s.fuel(), 10'000 - left);
    EXPECT_CONTAINS(trap_of<void>(in, "spin"), "all fuel consumed");
    EXPECT_EQ(s.fuel(), 0u);
    s.set_fuel(10'000);
    EXPECT_EQ(call<i32>(in, "count", 100), 100);
}

TEST_F(ExecutionTest, values_outlive_a_slice_that_ends_in_a_bulk_operation) {
    Config config;
    config.metering = true;
    Engine metered(config);
    Store s(metered);
    Instance in = load(s, R"((module (memory 1)
        (func (export "f") (param $x f64) (param $n i32) (result f64)
          (f64.mul (local.get $x) (local.get $x))
          (i32x4.splat (local.get $n))
          (memory.fill (i32.const 0) (i32.const 1) (local.get $n))
          (f64.convert_i32_s (i32x4.extract_lane 2))
          f64.add)))");
    s.set_fuel(100'000);
    s.set_slice(100);
    int parked = 0;
    s.on_park([&](Store&) { return ++parked != 0; });
    EXPECT_EQ(call<f64>(in, "f", 3.0, 60'000), 60'009.0);
    EXPECT_GT(parked, 0);
}

TEST_F(ExecutionTest, metered_loops_see_an_interrupt_between_two_portions_of_fuel) {
    Config config;
    config.metering = true;
    Engine metered(config);
    Store s(metered);
    Instance in = load(s, spins);
    s.set_fuel(u64(INT64_MAX));
    for (const char* name : {"spin", "tail"}) expect_interrupted(s, in, name);
    u64 before = s.fuel();
    EXPECT_EQ(call<i32>(in, "count", 1'000'000), 1'000'000);
    EXPECT_NEAR(double(before - s.fuel()), 9'000'003., 1.) << "many portions";
}

TEST_F(ExecutionTest, what_costs_more_than_a_portion_or_a_slice_is_paid_in_full) {
    Config config;
    config.metering = true;
    Engine metered(config);
    for (u64 slice : {0u, 1000u}) {
        Store s(metered);
        Instance in = load(s, R"((module (memory 1000) (func (export "fill") (param i32)
          (memory.fill (i32.const 0) (i32.const 1) (local.get 0)))))");
        s.set_fuel(2'000'000);
        s.set_slice(slice);
        s.on_park([](Store&) { return true; });
        call<void>(in, "fill", 64'000'000);
        EXPECT_NEAR(double(s.fuel()), 1'000'000., 10.);
        EXPECT_CONTAINS(trap_of<void>(in, "fill", 65'000'000), "all fuel consumed");
        EXPECT_EQ(s.fuel(), 0u);
    }
}

// Ways to a loop's and a function's first cell other than their own back edges and plain calls.
TEST_F(ExecutionTest, a_turn_and_a_call_cost_the_same_by_any_way) {
    Config config;
    config.metering = true;
    Engine metered(config);
    Store s(metered);
    Instance in = load(s, R"((module
      (type $t (func)) (tag $e) (table funcref (elem $f))
      (func $f (nop) (nop) (nop))
      (func (export "call") (call $f)) (func (export "indirect") (call_indirect (type $t) (i32.const 0)))
      (func (export "tail") (return_call $f))
      (func (export "by_branch") (param i32) (loop $l (nop) (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
      (func (export "by_table") (param i32) (loop $l (nop) (block
          (br_table $l 0 (i32.eqz (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))
      (func (export "by_catch") (param i32) (loop $l
          (if (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (then (try_table (catch $e $l) (throw $e))))))))");
    auto cost = [&](const char* name, auto... arguments) {
        s.set_fuel(1'000'000);
        call<void>(in, name, arguments...);
        return 1'000'000 - s.fuel();
    };
    EXPECT_EQ(cost("call"), cost("indirect") - 1);  // the constant
    EXPECT_EQ(cost("call"), cost("tail"));
    for (const char* name : {"by_branch", "by_table", "by_catch"}) {
        u64 turn = cost(name, 2) - cost(name, 1);
        EXPECT_GE(turn, 5u) << name;
        EXPECT_EQ(cost(name, 101) - cost(name, 1), 100 * turn) << name;
    }
}

TEST_F(ExecutionTest, slices_of_fuel_park_the_guest) {
    Config config;
    config.metering = true;
    Engine metered(config);
    Store s(metered);
    Instance in = load(s, spins);
    s.set_fuel(100'000);
    s.set_slice(1'000);
    int parked = 0;
    s.on_park([&](Store&) { return ++parked != 0; });
    EXPECT_EQ(call<i32>(in, "count", 1000), 1000);
    u64 used = 100'000 - s.fuel();
    EXPECT_NEAR(parked, int(used / 1'000), 1);
    EXPECT_GT(parked, 1);
    EXPECT_CONTAINS(trap_of<void>(in, "spin"), "all fuel consumed");
    EXPECT_NEAR(parked, 100, 2);
    EXPECT_EQ(s.fuel(), 0u);
    s.set_slice(0);
    s.set_fuel(100'000);
    EXPECT_EQ(call<i32>(in, "count", 1000), 1000);
    EXPECT_EQ(s.fuel(), 100'000 - used);
}

// ---- domains

TEST_F(ExecutionTest, a_trap_kills_the_domain_and_nothing_else) {
    raw("wait", i_i, say_block);
    Instance a = load(store, waits, linker), b = load(store, waits, linker), outside = load(store, waits, linker);
    Instance trapping = load(store, "(module (func (export \"t\") unreachable))");
    Domain domain(store);
    a.set_domain(domain);
    b.set_domain(domain);
    trapping.set_domain(domain);
    Slot n{1};
    Execution inside(store), other(store);
    inside.begin(func(a, "f"), {&n, 1});
    other.begin(func(outside, "f"), {&n, 1});
    EXPECT_EQ(inside.run(), Exit::blocked);
    EXPECT_EQ(other.run(), Exit::blocked);
    EXPECT_FALSE(domain.dead());
    EXPECT_EQ(trap_of<void>(trapping, "t"), "unreachable");
    EXPECT_TRUE(domain.dead());
    EXPECT_EQ(domain.why().code, TrapCode::unreachable);
    EXPECT_EQ(inside.state(), State::dead);
    EXPECT_EQ(inside.trap().code, TrapCode::unreachable);
    EXPECT_CONTAINS(trap_of<i32>(b, "other"), "cannot enter instance after a trap: unreachable");
    EXPECT_EQ(other.run(), Exit::returned);
    EXPECT_EQ(call<i32>(outside, "other"), 1);
    inside.reset();
    EXPECT_EQ(inside.begin(func(b, "f"), {&n, 1}), State::dead);
}

// ---- threads

TEST_F(ExecutionTest, many_stores_share_a_module) {
    Module m = module(engine, R"((module (func $fib (export "fib") (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))))");
    auto work = [&] {
        for (int i = 0; i < 20; ++i) {
            Store s(engine);
            EXPECT_EQ(call<i32>(value(instantiate(s, m, {})), "fib", 12), 144);
        }
    };
    std::thread a(work), b(work), c(work);
    a.join(), b.join(), c.join();
}

}  // namespace
}  // namespace heddle
