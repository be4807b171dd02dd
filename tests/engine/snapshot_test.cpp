#include <random>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

constexpr std::string_view counter = R"((module
    (memory (export "memory") 2 10) (global $g (export "g") (mut i64) (i64.const 7)) (table $t (export "t") 3 10 funcref)
    (elem (table $t) (i32.const 0) func $one) (elem $spare func $two) (data $text "later")
    (func $one (export "one") (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
    (func (export "change") (param $at i32)
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1)))
      (global.set $g (i64.add (global.get $g) (i64.const 1))) (table.set $t (i32.const 0) (ref.func $two)))
    (func (export "drop") (table.init $t $spare (i32.const 1) (i32.const 0) (i32.const 1)) (elem.drop $spare) (data.drop $text))
    (func (export "grow") (drop (memory.grow (i32.const 3))) (drop (table.grow $t (ref.func $two) (i32.const 2)))
      (i32.store (i32.const 300000) (i32.const 9)))
    (func (export "get") (param $at i32) (result i32) (i32.load (local.get $at)))
    (func (export "pages") (result i32) (memory.size))
    (func (export "elements") (result i32) (table.size $t))
    (func (export "nth") (param $i i32) (result i32) (call_indirect $t (result i32) (local.get $i)))
    (func (export "text") (memory.init $text (i32.const 0) (i32.const 0) (i32.const 5)))))";

struct Snapshots : testing::Test {
    Engine engine;
    Store store{engine};
    Module counting = module(engine, counter);
    Instance in = value(instantiate(store, counting, {}));

    i64 global() { return in.find_global("g")->get().i64(); }
};

TEST_F(Snapshots, restore_undoes_what_was_changed_since) {
    call<void>(in, "change", 100000);
    Snapshot s = value(in.snapshot());
    Instance untouched = value(instantiate(store, counting, {}));
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(call<i32>(in, "get", 100000), 1);
        EXPECT_EQ(global(), 8);
        EXPECT_EQ(call<i32>(in, "nth", 0), 2);
        call<void>(in, "change", 100000);
        call<void>(in, "change", 4);
        call<void>(in, "grow");
        EXPECT_EQ(call<i32>(in, "get", 100000), 2);
        EXPECT_EQ(call<i32>(in, "pages"), 5);
        EXPECT_EQ(call<i32>(in, "elements"), 5);
        value(in.restore(s));
        EXPECT_EQ(call<i32>(in, "get", 4), 0);
        EXPECT_EQ(call<i32>(in, "pages"), 2);
        EXPECT_EQ(call<i32>(in, "elements"), 3);
    }
    EXPECT_EQ(call<i32>(untouched, "get", 100000), 0);
}

TEST_F(Snapshots, what_is_grown_after_a_restore_reads_as_zero) {
    Snapshot s = value(in.snapshot());
    call<void>(in, "grow");
    value(in.restore(s));
    EXPECT_EQ(trap_of<i32>(in, "get", 300000), "out of bounds memory access");
    ASSERT_TRUE(in.find_memory("memory")->grow(3));
    EXPECT_EQ(call<i32>(in, "get", 300000), 0);
}

// By copying or by mapping anew, whatever was written, and however often.
TEST_F(Snapshots, every_byte_is_what_it_was) {
    Instance big = value(instantiate(store, module(engine, R"((module (memory (export "memory") 40 80)))"), {}));
    Memory memory = *big.find_memory("memory");
    std::mt19937 random(7);
    constexpr u64 image_bytes = 20 * 65536, bytes = 40 * 65536;
    for (u64 at = 0; at < image_bytes; at += 1 + random() % 9000) memory.set(at, u8(random()));
    std::string before(memory.text(0, bytes));
    Snapshot s = value(big.snapshot());
    const u32 writes[] = {0, 1, 3, 40, 300, 3000};
    for (int round = 0; round < 150; ++round) {
        if (round % 3 == 0) {
            ASSERT_TRUE(memory.grow(1 + random() % 40));
        }
        u64 size = memory.size_bytes();
        for (u32 n = writes[random() % 6]; n > 0; --n) memory.set(random() % size, u8(random()));
        value(big.restore(s));
        ASSERT_EQ(memory.pages(), 40u);
        ASSERT_TRUE(memory.text(0, bytes) == before) << round;
        if (round % 10) continue;
        ASSERT_TRUE(memory.grow(40));
        ASSERT_EQ(memory.text(bytes, bytes).find_first_not_of('\0'), std::string_view::npos);
        value(big.restore(s));
    }
}

