#include "memory.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <thread>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

MemoryType pages(u64 min, std::optional<u64> max = {}) {
    MemoryType t;
    t.limits = {min, max};
    return t;
}

struct Owned {
    std::shared_ptr<MemoryBudget> budget = std::make_shared<MemoryBudget>();
    Mapping* m;
    explicit Owned(const MemoryType& t, u64 max_bytes = u64(1) << 32, u64 total = ~u64(0)) {
        budget->max = total;
        m = create_memory(t, max_bytes, budget);
    }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { release_memory(m); }
    Grow grow(u64 delta) {
        u64 old = 0;
        return grow_memory(m->object, delta, old);
    }
};

TEST(Memory, growing_keeps_the_base_and_the_contents_and_gives_zeroes) {
    Owned o(pages(1));
    u8* base = o.m->object.base;
    base[65535] = 7;
    u64 old = 0;
    ASSERT_EQ(grow_memory(o.m->object, 9, old), Grow::done);
    EXPECT_EQ(old, 1u);
    EXPECT_EQ(o.m->object.pages(), 10u);
    EXPECT_EQ(o.m->object.base.load(), base);
    EXPECT_EQ(base[65535], 7);
    EXPECT_EQ(base[65536], 0);
    EXPECT_EQ(base[10 * 65536 - 1], 0);
}

TEST(Memory, growing_stops_at_the_declared_maximum) {
    Owned o(pages(1, 3));
    EXPECT_EQ(o.grow(3), Grow::type_limit);
    EXPECT_EQ(o.grow(~u64(0)), Grow::type_limit);
    EXPECT_EQ(o.grow(2), Grow::done);
    EXPECT_EQ(o.grow(0), Grow::done);
    EXPECT_EQ(o.grow(1), Grow::type_limit);
}

TEST(Memory, growing_stops_at_the_configured_maximum) {
    Owned o(pages(1), 4 * 65536);
    EXPECT_EQ(o.grow(4), Grow::byte_limit);
    EXPECT_EQ(o.grow(3), Grow::done);
    EXPECT_EQ(o.grow(1), Grow::byte_limit);
}

TEST(Memory, growing_stops_at_what_all_memories_may_have) {
    Owned o(pages(1), u64(1) << 32, 2 * 65536);
    EXPECT_EQ(o.grow(2), Grow::total_limit);
    EXPECT_EQ(o.grow(1), Grow::done);
    EXPECT_EQ(o.budget->used, 2u * 65536);
}

TEST(Memory, a_minimum_at_the_limit_is_fine_and_one_above_is_an_error_that_names_it) {
    EXPECT_NO_THROW(Owned(pages(3), 4 * 65536));
    EXPECT_NO_THROW(Owned(pages(4), 4 * 65536));
    try {
        Owned o(pages(5), 4 * 65536);
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.kind, Error::Kind::limit);
        EXPECT_CONTAINS(e.message, "327680 bytes");
        EXPECT_CONTAINS(e.message, "262144");
        EXPECT_CONTAINS(e.message, "Config::max_memory_bytes");
    }
}

TEST(Memory, four_gibibytes_can_be_reserved_and_used_at_both_ends) {
    Owned o(pages(1));
    ASSERT_EQ(o.grow(65535), Grow::done);
    u8* base = o.m->object.base;
    base[(u64(1) << 32) - 1] = 1;
    EXPECT_EQ(o.grow(1), Grow::type_limit);
}

TEST(Memory, empty_memories_need_nothing) {
    Owned none(pages(0, 0));
    EXPECT_EQ(none.grow(1), Grow::type_limit);
    Owned later(pages(0));
    EXPECT_EQ(later.grow(1), Grow::done);
    later.m->object.base.load()[0] = 1;
}

TEST(Memory, a_sixty_four_bit_memory_with_a_huge_maximum_reserves_what_is_allowed) {
    MemoryType t = pages(1, u64(1) << 48);
    t.is64 = true;
    Owned o(t, u64(1) << 33);
    EXPECT_EQ(o.m->object.max_bytes, u64(1) << 33);
    EXPECT_EQ(o.grow((u64(1) << 48) - 1), Grow::byte_limit);
}

