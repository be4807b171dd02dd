#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

struct LinkerTest : testing::Test {
    Engine engine;
    Store store{engine};
    Linker linker{engine};
};

TEST_F(LinkerTest, host_functions_are_declared_by_their_signature) {
    std::string log;
    linker.func("h", "add", [](i32 a, i32 b) { return a + b; });
    linker.func("h", "mix", [](u32 a, i64 b, f32 c, f64 d) { return f64(a) + f64(b) + f64(c) + d; });
    linker.func("h", "pair", [](i32 a) { return std::tuple<i32, i64>(a + 1, i64(a) << 40); });
    linker.func("h", "log", [&log](Caller& c, u32 at, u32 n) { log += c.memory()->text(at, n); });
    Instance in = load(store, R"((module
        (import "h" "add" (func $add (param i32 i32) (result i32))) (import "h" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
        (import "h" "pair" (func $pair (param i32) (result i32 i64))) (import "h" "log" (func $log (param i32 i32)))
        (memory 1) (data (i32.const 8) "hello")
        (func (export "add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1)))
        (func (export "mix") (result f64) (call $mix (i32.const -1) (i64.const -1) (f32.const 0.5) (f64.const 0.25)))
        (func (export "pair") (param i32) (result i32 i64) (call $pair (local.get 0)))
        (func (export "log") (call $log (i32.const 8) (i32.const 5)))))",
                       linker);
    EXPECT_EQ(call<i32>(in, "add", 1, 2), 3);
    EXPECT_EQ(call<i32>(in, "add", -1, -2), -3);
    EXPECT_EQ(call<f64>(in, "mix"), 4294967294.75);
    EXPECT_EQ((call<std::tuple<i32, i64>>(in, "pair", 3)), std::tuple(4, i64(3) << 40));
    call<void>(in, "log");
    EXPECT_EQ(log, "hello");
}

TEST_F(LinkerTest, host_functions_may_have_a_type_known_only_at_run_time) {
    FuncType type{{i32_type, v128_type, f32_type}, {f32_type, i32_type}};
    auto swap = [](Caller&, std::span<const Value> args, std::span<Value> results) {
        results[0] = args[2];
        results[1] = Value::i32(args[0].i32() + i32(args[1].bits.hi));
        return Host::done;
    };
    linker.func("h", "swap", type, swap);
    linker.func("h", "wrong", {{}, {i64_type}}, [](Caller&, std::span<const Value>, std::span<Value> results) {
        results[0] = Value::i32(1);
        return Host::done;
    });
    linker.func("h", "throws", FuncType{}, [](Caller&, std::span<const Value>, std::span<Value>) -> Host { throw std::runtime_error("no"); });
    Instance in = load(store, R"((module (import "h" "swap" (func $swap (param i32 v128 f32) (result f32 i32)))
        (import "h" "wrong" (func $wrong (result i64))) (import "h" "throws" (func $throws))
        (func (export "swap") (result f32 i32) (call $swap (i32.const 1) (v128.const i64x2 5 6) (f32.const 0.5)))
        (func (export "wrong") (result i64) (call $wrong)) (func (export "throws") (call $throws))))",
                       linker);
    EXPECT_EQ((call<std::tuple<f32, i32>>(in, "swap")), std::tuple(0.5f, 7));
    EXPECT_EQ(in.func<i64()>("wrong")->operator()().error().message, "host function failed: result 0 is i32, not i64");
    EXPECT_EQ(in.func<void()>("throws")->operator()().error().message, "host function failed: no");

    // Without a Linker too, called by the embedder.
    Func f = Func::create(store, type, swap);
    auto results = value(f.call(store, std::vector{Value::i32(1), Value::v128({0, 2}), Value::f32(3)}));
    EXPECT_EQ(results[0].f32(), 3.0f);
    EXPECT_EQ(results[1].i32(), 3);
}

