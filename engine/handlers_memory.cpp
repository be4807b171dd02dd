// Loads, stores and atomics.
#include "bodies_memory.hpp"
#include "rows.hpp"

namespace heddle {
namespace {

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
