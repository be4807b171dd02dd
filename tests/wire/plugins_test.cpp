// Plug-ins of materializers: entries of the manifest, and running instances reached by identity.
#include <limits>

#include <heddle/plugin_support.hpp>

#include "support/plugin_guests.hpp"

namespace heddle::wire::testing {
namespace {

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

struct Boxes : TestApp {
    explicit Boxes(const std::string& keeper_lifetime = "singleton")
        : TestApp({{"box.wasm", box_component()}, {"keeper.wasm", keeper_component()}},
                  "[defaults]\nkind = \"reflected\"\n" + box_ops("box-", "lifetime = \"singleton\"") + box_ops("each-", "lifetime = \"keyed\"\nkey = \"/who\"") +
                      keeper_ops(keeper_lifetime, "\"*\"")) {}
    std::string operator()(const std::string& op, const std::string& in = "null") { return said(call(op, in)); }
    // The next call sees what has been dropped.
    std::string dropped() {
        call("box-dropped", "null");
        return (*this)("box-dropped");
    }
};

TEST(WirePlugins, resources_of_a_running_instance_are_held_lent_and_moved) {
    Boxes t;
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t("fill", R"({"who":"box-join","n":5})"), "ok 0");
    EXPECT_EQ(t("value"), "ok 5");
    EXPECT_EQ(t("merge", "[7]"), "ok 12") << "one is lent, the other moved";
    EXPECT_EQ(t.dropped(), "ok 1") << "by the instance, which it was moved to";
    EXPECT_EQ(t("value"), "ok 5") << "what was lent is still there";
    EXPECT_EQ(t("give-up"), "ok 0");
    EXPECT_EQ(t.dropped(), "ok 2");
    EXPECT_EQ(t("many", "[100]"), "ok 100");
}

TEST(WirePlugins, resources_of_an_instance_that_ended_are_stale) {
    Boxes t;
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t("fill", R"({"who":"box-join","n":5})"), "ok 0");
    EXPECT_EQ(t("crash"), "ok 3000");   // trapped
    EXPECT_EQ(t("value"), "ok 3005");   // dead
    EXPECT_EQ(t("merge", "[7]"), "ok 3005") << "the instance is there again, the box is not";
    EXPECT_EQ(t("give-up"), "ok 0");
    EXPECT_EQ(t("fill", R"({"who":"box-join","n":6})"), "ok 0");
    EXPECT_EQ(t("value"), "ok 6");
    EXPECT_EQ(t.dropped(), "ok 1") << "the one of merge";
}

TEST(WirePlugins, resources_go_to_no_other_instance) {
    Boxes t;
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t("fill", R"({"who":"each-join/ada","n":5})"), "ok 0");
    EXPECT_EQ(t("merge", "[1]"), "ok 6");
    EXPECT_EQ(t("cross", R"({"who":"each-join/bob"})"), "ok 3007");  // foreign-handle
    EXPECT_EQ(t("value"), "ok 5");
}

TEST(WirePlugins, resources_go_with_the_guest_that_holds_them_and_are_not_without_end) {
    Boxes t("request");
    ASSERT_TRUE(t.app);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(t("fill", R"({"who":"box-join","n":5})"), "ok 0");
    EXPECT_EQ(t.dropped(), "ok 10");
    Boxes kept;
    ASSERT_TRUE(kept.app);
    EXPECT_EQ(kept("fill", R"({"who":"box-join","n":5})"), "ok 0");
    EXPECT_EQ(kept("many", "[5000]"), "ok 3004");  // limit
    EXPECT_EQ(kept("many", "[4000]"), "ok 4000");
    EXPECT_EQ(kept("many", "[100]"), "ok 3004");
    EXPECT_EQ(kept("value"), "ok 5");
}

TEST(WirePlugins, resources_are_not_for_json) {
    Boxes t;
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t("box-new", "[5]").substr(0, 15), "invalid_output:");
    EXPECT_EQ(t("box-value", R"({"self":0})").substr(0, 12), "in_json_err:");
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
