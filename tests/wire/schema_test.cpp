#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <heddle/error.hpp>

#include "schema.hpp"

namespace heddle::wire {
namespace {

std::string check(const std::string& schema, const std::string& value, const std::string& types = "{}") {
    Types t;
    try {
        t.declare(parse_scanned(types));
        u32 type = t.compile(parse_scanned(schema), "T");
        return t.validate(type, parse_scanned(value)).value_or("fine");
    } catch (const Error& e) {
        return "error: " + e.message;
    }
}

TEST(Schema, faults_carry_their_path) {
    std::string types = R"({"Profile": {"type": "object", "required": ["level"], "properties": {"level": {"type": "integer", "minimum": 1}}},
                            "User": {"type": "object", "required": ["name", "profile"], "additionalProperties": false,
                                     "properties": {"name": {"type": "string", "maxLength": 5}, "profile": "Profile", "tags": {"type": "array", "items": {"enum": ["a", "b"]}}}}})";
    const std::pair<const char*, const char*> cases[] = {
        {R"({"name":"Ada","profile":{"level":3},"tags":["a"]})", "fine"},
        {R"({"name":"Ada","profile":{"level":"x"}})", "<value>.profile.level: expected an integer, there is \"x\""},
        {R"({"name":"Ada","profile":{"level":0}})", "<value>.profile.level: must be at least 1, there is 0"},
        {R"({"name":"Ada","profile":{}})", "<value>.profile: the key `level` is missing"},
        {R"({"name":"Ada Lovelace","profile":{"level":1}})", "<value>.name: may have at most 5 characters, it has 12"},
        {R"({"name":"Ada","profile":{"level":1},"tags":["a","c"]})", "<value>.tags[1]: must be one of \"a\", \"b\", there is \"c\""},
        {R"({"name":"Ada","profil":{},"profile":{"level":1}})", "<value>: unknown key `profil`; did you mean `profile`?"},
        {"7", "<value>: expected an object, there is 7"},
    };
    for (auto [value, expected] : cases) EXPECT_EQ(check("\"User\"", value, types), expected) << value;
}

TEST(Schema, every_keyword_is_enforced) {
    struct Case {
        const char *schema, *good, *bad, *fault;
    };
    const Case cases[] = {
        {R"({"type":["string","null"]})", "null", "1", "expected a string or null"},
        {R"({"type":"number"})", "1.5", "\"1\"", "expected a number"},
        {R"({"type":"integer"})", "1.0", "1.5", "expected an integer"},
        {R"({"const":{"a":1}})", R"({"a":1.0})", "{}", "must be one of"},
        {R"({"maximum":9007199254740993})", "9007199254740993", "9007199254740994", "must be at most 9007199254740993"},
        {R"({"exclusiveMinimum":0,"exclusiveMaximum":2})", "1", "2", "must be less than 2"},
        {R"({"multipleOf":3})", "9", "10", "must be a multiple of 3"},
        {R"({"minLength":2})", "\"\\u00e9\\u00e9\"", "\"\\u00e9\"", "at least 2 characters"},
        {R"({"pattern":"^a+$"})", "\"aa\"", "\"ab\"", "must match the pattern"},
        {R"({"format":"uuid"})", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"123\"", "format uuid"},
        {R"({"format":"date"})", "\"2024-02-29\"", "\"2023-02-29\"", "format date"},
        {R"({"format":"date-time"})", "\"2024-02-29T12:00:00Z\"", "\"2024-02-29\"", "format date-time"},
        {R"({"format":"email"})", "\"a@b.c\"", "\"a.b\"", "format email"},
        {R"({"format":"uri"})", "\"https://a.b/c?d\"", "\"a b\"", "format uri"},
        {R"({"format":"ipv4"})", "\"1.2.3.4\"", "\"1.2.3\"", "format ipv4"},
        {R"({"format":"ipv6"})", "\"::1\"", "\"1.2.3.4\"", "format ipv6"},
        {R"({"format":"hostname"})", "\"a-b.example\"", "\"-a\"", "format hostname"},
        {R"({"format":"byte"})", "\"aGk=\"", "\"aGk\"", "format byte"},
        {R"({"type":"array","minItems":1,"maxItems":2})", "[1]", "[1,2,3]", "at most 2 elements"},
        {R"({"uniqueItems":true})", "[1,2]", "[1,1.0]", "each value once"},
        {R"({"prefixItems":[{"type":"string"}],"items":false})", "[\"a\"]", "[\"a\",1]", "at most 1 elements"},
        {R"({"additionalProperties":{"type":"integer"}})", R"({"x":1})", R"({"x":"1"})", "<value>.x: expected an integer"},
        {R"({"minProperties":1,"maxProperties":1})", R"({"x":1})", "{}", "at least 1 keys"},
        {R"({"anyOf":[{"type":"string"},{"type":"integer","minimum":5}]})", "5", "4", "fits none of the 2 alternatives"},
        {R"({"oneOf":[{"type":"integer"},{"minimum":5}]})", "4", "6", "fits 2 of the alternatives"},
        {R"({"allOf":[{"type":"integer"},{"minimum":5}]})", "5", "4", "at least 5"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(check(c.schema, c.good), "fine") << c.schema;
        EXPECT_NE(check(c.schema, c.bad).find(c.fault), std::string::npos) << c.schema << ": " << check(c.schema, c.bad);
    }
}

TEST(Schema, faults_in_schemas_are_errors_with_their_place) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"typ":"string"})", "error: T: unknown keyword `typ`; did you mean `type`?"},
        {R"({"type":"strng"})", "error: T: unknown type `strng`; did you mean `string`?"},
        {R"({"properties":{"a":{"minimum":"1"}}})", "error: T.properties.a: `minimum` must be a number, there is \"1\""},
        {R"("Nobody")", "error: T: no type is called `Nobody`; there is none"},
        {R"({"pattern":"("})", "error: T: `pattern` is no regular expression (RE2): missing ): ("},
        {R"({"format":"uid"})", "error: T: unknown format `uid`; did you mean `uuid`?"},
        {"7", "error: T: a type is a name or a schema {type = …}, there is 7"},
    };
    for (auto [schema, expected] : cases) EXPECT_EQ(check(schema, "null"), expected);
    EXPECT_EQ(check("\"A\"", "null", R"({"A":"B","B":"A"})"), "error: types.B: refers to itself and nothing else");
}

TEST(Schema, references_lead_within_the_file_and_beside_it) {
    EXPECT_EQ(check(R"({"$defs":{"P":{"type":"integer"}},"type":"array","items":{"$ref":"#/$defs/P"}})", "[1]"), "fine");
    EXPECT_EQ(check(R"({"$ref":"#/types/A"})", "1", R"({"A":{"type":"string"}})"), "<value>: expected a string, there is 1");
    Types t;
    t.files([](const std::string& path) { return parse_scanned(path == "x.json" ? R"({"$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#/$defs/N"}}}}})" : "1"); });
    u32 n = t.compile(parse_scanned(R"({"$ref":"x.json#/$defs/N"})"), "T");
    EXPECT_EQ(t.validate(n, parse_scanned(R"({"next":{"next":1}})")).value_or(""), "<value>.next.next: expected an object, there is 1");
}

TEST(Schema, types_that_never_end_are_stopped) {
    EXPECT_NE(check("\"A\"", "1", R"({"A":{"anyOf":["A","A"]}})").find("too many comparisons"), std::string::npos);
}

}  // namespace
}  // namespace heddle::wire
