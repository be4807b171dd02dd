#include "val.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace heddle::component {
namespace {

struct Dummy : HostHandle {
    explicit Dummy(int& d) : dropped(d) {}
    ~Dummy() override { ++dropped; }
    int& dropped;
};

std::vector<Val> one_of_each() {
    static int dropped = 0;
    static auto handle = std::make_shared<Dummy>(dropped);
    return {Val::boolean(true),
            Val::s8(-128),
            Val::u8(255),
            Val::s16(-32768),
            Val::u16(65535),
            Val::s32(std::numeric_limits<i32>::min()),
            Val::u32(~u32(0)),
            Val::s64(std::numeric_limits<i64>::min()),
            Val::u64(~u64(0)),
            Val::f32(-0.0f),
            Val::f64(std::numeric_limits<f64>::quiet_NaN()),
            Val::character(U'🍰'),
            Val::string("text that is longer than what a string keeps inline"),
            Val::list({}),
            Val::list({Val::string("a"), Val::string("b")}),
            Val::list({Val::u8(1), Val::u8(2)}),
            Val::record({Val::u8(1), Val::string("x")}),
            Val::variant(3),
            Val::variant(3, Val::string("payload")),
            Val::flags(5),
            Val::handle(Val::Kind::own, handle),
            Val::handle(Val::Kind::stream, handle)};
}

TEST(Val, takes_sixteen_bytes) { EXPECT_EQ(sizeof(Val), 16u); }

TEST(Val, copies_are_equal_and_own_what_they_hold) {
    for (const Val& v : one_of_each()) {
        Val copy = v, assigned;
        assigned = copy;
        Val moved = std::move(copy);
        EXPECT_EQ(moved, v) << to_string(v);
        EXPECT_EQ(assigned, v) << to_string(v);
        EXPECT_EQ(copy, Val());
        assigned = std::move(moved);
        assigned = Val(assigned);
        EXPECT_EQ(assigned, v);
    }
}

TEST(Val, different_values_are_unequal) {
    std::vector<Val> all = one_of_each();
    for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t j = 0; j < all.size(); ++j) EXPECT_EQ(all[i] == all[j], i == j) << to_string(all[i]) << " " << to_string(all[j]);
    EXPECT_NE(Val::f64(0.0), Val::f64(-0.0));
    EXPECT_NE(Val::variant(1), Val::variant(1, Val::u8(0)));
    EXPECT_NE(Val::u8(1), Val::u16(1));
}

TEST(Val, scalars_come_back_as_they_went_in) {
    EXPECT_EQ(Val::s8(-128).as<i8>(), -128);
    EXPECT_EQ(Val::s16(-1).as<i16>(), -1);
    EXPECT_EQ(Val::s32(-7).as<i32>(), -7);
    EXPECT_EQ(Val::s64(std::numeric_limits<i64>::min()).as<i64>(), std::numeric_limits<i64>::min());
    EXPECT_EQ(Val::u64(~u64(0)).as<u64>(), ~u64(0));
    EXPECT_EQ(Val::f32(1.5f).as<f32>(), 1.5f);
    EXPECT_EQ(Val::f64(-2.5).as<f64>(), -2.5);
    EXPECT_EQ(Val::character(U'é').as<char32_t>(), U'é');
    EXPECT_TRUE(Val::boolean(true).as<bool>());
}

TEST(Val, lists_of_scalars_are_packed_however_they_are_made) {
    Val made = Val::list({Val::s16(-1), Val::s16(2)}), raw = Val::packed(Val::Kind::s16, {0xff, 0xff, 2, 0});
    EXPECT_TRUE(made.is_packed());
    EXPECT_EQ(made, raw);
    EXPECT_EQ(raw.size(), 2u);
    EXPECT_EQ(raw.at(0).as<i16>(), -1);
    EXPECT_EQ(raw.at(1), Val::s16(2));
    EXPECT_EQ(Val::packed(Val::Kind::u8, {}), Val::list({}));
    EXPECT_FALSE(Val::list({Val::u8(1), Val::u16(1)}).is_packed());
    EXPECT_EQ(Val::bytes(std::vector<u8>{1, 2}).packed_bytes().size(), 2u);
}

