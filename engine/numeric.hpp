// What the numeric and atomic instructions compute: the semantics named in opcodes.def, one free function each.
// https://webassembly.github.io/spec/core/exec/numerics.html
//
// An i32 is a u32, or an i32 where the sign counts; i64 likewise; truth is a u32 0 or 1. A function that may trap takes a TrapCode& last,
// sets it and gives 0. Float arithmetic leaves NaN bits to the processor, which the specification allows; abs, neg, copysign and reinterpret
// touch only the bits they are about. Where the processor can fuse a
// multiplication with an addition, compile with -ffp-contract=off: two instructions round twice.
#pragma once
#include <atomic>
#include <bit>
#include <concepts>
#include <cstring>
#include <limits>
#include <type_traits>

#include <heddle/trap.hpp>
#include <heddle/types.hpp>

namespace heddle {

__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

// The unsigned integer of T's width.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 1, u8, std::conditional_t<sizeof(T) == 2, u16, std::conditional_t<sizeof(T) == 4, u32, u64>>>;

// ---- comparisons

template <class T>
constexpr u32 eqz(T a) { return a == 0; }
template <class T>
constexpr u32 eq(T a, T b) { return a == b; }
template <class T>
constexpr u32 ne(T a, T b) { return a != b; }
template <class T>
constexpr u32 lt(T a, T b) { return a < b; }
template <class T>
constexpr u32 gt(T a, T b) { return a > b; }
template <class T>
constexpr u32 le(T a, T b) { return a <= b; }
template <class T>
constexpr u32 ge(T a, T b) { return a >= b; }

// ---- integers

template <class T>
constexpr T clz(T a) { return T(std::countl_zero(a)); }
template <class T>
constexpr T ctz(T a) { return T(std::countr_zero(a)); }
template <class T>
constexpr T popcnt(T a) { return T(std::popcount(a)); }

// Unsigned integers wrap; floats round.
template <class T>
constexpr T add(T a, T b) { return a + b; }
template <class T>
constexpr T sub(T a, T b) { return a - b; }
template <class T>
constexpr T mul(T a, T b) { return a * b; }

// https://webassembly.github.io/spec/core/exec/numerics.html#op-idiv-s
template <std::integral T>
constexpr T div(T a, T b, TrapCode& trap) {
    if (b == 0) [[unlikely]] {
        trap = TrapCode::divide_by_zero;
        return 0;
    }
    if constexpr (std::is_signed_v<T>)
        if (b == -1 && a == std::numeric_limits<T>::min()) [[unlikely]] {
            trap = TrapCode::integer_overflow;
            return 0;
        }
    return a / b;
}
template <std::integral T>
constexpr T rem(T a, T b, TrapCode& trap) {
    if (b == 0) [[unlikely]] {
        trap = TrapCode::divide_by_zero;
        return 0;
    }
    if constexpr (std::is_signed_v<T>)
        if (b == -1) [[unlikely]] return 0;  // the processor's division overflows for the smallest value
    return a % b;
}

template <class T>
constexpr T and_(T a, T b) { return a & b; }
template <class T>
constexpr T or_(T a, T b) { return a | b; }
template <class T>
constexpr T xor_(T a, T b) { return a ^ b; }

// Shift and rotate counts are taken modulo the width.
template <class T>
constexpr T shl(T a, T b) { return a << (b & (8 * sizeof(T) - 1)); }
template <class T>
constexpr T shr(T a, T b) { return a >> (BitsOf<T>(b) & (8 * sizeof(T) - 1)); }
template <class T>
constexpr T rotl(T a, T b) { return std::rotl(a, int(b & (8 * sizeof(T) - 1))); }
template <class T>
constexpr T rotr(T a, T b) { return std::rotr(a, int(b & (8 * sizeof(T) - 1))); }

// ---- floats

// Bit operations: a signalling NaN stays one.
template <class T>
constexpr T abs_(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_fabsf(a);
    else return __builtin_fabs(a);
}
template <class T>
constexpr T neg(T a) { return -a; }
template <class T>
constexpr T copysign_(T a, T b) {
    if constexpr (sizeof(T) == 4) return __builtin_copysignf(a, b);
    else return __builtin_copysign(a, b);
}

// One instruction each with SSE4.1 (x86-64-v2) or on AArch64. On x86-64 without it Clang calls the C library, with the same results;
// GCC's own sequences are not for us: they let a signalling NaN through.
template <class T>
inline T ceil_(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_ceilf(a);
    else return __builtin_ceil(a);
}
template <class T>
inline T floor_(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_floorf(a);
    else return __builtin_floor(a);
}
template <class T>
inline T trunc_(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_truncf(a);
    else return __builtin_trunc(a);
}
template <class T>
inline T nearest(T a) {  // ties to even, the rounding mode nobody changes
    if constexpr (sizeof(T) == 4) return __builtin_nearbyintf(a);
    else return __builtin_nearbyint(a);
}
template <class T>
inline T sqrt_(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_sqrtf(a);
    else return __builtin_sqrt(a);
}

template <std::floating_point T>
constexpr T div(T a, T b) { return a / b; }

// A NaN if either is one, and -0 below +0. Of equal operands each comparison keeps another one; joining their bits gives the right zero.
// https://webassembly.github.io/spec/core/exec/numerics.html#op-fmin
template <class T>
constexpr T min(T a, T b) {
    if (__builtin_isunordered(a, b)) [[unlikely]] return a + b;
    T x = a < b ? a : b, y = b < a ? b : a;
    return std::bit_cast<T>(std::bit_cast<BitsOf<T>>(x) | std::bit_cast<BitsOf<T>>(y));
}
template <class T>
constexpr T max(T a, T b) {
    if (__builtin_isunordered(a, b)) [[unlikely]] return a + b;
    T x = a > b ? a : b, y = b > a ? b : a;
    return std::bit_cast<T>(std::bit_cast<BitsOf<T>>(x) & std::bit_cast<BitsOf<T>>(y));
}

// ---- conversions

constexpr u32 wrap(u64 a) { return u32(a); }
template <class From>
constexpr u64 extend(From a) { return u64(i64(a)); }
template <class T, class Low>
constexpr T sign_extend(T a) { return T(std::make_signed_t<T>(Low(a))); }
template <class To, class From>
constexpr To convert(From a) { return To(a); }
constexpr f32 demote(f64 a) { return f32(a); }
constexpr f64 promote(f32 a) { return f64(a); }
template <class To, class From>
constexpr To reinterpret(From a) { return std::bit_cast<To>(a); }

// The first value too large for I: 2^31, 2^32, 2^63 or 2^64, exact in both float types.
template <class I, class F>
inline constexpr F above = F(I(1) << (std::numeric_limits<I>::digits - 1)) * 2;

// Whether the value, its fraction cut off, is below the smallest I; not asked of NaN.
template <class I, class F>
constexpr bool is_below(F a) {
    if constexpr (std::is_unsigned_v<I>) return a <= F(-1);
    else if constexpr (std::numeric_limits<F>::digits > std::numeric_limits<I>::digits) return a <= -above<I, F> - 1;
    else return a < -above<I, F>;  // the next float is a whole number further down
}

// https://webassembly.github.io/spec/core/exec/numerics.html#op-trunc-s
template <class I, class F>
constexpr I trunc_to(F a, TrapCode& trap) {
    if (!(a < above<I, F>) || is_below<I>(a)) [[unlikely]] {
        trap = a != a ? TrapCode::invalid_conversion : TrapCode::integer_overflow;
        return 0;
    }
    return I(a);
}

// NaN gives 0, what does not fit the nearest value that does.
// https://webassembly.github.io/spec/core/exec/numerics.html#op-trunc-sat-s
template <class I, class F>
constexpr I trunc_sat(F a) {
    constexpr I smallest = std::numeric_limits<I>::min(), largest = std::numeric_limits<I>::max();
    if constexpr (sizeof(I) == 4) {  // f64 holds both limits: without branches
        f64 x = f64(a);
        x = x == x ? x : 0;
        x = x > f64(smallest) ? x : f64(smallest);
        x = x < f64(largest) ? x : f64(largest);
        return I(x);
    } else {
        if (a >= above<I, F>) [[unlikely]] return largest;
        if (is_below<I>(a)) [[unlikely]] return smallest;
        return a == a ? I(a) : 0;
    }
}

// ---- wide arithmetic

struct Wide {  // two i64 results
    u64 low = 0, high = 0;
    friend bool operator==(const Wide&, const Wide&) = default;
};

constexpr u128 joined(u64 low, u64 high) { return u128(high) << 64 | low; }
constexpr Wide halves(u128 a) { return {u64(a), u64(a >> 64)}; }

// https://github.com/WebAssembly/wide-arithmetic/blob/main/proposals/wide-arithmetic/Overview.md
constexpr Wide add128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) { return halves(joined(a_low, a_high) + joined(b_low, b_high)); }
constexpr Wide sub128(u64 a_low, u64 a_high, u64 b_low, u64 b_high) { return halves(joined(a_low, a_high) - joined(b_low, b_high)); }
template <class T>
constexpr Wide mul_wide(T a, T b) {
    if constexpr (std::is_signed_v<T>) return halves(u128(i128(a) * b));
    else return halves(u128(a) * b);
}

