// Core dumps are modules: what they hold is read back.
#include "coredump.hpp"

#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

constexpr const char* falls = R"((module $falls (memory 2) (data (i32.const 70000) "here")
    (global i64 (i64.const -5)) (global (mut f64) (f64.const 2.5)) (global externref (ref.null extern))
    (func $inner (param i32 f64) (local i64 v128) (local.set 2 (i64.const -9)) unreachable)
    (func $outer (export "f") (param i32) (call $inner (i32.add (local.get 0) (i32.const 1)) (f64.const 1.5)))
    (func (export "fine"))))";

std::span<const u8> section(const Module& m, std::string_view name) {
    for (const auto& c : m.custom_sections())
        if (c.name == name) return c.bytes;
    return {};
}

TEST(CoreDump, nothing_is_kept_unless_asked_for) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, falls);
    trap_of<void>(in, "f", 1);
    EXPECT_TRUE(store.core_dump().empty());
}

TEST(CoreDump, a_dump_is_a_module_with_frames_memories_and_globals) {
    Engine engine;
    Store store(engine);
    store.keep_core_dumps(true);
    Instance in = load(store, falls);
    EXPECT_EQ(trap_of<void>(in, "f", 41), "unreachable");
    Module dump = value(Module::load(engine, store.core_dump()));
    EXPECT_LT(store.core_dump().size(), 5000u);
    Reader r(section(dump, "corestack"));
    EXPECT_EQ(r.byte(), 0);
    EXPECT_EQ(r.name(), "main");
    ASSERT_EQ(r.u32_leb(), 2u);
    // $inner
    EXPECT_EQ(r.byte(), 0);
    EXPECT_EQ(r.u32_leb(), 0u);
    EXPECT_GT(r.u32_leb(), 0u);
    ASSERT_EQ(r.u32_leb(), 4u);
    EXPECT_EQ(r.byte(), 0x7f);
    EXPECT_EQ(r.i32_leb(), 42);
    EXPECT_EQ(r.byte(), 0x7c);
    EXPECT_EQ(r.fixed64(), Slot::of(1.5).bits);
    EXPECT_EQ(r.byte(), 0x7e);
    EXPECT_EQ(r.i64_leb(), -9);
    EXPECT_EQ(r.byte(), 0x01);
    EXPECT_EQ(r.u32_leb(), 0u);
    // $outer
    EXPECT_EQ(r.byte(), 0);
    EXPECT_EQ(r.u32_leb(), 1u);
    EXPECT_GT(r.u32_leb(), 0u);
    ASSERT_EQ(r.u32_leb(), 1u);
    EXPECT_EQ(r.byte(), 0x7f);
    EXPECT_EQ(r.i32_leb(), 41);
    EXPECT_EQ(r.u32_leb(), 0u);
    EXPECT_TRUE(r.done());
    // Instantiated, it has the memory again.
    Store other(engine);
    Instance again = value(heddle::instantiate(other, dump, {}));
    const InstanceData& d = data(*again.object());
    EXPECT_EQ(d.memory_space[0]->pages(), 2u);
    EXPECT_EQ(Memory(d.memory_space[0]).text(70000, 4), "here");
    EXPECT_EQ(d.global_space[0]->value.lo, u64(-5));
    EXPECT_EQ(d.global_space[1]->value.lo, Slot::of(2.5).bits);
}

TEST(CoreDump, the_last_trap_has_the_dump) {
    Engine engine;
    Store store(engine);
    store.keep_core_dumps(true);
    Instance in = load(store, falls);
    trap_of<void>(in, "f", 1);
    std::vector<u8> first(store.core_dump().begin(), store.core_dump().end());
    trap_of<void>(in, "f", 2);
    EXPECT_FALSE(std::ranges::equal(first, store.core_dump()));
    EXPECT_EQ(trap_of<void>(in, "fine"), "returned");
    EXPECT_FALSE(store.core_dump().empty());
}

}  // namespace
}  // namespace heddle
