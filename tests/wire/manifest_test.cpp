#include "manifest.hpp"

#include <gtest/gtest.h>

#include <heddle/error.hpp>

namespace heddle::wire {
namespace {

std::string fault(const std::string& text) {
    try {
        read_manifest(text, ".");
        return "fine";
    } catch (const Error& e) {
        return e.message;
    }
}

const std::string whole = R"(
name = "shop"
[types.Id]
type = "integer"
[serve]
listen = "127.0.0.1:9000"
workers = 3
[config]
greeting = "hi"
[defaults.limits]
deadline = "2s"
[materializers.get]
artifact = "a.wasm"
kind = "core-wire"
input = "Id"
effect = "update"
lifetime = "pooled"
pool = { min = 1, max = 5, idle = "1m" }
limits = { fuel = 1000, memory = "1MiB" }
grants = { gql = true, call = ["other"], kv = "write", kv_prefix = "shop/", http = ["https://a.example"] }
env = { LANG = "C" }
dirs = { "/data" = "data:rw", "/ro" = "ro" }
policy = ["other"]
event = { on = ["timer:5s"], retries = 2, input = { a = 1 } }
data = { ty = "def" }
[materializers.other]
artifact = "a.wasm"
)";

TEST(Manifest, every_key_arrives_where_it_belongs) {
    Manifest m = read_manifest(whole, "/app");
    EXPECT_EQ(m.name, "shop");
    EXPECT_EQ(m.serve.workers, 3u);
    EXPECT_EQ(m.config.at("greeting"), "\"hi\"");
    const MaterializerConfig& get = *m.find("get");
    const GuestConfig& g = *get.guest;
    EXPECT_EQ(g.artifact, "/app/a.wasm");
    EXPECT_EQ(g.limits.deadline, Milliseconds(2000));
    EXPECT_EQ(g.limits.fuel, 1000u);
    EXPECT_EQ(g.limits.memory, 1u << 20);
    EXPECT_EQ(g.pool.max, 5u);
    EXPECT_EQ(g.pool.idle, Milliseconds(60'000));
    EXPECT_TRUE(g.grants.gql);
    EXPECT_EQ(g.grants.kv, Grants::Kv::write);
    ASSERT_EQ(g.dirs.size(), 2u);
    EXPECT_EQ(g.dirs[0].host, "/app/data");
    EXPECT_FALSE(g.dirs[0].read_only);
    EXPECT_TRUE(g.dirs[1].read_only);
    EXPECT_EQ(get.effect, Effect::update);
    EXPECT_EQ(get.event->retries, 2u);
    EXPECT_EQ(get.event->input, "{\"a\":1}");
    EXPECT_EQ(get.data_json, "{\"ty\":\"def\"}");
    EXPECT_EQ(m.find("other")->guest->limits.deadline, Milliseconds(2000));
    EXPECT_FALSE(m.find("other")->guest->grants.gql);
}

TEST(Manifest, json_serves_as_well) {
    Manifest m = read_manifest(R"({"materializers": {"a": {"artifact": "x.wasm", "limits": {"deadline": "5s"}}}})", ".");
    EXPECT_EQ(m.find("a")->guest->limits.deadline, Milliseconds(5000));
}

TEST(Manifest, what_is_wrong_is_said_with_its_place) {
    auto with = [](const std::string& line) { return "[materializers.a]\nartifact = \"a.wasm\"\n" + line; };
    const std::pair<std::string, const char*> cases[] = {
        {"", "app: there is no materializer: add [materializers.NAME] with an `artifact`"},
        {"[materializer.a]", "app: unknown key `materializer`; did you mean `materializers`?"},
        {"[materializers.a]\nkind = \"core\"", "materializers.a: `artifact` is missing: the path of a .wasm or .wat file"},
        {with("lifetme = \"pooled\""), "materializers.a: unknown key `lifetme`; did you mean `lifetime`?"},
        {with("lifetime = \"poold\""), "materializers.a.lifetime: `poold` is none of what it can be; did you mean `pooled`?"},
        {with("lifetime = \"keyed\""), "materializers.a: lifetime `keyed` needs `key`: a JSON pointer into the input (\"/id\"), or \"user/id\""},
        {with("limits = { deadline = 5 }"), "materializers.a.limits.deadline: must be a duration (\"200ms\", \"5s\", \"2m\", \"1h\"), there is 5"},
        {with("limits = { memory = \"1TB\" }"), "materializers.a.limits.memory: must be a size (65536, \"64KiB\", \"8MiB\"), there is \"1TB\""},
        {with("limits = { fuel = -1 }"), "materializers.a.limits.fuel: must be a whole number from 0, there is -1"},
        {with("grants = { kv = true }"), "materializers.a.grants.kv: must be a string, there is true"},
        {with("grants = { sql = true }"), "materializers.a.grants: unknown key `sql`; did you mean `gql`?"},
        {with("policy = [\"b\"]"), "materializers.a.policy: no materializer is called `b`; did you mean `a`?"},
        {with("input = \"T\""), "materializers.a.input: no type is called `T`; there is none"},
        {with("sha256 = \"12\""), "materializers.a.sha256: must be 64 hexadecimal digits"},
        {with("pool = { max = 0 }"), "materializers.a.pool: `max` must be at least 1 and at least `min`"},
        {"a = ", "1:5: "},
        {"a = 1 \u00e9", "1:7: "},
        {"\u65e5 = 1", "1:1: "},
        {"[= 1]", "1:2: "},
        {"{\"a\":1,\"a\":2}", "1:8: two keys of one object are called `a`"},
    };
    for (const auto& [text, expected] : cases) EXPECT_TRUE(fault(text).starts_with(expected)) << text << "\n" << fault(text);
}

TEST(Manifest, imports_name_materializers_that_may_then_be_called) {
    auto read = [](const std::string& text) {
        try {
            Manifest m = read_manifest(text, ".");
            return m.materializers[0].guest->grants.call.empty() ? std::string("nothing granted") : m.materializers[0].guest->grants.call[0];
        } catch (const Error& e) {
            return e.message;
        }
    };
    std::string app = "[materializers.a]\nartifact = \"a.wasm\"\nkind = \"reflected\"\n[materializers.b]\nartifact = \"b.wasm\"\n";
    auto with = [&](const std::string& imports) { return std::string(app).insert(app.find("[materializers.b]"), "imports = { " + imports + " }\n"); };
    EXPECT_EQ(read(with("\"demo:app/store.get\" = \"b\"")), "b");
    EXPECT_EQ(read(with("\"demo:app/store.get\" = \"c\"")).substr(0, 73), "materializers.a.imports.demo:app/store.get: no materializer is called `c`");
    EXPECT_EQ(read(with("\"store\" = \"b\"")), "materializers.a.imports.store: a function of an interface is named \"package:name/interface.function\"");
    EXPECT_EQ(read("[materializers.b]\nartifact = \"b.wasm\"\nimports = {}\n"), "materializers.b.imports: only components import functions with types, and kind `core-wire` is a core module's");
}

TEST(Manifest, equal_configurations_share_instances) {
    Manifest m = read_manifest("[materializers]\na = { artifact = \"x.wasm\", title = \"A\" }\nb = { artifact = \"x.wasm\" }\nc = { artifact = \"x.wasm\", lifetime = \"pooled\" }", ".");
    EXPECT_EQ(m.find("a")->guest->identity, m.find("b")->guest->identity);
    EXPECT_NE(m.find("a")->guest->identity, m.find("c")->guest->identity);
}

}  // namespace
}  // namespace heddle::wire
