// Plug-ins through the C++ API: whatever one does, it fails alone.
#include <gtest/gtest.h>

#include <heddle/plugins.hpp>

#include "component/tools/support.hpp"
#include "plugins/package.hpp"

namespace heddle::component::plugins {
namespace {

const std::string wit = R"(package demo:plug@1.0.0;
interface work {
  resource item { constructor(n: u32); value: func() -> u32; }
  add: func(a: u32, b: u32) -> u32;
  same: func(s: string) -> string;
  crash: func();
  spin: func();
  grow: func(pages: u32) -> u32;
  flood: func(n: u32) -> list<item>;
  total: func(a: borrow<item>, b: borrow<item>) -> u32;
  swallow: func(i: item) -> u32;
  dropped: func() -> u32;
}
world plug { export work; }
)";

// Items are their numbers. `grow` traps when it is refused; `flood` makes handles and keeps none.
const std::string plug = R"((module
  (import "[export]demo:plug/work@1.0.0" "[resource-new]item" (func $new (param i32) (result i32)))
  (import "[export]demo:plug/work@1.0.0" "[resource-rep]item" (func $rep (param i32) (result i32)))
  (import "[export]demo:plug/work@1.0.0" "[resource-drop]item" (func $drop (param i32)))
)" + tools::testing::allocator + R"(
  (global $dropped (mut i32) (i32.const 0))
  (func (export "demo:plug/work@1.0.0#[constructor]item") (param i32) (result i32) (call $new (local.get 0)))
  (func (export "demo:plug/work@1.0.0#[method]item.value") (param i32) (result i32) (local.get 0))
  (func (export "demo:plug/work@1.0.0#[dtor]item") (param i32)
    (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
    (if (i32.eq (local.get 0) (i32.const 777)) (then (loop $l (br $l))))
    (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
  (func (export "demo:plug/work@1.0.0#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "demo:plug/work@1.0.0#same") (param i32 i32) (result i32)
    (i32.store (i32.const 8) (local.get 0)) (i32.store (i32.const 12) (local.get 1)) (i32.const 8))
  (func (export "demo:plug/work@1.0.0#crash") unreachable)
  (func (export "demo:plug/work@1.0.0#spin") (loop $l (br $l)))
  (func (export "demo:plug/work@1.0.0#grow") (param i32) (result i32)
    (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable))
    (memory.size))
  (func (export "demo:plug/work@1.0.0#flood") (param i32) (result i32) (local $i i32) (local $at i32)
    (local.set $at (i32.const 16))
    (i32.store (i32.const 8) (local.get $at)) (i32.store (i32.const 12) (local.get 0))
    (loop $l
      (i32.store (local.get $at) (call $new (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (i32.const 8))
  (func (export "demo:plug/work@1.0.0#total") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "demo:plug/work@1.0.0#swallow") (param i32) (result i32)
    (call $rep (local.get 0)) (call $drop (local.get 0)))
  (func (export "demo:plug/work@1.0.0#dropped") (result i32) (global.get $dropped))))";

std::vector<u8> plug_bytes() { return tools::testing::made(Engine(), wit, "plug", plug); }

struct Plugins : ::testing::Test {
    Catalogue catalogue;
    void SetUp() override { catalogue.add("plug", {.bytes = plug_bytes()}); }
    Plugin made(const Limits& limits = {}) {
        auto p = catalogue.instantiate("plug", limits);
        if (!p) throw std::runtime_error(p.error().message);
        return *p;
    }
};

std::string call_kind(const CallResult& r) { return r ? "ok" : to_string(r.error().kind); }
u32 number(const CallResult& r) { return r && *r ? (*r)->as<u32>() : 0; }
Val item(const Plugin& p, u32 n) { return *p.call("demo:plug/work.[constructor]item", {Val::u32(n)}).value(); }

TEST_F(Plugins, call_by_path_with_values_and_resources) {
    Plugin p = made();
    EXPECT_EQ(number(p.call("demo:plug/work.add", {Val::u32(40), Val::u32(2)})), 42u);
    EXPECT_EQ((*p.call("demo:plug/work@1.0.0.same", {Val::string("Ada")}).value()).as_string(), "Ada");
    Val a = item(p, 7), b = item(p, 8);
    EXPECT_EQ(number(p.call("demo:plug/work.total", {Val::handle(Val::Kind::borrow, a.handle()), Val::handle(Val::Kind::borrow, b.handle())})), 15u);
    EXPECT_EQ(number(p.call("demo:plug/work.swallow", {std::move(a)})), 7u);
    b = Val();
    EXPECT_EQ(number(p.call("demo:plug/work.dropped", {})), 2u);
    EXPECT_EQ(to_string(*p.type("demo:plug/work.add")), "func(a: u32, b: u32) -> u32");
    EXPECT_EQ(p.exports().size(), 1u);
    EXPECT_GT(p.fuel_used(), 0u);
    EXPECT_EQ(p.memory_bytes(), 65'536u);
}

TEST_F(Plugins, wrong_calls_are_errors_and_end_nothing) {
    Plugin p = made();
    EXPECT_EQ(call_kind(p.call("demo:plug/work.nothing", {})), "unknown-function");
    EXPECT_EQ(call_kind(p.call("demo:plug/work.add", {Val::u32(1)})), "bad-arguments");
    EXPECT_EQ(call_kind(p.call("demo:plug/work.add", {Val::u32(1), Val::string("2")})), "bad-arguments");
    EXPECT_EQ(p.status().kind, Status::Kind::ready);
}

TEST_F(Plugins, each_failure_ends_that_plugin_alone) {
    struct Case {
        const char* function;
        std::vector<Val> args;
        Limits limits;
        const char* kind;
    };
    Limits short_time, little_fuel, little_memory;
    short_time.deadline = std::chrono::milliseconds(50);
    little_fuel.fuel = 100'000;
    little_memory.memory_bytes = u64(1) << 20;
    const Case cases[] = {{"crash", {}, {}, "trapped"},
                          {"spin", {}, short_time, "deadline"},
                          {"spin", {}, little_fuel, "fuel"},
                          {"grow", {Val::u32(1000)}, little_memory, "memory"},
                          {"flood", {Val::u32(70'000)}, {}, "limit"}};
    Plugin other = made();
    for (const Case& c : cases) {
        Plugin p = made(c.limits);
        auto failed = p.call(std::string("demo:plug/work.") + c.function, c.args);
        EXPECT_EQ(call_kind(failed), c.kind) << c.function << ": " << (failed ? "" : failed.error().message);
        EXPECT_EQ(p.status().kind, Status::Kind::dead) << c.function;
        EXPECT_EQ(call_kind(p.call("demo:plug/work.add", {Val::u32(1), Val::u32(2)})), "dead");
        EXPECT_EQ(p.memory_bytes(), 0u);
        EXPECT_EQ(number(other.call("demo:plug/work.add", {Val::u32(1), Val::u32(2)})), 3u);
    }
}

TEST_F(Plugins, a_call_at_its_limit_of_fuel_or_memory_succeeds) {
    Plugin p = made();
    u64 before = p.fuel_used();
    ASSERT_EQ(number(p.call("demo:plug/work.add", {Val::u32(1), Val::u32(2)})), 3u);
    Limits exact;
    exact.fuel = p.fuel_used() - before;
    exact.memory_bytes = 3 * 65'536;
    Plugin q = made(exact);
    EXPECT_EQ(number(q.call("demo:plug/work.add", {Val::u32(1), Val::u32(2)})), 3u);
    EXPECT_EQ(number(made(exact).call("demo:plug/work.add", {Val::u32(1), Val::u32(2)})), 3u);
    exact.fuel = ~u64(0);
    Plugin m = made(exact);
    EXPECT_EQ(number(m.call("demo:plug/work.grow", {Val::u32(2)})), 3u);
    EXPECT_EQ(call_kind(m.call("demo:plug/work.grow", {Val::u32(1)})), "memory");
}

TEST_F(Plugins, failing_destructors_end_the_plugin) {
    for (u32 n : {666u, 777u}) {
        Limits l;
        l.deadline = std::chrono::milliseconds(50);
        Plugin p = made(l);
        { Val i = item(p, n); }
        EXPECT_EQ(call_kind(p.call("demo:plug/work.dropped", {})), "dead");
        EXPECT_EQ(p.status().kind, Status::Kind::dead);
    }
}

TEST_F(Plugins, closing_gives_everything_back) {
    Plugin p = made();
    Val kept = item(p, 3);
    p.close();
    p.close();
    EXPECT_EQ(p.status().kind, Status::Kind::closed);
    EXPECT_EQ(call_kind(p.call("demo:plug/work.dropped", {})), "dead");
}

TEST(PluginLimits, what_is_there_for_all_is_divided) {
    Options o;
    o.limits.memory_bytes = u64(8) << 20;
    o.limits.zones = 3;
    Catalogue catalogue(o);
    Limits half;
    half.memory_bytes = u64(4) << 20;
    catalogue.add("plug", {.bytes = plug_bytes(), .limits = half});
    auto a = catalogue.instantiate("plug"), b = catalogue.instantiate("plug"), c = catalogue.instantiate("plug");
    ASSERT_TRUE(a && b);
    ASSERT_FALSE(c);
    EXPECT_EQ(c.error().kind, LoadError::Kind::limit) << c.error().message;
    b->close();
    Limits quarter;
    quarter.memory_bytes = u64(2) << 20;
    c = catalogue.instantiate("plug", quarter);
    auto d = catalogue.instantiate("plug", half);  // gets what is left
    ASSERT_TRUE(c && d);
    EXPECT_EQ(call_kind(d->call("demo:plug/work.grow", {Val::u32(32)})), "memory");
    EXPECT_EQ(number(a->call("demo:plug/work.grow", {Val::u32(63)})), 64u);
    auto e = catalogue.instantiate("plug", quarter), f = catalogue.instantiate("plug", quarter);  // d is dead
    EXPECT_TRUE(e);
    ASSERT_FALSE(f);
    EXPECT_NE(f.error().message.find("there may be 3 plug-ins"), std::string::npos) << f.error().message;
}

TEST(PluginLoad, errors_say_what_is_wrong) {
    Catalogue catalogue;
    catalogue.add("text", {.bytes = {'(', 'x', ')'}});
    catalogue.add("import", {.bytes = *assemble("(component (import \"f\" (func)))")});
    catalogue.add("trap", {.bytes = *assemble("(component (core module $m (func $f unreachable) (start $f)) (core instance (instantiate $m)))")});
    catalogue.add("loop", {.bytes = *assemble("(component (core module $m (func $f (loop $l (br $l))) (start $f)) (core instance (instantiate $m)))")});
    Limits l;
    l.deadline = std::chrono::milliseconds(40);
    auto kind = [&](const char* name) {
        auto p = catalogue.instantiate(name, l);
        return std::string(p ? "ok" : to_string(p.error().kind));
    };
    EXPECT_EQ(kind("nothing"), "unknown");
    EXPECT_EQ(kind("text"), "invalid");
    EXPECT_EQ(kind("import"), "unlinkable");
    EXPECT_EQ(kind("trap"), "trapped");
    EXPECT_EQ(kind("loop"), "limit");
}

TEST(PluginLoad, what_the_embedder_serves_is_there_and_reentry_is_an_error) {
    Catalogue catalogue;
    std::optional<Plugin> self;
    std::string inner;
    auto imports = [&](ComponentLinker& linker, const heddle::Component&) -> Result<Served> {
        linker.root().func("f", [&] { inner = call_kind(self->call("g", {})); });
        return Served{};
    };
    catalogue.add("calls", {.bytes = *assemble(R"((component (import "f" (func $f)) (core func $low (canon lower (func $f)))
        (core module $m (import "" "f" (func $f)) (func (export "g") (call $f))) (core instance $i (instantiate $m (with "" (instance (export "f" (func $low))))))
        (func (export "g") (canon lift (core func $i "g")))))"),
                            .imports = imports});
    auto p = catalogue.instantiate("calls");
    ASSERT_TRUE(p) << p.error().message;
    self = *p;
    EXPECT_EQ(call_kind(p->call("g", {})), "ok");
    EXPECT_EQ(inner, "reentrant");
}

// Loads itself, and says how deep that went.
const std::string nest = R"wat((module
  (import "heddle:plugins/loader@0.1.0" "[static]code.named" (func $named (param i32 i32 i32)))
  (import "heddle:plugins/loader@0.1.0" "[method]code.instantiate" (func $instantiate (param i32 i32 i64 i32 i64 i32 i32 i32 i32 i32 i32 i32)))
  (import "heddle:plugins/values@0.1.0" "call-wave" (func $call (param i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1) (data (i32.const 256) "nest") (data (i32.const 272) "deep") (data (i32.const 288) "()")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $failed (result i32) (i32.load8_u (i32.const 64)))
  (func $got (result i32) (i32.load (i32.const 68)))
  (func (export "deep") (result i32)
    (call $named (i32.const 256) (i32.const 4) (i32.const 64))
    (if (call $failed) (then (return (i32.const 100))))
    (call $instantiate (call $got) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
    (if (call $failed) (then (return (i32.sub (i32.load8_u (i32.const 68)) (i32.const 5)))))
    (call $call (call $got) (i32.const 272) (i32.const 4) (i32.const 288) (i32.const 2) (i32.const 64))
    (if (call $failed) (then (return (i32.const 200))))
    (i32.sub (i32.load8_u (call $got)) (i32.const 47)))))wat";

TEST(PluginLoad, plugins_of_plugins_are_so_deep_and_go_with_their_maker) {
    Options o;
    o.limits.zones = 4;
    Catalogue catalogue(o);
    std::string text = "package demo:nest; world nest { import heddle:plugins/loader@0.1.0; import heddle:plugins/values@0.1.0; export deep: func() -> u32; }";
    auto r = wit::resolve({{"nest.wit", text}, {"plugins.wit", std::string(package_text())}});
    ASSERT_TRUE(r) << r.error().message;
    auto core = tools::embed(*r, *tools::find_world(*r, *r->find_package({"demo", "nest", std::nullopt}), "nest"), tools::testing::core(nest));
    ASSERT_TRUE(core) << core.error().message;
    catalogue.add("nest", {.bytes = *tools::make_component(Engine(), *core), .may_hold_plugins = true});
    for (int i = 0; i < 3; ++i) {  // each leaves room for the next
        auto p = catalogue.instantiate("nest");
        ASSERT_TRUE(p) << p.error().message;
        EXPECT_EQ(number(p->call("deep", {})), 3u);
        EXPECT_FALSE(catalogue.instantiate("nest"));
    }
    catalogue.add("lonely", {.bytes = *tools::make_component(Engine(), *core)});
    auto p = catalogue.instantiate("lonely");
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().kind, LoadError::Kind::unlinkable) << p.error().message;
}

TEST(PluginLoad, many_come_and_go) {
    Catalogue catalogue;
    catalogue.add("plug", {.bytes = plug_bytes()});
    for (u32 i = 0; i < 1'000; ++i) {
        auto p = catalogue.instantiate("plug");
        ASSERT_TRUE(p) << p.error().message;
        ASSERT_EQ(number(p->call("demo:plug/work.add", {Val::u32(i), Val::u32(1)})), i + 1);
    }
}

}  // namespace
}  // namespace heddle::component::plugins
