// The collector: what it keeps, what it frees, its limit, and that nothing about it is recursive.
#include "heap.hpp"

#include <thread>

#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

Config with_heap(u64 bytes) {
    Config c;
    c.max_heap_bytes = bytes;
    return c;
}

// A list whose nodes hold their number, in a global.
constexpr const char* list_module = R"((module
    (type $node (struct (field $number i32) (field $next (mut (ref null $node)))))
    (global $list (mut (ref null $node)) (ref.null $node))
    (func (export "push") (param $n i32)
      (loop $l
        (global.set $list (struct.new $node (local.get $n) (global.get $list)))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func (export "sum") (result i64) (local $at (ref null $node)) (local $sum i64)
      (local.set $at (global.get $list))
      (block $end
        (loop $l
          (br_on_null $end (local.get $at)) (drop)
          (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (struct.get $node $number (local.get $at)))))
          (local.set $at (struct.get $node $next (local.get $at)))
          (br $l)))
      (local.get $sum))
    (func (export "drop") (global.set $list (ref.null $node)))
    (func (export "ring") (param $n i32) (local $a (ref null $node)) (local $b (ref null $node))
      (loop $l
        (local.set $a (struct.new $node (i32.const 1) (ref.null $node)))
        (local.set $b (struct.new $node (i32.const 2) (local.get $a)))
        (struct.set $node $next (local.get $a) (local.get $b))
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))";

TEST(Heap, sizes_of_cells_hold_what_is_asked) {
    Engine engine;
    Store store(engine);
    ObjectHeap& heap = store.data().heap;
    Safepoint at{store.data().host_instance};
    for (u64 bytes = 24; bytes < 40'000; bytes += 8) {
        auto* e = static_cast<ExceptionObject*>(heap.allocate(HeapObject::Kind::exception, TypeId::none, bytes, true, at));
        ASSERT_TRUE(e);
        e->count = (bytes - sizeof(ExceptionObject)) / 8;
        for (u64 i = 0; i < e->count; ++i) ASSERT_EQ(e->slots()[i], 0u);
        std::fill_n(e->slots(), e->count, bytes);  // tells ASan and the next object
        ASSERT_EQ(reinterpret_cast<u64>(e) % 16, 0u);
        ASSERT_EQ(heap.find(reinterpret_cast<u64>(e)), e);
        ASSERT_EQ(heap.find(reinterpret_cast<u64>(e) + 16), nullptr);
        ASSERT_GE(heap.bytes(), bytes);
        ASSERT_LE(heap.bytes(), bytes + bytes / 4 + 16);
        heap.check();
        ASSERT_TRUE(store.collect_garbage());
        ASSERT_EQ(heap.bytes(), 0u);
    }
}

TEST(Heap, cycles_are_collected) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, list_module);
    call<void>(in, "ring", 10'000);
    EXPECT_GT(store.heap_bytes(), 100'000u);
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.heap_bytes(), 0u);
}

TEST(Heap, what_a_global_reaches_stays) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, list_module);
    call<void>(in, "push", 1000);
    call<void>(in, "ring", 300'000);
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(call<i64>(in, "sum"), 500'500);
    u64 kept = store.heap_bytes();
    call<void>(in, "drop");
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.heap_bytes(), 0u);
    EXPECT_EQ(kept, 1000u * 32);
}

TEST(Heap, a_list_of_ten_million_nodes_is_marked_and_freed) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, list_module);
    constexpr i32 count = 10'000'000;
    call<void>(in, "push", count);
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.data().heap.last_marked(), u64(count));
    EXPECT_EQ(call<i64>(in, "sum"), i64(count) * (count + 1) / 2);
    call<void>(in, "drop");
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.heap_bytes(), 0u);
}

