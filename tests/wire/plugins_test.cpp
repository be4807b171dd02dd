// Plug-ins of materializers: entries of the manifest, and running instances reached by identity.
#include <limits>

#include <heddle/plugin_support.hpp>
#include <heddle/component_tools.hpp>
#include <heddle/text.hpp>

#include "support/guests.hpp"

namespace heddle::wire::testing {
namespace {

namespace tools = component::tools;

// Counts its calls.
const std::string count = R"((component
  (core module $m (global $n (mut i32) (i32.const 0))
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
  (core instance $i (instantiate $m))
  (func $next (result u32) (canon lift (core func $i "next")))
  (component $c (import "next" (func $f (result u32))) (export "next" (func $f)))
  (instance $counter (instantiate $c (with "next" (func $next))))
  (export "demo:count/counter" (instance $counter))))";

const std::string count_wit = "package demo:count; interface counter { next: func() -> u32; } world count { export counter; }";
const std::string holder_wit = R"(package demo:holder;
world holder {
  include demo:count-plugin/imports;
  export demo:count/counter;
  export bump: func(who: string) -> u32;
  export mine: func(name: string) -> u32;
}
package demo:count { interface counter { next: func() -> u32; } }
)";

// What the counter says; or 1000, 2000, 3000 and the error's case: of connect or named, of bind, of the call.
const std::string holder = R"((module
  (import "heddle:plugins/loader@0.1.0" "[static]instance.connect" (func $connect (param i32 i32 i32)))
  (import "heddle:plugins/loader@0.1.0" "[static]code.named" (func $named (param i32 i32 i32)))
  (import "heddle:plugins/loader@0.1.0" "[method]code.instantiate" (func $instantiate (param i32 i32 i64 i32 i64 i32 i32 i32 i32 i32 i32 i32)))
  (import "demo:count-plugin/counter" "[static]plugin.bind" (func $bind (param i32 i32)))
  (import "demo:count-plugin/counter" "[method]plugin.next" (func $next (param i32 i32)))
  (memory (export "memory") 1) (data (i32.const 256) "selfish")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $failed (result i32) (i32.load8_u (i32.const 64)))
  (func $case (result i32) (i32.load8_u (i32.const 68)))
  (func $got (result i32) (i32.load (i32.const 68)))
  (func $ask (param $instance i32) (result i32)
    (call $bind (local.get 0) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 2000) (call $case)))))
    (call $next (call $got) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 3000) (call $case)))))
    (call $got))
  (func $bump (export "bump") (param i32 i32) (result i32)
    (call $connect (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $ask (call $got)))
  (func (export "mine") (param i32 i32) (result i32)
    (call $named (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $instantiate (call $got) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $ask (call $got)))
  (func (export "demo:count/counter#next") (result i32) (call $bump (i32.const 256) (i32.const 7)))))";

template <class T>
T good(Result<T> r) {
    if (!r) throw std::runtime_error(r.error().to_string());
    return std::move(*r);
}

std::string holder_component() {
    wit::Resolve count_world = good(wit::resolve({{"count.wit", count_wit}}));
    std::string derived = tools::print(good(tools::derive_plugin({count_world, 0, std::nullopt}, 0)));
    wit::Resolve r = good(wit::resolve({{"holder.wit", holder_wit}, {"derived.wit", derived}}));
    u32 world = good(tools::find_world(r, *r.find_package({"demo", "holder", std::nullopt}), "holder"));
    auto bytes = good(tools::make_component(Engine(), good(tools::embed(r, world, good(text::assemble(holder))))));
    return {bytes.begin(), bytes.end()};
}

const std::string manifest = R"(
[plugins.count]
artifact = "count.wat"
[defaults]
kind = "reflected"
[materializers.one]
artifact = "count.wat"
export = "demo:count/counter.next"
lifetime = "singleton"
[materializers.each]
artifact = "count.wat"
export = "demo:count/counter.next"
lifetime = "keyed"
key = "/who"
[materializers.pool]
artifact = "count.wat"
export = "demo:count/counter.next"
lifetime = "pooled"
[materializers.bump]
artifact = "holder.wasm"
lifetime = "pooled"
grants = { plugins = ["count"], connect = ["one", "each", "pool"] }
[materializers.mine]
artifact = "holder.wasm"
lifetime = "pooled"
grants = { plugins = ["count"], connect = ["one", "each", "pool"] }
[materializers.poor]
artifact = "holder.wasm"
export = "mine"
lifetime = "pooled"
grants = { connect = ["one"] }
[materializers.forgetful]
artifact = "holder.wasm"
export = "mine"
grants = { plugins = ["count"] }
[materializers.selfish]
artifact = "holder.wasm"
export = "demo:count/counter.next"
lifetime = "singleton"
grants = { connect = ["selfish"] }
)";

