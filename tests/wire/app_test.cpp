// Calls through App: every kind, every outcome.
#include <thread>

#include "support/guests.hpp"
#include "support/protocol_guest.hpp"

namespace heddle::wire::testing {
namespace {

const std::string adder = R"((module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64) (result i64) (local.get 0))
  (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
  (func (export "swap") (param i32 f32) (result f32 i32) (local.get 1) (local.get 0))
  (func (export "inf") (result f64) (f64.const inf))
  (func (export "boom") unreachable)))";

TEST(CoreKind, numbers_go_by_position_or_by_name) {
    TestApp t({{"a.wat", adder}}, R"(
[defaults]
artifact = "a.wat"
kind = "core"
[materializers.add]
input = { type = "object", required = ["b", "a"], properties = { a = { type = "integer" }, b = { type = "integer" } } }
[materializers.plus]
export = "add"
[materializers.wide]
[materializers.half]
[materializers.swap]
[materializers.inf]
[materializers.boom]
)");
    EXPECT_EQ(said(t.call("plus", "[40,2]")), "ok 42");
    EXPECT_EQ(said(t.call("add", R"({"a":1,"b":-3})")), "ok -2");
    EXPECT_EQ(said(t.call("wide", "9007199254740993")), "ok 9007199254740993");
    EXPECT_EQ(said(t.call("half", "5")), "ok 2.5");
    EXPECT_EQ(said(t.call("swap", "[1,2.5]")), "ok [2.5,1]");
    EXPECT_EQ(said(t.call("boom", "null")), "trap: the guest trapped: unreachable");
    EXPECT_EQ(said(t.call("inf", "null")), "invalid_output: the result is not finite, and JSON has no such number");
    EXPECT_EQ(said(t.call("plus", "[1]")), "in_json_err: `add` takes 2 arguments, there are 1");
    EXPECT_EQ(said(t.call("plus", "[1,\"2\"]")), "in_json_err: argument 2 must be an i32, there is \"2\"");
    EXPECT_EQ(said(t.call("plus", "[1,4294967296]")), "in_json_err: argument 2 must be an i32, there is 4294967296");
    EXPECT_EQ(said(t.call("plu", "1")), "unknown_op: no materializer is called `plu`; did you mean `plus`?");
}

struct ProtocolCase {
    const char *name, *kind;
    std::string text;
};
class Protocol : public ::testing::TestWithParam<ProtocolCase> {};

std::string manifest(const char* kind, const std::string& more = "") {
    return "[defaults]\nartifact = \"g.wat\"\nkind = \"" + std::string(kind) + R"("
limits = { deadline = "300ms", memory = "2MiB" }
grants = { call = ["other"] }
[materializers.op]
input = { allOf = [{ type = "string", maxLength = 12 }] }
[materializers.typed]
output = { allOf = [{ type = "integer" }] }
[materializers.other]
[materializers.fueled]
limits = { fuel = 100000 }
)" + more;
}

// A guest of kind `wit` is made for the app that it is in.
std::string guest_for(const ProtocolCase& c, const std::string& manifest) { return c.text.empty() ? wit_guest(manifest) : c.text; }

struct ProtocolApp : TestApp {
    ProtocolApp(const ProtocolCase& c, const std::string& more = "") : TestApp({{"g.wat", guest_for(c, manifest(c.kind, more))}}, manifest(c.kind, more)) {}
};

