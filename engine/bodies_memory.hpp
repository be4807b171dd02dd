// Bodies of loads and stores. Every access is checked explicitly; addresses are 64-bit sums of 32-bit parts, so they cannot wrap.
#pragma once
#include "handler.hpp"

namespace heddle {
namespace {

template <class T>
constexpr u32 log2_size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;

// The address behind an access of 1 << log2 bytes: cells hold offsets that count the access itself. The first part is operand `at`.
template <Address shape, u32 log2, u32 at>
ALWAYS_INLINE u64 end_of_access(const State& s) {
    u32 acc = u32(s.acc), j = u32(s.i16_at(2));
    if constexpr (shape == Address::S) return u64(s.get<u32>(at)) + s.hi();
    else if constexpr (shape == Address::A) return s.acc + s.hi();
    else if constexpr (shape == Address::I) return s.hi();
    else if constexpr (shape == Address::SS) return u64(s.get<u32>(at) + s.get<u32>(2)) + s.u16_at(3);
    else if constexpr (shape == Address::AS) return u64(acc + s.get<u32>(2)) + s.u16_at(3);
    else if constexpr (shape == Address::SJ) return u64(s.get<u32>(at) + j) + s.u16_at(3);
    else if constexpr (shape == Address::AJ) return u64(acc + j) + s.u16_at(3);
    else if constexpr (shape == Address::SX) return u64(s.get<u32>(at) + (s.get<u32>(2) << log2)) + s.u16_at(3);
    else return u64(s.get<u32>(at) + (acc << log2)) + s.u16_at(3);
}

// The host address of an access whose first address part is operand `at`; ends the body when it is out of bounds.
#define ACCESS(pointer, shape, T, at)                                                                     \
    u8* pointer;                                                                                          \
    if constexpr (shape == Address::P) pointer = reinterpret_cast<u8*>(s.acc);                            \
    else {                                                                                                \
        u64 end = end_of_access<shape, log2_size<T>, at>(s);                                              \
        if (end > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;                      \
        pointer = s.memory + end - sizeof(T);                                                             \
    }

template <class Result, class T, Address shape, bool to_slot>
ALWAYS_INLINE TrapCode load_body(State& s) {
    ACCESS(p, shape, T, 1)
    s.put<to_slot>(Result(load<T>(p)));
    return TrapCode::none;
}

template <class T, Address shape, Stored stored>
ALWAYS_INLINE TrapCode store_body(State& s) {
    ACCESS(p, shape, T, 0)
    if constexpr (stored == Stored::S) store(p, s.get<T>(1));
    else if constexpr (stored == Stored::A) store(p, T(s.acc));
    else if constexpr (stored == Stored::I) store(p, T(i64(s.i16_at(1))));
    else if constexpr (stored == Stored::F64) store(p, s.acc_f64);
    else store(p, s.acc_f32);
    return TrapCode::none;
}

}  // namespace
}  // namespace heddle