TEST(Memory, pages_of_one_byte) {
    MemoryType t = pages(5, 100);
    t.page_log2 = 0;
    Owned o(t);
    EXPECT_EQ(o.m->object.pages(), 5u);
    EXPECT_EQ(o.grow(95), Grow::done);
    EXPECT_EQ(o.m->object.bytes, 100u);
    EXPECT_EQ(o.grow(1), Grow::type_limit);
    MemoryType open = pages(0);
    open.page_log2 = 0;
    EXPECT_EQ(max_pages(open), 0xffffffffu);
}

TEST(Memory, a_shared_memory_is_grown_by_many_threads) {
    MemoryType t = pages(0, 1000);
    t.shared = true;
    Owned o(t);
    auto work = [&] {
        for (int i = 0; i < 250; ++i) o.grow(1);
    };
    std::thread a(work), b(work), c(work), d(work);
    a.join(), b.join(), c.join(), d.join();
    EXPECT_EQ(o.m->object.pages(), 1000u);
    o.m->object.base.load()[1000 * 65536 - 1] = 1;
}

TEST(Memory, a_shared_memory_outlives_the_store_that_made_it) {
    Engine engine;
    auto first = std::make_unique<Store>(engine);
    MemoryType t = pages(1, 2);
    t.shared = true;
    Memory m = value(Memory::create(*first, t));
    m.set<u32>(0, 42);
    Store second(engine);
    Linker linker(engine);
    linker.define("m", "m", m);
    Instance in = load(second, R"((module (memory (import "m" "m") 1 2 shared) (func (export "get") (result i32) i32.const 0 i32.load)))", linker);
    first.reset();
    EXPECT_EQ(call<i32>(in, "get"), 42);
}

// ---- through instructions

constexpr const char* bulk = R"((module
  (memory (export "memory") 1 4) (data $d "abcdef")
  (func (export "fill") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.fill)
  (func (export "copy") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.copy)
  (func (export "init") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.init $d)
  (func (export "drop") data.drop $d)
  (func (export "size") (result i32) memory.size)
  (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)))";

TEST(Memory, fill_copy_and_init_check_bounds_before_they_write) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, bulk);
    Memory m = *in.find_memory("memory");
    const char* trap = "out of bounds memory access";
    EXPECT_EQ(trap_of<void>(in, "fill", 65530, 1, 7), trap);
    EXPECT_EQ(m.get<u8>(65530), 0);
    EXPECT_EQ(trap_of<void>(in, "fill", 65530, 1, 6), "returned");
    EXPECT_EQ(trap_of<void>(in, "fill", 65536, 1, 0), "returned");
    EXPECT_EQ(trap_of<void>(in, "fill", 65537, 1, 0), trap);
    EXPECT_EQ(trap_of<void>(in, "fill", -1, 1, -1), trap);
    EXPECT_EQ(trap_of<void>(in, "init", 65533, 0, 4), trap);
    EXPECT_EQ(trap_of<void>(in, "init", 0, 3, 4), trap);
    EXPECT_EQ(trap_of<void>(in, "init", 0, 1, 5), "returned");
    EXPECT_EQ(m.text(0, 5), "bcdef");
    EXPECT_EQ(trap_of<void>(in, "copy", 2, 0, 5), "returned");
    EXPECT_EQ(m.text(0, 7), "bcbcdef");
    EXPECT_EQ(trap_of<void>(in, "copy", 0, 2, 5), "returned");
    EXPECT_EQ(m.text(0, 7), "bcdefef");
    EXPECT_EQ(trap_of<void>(in, "copy", 0, 65534, 3), trap);
    EXPECT_EQ(trap_of<void>(in, "copy", 65534, 0, 3), trap);
    EXPECT_EQ(trap_of<void>(in, "drop"), "returned");
    EXPECT_EQ(trap_of<void>(in, "init", 0, 0, 0), "returned");
    EXPECT_EQ(trap_of<void>(in, "init", 0, 0, 1), trap);
}