TEST_P(Protocol, every_outcome_is_distinct) {
    ProtocolApp t(GetParam());
    ASSERT_TRUE(t.app);
    ASSERT_TRUE(t.app->warm()) << t.app->warm().error().message;
    EXPECT_EQ(said(t.call("op", "\"echo\"")), "ok \"echo\"");
    EXPECT_EQ(said(t.call("op", "\"nohand\"")), "no_handler: the guest has no handler for `op`");
    EXPECT_EQ(said(t.call("op", "\"injson\"")), "in_json_err: said no");
    Reply handler = t.call("op", "\"handler\"");
    EXPECT_EQ(said(handler), "handler_err: said no");
    EXPECT_EQ(handler.error_json(), R"({"code":"handler_err","message":"said no","cause":{"message":"said no","code":7}})");
    Reply trap = t.call("op", "\"trap\"");
    EXPECT_EQ(said(trap), "trap: the guest trapped: unreachable");
    EXPECT_NE(trap.backtrace.find("func["), std::string::npos) << trap.backtrace;
    Reply memory = t.call("op", "\"grow\"");
    EXPECT_EQ(said(memory), "memory: the guest was refused more memory (limits.memory = 2097152) and trapped: unreachable");
    EXPECT_EQ(t.call("op", "\"loop\"").outcome, Outcome::deadline);
    EXPECT_EQ(t.call("fueled", "\"loop\"").outcome, Outcome::fuel);
    EXPECT_EQ(said(t.call("op", "\"echo")), "bad_json: 1:6: a string has no closing quote");
    EXPECT_EQ(said(t.call("op", "7")), "invalid_input: <value>: expected a string, there is 7");
    EXPECT_EQ(t.call("op", "\"bad\"").outcome, Outcome::invalid_output);
    EXPECT_EQ(said(t.call("typed", "\"st\"")), "invalid_output: the guest's output: <value>: expected an integer, there is \"it is a text\"");
}

TEST_P(Protocol, host_calls_give_values_and_never_trap) {
    ProtocolApp t(GetParam());
    ASSERT_TRUE(t.app);
    Reply random = t.call("op", "\"random\"");
    EXPECT_TRUE(random.ok() && random.json.size() == 10) << said(random);
    EXPECT_EQ(said(t.call("op", "\"kv\"")), "handler_err: `op` may not call `kv.get` (grants.kv)");
    EXPECT_EQ(said(t.call("op", "\"xx\"")).substr(0, 50), "handler_err: no host call is named `no.such`; know");
    EXPECT_EQ(said(t.call("op", "\"other\"")), "ok \"echo\"");
}

TEST_P(Protocol, state_is_gone_with_the_next_call_unless_the_lifetime_keeps_it) {
    ProtocolApp t(GetParam(), R"(
[materializers.fresh]
lifetime = "request"
[materializers.pooled]
lifetime = "pooled"
[materializers.single]
lifetime = "singleton"
[materializers.keyed]
lifetime = "keyed"
key = ""
)");
    ASSERT_TRUE(t.app);
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(said(t.call("op", "\"count\"")), "ok 1");
        EXPECT_EQ(said(t.call("fresh", "\"count\"")), "ok 1");
        EXPECT_EQ(said(t.call("pooled", "\"count\"")), "ok " + std::to_string(i));
        EXPECT_EQ(said(t.call("single", "\"count\"")), "ok " + std::to_string(i));
        EXPECT_EQ(said(t.call("keyed", "\"count\"")), "ok " + std::to_string(i));
        EXPECT_EQ(said(t.call("keyed", "\"counted\"")), "ok " + std::to_string(i));
    }
    t.call("single", "\"trap\"");
    EXPECT_EQ(said(t.call("single", "\"count\"")), "ok 1");
}

TEST_P(Protocol, a_call_ends_when_it_is_cancelled) {
    ProtocolApp t(GetParam(), "[materializers.slow]\nlimits = { deadline = \"20s\" }");
    ASSERT_TRUE(t.app);
    std::thread canceller;
    auto start = std::chrono::steady_clock::now();
    Reply r = t.call("slow", "\"loop\"", {.on_start = [&](std::function<void()> cancel) {
        canceller = std::thread([cancel] {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            cancel();
        });
    }});
    canceller.join();
    EXPECT_EQ(r.outcome, Outcome::cancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Protocol,
                         ::testing::Values(ProtocolCase{"cabi", "core-wire", cabi_guest()}, ProtocolCase{"simple", "core-wire", simple_guest()},
                                           ProtocolCase{"component", "wit-wire", component_guest()}, ProtocolCase{"typed", "wit", ""}),
                         [](const auto& info) { return info.param.name; });

const std::string reflected = R"((component
  (core module $m (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "check") (param i32) (result i32) (i32.store8 (i32.const 8) (i32.eqz (local.get 0))) (i32.store8 (i32.const 9) (local.get 0)) (i32.const 8)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "left-hand" u32) (param "b" s32) (result u32) (canon lift (core func $i "add")))
  (func (export "check") (param "n" u8) (result (result u8 (error u8))) (canon lift (core func $i "check") (memory (core memory $i "memory"))))))";

