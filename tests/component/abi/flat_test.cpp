// Loading, storing, flat lifting and lowering, and copying between guests. The oracle of each is another: store and load are inverses, a direct
// copy must leave the same bytes as lifting to a host value and lowering that.
#include "abi/flat.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "component/abi/fake.hpp"
#include "component/abi/random.hpp"

namespace heddle::component::abi::test {
namespace {

ValType prim(Prim p) { return {p, {}}; }

struct AbiTest : testing::Test {
    Engine engine;
    Store store{engine};
    Types types;
    ValType def(types::Defined::Kind k) {
        types::Defined d;
        d.kind = std::move(k);
        return {std::nullopt, types.add(std::move(d))};
    }
};

std::string hex(std::span<const u8> bytes) {
    std::string s;
    for (u8 b : bytes) {
        s += "0123456789abcdef"[b >> 4];
        s += "0123456789abcdef"[b & 15];
    }
    return s;
}

// ---- known encodings --------------------------------------------------------------------------------------------------------------------

struct Known {
    ValType type;
    Val value;
    std::string memory;  // at 0, in 32-bit memory, what is not written left as "cc"
    std::vector<u64> flat;
    std::string allocated;  // from 1024 on
};

TEST_F(AbiTest, known_values_have_the_encoding_of_the_reference) {
    auto labels = [](std::size_t n) { return std::vector<std::string>(n, "l"); };
    ValType option_u32 = def(types::Option{prim(Prim::u32)}),
            mixed = def(types::Variant{{{"a", prim(Prim::f32)}, {"b", prim(Prim::u64)}, {"c", std::nullopt}}});
    std::vector<Known> table = {
        {prim(Prim::bool_), Val::boolean(true), "01", {1}, ""},
        {prim(Prim::s8), Val::s8(-2), "fe", {0xfffffffe}, ""},
        {prim(Prim::u8), Val::u8(0xfe), "fe", {0xfe}, ""},
        {prim(Prim::s16), Val::s16(-2), "feff", {0xfffffffe}, ""},
        {prim(Prim::u16), Val::u16(0x1234), "3412", {0x1234}, ""},
        {prim(Prim::s32), Val::s32(-2), "feffffff", {0xfffffffe}, ""},
        {prim(Prim::s64), Val::s64(-2), "feffffffffffffff", {0xfffffffffffffffe}, ""},
        {prim(Prim::f32), Val::f32(1.5f), "0000c03f", {0x3fc00000}, ""},
        {prim(Prim::f64), Val::f64(-0.0), "0000000000000080", {0x8000000000000000}, ""},
        {prim(Prim::char_), Val::character(U'🍰'), "70f30100", {0x1f370}, ""},
        {prim(Prim::string), Val::string("hö"), "0004000003000000", {1024, 3}, "68c3b6"},
        {def(types::Record{{{"a", prim(Prim::u8)}, {"b", prim(Prim::u32)}}}), Val::record({Val::u8(1), Val::u32(2)}), "01cccccc02000000", {1, 2}, ""},
        {def(types::Tuple{{prim(Prim::u16), prim(Prim::u8)}}), Val::record({Val::u16(1), Val::u8(2)}), "010002cc", {1, 2}, ""},
        {def(types::List{prim(Prim::u16), std::nullopt}), Val::list({Val::u16(1), Val::u16(2)}), "0004000002000000", {1024, 2}, "01000200"},
        {def(types::List{prim(Prim::bool_), std::nullopt}), Val::packed(Val::Kind::bool_, {0, 1, 2}), "0004000003000000", {1024, 3}, "000101"},
        {def(types::List{prim(Prim::u8), 3}), Val::bytes(std::vector<u8>{1, 2, 3}), "010203", {1, 2, 3}, ""},
        {def(types::List{option_u32, std::nullopt}),
         Val::list({Val::none(), Val::some(Val::u32(5))}),
         "0004000002000000",
         {1024, 2},
         "00cccccccccccccc01cccccc05000000"},
        {option_u32, Val::none(), "00cccccccccccccc", {0, 0}, ""},
        {option_u32, Val::some(Val::u32(7)), "01cccccc07000000", {1, 7}, ""},
        {def(types::ResultType{prim(Prim::u8), prim(Prim::string)}), Val::ok(Val::u8(9)), "00cccccc09cccccccccccccc", {0, 9, 0}, ""},
        {def(types::ResultType{std::nullopt, std::nullopt}), Val::error(), "01", {1}, ""},
        {mixed, Val::variant(0, Val::f32(1.5f)), "00cccccccccccccc0000c03fcccccccc", {0, 0x3fc00000}, ""},
        {mixed, Val::variant(1, Val::u64(~u64(0))), "01ccccccccccccccffffffffffffffff", {1, ~u64(0)}, ""},
        {mixed, Val::variant(2), "02cccccccccccccccccccccccccccccc", {2, 0}, ""},
        {def(types::Enum{labels(300)}), Val::variant(299), "2b01", {299}, ""},
        {def(types::Flags{labels(8)}), Val::flags(0x81), "81", {0x81}, ""},
        {def(types::Flags{labels(9)}), Val::flags(0x100), "0001", {0x100}, ""},
        {def(types::Flags{labels(32)}), Val::flags(0x80000001), "01000080", {0x80000001}, ""},
        {def(types::Map{prim(Prim::u8), prim(Prim::u32)}),
         Val::list({Val::record({Val::u8(1), Val::u32(2)})}),
         "0004000001000000",
         {1024, 1},
         "01cccccc02000000"},
        {def(types::Own{types.new_resource()}), Val::handle(Val::Kind::own, FakeContext::handle(77)), "01000000", {1}, ""},
        {prim(Prim::error_context), Val::handle(Val::Kind::error_context, FakeContext::handle(78)), "01000000", {1}, ""},
    };
    Layouts layouts(types);
    for (const Known& k : table) {
        std::string what = types.describe(k.type) + " " + to_string(k.value);
        Tuple tuple = layouts.tuple({k.type});
        auto fresh = [&] {
            auto cx = std::make_unique<FakeContext>(store, layouts, Side{});
            std::ranges::fill(cx->memory.bytes(), u8(0xcc));
            return cx;
        };
        auto cx = fresh();
        std::vector<Slot> out_pointer = {Slot{0}}, flat(k.flat.size());
        CoreValueIter out_param(out_pointer);
        CoreValueSink nothing({}), sink(flat);
        auto stored = lower_flat_values(*cx, 0, {&k.value, 1}, tuple, &out_param, nothing);
        ASSERT_TRUE(stored) << what << ": " << message(stored.error());
        EXPECT_EQ(hex(*cx->memory.view(0, k.memory.size() / 2)), k.memory) << what;
        EXPECT_EQ(hex(*cx->memory.view(1024, k.allocated.size() / 2)), k.allocated) << what;
        EXPECT_EQ(hex(*cx->memory.view(k.memory.size() / 2, 4)), "cccccccc") << what;
        auto other = fresh();
        ASSERT_TRUE(lower_flat_values(*other, 16, {&k.value, 1}, tuple, nullptr, sink));
        for (std::size_t i = 0; i < flat.size(); ++i) EXPECT_EQ(flat[i].bits, k.flat[i]) << what << " flat " << i;
        CoreValueIter from_memory(out_pointer), from_flat(flat);
        auto loaded = lift_flat_values(*cx, 0, from_memory, tuple), lifted = lift_flat_values(*other, 16, from_flat, tuple);
        ASSERT_TRUE(loaded && lifted) << what;
        Val expected = k.value.kind() == Val::Kind::list && k.value.is_packed() && k.value.packed_kind() == Val::Kind::bool_
                           ? Val::packed(Val::Kind::bool_, {0, 1, 1})
                           : k.value;
        EXPECT_EQ((*loaded)[0], expected) << what;
        EXPECT_EQ((*lifted)[0], expected) << what;
    }
}

// ---- odd bits ---------------------------------------------------------------------------------------------------------------------------

struct Odd : AbiTest {
    // Lifts flat core values on both roads: the value, or the message. The copy goes to a 64-bit side.
    std::string lift(const ValType& t, std::vector<u64> core) {
        Layouts layouts(types);
        FakeContext src(store, layouts, {}), dst(store, layouts, {PtrType::i64, StringEncoding::utf16});
        std::vector<Slot> flat, copied(20);
        for (u64 c : core) flat.push_back(Slot{c});
        Tuple tuple = layouts.tuple({t});
        CoreValueIter vi(flat), again(flat);
        CoreValueSink sink(copied);
        auto v = lift_flat_values(src, 16, vi, tuple);
        auto c = copy_flat_values(src, 16, again, tuple, dst, 16, tuple, nullptr, sink);
        if (v.has_value() != c.has_value()) return "roads differ: " + (v ? message(c.error()) : message(v.error()));
        if (!v) return message(v.error()) == message(c.error()) ? message(v.error()) : message(v.error()) + " / " + message(c.error());
        CoreValueIter back(copied);
        auto w = lift_flat_values(dst, 16, back, tuple);
        if (!w || (*w)[0] != (*v)[0]) return "values differ";
        return to_string((*v)[0]);
    }
};

TEST_F(Odd, integers_take_their_low_bits) {
    EXPECT_EQ(lift(prim(Prim::bool_), {0}), "false");
    EXPECT_EQ(lift(prim(Prim::bool_), {0x100}), "true");
    EXPECT_EQ(lift(prim(Prim::bool_), {0xffffffff}), "true");
    EXPECT_EQ(lift(prim(Prim::u8), {0x1ff}), "255");
    EXPECT_EQ(lift(prim(Prim::s8), {0xff}), "-1");
    EXPECT_EQ(lift(prim(Prim::s8), {0x17f}), "127");
    EXPECT_EQ(lift(prim(Prim::u16), {0xabcd1234}), "4660");
    EXPECT_EQ(lift(prim(Prim::s16), {0x8000}), "-32768");
    EXPECT_EQ(lift(prim(Prim::s32), {0xffffffff}), "-1");
}

TEST_F(Odd, chars_are_scalar_values) {
    const char* bad = "invalid `char` bit pattern";
    EXPECT_EQ(lift(prim(Prim::char_), {0xd7ff}), "U+55295");
    EXPECT_EQ(lift(prim(Prim::char_), {0xd800}), bad);
    EXPECT_EQ(lift(prim(Prim::char_), {0xdfff}), bad);
    EXPECT_EQ(lift(prim(Prim::char_), {0x10ffff}), "U+1114111");
    EXPECT_EQ(lift(prim(Prim::char_), {0x110000}), bad);
    EXPECT_EQ(lift(prim(Prim::char_), {0xffffffff}), bad);
}

TEST_F(Odd, discriminants_are_in_range_and_unknown_flags_are_ignored) {
    EXPECT_EQ(lift(def(types::Enum{{"a", "b"}}), {1}), "#1");
    EXPECT_EQ(lift(def(types::Enum{{"a", "b"}}), {2}), "invalid variant discriminant");
    EXPECT_EQ(lift(def(types::Option{prim(Prim::u8)}), {2, 0}), "invalid variant discriminant");
    EXPECT_EQ(lift(def(types::ResultType{{}, {}}), {0xffffffff}), "invalid variant discriminant");
    EXPECT_EQ(lift(def(types::Flags{{"a", "b", "c"}}), {0xfffffffd}), "flags 5");
}

TEST_F(Odd, joined_payloads_are_read_by_their_low_bits) {
    ValType t = def(types::Variant{{{"a", prim(Prim::f32)}, {"b", prim(Prim::u64)}, {"c", prim(Prim::s8)}, {"d", prim(Prim::f64)}}});
    EXPECT_EQ(lift(t, {0, 0xdeadbeef3fc00000}), "#0(1.5)");
    EXPECT_EQ(lift(t, {1, 0xdeadbeef3fc00000}), "#1(16045690982166953984)");
    EXPECT_EQ(lift(t, {2, 0xdeadbeefffffff80}), "#2(-128)");
    EXPECT_EQ(lift(t, {3, 0x3ff8000000000000}), "#3(1.5)");
}

TEST_F(Odd, every_nan_is_the_canonical_one_to_the_host) {
    Layouts layouts(types);
    FakeContext cx(store, layouts, {});
    Tuple tuple = layouts.tuple({prim(Prim::f32), prim(Prim::f64)});
    for (u64 low : {u64(0x7f800001), u64(0xffc00001), u64(0xffffffff)}) {
        std::vector<Slot> flat = {Slot{low}, Slot{low << 32 | 1}};
        CoreValueIter vi(flat);
        auto v = lift_flat_values(cx, 16, vi, tuple);
        EXPECT_EQ((*v)[0].bits(), 0x7fc00000u);
        EXPECT_TRUE((*v)[1].bits() == 0x7ff8000000000000u || !std::isnan((*v)[1].as<f64>()));
    }
}

TEST_F(Odd, lists_are_checked_for_alignment_length_and_bounds) {
    ValType bytes = def(types::List{prim(Prim::u8), std::nullopt}), longs = def(types::List{prim(Prim::u64), std::nullopt}),
            chars = def(types::List{prim(Prim::char_), std::nullopt});
    u64 size = 4 << 16;
    EXPECT_EQ(lift(bytes, {size, 0}), "[]");
    EXPECT_EQ(lift(bytes, {size - 1, 1}), "[0]");
    const char* oob = "list pointer/length out of bounds of memory / list content out-of-bounds";
    EXPECT_EQ(lift(bytes, {size + 1, 0}), oob);
    EXPECT_EQ(lift(bytes, {size, 1}), oob);
    EXPECT_EQ(lift(bytes, {0xffffffff, 0xfffffff}), oob);
    EXPECT_EQ(lift(longs, {4, 0}), "unaligned pointer");
    EXPECT_EQ(lift(longs, {8, 0x2000000}), "list byte length exceeds 268435455");
    EXPECT_EQ(lift(longs, {8, 0xffffffff}), "list byte length exceeds 268435455");
    EXPECT_EQ(lift(longs, {8, 0x1ffffff}), oob);
    EXPECT_EQ(lift(chars, {8, 2}), "[U+0, U+0]");
}

TEST_F(Odd, bad_bits_inside_lists_trap_on_both_roads) {
    for (auto [element, bits, says] : {std::tuple{prim(Prim::char_), 0xd800u, "invalid `char` bit pattern"},
                                       {def(types::Enum{{"a", "b"}}), 0x0202u, "invalid variant discriminant"}}) {
        ValType list = def(types::List{element, std::nullopt});
        Layouts layouts(types);
        FakeContext src(store, layouts, {}), dst(store, layouts, {});
        src.memory.set<u32>(16, bits);
        std::vector<Slot> flat = {Slot{8}, Slot{3}}, out(2);
        Tuple tuple = layouts.tuple({list});
        CoreValueIter a(flat), b(flat);
        CoreValueSink sink(out);
        auto v = lift_flat_values(src, 16, a, tuple);
        auto c = copy_flat_values(src, 16, b, tuple, dst, 16, tuple, nullptr, sink);
        bool in_reach = says == std::string("invalid `char` bit pattern");
        EXPECT_EQ(v ? "" : message(v.error()), in_reach ? says : "");
        EXPECT_EQ(c ? "" : message(c.error()), in_reach ? says : "");
    }
}

TEST_F(Odd, spilled_pointers_are_checked_on_both_sides) {
    Layouts layouts(types);
    Tuple tuple = layouts.tuple({prim(Prim::u32), prim(Prim::u32)});
    FakeContext src(store, layouts, {}), dst(store, layouts, {});
    auto copy = [&](u64 from, u64 to) {
        std::vector<Slot> in = {Slot{from}}, out_pointer = {Slot{to}};
        CoreValueIter vi(in), out_param(out_pointer);
        CoreValueSink sink({});
        auto r = copy_flat_values(src, 1, vi, tuple, dst, 1, tuple, &out_param, sink);
        return r ? std::string("fine") : message(r.error());
    };
    EXPECT_EQ(copy(8, 8), "fine");
    EXPECT_EQ(copy(1, 8), "unaligned pointer");
    EXPECT_EQ(copy(8, 1), "unaligned pointer");
    EXPECT_EQ(copy((4 << 16) - 4, 8), "pointer out of bounds of memory");
    EXPECT_EQ(copy(8, 0xfffffff8), "pointer out of bounds of memory");
    dst.mode = Realloc::unaligned;
    std::vector<Slot> in = {Slot{8}}, out(1);
    CoreValueIter vi(in);
    CoreValueSink sink(out);
    auto r = copy_flat_values(src, 1, vi, tuple, dst, 1, tuple, nullptr, sink);
    EXPECT_EQ(message(r.error()), "unaligned pointer");
}

TEST_F(Odd, an_empty_list_still_calls_realloc_and_checks_what_it_says) {
    ValType bytes = def(types::List{prim(Prim::u8), std::nullopt});
    Layouts layouts(types);
    Tuple tuple = layouts.tuple({bytes});
    FakeContext src(store, layouts, {}), dst(store, layouts, {});
    for (Realloc mode : {Realloc::good, Realloc::out_of_bounds}) {
        dst.mode = mode;
        dst.calls.clear();
        std::vector<Slot> in = {Slot{0}, Slot{0}}, out(2);
        CoreValueIter vi(in);
        CoreValueSink sink(out);
        auto r = copy_flat_values(src, 16, vi, tuple, dst, 16, tuple, nullptr, sink);
        EXPECT_EQ(r ? "" : message(r.error()), mode == Realloc::good ? "" : "list content out-of-bounds");
        EXPECT_EQ(dst.calls, (std::vector<std::array<u64, 4>>{{0, 0, 1, 0}}));
        dst.partner = Partner::host;
        CoreValueSink again(out);
        Val empty = Val::list({});
        auto h = lower_flat_values(dst, 16, {&empty, 1}, tuple, nullptr, again);
        EXPECT_EQ(h ? "" : message(h.error()), mode == Realloc::good ? "" : "realloc return: beyond end of memory");
    }
}

TEST_F(Odd, the_host_copies_no_more_than_its_limit) {
    ValType bytes = def(types::List{prim(Prim::u8), std::nullopt}), strings = def(types::List{prim(Prim::string), std::nullopt});
    Layouts layouts(types);
    Tuple tuple = layouts.tuple({bytes}), many = layouts.tuple({strings});
    FakeContext cx(store, layouts, {}, 600);
    auto lift = [&](const Tuple& t, u64 ptr, u64 length) {
        std::vector<Slot> in = {Slot{ptr}, Slot{length}};
        CoreValueIter vi(in);
        cx.host_bytes = 0;
        auto v = lift_flat_values(cx, 16, vi, t);
        return v ? std::string("fine") : message(v.error());
    };
    EXPECT_EQ(lift(tuple, 0, cx.max_host_copy_bytes), "fine");
    EXPECT_NE(lift(tuple, 0, cx.max_host_copy_bytes + 1).find("limit reached: 33554432 bytes"), std::string::npos);
    for (u32 i = 0; i < 100; ++i) {  // a hundred strings that are all the same megabyte
        cx.memory.set<u32>(8 * i, 4096);
        cx.memory.set<u32>(8 * i + 4, 1 << 20);
    }
    EXPECT_EQ(lift(many, 0, 31), "fine");
    EXPECT_NE(lift(many, 0, 100).find("Limits::host_copy_bytes"), std::string::npos);
}

// ---- host values that do not fit --------------------------------------------------------------------------------------------------------

TEST_F(AbiTest, values_of_another_type_trap_instead_of_being_stored) {
    ValType record = def(types::Record{{{"a", prim(Prim::u8)}}}), option = def(types::Option{prim(Prim::u8)}),
            list = def(types::List{prim(Prim::char_), std::nullopt}), fixed = def(types::List{prim(Prim::u8), 2}), flags = def(types::Flags{{"a"}}),
            own = def(types::Own{types.new_resource()});
    Layouts layouts(types);
    std::vector<std::pair<ValType, Val>> table = {{prim(Prim::u8), Val::u16(1)},
                                                  {prim(Prim::char_), Val::character(char32_t(0xd800))},
                                                  {prim(Prim::string), Val::u8(1)},
                                                  {prim(Prim::string), Val::string("\xff")},
                                                  {record, Val::record({})},
                                                  {record, Val::list({})},
                                                  {option, Val::variant(2)},
                                                  {option, Val::variant(1)},
                                                  {option, Val::variant(0, Val::u8(1))},
                                                  {list, Val::bytes(std::vector<u8>{1})},
                                                  {list, Val::packed(Val::Kind::char_, {0, 0xd8, 0, 0})},
                                                  {list, Val::list({Val::u8(1), Val::string("")})},
                                                  {fixed, Val::bytes(std::vector<u8>{1, 2, 3})},
                                                  {flags, Val::flags(2)},
                                                  {own, Val::handle(Val::Kind::stream, FakeContext::handle(1))},
                                                  {own, Val::handle(Val::Kind::own, nullptr)}};
    for (const auto& [type, value] : table)
        for (u32 max_flat : {0u, 16u})
            for (Side side : all_sides()) {
                FakeContext cx(store, layouts, side);
                std::vector<Slot> out(16);
                CoreValueSink sink(out);
                auto r = lower_flat_values(cx, max_flat, {&value, 1}, layouts.tuple({type}), nullptr, sink);
                ASSERT_FALSE(r) << types.describe(type) << " took " << to_string(value);
            }
}

// ---- random types and values ------------------------------------------------------------------------------------------------------------

struct RandomAbi : testing::TestWithParam<int> {
    Engine engine;
    Store store{engine};
};

std::vector<Slot> lowered(FakeContext& cx, u32 max_flat, std::span<const Val> values, const Tuple& tuple, Checked<void>& result) {
    std::vector<Slot> out(16);
    CoreValueSink sink(out);
    result = lower_flat_values(cx, max_flat, values, tuple, nullptr, sink);
    out.resize(sink.position());
    return out;
}

std::vector<u8> used_memory(const FakeContext& cx) {
    auto view = cx.memory.bytes();
    return {view.begin(), view.begin() + std::ptrdiff_t(std::min<u64>(cx.next, view.size()))};
}

TEST_P(RandomAbi, values_survive_every_road) {
    std::mt19937 rng(static_cast<u32>(GetParam()));
    Random random([&] { return u32(rng()); });
    for (int round = 0; round < 60; ++round) {
        Types types;
        std::vector<ValType> members(1 + random.below(4));
        for (ValType& t : members) t = random.type(types, 4);
        Layouts layouts(types);
        Tuple tuple = layouts.tuple(members);
        std::vector<Val> values;
        for (const ValType& t : members) values.push_back(random.value(types, t));
        Side a = all_sides()[random.below(6)], b = all_sides()[random.below(6)];
        u32 max_a = random.below(2) * 16, max_b = random.below(2) * 16;

        FakeContext first(store, layouts, a), second(store, layouts, b), third(store, layouts, b);
        first.mode = std::array{Realloc::good, Realloc::grows, Realloc::moves}[random.below(3)];
        Checked<void> done;
        std::vector<Slot> core = lowered(first, max_a, values, tuple, done);
        ASSERT_TRUE(done) << message(done.error());
        CoreValueIter vi(core);
        auto lifted = lift_flat_values(first, max_a, vi, tuple);
        ASSERT_TRUE(lifted) << message(lifted.error());
        ASSERT_EQ(*lifted, values);

        std::vector<Slot> copied(16);
        CoreValueIter again(core);
        CoreValueSink sink(copied);
        done = copy_flat_values(first, max_a, again, tuple, second, max_b, tuple, nullptr, sink);
        ASSERT_TRUE(done) << message(done.error());
        copied.resize(sink.position());
        second.partner = Partner::host;
        CoreValueIter arrived(copied);
        auto received = lift_flat_values(second, max_b, arrived, tuple);
        ASSERT_TRUE(received) << message(received.error());
        ASSERT_EQ(*received, values);
        if (a.encoding != StringEncoding::utf8) continue;  // from the host, strings are utf-8: then both roads must be one
        std::vector<Slot> direct = lowered(third, max_b, values, tuple, done);
        ASSERT_TRUE(done);
        ASSERT_EQ(second.calls, third.calls);
        ASSERT_EQ(direct.size(), copied.size());
        for (std::size_t i = 0; i < direct.size(); ++i) ASSERT_EQ(direct[i].bits, copied[i].bits);
        ASSERT_EQ(used_memory(second), used_memory(third));
    }
}

TEST_P(RandomAbi, garbage_is_a_value_or_a_trap) {
    std::mt19937 rng(u32(GetParam()) + 1000);
    Random random([&] { return u32(rng()); });
    int values = 0;
    for (int round = 0; round < 60; ++round) {
        Types types;
        ValType t = random.type(types, 4);
        Layouts layouts(types);
        Tuple tuple = layouts.tuple({t});
        Side a = all_sides()[random.below(6)], b = all_sides()[random.below(6)];
        FakeContext src(store, layouts, a, 1), dst(store, layouts, b, 1);
        src.max_host_copy_bytes = 1 << 20;
        for (u32 i = 0; i < 65536; i += 4)
            src.memory.set<u32>(i, random.below(3) ? random.below(64) : random.below(2) ? random.below(65536) : u32(random.bits()));
        for (u32 i = 1; i < 64; ++i) src.handles[i] = Token{i};
        std::vector<Slot> core(20), out(20);
        for (Slot& s : core) s.bits = random.below(3) ? random.below(5) * 8 : random.bits();
        for (u32 max : {0u, 16u}) {
            CoreValueIter vi(core), again(core);
            CoreValueSink sink(out);
            src.partner = Partner::host;
            src.host_bytes = 0;
            auto v = lift_flat_values(src, max, vi, tuple);
            dst.mode = Realloc(random.below(9));
            dst.max_pages = 4;
            auto c = copy_flat_values(src, max, again, tuple, dst, random.below(2) * 16, tuple, nullptr, sink);
            values += v.has_value();
            if (v && dst.mode == Realloc::good) {
                EXPECT_TRUE(c) << message(c.error());
            }
        }
    }
    EXPECT_GT(values, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomAbi, testing::Range(0, 40));

TEST_F(AbiTest, lists_that_all_lie_in_one_place_cost_fuel) {
    ValType lists = def(types::List{def(types::List{def(types::List{prim(Prim::u8), std::nullopt}), std::nullopt}), std::nullopt});
    Layouts layouts(types);
    FakeContext src(store, layouts, {}), dst(store, layouts, {});
    for (u32 i = 0; i < 8000; ++i) {  // each of 8000 elements is the list itself
        src.memory.set<u32>(8 * i, 0);
        src.memory.set<u32>(8 * i + 4, 8000);
    }
    dst.mode = Realloc::same_place;
    dst.max_polled = 64 << 20;
    std::vector<Slot> in = {Slot{0}, Slot{8000}}, out(2);
    CoreValueIter vi(in);
    CoreValueSink sink(out);
    auto r = copy_flat_values(src, 16, vi, layouts.tuple({lists}), dst, 16, layouts.tuple({lists}), nullptr, sink);
    EXPECT_EQ(message(r.error()), "all fuel consumed");
}

// ---- elements of streams ----------------------------------------------------------------------------------------------------------------

TEST_F(AbiTest, elements_of_streams_move_in_parts) {
    ValType record = def(types::Record{{{"n", prim(Prim::u8)}, {"s", prim(Prim::string)}}});
    Layouts layouts(types);
    FakeContext a(store, layouts, {PtrType::i32, StringEncoding::utf16}), b(store, layouts, {PtrType::i64, StringEncoding::latin1_utf16});
    std::vector<Val> items;
    for (u8 i = 0; i < 5; ++i) items.push_back(Val::record({Val::u8(i), Val::string("item " + std::to_string(i) + (i % 2 ? "ö" : "☃"))}));
    Val all = Val::list(items);
    ASSERT_TRUE(store_elements(a, all, 0, 2, record, 16));
    ASSERT_TRUE(store_elements(a, all, 2, 3, record, 16 + 2 * layouts.elem_size(record, a.ptr)));
    EXPECT_FALSE(store_elements(a, all, 3, 3, record, 16));
    EXPECT_EQ(*load_elements(a, 16, 5, record), all);
    ASSERT_TRUE(copy_elements(a, 16, record, b, 64, record, 5));
    EXPECT_EQ(*load_elements(b, 64, 5, record), all);
    ValType u8s = prim(Prim::u8);
    ASSERT_TRUE(store_elements(a, Val::bytes(std::vector<u8>{1, 2, 3, 4}), 1, 2, u8s, 500));
    EXPECT_EQ(*load_elements(a, 500, 2, u8s), Val::bytes(std::vector<u8>{2, 3}));
}

}  // namespace
}  // namespace heddle::component::abi::test
