// Values as lists of nodes: what is written reads back, and what is no tree is refused with the node that is wrong.
#include <gtest/gtest.h>

#include "plugins/trees.hpp"

namespace heddle::component::plugins {
namespace {

using K = ValueType::Kind;

ValueType prim(K k) { return ValueType::primitive(k); }
FunctionType taking(ValueType t) { return {false, {{"x", t}}, t}; }

Val indices(const std::vector<u32>& all) {
    std::vector<u8> raw;
    for (u32 i : all)
        for (int shift = 0; shift < 32; shift += 8) raw.push_back(u8(i >> shift));
    return raw.empty() ? Val::list({}) : Val::packed(Val::Kind::u32, raw);
}
Val u32_node(u32 n) { return Val::variant(6, Val::u32(n)); }
Val string_node(std::string s) { return Val::variant(12, Val::string(std::move(s))); }
Val bytes_node(std::vector<u8> b) { return Val::variant(13, Val::bytes(b)); }
Val list_node(const std::vector<u32>& parts) { return Val::variant(14, indices(parts)); }
Val record_node(const std::vector<u32>& parts) { return Val::variant(15, indices(parts)); }
Val variant_node(u32 number, std::optional<u32> payload = {}) {
    return Val::variant(16, Val::record({Val::u32(number), payload ? Val::some(Val::u32(*payload)) : Val::none()}));
}
Val flags_node(u32 bits) { return Val::variant(17, Val::u32(bits)); }

std::string refusal(const FunctionType& type, std::vector<Val> nodes) {
    auto args = arguments_from_tree(Val::list(std::move(nodes)), type);
    return args ? "taken" : (args.error().kind == Error::Kind::limit ? "limit: " : "") + args.error().message;
}

// The arguments (v) as a tree: the result's, moved one node back.
std::vector<Val> as_arguments(const Val& result) {
    std::vector<Val> nodes{record_node({1})};
    for (const Val& n : result.items()) {
        u32 kind = n.case_index();
        std::vector<u32> parts;
        if (kind == 14 || kind == 15)
            for (std::size_t i = 0; i < n.payload()->size(); ++i) parts.push_back(n.payload()->at(i).as<u32>() + 1);
        if (kind == 14) nodes.push_back(list_node(parts));
        else if (kind == 15) nodes.push_back(record_node(parts));
        else if (kind == 16 && n.payload()->at(1).payload()) nodes.push_back(variant_node(n.payload()->at(0).as<u32>(), n.payload()->at(1).payload()->as<u32>() + 1));
        else nodes.push_back(n);
    }
    return nodes;
}

TEST(Trees, values_of_every_type_come_back) {
    ValueType text = prim(K::string), byte = prim(K::u8);
    struct Case {
        ValueType type;
        Val value;
    };
    const Case cases[] = {
        {prim(K::bool_), Val::boolean(true)},
        {prim(K::s8), Val::s8(-5)},
        {prim(K::s64), Val::s64(INT64_MIN)},
        {prim(K::u64), Val::u64(~u64(0))},
        {prim(K::f32), Val::f32(1.5f)},
        {prim(K::f64), Val::f64(-0.0)},
        {prim(K::char_), Val::character(U'é')},
        {text, Val::string("hé")},
        {ValueType::list(byte), Val::bytes(std::vector<u8>{1, 2, 3})},
        {ValueType::list(byte), Val::list({})},
        {ValueType::list(byte, 2), Val::bytes(std::vector<u8>{1, 2})},
        {ValueType::list(prim(K::u16)), Val::packed(Val::Kind::u16, {1, 0, 2, 0})},
        {ValueType::list(ValueType::list(text)), Val::list({Val::list({Val::string("a"), Val::string("b")}), Val::list({})})},
        {ValueType::record({{"a", byte}, {"b", ValueType::option(text)}}), Val::record({Val::u8(1), Val::some(Val::string("x"))})},
        {ValueType::tuple({text, ValueType::option(byte)}), Val::record({Val::string(""), Val::none()})},
        {ValueType::variant({{"a", std::nullopt}, {"b", text}}), Val::variant(0)},
        {ValueType::enumeration({"x", "y"}), Val::variant(1)},
        {ValueType::flags({"a", "b", "c"}), Val::flags(5)},
        {ValueType::flags(std::vector<std::string>(32, "l")), Val::flags(~0u)},
        {ValueType::result(byte, text), Val::error(Val::string("no"))},
        {ValueType::result(std::nullopt, std::nullopt), Val::ok()},
        {ValueType::map(text, byte), Val::list({Val::record({Val::string("k"), Val::u8(7)})})},
    };
    for (const Case& c : cases) {
        FunctionType type = taking(c.type);
        auto tree = tree_from_result(c.value, type);
        ASSERT_TRUE(tree) << tree.error().message;
        EXPECT_TRUE(matches(*tree, ValueType::list(node_type()))) << to_string(c.type);
        auto args = arguments_from_tree(Val::list(as_arguments(*tree)), type);
        ASSERT_TRUE(args) << to_string(c.type) << ": " << args.error().message;
        ASSERT_EQ(args->size(), 1u);
        EXPECT_TRUE(matches(args->front(), c.type)) << to_string(c.type);
        auto again = tree_from_result(args->front(), type);
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, *tree) << to_string(c.type);
    }
}

TEST(Trees, no_result_is_no_node) {
    auto tree = tree_from_result(std::nullopt, {});
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->size(), 0u);
    EXPECT_EQ(refusal({}, {record_node({})}), "taken");
}

