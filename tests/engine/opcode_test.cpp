// The instruction table: its look-ups agree with its rows, and every row's semantics has the row's signature and is defined on edge values.
#include "opcode.hpp"

#include <cmath>
#include <concepts>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "numeric.hpp"
#include "simd.hpp"

namespace heddle {
namespace {

constexpr u32 prefixes[] = {0xfb, 0xfc, 0xfd, 0xfe};

u32 prefix_of(const OpInfo& row) { return row.code < 256 ? 0 : row.code >> 12; }
u32 sub_code_of(const OpInfo& row) { return row.code < 256 ? row.code : row.code & 0xfff; }

// ---- look-ups

TEST(Opcode, every_row_is_found_by_its_code) {
    for (std::size_t i = 0; i < op_table.size(); ++i) {
        const OpInfo& row = op_table[i];
        EXPECT_EQ(op_from_code(prefix_of(row), sub_code_of(row)), Op(i)) << row.name;
        EXPECT_EQ(&info(Op(i)), &row);
    }
}

TEST(Opcode, every_code_that_is_found_leads_back_to_it) {
    std::size_t found = 0;
    auto look = [&](u32 prefix, u32 code) {
        Op op = op_from_code(prefix, code);
        if (op == Op::invalid) return;
        ++found;
        EXPECT_EQ(prefix_of(info(op)), prefix);
        EXPECT_EQ(sub_code_of(info(op)), code);
    };
    for (u32 byte = 0; byte < 256; ++byte) look(0, byte);
    for (u32 prefix : prefixes)
        for (u32 code = 0; code < 0x1000; ++code) look(prefix, code);
    EXPECT_EQ(found, op_table.size());
}

TEST(Opcode, holes_prefixes_and_huge_codes_are_invalid) {
    for (u32 byte : {0x16u, 0x17u, 0x1du, 0x27u, 0xc5u, 0xd7u, 0xfau, 0xfbu, 0xfcu, 0xfdu, 0xfeu, 0xffu, 0x100u, 0xffffffffu})
        EXPECT_EQ(op_from_code(0, byte), Op::invalid) << byte;
    for (u32 prefix : prefixes)
        for (u32 code : {0x11fu, 0x120u, 0xfffu, 0x1000u, 0x10000u, 0x7fffffffu, 0xffffffffu}) EXPECT_EQ(op_from_code(prefix, code), Op::invalid) << code;
    EXPECT_EQ(op_from_code(0xfc, 0x12), Op::invalid);
    EXPECT_EQ(op_from_code(0xfd, 0x9a), Op::invalid);
    EXPECT_EQ(op_from_code(0xfe, 0x04), Op::invalid);
    for (u32 prefix : {1u, 0xfau, 0xffu, 0x100u, 0xfffffffdu}) EXPECT_EQ(op_from_code(prefix, 0), Op::invalid) << prefix;
}

TEST(Opcode, one_byte_table_agrees_with_the_look_up) {
    for (u32 byte = 0; byte < 256; ++byte) EXPECT_EQ(op_from_byte[byte], op_from_code(0, byte)) << byte;
}

TEST(Opcode, known_encodings) {
    EXPECT_EQ(op_from_byte[0x00], Op::unreachable);
    EXPECT_EQ(op_from_byte[0x0b], Op::end);
    EXPECT_EQ(op_from_byte[0x6a], Op::i32_add);
    EXPECT_EQ(op_from_code(0xfb, 0x1e), Op::i31_get_u);
    EXPECT_EQ(op_from_code(0xfc, 0x0a), Op::memory_copy);
    EXPECT_EQ(op_from_code(0xfd, 0x0c), Op::v128_const);
    EXPECT_EQ(op_from_code(0xfd, 0x113), Op::i32x4_relaxed_dot_i8x16_i7x16_add_s);
    EXPECT_EQ(op_from_code(0xfe, 0x4e), Op::i64_atomic_rmw32_cmpxchg_u);
}

TEST(Opcode, every_text_gives_its_first_row) {
    std::map<std::string_view, std::size_t> first;
    std::vector<std::string> shared;
    for (std::size_t i = 0; i < op_table.size(); ++i) {
        auto [it, is_new] = first.emplace(op_table[i].text, i);
        if (!is_new) shared.emplace_back(op_table[i].text);
        EXPECT_EQ(op_from_text(op_table[i].text), Op(it->second)) << op_table[i].text;
    }
    EXPECT_EQ(shared, (std::vector<std::string>{"select", "ref.test", "ref.cast", "ref.cast_desc_eq"}));
}

TEST(Opcode, unknown_text_is_invalid) {
    for (std::string_view text : {"", "i32", "i32.", "i32.addx", "I32.ADD", "i32_add", "i32.add ", "else_"}) EXPECT_EQ(op_from_text(text), Op::invalid) << text;
}

TEST(Opcode, names_are_unique_and_spell_the_text) {
    std::set<std::string_view> names;
    for (const OpInfo& row : op_table) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        std::string spelled(row.text);
        for (char& c : spelled)
            if (c == '.') c = '_';
        EXPECT_TRUE(row.name.starts_with(spelled)) << row.name;
    }
}

TEST(Opcode, access_sizes_and_lanes_are_set_where_they_mean_something) {
    for (const OpInfo& row : op_table) {
        bool accesses_memory = row.kind >= RowKind::load && row.kind <= RowKind::atomic_cmpxchg && row.kind != RowKind::lane;
        EXPECT_EQ(row.access_bytes != 0, accesses_memory) << row.name;
        bool has_lane = row.kind == RowKind::lane || row.kind == RowKind::loadlane || row.kind == RowKind::storelane;
        EXPECT_EQ(row.lanes != 0, has_lane) << row.name;
        if (row.kind == RowKind::loadlane || row.kind == RowKind::storelane) {
            EXPECT_EQ(row.lanes * row.access_bytes, 16) << row.name;
        }
    }
    EXPECT_EQ(info(Op::i64_load16_s).access_bytes, 2);
    EXPECT_EQ(info(Op::v128_load32_splat).access_bytes, 4);
    EXPECT_EQ(info(Op::i8x16_replace_lane).lanes, 16);
}

TEST(Opcode, signatures_are_read_from_their_letters) {
    const Signature& s = info(Op::i64_add128).signature;
    EXPECT_EQ(s.operand_count, 4);
    EXPECT_EQ(s.result_count, 2);
    for (ValType t : s.operands) EXPECT_EQ(t, i64_type);
    for (ValType t : s.results) EXPECT_EQ(t, i64_type);
    EXPECT_EQ(info(Op::f32x4_replace_lane).signature.operands[1], f32_type);
    EXPECT_EQ(info(Op::i32_atomic_rmw_cmpxchg).signature.operand_count, 2);
}

// ---- semantics: their C++ signature in the table's letters

template <class T>
constexpr char letter_of = '?';
template <class T>
    requires(std::same_as<T, u32> || std::same_as<T, i32>)
constexpr char letter_of<T> = 'i';
template <class T>
    requires(std::same_as<T, u64> || std::same_as<T, i64>)
constexpr char letter_of<T> = 'l';
template <>
constexpr char letter_of<f32> = 'f';
template <>
constexpr char letter_of<f64> = 'd';
template <>
constexpr char letter_of<V128> = 'v';

template <class R, class... A>
std::string letters_of(R (*)(A...)) {
    std::string s = std::same_as<R, Wide> ? std::string("ll") : std::string(1, letter_of<R>);
    s += '_';
    ((std::same_as<A, TrapCode&> ? void() : void(s += letter_of<A>)), ...);
    return s;
}
// Without the lane.
template <class R, class... A>
std::string lane_letters_of(R (*)(u32, A...)) {
    return letters_of(static_cast<R (*)(A...)>(nullptr));
}

TEST(Opcode, semantics_have_the_signature_of_their_row) {
#define PURE(name, code, text, signature, ...) EXPECT_EQ(letters_of(__VA_ARGS__), #signature) << #name;
#define WIDE PURE
#define LANE(name, code, text, lanes, signature, ...) EXPECT_EQ(lane_letters_of(__VA_ARGS__), #signature) << #name;
#define VLOAD(name, code, text, bytes, ...) static_assert(std::same_as<decltype(&__VA_ARGS__), V128 (*)(const u8*)>);
#include "opcodes.def"
}

// ---- semantics: called with edge values, for the sanitizers to watch

template <class T>
std::vector<T> edges() {
    using limits = std::numeric_limits<T>;
    if constexpr (std::same_as<T, V128>) {
        std::vector<V128> v = {{}, {~0ull, ~0ull}, {0x8000000000000000, 0x7fffffffffffffff}, {0x8080808080808080, 0x7f7f7f7f7f7f7f7f},
                               {0x8000800080008000, 0x7fff7fff7fff7fff}, {0x8000000080000000, 0x7fffffff7fffffff}, {0x0706050403020100, 0x0f0e0d0c0b0a0908},
                               {0xff7f80010010201f, 0x00ff11fe22fd33fc}};
        for (f64 x : edges<f64>()) v.push_back({std::bit_cast<u64>(x), std::bit_cast<u64>(-x)});
        for (f32 x : edges<f32>()) v.push_back({std::bit_cast<u32>(x) | u64(std::bit_cast<u32>(-x)) << 32, std::bit_cast<u32>(x)});
        return v;
    } else if constexpr (std::floating_point<T>) {
        std::vector<T> v = {0, limits::denorm_min(), limits::min(), T(0.5), 1, T(1.5), T(2.5), limits::max(), limits::infinity(), limits::quiet_NaN(), limits::signaling_NaN()};
        for (int bits : {31, 32, 52, 63, 64})
            for (T x : {std::nextafter(std::ldexp(T(1), bits), T(0)), std::ldexp(T(1), bits), std::nextafter(std::ldexp(T(1), bits), limits::infinity())}) v.push_back(x);
        for (std::size_t i = v.size(); i-- > 0;) v.push_back(-v[i]);
        return v;
    } else {
        return {0, 1, 2, T(-1), T(-2), limits::min(), limits::max(), T(limits::min() + 1), T(limits::max() - 1), T(1) << (limits::digits - 1),
                T(8 * sizeof(T) - 1), T(8 * sizeof(T)), T(8 * sizeof(T) + 1)};
    }
}

template <class R, class F>
void check_call(std::string_view name, F call) {
    TrapCode trap = TrapCode::none;
    R result = call(trap);
    if (trap != TrapCode::none) {
        EXPECT_EQ(result, R{}) << name;
        EXPECT_TRUE(trap == TrapCode::divide_by_zero || trap == TrapCode::integer_overflow || trap == TrapCode::invalid_conversion) << name;
    }
}

// Every combination of edge values; operands chosen so far come in `chosen`.
template <class R, class... A, class... Chosen>
void call_with_edges(std::string_view name, R (*f)(A...), Chosen... chosen) {
    using Operands = std::tuple<A...>;
    if constexpr (sizeof...(Chosen) == sizeof...(A)) {
        check_call<R>(name, [&](TrapCode&) { return f(chosen...); });
    } else if constexpr (std::same_as<std::tuple_element_t<sizeof...(Chosen), Operands>, TrapCode&>) {
        check_call<R>(name, [&](TrapCode& trap) { return f(chosen..., trap); });
    } else {
        static const auto values = edges<std::tuple_element_t<sizeof...(Chosen), Operands>>();
        // Three vectors: the last from a few only.
        std::size_t step = sizeof...(Chosen) == 2 && sizeof...(A) == 3 ? 7 : 1;
        for (std::size_t i = 0; i < values.size(); i += step) call_with_edges(name, f, chosen..., values[i]);
    }
}

TEST(Opcode, semantics_are_defined_on_edge_values) {
#define PURE(name, code, text, signature, ...) call_with_edges(#name, __VA_ARGS__);
#define WIDE PURE
#include "opcodes.def"
}

template <class R, class... A>
void call_every_lane(std::string_view name, u32 lanes, R (*f)(u32, A...)) {
    for (u32 lane = 0; lane < lanes; ++lane) call_with_edges(name, f, lane);
}

TEST(Opcode, lane_semantics_are_defined_on_edge_values) {
#define LANE(name, code, text, lanes, signature, ...) call_every_lane(#name, lanes, __VA_ARGS__);
#include "opcodes.def"
}

// A read past what the row says would leave the allocation.
template <std::size_t bytes, class F>
void check_vload(F f) {
    std::vector<u8> memory(bytes, 0xa5);
    V128 v = f(memory.data());
    EXPECT_NE(v, V128{});
}

TEST(Opcode, vector_loads_read_the_bytes_of_their_row) {
#define VLOAD(name, code, text, bytes, ...) check_vload<bytes>(__VA_ARGS__);
#include "opcodes.def"
}

// The kinds of atomic row, as a handler calls them.
template <class T>
struct AtomicRow {
    alignas(8) u8 memory[8] = {0x81, 2, 3, 4, 5, 6, 7, 8};
    T old = 0;
    AtomicRow() { std::memcpy(&old, memory, sizeof old); }
    void load(T (*f)(u8*)) { EXPECT_EQ(f(memory), old); }
    void store(void (*f)(u8*, T)) {
        f(memory, T(0x1122334455667788));
        EXPECT_EQ(now(), T(0x1122334455667788));
    }
    void rmw(T (*f)(u8*, T)) { EXPECT_EQ(f(memory, T(-3)), old); }
    void cmpxchg(T (*f)(u8*, T, T)) {
        EXPECT_EQ(f(memory, T(old + 1), 9), old);
        EXPECT_EQ(now(), old);
        EXPECT_EQ(f(memory, old, 9), old);
        EXPECT_EQ(now(), 9);
    }
    T now() const {
        T x;
        std::memcpy(&x, memory, sizeof x);
        return x;
    }
    // Bytes beyond the access stay.
    ~AtomicRow() {
        for (std::size_t i = sizeof(T); i < 8; ++i) EXPECT_EQ(memory[i], i + 1);
    }
};

TEST(Opcode, atomic_semantics_touch_the_bytes_of_their_row) {
#define ATOMIC(name, code, text, kind, letter, type, ...) \
    {                                                     \
        SCOPED_TRACE(#name);                              \
        AtomicRow<type>{}.kind(__VA_ARGS__<type>);        \
    }
#include "opcodes.def"
}

}  // namespace
}  // namespace heddle
