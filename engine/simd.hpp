// What the vector instructions compute: the semantics named in opcodes.def, on V128 values.
// https://webassembly.github.io/spec/core/exec/numerics.html#vector-operations
//
// Written with the vector extensions that GCC and Clang share, in shapes both turn into one or a few instructions; a template's type is the
// lane's type. Integer lanes are computed unsigned wherever they may wrap. Relaxed instructions behave as their deterministic profile says:
// multiply-add rounds twice (unfused), dot products take both sides as signed.
#pragma once
#include <cstring>

#include "numeric.hpp"
#include <heddle/value.hpp>

namespace heddle {

static_assert(std::endian::native == std::endian::little, "lane 0 is the lowest byte of a V128");

// ---- lanes

template <class T, std::size_t count>
struct VectorOf {
    typedef T type __attribute__((vector_size(count * sizeof(T))));
};
template <class T, std::size_t count = 16 / sizeof(T)>
using Vector = typename VectorOf<T, count>::type;
template <class T>
inline constexpr std::size_t lane_count = 16 / sizeof(T);

template <class T>
inline Vector<T> lanes(V128 v) { return std::bit_cast<Vector<T>>(v); }
template <class V>
inline V128 pack(V v) { return std::bit_cast<V128>(v); }

// All lanes the same.
template <class T>
[[gnu::always_inline]] inline Vector<T> filled(T x) {
    Vector<T> r{};
    for (std::size_t i = 0; i < lane_count<T>; ++i) r[i] = x;
    return r;
}

// A function of one lane, applied to each.
template <class T, class F>
[[gnu::always_inline]] inline V128 map_lanes(V128 a, F f) {
    Vector<T> v = lanes<T>(a), r{};
    for (std::size_t i = 0; i < lane_count<T>; ++i) r[i] = f(v[i]);
    return pack(r);
}

// The low or high half of the lanes, converted to lanes twice as wide.
template <class To, class From>
inline Vector<To> widen_low(V128 a) {
    Vector<From> v = lanes<From>(a);
    if constexpr (sizeof(From) == 1) return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7), Vector<To>);
    else if constexpr (sizeof(From) == 2) return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1, 2, 3), Vector<To>);
    else return __builtin_convertvector(__builtin_shufflevector(v, v, 0, 1), Vector<To>);
}
template <class To, class From>
inline Vector<To> widen_high(V128 a) { return widen_low<To, From>({a.hi, 0}); }

// ---- whole vectors

inline V128 v_not(V128 a) { return {~a.lo, ~a.hi}; }
inline V128 v_and(V128 a, V128 b) { return {a.lo & b.lo, a.hi & b.hi}; }
inline V128 v_andnot(V128 a, V128 b) { return {a.lo & ~b.lo, a.hi & ~b.hi}; }
inline V128 v_or(V128 a, V128 b) { return {a.lo | b.lo, a.hi | b.hi}; }
inline V128 v_xor(V128 a, V128 b) { return {a.lo ^ b.lo, a.hi ^ b.hi}; }
inline V128 bitselect(V128 a, V128 b, V128 mask) { return v_xor(b, v_and(v_xor(a, b), mask)); }
inline u32 any_true(V128 a) { return (a.lo | a.hi) != 0; }

// ---- loads

inline V128 load_v128(const u8* address) {
    V128 v;
    std::memcpy(&v, address, sizeof v);
    return v;
}
template <class T>
inline T load_lane_value(const u8* address) {
    T x;
    std::memcpy(&x, address, sizeof x);
    return x;
}
template <class T>
inline V128 load_zero(const u8* address) { return {load_lane_value<T>(address), 0}; }
template <class To, class From>
inline V128 load_extend(const u8* address) { return pack(widen_low<To, From>(load_zero<u64>(address))); }
template <class T>
inline V128 load_splat(const u8* address) { return pack(filled(load_lane_value<T>(address))); }