TEST_F(LinkerTest, references_and_functions_are_arguments_too) {
    linker.func("h", "same", [](Ref r) { return r; });
    linker.func("h", "pick", [](Func a, Func b, i32 first) { return first ? a : b; });
    Instance in = load(store, R"((module (import "h" "same" (func $same (param externref) (result externref)))
        (import "h" "pick" (func $pick (param funcref funcref i32) (result funcref)))
        (func $one (result i32) i32.const 1) (elem declare func $one)
        (func (export "same") (param externref) (result externref) (call $same (local.get 0)))
        (func (export "pick") (param i32) (result i32) (ref.is_null (call $pick (ref.func $one) (ref.null func) (local.get 0))))))",
                       linker);
    Ref seven = store.host_ref(7);
    EXPECT_EQ(call<Ref>(in, "same", seven), seven);
    EXPECT_EQ(store.host_value(seven), 7u);
    EXPECT_EQ(store.host_ref(7), seven);
    EXPECT_EQ(store.host_value(Ref{}), std::nullopt);
    EXPECT_EQ(call<i32>(in, "pick", 1), 0);
    EXPECT_EQ(call<i32>(in, "pick", 0), 1);
}

TEST_F(LinkerTest, a_missing_import_is_named_with_its_type) {
    EXPECT_EQ(error_of(try_load(store, R"((module (import "env" "missing" (func (param i32) (result i64)))))", linker)),
              "unlinkable: unknown import: \"env\" \"missing\" (func (param i32) (result i64))");
    EXPECT_CONTAINS(error_of(try_load(store, R"((module (import "env" "m" (memory 1 2))))", linker)), "(memory 1 2)");
}

TEST_F(LinkerTest, an_import_of_another_type_shows_both) {
    linker.func("h", "f", [](i32) {});
    linker.define("h", "g", value(Global::create(store, {i64_type, true}, Value::i64(1))));
    linker.define("h", "m", value(Memory::create(store, {.limits = {1, 3}})));
    linker.define("h", "t", value(Table::create(store, {funcref_type, {5, {}}})));
    linker.define("h", "tag", Tag::create(store, {{i32_type}, {}}));
    auto error = [&](std::string import) { return error_of(try_load(store, "(module " + import + ")", linker)); };
    EXPECT_EQ(error(R"((import "h" "f" (func (param i64))))"),
              "unlinkable: incompatible import type: \"h\" \"f\" must be (func (param i64)), but is (func (param i32))");
    EXPECT_CONTAINS(error(R"((import "h" "f" (memory 1)))"), "must be (memory 1), but is (func (param i32))");
    EXPECT_EQ(error(R"((import "h" "g" (global (mut i64))))"), "fine");
    EXPECT_CONTAINS(error(R"((import "h" "g" (global i64)))"), "must be (global i64), but is (global (mut i64))");
    EXPECT_EQ(error(R"((import "h" "m" (memory 1 3)))"), "fine");
    EXPECT_EQ(error(R"((import "h" "m" (memory 0)))"), "fine");
    EXPECT_CONTAINS(error(R"((import "h" "m" (memory 2)))"), "incompatible import type");
    EXPECT_CONTAINS(error(R"((import "h" "m" (memory 1 2)))"), "must be (memory 1 2), but is (memory 1 3)");
    EXPECT_CONTAINS(error(R"((import "h" "m" (memory i64 1 3)))"), "incompatible import type");
    EXPECT_CONTAINS(error(R"((import "h" "m" (memory 1 3 shared)))"), "incompatible import type");
    EXPECT_EQ(error(R"((import "h" "t" (table 5 funcref)))"), "fine");
    EXPECT_CONTAINS(error(R"((import "h" "t" (table 5 10 funcref)))"), "incompatible import type");
    EXPECT_CONTAINS(error(R"((import "h" "t" (table 5 externref)))"), "must be (table 5 externref), but is (table 5 funcref)");
    EXPECT_EQ(error(R"((import "h" "tag" (tag (param i32))))"), "fine");
    EXPECT_CONTAINS(error(R"((import "h" "tag" (tag (param i64))))"), "must be (tag (param i64)), but is (tag (param i32))");
}