// ---- atomics on naturally aligned addresses, sequentially consistent; T is the type in memory and read-modify-write gives the old value
// https://github.com/WebAssembly/threads/blob/main/proposals/threads/Overview.md

template <class T>
inline std::atomic_ref<T> atomic_at(u8* address) { return std::atomic_ref<T>(*reinterpret_cast<T*>(address)); }

template <class T>
inline T atomic_load(u8* address) { return atomic_at<T>(address).load(); }
template <class T>
inline void atomic_store(u8* address, T value) { atomic_at<T>(address).store(value); }
template <class T>
inline T rmw_add(u8* address, T value) { return atomic_at<T>(address).fetch_add(value); }
template <class T>
inline T rmw_sub(u8* address, T value) { return atomic_at<T>(address).fetch_sub(value); }
template <class T>
inline T rmw_and(u8* address, T value) { return atomic_at<T>(address).fetch_and(value); }
template <class T>
inline T rmw_or(u8* address, T value) { return atomic_at<T>(address).fetch_or(value); }
template <class T>
inline T rmw_xor(u8* address, T value) { return atomic_at<T>(address).fetch_xor(value); }
template <class T>
inline T rmw_xchg(u8* address, T value) { return atomic_at<T>(address).exchange(value); }
// A narrow access compares the low bits of `expected` only.
template <class T>
inline T rmw_cmpxchg(u8* address, T expected, T replacement) {
    atomic_at<T>(address).compare_exchange_strong(expected, replacement);
    return expected;
}

}  // namespace heddle
