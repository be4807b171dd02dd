#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

struct Api : testing::Test {
    Engine engine;
    Store store{engine};
};

constexpr const char* everything = R"((module $all
    (import "env" "f" (func $f (param i32) (result i64))) (import "env" "g" (global i32))
    (memory (export "m") 1 2) (table (export "t") 3 externref) (global (export "v") (mut f32) (f32.const 1))
    (tag (export "e") (param i64)) (export "f" (func $f)) (func (export "h") (param i32 f64) (result v128) (v128.const i64x2 0 0))
    (@custom "notes" "abc")))";

TEST_F(Api, a_module_tells_its_imports_exports_and_custom_sections) {
    Module m = module(engine, everything);
    auto imports = m.imports();
    ASSERT_EQ(imports.size(), 2u);
    EXPECT_EQ(imports[0].module, "env");
    EXPECT_EQ(imports[0].name, "f");
    EXPECT_EQ(m.to_string(imports[0].type), "(func (param i32) (result i64))");
    EXPECT_EQ(m.to_string(imports[1].type), "(global i32)");
    std::string text;
    for (const ExportType& e : m.exports()) text += e.name + " " + m.to_string(e.type) + "\n";
    EXPECT_EQ(text,
              "m (memory 1 2)\n"
              "t (table 3 externref)\n"
              "v (global (mut f32))\n"
              "e (tag (param i64))\n"
              "f (func (param i32) (result i64))\n"
              "h (func (param i32 f64) (result v128))\n");
    EXPECT_EQ(m.func_type(imports[0].type.type).results, std::vector<ValType>{i64_type});
    EXPECT_EQ(m.name(), "all");
    bool found = false;
    for (const CustomSectionView& c : m.custom_sections()) {
        if (c.name != "notes") continue;
        found = true;
        EXPECT_EQ(std::string(c.bytes.begin(), c.bytes.end()), "abc");
        EXPECT_EQ(m.bytes()[c.offset], 'a');
    }
    EXPECT_TRUE(found);
}

TEST_F(Api, the_bytes_of_a_module_are_its_own) {
    std::vector<u8> bytes = wat(R"((module (func (export "f") (result i32) i32.const 5)))");
    Module m = value(Module::load(engine, std::span<const u8>(bytes), "given"));
    std::fill(bytes.begin(), bytes.end(), u8(0xff));
    Instance in = value(instantiate(store, m, {}));
    EXPECT_EQ(call<i32>(in, "f"), 5);
    EXPECT_EQ(m.name(), "given");
}

TEST_F(Api, bytes_that_are_no_module_are_an_error) {
    auto error = [&](std::vector<u8> b) { return error_of(Module::load(engine, std::move(b))); };
    EXPECT_CONTAINS(error({}), "malformed: ");
    EXPECT_CONTAINS(error({1, 2, 3, 4, 5, 6, 7, 8}), "malformed: magic header not detected");
    EXPECT_CONTAINS(error(wat("(module (func (result i32)))")), "invalid: type mismatch");
}

TEST_F(Api, eager_translation_gives_the_same_results) {
    Config config;
    config.eager = true;
    Engine eager(config);
    Store s(eager);
    EXPECT_EQ(call<i32>(load(s, R"((module (func $g (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (func (export "f") (param i32) (result i32) (call $g (local.get 0)))))"),
                        "f", 21),
              42);
}

TEST_F(Api, values_of_every_type_go_in_and_out) {
    Instance in =
        load(store, R"((module (func (export "f") (param i32 i64 f32 f64 v128 externref funcref) (result funcref externref v128 f64 f32 i64 i32)
        local.get 6 local.get 5 local.get 4 local.get 3 local.get 2 local.get 1 local.get 0)))");
    Func f = func(in, "f");
    Ref host = store.host_ref(1);
    std::vector<Value> args = {Value::i32(-1),
                               Value::i64(-2),
                               Value::f32(0.5f),
                               Value::f64(0.25),
                               Value::v128({3, 4}),
                               Value::ref(externref_type, host),
                               Value::ref(funcref_type, f.ref())};
    auto r = value(f.call(store, args));
    ASSERT_EQ(r.size(), 7u);
    EXPECT_EQ(r[0].ref(), f.ref());
    EXPECT_EQ(r[1].ref(), host);
    EXPECT_EQ(r[2].bits, (V128{3, 4}));
    EXPECT_EQ(r[3].f64(), 0.25);
    EXPECT_EQ(r[4].f32(), 0.5f);
    EXPECT_EQ(r[5].i64(), -2);
    EXPECT_EQ(r[6].i32(), -1);
}

TEST_F(Api, arguments_are_checked) {
    Instance in = load(store, R"((module (type $t (func)) (func $g (type $t)) (export "g" (func $g)) (func $i (param i32))  (export "i" (func $i))
        (func (export "f") (param i32 i64)) (func (export "r") (param (ref null $t))) (func (export "n") (param (ref $t)))))");
    auto error = [&](const char* name, std::vector<Value> args) { return error_of(func(in, name).call(store, args)); };
    EXPECT_EQ(error("f", {Value::i32(1)}), "usage: the function takes 2 arguments, not 1: (func (param i32 i64))");
    EXPECT_EQ(error("f", {Value::i32(1), Value::i32(1)}), "usage: argument 1 is i32, not i64");
    EXPECT_EQ(error("r", {Value::ref(funcref_type, {})}), "fine");
    EXPECT_EQ(error("r", {Value::ref(funcref_type, func(in, "g").ref())}), "fine");
    EXPECT_CONTAINS(error("r", {Value::ref(funcref_type, func(in, "i").ref())}), "argument 0 is funcref");
    EXPECT_CONTAINS(error("r", {Value::ref(externref_type, {})}), "argument 0 is externref");
    EXPECT_CONTAINS(error("n", {Value::ref(funcref_type, {})}), "argument 0");
}

