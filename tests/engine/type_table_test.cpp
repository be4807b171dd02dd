#include "type_table.hpp"

#include <gtest/gtest.h>

#include <heddle/error.hpp>
#include <thread>

namespace heddle {
namespace {

TypeId self(u32 i) { return TypeId(TypeTable::self + i); }

SubType struct_of(std::vector<FieldType> fields, bool final = true, TypeId super = TypeId::none) {
    SubType t;
    t.kind = SubType::Kind::struct_;
    t.fields = std::move(fields);
    t.final = final;
    t.super = super;
    return t;
}

TypeId intern(TypeTable& table, SubType t) { return table.intern(std::span<const SubType>(&t, 1)); }

ValType ref(TypeId t, bool nullable = false, bool exact = false) { return ValType::reference(t, nullable, exact); }
ValType ref(Heap h, bool nullable = false) { return ValType::reference(h, nullable); }

TEST(TypeTable, equal_function_types_are_one) {
    TypeTable table;
    TypeId a = table.intern(FuncType{{i32_type}, {i64_type}});
    EXPECT_EQ(table.intern(FuncType{{i32_type}, {i64_type}}), a);
    EXPECT_NE(table.intern(FuncType{{i64_type}, {i32_type}}), a);
    EXPECT_EQ(table.func(a), (FuncType{{i32_type}, {i64_type}}));
}

TEST(TypeTable, groups_are_equal_when_their_members_are_up_to_their_own_names) {
    TypeTable table;
    auto pair = [&](u32 first, u32 second) {
        SubType g[] = {struct_of({{ref(self(first)), false}}), struct_of({{ref(self(second)), false}})};
        return table.intern(g);
    };
    TypeId a = pair(0, 1);
    TypeId other = pair(1, 0);
    EXPECT_EQ(pair(0, 1), a);
    EXPECT_NE(other, a);
    // The member of a group is absolute afterwards.
    EXPECT_EQ(table[TypeId(u32(a) + 1)].fields[0].type, ref(TypeId(u32(a) + 1)));
    // A type that refers to itself, alone, is another type than the first of the pair.
    EXPECT_NE(intern(table, struct_of({{ref(self(0)), false}})), a);
}

TEST(TypeTable, many_types_keep_their_places) {
    TypeTable table;
    std::vector<TypeId> ids;
    for (u32 i = 0; i < 5000; ++i)
        ids.push_back(table.intern(FuncType{std::vector<ValType>(i % 50, i32_type), std::vector<ValType>(i / 50, i64_type)}));
    const SubType* first = &table[ids[0]];
    for (u32 i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(u32(ids[i]), i);
        EXPECT_EQ(table.func(ids[i]).params.size(), i % 50);
    }
    EXPECT_EQ(first, &table[ids[0]]);
}

TEST(TypeTable, a_declared_chain_is_subtyping_and_nothing_else_is) {
    TypeTable table;
    TypeId a = intern(table, struct_of({}, false));
    TypeId b = intern(table, struct_of({{i32_type, false}}, false, a));
    TypeId c = intern(table, struct_of({{i32_type, false}, {i32_type, false}}, true, b));
    TypeId alike = intern(table, struct_of({{i32_type, false}}, false));
    EXPECT_TRUE(table.is_subtype(c, a));
    EXPECT_TRUE(table.is_subtype(c, c));
    EXPECT_TRUE(table.is_subtype(b, a));
    EXPECT_FALSE(table.is_subtype(a, b));
    EXPECT_FALSE(table.is_subtype(c, alike));
}

TEST(TypeTable, chains_have_a_limit) {
    TypeTable table;
    TypeId super = TypeId::none;
    for (u32 i = 0; i <= TypeTable::max_depth; ++i) super = intern(table, struct_of({}, false, super));
    try {
        intern(table, struct_of({}, false, super));
        FAIL();
    } catch (const Error& e) {
        EXPECT_EQ(e.kind, Error::Kind::limit);
    }
    // What failed left nothing behind.
    TypeId next = intern(table, struct_of({{i64_type, false}}));
    EXPECT_EQ(u32(next), TypeTable::max_depth + 1);
}

TEST(TypeTable, reference_types_follow_the_hierarchies) {
    TypeTable table;
    TypeId f = table.intern(FuncType{});
    TypeId s = intern(table, struct_of({}, false));
    TypeId sub = intern(table, struct_of({}, true, s));
    struct Case {
        ValType a, b;
        bool expected;
    };
    const Case cases[] = {
        {i32_type, i32_type, true},
        {i32_type, i64_type, false},
        {bottom_type, v128_type, true},
        {i32_type, anyref_type, false},
        {ref(Heap::any), anyref_type, true},
        {anyref_type, ref(Heap::any), false},
        {ref(Heap::none), ref(Heap::i31), true},
        {ref(Heap::none), ref(s), true},
        {ref(Heap::nofunc), ref(s), false},
        {ref(Heap::none), ref(f), false},
        {ref(Heap::i31), ref(Heap::eq), true},
        {ref(Heap::eq), ref(Heap::i31), false},
        {ref(Heap::struct_), ref(Heap::array), false},
        {ref(s), ref(Heap::struct_), true},
        {ref(s), ref(Heap::eq), true},
        {ref(s), ref(Heap::any), true},
        {ref(s), ref(Heap::array), false},
        {ref(f), ref(Heap::func), true},
        {ref(f), ref(Heap::any), false},
        {ref(Heap::nofunc), ref(f), true},
        {ref(Heap::noextern), externref_type, true},
        {ref(Heap::extern_), ref(Heap::any), false},
        {ref(Heap::noexn), exnref_type, true},
        {ref(Heap::nocont), ref(Heap::cont), true},
        {ref(Heap::bottom), ref(s), true},
        {ref(Heap::bottom), externref_type, true},
        {ref(sub), ref(s), true},
        {ref(s), ref(sub), false},
        {ref(s, false, true), ref(s), true},
        {ref(s), ref(s, false, true), false},
        {ref(sub, false, true), ref(s), true},
        {ref(sub, false, true), ref(s, false, true), false},
        {ref(Heap::none), ref(s, false, true), true},
    };
    for (const Case& c : cases) EXPECT_EQ(table.is_subtype(c.a, c.b), c.expected) << to_string(c.a) << " <: " << to_string(c.b);
    EXPECT_EQ(table.top(ref(s)), Heap::any);
    EXPECT_EQ(table.top(ref(f)), Heap::func);
    EXPECT_EQ(table.top(ref(Heap::noexn)), Heap::exn);
}

TEST(TypeTable, imports_match_by_the_specifications_rules) {
    TypeTable table;
    SubType open;
    open.final = false;
    TypeId f = intern(table, open);
    open.super = f;
    TypeId g = intern(table, open);
    auto func = [](TypeId t, bool exact = false) { return ExternType{.type = t, .exact = exact, .table = {}, .memory = {}, .global = {}}; };
    EXPECT_TRUE(table.is_subtype(func(g), func(f)));
    EXPECT_FALSE(table.is_subtype(func(f), func(g)));
    EXPECT_FALSE(table.is_subtype(func(g), func(f, true)));
    EXPECT_TRUE(table.is_subtype(func(f), func(f, true)));

    auto memory = [](u64 min, std::optional<u64> max, bool shared = false, u8 page = 16) {
        ExternType t;
        t.kind = ExternKind::memory;
        t.memory = {{min, max}, false, shared, page};
        return t;
    };
    EXPECT_TRUE(table.is_subtype(memory(2, 3), memory(1, 4)));
    EXPECT_TRUE(table.is_subtype(memory(2, 3), memory(1, {})));
    EXPECT_FALSE(table.is_subtype(memory(2, {}), memory(1, 4)));
    EXPECT_FALSE(table.is_subtype(memory(0, 3), memory(1, 4)));
    EXPECT_FALSE(table.is_subtype(memory(1, 4, true), memory(1, 4)));
    EXPECT_FALSE(table.is_subtype(memory(1, 4, false, 0), memory(1, 4)));
    EXPECT_FALSE(table.is_subtype(memory(1, 4), func(f)));

    auto global = [](ValType t, bool mutable_) {
        ExternType e;
        e.kind = ExternKind::global;
        e.global = {t, mutable_};
        return e;
    };
    EXPECT_TRUE(table.is_subtype(global(ref(Heap::func), false), global(funcref_type, false)));
    EXPECT_FALSE(table.is_subtype(global(ref(Heap::func), true), global(funcref_type, true)));
    EXPECT_FALSE(table.is_subtype(global(i32_type, true), global(i32_type, false)));
}

TEST(TypeTable, threads_agree_on_ids) {
    TypeTable table;
    constexpr u32 n = 500;
    std::vector<TypeId> ids[4];
    {
        std::vector<std::jthread> threads;
        for (auto& mine : ids)
            threads.emplace_back([&] {
                for (u32 i = 0; i < n; ++i) {
                    mine.push_back(table.intern(FuncType{std::vector<ValType>(i, i32_type), {}}));
                    ASSERT_EQ(table.func(mine.back()).params.size(), i);
                }
            });
    }
    for (auto& mine : ids) EXPECT_EQ(mine, ids[0]);
}

TEST(Types, have_their_text_names) {
    EXPECT_EQ(to_string(i32_type), "i32");
    EXPECT_EQ(to_string(funcref_type), "funcref");
    EXPECT_EQ(to_string(ref(Heap::extern_)), "(ref extern)");
    EXPECT_EQ(to_string(ref(TypeId(3), true)), "(ref null 3)");
    EXPECT_EQ(to_string(ref(TypeId(3), false, true)), "(ref (exact 3))");
    EXPECT_EQ((Error{Error::Kind::invalid, "type mismatch", 0x1f}.to_string()), "invalid: type mismatch (at offset 0x1f)");
    EXPECT_EQ((Error{Error::Kind::usage, "no", Error::no_offset}.to_string()), "usage: no");
}

}  // namespace
}  // namespace heddle
