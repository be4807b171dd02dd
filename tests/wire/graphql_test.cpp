// GraphQL over materializers that are functions of numbers and guests that speak the protocol.
#include <nlohmann/json.hpp>

#include "graphql/document.hpp"
#include "json.hpp"
#include "support/guests.hpp"
#include "support/protocol_guest.hpp"

namespace heddle::wire::testing {
namespace {

const std::string manifest = R"(
[types.Point]
type = "object"
properties = { x = { type = "integer" }, tags = { type = "array", items = "Tag" } }
[types.Tag]
type = "object"
properties = { label = { type = "string" }, weight = { type = "number" } }
[materializers.add]
artifact = "a.wat"
kind = "core"
input = { type = "object", required = ["a", "b"], properties = { a = { type = "integer" }, b = { type = "integer" } } }
[materializers.bump]
artifact = "a.wat"
kind = "core"
export = "add"
effect = "update"
[materializers.boom]
artifact = "a.wat"
kind = "core"
[materializers.point]
artifact = "g.wat"
input = "Point"
output = "Point"
[materializers.open]
artifact = "g.wat"
grants = { gql = true }
)";

struct GraphQl : ::testing::Test {
    TestApp t{{{"a.wat", R"((module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))) (func (export "boom") unreachable)))"},
               {"g.wat", cabi_guest()}},
              manifest};
    Json ask(const std::string& query, const std::string& variables = "{}", const std::string& more = "") {
        Reply r = t.app->graphql("{\"query\":" + json_string(query) + ",\"variables\":" + variables + more + "}");
        EXPECT_TRUE(r.ok()) << r.message;
        EXPECT_FALSE(scan_json(r.json)) << r.json;
        return parse_scanned(r.json);
    }
    std::string data(const std::string& query, const std::string& variables = "{}", const std::string& more = "") {
        Json all = ask(query, variables, more);
        EXPECT_FALSE(all.contains("errors")) << to_text(all);
        return to_text(all["data"]);
    }
    std::string fault(const std::string& query, const std::string& variables = "{}") {
        Json all = ask(query, variables);
        return all.contains("errors") ? all["errors"][0]["message"].get<std::string>() : "none: " + to_text(all);
    }
};

TEST_F(GraphQl, fields_are_calls) {
    EXPECT_EQ(data("{ add(a: 1, b: 2) }"), R"({"add":3})");
    EXPECT_EQ(data("query Q($x: Int!, $y: Int = 5) { p: add(a: $x, b: $y) q: add(a: 1, b: 1) }", R"({"x":2})"), R"({"p":7,"q":2})");
    EXPECT_EQ(data("mutation { bump(input: [1, 2]) __typename }"), R"({"__typename":"Mutation","bump":3})");
    EXPECT_EQ(data("query A { add(a: 1, b: 1) } query B { add(a: 2, b: 2) }", "{}", R"(,"operationName":"B")"), R"({"add":4})");
}

TEST_F(GraphQl, selections_choose_from_what_came_back) {
    std::string v = R"({"p":[{"label":"l","weight":1.5},{"label":"m"}]})";
    EXPECT_EQ(data("query($p: JSON) { point(x: 7, tags: $p) { x tags { label } } }", v), R"({"point":{"tags":[{"label":"l"},{"label":"m"}],"x":7}})");
    EXPECT_EQ(data("query($p: JSON) { point(tags: $p) { ...F ... on Point { __typename } ... on Other { x } } } fragment F on Point { t: tags { weight } }", v),
              R"({"point":{"__typename":"Point","t":[{"weight":1.5},{"weight":null}]}})");
    EXPECT_EQ(data("query($no: Boolean!) { point(x: 1) { x @skip(if: $no) y: x @include(if: $no) } }", R"({"no":true})"), R"({"point":{"y":1}})");
    EXPECT_EQ(data("{ open(input: {a: {b: [1, {c: \"d\"}]}}) { a { b } } }").substr(0, 20), R"({"open":{"a":{"b":[1)");
}

TEST_F(GraphQl, a_field_that_fails_is_null_and_says_why) {
    Json all = ask("{ add(a: 1, b: 2) boom }");
    EXPECT_EQ(to_text(all["data"]), R"({"add":3,"boom":null})");
    EXPECT_EQ(all["errors"][0]["extensions"]["code"], "trap");
    EXPECT_EQ(to_text(all["errors"][0]["path"]), R"(["boom"])");
    EXPECT_EQ(to_text(all["errors"][0]["locations"]), R"([{"column":19,"line":1}])");
}

TEST_F(GraphQl, faults_are_said) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "there is no operation"},
        {"{", "expected a field, the query ends"},
        {"{ ad(a: 1) }", "Query has no field `ad`; did you mean `add`?"},
        {"{ bump }", "Query has no field `bump`"},
        {"{ add(a: 1, c: 2) }", "`add` has no argument `c`"},
        {"{ add(a: 1) }", "<value>: the key `b` is missing"},
        {"{ add(a: 1, a: 2) }", "the argument `a` is given twice"},
        {"{ point(x: 1) }", "`point` is an object: choose its fields with { … }"},
        {"{ point(x: 1) { z } }", "`Point` has no field `z`"},
        {"{ add(a: 1, b: 2) { x } }", "`add` has no fields to choose from"},
        {"{ ...F } fragment F on Query { ...F }", "the fragment `F` contains itself"},
        {"{ ...G }", "no fragment is called `G`"},
        {"query($x: Int!) { add(a: $x, b: 1) }", "the variable `$x` of type Int! has no value"},
        {"subscription { x }", "subscriptions are not served"},
        {"{ a: add(a: 1, b: 1) a: boom }", "`a` names two different fields"},
        {"{ add(a: 1e999, b: 1) }", "`1e999` is no number that fits"},
        {"{ boom @defer }", "unknown directive `@defer`"},
    };
    for (auto [query, expected] : cases) EXPECT_TRUE(fault(query).starts_with(expected)) << query << "\n" << fault(query);
    EXPECT_TRUE(fault(std::string(1000, '{')).starts_with("expected a field"));
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "{ a ";
    EXPECT_EQ(fault(deep), "nested too deeply: the limit is 64");
}

