// Bodies of vector instructions: operands from slots and accumulators, and numbers also from 16-bit immediates.
#pragma once
#include "handler.hpp"
#include "simd.hpp"

namespace heddle {
namespace {

// Operand `at` of a cell, of a row's type.
template <Source source, class T>
ALWAYS_INLINE T vector_operand(const State& s, u32 at) {
    if constexpr (source == Source::I) return T(i64(s.i16_at(at)));
    else return s.operand<source, T>(at);
}

// a result, b c d operands.
template <class Row, VectorShape shape, bool to_slot>
ALWAYS_INLINE TrapCode pure_body(State& s) {
    TrapCode none = TrapCode::none;
    auto first = vector_operand<source_of(shape, 0), typename Row::First>(s, 1);
    if constexpr (Row::operands == 1) {
        s.put<to_slot>(Row::apply(first, none));
    } else {
        auto second = vector_operand<source_of(shape, 1), typename Row::Second>(s, 2);
        if constexpr (Row::operands == 2) s.put<to_slot>(Row::apply(first, second, none));
        else s.put<to_slot>(Row::apply(first, second, vector_operand<source_of(shape, 2), typename Row::Third>(s, 3), none));
    }
    return TrapCode::none;
}

// The lane is operand d.
template <class Row, VectorShape shape, bool to_slot>
ALWAYS_INLINE TrapCode lane_body(State& s) {
    TrapCode none = TrapCode::none;
    u32 lane = s.u16_at(3);
    V128 v = vector_operand<source_of(shape, 0), V128>(s, 1);
    if constexpr (Row::operands == 2) s.put<to_slot>(Row::apply(lane, v, none));
    else s.put<to_slot>(Row::apply(lane, v, vector_operand<source_of(shape, 1), typename Row::Third>(s, 2), none));
    return TrapCode::none;
}

// Which shapes a row has. Single lanes are taken from a slot: that is one load.
template <class Row, bool is_lane>
constexpr bool has_shape(Op op, VectorShape shape) {
    constexpr u32 operands = Row::operands - is_lane;
    using enum VectorShape;
    if constexpr (operands == 1) {
        return shape == SSS || (shape == ASS && !is_lane);
    } else if constexpr (operands == 3) {
        return shape <= SSA;
    } else {
        constexpr bool is_number = [] {
            if constexpr (is_lane) return true;
            else return !std::is_same_v<typename Row::Second, V128>;
        }();
        constexpr bool is_float = [] {
            if constexpr (is_lane) return std::is_floating_point_v<typename Row::Third>;
            else return false;
        }();
        if (!is_number) return shape <= ASS || (shape == SAS && !commutes(op));
        return shape != SSA && shape != PSS && !(is_float && source_of(shape, 1) == Source::I);
    }
}

// ---- memory

// The host address of an access of `bytes`, its address in operand `at`; ends the body when it is out of bounds.
#define VECTOR_ACCESS(pointer, shape, bytes, at)                                                        \
    u8* pointer;                                                                                        \
    if constexpr (shape == Address::P) pointer = reinterpret_cast<u8*>(s.acc);                          \
    else {                                                                                              \
        u64 end = end_of_vector_access<shape, at>(s);                                                   \
        if (end > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;                    \
        pointer = s.memory + end - (bytes);                                                             \
    }

// The address behind it, as for scalar accesses.
template <Address shape, u32 at>
ALWAYS_INLINE u64 end_of_vector_access(const State& s) {
    if constexpr (shape == Address::S) return u64(s.get<u32>(at)) + s.hi();
    else if constexpr (shape == Address::A) return s.acc + s.hi();
    else if constexpr (shape == Address::I) return s.hi();
    else if constexpr (shape == Address::SS) return u64(s.get<u32>(at) + s.get<u32>(2)) + s.u16_at(3);
    else if constexpr (shape == Address::AS) return u64(u32(s.acc) + s.get<u32>(2)) + s.u16_at(3);
    else if constexpr (shape == Address::SJ) return u64(s.get<u32>(at) + u32(s.i16_at(2))) + s.u16_at(3);
    else return u64(u32(s.acc) + u32(s.i16_at(2))) + s.u16_at(3);
}

template <u32 bytes, auto function, Address shape, bool to_slot>
ALWAYS_INLINE TrapCode vector_load_body(State& s) {
    VECTOR_ACCESS(p, shape, bytes, 1)
    s.put<to_slot>(function(p));
    return TrapCode::none;
}
template <Address shape, Source stored>
ALWAYS_INLINE TrapCode vector_store_body(State& s) {
    VECTOR_ACCESS(p, shape, 16, 0)
    store(p, s.operand<stored, V128>(1));
    return TrapCode::none;
}

// b address, c vector, d lane; word 2 the offset behind it. Where the lane lies in memory, or nullptr.
template <class T, VectorShape shape>
ALWAYS_INLINE u8* lane_address(const State& s) {
    if constexpr (shape == VectorShape::PSS) return reinterpret_cast<u8*>(s.acc);
    u64 end = u64(s.operand<source_of(shape, 0), u32>(1)) + s.pc[2];
    return end > s.memory_size ? nullptr : s.memory + end - sizeof(T);
}
// a result.
template <class T, VectorShape shape, bool to_slot>
ALWAYS_INLINE TrapCode load_lane_body(State& s) {
    const u8* p = lane_address<T, shape>(s);
    if (!p) [[unlikely]] return TrapCode::memory_out_of_bounds;
    s.put<to_slot>(replace_lane<T>(s.u16_at(3), s.operand<source_of(shape, 1), V128>(2), load<T>(p)));
    return TrapCode::none;
}
template <class T, VectorShape shape>
ALWAYS_INLINE TrapCode store_lane_body(State& s) {
    u8* p = lane_address<T, shape>(s);
    if (!p) [[unlikely]] return TrapCode::memory_out_of_bounds;
    store(p, T(extract_lane<T>(s.u16_at(3), s.get<V128>(2))));
    return TrapCode::none;
}
constexpr bool has_lane_shape(VectorShape s, bool loads) {
    using enum VectorShape;
    return s == SSS || s == ASS || s == PSS || (loads && (s == SAS || s == AAS));
}

// a result, b c vectors; words 2 and 3 what to pick.
template <VectorShape shape, bool to_slot>
ALWAYS_INLINE TrapCode shuffle_body(State& s) {
    V128 a = s.operand<source_of(shape, 0), V128>(1), picks = load<V128>(s.pc + 2);
    if constexpr (source_of(shape, 1) == Source::I) s.put<to_slot>(permute(a, picks));
    else s.put<to_slot>(shuffle(a, s.operand<source_of(shape, 1), V128>(2), picks));
    return TrapCode::none;
}
constexpr bool has_shuffle_shape(VectorShape s) {
    using enum VectorShape;
    return s == SSS || s == ASS || s == SAS || s == SIS || s == AIS;
}

}  // namespace
}  // namespace heddle