TEST(Trees, what_is_no_tree_is_refused_with_the_node) {
    FunctionType numbers = taking(ValueType::list(prim(K::u32))), nothing;
    struct Case {
        std::vector<Val> nodes;
        const char* why;
    };
    const Case cases[] = {
        {{}, "there is no node: node 0 is a record of the arguments"},
        {{u32_node(1)}, "node 0 is u32: it must be a record of the arguments"},
        {{record_node({}), u32_node(1)}, "node 1 is no part of a node before it: only node 0 is none"},
        {{record_node({0})}, "node 0 has node 0 as a part, which must lie behind it"},
        {{record_node({1}), list_node({1})}, "node 1 has node 1 as a part, which must lie behind it"},
        {{record_node({1}), list_node({2}), list_node({1})}, "node 2 has node 1 as a part, which must lie behind it"},
        {{record_node({1}), list_node({2, 2}), u32_node(1)}, "node 2 is a part twice: of node 1 and node 1"},
        {{record_node({1, 2}), list_node({2}), u32_node(1)}, "node 2 is a part twice: of node 0 and node 1"},
        {{record_node({1}), list_node({9})}, "node 1 has node 9 as a part: there are 2"},
        {{record_node({1}), list_node({~0u})}, "node 1 has node 4294967295 as a part: there are 2"},
        {{record_node({1}), variant_node(0, 0)}, "node 1 has node 0 as a part, which must lie behind it"},
        {{record_node({})}, "expected 1 arguments of func(x: list<u32>) -> list<u32>, there are 0"},
        {{record_node({1, 2}), list_node({}), list_node({})}, "expected 1 arguments of func(x: list<u32>) -> list<u32>, there are 2"},
        {{record_node({2}), u32_node(1), list_node({1})}, "node 1 is no part of a node before it: only node 0 is none"},
    };
    for (const Case& c : cases) EXPECT_EQ(refusal(numbers, c.nodes), c.why);
}

TEST(Trees, values_of_other_types_are_refused_with_their_path) {
    ValueType text = prim(K::string), byte = prim(K::u8), record = ValueType::record({{"name", text}, {"tags", ValueType::list(text)}});
    struct Case {
        ValueType type;
        std::vector<Val> nodes;  // behind the record of arguments
        const char* why;
    };
    const Case cases[] = {
        {text, {u32_node(1)}, "`x`: expected string, node 1 is u32"},
        {prim(K::u64), {u32_node(1)}, "`x`: expected u64, node 1 is u32"},
        {record, {record_node({2, 3}), string_node("a"), list_node({4, 5}), string_node("b"), u32_node(7)}, "`x.tags[1]`: expected string, node 5 is u32"},
        {record, {record_node({2}), string_node("a")}, "`x`: expected record { name: string, tags: list<string> }, node 1 has 1 parts"},
        {record, {list_node({})}, "`x`: expected record { name: string, tags: list<string> }, node 1 is list"},
        {ValueType::list(byte, 3), {bytes_node({1, 2})}, "`x`: expected list<u8, 3>, node 1 has 2 parts"},
        {ValueType::list(text), {bytes_node({1})}, "`x`: expected list<string>, node 1 is bytes"},
        {ValueType::option(text), {variant_node(2)}, "`x`: expected option<string>, node 1 has case 2"},
        {ValueType::option(text), {variant_node(1)}, "`x`: expected option<string>, node 1 has case `some` without a payload"},
        {ValueType::option(text), {variant_node(0, 2), u32_node(1)}, "`x`: expected option<string>, node 1 has case `none` with a payload"},
        {ValueType::option(text), {variant_node(1, 2), u32_node(1)}, "`x.some`: expected string, node 2 is u32"},
        {ValueType::enumeration({"a"}), {u32_node(0)}, "`x`: expected enum { a }, node 1 is u32"},
        {ValueType::flags({"a", "b"}), {flags_node(4)}, "`x`: expected flags { a, b }, node 1 has bits that have no label"},
        {ValueType::own(1), {u32_node(4)}, "`x`: expected own<resource 1>, node 1 is u32"},
    };
    for (const Case& c : cases) {
        std::vector<Val> nodes{record_node({1})};
        nodes.insert(nodes.end(), c.nodes.begin(), c.nodes.end());
        EXPECT_EQ(refusal(taking(c.type), nodes), c.why);
    }
}

TEST(Trees, a_list_of_bytes_may_come_in_pieces) {
    FunctionType type = taking(ValueType::list(prim(K::u8)));
    auto args = arguments_from_tree(Val::list({record_node({1}), list_node({2, 3}), Val::variant(2, Val::u8(1)), Val::variant(2, Val::u8(2))}), type);
    ASSERT_TRUE(args) << args.error().message;
    EXPECT_TRUE(matches(args->front(), type.params[0].type));
}

TEST(Trees, depth_and_size_have_limits) {
    ValueType deep = prim(K::u32);
    std::vector<Val> nodes{record_node({1})};
    for (u32 i = 1; i < deepest_node; ++i) {
        deep = ValueType::option(deep);
        nodes.push_back(variant_node(1, i + 1));
    }
    nodes.push_back(u32_node(1));
    EXPECT_EQ(refusal(taking(deep), nodes), "taken");
    nodes.back() = variant_node(1, deepest_node + 1);
    nodes.push_back(u32_node(1));
    EXPECT_EQ(refusal(taking(ValueType::option(deep)), nodes), "limit: node 129 is deeper than 128");

    FunctionType many = taking(ValueType::list(prim(K::u32)));
    std::vector<u8> raw(most_nodes * 4);
    auto tree = tree_from_result(Val::packed(Val::Kind::u32, raw), many);
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().kind, Error::Kind::limit);
    EXPECT_EQ(tree.error().message, "the result has more nodes than 262144");
    EXPECT_EQ(refusal(many, std::vector<Val>(most_nodes + 1, u32_node(0))), "limit: the tree has 262145 nodes: it may have 262144");
}

}  // namespace
}  // namespace heddle::component::plugins
