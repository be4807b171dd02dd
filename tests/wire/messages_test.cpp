// Typed calls as messages and back: names, arguments, answers and errors by the contract; any value of any type; and apps that are made of it.
#include "messages.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <heddle/component_text.hpp>
#include <heddle/wire.hpp>

#include "support/guests.hpp"
#include "support/random_values.hpp"
#include "values.hpp"

namespace heddle::wire::testing {
namespace {

using component::FunctionType;
using component::ValueType;
using Kind = ValueType::Kind;

const ValueType text = ValueType::primitive(Kind::string), u8_type = ValueType::primitive(Kind::u8), s32 = ValueType::primitive(Kind::s32);

FunctionType function(std::vector<FunctionType::Param> params, std::optional<ValueType> result = std::nullopt) { return {false, std::move(params), std::move(result)}; }

// ---- names ----------------------------------------------------------------------------------------------------------------------------------

TEST(Messages, methods_are_interface_and_function_in_pascal_case) {
    EXPECT_EQ(method_name({.interface = "demo:app/key-value@1.0.0"}, "get-all"), "KeyValue.GetAll");
    EXPECT_EQ(method_name({.interface = "demo:app/keyvalue", .name = "KeyValue"}, "increment"), "KeyValue.Increment");
    EXPECT_EQ(method_name({.interface = "demo:app/HTTP-server"}, "x"), "HTTPServer.X");
    EXPECT_EQ(method_name({.interface = "store"}, "get-2"), "Store.Get2");
}

component::ExternInfo interface(std::string name, std::vector<std::pair<std::string, FunctionType>> functions) {
    component::ExternInfo i{.name = std::move(name), .kind = component::ExternInfo::Kind::instance, .func = {}, .value = {}, .exports = {}};
    for (auto& [f, type] : functions) i.exports.push_back({.name = f, .kind = component::ExternInfo::Kind::func, .func = type, .value = {}, .exports = {}});
    return i;
}

std::string why_not(const std::vector<component::ExternInfo>& exports, const Contract& contract = {}) {
    try {
        Methods m(exports, contract);
        return "";
    } catch (const Error& e) {
        return e.message;
    }
}

TEST(Messages, methods_are_found_as_keys_are_and_exactly_first) {
    Methods m({interface("a:b/http-server", {{"handle-request", function({})}, {"a-b", function({})}, {"ab", function({{"x", s32}})}})}, {});
    for (const char* name : {"HttpServer.HandleRequest", "httpserver.handlerequest", "http-server.handle-request", "HTTP_SERVER.handle_request"}) {
        ASSERT_TRUE(m.find(name)) << name;
        EXPECT_EQ(m.find(name)->path, "a:b/http-server.handle-request");
    }
    EXPECT_EQ(m.find("HttpServer.AB")->type.params.size(), 0u);
    EXPECT_EQ(m.find("HttpServer.Ab")->type.params.size(), 1u);
    EXPECT_FALSE(m.find("httpserver.ab")) << "which of the two?";
    EXPECT_EQ(m.not_handled("HttpServer.HandleReqest").message, "no method is called `HttpServer.HandleReqest`; did you mean `HttpServer.HandleRequest`?");
}

TEST(Messages, what_json_has_no_form_for_is_said_with_its_place) {
    ValueType body = ValueType::record({{"head", text}, {"parts", ValueType::list(ValueType::stream(u8_type))}});
    EXPECT_EQ(why_not({interface("a:b/c", {{"put", function({{"to", text}, {"body", body}})}})}), "a:b/c.put: parameter body.parts[]: a value of type stream<u8> has no form in JSON");
    EXPECT_EQ(why_not({interface("a:b/c", {{"get", function({}, ValueType::result(ValueType::future(text), text))}})}), "a:b/c.get: result.ok: a value of type future<string> has no form in JSON");
    EXPECT_NE(why_not({interface("a:b/c", {{"open", function({}, ValueType::own(0))}})}).find("a:b/c.open: result: a value of type own"), std::string::npos);
    EXPECT_EQ(why_not({interface("a:b/c", {{"x", function({})}}), interface("d:e/c", {{"x", function({})}})}), "two functions are the method C.X: a:b/c.x and d:e/c.x");
    EXPECT_EQ(why_not({interface("a:b/store", {{"x", function({})}})}, {.interface = "a:b/stor"}), "it exports no interface `a:b/stor`; did you mean `a:b/store`?");
    EXPECT_EQ(why_not({}), "it exports no function of an interface");
}

// ---- arguments ------------------------------------------------------------------------------------------------------------------------------

std::string written(const FunctionType& type, std::vector<Val> args, const JsonStyle& style = {}) {
    auto text = argument_text(args, type, style);
    return text ? *text : "error: " + text.error();
}

TEST(Messages, an_argument_is_an_object_of_the_parameters_or_the_only_record) {
    EXPECT_EQ(written(function({{"key", text}, {"value", s32}}), {Val::string("a"), Val::s32(-1)}), R"({"key":"a","value":-1})");
    EXPECT_EQ(written(function({{"key", text}}), {Val::string("a")}), R"({"key":"a"})");
    EXPECT_EQ(written(function({}), {}), "{}");
    ValueType request = ValueType::record({{"status-code", s32}, {"body", ValueType::list(u8_type)}});
    Val value = Val::record({Val::s32(200), Val::bytes(std::vector<u8>{123, 125})});
    EXPECT_EQ(written(function({{"req", request}}), {value}), R"({"status-code":200,"body":"e30="})");
    EXPECT_EQ(written(function({{"req", request}}), {value}, {.keys = JsonStyle::Keys::snake, .byte_numbers = true}), R"({"status_code":200,"body":[123,125]})");
    EXPECT_EQ(written(function({{"req", request}}), {value}, {.keys = JsonStyle::Keys::camel}), R"({"statusCode":200,"body":"e30="})");
}

std::string read(const FunctionType& type, std::string_view arg) {
    auto values = read_argument(arg, type);
    return values ? to_string(Val::record(*values)) : values.error();
}

TEST(Messages, hostile_arguments_are_refused_with_the_place) {
    FunctionType f = function({{"key", text}, {"value", s32}});
    EXPECT_EQ(read(f, R"({"value": 2, "KEY": "a"})"), to_string(Val::record({Val::string("a"), Val::s32(2)})));
    EXPECT_EQ(read(f, R"({"key": "a"})"), "<argument>: the key `value` is missing");
    EXPECT_EQ(read(f, R"({"key": "a", "value": 2147483648})"), "<argument>.value: expected a number of type s32, there is 2147483648");
    EXPECT_EQ(read(f, R"({"key": "a", "value": 1, "vaule": 1})"), "<argument>: unknown key `vaule`; did you mean `value`?");
    EXPECT_EQ(read(f, R"({"key": "a", "key": "b", "value": 1})").substr(0, 24), "the argument is no JSON:");
    for (std::string_view arg : {"", "null", "[]", "\"\"", "{", "\xff", "{\"key\":\"\xff\",\"value\":1}", "{\"key\":\"\\ud800\",\"value\":1}"}) EXPECT_FALSE(read_argument(arg, f)) << arg;
    EXPECT_FALSE(read_argument(std::string(1'000'000, '['), f));
    EXPECT_FALSE(read_argument(R"({"key":")" + std::string(100, 'a') + R"(","value":1})", f, {.bytes = 50}));
    for (std::string_view arg : {"", "null", "{}"}) EXPECT_TRUE(read_argument(arg, function({}))) << arg;
    EXPECT_FALSE(read_argument("[1]", function({})));
}

TEST(Messages, a_number_that_f32_has_no_room_for_is_refused) {
    FunctionType f = function({{"x", ValueType::primitive(Kind::f32)}});
    EXPECT_EQ(read(f, R"({"x":3.5e38})"), "<argument>.x: expected a number of type f32, there is 3.5e+38");
    EXPECT_TRUE(read_argument(R"({"x":-3.4e38})", f));
}

TEST(Messages, names_that_differ_in_hyphens_alone_stay_apart) {
    ValueType r = ValueType::record({{"a-b", s32}, {"ab", text}});
    for (JsonStyle::Keys keys : {JsonStyle::Keys::kebab, JsonStyle::Keys::snake, JsonStyle::Keys::camel}) {
        FunctionType f = function({{"r", r}, {"e", ValueType::enumeration({"a-b", "ab"})}, {"f", ValueType::flags({"a-b", "ab"})}});
        std::vector<Val> args{Val::record({Val::s32(1), Val::string("x")}), Val::variant(1), Val::flags(2)};
        EXPECT_EQ(read(f, written(f, args, {.keys = keys})), to_string(Val::record(args)));
    }
}

TEST(Messages, a_map_that_has_a_key_twice_is_no_object) {
    FunctionType f = function({{"m", ValueType::map(text, s32)}});
    auto pair = [](const char* k, i32 v) { return Val::record({Val::string(k), Val::s32(v)}); };
    EXPECT_EQ(written(f, {Val::list({pair("b", 1), pair("a", 2)})}), R"({"m":{"b":1,"a":2}})");
    EXPECT_EQ(written(f, {Val::list({pair("a", 1), pair("a", 2)})}), "error: two keys of a map are \"a\", and a JSON object has each once");
}

// ---- any value of any type, there and back ------------------------------------------------------------------------------------------------------

class Random : public component::testing::RandomValues {
public:
    using RandomValues::RandomValues;