// ---- single lanes: an i32 operand or result for lanes of 8, 16 and 32 bits

template <class T>
using LaneValue = std::conditional_t<std::is_floating_point_v<T>, T, std::conditional_t<sizeof(T) == 8, u64, u32>>;

template <class T>
inline V128 splat(LaneValue<T> x) { return pack(filled(std::bit_cast<BitsOf<T>>(T(x)))); }

template <class T>
inline LaneValue<T> extract_lane(u32 lane, V128 v) {
    T x = std::bit_cast<T>(lanes<BitsOf<T>>(v)[lane % lane_count<T>]);
    if constexpr (std::is_signed_v<T> && std::is_integral_v<T>) return LaneValue<T>(std::make_signed_t<LaneValue<T>>(x));
    else return x;
}
// Where the lane's number is the lane, the value: no memory in between.
template <class T>
inline V128 replace_lane(u32 lane, V128 v, LaneValue<T> x) {
    using U = BitsOf<T>;
    Vector<U> numbers{};
    for (std::size_t i = 0; i < lane_count<T>; ++i) numbers[i] = U(i);
    return pack(numbers == filled(U(lane)) ? filled(std::bit_cast<U>(T(x))) : lanes<U>(v));
}

// ---- comparisons: all ones where true

template <class T>
inline V128 v_eq(V128 a, V128 b) { return pack(lanes<T>(a) == lanes<T>(b)); }
template <class T>
inline V128 v_ne(V128 a, V128 b) { return pack(lanes<T>(a) != lanes<T>(b)); }
template <class T>
inline V128 v_lt(V128 a, V128 b) { return pack(lanes<T>(a) < lanes<T>(b)); }
template <class T>
inline V128 v_gt(V128 a, V128 b) { return pack(lanes<T>(a) > lanes<T>(b)); }
template <class T>
inline V128 v_le(V128 a, V128 b) { return pack(lanes<T>(a) <= lanes<T>(b)); }
template <class T>
inline V128 v_ge(V128 a, V128 b) { return pack(lanes<T>(a) >= lanes<T>(b)); }

template <class T>
inline u32 all_true(V128 a) { return !any_true(v_eq<T>(a, {})); }

// ---- integer lanes

template <class T>
inline V128 v_add(V128 a, V128 b) { return pack(lanes<T>(a) + lanes<T>(b)); }
template <class T>
inline V128 v_sub(V128 a, V128 b) { return pack(lanes<T>(a) - lanes<T>(b)); }
template <class T>
inline V128 v_mul(V128 a, V128 b) { return pack(lanes<T>(a) * lanes<T>(b)); }

template <class T>
inline V128 v_neg(V128 a) {
    if constexpr (std::is_floating_point_v<T>) return v_xor(a, pack(filled(BitsOf<T>(1) << (8 * sizeof(T) - 1))));
    else return pack(-lanes<T>(a));
}
template <class T>
inline V128 v_abs(V128 a) {
    using U = BitsOf<T>;
    if constexpr (std::is_floating_point_v<T>) return v_and(a, pack(filled(U(U(-1) >> 1))));
    else return pack(lanes<T>(a) < 0 ? Vector<T>(-lanes<U>(a)) : lanes<T>(a));
}

template <class T>
inline V128 v_shl(V128 a, u32 count) { return pack(lanes<T>(a) << T(count & (8 * sizeof(T) - 1))); }
template <class T>
inline V128 v_shr(V128 a, u32 count) { return pack(lanes<T>(a) >> T(count & (8 * sizeof(T) - 1))); }

// The limit on x's side.
template <class T>
inline Vector<T> saturated(Vector<T> x) { return (x >> (8 * sizeof(T) - 1)) ^ std::numeric_limits<T>::max(); }