TEST_F(LinkerTest, limits_are_matched_as_they_are_now) {
    Memory m = value(Memory::create(store, {.limits = {1, 3}}));
    linker.define("h", "m", m);
    const char* wants_two = R"((module (import "h" "m" (memory 2))))";
    EXPECT_CONTAINS(error_of(try_load(store, wants_two, linker)), "incompatible");
    value(m.grow(1));
    EXPECT_EQ(error_of(try_load(store, wants_two, linker)), "fine");
}

TEST_F(LinkerTest, instances_are_linked_to_each_other) {
    Instance counter = load(store, R"((module (global $n (export "n") (mut i32) (i32.const 0)) (memory (export "memory") 1)
        (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1)))
          (i32.store (i32.const 0) (global.get $n)) (global.get $n))))");
    linker.instance("counter", counter);
    Instance user = load(store, R"((module (import "counter" "next" (func $next (result i32))) (import "counter" "n" (global $n (mut i32)))
        (import "counter" "memory" (memory 1)) (memory $own 1)
        (func (export "twice") (result i32)
          (i32.store $own (i32.const 0) (i32.const 99))
          (drop (call $next)) (global.set $n (i32.mul (global.get $n) (i32.const 10)))
          (i32.add (call $next) (i32.add (i32.load (i32.const 0)) (i32.load $own (i32.const 0)))))))",
                         linker);
    EXPECT_EQ(call<i32>(user, "twice"), 11 + 11 + 99);
    EXPECT_EQ(counter.find_global("n")->get().i32(), 11);
}

TEST_F(LinkerTest, a_later_definition_replaces_an_earlier_one) {
    linker.func("h", "f", [] { return 1; });
    linker.func("h", "f", [] { return 2; });
    Instance in = load(store, R"((module (import "h" "f" (func $f (result i32))) (export "f" (func $f))))", linker);
    EXPECT_EQ(call<i32>(in, "f"), 2);
}

TEST_F(LinkerTest, one_linker_serves_many_stores_and_may_go_first) {
    auto shared = std::make_shared<int>(0);
    auto own = std::make_unique<Linker>(engine);
    own->func("h", "count", [shared] { return ++*shared; });
    Module m =
        module(engine, R"((module (import "h" "count" (func $f (result i32))) (export "f" (func $f)) (func (export "g") (result i32) call $f)))");
    auto other = std::make_unique<Store>(engine);
    Instance a = value(own->instantiate(store, m)), b = value(own->instantiate(*other, m));
    own.reset();
    EXPECT_EQ(call<i32>(a, "f"), 1);
    EXPECT_EQ(call<i32>(b, "g"), 2);
    EXPECT_EQ(call<i32>(a, "g"), 3);
    other.reset();
    EXPECT_EQ(call<i32>(a, "g"), 4);
}

TEST_F(LinkerTest, a_store_makes_a_host_function_once) {
    linker.func("h", "f", [] {});
    Module m = module(engine, R"((module (import "h" "f" (func $f)) (export "f" (func $f))))");
    EXPECT_EQ(func(value(linker.instantiate(store, m)), "f"), func(value(linker.instantiate(store, m)), "f"));
}

TEST_F(LinkerTest, the_fallback_is_asked_last) {
    linker.func("h", "known", [] { return 1; });
    std::vector<std::string> asked;
    linker.fallback([&](Store& s, const ImportType& i) -> std::optional<Extern> {
        asked.push_back(i.module + "." + i.name);
        if (i.type.kind != ExternKind::func || i.name == "no") return std::nullopt;
        return Func::create(
            s, {{}, {i32_type}}, [](Caller& c, void*) { return c.slots()[0] = Slot{2}, Host::done; }, nullptr);
    });
    Instance in = load(store, R"((module (import "h" "known" (func $a (result i32))) (import "h" "other" (func $b (result i32)))
        (func (export "sum") (result i32) (i32.add (call $a) (call $b)))))",
                       linker);
    EXPECT_EQ(call<i32>(in, "sum"), 3);
    EXPECT_EQ(asked, std::vector<std::string>{"h.other"});
    EXPECT_CONTAINS(error_of(try_load(store, R"((module (import "h" "no" (func))))", linker)), "unknown import: \"h\" \"no\"");
}

}  // namespace
}  // namespace heddle