    ValueType type(u32 depth) {
        if (depth == 0 || below(4) == 0) return ValueType::primitive(Kind(below(13)));
        switch (below(8)) {
            case 0: return ValueType::record(members(depth, true));
            case 1: return ValueType::variant(members(depth, false));
            case 2: return ValueType::flags(labels());
            case 3: return ValueType::enumeration(labels());
            case 4: return ValueType::tuple({type(depth - 1), type(depth - 1)});
            case 5: return ValueType::option(type(depth - 1));
            case 6: return ValueType::result(maybe(depth), maybe(depth));
            default: return ValueType::list(type(depth - 1), below(3) == 0 ? std::optional(1 + below(3)) : std::nullopt);
        }
    }
    std::optional<ValueType> maybe(u32 depth) { return below(3) ? std::optional(type(depth - 1)) : std::nullopt; }
    FunctionType function_type() {
        FunctionType f;
        for (const auto& m : members(3, true)) f.params.push_back({m.name, *m.type});
        f.params.resize(below(u32(f.params.size()) + 1));
        f.result = maybe(4);
        return f;
    }
    JsonStyle style() { return {JsonStyle::Keys(below(3)), below(2) == 1}; }

private:
    // Words that become alike when their hyphens go, and names of rpc-error.
    static constexpr const char* words[] = {"a", "a-b", "ab", "a-bc", "abc", "ab-c", "x1", "HTTP-x", "timeout", "other", "deser", "host-error", "not-implemented", "some"};
    std::vector<std::string> labels() {
        std::vector<std::string> all;
        for (u32 i = below(3), step = 1 + below(3); i < std::size(words); i += step) all.push_back(words[i]);
        return all;
    }
    std::vector<ValueType::Member> members(u32 depth, bool record) {
        std::vector<ValueType::Member> all;
        for (const std::string& name : labels()) {
            if (all.size() == 5) break;
            all.push_back({name, record || below(3) ? std::optional(type(depth - 1)) : std::nullopt});
        }
        return all;
    }
};

TEST(Messages, any_call_and_any_answer_come_back_as_they_were) {
    for (u32 seed = 0; seed < 3'000; ++seed) {
        Random random(seed);
        FunctionType f = random.function_type();
        std::vector<Val> args;
        for (const auto& p : f.params) args.push_back(random.value(p.type));
        auto text = argument_text(args, f, random.style());
        ASSERT_TRUE(text) << seed << ": " << text.error();
        auto back = read_argument(*text, f);
        ASSERT_TRUE(back) << seed << ": " << *text << ": " << back.error();
        EXPECT_EQ(Val::record(*back), Val::record(args)) << seed << ": " << *text;

        std::optional<Val> result = f.result ? std::optional(random.value(*f.result)) : std::nullopt;
        bool failed = result && f.result->kind() == Kind::result && result->case_index() == 1;
        Answer answer = answer_of(result, f, random.style());
        ASSERT_EQ(answer.has_value(), !failed) << seed;
        auto got = result_of(answer, f);
        ASSERT_TRUE(got) << seed << ": " << to_string(f) << ": " << got.error();
        EXPECT_EQ(*got, result) << seed << ": " << to_string(f) << ": " << (answer ? *answer : answer.error().kind + "(" + answer.error().message + ")");
    }
}

// ---- errors -----------------------------------------------------------------------------------------------------------------------------------

FunctionType fails_with(std::optional<ValueType> error) { return function({}, ValueType::result(s32, std::move(error))); }
std::string shown(const std::expected<std::optional<Val>, std::string>& got) { return !got ? "trap: " + got.error() : *got ? to_string(**got) : "nothing"; }

TEST(Messages, an_error_is_the_case_of_its_name_or_one_that_says_less) {
    ValueType small = ValueType::variant({{"timeout", text}, {"other", text}}), words = ValueType::enumeration({"busy", "host-error"});
    auto failed = [](const char* kind, const char* message) -> Answer { return std::unexpected(RpcError{kind, message}); };
    EXPECT_EQ(shown(result_of(failed("timeout", "late"), fails_with(small))), to_string(Val::error(Val::variant(0, Val::string("late")))));
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), fails_with(small))), to_string(Val::error(Val::variant(1, Val::string("gone")))));
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), fails_with(words))), to_string(Val::error(Val::variant(1))));
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), fails_with(text))), to_string(Val::error(Val::string("gone"))));
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), fails_with(std::nullopt))), to_string(Val::error()));
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), fails_with(s32))), "trap: gone");
    EXPECT_EQ(shown(result_of(failed("nats", "gone"), function({}, s32))), "trap: gone");
    EXPECT_EQ(shown(result_of(failed("not-implemented", ""), function({}))), "trap: not-implemented");
    EXPECT_EQ(shown(result_of(failed("nats", "\xff"), fails_with(text))), to_string(Val::error(Val::string("\xef\xbf\xbd"))));
    EXPECT_EQ(shown(result_of(Answer("\"no\""), fails_with(small))),
              to_string(Val::error(Val::variant(1, Val::string("the answer is not of the function's type: <value>: expected a number of type s32, there is \"no\"")))));
    EXPECT_EQ(shown(result_of(Answer("{"), fails_with(std::nullopt))), to_string(Val::error()));
}

