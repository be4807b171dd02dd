#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

struct Instantiate : testing::Test {
    Engine engine;
    Store store{engine};
    Linker linker{engine};
};

TEST_F(Instantiate, globals_see_imports_and_those_before_them) {
    linker.define("env", "base", value(Global::create(store, {i32_type, false}, Value::i32(40))));
    Instance in = load(store, R"((module (import "env" "base" (global $base i32))
        (global $a i32 (i32.add (global.get $base) (i32.const 2)))
        (global $b (export "b") i32 (i32.mul (global.get $a) (i32.sub (global.get $base) (i32.const 39))))
        (global (export "wide") i64 (i64.sub (i64.mul (i64.const 3) (i64.const 5)) (i64.add (i64.const 7) (i64.const 1))))
        (global (export "vector") v128 (v128.const i64x2 1 2))
        (global (export "float") f64 (f64.const 0.5))))",
                       linker);
    EXPECT_EQ(in.find_global("b")->get().i32(), 42);
    EXPECT_EQ(in.find_global("wide")->get().i64(), 7);
    EXPECT_EQ(in.find_global("vector")->get().bits, (V128{1, 2}));
    EXPECT_EQ(in.find_global("float")->get().f64(), 0.5);
}

TEST_F(Instantiate, each_instance_has_its_own_globals_and_memory) {
    Module m = module(engine, R"((module (global $g (mut i32) (i32.const 0)) (memory 1)
        (func (export "count") (result i32)
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          (global.set $g (i32.add (global.get $g) (i32.load (i32.const 0)))) (global.get $g))))");
    Instance a = value(instantiate(store, m, {})), b = value(instantiate(store, m, {}));
    EXPECT_EQ(call<i32>(a, "count"), 1);
    EXPECT_EQ(call<i32>(a, "count"), 3);
    EXPECT_EQ(call<i32>(b, "count"), 1);
}

// A module whose data is worth an image: 300 KiB of it, at `base` and further up.
std::string with_much_data(const std::string& base) {
    std::string bytes;
    for (int i = 0; i < 100 << 10; ++i) bytes += char('a' + i % 23);
    return "(module (import \"env\" \"base\" (global $base i32)) (memory (export \"memory\") 8 20) (data (offset " + base + ") \"" + bytes + bytes +
           "\") (data (i32.const 400000) \"" + bytes + "\") (data $passive \"xyz\")" +
           R"((func (export "get") (param i32) (result i32) (i32.load8_u (local.get 0)))
              (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
              (func (export "grow") (result i32) (memory.grow (i32.const 4)))
              (func (export "init") (param i32) (memory.init $passive (local.get 0) (i32.const 0) (i32.const 3)))))";
}

