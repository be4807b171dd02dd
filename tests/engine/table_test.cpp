#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

constexpr const char* tables = R"((module
  (table $a (export "a") 4 8 funcref) (table $b 4 funcref)
  (elem $e func $f $g $f)
  (func $f (result i32) i32.const 1) (func $g (result i32) i32.const 2)
  (func (export "fill") (param i32 i32) local.get 0 ref.func $g local.get 1 table.fill $a)
  (func (export "init") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.init $a $e)
  (func (export "copy") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.copy $a $a)
  (func (export "from_b") (param i32 i32 i32) local.get 0 local.get 1 local.get 2 table.copy $a $b)
  (func (export "drop") elem.drop $e)
  (func (export "grow") (param i32) (result i32) ref.func $f local.get 0 table.grow $a)
  (func (export "size") (result i32) table.size $a)
  (func (export "is_null") (param i32) (result i32) local.get 0 table.get $a ref.is_null)
  (func (export "call") (param i32) (result i32) local.get 0 call_indirect $a (result i32))))";

struct TableTest : testing::Test {
    Engine engine;
    Store store{engine};
    Instance in = load(store, tables);
    const char* trap = "out of bounds table access";
};

TEST_F(TableTest, init_copy_and_fill_check_bounds_before_they_write) {
    EXPECT_EQ(trap_of<void>(in, "init", 2, 0, 3), trap);
    EXPECT_EQ(call<i32>(in, "is_null", 2), 1);
    EXPECT_EQ(trap_of<void>(in, "init", 0, 1, 3), trap);
    EXPECT_EQ(trap_of<void>(in, "init", 1, 0, 3), "returned");
    EXPECT_EQ(call<i32>(in, "call", 2), 2);
    EXPECT_EQ(trap_of<void>(in, "copy", 2, 0, 3), trap);
    EXPECT_EQ(trap_of<void>(in, "copy", 0, 1, 3), "returned");
    EXPECT_EQ(call<i32>(in, "call", 0), 1);
    EXPECT_EQ(call<i32>(in, "call", 1), 2);
    EXPECT_EQ(trap_of<void>(in, "copy", 1, 0, 3), "returned");
    EXPECT_EQ(call<i32>(in, "call", 2), 2);
    EXPECT_EQ(call<i32>(in, "call", 3), 1);
    EXPECT_EQ(trap_of<void>(in, "fill", 3, 2), trap);
    EXPECT_EQ(trap_of<void>(in, "fill", 4, 0), "returned");
    EXPECT_EQ(trap_of<void>(in, "fill", 5, 0), trap);
    EXPECT_EQ(trap_of<void>(in, "from_b", 0, 0, 4), "returned");
    EXPECT_EQ(call<i32>(in, "is_null", 3), 1);
}

TEST_F(TableTest, a_dropped_segment_is_empty) {
    call<void>(in, "drop");
    EXPECT_EQ(trap_of<void>(in, "init", 0, 0, 0), "returned");
    EXPECT_EQ(trap_of<void>(in, "init", 0, 0, 1), trap);
}

TEST_F(TableTest, growing_stops_at_the_declared_maximum) {
    EXPECT_EQ(call<i32>(in, "grow", 3), 4);
    EXPECT_EQ(call<i32>(in, "call", 6), 1);
    EXPECT_EQ(call<i32>(in, "grow", 2), -1);
    EXPECT_EQ(call<i32>(in, "grow", -1), -1);
    EXPECT_EQ(call<i32>(in, "grow", 1), 7);
    EXPECT_EQ(call<i32>(in, "size"), 8);
}

TEST_F(TableTest, the_embedder_reads_and_writes_elements) {
    Table t = *in.find_table("a");
    Func one = Func::create(
        store, {{}, {i32_type}}, [](Caller& c, void*) { return c.slots()[0] = Slot{77}, Host::done; }, nullptr);
    value(t.set(3, one.ref()));
    EXPECT_EQ(call<i32>(in, "call", 3), 77);
    EXPECT_EQ(t.get(3), one.ref());
    EXPECT_EQ(t.get(4), std::nullopt);
    EXPECT_CONTAINS(error_of(t.set(4, one.ref())), "table of 4");
    EXPECT_EQ(value(t.grow(4, one.ref())), 4u);
    EXPECT_EQ(call<i32>(in, "call", 7), 77);
    EXPECT_EQ(t.grow(1, {}).error().kind, Error::Kind::limit);
}

TEST_F(TableTest, a_table_over_the_configured_limit_is_an_error_that_names_it) {
    Config config;
    config.max_table_elements = 10;
    Engine small(config);
    Store s(small);
    EXPECT_EQ(error_of(try_load(s, "(module (table 9 funcref))")), "fine");
    EXPECT_EQ(error_of(try_load(s, "(module (table 10 funcref))")), "fine");
    std::string error = error_of(try_load(s, "(module (table 11 funcref))"));
    EXPECT_CONTAINS(error, "limit: ");
    EXPECT_CONTAINS(error, "11");
    EXPECT_CONTAINS(error, "10 (Config::max_table_elements)");
    Instance grows = load(s, R"((module (table 9 funcref) (func (export "grow") (result i32) ref.null func i32.const 1 table.grow)))");
    EXPECT_EQ(call<i32>(grows, "grow"), 9);
    EXPECT_EQ(call<i32>(grows, "grow"), -1);
}

TEST_F(TableTest, tables_with_64_bit_indices) {
    Instance wide = load(store, R"((module (table $t i64 4 externref)
        (func (export "grow") (param i64) (result i64) ref.null extern local.get 0 table.grow $t)
        (func (export "size") (result i64) table.size $t)
        (func (export "fill") (param i64 i64) local.get 0 ref.null extern local.get 1 table.fill $t)))");
    EXPECT_EQ(call<i64>(wide, "grow", i64(2)), 4);
    EXPECT_EQ(call<i64>(wide, "grow", i64(1) << 40), -1);
    EXPECT_EQ(call<i64>(wide, "size"), 6);
    EXPECT_EQ(trap_of<void>(wide, "fill", i64(1) << 32, i64(1)), trap);
    EXPECT_EQ(trap_of<void>(wide, "fill", i64(-1), i64(2)), trap);
}

TEST_F(TableTest, growing_one_by_one_is_linear) {
    Instance big = load(store, R"((module (table $t 0 externref)
        (func (export "grow") (param i32)
          (loop $l (drop (table.grow $t (ref.null extern) (i32.const 1)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "size") (result i32) table.size $t)))");
    call<void>(big, "grow", 100'000);
    EXPECT_EQ(call<i32>(big, "size"), 100'000);
}

}  // namespace
}  // namespace heddle
