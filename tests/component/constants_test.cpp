// Values in components: constants, imports, exports, start functions.
#include "support/world.hpp"

#include <heddle/component_constants.hpp>

#include "value_bytes.hpp"

namespace heddle::component::testing {
namespace {

std::string constant(const std::string& type, const std::string& value) {
    World w;
    auto v = find_value(w.make("(component " + type + " (value $v " + value + R"() (export "v" (value $v))))"), "v");
    return v ? to_string(*v) : "none";
}

TEST(Constants, of_every_type_can_be_exported) {
    struct Case {
        const char *type, *value;
        Val expected;
    };
    const Case cases[] = {
        {"", "bool true", Val::boolean(true)},
        {"", "s8 -128", Val::s8(-128)},
        {"", "u8 255", Val::u8(255)},
        {"", "s16 -32768", Val::s16(-32768)},
        {"", "u16 65535", Val::u16(65535)},
        {"", "s32 -2147483648", Val::s32(-2147483647 - 1)},
        {"", "u32 4294967295", Val::u32(~u32(0))},
        {"", "s64 -9223372036854775808", Val::s64(std::numeric_limits<i64>::min())},
        {"", "u64 18446744073709551615", Val::u64(~u64(0))},
        {"", "f32 1.5", Val::f32(1.5)},
        {"", "f64 -0.25", Val::f64(-0.25)},
        {"", "char \"\xf0\x9f\x8d\xb0\"", Val::character(0x1f370)},
        {"", "char \"a\"", Val::character('a')},
        {"", "string \"h\xc3\xa4t\"", Val::string("h\xc3\xa4t")},
        {"(type $t (list u8))", "$t (list 1 2 255)", Val::bytes(std::vector<u8>{1, 2, 255})},
        {"(type $t (list string))", "$t (list \"a\" \"b\")", Val::list({Val::string("a"), Val::string("b")})},
        {"(type $t (list u16 2))", "$t (list 1 2)", Val::list({Val::u16(1), Val::u16(2)})},
        {"(type $t (list s16))", "$t (list -1 2)", Val::list({Val::s16(-1), Val::s16(2)})},
        {"(type $t (list f64))", "$t (list 0.5)", Val::list({Val::f64(0.5)})},
        {"(type $t (list char))", "$t (list 'a' 'b')", Val::list({Val::character('a'), Val::character('b')})},
        {"(type $t (list bool))", "$t (list)", Val::list({})},
        {"(type $t (tuple u8 string))", "$t (tuple 1 \"x\")", Val::record({Val::u8(1), Val::string("x")})},
        {"(type $f' (flags \"a\" \"b\" \"c\")) (export $f \"f\" (type $f'))", "$f (flags \"a\" \"c\")", Val::flags(5)},
        {"(type $e' (enum \"x\" \"y\")) (export $e \"e\" (type $e'))", "$e (enum \"y\")", Val::variant(1)},
        {"(type $o (option u8))", "$o (some 7)", Val::some(Val::u8(7))},
        {"(type $o (option u8))", "$o none", Val::none()},
        {"(type $r (result string (error u8)))", "$r (ok \"fine\")", Val::ok(Val::string("fine"))},
        {"(type $r (result string (error u8)))", "$r (error 3)", Val::error(Val::u8(3))},
        {"(type $r (result))", "$r ok", Val::ok()},
    };
    for (const Case& c : cases) EXPECT_EQ(constant(c.type, c.value), to_string(c.expected)) << c.value;
}

TEST(Constants, bytes_that_are_no_value_are_refused) {
    struct Case {
        const char *type, *bytes, *words;
    };
    const Case cases[] = {
        {"bool", "\\02", "a bool is 0 or 1"},       {"u16", "\\80\\80\\04", "integer too large"}, {"s16", "\\80\\80\\02", "integer too large"},
        {"f32", "\\01\\00\\c0\\7f", "canonical"},   {"char", "\\ff", "unexpected end"},           {"char", "\\c0\\80", "UTF-8"},
        {"string", "\\01\\ff", "UTF-8"},            {"string", "\\05a", "out of bounds"},        {"u8", "\\01\\02", "trailing bytes"},
        {"$v", "\\02", "no case 2"},                {"$f", "\\08", "beyond the last label"},      {"$l", "\\ff\\ff\\ff\\ff\\0f", "unexpected end"},
        {"$s", "\\00", "no constants of type"},
    };
    Engine engine;
    for (const Case& c : cases) {
        auto bytes = assemble(R"((component (type $v (enum "x" "y")) (type $f (flags "a" "b" "c")) (type $l (list u32)) (type $s (stream u8)) (value $x )" +
                              std::string(c.type) + " (binary \"" + c.bytes + R"(")) (export "x" (value $x))))");
        ASSERT_TRUE(bytes) << c.bytes << bytes.error().to_string();
        auto loaded = heddle::Component::load(engine, *bytes);
        ASSERT_FALSE(loaded) << c.type << c.bytes;
        EXPECT_NE(loaded.error().message.find(c.words), std::string::npos) << c.type << " " << loaded.error().message;
    }
}