TEST(Messages, every_outcome_has_its_case_of_rpc_error) {
    ValueType rpc = ValueType::variant({{"deadline-exceeded", text}, {"method-not-handled", text}, {"host-error", text}, {"deser", text}, {"ser", text}, {"rpc", text},
                                        {"invalid-parameter", text}, {"actor-handler", text}, {"provider-init", text}, {"timeout", text}, {"other", text}});
    auto case_of = [&](Outcome o) {
        Reply r;
        r.outcome = o;
        r.message = "why";
        auto got = failed_call(error_object(hostcall_code_of(o), "why", r.error_json()), fails_with(rpc));
        return got ? rpc.members()[(*got)->payload()->case_index()].name : "trap: " + got.error();
    };
    constexpr std::pair<Outcome, const char*> expected[] = {
        {Outcome::unknown_op, "method-not-handled"}, {Outcome::bad_json, "deser"}, {Outcome::too_large, "invalid-parameter"}, {Outcome::denied, "other"},
        {Outcome::no_handler, "method-not-handled"}, {Outcome::in_json_err, "deser"}, {Outcome::handler_err, "actor-handler"}, {Outcome::invalid_output, "ser"},
        {Outcome::init_failed, "provider-init"}, {Outcome::unavailable, "rpc"}, {Outcome::overloaded, "rpc"}, {Outcome::trap, "host-error"},
        {Outcome::deadline, "deadline-exceeded"}, {Outcome::failed, "host-error"}};
    for (auto [o, name] : expected) EXPECT_EQ(case_of(o), name) << code_of(o);
    // A host call's own error, of no reply.
    EXPECT_EQ(shown(failed_call(error_object("denied", "no"), fails_with(ValueType::variant({{"denied", text}, {"other", text}})))), to_string(Val::error(Val::variant(0, Val::string("no")))));
    EXPECT_EQ(shown(failed_call(error_object("upstream", "no"), fails_with(rpc))), to_string(Val::error(Val::variant(2, Val::string("no")))));
    // What the guest itself said.
    EXPECT_EQ(shown(failed_call(error_object("upstream", "no", R"({"code":"handler_err","message":"m","cause":{"ser":"x"}})"), fails_with(rpc))), to_string(Val::error(Val::variant(4, Val::string("x")))));
    EXPECT_EQ(shown(failed_call(error_object("upstream", "no", R"({"code":"handler_err","message":"m","cause":7})"), fails_with(s32))), to_string(Val::error(Val::s32(7))));
}

