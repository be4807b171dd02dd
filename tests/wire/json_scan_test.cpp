#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "json.hpp"

namespace heddle::wire {
namespace {

std::string fault(std::string_view text, const JsonLimits& limits = {}) {
    auto f = scan_json(text, limits);
    return f ? f->message : "fine";
}

TEST(JsonScan, whole_documents_are_let_through) {
    for (const char* text : {"null", "true", " false ", "0", "-0", "12.5e-3", "\"\"", "\"\\u00e9\\ud83d\\ude00\\n\"", "[]", "{}", "[1,[2,{}],{\"a\":[]}]",
                             "{\"a\":{\"b\":1},\"b\":{\"b\":2}}", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "[\n1\t,\r2 ]"})
        EXPECT_EQ(fault(text), "fine") << text;
}

TEST(JsonScan, faults_say_where_and_what_was_expected) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "1:1: expected a JSON value, the text ends"},
        {"[1,]", "1:4: expected a JSON value, there is `]`"},
        {"[1 2]", "1:4: expected `,` or `]`, there is `2`"},
        {"{\"a\" 1}", "1:6: expected `:` after a key, there is `1`"},
        {"{a:1}", "1:2: expected a key in double quotes, there is `a`"},
        {"{\"a\":1,}", "1:8: expected a key in double quotes, there is `}`"},
        {"01", "1:2: expected the end after the value, there is `1`"},
        {"1.", "1:3: expected a digit, the text ends"},
        {"-", "1:2: expected a digit, the text ends"},
        {"\"a", "1:3: a string has no closing quote"},
        {"\"\\x\"", "1:3: expected an escape (\\n, \\u0041, …), there is `x`"},
        {"\"\\ud800\"", "1:2: half of a surrogate pair stands alone"},
        {"\"\\udc00\"", "1:2: half of a surrogate pair stands alone"},
        {"[\n  tru]", "2:3: expected a JSON value, there is `t`"},
        {"\"\x01\"", "1:2: a control character in a string must be escaped"},
        {"NaN", "1:1: expected a JSON value, there is `N`"},
        {"1 1", "1:3: expected the end after the value, there is `1`"},
        {"[", "1:2: expected a JSON value, the text ends"},
    };
    for (auto [text, expected] : cases) EXPECT_EQ(fault(text), expected) << text;
}

TEST(JsonScan, strings_that_are_not_utf8_are_refused) {
    for (const char* bytes : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80"})
        EXPECT_EQ(fault("\"" + std::string(bytes) + "\""), "1:2: a string is not UTF-8");
}

TEST(JsonScan, a_key_twice_is_refused_however_it_is_written) {
    EXPECT_EQ(fault(R"({"a":1,"b":2,"a":3})"), "1:14: two keys of one object are called `a`");
    EXPECT_EQ(fault(R"({"a":1,"\u0061":3})"), "1:8: two keys of one object are called `a`");
    EXPECT_EQ(fault(R"([{"x":{"k":1,"k":2}}])"), "1:14: two keys of one object are called `k`");
}

TEST(JsonScan, integers_of_64_bits_are_exact_and_longer_ones_refused) {
    for (const char* text : {"9007199254740993", "18446744073709551615", "-9223372036854775808"}) {
        EXPECT_EQ(fault(text), "fine");
        EXPECT_EQ(to_text(parse_scanned(text)), text);
    }
    EXPECT_EQ(fault("18446744073709551616"), "1:1: an integer does not fit into 64 bits");
    EXPECT_EQ(fault("[-9223372036854775809]"), "1:2: an integer does not fit into 64 bits");
    EXPECT_EQ(fault("1e999"), "1:1: a number is outside the range of a double");
}

TEST(JsonScan, limits_hold_at_their_edge) {
    auto nested = [](std::size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    EXPECT_EQ(fault(nested(128)), "fine");
    EXPECT_EQ(fault(nested(129)), "1:129: nested too deeply: the limit is 128");
    EXPECT_NE(fault(std::string(100'000, '[')).find("nested too deeply"), std::string::npos);
    EXPECT_EQ(fault("\"1234\"", {.string_bytes = 4}), "fine");
    EXPECT_NE(fault("\"12345\"", {.string_bytes = 4}).find("a string is too long: the limit is 4"), std::string::npos);
    EXPECT_EQ(fault("{\"a\":1,\"b\":{\"c\":2}}", {.keys = 3}), "fine");
    EXPECT_NE(fault("{\"a\":1,\"b\":{\"c\":2}}", {.keys = 2}).find("too many keys: the limit is 2"), std::string::npos);
    EXPECT_EQ(fault("[1]", {.bytes = 3}), "fine");
    auto large = scan_json("[10]", {.bytes = 3});
    ASSERT_TRUE(large);
    EXPECT_TRUE(large->too_large);
}

TEST(JsonScan, many_keys_take_little_time) {
    std::string text = "{";
    for (int i = 0; i < 100'000; ++i) text += (i ? ",\"" : "\"") + std::to_string(i * 7919 % 100'003) + "\":0";
    EXPECT_EQ(fault(text + "}"), "fine");
}

TEST(Json, texts_are_quoted_and_excerpts_are_short) {
    EXPECT_EQ(json_string("a\"\n\xff"), "\"a\\\"\\n\xef\xbf\xbd\"");
    EXPECT_EQ(excerpt(parse_scanned("[1,2]")), "[1,2]");
    EXPECT_LE(excerpt(parse_scanned("\"" + std::string(500, 'x') + "\"")).size(), 64u);
    EXPECT_EQ(error_object("denied", "no", "{\"a\":1}"), R"({"code":"denied","message":"no","cause":{"a":1}})");
}

}  // namespace
}  // namespace heddle::wire
