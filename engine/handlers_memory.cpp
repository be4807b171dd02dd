// Loads, stores and atomics. Every access is checked explicitly; addresses are 64-bit sums of 32-bit parts, so they cannot wrap.
#include "handler.hpp"

namespace heddle {
namespace {

template <class T>
constexpr u32 log2_size = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;

// The address an access of 1 << log2 bytes means; its first part is operand `at`.
template <Address shape, u32 log2, u32 at>
ALWAYS_INLINE u64 effective(const State& s) {
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
        u64 address = effective<shape, log2_size<T>, at>(s);                                              \
        if (address + sizeof(T) > s.memory_size) [[unlikely]] return TrapCode::memory_out_of_bounds;      \
        pointer = s.memory + address;                                                                     \
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

using Table = HandlerTable<memory_count>;

template <Op op, class Result, class T, u32 shape = 0>
constexpr void put_load(Table& t) {
    if constexpr (shape < u32(Address::count_)) {
        u32 at = load_id(op, Address(shape)) & 0xfff;
        t[at] = straight<load_body<Result, T, Address(shape), false>, 2>;
        t[at + 1] = straight<load_body<Result, T, Address(shape), true>, 2>;
        put_load<op, Result, T, shape + 1>(t);
    }
}

// What the translator never emits: a value in the accumulator that also holds the address, and floats of another width.
template <class T, Address shape, Stored stored>
constexpr bool is_stored() {
    constexpr bool address_in_acc = shape == Address::A || shape == Address::AS || shape == Address::AJ || shape == Address::SA || shape == Address::P;
    if constexpr (stored == Stored::A) return !address_in_acc;
    else if constexpr (stored == Stored::F64) return sizeof(T) == 8;
    else if constexpr (stored == Stored::F32) return sizeof(T) == 4;
    else return true;
}
template <class T, u32 shape = 0, u32 stored = 0>
constexpr void put_store(Table& t) {
    if constexpr (stored == u32(Stored::count_)) put_store<T, shape + 1, 0>(t);
    else if constexpr (shape < u32(Address::count_)) {
        if constexpr (is_stored<T, Address(shape), Stored(stored)>())
            t[store_id(log2_size<T>, Address(shape), Stored(stored)) & 0xfff] = straight<store_body<T, Address(shape), Stored(stored)>, 2>;
        put_store<T, shape, stored + 1>(t);
    }
}

// ---- atomics: the host pointer, already checked for bounds and alignment, is in the accumulator

template <auto function, class Result, class T, bool to_slot>
ALWAYS_INLINE TrapCode atomic_load_body(State& s) {
    s.put<to_slot>(Result(function(reinterpret_cast<u8*>(s.acc))));
    return TrapCode::none;
}
template <auto function, class Result, class T, bool to_slot>
ALWAYS_INLINE TrapCode atomic_store_body(State& s) {
    function(reinterpret_cast<u8*>(s.acc), s.get<T>(1));
    return TrapCode::none;
}
template <auto function, class Result, class T, bool to_slot>
ALWAYS_INLINE TrapCode atomic_rmw_body(State& s) {
    s.put<to_slot>(Result(function(reinterpret_cast<u8*>(s.acc), s.get<T>(1))));
    return TrapCode::none;
}
template <auto function, class Result, class T, bool to_slot>
ALWAYS_INLINE TrapCode atomic_cmpxchg_body(State& s) {
    s.put<to_slot>(Result(function(reinterpret_cast<u8*>(s.acc), s.get<T>(1), s.get<T>(2))));
    return TrapCode::none;
}

template <char letter>
using Letter = std::conditional_t<letter == 'i', u32, std::conditional_t<letter == 'l', u64, std::conditional_t<letter == 'f', f32, f64>>>;

constexpr Table make_table() {
    Table t{};
#define LOAD(name, code, text, letter, type) put_load<Op::name, Letter<*#letter>, type>(t);
#define ATOMIC(name, code, text, kind, letter, type, function)                                                       \
    t[atomic_id(Op::name) & 0xfff] = straight<atomic_##kind##_body<&function<type>, Letter<*#letter>, type, false>, 2>; \
    t[(atomic_id(Op::name) & 0xfff) + 1] = straight<atomic_##kind##_body<&function<type>, Letter<*#letter>, type, true>, 2>;
#include "opcodes.def"
    put_store<u8>(t);
    put_store<u16>(t);
    put_store<u32>(t);
    put_store<u64>(t);
    return t;
}

}  // namespace

constexpr Table memory_handlers = make_table();

}  // namespace heddle
