// Resources that guests hold of each other's instances: numbers in place of handles, and what goes and stays.
#include "lent.hpp"

#include <gtest/gtest.h>

namespace heddle::wire::testing {
namespace {

using component::Val;
using component::ValueType;
using K = ValueType::Kind;

struct Counted final : component::HostHandle {
    explicit Counted(int& n) : n(n) {}
    ~Counted() override { ++n; }
    int& n;
};
Val counted(int& n) { return Val::handle(Val::Kind::own, std::make_shared<Counted>(n)); }

TEST(Lent, what_nobody_holds_is_dropped_in_the_instances_turn) {
    int gone = 0;
    auto lent = std::make_shared<Lent>();
    auto handle = std::make_unique<LentHandle>(lent, *lent->keep(counted(gone)));
    auto moved = std::make_unique<LentHandle>(lent, *lent->keep(counted(gone)));
    lent->drop_gone();
    EXPECT_EQ(gone, 0);
    EXPECT_TRUE(lent->find(handle->number));
    u64 number = handle->number;
    handle.reset();
    EXPECT_EQ(gone, 0) << "not by who let go of it";
    lent->drop_gone();
    EXPECT_EQ(gone, 1);
    EXPECT_FALSE(lent->find(number));
    Val own = lent->take(moved->number);
    moved.reset();
    lent->drop_gone();
    EXPECT_EQ(gone, 1) << "it was moved away before";
}

TEST(Lent, there_are_so_many_and_all_end_with_the_instance) {
    int gone = 0;
    auto lent = std::make_shared<Lent>();
    std::vector<std::unique_ptr<LentHandle>> handles;
    while (auto number = lent->keep(counted(gone))) handles.push_back(std::make_unique<LentHandle>(lent, *number));
    EXPECT_EQ(handles.size(), Lent::most);
    EXPECT_EQ(gone, 1) << "the one too many";
    EXPECT_FALSE(lent->ended());
    lent->end();
    EXPECT_TRUE(lent->ended());
    EXPECT_EQ(gone, int(Lent::most) + 1);
    handles.clear();
}

TEST(Lent, numbers_stand_for_handles_in_values_of_every_type) {
    ValueType own = ValueType::own(1), number = ValueType::primitive(K::u32), text = ValueType::primitive(K::string);
    Val n = Val::u32(3);
    struct Case {
        ValueType type, numbered;
        Val value;
    };
    const Case cases[] = {
        {own, number, n},
        {ValueType::borrow(1), number, n},
        {text, text, Val::string("x")},
        {ValueType::list(own), ValueType::list(number), Val::packed(Val::Kind::u32, {3, 0, 0, 0, 3, 0, 0, 0})},
        {ValueType::list(own, 2), ValueType::list(number, 2), Val::packed(Val::Kind::u32, {3, 0, 0, 0, 3, 0, 0, 0})},
        {ValueType::option(own), ValueType::option(number), Val::some(n)},
        {ValueType::option(own), ValueType::option(number), Val::none()},
        {ValueType::result(own, text), ValueType::result(number, text), Val::error(Val::string("x"))},
        {ValueType::result(std::nullopt, own), ValueType::result(std::nullopt, number), Val::error(n)},
        {ValueType::map(text, own), ValueType::map(text, number), Val::list({Val::record({Val::string("k"), n})})},
        {ValueType::record({{"a", text}, {"b", own}}), ValueType::record({{"a", text}, {"b", number}}), Val::record({Val::string("x"), n})},
        {ValueType::variant({{"a", {}}, {"b", own}}), ValueType::variant({{"a", {}}, {"b", number}}), Val::variant(1, n)},
        {ValueType::tuple({own, text}), ValueType::tuple({number, text}), Val::record({n, Val::string("x")})},
    };
    int gone = 0;
    Val handle = counted(gone);
    for (const Case& c : cases) {
        EXPECT_TRUE(numbered(c.type) == c.numbered) << to_string(c.type);
        auto handles = map_resources(c.value, c.type, [&](const Val& v, const ValueType&) { return v == n ? std::optional(handle) : std::nullopt; });
        ASSERT_TRUE(handles) << to_string(c.type);
        auto back = map_resources(*handles, c.type, [&](const Val& v, const ValueType&) { return v == handle ? std::optional(n) : std::nullopt; });
        ASSERT_TRUE(back) << to_string(c.type);
        EXPECT_TRUE(matches(*back, c.numbered)) << to_string(c.type);
        EXPECT_EQ(to_string(*back), to_string(c.value));
        if (has_resources(c.type) && c.value.kind() != Val::Kind::variant) {
            EXPECT_FALSE(map_resources(c.value, c.type, [](const Val&, const ValueType&) -> std::optional<Val> { return std::nullopt; }));
        }
    }
    component::FunctionType f{false, {{"a", own}}, std::nullopt};
    EXPECT_TRUE(has_resources(f));
    EXPECT_FALSE(has_resources(numbered(f)));
}

}  // namespace
}  // namespace heddle::wire::testing