TEST_F(Snapshots, dropped_segments_are_there_again) {
    Snapshot s = value(in.snapshot());
    call<void>(in, "drop");
    EXPECT_EQ(trap_of<void>(in, "text"), "out of bounds memory access");
    EXPECT_EQ(trap_of<void>(in, "drop"), "out of bounds table access");
    value(in.restore(s));
    call<void>(in, "text");
    call<void>(in, "drop");
    EXPECT_EQ(in.find_memory("memory")->text(0, 5), "later");
}

TEST_F(Snapshots, another_store_starts_from_one_and_outlives_its_origin) {
    Snapshot s;
    {
        Store first(engine);
        Instance origin = value(instantiate(first, counting, {}));
        call<void>(origin, "change", 70000);
        call<void>(origin, "grow");
        s = value(origin.snapshot());
    }
    EXPECT_EQ(s.memory_bytes(), 5 * 65536u);
    Instance other = value(instantiate(store, counting, {}));
    value(other.restore(s));
    value(in.restore(s));
    call<void>(other, "change", 70000);
    EXPECT_EQ(call<i32>(other, "get", 70000), 2);
    EXPECT_EQ(call<i32>(in, "get", 70000), 1);
    EXPECT_EQ(call<i32>(in, "get", 300000), 9);
    EXPECT_EQ(call<i32>(in, "nth", 4), 2);
    EXPECT_EQ(store.memory_bytes(), 10 * 65536u);
}

TEST_F(Snapshots, a_smaller_one_may_follow_a_larger_one) {
    Snapshot small = value(in.snapshot());
    call<void>(in, "grow");
    call<void>(in, "change", 200000);
    Snapshot large = value(in.snapshot());
    value(in.restore(small));
    ASSERT_TRUE(in.find_memory("memory")->grow(3));
    EXPECT_EQ(call<i32>(in, "get", 200000), 0);
    value(in.restore(large));
    EXPECT_EQ(call<i32>(in, "get", 200000), 1);
}

TEST_F(Snapshots, imported_memories_are_not_part_of_one) {
    Linker linker(engine);
    linker.instance("env", in);
    Instance user = load(store, R"((module (import "env" "memory" (memory 1)) (global $g (mut i32) (i32.const 1))
        (func (export "f") (i32.store8 (i32.const 0) (i32.const 5)) (global.set $g (i32.const 2)))
        (func (export "g") (result i32) (global.get $g))))", linker);
    Snapshot s = value(user.snapshot());
    call<void>(user, "f");
    value(user.restore(s));
    EXPECT_EQ(call<i32>(in, "get", 0), 5);
    EXPECT_EQ(call<i32>(user, "g"), 1);
}

TEST_F(Snapshots, what_cannot_be_kept_is_named) {
    Instance object = load(store, R"((module (type $s (struct)) (global (mut (ref $s)) (struct.new $s))))");
    EXPECT_CONTAINS(error_of(object.snapshot()), "global 0 holds: a reference to an object");
    Instance shared = load(store, "(module (memory 1 1 shared))");
    EXPECT_CONTAINS(error_of(shared.snapshot()), "shared memory");
}

TEST_F(Snapshots, functions_of_others_are_kept_for_the_same_instance_only) {
    Func other = Func::create(store, FuncType{}, [](Caller&, void*) { return Host::done; }, nullptr);
    Table t = *in.find_table("t");
    value(t.set(2, other.ref()));
    Snapshot s = value(in.snapshot());
    value(t.set(2, Ref{}));
    value(in.restore(s));
    EXPECT_EQ(t.get(2)->word, other.ref().word);
    Instance second = value(Linker(engine).instantiate(store, in.module()));
    EXPECT_CONTAINS(error_of(second.restore(s)), "functions of other instances");
}

TEST_F(Snapshots, only_instances_of_the_same_module_take_one) {
    Snapshot s = value(in.snapshot());
    EXPECT_CONTAINS(error_of(load(store, "(module)").restore(s)), "another module");
    EXPECT_CONTAINS(error_of(in.restore(Snapshot())), "empty");
}

TEST_F(Snapshots, are_refused_during_a_call) {
    std::string during;
    Linker linker(engine);
    linker.func("env", "f", [&](Caller& c) { during = error_of(c.instance().snapshot()); });
    Instance caller = load(store, R"((module (import "env" "f" (func $f)) (func (export "go") (call $f))))", linker);
    call<void>(caller, "go");
    EXPECT_CONTAINS(during, "a call is in progress");
}

}  // namespace
}  // namespace heddle