TEST(Val, the_last_copy_of_a_handle_drops_it) {
    int dropped = 0;
    {
        Val a = Val::handle(Val::Kind::own, std::make_shared<Dummy>(dropped));
        Val b = a;
        a = Val();
        EXPECT_EQ(dropped, 0);
        EXPECT_EQ(b.kind(), Val::Kind::own);
    }
    EXPECT_EQ(dropped, 1);
}

TEST(Val, text_for_messages_needs_no_type) {
    EXPECT_EQ(to_string(Val::record({Val::s8(-1), Val::string("x"), Val::list({Val::u8(1), Val::u8(2)})})), "(-1, \"x\", [1, 2])");
    EXPECT_EQ(to_string(Val::some(Val::boolean(true))), "#1(true)");
    EXPECT_EQ(to_string(Val::handle(Val::Kind::own, nullptr)), "own");
    EXPECT_EQ(to_string(Val::f64(0.1)), "0.1");
}

// ---- types ------------------------------------------------------------------------------------------------------------------------------

ValueType prim(ValueType::Kind k) { return ValueType::primitive(k); }
const ValueType u8_type = prim(ValueType::Kind::u8), string_type = prim(ValueType::Kind::string);

TEST(ValueType, prints_as_in_wit) {
    EXPECT_EQ(to_string(prim(ValueType::Kind::error_context)), "error-context");
    EXPECT_EQ(to_string(ValueType::record({{"a", u8_type}, {"b-c", ValueType::list(string_type)}})), "record { a: u8, b-c: list<string> }");
    EXPECT_EQ(to_string(ValueType::variant({{"none", {}}, {"one", u8_type}})), "variant { none, one(u8) }");
    EXPECT_EQ(to_string(ValueType::list(u8_type, 4)), "list<u8, 4>");
    EXPECT_EQ(to_string(ValueType::tuple({u8_type, string_type})), "tuple<u8, string>");
    EXPECT_EQ(to_string(ValueType::flags({"r", "w"})), "flags { r, w }");
    EXPECT_EQ(to_string(ValueType::enumeration({"x"})), "enum { x }");
    EXPECT_EQ(to_string(ValueType::option(ValueType::option(u8_type))), "option<option<u8>>");
    EXPECT_EQ(to_string(ValueType::result({}, {})), "result");
    EXPECT_EQ(to_string(ValueType::result(u8_type, {})), "result<u8>");
    EXPECT_EQ(to_string(ValueType::result({}, string_type)), "result<_, string>");
    EXPECT_EQ(to_string(ValueType::map(string_type, u8_type)), "map<string, u8>");
    EXPECT_EQ(to_string(ValueType::stream({})), "stream");
    EXPECT_EQ(to_string(ValueType::future(u8_type)), "future<u8>");
    EXPECT_EQ(to_string(ValueType::own(2)), "own<resource 2>");
    EXPECT_EQ(to_string(FunctionType{true, {{"a", u8_type}, {"b", string_type}}, u8_type}), "async func(a: u8, b: string) -> u8");
}

TEST(ValueType, text_of_types_that_repeat_themselves_stays_short) {
    ValueType t = u8_type;
    for (int i = 0; i < 60; ++i) t = ValueType::tuple({t, t, t, t});
    EXPECT_LT(to_string(t).size(), 20000u);
}

