// Bodies of moves, constants, globals and select.
#pragma once
#include "handler.hpp"

namespace heddle {
namespace {

// ---- moves and constants: none touches an accumulator but the const_ ones

ALWAYS_INLINE TrapCode done() { return TrapCode::none; }

ALWAYS_INLINE TrapCode move(State& s) {
    store(s.slot(0), s.get<u64>(1));
    return done();
}
ALWAYS_INLINE TrapCode move2(State& s) {
    store(s.slot(0), s.get<u64>(1));
    store(s.slot(2), s.get<u64>(3));
    return done();
}
ALWAYS_INLINE TrapCode move3(State& s) {
    u8* to = s.slot(0);
    store(to, s.get<u64>(1));
    store(to + 8, s.get<u64>(2));
    store(to + 16, s.get<u64>(3));
    return done();
}
ALWAYS_INLINE TrapCode move_v128(State& s) {
    store(s.slot(0), s.get<V128>(1));
    return done();
}
ALWAYS_INLINE TrapCode move_wide(State& s) {
    s.frame[s.lo()] = s.frame[s.hi()];
    return done();
}
ALWAYS_INLINE TrapCode move_block(State& s) {
    std::memmove(static_cast<void*>(s.frame + s.lo()), s.frame + s.hi(), s.pc[2] * sizeof(Slot));
    return done();
}
ALWAYS_INLINE TrapCode set_const(State& s) {
    store(s.slot(0), u64(s.hi()));
    return done();
}
ALWAYS_INLINE TrapCode set_const64(State& s) {
    s.frame[s.lo()].bits = s.pc[2];
    return done();
}
ALWAYS_INLINE TrapCode set_v128(State& s) {
    store(s.frame + s.lo(), load<V128>(s.pc + 2));
    return done();
}
ALWAYS_INLINE TrapCode set_acc(State& s) {
    s.frame[s.lo()].bits = s.acc;
    return done();
}
ALWAYS_INLINE TrapCode set_acc_f64(State& s) {
    store(s.frame + s.lo(), s.acc_f64);
    return done();
}
ALWAYS_INLINE TrapCode set_acc_f32(State& s) {
    store(s.frame + s.lo(), s.acc_f32);
    return done();
}
ALWAYS_INLINE TrapCode set_acc_v128(State& s) {
    store(s.frame + s.lo(), s.acc_v128);
    return done();
}
ALWAYS_INLINE TrapCode load_pins(State& s) {
    s.pin_p = s.get<f64>(0);
    s.pin_q = s.get<f64>(1);
    return done();
}
ALWAYS_INLINE TrapCode set_pin_p(State& s) {
    s.pin_p = s.acc_f64;
    return done();
}
ALWAYS_INLINE TrapCode set_pin_q(State& s) {
    s.pin_q = s.acc_f64;
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc(State& s) {
    s.put<d>(s.hi());
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const64_acc(State& s) {
    s.put<d>(s.pc[2]);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc_f64(State& s) {
    s.put<d>(load<f64>(s.pc + 2));
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc_f32(State& s) {
    s.put<d>(std::bit_cast<f32>(s.hi()));
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc_v128(State& s) {
    s.put<d>(load<V128>(s.pc + 2));
    return done();
}

// ---- globals

ALWAYS_INLINE V128* own_global(const State& s) { return &s.instance->own_globals[s.hi()].value; }
ALWAYS_INLINE V128* global(const State& s) { return &s.instance->globals[s.hi()]->value; }

template <class T, bool d>
ALWAYS_INLINE TrapCode get_own(State& s) {
    s.put<d>(load<T>(own_global(s)));
    return done();
}
template <class T, bool d>
ALWAYS_INLINE TrapCode get_any(State& s) {
    s.put<d>(load<T>(global(s)));
    return done();
}
template <bool d> constexpr auto global_get = get_own<u64, d>;
template <bool d> constexpr auto global_get_f64 = get_own<f64, d>;
template <bool d> constexpr auto global_get_f32 = get_own<f32, d>;
template <bool d> constexpr auto global_get_import = get_any<u64, d>;
template <bool d> constexpr auto global_get_import_f64 = get_any<f64, d>;
template <bool d> constexpr auto global_get_import_f32 = get_any<f32, d>;
template <bool d> constexpr auto global_get_v128 = get_any<V128, d>;

ALWAYS_INLINE TrapCode global_set_s(State& s) {
    own_global(s)->lo = s.get<u64>(0);
    return done();
}
ALWAYS_INLINE TrapCode global_set_a(State& s) {
    own_global(s)->lo = s.acc;
    return done();
}
ALWAYS_INLINE TrapCode global_set_i(State& s) {
    own_global(s)->lo = s.pc[2];
    return done();
}
ALWAYS_INLINE TrapCode global_set_f64(State& s) {
    store(own_global(s), s.acc_f64);
    return done();
}
ALWAYS_INLINE TrapCode global_set_f32(State& s) {
    store(own_global(s), s.acc_f32);
    return done();
}
ALWAYS_INLINE TrapCode global_set_import(State& s) {
    global(s)->lo = s.get<u64>(0);
    return done();
}
ALWAYS_INLINE TrapCode global_set_v128(State& s) {
    *global(s) = s.get<V128>(0);
    return done();
}

// ---- select: a <- condition ? b : c; the condition in slot d or the accumulator, immediates of 16 bits

template <Source condition, Source x, Source y, bool d>
ALWAYS_INLINE TrapCode select_int(State& s) {
    u32 truth = condition == Source::A ? u32(s.acc) : s.get<u32>(3);
    u64 a = x == Source::S ? s.get<u64>(1) : u64(s.u16_at(1));
    u64 b = y == Source::S ? s.get<u64>(2) : u64(s.u16_at(2));
    s.put<d>(truth ? a : b);
    return done();
}
template <class T, Source condition, bool d>
ALWAYS_INLINE TrapCode select_float(State& s) {
    u32 truth = condition == Source::A ? u32(s.acc) : s.get<u32>(3);
    s.put<d>(load<T>(truth ? s.slot(1) : s.slot(2)));
    return done();
}
template <bool d> constexpr auto select_sss = select_int<Source::S, Source::S, Source::S, d>;
template <bool d> constexpr auto select_ass = select_int<Source::A, Source::S, Source::S, d>;
template <bool d> constexpr auto select_aii = select_int<Source::A, Source::I, Source::I, d>;
template <bool d> constexpr auto select_asi = select_int<Source::A, Source::S, Source::I, d>;
template <bool d> constexpr auto select_ais = select_int<Source::A, Source::I, Source::S, d>;
template <bool d> constexpr auto select_f64_s = select_float<f64, Source::S, d>;
template <bool d> constexpr auto select_f64_a = select_float<f64, Source::A, d>;
template <bool d> constexpr auto select_f32_s = select_float<f32, Source::S, d>;
template <bool d> constexpr auto select_f32_a = select_float<f32, Source::A, d>;
template <bool d>
ALWAYS_INLINE TrapCode select_v128(State& s) {
    s.put<d>(load<V128>(s.get<u32>(3) ? s.slot(1) : s.slot(2)));
    return done();
}

// ---- how long their cells are

constexpr u32 words(Body b) {
    switch (b) {
    case Body::move_block:
    case Body::set_const64:
    case Body::const64_acc:
    case Body::const64_acc_d:
    case Body::const_acc_f64:
    case Body::const_acc_f64_d:
    case Body::global_set_i:
    case Body::memory_fill:
    case Body::memory_copy:
    case Body::memory_init:
    case Body::table_grow:
    case Body::table_grow_d:
    case Body::table_fill:
    case Body::table_copy:
    case Body::table_init:
    case Body::add128:
    case Body::sub128:
    case Body::mul_wide_s:
    case Body::mul_wide_u:
    case Body::atomic_wait32:
    case Body::atomic_wait32_d:
    case Body::atomic_wait64:
    case Body::atomic_wait64_d: return 3;
    case Body::set_v128:
    case Body::const_acc_v128:
    case Body::const_acc_v128_d:
    case Body::address: return 4;
    default: return 2;
    }
}

}  // namespace
}  // namespace heddle