TEST_F(GraphQl, introspection_describes_the_app) {
    EXPECT_EQ(data("{ __schema { queryType { name } mutationType { name } } }"), R"({"__schema":{"mutationType":{"name":"Mutation"},"queryType":{"name":"Query"}}})");
    EXPECT_EQ(data("{ __type(name: \"Tag\") { kind fields { name type { name kind } } } }"),
              R"({"__type":{"fields":[{"name":"label","type":{"kind":"SCALAR","name":"String"}},{"name":"weight","type":{"kind":"SCALAR","name":"Float"}}],"kind":"OBJECT"}})");
    Json deep = ask("{ __type(name: \"Query\") { fields { type { name fields { name type { name ofType { name fields { name } } } } } } } }");
    EXPECT_NE(to_text(deep).find(R"("fields":[{"name":"label")"), std::string::npos) << deep;
    Json query = ask("{ __type(name: \"Query\") { fields { name args { name type { kind ofType { name } } } } } }");
    EXPECT_EQ(query["data"]["__type"]["fields"].size(), 4u);
    EXPECT_EQ(query["data"]["__type"]["fields"][0]["args"][0]["type"]["ofType"]["name"], "Int");
}

TEST(GraphQlText, strings_comments_and_blocks_are_read) {
    graphql::Document d = graphql::parse("# c\nquery { a(s: \"x\\n\", b: \"\"\"raw \"q\" \"\"\", e: RED, n: -1.5, l: [1 2], v: $v) }");
    const auto& args = d.operations.at(0).selections.at(0).arguments;
    EXPECT_EQ(args.at(0).second.text, "\"x\\n\"");
    EXPECT_EQ(args.at(1).second.text, "\"raw \\\"q\\\"\"");
    EXPECT_EQ(args.at(2).second.text, "\"RED\"");
    EXPECT_EQ(args.at(3).second.text, "-1.5");
    EXPECT_EQ(args.at(4).second.items.size(), 2u);
}

}  // namespace
}  // namespace heddle::wire::testing