// Clang has a built-in. Without it: a signed sum overflows where its sign differs from both operands', a difference where the operands'
// signs differ and its own from the first's.
template <class T>
inline V128 add_sat(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b), sum = lanes<T>(v_add<BitsOf<T>>(a, b));
    if constexpr (requires { __builtin_elementwise_add_sat(x, y); }) return pack(__builtin_elementwise_add_sat(x, y));
    else if constexpr (std::is_unsigned_v<T>) return pack(sum | Vector<T>(sum < x));
    else return pack(((x ^ sum) & (y ^ sum)) < 0 ? saturated<T>(x) : sum);
}
template <class T>
inline V128 sub_sat(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b), difference = lanes<T>(v_sub<BitsOf<T>>(a, b));
    if constexpr (requires { __builtin_elementwise_sub_sat(x, y); }) return pack(__builtin_elementwise_sub_sat(x, y));
    else if constexpr (std::is_unsigned_v<T>) return pack(difference & Vector<T>(x >= y));
    else return pack(((x ^ y) & (x ^ difference)) < 0 ? saturated<T>(x) : difference);
}

// (a + b + 1) / 2 without a wider lane.
template <class T>
inline V128 avgr(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b);
    return pack((x | y) - ((x ^ y) >> 1));
}

[[gnu::always_inline]] inline V128 v_popcnt(V128 a) {
    return map_lanes<u8>(a, [](u8 x) { return u8(std::popcount(x)); });
}

template <class To, class From>
inline u64 narrow_half(V128 a) {
    constexpr From smallest = From(std::numeric_limits<To>::min()), largest = From(std::numeric_limits<To>::max());
    Vector<From> v = lanes<From>(a);
    v = v < smallest ? filled(smallest) : v;
    v = v > largest ? filled(largest) : v;
    return std::bit_cast<u64>(__builtin_convertvector(v, Vector<To, lane_count<From>>));
}
template <class To, class From>
inline V128 narrow(V128 a, V128 b) { return {narrow_half<To, From>(a), narrow_half<To, From>(b)}; }

template <class To, class From>
inline V128 extend_low(V128 a) { return pack(widen_low<To, From>(a)); }
template <class To, class From>
inline V128 extend_high(V128 a) { return pack(widen_high<To, From>(a)); }

// No product of two lanes exceeds a lane of twice the width.
template <class To, class From>
inline V128 extmul_low(V128 a, V128 b) { return pack(widen_low<To, From>(a) * widen_low<To, From>(b)); }
template <class To, class From>
inline V128 extmul_high(V128 a, V128 b) { return pack(widen_high<To, From>(a) * widen_high<To, From>(b)); }

// The even and the odd lanes as wide lanes: shifted down from where they lie.
template <class To, class From>
inline Vector<To> even_lanes(V128 a) { return Vector<To>(lanes<BitsOf<To>>(a) << (8 * sizeof(From))) >> (8 * sizeof(From)); }
template <class To, class From>
inline Vector<To> odd_lanes(V128 a) { return lanes<To>(a) >> (8 * sizeof(From)); }

template <class To, class From>
inline V128 extadd_pairwise(V128 a) { return pack(even_lanes<To, From>(a) + odd_lanes<To, From>(a)); }

// The sum of two products of -32768 wraps.
inline V128 dot_i16x8(V128 a, V128 b) {
    auto even = even_lanes<i32, i16>(a) * even_lanes<i32, i16>(b), odd = odd_lanes<i32, i16>(a) * odd_lanes<i32, i16>(b);
    return v_add<u32>(pack(even), pack(odd));
}

// (a * b + 0x4000) >> 15; only -32768 * -32768 needs saturating.
inline V128 q15mulr_sat(V128 a, V128 b) {
    auto half = [](Vector<i32> x, Vector<i32> y) { return pack((x * y + 0x4000) >> 15); };
    return narrow<i16, i32>(half(widen_low<i32, i16>(a), widen_low<i32, i16>(b)), half(widen_high<i32, i16>(a), widen_high<i32, i16>(b)));
}

