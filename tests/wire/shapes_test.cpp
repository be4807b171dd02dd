// Types of an app as typed values and as WIT: what goes in comes out again.
#include <random>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <heddle/wit.hpp>

#include "shapes.hpp"

namespace heddle::wire {
namespace {

struct Typed {
    Manifest manifest;
    std::unique_ptr<Shapes> shapes;
    explicit Typed(const std::string& types, const std::string& input, const std::string& output = "true") {
        manifest = read_manifest(R"({"name":"Shop","types":)" + types + R"(,"materializers":{"sayHello":{"title":"Says it","artifact":"a.wasm","kind":"wit","input":)" + input + R"(,"output":)" + output +
                                     R"(},"other":{"artifact":"b.wasm"}}})", ".");
        shapes = std::make_unique<Shapes>(manifest);
    }
    const OpShape& op() const { return shapes->ops()[0].config->op == "sayHello" ? shapes->ops()[0] : shapes->ops()[1]; }
    std::string there_and_back(const std::string& json) const {
        auto value = shapes->to_value(op().input, parse_scanned(json));
        if (!value) return value.error();
        if (!component::matches(*value, shapes->value_type(op().input))) return "not of its type";
        auto back = shapes->to_json(op().input, *value);
        return back ? to_text(*back) : back.error();
    }
    std::string wit() const { return wit_text(manifest, *shapes, *manifest.find("sayHello")->guest); }
};

struct Case {
    const char *schema, *type, *values;
};
class EveryShape : public ::testing::TestWithParam<Case> {};

TEST_P(EveryShape, values_come_back_as_they_were) {
    Typed t("{}", GetParam().schema);
    EXPECT_EQ(to_string(t.shapes->value_type(t.op().input)), GetParam().type);
    for (const Json& each : parse_scanned(GetParam().values)) {
        EXPECT_FALSE(t.manifest.types.validate(t.manifest.find("sayHello")->input, each)) << each;
        EXPECT_EQ(t.there_and_back(to_text(each)), to_text(each));
    }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, EveryShape,
    ::testing::Values(
        Case{R"({"type":"string"})", "string", R"(["", "ü"])"}, Case{R"({"type":"string","format":"uuid"})", "string", R"(["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"])"},
        Case{R"({"type":"string","format":"byte"})", "list<u8>", R"(["", "AAEC"])"}, Case{R"({"type":"integer"})", "s64", "[0, -9223372036854775808, 9223372036854775807]"},
        Case{R"({"type":"number"})", "f64", "[0.5, -1e300]"}, Case{R"({"type":"boolean"})", "bool", "[true, false]"}, Case{R"({"type":["string","null"]})", "option<string>", R"([null, "a"])"},
        Case{R"({"type":"array","items":{"type":"integer"}})", "list<s64>", "[[], [1,2]]"}, Case{R"({"type":"array"})", "list<string>", R"([[1,"a",{"b":[]}]])"},
        Case{R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":2})", "tuple<s64, string>", R"([[1,"a"]])"},
        Case{R"({"type":"object","required":["userName"],"properties":{"userName":{"type":"string"},"age_in_years":{"type":"integer"}}})",
             "record { user-name: string, age-in-years: option<s64> }", R"([{"userName":"a"}, {"userName":"a","age_in_years":7}])"},
        Case{R"({"type":"object","additionalProperties":{"type":"number"}})", "list<tuple<string, f64>>", R"([{}, {"a b":1.5,"c":2.5}])"},
        Case{R"({"enum":["red","dark red"]})", "enum { red, dark-red }", R"(["red", "dark red"])"},
        Case{R"({"anyOf":[{"title":"Whole","type":"integer"},{"type":"object","required":["x"],"properties":{"x":{"type":"boolean"}}}]})",
             "variant { whole(s64), case2(record { x: bool }) }", R"([7, {"x":true}])"},
        Case{R"({"anyOf":[{"type":"integer"},{"type":"null"}]})", "option<s64>", "[null, 3]"}, Case{R"({"oneOf":[{"type":"integer"}]})", "s64", "[3]"},
        Case{"true", "string", R"([null, {"any":["thing",1]}])"}, Case{R"({"allOf":[{"type":"integer"}]})", "string", "[3]"}));

TEST(Shapes, recursive_types_cross_as_json_text_with_a_warning) {
    Typed t(R"({"Tree":{"type":"object","required":["leaf"],"properties":{"leaf":{"type":"integer"},"kids":{"type":"array","items":"Tree"}}}})", "\"Tree\"");
    EXPECT_EQ(t.there_and_back(R"({"kids":[{"leaf":2}],"leaf":1})"), R"({"kids":[{"leaf":2}],"leaf":1})");
    ASSERT_EQ(t.shapes->warnings().size(), 1u);
    EXPECT_EQ(t.shapes->warnings()[0], "types.Tree: refers to itself, so it crosses as JSON text");
}

TEST(Shapes, faults_say_where) {
    Typed t("{}", R"({"type":"object","required":["a"],"properties":{"a":{"type":"array","items":{"type":"integer"}}}})");
    EXPECT_EQ(t.there_and_back(R"({"a":[1,9223372036854775808]})"), "a.1: expected an integer of 64 bits with a sign, there is 9223372036854775808");
}

TEST(Shapes, wit_of_an_app_resolves_and_says_what_values_have) {
    Typed t(R"({"Person":{"title":"Somebody","type":"object","required":["name","list"],"properties":{"name":{"type":"string"},"list":{"enum":["a","b"]},"home":{"anyOf":[{"type":"string"},{"type":"integer"}]}}}})",
            "\"Person\"", R"({"type":"array","items":"Person"})");
    auto resolved = wit::resolve({{"app.wit", t.wit()}});
    ASSERT_TRUE(resolved) << resolved.error().message << "\n" << t.wit();
    EXPECT_NE(t.wit().find("  /// Says it\n  say-hello: func(input: person) -> result<list<person>, handler-error>;"), std::string::npos) << t.wit();
    EXPECT_NE(t.wit().find("  other: func(input: json-text) -> result<json-text, call-error>;"), std::string::npos) << t.wit();
    EXPECT_NE(t.wit().find("    %list: person-list,"), std::string::npos) << t.wit();
}

TEST(Shapes, names_are_labels_and_differ) {
    std::set<std::string> taken;
    std::pair<const char*, const char*> names[] = {{"userName", "user-name"}, {"user_name", "user-name-n2"}, {"HTTP2Server", "http2-server"}, {"line 2", "line2"}, {"42", "n42"}, {"ä", "x"}, {"--", "x-n2"}};
    for (auto [name, label] : names) {
        std::string is = kebab(name, taken);
        EXPECT_EQ(is, label);
        EXPECT_TRUE(wit::is_label(is));
    }
}

}  // namespace
}  // namespace heddle::wire
