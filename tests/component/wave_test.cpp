#include <heddle/wave.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "component/abi/random.hpp"
#include "val.hpp"

namespace heddle::wave {
namespace {

using component::FunctionType;
using component::Val;
using component::ValueType;
using Kind = ValueType::Kind;

ValueType prim(Kind k) { return ValueType::primitive(k); }
const ValueType u8_type = prim(Kind::u8), string_type = prim(Kind::string), f64_type_ = prim(Kind::f64), char_type = prim(Kind::char_);
const ValueType point = ValueType::record({{"x", u8_type}, {"y-pos", string_type}});
const ValueType optional_point = ValueType::record({{"must", u8_type}, {"may", ValueType::option(u8_type)}});
const ValueType perms = ValueType::flags({"read", "write", "exec"});
const ValueType response = ValueType::variant({{"empty", {}}, {"body", ValueType::list(u8_type)}, {"err", string_type}});

struct Text {
    ValueType type;
    std::string text, printed;  // printed empty: as the text
};

TEST(Wave, texts_are_read_and_printed) {
    std::vector<Text> table = {
        {prim(Kind::bool_), "true", ""},
        {prim(Kind::bool_), " // why\n false // so", "false"},
        {u8_type, "255", ""},
        {prim(Kind::s8), "-128", ""},
        {u8_type, "-0", "0"},
        {prim(Kind::u64), "18446744073709551615", ""},
        {prim(Kind::s64), "-9223372036854775808", ""},
        {f64_type_, "3.14", ""},
        {f64_type_, "6.022e+23", ""},
        {f64_type_, "6.022E23", "6.022e+23"},
        {f64_type_, "100", ""},
        {f64_type_, "-0.0", "-0"},
        {f64_type_, "1e-400", "0"},
        {f64_type_, "-0.00000001e-999999999999999999999", "-0"},
        {f64_type_, "5e-324", ""},
        {f64_type_, "nan", ""},
        {f64_type_, "inf", ""},
        {f64_type_, "-inf", ""},
        {prim(Kind::f32), "0.1", ""},
        {prim(Kind::f32), "16777217", "16777216"},
        {char_type, "'x'", ""},
        {char_type, "'☃'", ""},
        {char_type, R"('\'')", ""},
        {char_type, R"('"')", R"('\"')"},
        {char_type, R"('\u{1F370}')", "'🍰'"},
        {char_type, R"('\u{0}')", ""},
        {string_type, R"("abc\t123")", ""},
        {string_type, R"("")", ""},
        {string_type, R"("\"\\\n\r\u{7f}'")", R"("\"\\\n\r\u{7f}\'")"},
        {string_type, "\"☃🍰\"", ""},
        {string_type, "\"\"\"\nA single line\n\"\"\"", "\"A single line\""},
        {string_type, "\"\"\"\n    Indentation determined\n      by ending delimiter\n  \"\"\"",
         "\"  Indentation determined\\n    by ending delimiter\""},
        {string_type, "\"\"\"\r\n  a\\r\r\n\r\n  \"\"\\\"\"\r\n  \"\"\"", R"("a\r\n\n\"\"\"\"")"},
        {string_type, "\"\"\"\n\"\"\"", "\"\""},
        {ValueType::tuple({string_type, u8_type}), "(\"abc\", 123,)", "(\"abc\", 123)"},
        {ValueType::tuple({u8_type}), "(1)", ""},
        {ValueType::list(u8_type), "[]", ""},
        {ValueType::list(u8_type), "[ 1 , 2,3,]", "[1, 2, 3]"},
        {ValueType::list(u8_type, 2), "[1, 2]", ""},
        {ValueType::list(char_type), "['a', 'b']", ""},
        {point, R"({x: 1, y-pos: "two"})", ""},
        {point, R"({%y-pos: "two", x: 1,})", R"({x: 1, y-pos: "two"})"},
        {optional_point, "{must: 1}", ""},
        {optional_point, "{must: 1, may: none}", "{must: 1}"},
        {optional_point, "{must: 1, may: 2}", "{must: 1, may: some(2)}"},
        {ValueType::record({{"o", ValueType::option(u8_type)}}), "{:}", ""},
        {ValueType::record({{"o", ValueType::option(u8_type)}}), "{o: none}", "{:}"},
        {response, "empty", ""},
        {response, "body([79, 75])", ""},
        {response, "%err(\"oops\")", ""},
        {response, "%body ( [] )", "body([])"},
        {ValueType::enumeration({"ok", "not-found"}), "%ok", ""},
        {ValueType::enumeration({"ok", "not-found"}), "not-found", ""},
        {ValueType::option(u8_type), "some(1)", ""},
        {ValueType::option(u8_type), "1", "some(1)"},
        {ValueType::option(string_type), "none", ""},
        {ValueType::option(ValueType::option(u8_type)), "some(none)", ""},
        {ValueType::option(ValueType::option(u8_type)), "some(7)", "some(some(7))"},
        {ValueType::result(u8_type, string_type), "ok(1)", ""},
        {ValueType::result(u8_type, string_type), "1", "ok(1)"},
        {ValueType::result(u8_type, string_type), "err(\"oops\")", ""},
        {ValueType::result({}, {}), "ok", ""},
        {ValueType::result({}, {}), "err", ""},
        {perms, "{}", ""},
        {perms, "{write, read,}", "{read, write}"},
        {ValueType::map(string_type, u8_type), "{\"a\": 1, \"b\": 2}", ""},
        {ValueType::map(string_type, u8_type), "[(\"a\", 1)]", "{\"a\": 1}"},
        {ValueType::map(string_type, u8_type), "{}", ""},
    };
    for (const Text& t : table) {
        auto v = parse(t.text, t.type);
        ASSERT_TRUE(v) << t.text << ": " << v.error().message;
        EXPECT_TRUE(matches(*v, t.type)) << t.text;
        std::string printed = print(*v, t.type);
        EXPECT_EQ(printed, t.printed.empty() ? t.text : t.printed);
        auto again = parse(printed, t.type);
        ASSERT_TRUE(again) << printed << ": " << again.error().message;
        EXPECT_EQ(*again, *v) << printed;
    }
}

struct Wrong {
    ValueType type;
    std::string text;
    std::size_t offset;
    std::string says;
};

TEST(Wave, errors_say_where_and_what_was_expected) {
    std::vector<Wrong> table = {
        {prim(Kind::bool_), "maybe", 0, "expected `true` or `false`, found `maybe`"},
        {prim(Kind::bool_), "true false", 5, "expected the end, found `false`"},
        {u8_type, "", 0, "expected u8, found the end"},
        {u8_type, "256", 0, "out of range for u8: 256"},
        {u8_type, "-1", 0, "out of range for u8"},
        {u8_type, "007", 0, "leading zeros"},
        {u8_type, "1.5", 0, "expected u8"},
        {u8_type, "12x", 0, "expected u8"},
        {u8_type, "0x10", 0, "expected u8"},
        {f64_type_, "1e999", 0, "out of range for f64"},
        {f64_type_, "1.", 0, "expected f64"},
        {f64_type_, ".5", 0, "expected f64"},
        {f64_type_, "infinity", 0, "expected f64"},
        {prim(Kind::f32), "1e39", 0, "out of range for f32"},
        {char_type, "x", 0, "expected a character"},
        {char_type, "''", 0, "one character"},
        {char_type, "'ab'", 0, "one character"},
        {char_type, "'\\u{d800}'", 1, "not a Unicode scalar value"},
        {char_type, "'\\u{110000}'", 1, "not a Unicode scalar value"},
        {char_type, "'\\u{}'", 1, "hexadecimal"},
        {char_type, "'\\u{fffffffff}'", 1, "hexadecimal"},
        {char_type, "'\\x'", 1, "unknown escape"},
        {char_type, "'", 0, "one character"},
        {string_type, "\"abc", 0, "does not end"},
        {string_type, "\"a\nb\"", 2, "line break"},
        {string_type, "\"a\\", 2, "unknown escape"},
        {string_type, "\"\"\"abc\"\"\"", 0, "line break after"},
        {string_type, "\"\"\"\nabc\"\"\"", 7, "only spaces before"},
        {string_type, "\"\"\"\n a\n  \"\"\"", 5, "indented less"},
        {string_type, "\"\"\"\nabc\\\"\"\"", 0, "does not end"},
        {string_type, "\"\xff\"", 1, "not valid utf-8"},
        {ValueType::list(u8_type), "[1 2]", 3, "expected `,` or `]`, found `2`"},
        {ValueType::list(u8_type), "[1, , 2]", 4, "expected u8, found `,`"},
        {ValueType::list(u8_type), "[1", 2, "expected `,` or `]`, found the end"},
        {ValueType::list(u8_type, 3), "[1, 2]", 5, "expected 3 elements, found 2"},
        {ValueType::tuple({u8_type, u8_type}), "(1)", 2, "expected 2 members, found 1"},
        {ValueType::tuple({u8_type}), "(1, 2)", 4, "the tuple has 1 members"},
        {point, "{x: 1}", 0, "missing field `y-pos`: string"},
        {point, "{x: 1, z: 2}", 7, "unknown field `z`; there are `x`, `y-pos`"},
        {point, "{x: 1, x: 2}", 7, "given twice"},
        {point, "{x 1}", 3, "expected `:`"},
        {response, "full", 0, "unknown case `full`; there are `empty`, `body`, `err`"},
        {response, "err(\"x\")", 0, "written `%err`"},
        {response, "body", 4, "expected `(`"},
        {response, "empty(1)", 5, "no payload for `empty`"},
        {ValueType::option(ValueType::option(u8_type)), "1", 0, "expected `some(…)` or `none`"},
        {ValueType::result({}, u8_type), "1", 0, "expected `ok` or `err`"},
        {ValueType::result({}, u8_type), "err", 3, "expected `(`"},
        {perms, "{read, fly}", 7, "unknown flag `fly`"},
        {perms, "{read, read}", 7, "given twice"},
        {ValueType::own(0), "1", 0, "has none"},
    };
    for (const Wrong& w : table) {
        auto v = parse(w.text, w.type);
        ASSERT_FALSE(v) << w.text;
        EXPECT_EQ(v.error().kind, Error::Kind::syntax);
        EXPECT_EQ(v.error().offset, w.offset) << w.text << ": " << v.error().message;
        EXPECT_NE(v.error().message.find(w.says), std::string::npos) << w.text << ": " << v.error().message;
    }
}

TEST(Wave, calls_name_an_interface_and_a_function) {
    struct Named {
        std::string text, interface, function;
    };
    for (const Named& n : {Named{"f()", "", "f"}, Named{"f", "", "f"}, Named{" my-func ({a: 1}) ", "", "my-func"},
                           Named{"ns:pkg/iface@1.0.0.f({a: 1}, \"x\")", "ns:pkg/iface@1.0.0", "f"}, Named{"ns:pkg/iface.f(1.5)", "ns:pkg/iface", "f"},
                           Named{"iface.f()", "iface", "f"}, Named{"a:b/c@1.0.0-rc.1.f()", "a:b/c@1.0.0-rc.1", "f"},
                           Named{"a:b/c@0.2.0.[method]counter.next(1)", "a:b/c@0.2.0", "[method]counter.next"},
                           Named{"[static]counter.make()", "", "[static]counter.make"}, Named{"// comment\nf()", "", "f"}}) {
        auto c = parse_call(n.text);
        ASSERT_TRUE(c) << n.text << c.error().message;
        EXPECT_EQ(c->interface, n.interface) << n.text;
        EXPECT_EQ(c->function, n.function) << n.text;
        EXPECT_EQ(c->arguments == std::string::npos, n.text == "f") << n.text;
        auto again = parse_call(call_name(c->interface, c->function) + "()");
        EXPECT_EQ(again->function, n.function);
        EXPECT_EQ(again->interface, n.interface);
    }
    for (std::string bad : {"", " ", "(1)", "f 1", ".f()", "iface.()"}) EXPECT_FALSE(parse_call(bad)) << bad;
}

TEST(Wave, arguments_are_read_against_the_parameters) {
    FunctionType f{false, {{"a", point}, {"b", string_type}, {"c", ValueType::option(u8_type)}}, {}};
    auto args = [&](std::string text) -> Result<std::vector<Val>> { return parse_arguments(*parse_call(text), f); };
    Val p = Val::record({Val::u8(1), Val::string("y")});
    EXPECT_EQ(*args("f({x: 1, y-pos: \"y\"}, \"b\", some(3))"), (std::vector<Val>{p, Val::string("b"), Val::some(Val::u8(3))}));
    EXPECT_EQ(*args("i.f({x: 1, y-pos: \"y\"}, \"b\",) // done"), (std::vector<Val>{p, Val::string("b"), Val::none()}));
    EXPECT_NE(args("f({x: 1, y-pos: \"y\"})").error().message.find("missing argument `b`: string"), std::string::npos);
    EXPECT_NE(args("f").error().message.find("missing argument `a`"), std::string::npos);
    EXPECT_NE(args("f({x: 1, y-pos: \"y\"}, \"b\", none, 4)").error().message.find("the function has 3 parameters"), std::string::npos);
    EXPECT_EQ(args("f({x: 1, y-pos: \"y\"}, 5)").error().offset, 22u);
    EXPECT_NE(args("f({x: 1, y-pos: \"y\"}, \"b\") x").error().message.find("expected the end"), std::string::npos);
    EXPECT_TRUE(parse_arguments(*parse_call("g"), FunctionType{})->empty());
    EXPECT_TRUE(parse_arguments(*parse_call("g( )"), FunctionType{})->empty());
}

bool has_handle(const ValueType& t) {
    if (t.kind() >= Kind::own && t.kind() <= Kind::future) return true;
    if (t.kind() == Kind::error_context) return true;
    if (t.kind() == Kind::list) return has_handle(*t.element());
    for (const auto& m : t.members())
        if (m.type && has_handle(*m.type)) return true;
    return false;
}

ValueType with_names(const ValueType& t) {  // random flags have equal labels, which only positions tell apart
    if (t.kind() == Kind::flags || t.kind() == Kind::enum_) {
        std::vector<std::string> labels;
        for (std::size_t i = 0; i < t.members().size(); ++i) labels.push_back(i == 3 ? "none" : "l" + std::to_string(i));
        return t.kind() == Kind::flags ? ValueType::flags(labels) : ValueType::enumeration(labels);
    }
    auto maybe = [](const std::optional<ValueType>& m) { return m ? std::optional(with_names(*m)) : std::nullopt; };
    std::vector<ValueType::Member> members;
    std::vector<ValueType> types;
    for (const auto& m : t.members()) {
        members.push_back({m.name, maybe(m.type)});
        if (m.type) types.push_back(with_names(*m.type));
    }
    switch (t.kind()) {
        case Kind::record: return ValueType::record(members);
        case Kind::variant: return ValueType::variant(members);
        case Kind::tuple: return ValueType::tuple(types);
        case Kind::option: return ValueType::option(types[0]);
        case Kind::result: return ValueType::result(members[0].type, members[1].type);
        case Kind::map: return ValueType::map(types[0], types[1]);
        case Kind::list: return ValueType::list(with_names(*t.element()), t.length());
        default: return t;
    }
}

TEST(Wave, random_values_survive_being_printed_and_read) {
    std::mt19937 rng(11);
    component::abi::test::Random random([&] { return u32(rng()); });
    int done = 0;
    while (done < 1500) {
        component::types::Types types;
        auto t = random.type(types, 4);
        ValueType type = with_names(component::Describer(types)(t));
        if (has_handle(type)) continue;
        Val v = random.value(types, t);
        ASSERT_TRUE(matches(v, type));
        std::string text = print(v, type);
        auto back = parse(text, type);
        ASSERT_TRUE(back) << text << " as " << to_string(type) << ": " << back.error().message << " at " << back.error().offset;
        ASSERT_EQ(print(*back, type), text);
        if (text.find("nan") == text.npos) {  // one NaN is printed for all
            ASSERT_EQ(*back, v) << text;
        }
        ++done;
    }
}

}  // namespace
}  // namespace heddle::wave