TEST(Heap, garbage_of_a_hundred_times_the_limit_fits) {
    constexpr u64 limit = u64(8) << 20;
    Engine engine(with_heap(limit));
    Store store(engine);
    Instance in = load(store, list_module);
    call<void>(in, "push", 1000);
    call<void>(in, "ring", i32(100 * limit / 64));
    EXPECT_LE(store.heap_bytes(), limit);
    EXPECT_GT(store.data().heap.collections(), 50u);
    EXPECT_EQ(call<i64>(in, "sum"), 500'500);
}

TEST(Heap, garbage_of_all_sizes_fits) {
    Engine engine(with_heap(u64(4) << 20));
    Store store(engine);
    Instance in = load(store, R"((module
        (type $bytes (array (mut i8)))
        (global $kept (mut (ref null $bytes)) (ref.null $bytes))
        (func (export "run") (param $n i32) (local $a (ref null $bytes)) (local $size i32)
          (loop $l
            (local.set $size (i32.rem_u (i32.mul (local.get $n) (i32.const 2654435761)) (i32.const 100000)))
            (local.set $a (array.new $bytes (local.get $n) (local.get $size)))
            (if (i32.eqz (i32.and (local.get $n) (i32.const 63))) (then (global.set $kept (local.get $a))))
            (if (i32.ne (array.len (local.get $a)) (local.get $size)) (then (unreachable)))
            (if (local.get $size) (then
              (if (i32.ne (array.get_u $bytes (local.get $a) (i32.sub (local.get $size) (i32.const 1)))
                          (i32.and (local.get $n) (i32.const 255)))
                (then (unreachable)))))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))))");
    EXPECT_EQ(trap_of<void>(in, "run", 8'000), "returned");
    EXPECT_LE(store.heap_bytes(), u64(4) << 20);
}

TEST(Heap, the_limit_is_exact) {
    constexpr u64 limit = 1'000'000;
    Engine engine(with_heap(limit));
    auto array_of = [&](i32 bytes) {
        Store store(engine);
        Instance in = load(store, R"((module (type $bytes (array (mut i8)))
            (func (export "make") (param i32) (result i32) (array.len (array.new_default $bytes (local.get 0))))))");
        return trap_of<i32>(in, "make", bytes);
    };
    constexpr i32 header = sizeof(ArrayObject);
    EXPECT_EQ(array_of(limit - header - 1), "returned");
    EXPECT_EQ(array_of(limit - header), "returned");
    EXPECT_EQ(array_of(limit - header + 1), "heap limit reached: 1000000 bytes (Config::max_heap_bytes)");
    EXPECT_EQ(array_of(-1), "heap limit reached: 1000000 bytes (Config::max_heap_bytes)");
}

TEST(Heap, a_full_heap_traps_and_lives_on) {
    Engine engine(with_heap(100'000));
    Store store(engine);
    Instance in = load(store, list_module);
    EXPECT_EQ(trap_of<void>(in, "push", 1'000'000), "heap limit reached: 100000 bytes (Config::max_heap_bytes)");
    EXPECT_LE(store.heap_bytes(), 100'000u);
    EXPECT_GT(store.heap_bytes(), 99'000u);
    call<void>(in, "drop");
    EXPECT_EQ(trap_of<void>(in, "push", 1000), "returned");
    EXPECT_EQ(call<i64>(in, "sum"), 500'500);
}

// Every place that may hold the only reference to a box; garbage is made in between.
TEST(Heap, every_place_that_holds_a_reference_keeps_its_object) {
    Engine engine(with_heap(u64(1) << 20));
    Store store(engine);
    Instance in = load(store, R"((module
        (type $box (struct (field i32)))
        (type $pair (struct (field i8) (field (mut anyref)) (field v128) (field (mut externref))))
        (type $boxes (array (mut (ref null $box))))
        (tag $e (param (ref $box)))
        (table $t 3 anyref)
        (elem $passive (ref null $box) (item (struct.new $box (i32.const 600))))
        (global $constant (ref $boxes) (array.new $boxes (struct.new $box (i32.const 500)) (i32.const 2)))
        (global $pair (mut (ref null $pair)) (ref.null $pair))
        (global $array (mut (ref null $boxes)) (ref.null $boxes))
        (global $exception (mut exnref) (ref.null exn))
        (func $box (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
        (func $value (param anyref) (result i32) (struct.get $box 0 (ref.cast (ref $box) (local.get 0))))
        (func $garbage (local $n i32)
          (local.set $n (i32.const 100000))
          (loop $l
            (drop (struct.new $box (i32.const -1)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func $operands (param $x (ref $box)) (result i32)
          (call $value (local.get $x)) (call $box (i32.const 20)) (call $garbage) (call $value) (i32.add))
        (func (export "sum") (result i32)
          (global.set $pair (struct.new $pair (i32.const 1) (call $box (i32.const 100)) (v128.const i64x2 -1 -1)
                                              (extern.convert_any (call $box (i32.const 200)))))
          (global.set $array (array.new_default $boxes (i32.const 5000)))
          (array.set $boxes (global.get $array) (i32.const 4999) (call $box (i32.const 300)))
          (table.set $t (i32.const 2) (call $box (i32.const 400)))
          (global.set $exception (block $c (result exnref)
            (try_table (catch_all_ref $c) (throw $e (call $box (i32.const 700)))) unreachable))
          (call $garbage)
          (call $operands (call $box (i32.const 1)))
          (i32.add (call $value (struct.get $pair 1 (global.get $pair))))
          (i32.add (call $value (any.convert_extern (struct.get $pair 3 (global.get $pair)))))
          (i32.add (call $value (array.get $boxes (global.get $array) (i32.const 4999))))
          (i32.add (call $value (table.get $t (i32.const 2))))
          (i32.add (call $value (array.get $boxes (global.get $constant) (i32.const 1))))
          (i32.add (call $value (array.get $boxes (array.new_elem $boxes $passive (i32.const 0) (i32.const 1)) (i32.const 0))))
          (i32.add (block $c (result i32)
            (call $value (block $caught (result (ref $box))
              (try_table (catch $e $caught) (throw_ref (global.get $exception))) unreachable)))))))");
    EXPECT_EQ(call<i32>(in, "sum"), 21 + 100 + 200 + 300 + 400 + 500 + 600 + 700);
    EXPECT_GT(store.data().heap.collections(), 1u);
}

TEST(Heap, a_root_keeps_what_the_embedder_holds) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (type $box (struct (field i32)))
        (func (export "make") (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
        (func (export "get") (param (ref $box)) (result i32) (struct.get $box 0 (local.get 0)))))");
    Value seven[] = {Value::i32(7)};
    Value box = value(func(in, "make").call(store, seven))[0];
    EXPECT_EQ(store.kind(box.ref()), RefKind::struct_);
    {
        Root root(store, box.ref());
        Root moved = std::move(root);
        EXPECT_TRUE(root.get().is_null());
        EXPECT_TRUE(store.collect_garbage());
        Value args[] = {Value::ref(box.type, moved.get())};
        EXPECT_EQ(value(func(in, "get").call(store, args))[0].i32(), 7);
        EXPECT_EQ(store.heap_bytes(), 16u);
    }
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.heap_bytes(), 0u);
}

TEST(Heap, the_api_takes_only_references_of_the_right_kind) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (type $box (struct (field i32))) (type $other (struct (field i64)))
        (func (export "make") (result (ref $box)) (struct.new $box (i32.const 1)))
        (func (export "other") (result (ref $other)) (struct.new $other (i64.const 1)))
        (func (export "take") (param (ref $box)))
        (func (export "any") (param anyref) (result i32) (ref.test (ref eq) (local.get 0)))
        (func (export "extern") (param externref))))");
    auto take = [&](const char* name, Value v) {
        Value args[] = {v};
        return func(in, name).call(store, args).has_value();
    };
    Value box = value(func(in, "make").call(store, {}))[0], other = value(func(in, "other").call(store, {}))[0];
    EXPECT_TRUE(take("take", box));
    EXPECT_FALSE(take("take", other));
    EXPECT_TRUE(take("any", Value::ref(anyref_type, other.ref())));
    EXPECT_FALSE(take("take", Value::ref(anyref_type, other.ref())));
    EXPECT_TRUE(take("take", Value::ref(anyref_type, box.ref())));
    for (u64 wild : {u64(8), box.ref().word + 8, box.ref().word + 1024, ~u64(15), reinterpret_cast<u64>(&store)}) {
        EXPECT_FALSE(take("any", Value::ref(anyref_type, Ref{wild})));
        EXPECT_FALSE(take("extern", Value::ref(externref_type, Ref{wild})));
        EXPECT_EQ(store.kind(Ref{wild}), RefKind::unknown);
    }
}

TEST(Heap, host_references_round_trip_and_are_no_eqref) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module
        (func (export "round") (param externref) (result externref)
          (extern.convert_any (any.convert_extern (local.get 0))))
        (func (export "is") (param externref) (result i32) (local $a anyref)
          (local.set $a (any.convert_extern (local.get 0)))
          (i32.or (ref.test (ref i31) (local.get $a))
            (i32.or (ref.test (ref eq) (local.get $a)) (i32.or (ref.test (ref struct) (local.get $a)) (ref.test (ref array) (local.get $a))))))))");
    for (u64 number : {u64(0), u64(1), u64(3), ~u64(0)}) {
        Ref r = store.host_ref(number);
        EXPECT_EQ(call<Ref>(in, "round", r), r);
        EXPECT_EQ(call<i32>(in, "is", r), 0);
        EXPECT_EQ(store.host_value(r), number);
        EXPECT_EQ(store.kind(r), RefKind::host);
    }
}

TEST(Heap, more_collections_than_mark_numbers) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, list_module);
    call<void>(in, "push", 3);
    for (u32 i = 0; i < 66'000; ++i) ASSERT_TRUE(store.collect_garbage());
    EXPECT_EQ(call<i64>(in, "sum"), 6);
    EXPECT_EQ(store.heap_bytes(), 3u * 32);
}

TEST(Heap, marking_asks_whether_to_go_on) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, list_module);
    call<void>(in, "push", 100'000);
    u32 asked = 0;
    bool refuse = false;
    store.on_interrupt([&](Caller& c) {
        ++asked;
        // Nothing else runs in the middle of a collection.
        EXPECT_FALSE((try_call<i64>(in, "sum").has_value()));
        EXPECT_FALSE(c.store().collect_garbage());
        return refuse ? c.fail("enough") : Host::done;
    });
    Linker linker(engine);
    linker.func("env", "collect", [](Caller& c) {
        c.store().interrupt();
        return c.store().collect_garbage() ? 1 : 0;
    });
    Instance caller = load(store, R"((module (import "env" "collect" (func $collect (result i32)))
        (func (export "run") (result i32) (call $collect))))", linker);
    EXPECT_EQ(call<i32>(caller, "run"), 1);
    EXPECT_EQ(asked, 1u);
    u64 collections = store.data().heap.collections();
    refuse = true;
    EXPECT_EQ(call<i32>(caller, "run"), 0);
    EXPECT_EQ(asked, 2u);
    EXPECT_EQ(store.data().heap.collections(), collections);
    refuse = false;
    EXPECT_EQ(call<i64>(in, "sum"), i64(100'000) * 100'001 / 2);
    store.data().heap.check();
}

TEST(Heap, a_guest_that_only_allocates_can_be_stopped) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (type $a (array (mut i64)))
        (func (export "run") (loop $l (drop (array.new $a (i64.const -1) (i32.const 100000000))) (br $l)))))");
    std::jthread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        store.interrupt();
    });
    EXPECT_EQ(trap_of<void>(in, "run"), "interrupted");
}

// A tree as wide as deep: neither is recursion, and what waits to be followed stays small.
TEST(Heap, wide_arrays_are_followed_in_slices) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (rec (type $wide (array (mut (ref null $wide)))))
        (global $root (mut (ref null $wide)) (ref.null $wide))
        (func (export "make") (param $n i32) (local $i i32)
          (global.set $root (array.new_default $wide (local.get $n)))
          (loop $l
            (array.set $wide (global.get $root) (local.get $i) (array.new $wide (global.get $root) (i32.const 1)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))))");
    call<void>(in, "make", 1'000'000);
    EXPECT_TRUE(store.collect_garbage());
    EXPECT_EQ(store.data().heap.last_marked(), 1'000'001u);
}

}  // namespace
}  // namespace heddle
