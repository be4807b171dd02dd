// Each limit at limit - 1, limit and limit + 1; what is said names the limit, its value and the option.
#include <heddle/refusals.hpp>

#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

Config with(auto change) {
    Config c;
    change(c);
    return c;
}

TEST(Limits, bytes_of_a_module) {
    std::vector<u8> bytes = wat("(module (func (export \"f\")))");
    auto load_with = [&](u64 limit) {
        Engine engine(with([&](Config& c) { c.max_module_bytes = limit; }));
        return error_of(Module::load(engine, std::span<const u8>(bytes)));
    };
    EXPECT_EQ(load_with(bytes.size() + 1), "fine");
    EXPECT_EQ(load_with(bytes.size()), "fine");
    EXPECT_EQ(load_with(bytes.size() - 1), "limit: a module of " + std::to_string(bytes.size()) + " bytes is over the limit of " +
                                               std::to_string(bytes.size() - 1) + " bytes (Config::max_module_bytes)");
}

TEST(Limits, bytes_of_one_memory) {
    Engine engine(with([](Config& c) { c.max_memory_bytes = 3 * 65536; }));
    Store store(engine);
    EXPECT_EQ(error_of(try_load(store, "(module (memory 2))")), "fine");
    EXPECT_EQ(error_of(try_load(store, "(module (memory 3))")), "fine");
    EXPECT_CONTAINS(error_of(try_load(store, "(module (memory 4))")), "196608 bytes (Config::max_memory_bytes)");
    EXPECT_CONTAINS(error_of(try_load(store, "(module (memory i64 0x1000000000000))")), "Config::max_memory_bytes");
    Instance in = load(store, R"((module (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
    EXPECT_EQ(call<i32>(in, "grow"), 1);
    EXPECT_EQ(call<i32>(in, "grow"), 2);
    EXPECT_EQ(refused_memory(store), 0u);
    EXPECT_EQ(call<i32>(in, "grow"), -1);
    EXPECT_EQ(refused_memory(store), 1u);
    Instance own = load(store, R"((module (memory 1 1) (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
    EXPECT_EQ(call<i32>(own, "grow"), -1);
    EXPECT_EQ(refused_memory(store), 1u);  // a memory's own maximum is no limit of the host
}

TEST(Limits, bytes_of_all_memories) {
    Engine engine(with([](Config& c) { c.max_total_memory_bytes = 4 * 65536; }));
    Store store(engine);
    load(store, "(module (memory 3))");
    EXPECT_CONTAINS(error_of(try_load(store, "(module (memory 2))")), "262144 bytes for all memories (Config::max_total_memory_bytes)");
    Instance in = load(store, R"((module (memory (export "m") 0) (func (export "grow") (result i32) (memory.grow (i32.const 1)))))");
    EXPECT_EQ(call<i32>(in, "grow"), 0);
    EXPECT_EQ(store.memory_bytes(), 4u * 65536);
    EXPECT_EQ(call<i32>(in, "grow"), -1);
    EXPECT_CONTAINS(error_of(in.find_memory("m")->grow(1)), "Config::max_total_memory_bytes");
    Store other(engine);
    EXPECT_EQ(error_of(try_load(other, "(module (memory 4))")), "fine");
}

TEST(Limits, stacks_in_use) {
    Engine engine(with([](Config& c) { c.max_stacks = 3; }));
    Store store(engine);
    Instance in = load(store, "(module (func (export \"f\")))");
    Execution a(store), b(store), c(store), d(store);
    EXPECT_EQ(a.begin(func(in, "f"), {}), Execution::State::ready);
    EXPECT_EQ(b.begin(func(in, "f"), {}), Execution::State::ready);
    EXPECT_EQ(c.begin(func(in, "f"), {}), Execution::State::ready);
    EXPECT_EQ(d.begin(func(in, "f"), {}), Execution::State::dead);
    EXPECT_EQ(d.trap().message(), "no guest stack left: 3 in use (Config::max_stacks)");
    EXPECT_EQ(trap_of<void>(in, "f"), "no guest stack left: 3 in use (Config::max_stacks)");
    a.abandon();
    EXPECT_EQ(trap_of<void>(in, "f"), "returned");
    d.reset();
}

TEST(Limits, depth_of_calls_follows_the_stacks_size) {
    const char* text = R"((module (func $f (export "f") (param i32) (result i32)
        (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))))";
    auto deepest = [&](u64 bytes) {
        Engine engine(with([&](Config& c) { c.max_stack_bytes = bytes; }));
        Store store(engine);
        Instance in = load(store, text);
        i32 low = 0, high = 1 << 20;
        while (high - low > 1) {
            i32 middle = low + (high - low) / 2;
            auto r = try_call<i32>(in, "f", middle);
            if (r) EXPECT_EQ(*r, middle);
            else EXPECT_EQ(r.error().message, "call stack exhausted: " + std::to_string(bytes) + " bytes (Config::max_stack_bytes)");
            (r ? low : high) = middle;
        }
        return low;
    };
    i32 small = deepest(64 << 10), large = deepest(1 << 20);
    EXPECT_GT(small, 500);
    EXPECT_GT(large, 15 * small);
}

