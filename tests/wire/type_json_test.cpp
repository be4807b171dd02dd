// Types that processes tell each other: what is written reads back, and what is no type says why.
#include "type_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reachable.hpp"

namespace heddle::wire::testing {
namespace {

using component::FunctionType;
using component::ValueType;
using K = ValueType::Kind;

TEST(TypeJson, every_type_comes_back) {
    auto prim = [](K k) { return ValueType::primitive(k); };
    std::vector<ValueType> all;
    for (u8 k = 0; k <= u8(K::error_context); ++k) all.push_back(prim(K(k)));
    ValueType text = prim(K::string);
    for (ValueType t : {ValueType::list(text), ValueType::list(prim(K::u8), 4), ValueType::option(ValueType::option(text)), ValueType::result(text, std::nullopt), ValueType::result({}, {}),
                        ValueType::tuple({text, prim(K::f64)}), ValueType::map(text, prim(K::u8)), ValueType::record({{"a", text}, {"b-c", ValueType::list(text)}}),
                        ValueType::variant({{"a", std::nullopt}, {"b", text}}), ValueType::enumeration({"x", "y"}), ValueType::flags({"f"}), ValueType::own(3), ValueType::borrow(4),
                        ValueType::stream(text), ValueType::stream(std::nullopt), ValueType::future(prim(K::u8))})
        all.push_back(t);
    for (const ValueType& t : all) {
        Json json = type_json(t);
        auto back = value_type_of(json);
        ASSERT_TRUE(back) << json.dump() << ": " << back.error();
        EXPECT_TRUE(*back == t) << json.dump();
        FunctionType f{t.kind() == K::u8, {{"x", t}}, t};
        auto function = function_type_of(type_json(f));
        ASSERT_TRUE(function) << function.error();
        EXPECT_TRUE(*function == f);
    }
    auto nothing = function_type_of(type_json(FunctionType{}));
    EXPECT_TRUE(nothing && *nothing == FunctionType{});
}

TEST(TypeJson, what_is_no_type_says_why) {
    std::string deep = "\"u8\"";
    for (int i = 0; i < 65; ++i) deep = R"({"list":)" + deep + "}";
    std::string labels = R"({"flags":["a")";
    for (int i = 0; i < 32; ++i) labels += R"(,"a")";
    const std::pair<std::string, const char*> cases[] = {
        {"7", "no type: 7"},
        {"\"u9\"", "no type is called `u9`"},
        {"{}", "no type: {}"},
        {R"({"lists":"u8"})", "no type: "},
        {R"({"list":"u8","length":0})", "expected a length, there is 0"},
        {R"({"list":"u8","length":-1})", "expected a length, there is -1"},
        {R"({"record":[]})", "there may be 1 to 10000 fields, there are 0"},
        {R"({"record":[["a",null]]})", "no type: null"},
        {R"({"record":[["a"]]})", "there may be 2 to 2 parts of a name and a type, there are 1"},
        {R"({"variant":{"a":"u8"}})", "expected a list of cases"},
        {R"({"enum":[1]})", "expected a name, there is 1"},
        {labels + "]}", "there may be 1 to 32 labels, there are 33"},
        {R"({"result":["u8"]})", "there may be 2 to 2 types of a result"},
        {R"({"own":-1})", "expected a resource's number"},
        {deep, "a type is deeper than 64"},
    };
    for (const auto& [text, why] : cases) {
        auto t = value_type_of(parse_scanned(text));
        ASSERT_FALSE(t) << text;
        EXPECT_NE(t.error().find(why), std::string::npos) << text << "\n" << t.error();
    }
}

TEST(Reachable, what_another_process_says_is_read_and_not_trusted) {
    Reachable r{"/who", {{"demo:a/b@1.0.0", "[method]r.f", {}, ""}, {"demo:a/b@1.0.0", "g", {}, "op"}, {"", "h", {}, "other"}}};
    auto back = reachable_of(to_json(r));
    ASSERT_TRUE(back) << back.error();
    EXPECT_EQ(back->key, "/who");
    ASSERT_TRUE(back->find("demo:a/b.g"));
    EXPECT_EQ(back->find("demo:a/b@1.0.0.g")->op, "op");
    EXPECT_EQ(back->find("demo:a/b.[method]r.f")->op, "");
    EXPECT_EQ(back->find("h")->op, "other");
    EXPECT_FALSE(back->find("demo:a/b.h"));
    auto exports = back->exports();
    ASSERT_EQ(exports.size(), 2u);
    EXPECT_EQ(exports[0].exports.size(), 2u);
    for (const char* wrong : {"null", "{}", R"({"functions":7})", R"({"functions":[7]})", R"({"functions":[{"name":"f"}]})", R"({"functions":[{"name":"f","type":{"params":[["a","u9"]]}}]})",
                              R"({"functions":[],"key":"who"})"})
        EXPECT_FALSE(reachable_of(parse_scanned(wrong))) << wrong;
}

}  // namespace
}  // namespace heddle::wire::testing
