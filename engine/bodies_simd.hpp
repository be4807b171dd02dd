// Bodies of vector instructions, operands and results in pairs of slots.
#pragma once
#include "handler.hpp"
#include "simd.hpp"

namespace heddle {
namespace {

template <class Result, bool to_slot>
ALWAYS_INLINE void put_result(State& s, Result r) {
    if constexpr (std::is_same_v<Result, V128>) store(s.slot(0), r);
    else s.put<to_slot>(r);
}

// a result, b c d operands; a scalar first operand may be in its accumulator.
template <class Row, Source source, bool to_slot>
ALWAYS_INLINE TrapCode pure_body(State& s) {
    TrapCode none = TrapCode::none;
    if constexpr (Row::operands == 1) {
        put_result<typename Row::Result, to_slot>(s, Row::apply(s.operand<source, typename Row::First>(1), none));
    } else if constexpr (Row::operands == 2) {
        put_result<typename Row::Result, to_slot>(s, Row::apply(s.get<typename Row::First>(1), s.operand<source, typename Row::Second>(2), none));
    } else {
        put_result<typename Row::Result, to_slot>(s, Row::apply(s.get<typename Row::First>(1), s.get<typename Row::Second>(2), s.get<typename Row::Third>(3), none));
    }
    return TrapCode::none;
}

// The lane is operand d.
template <class Row, Source source, bool to_slot>
ALWAYS_INLINE TrapCode lane_body(State& s) {
    TrapCode none = TrapCode::none;
    u32 lane = s.u16_at(3);
    if constexpr (Row::operands == 2) put_result<typename Row::Result, to_slot>(s, Row::apply(lane, s.get<V128>(1), none));
    else put_result<typename Row::Result, to_slot>(s, Row::apply(lane, s.get<V128>(1), s.operand<source, typename Row::Third>(2), none));
    return TrapCode::none;
}

// ---- memory

// The host address of an access of `bytes`, its address in operand `at`; ends the body when it is out of bounds.
#define VECTOR_ACCESS(pointer, shape, bytes, at)                                                        \
    u8* pointer;                                                                                        \
    if constexpr (shape == Address::P) pointer = reinterpret_cast<u8*>(s.acc);                          \
    else {                                                                                              \
        u64 address = vector_effective<shape, at>(s);                                                          \
        if (address + (bytes) > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;      \
        pointer = s.memory + address;                                                                   \
    }

template <Address shape, u32 at>
ALWAYS_INLINE u64 vector_effective(const State& s) {
    if constexpr (shape == Address::S) return u64(s.get<u32>(at)) + s.hi();
    else if constexpr (shape == Address::A) return s.acc + s.hi();
    else if constexpr (shape == Address::I) return s.hi();
    else if constexpr (shape == Address::SS) return u64(s.get<u32>(at) + s.get<u32>(2)) + s.u16_at(3);
    else if constexpr (shape == Address::SJ) return u64(s.get<u32>(at) + u32(s.i16_at(2))) + s.u16_at(3);
    else return u64(u32(s.acc) + u32(s.i16_at(2))) + s.u16_at(3);
}

template <u32 bytes, auto function, Address shape>
ALWAYS_INLINE TrapCode vector_load_body(State& s) {
    VECTOR_ACCESS(p, shape, bytes, 1)
    store(s.slot(0), function(p));
    return TrapCode::none;
}
template <Address shape>
ALWAYS_INLINE TrapCode vector_store_body(State& s) {
    VECTOR_ACCESS(p, shape, 16, 0)
    store(p, s.get<V128>(1));
    return TrapCode::none;
}

// a result, b address, c vector, d lane; word 2 the offset. P: the host pointer is in the accumulator.
template <class T, bool pointer>
ALWAYS_INLINE TrapCode load_lane_body(State& s) {
    u8* p = reinterpret_cast<u8*>(s.acc);
    if constexpr (!pointer) {
        u64 address = u64(s.get<u32>(1)) + s.pc[2];
        if (address + sizeof(T) > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;
        p = s.memory + address;
    }
    T lane = load<T>(p);
    store(s.slot(0), s.get<V128>(2));
    store(s.slot(0) + s.u16_at(3) * sizeof(T), lane);
    return TrapCode::none;
}
// b address, c vector, d lane; word 2 the offset.
template <class T, bool pointer>
ALWAYS_INLINE TrapCode store_lane_body(State& s) {
    u8* p = reinterpret_cast<u8*>(s.acc);
    if constexpr (!pointer) {
        u64 address = u64(s.get<u32>(1)) + s.pc[2];
        if (address + sizeof(T) > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;
        p = s.memory + address;
    }
    store(p, load<T>(s.slot(2) + s.u16_at(3) * sizeof(T)));
    return TrapCode::none;
}

// a result, b c vectors; words 2 and 3 the lane indices.
ALWAYS_INLINE TrapCode shuffle_body(State& s) {
    store(s.slot(0), shuffle(s.get<V128>(1), s.get<V128>(2), load<V128>(s.pc + 2)));
    return TrapCode::none;
}

}  // namespace
}  // namespace heddle