TEST(Limits, a_frame_larger_than_the_stack_is_refused) {
    Engine engine(with([](Config& c) { c.max_stack_bytes = 64 << 10; }));
    Store store(engine);
    std::string locals;
    for (int i = 0; i < 10'000; ++i) locals += "i64 ";
    Instance in = load(store, "(module (func $big (export \"f\") (local " + locals + ")) (func (export \"g\") call $big)" +
                                  "(func (export \"r\") return_call $big))");
    EXPECT_CONTAINS(trap_of<void>(in, "f"), "call stack exhausted");
    EXPECT_CONTAINS(trap_of<void>(in, "g"), "call stack exhausted");
    EXPECT_CONTAINS(trap_of<void>(in, "r"), "call stack exhausted");
}

// Stacks lie side by side: what one computation writes must stay below its end, whatever is called where it is nearly full.
TEST(Limits, nothing_is_written_behind_a_full_stack) {
    Engine engine(with([](Config& c) { c.max_stack_bytes = 64 << 10; }));
    Store store(engine);
    FuncType wide;
    wide.params.assign(700, i64_type);
    Linker linker(engine);
    linker.define("h", "wide",
                  Func::create(
                      store, wide,
                      [](Caller& c, void*) {
                          for (Slot& s : c.slots()) s.bits = ~u64(0);
                          struct Frame final : HostFrame {
                              std::byte filler[160] = {};
                              Host next(Caller&, Exit) override { return Host::done; }
                          };
                          c.frame<Frame>();
                          return Host::done;
                      },
                      nullptr));
    linker.func("h", "narrow", [] {});
    std::string locals, i64s, consts;
    for (int i = 0; i < 700; ++i) locals += " v128", i64s += " i64", consts += " (i64.const -1)";
    linker.instance("big", load(store, "(module (func (export \"f\") (local" + locals + ") (local.set 699 (v128.const i64x2 -1 -1))))"));
    Instance in =
        load(store,
             "(module (import \"h\" \"wide\" (func $wide (param" + i64s + "))) (import \"h\" \"narrow\" (func $narrow))" +
                 "(import \"big\" \"f\" (func $big)) (table funcref (elem $big $narrow $wide))" +
                 "(func $step (param $n i32) (if (local.get $n) (then (call $down (i32.sub (local.get $n) (i32.const 1))))))" +
                 "(func $down (param $n i32) (call $step (local.get $n)) (call $narrow))" +
                 "(func (export \"wide\") (param i32) (call $go_wide (local.get 0)))" +
                 "(func $go_wide (param i32) (if (local.get 0) (then (call $go_wide (i32.sub (local.get 0) (i32.const 1)))) (else (call $wide" +
                 consts + "))))" +
                 "(func $go_big (export \"big\") (param i32) (if (local.get 0) (then (call $go_big (i32.sub (local.get 0) (i32.const 1)))) (else "
                 "(call $big))))" +
                 "(func $go_table (export \"table\") (param i32) (if (local.get 0) (then (call $go_table (i32.sub (local.get 0) (i32.const 1)))) "
                 "(else (call_indirect (i32.const 0)))))" +
                 "(func $go_tail (export \"tail\") (param i32) (if (local.get 0) (then (call $go_tail (i32.sub (local.get 0) (i32.const 1)))) (else "
                 "(return_call $big))))" +
                 "(func (export \"narrow\") (param i32) (call $down (local.get 0))))",
             linker);
    trap_of<void>(in, "narrow", 0);  // the first call takes the first stack
    Stack neighbour = engine.data().stacks.take();
    std::fill(neighbour.base, neighbour.base + (64 << 10), std::byte(0xa5));
    for (const char* name : {"wide", "big", "table", "tail", "narrow"}) {
        int full = 0;
        for (i32 depth = 0; depth < 2500; ++depth) {
            full += trap_of<void>(in, name, depth) != "returned";
            ASSERT_TRUE(std::all_of(neighbour.base, neighbour.base + (16 << 10), [](std::byte b) { return b == std::byte(0xa5); }))
                << name << " " << depth;
        }
        EXPECT_GT(full, 0) << name;
        EXPECT_LT(full, 2500) << name;
    }
    engine.data().stacks.give_back(neighbour);
}

TEST(Limits, a_host_function_of_a_thousand_parameters) {
    Engine engine;
    Store store(engine);
    FuncType t;
    t.params.assign(1000, i64_type);
    t.results.assign(1000, i64_type);
    Func f = Func::create(
        store, t,
        [](Caller& c, void*) {
            for (Slot& s : c.slots()) s.bits += 1;
            return Host::done;
        },
        nullptr);
    std::string types, gets;
    for (int i = 0; i < 1000; ++i) types += " i64", gets += " (local.get " + std::to_string(i) + ")";
    Linker linker(engine);
    linker.define("h", "f", f);
    Instance in = load(store,
                       "(module (import \"h\" \"f\" (func $f (param" + types + ") (result" + types + "))) (func (export \"g\") (param" + types +
                           ") (result" + types + ") (call $f" + gets + ")))",
                       linker);
    std::vector<Value> args;
    for (i64 i = 0; i < 1000; ++i) args.push_back(Value::i64(i));
    for (const Func& called : {f, func(in, "g")}) {
        auto r = value(called.call(store, args));
        for (i64 i = 0; i < 1000; ++i) ASSERT_EQ(r[std::size_t(i)].i64(), i + 1);
    }
}

TEST(Limits, bytes_of_exceptions) {
    Engine engine(with([](Config& c) { c.max_heap_bytes = 100'000; }));
    Store store(engine);
    Instance in = load(store, R"((module (tag $e) (table $t 0 exnref)
        (func (export "keep") (param i32)
          (loop $l
            (block $c (result exnref) (try_table (catch_all_ref $c) (throw $e)) unreachable)
            (drop (table.grow $t (i32.const 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))))");
    EXPECT_EQ(trap_of<void>(in, "keep", 100), "returned");
    EXPECT_EQ(trap_of<void>(in, "keep", 100'000), "heap limit reached: 100000 bytes (Config::max_heap_bytes)");
}

}  // namespace
}  // namespace heddle
