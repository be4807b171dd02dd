#include <heddle/passage.hpp>

#include <deque>

#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

// A border to a function of one instance, for others to import.
struct Border {
    bool may_leave = true, may_enter = true;
    int closed = 0;
    std::vector<std::string>* log = nullptr;
    const char* name = "";
};

struct Frame final : HostFrame {
    explicit Frame(Border& b) : border(b) { b.log->push_back(std::string("made ") + b.name); }
    ~Frame() override { border.log->push_back(std::string("gone ") + border.name); }
    Host next(Caller& c, Exit how) override {
        border.log->push_back(std::string(how == Exit::threw ? "threw " : "returned ") + border.name);
        border.may_enter = true;
        if (how == Exit::threw) return c.fail("an exception at the border");
        std::ranges::copy(c.call_results(), c.slots().begin());
        return Host::done;
    }
    Border& border;
};

struct PassageTest : testing::Test {
    Config config;
    std::vector<std::string> log;
    std::deque<Border> borders;
    std::optional<Engine> engine;
    std::optional<Store> store;
    std::optional<Linker> linker;

    PassageTest() {
        config.metering = true;
        engine.emplace(config);
        store.emplace(*engine);
        store->set_fuel(1'000'000);
        linker.emplace(*engine);
        linker->func("h", "look", [this] { log.push_back("looked"); });
    }
    // Makes `target` importable as "h" `name`.
    Border& offer(const char* name, const Instance& of, const char* target) {
        Border& b = borders.emplace_back();
        b.log = &log;
        b.name = name;
        Passage p;
        p.target = func(of, target);
        p.may_leave = &b.may_leave;
        p.may_enter = &b.may_enter;
        p.closed = [](Caller& c, void* data) {
            ++static_cast<Border*>(data)->closed;
            return c.fail("closed");
        };
        p.frame = [](Caller&, void* storage, void* data) -> HostFrame* { return new (storage) Frame(*static_cast<Border*>(data)); };
        p.data = &b;
        linker->define("h", name, create_passage(*store, p));
        return b;
    }
    Instance make(std::string_view text) { return load(*store, text, *linker); }
};

constexpr std::string_view sum = R"((module (memory 1) (global $n (mut i32) (i32.const 100))
  (func (export "f") (param i32 i32) (result i32) (local i32)
    (local.set 2 (i32.add (local.get 0) (local.get 1)))
    (i32.store (i32.const 0) (local.get 2))
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (i32.add (i32.load (i32.const 0)) (global.get $n)))))";
constexpr std::string_view caller_of_sum = R"((module (import "h" "sum" (func $sum (param i32 i32) (result i32))) (memory 2)
  (func (export "f") (param i32) (result i32)
    (i32.store (i32.const 65536) (i32.const 1000))
    (i32.add (i32.load (i32.const 65536)) (call $sum (local.get 0) (i32.const 5))))
  (func (export "tail") (param i32) (result i32) (return_call $sum (local.get 0) (i32.const 5)))))";

TEST_F(PassageTest, a_call_passes_into_the_other_instance_and_back) {
    Border& b = offer("sum", make(sum), "f");
    Instance in = make(caller_of_sum);
    EXPECT_EQ(call<i32>(in, "f", 7), 1000 + 12 + 101);
    EXPECT_EQ(call<i32>(in, "f", 8), 1000 + 13 + 102);
    EXPECT_TRUE(b.may_enter);
    EXPECT_TRUE(log.empty());
}

TEST_F(PassageTest, a_tail_call_passes_too) {
    offer("sum", make(sum), "f");
    EXPECT_EQ(call<i32>(make(caller_of_sum), "tail", 7), 12 + 101);
}

TEST_F(PassageTest, the_embedder_calls_it_like_any_function) {
    offer("sum", make(sum), "f");
    std::vector<Extern> imports = value(linker->resolve(*store, module(*engine, caller_of_sum)));
    Value args[] = {Value::i32(1), Value::i32(2)};
    EXPECT_EQ(value(imports[0].func.call(*store, args))[0].i32(), 3 + 101);
}