TEST(Memory, large_overlapping_copies_are_right_in_both_directions) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (memory (export "memory") 64)
        (func (export "copy") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.copy)))");
    Memory m = *in.find_memory("memory");
    const u32 n = 3'000'001;
    auto reset = [&] {
        for (u32 i = 0; i < m.size_bytes(); ++i) m.bytes()[i] = u8(i * 7 + (i >> 8));
    };
    for (auto [to, from] : {std::pair(1000, 3), std::pair(3, 1000)}) {
        reset();
        std::vector<u8> expected(m.bytes().begin() + from, m.bytes().begin() + from + n);
        call<void>(in, "copy", to, from, i32(n));
        EXPECT_EQ(std::memcmp(m.bytes().data() + to, expected.data(), n), 0) << to;
    }
}

TEST(Memory, memory_grow_gives_the_old_size_or_minus_one) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, bulk);
    EXPECT_EQ(call<i32>(in, "grow", 2), 1);
    EXPECT_EQ(call<i32>(in, "grow", 2), -1);
    EXPECT_EQ(call<i32>(in, "size"), 3);
    EXPECT_EQ(store.memory_bytes(), 3u * 65536);
    EXPECT_EQ(value(in.find_memory("memory")->grow(1)), 3u);
    EXPECT_CONTAINS(error_of(in.find_memory("memory")->grow(1)), "4 pages");
    EXPECT_EQ(call<i32>(in, "size"), 4);
}

TEST(Memory, views_end_with_the_memory) {
    Engine engine;
    Store store(engine);
    Memory m = value(Memory::create(store, pages(1)));
    EXPECT_TRUE(m.view(65536, 0));
    EXPECT_TRUE(m.view(0, 65536));
    EXPECT_FALSE(m.view(1, 65536));
    EXPECT_FALSE(m.view(~u64(0), 1));
    EXPECT_FALSE(m.view(1, ~u64(0)));
    EXPECT_TRUE(m.set<u64>(65528, 1));
    EXPECT_FALSE(m.set<u64>(65529, 1));
    EXPECT_EQ(m.get<u64>(65529), std::nullopt);
    EXPECT_EQ(m.text(65536, 1), "");
}

TEST(Memory, a_long_fill_is_interrupted) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, R"((module (memory 16384)
        (func (export "fill") (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000)) (br $l)))))");
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        store.interrupt();
    });
    EXPECT_EQ(trap_of<void>(in, "fill"), "interrupted");
    other.join();
}

// ---- address space that is used again

TEST(Memory, one_that_follows_another_finds_nothing_of_it) {
    for (u64 size : {u64(1), u64(3), u64(2), u64(40), u64(0), u64(4)}) {
        Owned o(pages(size));
        ASSERT_EQ(o.grow(2), Grow::done);
        std::span<u8> all(o.m->object.base.load(), (size + 2) << 16);
        EXPECT_TRUE(std::ranges::all_of(all, [](u8 b) { return b == 0; })) << size;
        std::ranges::fill(all, u8(0xee));
    }
}

TEST(Memory, ranges_of_other_sizes_are_not_mistaken) {
    { Owned o(pages(1, 4)); }
    Owned o(pages(1, 9));
    EXPECT_EQ(o.m->reserved, u64(9) << 16);
    EXPECT_EQ(o.grow(8), Grow::done);
    EXPECT_EQ(o.grow(1), Grow::type_limit);
}

TEST(Memory, more_than_are_kept_live_and_go_at_once) {
    std::vector<std::unique_ptr<Owned>> all;
    for (int i = 0; i < 40; ++i) {
        all.push_back(std::make_unique<Owned>(pages(1)));
        all.back()->m->object.base.load()[i] = u8(i + 1);
    }
    for (int i = 0; i < 40; ++i) EXPECT_EQ(all[std::size_t(i)]->m->object.base.load()[i], i + 1);
    all.clear();
    Owned after(pages(1));
    for (int i = 0; i < 40; ++i) EXPECT_EQ(after.m->object.base.load()[i], 0);
}

}  // namespace
}  // namespace heddle