// ---- the public functions -------------------------------------------------------------------------------------------------------------------------

// Exports what it imports: whatever is asked of it is asked of its host.
const std::string passes_on = R"((component
  (import "demo:app/store@1.0.0" (instance $s (export "get-value" (func (param "key" string) (result (result s32 (error string))))) (export "clear" (func))))
  (core module $Memory
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 200)))
  (core instance $memory (instantiate $Memory))
  (core func $get (canon lower (func $s "get-value") (memory $memory "mem") (realloc (func $memory "realloc"))))
  (core func $clear (canon lower (func $s "clear")))
  (core module $M
    (import "" "get" (func $get (param i32 i32 i32)))
    (func (export "get") (param i32 i32) (result i32) (call $get (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
  (core instance $m (instantiate $M (with "" (instance (export "get" (func $get))))))
  (func $get' (param "key" string) (result (result s32 (error string))) (canon lift (core func $m "get") (memory $memory "mem") (realloc (func $memory "realloc"))))
  (func $clear' (canon lift (core func $clear)))
  (instance $out (export "get-value" (func $get')) (export "clear" (func $clear')))
  (export "demo:app/store@1.0.0" (instance $out))))";

struct World {
    Engine engine;
    Store store{engine};
    ComponentLinker imports{engine};

    Component load(const std::string& text) {
        auto bytes = component::assemble(text);
        if (!bytes) throw std::runtime_error(bytes.error().to_string());
        return *Component::load(engine, std::move(*bytes));
    }
};

std::string shown(const Answer& a) { return a ? *a : a.error().kind + ": " + a.error().message; }

TEST(Messages, a_message_becomes_a_call_and_the_call_a_message) {
    World w;
    Component c = w.load(passes_on);
    std::vector<std::string> sent;
    auto ok = send_messages(w.imports, c, {.interface = "demo:app/store", .name = "Store", .contract = "a:contract", .link = "first"}, [&](const Message& m, const Contract& to) -> Answer {
        sent.push_back(m.method + " " + m.arg + " " + to.contract + " " + to.link.value_or("-"));
        if (m.arg.find("none") != m.arg.npos) return std::unexpected(RpcError{"host-error", "there is none"});
        return m.arg.find("odd") != m.arg.npos ? Answer("true") : Answer("42");
    });
    ASSERT_TRUE(ok) << ok.error().message;
    auto instance = w.imports.instantiate(w.store, c);
    ASSERT_TRUE(instance) << instance.error().to_string();
    auto receiver = Receiver::of(*instance);
    ASSERT_TRUE(receiver) << receiver.error().message;
    EXPECT_EQ(shown(receiver->receive({"Store.GetValue", R"({"key":"a"})"})), "42");
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.back(), R"(Store.GetValue {"key":"a"} a:contract first)");
    EXPECT_EQ(shown(receiver->receive({"store.clear", ""})), "null");
    EXPECT_EQ(sent.back(), "Store.Clear {} a:contract first");
    EXPECT_EQ(shown(receiver->receive({"Store.GetValue", R"({"key":"none"})"})), "actor-handler: there is none");
    EXPECT_EQ(shown(receiver->receive({"Store.GetValue", R"({"key":"odd"})"})), "actor-handler: the answer is not of the function's type: <value>: expected a number of type s32, there is true");
    EXPECT_EQ(shown(receiver->receive({"Store.GetValue", R"({"key":1})"})), "deser: <argument>.key: expected a string, there is 1");
    EXPECT_EQ(shown(receiver->receive({"Store.Drop", "{}"})), "method-not-handled: no method is called `Store.Drop`; known are `Store.Clear`, `Store.GetValue`");
}

TEST(Messages, a_component_that_cannot_be_served_so_says_why) {
    World w;
    Send nothing = [](const Message&, const Contract&) -> Answer { return "null"; };
    Component c = w.load(passes_on);
    EXPECT_EQ(send_messages(w.imports, c, {.interface = "demo:app/stroe"}, nothing).error().message, "it imports no interface `demo:app/stroe`; did you mean `demo:app/store`?");
    Component streams = w.load("(component (import \"demo:app/store@1.0.0\" (instance (export \"read\" (func (result (stream u8)))))))");
    EXPECT_EQ(send_messages(w.imports, streams, {.interface = "demo:app/store"}, nothing).error().message, "demo:app/store@1.0.0.read: result: a value of type stream<u8> has no form in JSON");
    Component empty = w.load("(component)");
    auto instance = w.imports.instantiate(w.store, empty);
    EXPECT_EQ(Receiver::of(*instance).error().message, "it exports no function of an interface");
    EXPECT_NE(sender_of(*instance).error().message.find("it exports no function send(msg:"), std::string::npos);
}

// ---- in apps --------------------------------------------------------------------------------------------------------------------------------------

// `front` takes messages for the interface that it passes on; its calls of it are messages for `back`, which takes them for its own.
const std::string apps = R"(
[materializers.front]
artifact = "front.wat"
kind = "messages"
imports = { "demo:app/store" = { messages = "back", name = "Shop", contract = "a:contract" } }
[materializers.back]
artifact = "back.wat"
kind = "messages"
export = "demo:app/store"
messages = { name = "Shop", bytes = "numbers" }
[materializers.direct]
artifact = "front.wat"
kind = "messages"
imports = { "demo:app/store.get-value" = "value", "demo:app/store.clear" = "value" }
[materializers.value]
artifact = "value.wat"
kind = "core"
export = "value"
)";
// get-value: 7, but an error for "none", and a trap for "trap!".
const std::string back = R"((component
  (core module $M
    (memory (export "mem") 1)
    (data (i32.const 100) "no such key")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 200))
    (func (export "get") (param $at i32) (param $size i32) (result i32)
      (if (i32.eq (local.get $size) (i32.const 5)) (then unreachable))
      (if (i32.eq (local.get $size) (i32.const 4)) (then
        (i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 100)) (i32.store (i32.const 24) (i32.const 11)) (return (i32.const 16))))
      (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 7)) (i32.const 16))
    (func (export "clear")))
  (core instance $m (instantiate $M))
  (func $get (param "key" string) (result (result s32 (error string))) (canon lift (core func $m "get") (memory $m "mem") (realloc (func $m "realloc"))))
  (func $clear (canon lift (core func $m "clear")))
  (instance $s (export "get-value" (func $get)) (export "clear" (func $clear)))
  (export "demo:app/store@1.0.0" (instance $s))))";