// Pairs of signed bytes multiplied and added, saturating.
inline V128 dot_i8x16(V128 a, V128 b) {
    return narrow<i16, i32>(dot_i16x8(extend_low<i16, i8>(a), extend_low<i16, i8>(b)), dot_i16x8(extend_high<i16, i8>(a), extend_high<i16, i8>(b)));
}
inline V128 dot_i8x16_add(V128 a, V128 b, V128 c) { return v_add<u32>(extadd_pairwise<i32, i16>(dot_i8x16(a, b)), c); }

// The sign bits, lane 0 lowest. x86 has instructions for it; elsewhere a multiplication moves those of one half next to each other at its top.
template <class T, class V>
inline u32 sign_bits(V v) {
    typedef f32 Singles __attribute__((vector_size(16)));
    typedef f64 Doubles __attribute__((vector_size(16)));
    if constexpr (requires { __builtin_ia32_pmovmskb128(v); }) {
        if constexpr (sizeof(T) == 1) return u32(__builtin_ia32_pmovmskb128(v));
        else if constexpr (sizeof(T) == 2) return u32(__builtin_ia32_pmovmskb128(std::bit_cast<V>(narrow<i8, i16>(pack(v), {}))));
        else if constexpr (sizeof(T) == 4) return u32(__builtin_ia32_movmskps(Singles(v)));
        else return u32(__builtin_ia32_movmskpd(Doubles(v)));
    } else {
        auto half = [](u64 x) -> u32 {
            if constexpr (sizeof(T) == 1) return u32(((x >> 7 & 0x0101010101010101) * 0x0102040810204080) >> 56);
            else if constexpr (sizeof(T) == 2) return u32(((x >> 15 & 0x0001000100010001) * 0x0001000200040008) >> 48);
            else if constexpr (sizeof(T) == 4) return u32((x >> 31 & 1) | (x >> 62 & 2));
            else return u32(x >> 63);
        };
        return half(pack(v).lo) | half(pack(v).hi) << (8 / sizeof(T));
    }
}
template <class T>
inline u32 bitmask(V128 a) {
    typedef char Chars __attribute__((vector_size(16)));
    return sign_bits<T>(std::bit_cast<Chars>(a));
}

// ---- byte permutations

// Byte i of the result is the table's byte of the low four bits of index[i], or zero where its highest bit is set. x86 has an instruction for it.
template <class V>
[[gnu::always_inline]] inline V look_up(V table, V index) {
    typedef char Chars __attribute__((vector_size(16)));
    if constexpr (requires { __builtin_ia32_pshufb128(Chars(table), Chars(index)); }) return V(__builtin_ia32_pshufb128(Chars(table), Chars(index)));
    else {
        V r{};
        for (std::size_t i = 0; i < 16; ++i) r[i] = table[index[i] & 15];
        return V(index < 128) & r;
    }
}

[[gnu::always_inline]] inline V128 swizzle(V128 a, V128 index) {
    return pack(look_up(lanes<u8>(a), lanes<u8>(add_sat<u8>(index, pack(filled<u8>(0x70))))));
}

// i8x16.shuffle's indices, below 32, as shuffle and permute take them: an index of the first vector stays below 128, one of the second does not.
inline V128 picks(V128 index) { return v_add<u8>(index, pack(filled<u8>(0x70))); }
[[gnu::always_inline]] inline V128 shuffle(V128 a, V128 b, V128 picks) {
    Vector<u8> i = lanes<u8>(picks);
    return pack(look_up(lanes<u8>(a), i) | look_up(lanes<u8>(b), i ^ 0x80));
}
// All of the first vector.
[[gnu::always_inline]] inline V128 permute(V128 a, V128 picks) { return pack(look_up(lanes<u8>(a), lanes<u8>(picks))); }

// ---- float lanes