TEST(ReflectedKind, any_export_is_called_with_json) {
    TestApp t({{"r.wat", reflected}}, "[defaults]\nartifact = \"r.wat\"\nkind = \"reflected\"\n[materializers.add]\n[materializers.check]\n");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("add", R"({"leftHand":40,"b":2})")), "ok 42");
    EXPECT_EQ(said(t.call("add", "[1,2]")), "ok 3");
    EXPECT_EQ(said(t.call("add", R"({"left-hand":-1,"b":2})")), "in_json_err: <value>.left-hand: expected a number of type u32, there is -1");
    EXPECT_EQ(said(t.call("check", "7")), "ok 7");
    EXPECT_EQ(said(t.call("check", "{\"n\":0}")), "handler_err: 0");
    EXPECT_EQ(said(t.call("check", "256")), "in_json_err: <value>: expected a number of type u8, there is 256");
}

TEST(App, load_says_what_is_wrong) {
    Folder f;
    auto load = [&](const std::string& manifest) {
        auto app = App::load(f.write("app.toml", manifest));
        return app ? std::string("fine") : app.error().message.substr(f.path().size() + 1);
    };
    f.write("a.wat", "(module)");
    f.write("bad.wat", "(module (func i32.foo))");
    EXPECT_EQ(load("").substr(0, 33), "app.toml: app: there is no materi");
    EXPECT_NE(load("[materializers.a]\nartifact = \"none.wasm\"").find("none.wasm: No such file"), std::string::npos);
    EXPECT_NE(load("[materializers.a]\nartifact = \"bad.wat\"").find("bad.wat:1:15: syntax: unknown operator i32.foo"), std::string::npos) << load("[materializers.a]\nartifact = \"bad.wat\"");
    EXPECT_NE(load("[materializers.a]\nartifact = \"a.wat\"\nkind = \"wit-wire\"").find("is a core module, and kind `wit-wire` needs a component"), std::string::npos);
    EXPECT_NE(load("[materializers.a]\nartifact = \"a.wat\"\nsha256 = \"" + std::string(64, '0') + "\"").find("its sha256 is "), std::string::npos);
    EXPECT_EQ(load("[materializers.a]\nartifact = \"a.wat\""), "fine");
    auto app = App::load(f.path() + "/app.toml");
    EXPECT_EQ(app->warm().error().message, "materializers.a: a.wat: kind `core-wire` needs the export `metatype:wit-wire/mat-wire#init` of type (i32, i32, i32, i32) -> i32");
    EXPECT_EQ(App::load(f.path() + "/none.toml").error().kind, Error::Kind::io);
}

TEST(App, the_embedders_host_calls_are_checked_and_granted) {
    AppOptions options;
    options.hostcall({.name = "no.such", .input = R"({"type":"object"})", .output = R"({"type":"string"})", .handler = [](const HostcallInfo& i, std::string_view json) -> HostcallResult {
        if (i.user == "\"eve\"") throw std::runtime_error("no eve here");
        return "\"" + std::string(i.op) + " " + std::string(json) + "\"";
    }});
    TestApp t({{"g.wat", cabi_guest()}}, "[materializers.a]\nartifact = \"g.wat\"\ngrants = { host = [\"no.such\"] }\n[materializers.b]\nartifact = \"g.wat\"\n", std::move(options));
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("a", "\"xx\"")), "ok \"a {}\"");
    EXPECT_EQ(said(t.call("b", "\"xx\"")), "handler_err: `b` may not call `no.such` (grants.host)");
    EXPECT_EQ(said(t.call("a", "\"xx\"", {.user = "\"eve\""})), "handler_err: no eve here");
}

}  // namespace
}  // namespace heddle::wire::testing