std::string message(const std::string& method, const std::string& arg) {
    return R"({"method":)" + json_string(method) + R"(,"arg":")" + base64({reinterpret_cast<const u8*>(arg.data()), arg.size()}) + "\"}";
}
std::string received(const Reply& r) {
    if (!r.ok()) return said(r);
    auto bytes = from_base64(parse_scanned(r.json).get<std::string>());
    return {bytes->begin(), bytes->end()};
}

struct MessageApp : TestApp {
    MessageApp() : TestApp({{"front.wat", passes_on}, {"back.wat", back}, {"value.wat", R"((module (func (export "value") (param i32) (result i32) (i32.const 5))))"}}, apps) {}
};

TEST(MessageApp, a_materializer_takes_messages_and_sends_them) {
    MessageApp t;
    ASSERT_TRUE(t.app && t.app->warm()) << t.app->warm().error().message;
    EXPECT_EQ(received(t.call("back", message("Shop.GetValue", R"({"key":"a"})"))), "7");
    EXPECT_EQ(received(t.call("back", R"({"msg":)" + message("Shop.GetValue", R"({"key":"a"})") + "}")), "7");
    EXPECT_EQ(received(t.call("front", message("Store.GetValue", R"({"key":"a"})"))), "7");
    EXPECT_EQ(received(t.call("front", message("Store.Clear", ""))), "null");
}