TEST(Constants, of_very_many_values_are_refused) {
    for (u32 n : {999'999u, 1'000'000u, 1'000'001u}) {
        std::vector<u8> bytes = {u8(0x80 | (n & 0x7f)), u8(0x80 | (n >> 7 & 0x7f)), u8(n >> 14)};
        bytes.resize(3 + n);  // all of them none
        try {
            EXPECT_EQ(read_value(bytes, ValueType::list(ValueType::option(ValueType::primitive(ValueType::Kind::u8)))).size(), n);
            EXPECT_LE(n, 1'000'000u);
        } catch (const Error& e) {
            EXPECT_GT(n, 1'000'000u);
            EXPECT_EQ(e.kind, Error::Kind::limit);
        }
    }
}

TEST(Constants, imported_values_are_exported_again_and_held_against_their_type) {
    const char* text = R"((component (import "x" (value $x string)) (export "y" (value $x))))";
    World w;
    EXPECT_NE(w.refused(text).find("`x` of type (value string) is not defined"), std::string::npos) << w.refused(text);
    define_value(w.imports, "x", Val::u32(1));
    EXPECT_NE(w.refused(text).find("wanted a value of type string, given 1"), std::string::npos) << w.refused(text);
    define_value(w.imports, "x", Val::string("hello"));
    EXPECT_EQ(find_value(w.make(text), "y"), Val::string("hello"));
    EXPECT_FALSE(find_value(w.make(text), "z"));
}

TEST(Constants, go_from_component_to_component) {
    World w;
    ComponentInstance i = w.make(R"((component
      (component $A (value $v u32 42) (export "v" (value $v)))
      (component $B (import "v" (value $v u32)) (instance $out (export "again" (value $v))) (export "out" (instance $out)))
      (instance $a (instantiate $A))
      (instance $b (instantiate $B (with "v" (value $a "v"))))
      (export "b" (instance $b))))");
    EXPECT_EQ(find_value(i, "b.out.again"), Val::u32(42));

    ComponentInstance a = w.make(R"((component (value $v u32 7) (export "v" (value $v))))");
    w.imports.exports_of(a);
    EXPECT_EQ(find_value(w.make(R"((component (import "v" (value $v u32)) (export "w" (value $v))))"), "w"), Val::u32(7));
    std::string why = w.refused(R"((component (import "v" (value $v string)) (export "w" (value $v))))");
    EXPECT_NE(why.find("wanted a value of type string, given one of type u32"), std::string::npos) << why;
}

// ---- start ----------------------------------------------------------------------------------------------------------------------------

const std::string doubler = R"(
  (core module $m (func (export "twice") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then unreachable)) (i32.mul (local.get 0) (i32.const 2))))
  (core instance $i (instantiate $m))
  (func $twice (param "x" u32) (result u32) (canon lift (core func $i "twice")))
)";

TEST(Start, calls_the_components_own_function_when_it_is_instantiated) {
    World w;
    EXPECT_EQ(find_value(w.make("(component" + doubler + R"((value $v u32 21) (start $twice (value $v) (result (value $r))) (export "r" (value $r))))"), "r"), Val::u32(42));
    std::string why = w.refused("(component" + doubler + R"((value $v u32 0) (start $twice (value $v) (result (value $r))) (export "r" (value $r))))");
    EXPECT_NE(why.find("unreachable"), std::string::npos) << why;
}

TEST(Start, calls_a_function_of_a_component_inside) {
    World w;
    ComponentInstance i = w.make("(component (component $D " + doubler + R"((export "twice" (func $twice)))
      (instance $d (instantiate $D))
      (value $v u32 4)
      (start (func $d "twice") (value $v) (result (value $r)))
      (start (func $d "twice") (value $r) (result (value $s)))
      (export "s" (value $s))))");
    EXPECT_EQ(find_value(i, "s"), Val::u32(16));
}

TEST(Start, calls_an_imported_function_of_the_host) {
    World w;
    std::vector<std::string> heard;
    w.imports.root().func("hear", [&](std::string s) {
        heard.push_back(s);
        return u32(heard.size());
    });
    ComponentInstance i = w.make(R"((component
      (import "hear" (func $hear (param "s" string) (result u32)))
      (value $v string "on the way")
      (start $hear (value $v) (result (value $n)))
      (export "n" (value $n))))");
    EXPECT_EQ(find_value(i, "n"), Val::u32(1));
    EXPECT_EQ(heard, std::vector<std::string>{"on the way"});

    w.imports.root().raw("hear", [](HostCall& c) { return c.done(Val::string("no number")); });
    std::string wrong = w.refused(R"((component (import "hear" (func $hear (result u32))) (start $hear (result (value $n))) (export "n" (value $n))))");
    EXPECT_NE(wrong.find("result is not of its type"), std::string::npos) << wrong;
    w.imports.root().raw("hear", [](HostCall& c) {
        c.defer();
        return c.wait();
    });
    std::string late = w.refused(R"((component (import "hear" (func $hear)) (start $hear)))");
    EXPECT_NE(late.find("must answer at once"), std::string::npos) << late;
}

TEST(Start, runs_an_asynchronous_function_to_its_end) {
    World w;
    ComponentInstance i = w.make(R"((component
      (canon task.return (result u32) (core func $return))
      (core func $yield (canon thread.yield))
      (core module $m
        (import "" "return" (func $return (param i32)))
        (import "" "yield" (func $yield (result i32)))
        (func (export "f") (drop (call $yield)) (call $return (i32.const 5))))
      (core instance $i (instantiate $m (with "" (instance (export "return" (func $return)) (export "yield" (func $yield))))))
      (func $f async (result u32) (canon lift (core func $i "f") async))
      (start $f (result (value $r)))
      (export "r" (value $r))))");
    EXPECT_EQ(find_value(i, "r"), Val::u32(5));
}

}  // namespace
}  // namespace heddle::component::testing