TEST(WirePlugins, entries_of_the_manifest_are_loaded_by_name) {
    TestApp t({{"count.wat", count}, {"holder.wasm", holder_component()}}, manifest);
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("mine", R"({"name":"count"})")), "ok 1");
    EXPECT_EQ(said(t.call("mine", R"({"name":"other"})")), "ok 1000");  // unknown
}

TEST(WirePlugins, what_a_call_loaded_goes_with_it) {
    TestApp t({{"count.wat", count}, {"holder.wasm", holder_component()}}, manifest);
    ASSERT_TRUE(t.app);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(said(t.call("forgetful", R"({"name":"count"})")), "ok 1") << i;  // more than may be at once
}

TEST(WirePlugins, running_instances_are_reached_by_identity) {
    TestApp t({{"count.wat", count}, {"holder.wasm", holder_component()}}, manifest);
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("one", "null")), "ok 1");
    EXPECT_EQ(said(t.call("bump", R"({"who":"one"})")), "ok 2");
    EXPECT_EQ(said(t.call("one", "null")), "ok 3");
    EXPECT_EQ(said(t.call("each", R"({"who":"ada"})")), "ok 1");
    EXPECT_EQ(said(t.call("bump", R"({"who":"each/ada"})")), "ok 2");
    EXPECT_EQ(said(t.call("bump", R"({"who":"each/bob"})")), "ok 1");
    EXPECT_EQ(said(t.call("each", R"({"who":"ada"})")), "ok 3");
}

TEST(WirePlugins, what_is_not_granted_or_does_not_run_is_refused) {
    TestApp t({{"count.wat", count}, {"holder.wasm", holder_component()}}, manifest);
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("bump", R"({"who":"selfish"})")), "ok 1001");  // denied
    EXPECT_EQ(said(t.call("bump", R"({"who":"pool"})")), "ok 1001");
    EXPECT_EQ(said(t.call("mine", R"({"name":"count"})")), "ok 1");
    EXPECT_EQ(said(t.call("poor", R"({"name":"count"})")), "ok 1000");   // the same file, without the grant
    EXPECT_EQ(said(t.call("bump", R"({"who":"each"})")), "ok 1000");     // unknown: which of them?
    EXPECT_EQ(said(t.call("bump", R"({"who":"one/ada"})")), "ok 1000");
    EXPECT_EQ(said(t.call("selfish", "null")), "ok 3006");               // reentrant
}

TEST(WirePlugins, what_has_no_json_is_an_error) {
    auto f64 = component::ValueType::primitive(component::ValueType::Kind::f64);
    component::FunctionType type{false, {}, f64};
    EXPECT_EQ(plugin_json().result(component::Val::f64(1.5), type).value(), "1.5");
    EXPECT_EQ(plugin_json().result(std::nullopt, {}).value(), "null");
    EXPECT_FALSE(plugin_json().result(component::Val::f64(std::numeric_limits<double>::infinity()), type));
}

TEST(WirePlugins, wrong_manifests_say_what_is_wrong) {
    Folder folder;
    folder.write("count.wat", count);
    folder.write("module.wat", "(module)");
    const std::pair<const char*, const char*> cases[] = {
        {"[plugins.count]\nartifact = \"count.wat\"\n[materializers.a]\nartifact = \"count.wat\"\nkind = \"reflected\"\ngrants = { plugins = [\"cuont\"] }",
         "no plug-in is called `cuont`"},
        {"[plugins.count]\nmemory = 1\n[materializers.a]\nartifact = \"count.wat\"", "plugins.count: `artifact` is missing"},
        {"[plugins.count]\nartifact = \"count.wat\"\ncolour = 1\n[materializers.a]\nartifact = \"count.wat\"", "unknown key `colour`"},
        {"[plugins.m]\nartifact = \"module.wat\"\n[materializers.a]\nartifact = \"count.wat\"\nkind = \"reflected\"\nexport = \"demo:count/counter.next\"\ngrants = { plugins = [\"*\"] }",
         "module.wat: "},
        {"[plugins.count]\nartifact = \"count.wat\"\n[materializers.a]\nartifact = \"module.wat\"\nkind = \"core\"\ngrants = { plugins = [\"*\"] }",
         "only components hold plug-ins"},
        {"[materializers.a]\nartifact = \"count.wat\"\nkind = \"reflected\"\ngrants = { connect = [\"b\"] }", "no materializer is called `b`"},
    };
    for (auto [text, words] : cases) {
        auto app = App::parse(text, folder.path());
        ASSERT_FALSE(app) << text;
        EXPECT_NE(app.error().to_string().find(words), std::string::npos) << text << "\n" << app.error().to_string();
    }
}

}  // namespace
}  // namespace heddle::wire::testing