TEST_F(PassageTest, either_flag_closes_it) {
    Border& b = offer("sum", make(sum), "f");
    Instance in = make(caller_of_sum);
    b.may_leave = false;
    EXPECT_CONTAINS(trap_of<i32>(in, "f", 7), "closed");
    b.may_leave = true;
    b.may_enter = false;
    EXPECT_CONTAINS(trap_of<i32>(in, "f", 7), "closed");
    b.may_enter = true;
    EXPECT_EQ(call<i32>(in, "f", 7), 1000 + 12 + 101);
    EXPECT_EQ(b.closed, 2);
}

TEST_F(PassageTest, inside_the_flag_is_false) {
    Instance inner = make(R"((module (import "h" "look" (func $look)) (func (export "f") (call $look))))");
    Border* border = nullptr;
    bool seen = true;
    linker->func("h", "look", [&] { seen = border->may_enter; });
    inner = make(R"((module (import "h" "look" (func $look)) (func (export "f") (call $look))))");
    border = &offer("inner", inner, "f");
    Instance in = make(R"((module (import "h" "inner" (func $inner)) (func (export "f") (call $inner))))");
    call<void>(in, "f");
    EXPECT_FALSE(seen);
    EXPECT_TRUE(border->may_enter);
}

TEST_F(PassageTest, frames_are_made_outermost_first_when_a_native_function_is_called_inside) {
    offer("third", make(R"((module (import "h" "look" (func $look)) (func (export "f") (param i64) (result i64) (call $look) (call $look) (local.get 0))))"), "f");
    offer("second", make(R"((module (import "h" "third" (func $f (param i64) (result i64)))
      (func (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (call $f (i64.const 1))))))"), "f");
    offer("first", make(R"((module (import "h" "second" (func $f (param i64) (result i64)))
      (func (export "f") (param i64) (result i64) (i64.mul (i64.const 10) (call $f (local.get 0))))))"), "f");
    Instance in = make(R"((module (import "h" "first" (func $f (param i64) (result i64)))
      (func (export "f") (param i64) (result i64) (i64.sub (call $f (local.get 0)) (i64.const 3)))))");
    EXPECT_EQ(call<i64>(in, "f", i64(7)), 77);
    EXPECT_EQ(log, (std::vector<std::string>{"made first", "made second", "made third", "looked", "looked", "returned third", "gone third",
                                             "made third", "looked", "looked", "returned third", "gone third", "returned second", "gone second",
                                             "returned first", "gone first"}));
    for (const Border& b : borders) EXPECT_TRUE(b.may_enter);
}

TEST_F(PassageTest, an_exception_of_the_target_reaches_the_frame) {
    Border& b = offer("throws", make(R"((module (tag $e) (func (export "f") (throw $e))))"), "f");
    Instance in = make(R"((module (import "h" "throws" (func $f))
      (func (export "f") (block $caught (try_table (catch_all $caught) (call $f))))))");
    EXPECT_CONTAINS(trap_of<void>(in, "f"), "an exception at the border");
    EXPECT_EQ(log, (std::vector<std::string>{"made throws", "threw throws", "gone throws"}));
    EXPECT_TRUE(b.may_enter);
}

TEST_F(PassageTest, a_trap_inside_leaves_the_flag_and_names_both_functions) {
    Border& b = offer("traps", make(R"((module (func $inside (export "f") (param f64) unreachable)))"), "f");
    Instance in = make(R"((module (import "h" "traps" (func $f (param f64))) (func $outside (export "f") (call $f (f64.const 1)))))");
    EXPECT_EQ(trap_of<void>(in, "f"), "unreachable");
    ASSERT_EQ(store->trap().backtrace.size(), 2u);
    EXPECT_EQ(store->trap().backtrace[0].func_name, "inside");
    EXPECT_EQ(store->trap().backtrace[1].func_name, "outside");
    EXPECT_FALSE(b.may_enter);
    EXPECT_TRUE(log.empty());
}