TEST(MessageApp, what_goes_wrong_is_an_outcome_and_the_contracts_error) {
    MessageApp t;
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("back", message("Shop.Drop", "{}"))), "no_handler: no method is called `Shop.Drop`; known are `Shop.Clear`, `Shop.GetValue`");
    EXPECT_EQ(said(t.call("back", message("Shop.GetValue", "{}"))), "in_json_err: Shop.GetValue: <argument>: the key `key` is missing");
    EXPECT_EQ(said(t.call("back", R"({"method":"Shop.GetValue","arg":"?"})")), "in_json_err: <value>.arg: expected base64 text, there is \"?\"");
    EXPECT_EQ(said(t.call("back", R"({"msg":{"method":1,"arg":[]}})")), "in_json_err: <value>.msg.method: expected a string, there is 1");
    Reply own = t.call("back", message("Shop.GetValue", R"({"key":"none"})"));
    EXPECT_EQ(said(own), "handler_err: no such key");
    EXPECT_EQ(own.json, R"({"actor-handler":"no such key"})");
    EXPECT_EQ(said(t.call("front", message("Store.GetValue", R"({"key":"none"})"))), "handler_err: no such key");
    EXPECT_EQ(said(t.call("back", message("Shop.GetValue", R"({"key":"trap!"})"))), "trap: the guest trapped: unreachable");
    EXPECT_EQ(said(t.call("front", message("Store.GetValue", R"({"key":"trap!"})"))), "handler_err: the guest trapped: unreachable");
    EXPECT_EQ(received(t.call("direct", message("Store.GetValue", R"({"key":"a"})"))), "handler_err: an object needs an input type whose `required` gives the order of the arguments");
}