TEST_F(Instantiate, later_instances_have_the_data_of_the_first_and_share_nothing) {
    Module m = module(engine, with_much_data("(global.get $base)"));
    auto instance = [&](i32 base) {
        Extern e{value(Global::create(store, {i32_type, false}, Value::i32(base)))};
        return instantiate(store, m, {&e, 1});
    };
    std::vector<Instance> all;
    for (int i = 0; i < 5; ++i) {
        Instance in = value(instance(1000));
        EXPECT_EQ(call<i32>(in, "get", 999), 0) << i;
        EXPECT_EQ(call<i32>(in, "get", 1000), 'a') << i;
        EXPECT_EQ(call<i32>(in, "get", 1000 + 23 * 4000 + 5), 'f') << i;
        EXPECT_EQ(call<i32>(in, "get", 400000 + (100 << 10)), 0) << i;
        call<void>(in, "set", 1000, 'A' + i);
        call<void>(in, "set", 5, 1);
        call<void>(in, "init", 500'000);
        EXPECT_EQ(call<i32>(in, "get", 500'002), 'z');
        EXPECT_EQ(call<i32>(in, "grow"), 8);
        EXPECT_EQ(call<i32>(in, "get", 11 << 16), 0);
        all.push_back(in);
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(call<i32>(all[std::size_t(i)], "get", 1000), 'A' + i);
    Instance elsewhere = value(instance(2000));
    EXPECT_EQ(call<i32>(elsewhere, "get", 1999), 0);
    EXPECT_EQ(call<i32>(elsewhere, "get", 2000), 'a');
    EXPECT_CONTAINS(instance(500'000).error().message, "active data segment 0");
}

TEST_F(Instantiate, snapshots_and_limits_hold_for_mapped_data) {
    Config config;
    config.max_total_memory_bytes = 3 * (8 << 16);
    Engine limited(config);
    Module m = module(limited, with_much_data("(i32.const 1000)"));
    for (int i = 0; i < 4; ++i) {
        Store s(limited);
        Extern base{value(Global::create(s, {i32_type, false}, Value::i32(0)))};
        Instance in = value(instantiate(s, m, {&base, 1}));
        call<void>(in, "set", 1000, i32('1'));
        Snapshot kept = value(in.snapshot());
        call<void>(in, "set", 1000, i32('2'));
        ASSERT_TRUE(in.restore(kept));
        EXPECT_EQ(call<i32>(in, "get", 1000), '1');
        EXPECT_EQ(call<i32>(in, "get", 1001), 'b');
        (void)value(instantiate(s, m, {&base, 1}));
        (void)value(instantiate(s, m, {&base, 1}));
        EXPECT_CONTAINS(instantiate(s, m, {&base, 1}).error().message, "max_total_memory_bytes");
    }
}

TEST_F(Instantiate, element_segments_of_every_kind) {
    Instance in = load(store, R"((module (table $t (export "t") 6 funcref)
        (func $one (result i32) i32.const 1) (func $two (result i32) i32.const 2)
        (global $offset i32 (i32.const 2))
        (elem (i32.const 0) $one $two)
        (elem (table $t) (offset (global.get $offset)) funcref (ref.func $two) (ref.null func) (item ref.func $one))
        (elem declare func $one)
        (elem $passive funcref (ref.func $two))
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
        (func (export "init") (table.init $passive (i32.const 5) (i32.const 0) (i32.const 1)))))");
    EXPECT_EQ(call<i32>(in, "call", 0), 1);
    EXPECT_EQ(call<i32>(in, "call", 1), 2);
    EXPECT_EQ(call<i32>(in, "call", 2), 2);
    EXPECT_CONTAINS(trap_of<i32>(in, "call", 3), "uninitialized element");
    EXPECT_EQ(call<i32>(in, "call", 4), 1);
    EXPECT_CONTAINS(trap_of<i32>(in, "call", 6), "undefined element");
    call<void>(in, "init");
    EXPECT_EQ(call<i32>(in, "call", 5), 2);
}

TEST_F(Instantiate, a_table_may_begin_full) {
    Instance in = load(store, R"((module (func $f (result i32) i32.const 9) (table 3 (ref func) (ref.func $f))
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))))");
    EXPECT_EQ(call<i32>(in, "call", 2), 9);
}

TEST_F(Instantiate, data_segments_are_written_in_order) {
    Instance in = load(store, R"((module (memory (export "memory") 1) (data (i32.const 1) "aaaa") (data (i32.const 3) "bbb") (data "passive")))");
    EXPECT_EQ(in.find_memory("memory")->text(0, 7), std::string_view("\0aabbb\0", 7));
}

TEST_F(Instantiate, an_active_segment_out_of_bounds_traps_and_earlier_effects_stay) {
    Memory m = value(Memory::create(store, {.limits = {1, 1}}));
    Table t = value(Table::create(store, {funcref_type, {1, 1}}));
    linker.define("e", "m", m).define("e", "t", t);
    auto r = try_load(store, R"((module (import "e" "m" (memory 1)) (import "e" "t" (table 1 funcref)) (func $f (result i32) i32.const 5)
        (elem (i32.const 0) $f) (data (i32.const 0) "kept") (data (i32.const 65536) "x")))",
                      linker);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::trapped);
    EXPECT_CONTAINS(r.error().message, "out of bounds memory access");
    EXPECT_EQ(store.trap().code, TrapCode::memory_out_of_bounds);
    EXPECT_EQ(m.text(0, 4), "kept");
    // A function of the failed instance lives on in the table.
    Func f = Func::from_ref(*t.get(0));
    EXPECT_EQ(value(f.call(store, {}))[0].i32(), 5);

    r = try_load(store, R"((module (table 1 funcref) (func $f) (elem (i32.const 1) $f)))");
    EXPECT_CONTAINS(error_of(r), "trapped: out of bounds table access");
    r = try_load(store, R"((module (memory 0) (data (i32.const -1) "")))");
    EXPECT_CONTAINS(error_of(r), "out of bounds memory access");
    EXPECT_EQ(error_of(try_load(store, R"((module (memory 0) (data (i32.const 0) "")))")), "fine");
}

TEST_F(Instantiate, start_is_run_by_the_linker_and_not_by_instantiate) {
    Module m = module(engine, R"((module (global $g (export "g") (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 1))) (start $s)))");
    Instance low = value(instantiate(store, m, {}));
    EXPECT_EQ(low.find_global("g")->get().i32(), 0);
    EXPECT_EQ(low.start()->call_raw(store, {}), Exit::returned);
    EXPECT_EQ(low.find_global("g")->get().i32(), 1);
    EXPECT_EQ(value(linker.instantiate(store, m)).find_global("g")->get().i32(), 1);
}

TEST_F(Instantiate, a_trapping_start_function_is_an_error) {
    auto r = try_load(store, "(module (func $s unreachable) (start $s))");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::trapped);
    EXPECT_EQ(r.error().message, "unreachable");
}

TEST_F(Instantiate, too_few_imports_are_unknown_ones) {
    Module m = module(engine, R"((module (import "a" "f" (func (param i32)))))");
    EXPECT_EQ(error_of(instantiate(store, m, {})), "unlinkable: unknown import: \"a\" \"f\" (func (param i32))");
    Extern empty;
    EXPECT_CONTAINS(error_of(instantiate(store, m, std::span(&empty, 1))), "unknown import");
}

TEST_F(Instantiate, objects_of_another_store_are_refused) {
    Store other(engine);
    Func f = Func::create(
        other, {}, [](Caller&, void*) { return Host::done; }, nullptr);
    linker.define("a", "f", f).define("a", "m", value(Memory::create(other, {.limits = {1, 1}})));
    EXPECT_CONTAINS(error_of(try_load(store, R"((module (import "a" "f" (func))))", linker)), "usage: import \"a\" \"f\" belongs to another Store");
    EXPECT_CONTAINS(error_of(try_load(store, R"((module (import "a" "m" (memory 1))))", linker)), "another Store");
}

TEST_F(Instantiate, the_module_may_go_while_its_instances_live) {
    Instance in = [&] {
        return load(store, R"((module (data $d "xyz") (memory (export "memory") 1)
        (func (export "f") (memory.init $d (i32.const 0) (i32.const 0) (i32.const 3)))))");
    }();
    call<void>(in, "f");
    EXPECT_EQ(in.find_memory("memory")->text(0, 3), "xyz");
}

}  // namespace
}  // namespace heddle