TEST_F(Api, a_typed_function_of_another_type_shows_both) {
    Instance in =
        load(store, R"((module (func (export "add") (param i32 i32) (result i32) i32.const 0) (func (export "other")) (memory (export "m") 1)))");
    EXPECT_EQ(in.func<i32(i64)>("add").error().message, "the function is (func (param i32 i32) (result i32)), not (func (param i64) (result i32))");
    EXPECT_EQ(in.func<void()>("ad").error().message, "no exported function \"ad\"; there is: add, other");
    EXPECT_FALSE(in.find_func("m"));
    EXPECT_FALSE(in.find_memory("add"));
    EXPECT_FALSE(in.find("nothing"));
    EXPECT_EQ(in.find("m")->kind, ExternKind::memory);
}

TEST_F(Api, globals_are_read_and_written_with_their_type) {
    Instance in = load(store, R"((module (global (export "c") i32 (i32.const 1)) (global $v (export "v") (mut i64) (i64.const 2))
        (func (export "get") (result i64) (global.get $v))))");
    Global c = *in.find_global("c"), v = *in.find_global("v");
    EXPECT_EQ(c.get().i32(), 1);
    EXPECT_EQ(error_of(c.set(Value::i32(5))), "usage: the global is immutable");
    EXPECT_EQ(error_of(v.set(Value::i32(5))), "usage: a global of i64 cannot hold i32");
    value(v.set(Value::i64(-5)));
    EXPECT_EQ(call<i64>(in, "get"), -5);
    EXPECT_CONTAINS(error_of(Global::create(store, {i32_type, false}, Value::i64(1))), "cannot begin as i64");
}

TEST_F(Api, a_function_of_another_store_is_refused) {
    Store other(engine);
    Func f = func(load(other, R"((module (func (export "f"))))"), "f");
    EXPECT_EQ(error_of(f.call(store, {})), "usage: the function belongs to another Store");
    EXPECT_EQ(error_of(f.call(other, {})), "fine");
}

TEST_F(Api, functions_of_the_embedder_are_called_directly_too) {
    Func twice = Func::create(
        store, {{i32_type}, {i32_type}},
        [](Caller& c, void*) {
            EXPECT_FALSE(c.instance());
            EXPECT_FALSE(c.memory());
            c.slots()[0] = Slot{c.slots()[0].bits * 2};
            return Host::done;
        },
        nullptr);
    EXPECT_EQ(value(twice.call(store, std::vector{Value::i32(21)}))[0].i32(), 42);
}

TEST_F(Api, a_host_functions_data_is_released_with_the_store) {
    static int released;
    released = 0;
    {
        Store s(engine);
        Func::create(
            s, {}, [](Caller&, void*) { return Host::done; }, nullptr, [](void*) { ++released; });
    }
    EXPECT_EQ(released, 1);
}

TEST_F(Api, a_trap_tells_where_it_happened) {
    Instance in = load(store, R"((module $m
        (func $inner (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func $outer (export "outer") (param i32) (result i32) (call $inner (local.get 0)))))");
    EXPECT_EQ(trap_of<i32>(in, "outer", 0), "integer divide by zero");
    const Trap& t = store.trap();
    EXPECT_EQ(t.code, TrapCode::divide_by_zero);
    ASSERT_EQ(t.backtrace.size(), 2u);
    EXPECT_EQ(t.backtrace[0].func_name, "inner");
    EXPECT_EQ(t.backtrace[1].func_name, "outer");
    EXPECT_EQ(t.backtrace[0].module_name, "m");
    auto bytes = in.module().bytes();
    EXPECT_EQ(bytes[t.backtrace[0].module_offset], 0x6e);  // i32.div_u
    EXPECT_EQ(bytes[t.backtrace[1].module_offset], 0x10);  // call
    EXPECT_CONTAINS(t.to_string(), "0: m!func[0] $inner @0x");
}

TEST_F(Api, a_store_goes_on_after_a_trap) {
    Instance in = load(store, R"((module (func (export "f") (param i32) (result i32) (if (local.get 0) (then unreachable)) (i32.const 7))))");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(trap_of<i32>(in, "f", 1), "unreachable");
        EXPECT_EQ(call<i32>(in, "f", 0), 7);
    }
}

TEST_F(Api, a_module_serves_stores_that_live_apart) {
    Module m = module(engine, R"((module (func (export "f") (result i32) i32.const 3)))");
    for (int i = 0; i < 3; ++i) {
        Store s(engine);
        EXPECT_EQ(call<i32>(value(instantiate(s, m, {})), "f"), 3);
    }
}

TEST_F(Api, an_f32_result_has_nothing_above_its_32_bits) {
    Instance in = load(store, R"((module (func (export "f") (param i64) (result f32) (f32.const 1))))");
    Value all_ones = Value::i64(-1);
    auto r = in.find_func("f")->call(store, {&all_ones, 1});
    ASSERT_TRUE(r);
    EXPECT_EQ((*r)[0].bits.lo, 0x3f800000u);
}

TEST_F(Api, proposals_can_be_refused) {
    Config config;
    config.simd = false;
    Engine plain(config);
    EXPECT_NE(error_of(Module::load(plain, wat("(module (func (result v128) (v128.const i64x2 0 0)))"))), "fine");
    EXPECT_EQ(error_of(Module::load(plain, wat("(module (func (result i32) (i32.const 0)))"))), "fine");
}

}  // namespace
}  // namespace heddle