TEST_F(PassageTest, results_of_every_class_and_number_come_back) {
    offer("many", make(R"((module (func (export "f") (param f32 f64 v128) (result f64 v128 f32) (local.get 1) (local.get 2) (local.get 0))))"), "f");
    offer("f32", make(R"((module (func (export "f") (param f32) (result f32) (f32.add (local.get 0) (f32.const 0.5)))))"), "f");
    offer("f64", make(R"((module (func (export "f") (result f64) (f64.const 2.25))))"), "f");
    Instance in = make(R"((module
      (import "h" "many" (func $many (param f32 f64 v128) (result f64 v128 f32)))
      (import "h" "f32" (func $f32 (param f32) (result f32))) (import "h" "f64" (func $f64 (result f64)))
      (func (export "f") (result f64) (local $v v128) (local $s f32)
        (call $many (call $f32 (f32.const 1)) (call $f64) (v128.const i64x2 3 4))
        (local.set $s) (local.set $v)
        (f64.add (f64.add (f64.promote_f32 (local.get $s))) (f64.convert_i64_s (i64x2.extract_lane 1 (local.get $v)))))))");
    EXPECT_EQ(call<f64>(in, "f"), 2.25 + 1.5 + 4);
}

TEST_F(PassageTest, it_costs_the_fuel_of_a_native_call) {
    Instance target = make(R"((module (func (export "f"))))");
    offer("f", target, "f");
    Instance passing = make(R"((module (import "h" "f" (func $f)) (func (export "f") (call $f))))");
    Instance direct = make(R"((module (import "h" "look" (func $f)) (func (export "f") (call $f))))");
    auto used = [&](const Instance& in) {
        u64 before = store->fuel();
        call<void>(in, "f");
        return before - store->fuel();
    };
    u64 inside = used(target);
    EXPECT_EQ(used(passing), used(direct) + inside);
}

TEST_F(PassageTest, an_interrupt_is_seen_by_what_is_inside) {
    linker->func("h", "look", [&] { store->interrupt(); });
    Border& b = offer("spin", make(R"((module (import "h" "look" (func $look)) (func (export "f") (call $look) (loop $l (br $l)))))"), "f");
    Instance in = make(R"((module (import "h" "spin" (func $f)) (func (export "f") (call $f))))");
    store->on_interrupt([](Caller& c) { return c.fail("enough"); });
    EXPECT_CONTAINS(trap_of<void>(in, "f"), "enough");
    EXPECT_FALSE(b.may_enter);
}

TEST_F(PassageTest, no_continuation_is_captured_across_it) {
    offer("suspends", make(R"((module (type $ft (func)) (tag $t (export "t")) (func (export "f") (suspend $t))))"), "f");
    Instance in = make(R"((module (type $ft (func)) (type $ct (cont $ft)) (import "h" "suspends" (func $f)) (tag $t)
      (func $body (call $f)) (elem declare func $body)
      (func (export "f") (block $h (result (ref $ct))
        (resume $ct (on $t $h) (cont.new $ct (ref.func $body))) (return)) (drop))))");
    EXPECT_CONTAINS(trap_of<void>(in, "f"), "unhandled tag");
}

TEST_F(PassageTest, a_native_target_is_called_by_the_native_function) {
    Func native = Func::create(*store, FuncType{}, [](Caller&, void*) { return Host::done; }, nullptr);
    static bool open = true, enter = true;
    Passage p{native, &open, &enter, [](Caller& c, void*) { return c.fail("closed"); }, nullptr, nullptr};
    EXPECT_CONTAINS(error_of(create_passage(*store, p).call(*store, {})), "closed");
}

}  // namespace
}  // namespace heddle
