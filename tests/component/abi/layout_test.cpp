#include "abi/layout.hpp"

#include <gtest/gtest.h>

namespace heddle::component::abi {
namespace {

ValType prim(Prim p) { return {p, {}}; }

struct LayoutTest : testing::Test {
    Types all;
    ValType def(types::Defined::Kind k) {
        types::Defined d;
        d.kind = std::move(k);
        return {std::nullopt, all.add(std::move(d))};
    }
    std::string flat(const ValType& t, PtrType p = PtrType::i32) {
        Layouts l(all);
        std::string s;
        if (l.flatten_type(t, p).count == FlatTypes::too_many) return "many";
        for (CoreType c : l.flatten_type(t, p).view()) s += std::string(s.empty() ? "" : " ") + std::array{"i32", "i64", "f32", "f64"}[u8(c)];
        return s;
    }
    std::string memory(const ValType& t) {
        Layouts l(all);
        std::string s;
        for (PtrType p : {PtrType::i32, PtrType::i64}) s += std::to_string(l.elem_size(t, p)) + "/" + std::to_string(l.alignment(t, p)) + " ";
        return s;
    }
};

TEST_F(LayoutTest, primitives_have_the_size_of_their_bits) {
    for (auto [p, size] : {std::pair{Prim::bool_, 1},
                           {Prim::s8, 1},
                           {Prim::u16, 2},
                           {Prim::u32, 4},
                           {Prim::f32, 4},
                           {Prim::char_, 4},
                           {Prim::s64, 8},
                           {Prim::f64, 8},
                           {Prim::error_context, 4}})
        EXPECT_EQ(memory(prim(p)), std::to_string(size) + "/" + std::to_string(size) + " " + std::to_string(size) + "/" + std::to_string(size) + " ")
            << int(p);
    EXPECT_EQ(memory(prim(Prim::string)), "8/4 16/8 ");
}

TEST_F(LayoutTest, records_pad_between_and_behind_their_fields) {
    EXPECT_EQ(memory(def(types::Record{{{"a", prim(Prim::u8)}, {"b", prim(Prim::u32)}, {"c", prim(Prim::u8)}}})), "12/4 12/4 ");
    EXPECT_EQ(memory(def(types::Tuple{{prim(Prim::u8), prim(Prim::string)}})), "12/4 24/8 ");
    EXPECT_EQ(memory(def(types::Tuple{{prim(Prim::u8), prim(Prim::u8), prim(Prim::u16)}})), "4/2 4/2 ");
}

TEST_F(LayoutTest, variants_put_the_payload_behind_an_aligned_discriminant) {
    EXPECT_EQ(memory(def(types::Option{prim(Prim::u8)})), "2/1 2/1 ");
    EXPECT_EQ(memory(def(types::Option{prim(Prim::u64)})), "16/8 16/8 ");
    EXPECT_EQ(memory(def(types::ResultType{std::nullopt, prim(Prim::string)})), "12/4 24/8 ");
    EXPECT_EQ(memory(def(types::ResultType{std::nullopt, std::nullopt})), "1/1 1/1 ");
    EXPECT_EQ(memory(def(types::Enum{std::vector<std::string>(256, "x")})), "1/1 1/1 ");
    EXPECT_EQ(memory(def(types::Enum{std::vector<std::string>(257, "x")})), "2/2 2/2 ");
    EXPECT_EQ(memory(def(types::Enum{std::vector<std::string>(65537, "x")})), "4/4 4/4 ");
}

TEST_F(LayoutTest, flags_take_the_smallest_integer) {
    for (auto [n, size] : {std::pair{1, 1}, {8, 1}, {9, 2}, {16, 2}, {17, 4}, {32, 4}})
        EXPECT_EQ(memory(def(types::Flags{std::vector<std::string>(std::size_t(n), "x")})),
                  std::to_string(size) + "/" + std::to_string(size) + " " + std::to_string(size) + "/" + std::to_string(size) + " ")
            << n;
}

TEST_F(LayoutTest, lists_are_pairs_and_fixed_length_lists_lie_inline) {
    EXPECT_EQ(memory(def(types::List{prim(Prim::u64), std::nullopt})), "8/4 16/8 ");
    EXPECT_EQ(memory(def(types::List{prim(Prim::u16), 3})), "6/2 6/2 ");
    ValType map = def(types::Map{prim(Prim::u8), prim(Prim::string)});
    EXPECT_EQ(memory(map), "8/4 16/8 ");
    EXPECT_EQ(Layouts(all).info(map).elements[0], (MemoryLayout{12, 4}));
    EXPECT_EQ(Layouts(all).info(map).elements[1], (MemoryLayout{24, 8}));
}

TEST_F(LayoutTest, flattening_joins_the_cases_of_variants) {
    EXPECT_EQ(flat(def(types::Variant{{{"a", prim(Prim::f32)}, {"b", prim(Prim::u32)}}})), "i32 i32");
    EXPECT_EQ(flat(def(types::Variant{{{"a", prim(Prim::f32)}, {"b", prim(Prim::f32)}}})), "i32 f32");
    EXPECT_EQ(flat(def(types::Variant{{{"a", prim(Prim::f64)}, {"b", prim(Prim::f32)}}})), "i32 i64");
    EXPECT_EQ(flat(def(types::Variant{{{"a", prim(Prim::u64)}, {"b", prim(Prim::u8)}, {"c", std::nullopt}}})), "i32 i64");
    EXPECT_EQ(flat(def(types::ResultType{prim(Prim::string), prim(Prim::f64)})), "i32 i64 i32");
    EXPECT_EQ(flat(def(types::ResultType{prim(Prim::string), prim(Prim::f32)}), PtrType::i64), "i32 i64 i64");
    EXPECT_EQ(flat(def(types::Enum{{"a", "b"}})), "i32");
}

TEST_F(LayoutTest, flattening_of_wide_types_stops_counting) {
    EXPECT_EQ(flat(def(types::List{prim(Prim::u8), 16})), "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32");
    EXPECT_EQ(flat(def(types::List{prim(Prim::u8), 17})), "many");
    ValType huge = def(types::List{prim(Prim::u8), 0xffffffff});
    EXPECT_EQ(flat(huge), "many");
    EXPECT_EQ(flat(def(types::Option{huge})), "many");
    EXPECT_EQ(flat(def(types::Tuple{{huge, huge}})), "many");
}

TEST_F(LayoutTest, plain_types_are_numbers_without_padding) {
    Types& t = all;
    auto plain = [&](const ValType& v) { return Layouts(t).info(v).plain; };
    EXPECT_TRUE(plain(prim(Prim::f64)));
    EXPECT_FALSE(plain(prim(Prim::bool_)));
    EXPECT_FALSE(plain(prim(Prim::char_)));
    EXPECT_FALSE(plain(prim(Prim::string)));
    EXPECT_TRUE(plain(def(types::Tuple{{prim(Prim::u32), prim(Prim::f32), prim(Prim::s64)}})));
    EXPECT_FALSE(plain(def(types::Tuple{{prim(Prim::u32), prim(Prim::u64)}})));
    EXPECT_FALSE(plain(def(types::Tuple{{prim(Prim::u64), prim(Prim::u32)}})));
    EXPECT_TRUE(plain(def(types::List{prim(Prim::u16), 3})));
    EXPECT_FALSE(plain(def(types::List{prim(Prim::u16), std::nullopt})));
}

struct FunctypeTest : LayoutTest {
    std::string core(const FlattenOptions& o, Side side, u32 params, std::optional<ValType> result) {
        types::Func f;
        for (u32 i = 0; i < params; ++i) f.params.push_back({"p", prim(Prim::u32)});
        f.result = result;
        heddle::FuncType t = flatten_functype(Layouts(all), o, f, side);
        std::string s;
        for (auto p : t.params) s += to_string(p) + " ";
        s += "->";
        for (auto r : t.results) s += " " + to_string(r);
        return s;
    }
};

TEST_F(FunctypeTest, sixteen_parameters_are_flat_and_seventeen_a_pointer) {
    std::string sixteen;
    for (int i = 0; i < 16; ++i) sixteen += "i32 ";
    EXPECT_EQ(core({}, Side::lift, 16, {}), sixteen + "->");
    EXPECT_EQ(core({}, Side::lift, 17, {}), "i32 ->");
    EXPECT_EQ(core({PtrType::i64}, Side::lower, 17, {}), "i64 ->");
}

TEST_F(FunctypeTest, more_than_one_result_is_returned_by_pointer_or_stored_by_out_parameter) {
    EXPECT_EQ(core({}, Side::lift, 0, prim(Prim::f32)), "-> f32");
    EXPECT_EQ(core({}, Side::lower, 0, prim(Prim::f32)), "-> f32");
    EXPECT_EQ(core({}, Side::lift, 1, prim(Prim::string)), "i32 -> i32");
    EXPECT_EQ(core({}, Side::lower, 1, prim(Prim::string)), "i32 i32 ->");
    EXPECT_EQ(core({PtrType::i64}, Side::lift, 1, prim(Prim::string)), "i32 -> i64");
}

TEST_F(FunctypeTest, async_lowers_take_four_parameters_and_give_a_state) {
    FlattenOptions o{PtrType::i32, true, false};
    EXPECT_EQ(core(o, Side::lower, 4, {}), "i32 i32 i32 i32 -> i32");
    EXPECT_EQ(core(o, Side::lower, 5, {}), "i32 -> i32");
    EXPECT_EQ(core(o, Side::lower, 0, prim(Prim::u8)), "i32 -> i32");
    EXPECT_EQ(core(o, Side::lift, 5, prim(Prim::u8)), "i32 i32 i32 i32 i32 ->");
    EXPECT_EQ(core({PtrType::i32, true, true}, Side::lift, 1, prim(Prim::u8)), "i32 -> i32");
}

}  // namespace
}  // namespace heddle::component::abi