template <class T>
inline V128 v_div(V128 a, V128 b) { return pack(lanes<T>(a) / lanes<T>(b)); }

template <class T>
[[gnu::always_inline]] inline V128 v_ceil(V128 a) { return map_lanes<T>(a, ceil_<T>); }
template <class T>
[[gnu::always_inline]] inline V128 v_floor(V128 a) { return map_lanes<T>(a, floor_<T>); }
template <class T>
[[gnu::always_inline]] inline V128 v_trunc(V128 a) { return map_lanes<T>(a, trunc_<T>); }
template <class T>
[[gnu::always_inline]] inline V128 v_nearest(V128 a) { return map_lanes<T>(a, nearest<T>); }
template <class T>
[[gnu::always_inline]] inline V128 v_sqrt(V128 a) { return map_lanes<T>(a, sqrt_<T>); }

// Floats as in numeric.hpp's min and max, without the branch.
template <class T>
inline V128 v_min(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b);
    if constexpr (std::is_integral_v<T>) return pack(x < y ? x : y);
    else {
        V128 both = v_or(pack(x < y ? x : y), pack(y < x ? y : x));
        return pack(((x != x) | (y != y)) ? x + y : lanes<T>(both));
    }
}
template <class T>
inline V128 v_max(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b);
    if constexpr (std::is_integral_v<T>) return pack(x > y ? x : y);
    else {
        V128 both = v_and(pack(x > y ? x : y), pack(y > x ? y : x));
        return pack(((x != x) | (y != y)) ? x + y : lanes<T>(both));
    }
}

// One comparison decides; equal and unordered keep a.
template <class T>
inline V128 pmin(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b);
    return pack(y < x ? y : x);
}
template <class T>
inline V128 pmax(V128 a, V128 b) {
    Vector<T> x = lanes<T>(a), y = lanes<T>(b);
    return pack(x < y ? y : x);
}

template <class T>
inline V128 relaxed_madd(V128 a, V128 b, V128 c) { return v_add<T>(v_mul<T>(a, b), c); }
template <class T>
inline V128 relaxed_nmadd(V128 a, V128 b, V128 c) { return v_sub<T>(c, v_mul<T>(a, b)); }

// ---- conversions

// Values a lane cannot hold are taken out before the conversion and their limits put in after it.
template <class I>
inline V128 v_trunc_sat(V128 a) {
    constexpr f32 smallest = f32(std::numeric_limits<I>::min()), too_large = above<I, f32>;
    Vector<f32> v = lanes<f32>(a);
    v = v == v ? v : Vector<f32>{};
    v = v > smallest ? v : filled(smallest);
    auto large = v >= too_large;
    Vector<I> r = __builtin_convertvector(large ? Vector<f32>{} : v, Vector<I>);
    return pack(large ? filled(std::numeric_limits<I>::max()) : r);
}
template <class I>
inline V128 v_trunc_sat_zero(V128 a) {
    constexpr f64 smallest = f64(std::numeric_limits<I>::min()), largest = f64(std::numeric_limits<I>::max());
    Vector<f64> v = lanes<f64>(a);
    v = v == v ? v : Vector<f64>{};
    v = v > smallest ? v : filled(smallest);
    v = v < largest ? v : filled(largest);
    return {std::bit_cast<u64>(__builtin_convertvector(v, Vector<I, 2>)), 0};
}

template <class I>
inline V128 v_convert(V128 a) { return pack(__builtin_convertvector(lanes<I>(a), Vector<f32>)); }
template <class I>
inline V128 v_convert_low(V128 a) { return pack(widen_low<f64, I>(a)); }
inline V128 v_demote_zero(V128 a) { return {std::bit_cast<u64>(__builtin_convertvector(lanes<f64>(a), Vector<f32, 2>)), 0}; }
inline V128 v_promote_low(V128 a) { return pack(widen_low<f64, f32>(a)); }

}  // namespace heddle