TEST(MessageApp, a_manifest_that_cannot_be_is_refused) {
    Folder folder;
    folder.write("front.wat", passes_on);
    folder.write("streams.wat", "(component (import \"demo:app/store@1.0.0\" (instance $s (export \"read\" (func (result (stream u8)))))) (export \"demo:app/store@1.0.0\" (instance $s)))");
    auto why = [&](const std::string& m) {
        auto app = App::parse("[materializers.m]\n" + m + "\n[materializers.n]\nartifact = \"front.wat\"\nkind = \"messages\"\n", folder.path());
        return app ? std::string() : app.error().message;
    };
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nimports = { \"demo:app/stor\" = { messages = \"n\" } }"),
              "materializers.m.imports: it imports no interface `demo:app/stor`; did you mean `demo:app/store`?");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nimports = { \"demo:app/store\" = { messages = \"o\" } }"),
              "materializers.m.imports.demo:app/store: no materializer is called `o`; did you mean `m`?");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nimports = { \"demo:app/store\" = { name = \"n\" } }"),
              "materializers.m.imports.demo:app/store: `messages` is missing: the materializer that gets them");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nimports = { \"demo:app/store\" = \"n\" }"),
              "materializers.m.imports.demo:app/store: a function of an interface is named \"package:name/interface.function\"; a whole interface is served as messages: {messages = \"n\"}");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nmessages = { keys = \"snak\" }"), "materializers.m.messages.keys: `snak` is none of what it can be; did you mean `snake`?");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"reflected\"\nmessages = {}"), "materializers.m.messages: only kind `messages` is called with them");
    EXPECT_EQ(why("artifact = \"front.wat\"\nkind = \"messages\"\nexport = \"demo:app/shop\""), "materializers.m.export: it exports no interface `demo:app/shop`; did you mean `demo:app/store`?");
    EXPECT_EQ(why("artifact = \"streams.wat\"\nkind = \"messages\""), "materializers.m.export: demo:app/store@1.0.0.read: result: a value of type stream<u8> has no form in JSON");
}

}  // namespace
}  // namespace heddle::wire::testing