TEST(ValueType, values_match_their_types_and_no_others) {
    std::vector<std::pair<ValueType, Val>> table = {
        {u8_type, Val::u8(1)},
        {prim(ValueType::Kind::char_), Val::character(U'x')},
        {string_type, Val::string("☃")},
        {ValueType::record({{"a", u8_type}, {"b", string_type}}), Val::record({Val::u8(1), Val::string("")})},
        {ValueType::variant({{"a", {}}, {"b", u8_type}, {"c", string_type}}), Val::variant(2, Val::string(""))},
        {ValueType::enumeration({"a", "b", "c", "d"}), Val::variant(3)},
        {ValueType::option(ValueType::option(u8_type)), Val::some(Val::some(Val::u8(1)))},
        {ValueType::result(ValueType::tuple({u8_type}), {}), Val::ok(Val::record({Val::u8(1)}))},
        {ValueType::list(string_type), Val::list({Val::string("")})},
        {ValueType::list(u8_type, 3), Val::bytes(std::vector<u8>{1, 2, 3})},
        {ValueType::list(prim(ValueType::Kind::char_)), Val::list({Val::character(U'x')})},
        {ValueType::map(u8_type, u8_type), Val::list({Val::record({Val::u8(1), Val::u8(2)})})},
        {ValueType::flags({"a", "b"}), Val::flags(3)},
        {ValueType::own(0), Val::handle(Val::Kind::own, nullptr)},
        {ValueType::future({}), Val::handle(Val::Kind::future, nullptr)}};
    for (std::size_t i = 0; i < table.size(); ++i)
        for (std::size_t j = 0; j < table.size(); ++j)
            EXPECT_EQ(matches(table[i].second, table[j].first), i == j) << to_string(table[i].second) << " as " << to_string(table[j].first);
    EXPECT_FALSE(matches(Val::character(char32_t(0xdfff)), prim(ValueType::Kind::char_)));
    EXPECT_FALSE(matches(Val::string("\xc0\x80"), string_type));
    EXPECT_FALSE(matches(Val::flags(4), ValueType::flags({"a", "b"})));
    EXPECT_TRUE(matches(Val::flags(0x80000000), ValueType::flags(std::vector<std::string>(32, "x"))));
    EXPECT_FALSE(matches(Val::variant(1), ValueType::option(u8_type)));
    EXPECT_TRUE(matches(Val::handle(Val::Kind::own, nullptr), ValueType::borrow(0)));
}

TEST(Describer, gives_the_tree_of_a_components_types) {
    types::Types t;
    auto def = [&](types::Defined::Kind k) {
        types::Defined d;
        d.kind = std::move(k);
        return types::ValType{std::nullopt, t.add(std::move(d))};
    };
    types::ValType u32_{Prim::u32, {}}, str{Prim::string, {}};
    types::ResourceId r = t.new_resource(), q = t.new_resource();
    auto list = def(types::List{def(types::Option{u32_}), std::nullopt});
    auto variant = def(types::Variant{{{"a", list}, {"b", std::nullopt}}});
    auto all = def(types::Record{{{"v", variant},
                                  {"l", def(types::List{u32_, 2})},
                                  {"t", def(types::Tuple{{str, u32_}})},
                                  {"f", def(types::Flags{{"x", "y"}})},
                                  {"e", def(types::Enum{{"p", "q"}})},
                                  {"r", def(types::ResultType{std::nullopt, str})},
                                  {"o", def(types::Own{r})},
                                  {"b", def(types::Borrow{q})},
                                  {"s", def(types::Stream{u32_})},
                                  {"u", def(types::Future{std::nullopt})},
                                  {"m", def(types::Map{str, u32_})},
                                  {"p", def(Prim::char_)}}});
    Describer describe(t);
    EXPECT_EQ(to_string(describe(all)),
              "record { v: variant { a(list<option<u32>>), b }, l: list<u32, 2>, t: tuple<string, u32>, f: flags { x, y }, e: enum { p, q }, r: "
              "result<_, string>, "
              "o: own<resource 0>, b: borrow<resource 1>, s: stream<u32>, u: future, m: map<string, u32>, p: char }");
    EXPECT_EQ(describe(all), Describer(t)(all));
    EXPECT_NE(describe(variant), describe(list));
    types::Func f{false, {{"a", list}, {"b", str}}, variant, 1};
    EXPECT_EQ(to_string(describe(f)), "func(a: list<option<u32>>, b: string) -> variant { a(list<option<u32>>), b }");
}

}  // namespace
}  // namespace heddle::component
