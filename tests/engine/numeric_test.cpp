// The scalar semantics against tables of edge cases and against slow, independently written versions of themselves.
#include "numeric.hpp"

#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace heddle {
namespace {

constexpr f32 inf32 = std::numeric_limits<f32>::infinity();
constexpr f64 inf64 = std::numeric_limits<f64>::infinity();

// ---- inputs

// Edge values and seeded random ones of all magnitudes.
template <class T>
std::vector<T> integers() {
    using U = std::make_unsigned_t<T>;
    std::vector<T> v;
    for (U x : {U(0), U(1), U(2), U(3), U(5), U(7), U(10), U(31), U(32), U(33), U(63), U(64), U(65)}) {
        v.push_back(T(x));
        v.push_back(T(U(0) - x));
    }
    for (unsigned shift = 7; shift < 8 * sizeof(T); ++shift)
        for (U d : {U(-1), U(0), U(1)}) v.push_back(T((U(1) << shift) + d));
    std::mt19937_64 random(1);
    for (int i = 0; i < 100; ++i) v.push_back(T(random() >> random() % 64));
    return v;
}

template <class F>
std::vector<F> floats() {
    using limits = std::numeric_limits<F>;
    std::vector<F> v = {0, limits::denorm_min(), limits::min(), limits::min() / 2, limits::epsilon(), F(0.25), F(0.49999997), F(0.5), F(0.75), 1, F(1.5), 2, F(2.5), 3,
                        F(3.5), F(4.5), F(1e10), limits::max(), limits::infinity()};
    for (int bits : {8, 15, 16, 22, 23, 24, 31, 32, 51, 52, 53, 62, 63, 64, 65}) {
        F x = std::ldexp(F(1), bits);
        for (F y : {x, std::nextafter(x, F(0)), std::nextafter(x, limits::infinity()), F(x - F(0.5)), F(x + F(0.5)), F(x - 1), F(x + 1), F(x + F(0.9))}) v.push_back(y);
    }
    std::mt19937_64 random(2);
    for (int i = 0; i < 200; ++i) v.push_back(F(std::ldexp(f64(random()), int(random() % 160) - 120)));
    for (std::size_t i = v.size(); i-- > 0;) v.push_back(-v[i]);
    return v;
}

template <class F>
struct Nans {
    using U = BitsOf<F>;
    static constexpr U exponent = std::bit_cast<U>(std::numeric_limits<F>::infinity());
    static constexpr U quiet = U(1) << (std::numeric_limits<F>::digits - 2);
    static constexpr U sign = U(1) << (8 * sizeof(F) - 1);
    static std::vector<F> canonical() { return {std::bit_cast<F>(exponent | quiet), std::bit_cast<F>(sign | exponent | quiet)}; }
    static std::vector<F> other() {
        std::vector<F> v;
        for (U payload : {U(1), U(quiet - 1), U(quiet >> 1), U(quiet | 1), U(quiet | quiet >> 1)})
            for (U s : {U(0), sign}) v.push_back(std::bit_cast<F>(s | exponent | payload));
        return v;
    }
    static bool is_arithmetic(F x) { return (std::bit_cast<U>(x) & (exponent | quiet)) == (exponent | quiet); }
    static bool is_canonical(F x) { return (std::bit_cast<U>(x) & ~sign) == (exponent | quiet); }
};

template <class F>
auto bits(F x) { return std::bit_cast<BitsOf<F>>(x); }

// https://webassembly.github.io/spec/core/exec/numerics.html#nan-propagation
template <class F, class... In>
void expect_nan_for(F result, In... inputs) {
    EXPECT_TRUE(Nans<F>::is_arithmetic(result)) << std::hex << bits(result);
    bool all_canonical = ((!std::isnan(inputs) || Nans<In>::is_canonical(inputs)) && ...);
    if (all_canonical) {
        EXPECT_TRUE(Nans<F>::is_canonical(result)) << std::hex << bits(result);
    }
}

// ---- integers

template <class T>
void check_division() {
    for (T a : integers<T>())
        for (T b : integers<T>()) {
            TrapCode div_trap = TrapCode::none, rem_trap = TrapCode::none;
            T q = div<T>(a, b, div_trap), r = rem<T>(a, b, rem_trap);
            if (b == 0) {
                EXPECT_EQ(div_trap, TrapCode::divide_by_zero);
                EXPECT_EQ(rem_trap, TrapCode::divide_by_zero);
                continue;
            }
            EXPECT_EQ(rem_trap, TrapCode::none);
            EXPECT_EQ(r, T(i128(a) % i128(b)));
            bool fits = i128(a) / i128(b) <= i128(std::numeric_limits<T>::max());
            EXPECT_EQ(div_trap, fits ? TrapCode::none : TrapCode::integer_overflow);
            EXPECT_EQ(q, fits ? T(i128(a) / i128(b)) : 0);
        }
}
TEST(Numeric, division_and_remainder_trap_exactly_where_the_result_does_not_exist) {
    check_division<i32>();
    check_division<u32>();
    check_division<i64>();
    check_division<u64>();
}

TEST(Numeric, smallest_divided_by_minus_one) {
    TrapCode trap = TrapCode::none;
    EXPECT_EQ(rem<i32>(std::numeric_limits<i32>::min(), -1, trap), 0);
    EXPECT_EQ(rem<i64>(std::numeric_limits<i64>::min(), -1, trap), 0);
    EXPECT_EQ(trap, TrapCode::none);
    EXPECT_EQ(div<i32>(std::numeric_limits<i32>::min(), -1, trap), 0);
    EXPECT_EQ(trap, TrapCode::integer_overflow);
    trap = TrapCode::none;
    EXPECT_EQ(div<i64>(std::numeric_limits<i64>::min(), -1, trap), 0);
    EXPECT_EQ(trap, TrapCode::integer_overflow);
    trap = TrapCode::none;
    EXPECT_EQ(div<u32>(0x80000000, 0xffffffff, trap), 0u);
    EXPECT_EQ(trap, TrapCode::none);
}

TEST(Numeric, division_truncates_towards_zero) {
    TrapCode trap = TrapCode::none;
    EXPECT_EQ(div<i32>(-7, 2, trap), -3);
    EXPECT_EQ(rem<i32>(-7, 2, trap), -1);
    EXPECT_EQ(div<i64>(7, -2, trap), -3);
    EXPECT_EQ(rem<i64>(7, -2, trap), 1);
}

template <class U>
void check_wrapping() {
    for (U a : integers<U>())
        for (U b : integers<U>()) {
            EXPECT_EQ(add<U>(a, b), U(u128(a) + b));
            EXPECT_EQ(sub<U>(a, b), U(u128(a) - b));
            EXPECT_EQ(mul<U>(a, b), U(u128(a) * b));
            EXPECT_EQ(and_<U>(a, b), U(~(~a | ~b)));
            EXPECT_EQ(or_<U>(a, b), U(~(~a & ~b)));
            EXPECT_EQ(xor_<U>(a, b), U((a | b) - (a & b)));
        }
}
TEST(Numeric, add_sub_mul_wrap) {
    check_wrapping<u32>();
    check_wrapping<u64>();
}

// One bit at a time.
template <class U>
void check_shifts() {
    using S = std::make_signed_t<U>;
    constexpr unsigned width = 8 * sizeof(U);
    for (U a : integers<U>())
        for (U count : integers<U>()) {
            U left = a, right = a, rotated_left = a, rotated_right = a;
            S signed_right = S(a);
            for (U i = 0; i < count % width; ++i) {
                left = U(left * 2);
                right /= 2;
                signed_right = S(signed_right / 2 - (signed_right % 2 < 0));
                rotated_left = U(rotated_left * 2 + (rotated_left >> (width - 1)));
                rotated_right = U(rotated_right / 2 + (rotated_right % 2 << (width - 1)));
            }
            EXPECT_EQ(shl<U>(a, count), left);
            EXPECT_EQ(shr<U>(a, count), right);
            EXPECT_EQ(shr<S>(S(a), S(count)), signed_right);
            EXPECT_EQ(rotl<U>(a, count), rotated_left);
            EXPECT_EQ(rotr<U>(a, count), rotated_right);
        }
}
TEST(Numeric, shift_counts_are_modulo_the_width) {
    check_shifts<u32>();
    check_shifts<u64>();
    EXPECT_EQ(shl<u32>(1, 32), 1u);
    EXPECT_EQ(shr<i32>(-8, 33), -4);
    EXPECT_EQ(shr<i64>(std::numeric_limits<i64>::min(), -1), -1);
    EXPECT_EQ(rotl<u32>(0xabcd9876, 32), 0xabcd9876u);
    EXPECT_EQ(rotr<u64>(1, 1), 0x8000000000000000u);
}

template <class U>
void check_bit_counts() {
    constexpr unsigned width = 8 * sizeof(U);
    for (U a : integers<U>()) {
        U leading = 0, trailing = 0, ones = 0;
        while (leading < width && !(a >> (width - 1 - leading) & 1)) ++leading;
        while (trailing < width && !(a >> trailing & 1)) ++trailing;
        for (unsigned i = 0; i < width; ++i) ones += a >> i & 1;
        EXPECT_EQ(clz<U>(a), leading);
        EXPECT_EQ(ctz<U>(a), trailing);
        EXPECT_EQ(popcnt<U>(a), ones);
        EXPECT_EQ(eqz<U>(a), u32(ones == 0));
    }
}
TEST(Numeric, bits_are_counted_also_of_zero) {
    check_bit_counts<u32>();
    check_bit_counts<u64>();
    EXPECT_EQ(clz<u32>(0), 32u);
    EXPECT_EQ(ctz<u64>(0), 64u);
}

template <class T>
void check_comparisons(const std::vector<T>& values) {
    for (T a : values)
        for (T b : values) {
            T difference_sign = T(a < b ? -1 : a > b ? 1 : 0);
            EXPECT_EQ(eq<T>(a, b), u32(difference_sign == 0));
            EXPECT_EQ(ne<T>(a, b), u32(difference_sign != 0));
            EXPECT_EQ(lt<T>(a, b) + ge<T>(a, b), 1u);
            EXPECT_EQ(gt<T>(a, b) + le<T>(a, b), 1u);
            EXPECT_EQ(lt<T>(a, b), gt<T>(b, a));
            EXPECT_EQ(lt<T>(a, b), u32(a < b));
        }
}
TEST(Numeric, comparisons_are_zero_or_one) {
    check_comparisons(integers<i32>());
    check_comparisons(integers<u32>());
    check_comparisons(integers<i64>());
    check_comparisons(integers<u64>());
    check_comparisons(floats<f32>());
    check_comparisons(floats<f64>());
    EXPECT_EQ(lt<i32>(-1, 1), 1u);
    EXPECT_EQ(lt<u32>(u32(-1), 1), 0u);
}

template <class F>
void check_nan_comparisons() {
    F nan = std::numeric_limits<F>::quiet_NaN();
    for (F x : {nan, F(0), F(1), std::numeric_limits<F>::infinity()}) {
        EXPECT_EQ(eq<F>(nan, x) + lt<F>(nan, x) + gt<F>(nan, x) + le<F>(nan, x) + ge<F>(nan, x), 0u);
        EXPECT_EQ(eq<F>(x, nan) + lt<F>(x, nan) + gt<F>(x, nan) + le<F>(x, nan) + ge<F>(x, nan), 0u);
        EXPECT_EQ(ne<F>(nan, x), 1u);
    }
    EXPECT_EQ(eq<F>(0, F(-0.0)), 1u);
}
TEST(Numeric, nan_compares_unequal_to_everything) {
    check_nan_comparisons<f32>();
    check_nan_comparisons<f64>();
}

// ---- floats

template <class F>
void check_sign_operations() {
    constexpr auto sign = Nans<F>::sign;
    auto values = floats<F>();
    for (F x : Nans<F>::canonical()) values.push_back(x);
    for (F x : Nans<F>::other()) values.push_back(x);
    for (F x : values) {
        EXPECT_EQ(bits(abs_<F>(x)), bits(x) & ~sign);
        EXPECT_EQ(bits(neg<F>(x)), bits(x) ^ sign);
        for (F y : {F(1), F(-1), values.back(), values[values.size() - 2]}) EXPECT_EQ(bits(copysign_<F>(x, y)), (bits(x) & ~sign) | (bits(y) & sign));
    }
}
TEST(Numeric, abs_neg_and_copysign_change_the_sign_bit_only) {
    check_sign_operations<f32>();
    check_sign_operations<f64>();
}

// From the definition, by way of integers. Beyond the mantissa every float is whole.
template <class F>
F rounded(F x, auto choose) {
    if (!(std::fabs(x) < std::ldexp(F(1), std::numeric_limits<F>::digits - 1))) return x;
    i64 towards_zero = i64(x);
    F below = F(towards_zero), above = below;
    if (below > x) below -= 1;
    if (above < x) above += 1;
    return std::copysign(choose(below, above), x);  // a zero has the operand's sign
}
template <class F>
void check_rounding() {
    for (F x : floats<F>()) {
        EXPECT_EQ(bits(floor_<F>(x)), bits(rounded(x, [](F below, F) { return below; }))) << x;
        EXPECT_EQ(bits(ceil_<F>(x)), bits(rounded(x, [](F, F above) { return above; }))) << x;
        EXPECT_EQ(bits(trunc_<F>(x)), bits(rounded(x, [&](F below, F above) { return x < 0 ? above : below; }))) << x;
        EXPECT_EQ(bits(nearest<F>(x)), bits(rounded(x, [&](F below, F above) {
                      if (x - below != above - x) return x - below < above - x ? below : above;
                      return i64(below) % 2 == 0 ? below : above;
                  })))
            << x;
    }
}
TEST(Numeric, rounding_follows_the_definition) {
    check_rounding<f32>();
    check_rounding<f64>();
    EXPECT_EQ(nearest<f64>(2.5), 2.0);
    EXPECT_EQ(nearest<f32>(-3.5f), -4.0f);
    EXPECT_EQ(bits(nearest<f64>(-0.5)), bits(-0.0));
    EXPECT_EQ(bits(ceil_<f32>(-0.5f)), bits(-0.0f));
    EXPECT_EQ(nearest<f64>(0.49999999999999994), 0.0);
}

template <class F>
void check_min_max() {
    for (F a : floats<F>())
        for (F b : floats<F>()) {
            bool a_is_less = a < b || (a == b && std::signbit(a));
            EXPECT_EQ(bits(min<F>(a, b)), bits(a_is_less ? a : b)) << a << ' ' << b;
            EXPECT_EQ(bits(max<F>(a, b)), bits(a_is_less ? b : a)) << a << ' ' << b;
        }
}
TEST(Numeric, min_and_max_order_the_zeros) {
    check_min_max<f32>();
    check_min_max<f64>();
    EXPECT_TRUE(std::signbit(min<f64>(0.0, -0.0)));
    EXPECT_TRUE(std::signbit(min<f32>(-0.0f, 0.0f)));
    EXPECT_FALSE(std::signbit(max<f64>(-0.0, 0.0)));
    EXPECT_FALSE(std::signbit(max<f32>(0.0f, -0.0f)));
    EXPECT_TRUE(std::signbit(max<f64>(-0.0, -0.0)));
}

template <class F>
void check_nans() {
    auto nans = Nans<F>::canonical();
    for (F x : Nans<F>::other()) nans.push_back(x);
    for (F nan : nans) {
        for (auto f : {ceil_<F>, floor_<F>, trunc_<F>, nearest<F>, sqrt_<F>}) expect_nan_for(f(nan), nan);
        for (F x : {F(0), F(-0.0), F(1), F(1.25), F(-1.7), std::numeric_limits<F>::infinity(), std::numeric_limits<F>::denorm_min(), nans[0], nans[1], nans[4], nans[7]})
            for (auto f : {add<F>, sub<F>, mul<F>, static_cast<F (*)(F, F)>(div<F>), min<F>, max<F>}) {
                expect_nan_for(f(nan, x), nan, x);
                expect_nan_for(f(x, nan), nan, x);
            }
    }
}
TEST(Numeric, arithmetic_on_nan_gives_the_nan_the_rules_allow) {
    check_nans<f32>();
    check_nans<f64>();
}

TEST(Numeric, invalid_operations_give_a_canonical_nan) {
    EXPECT_TRUE(Nans<f64>::is_canonical(sqrt_<f64>(-1)));
    EXPECT_TRUE(Nans<f32>::is_canonical(sqrt_<f32>(-1)));
    EXPECT_TRUE(Nans<f64>::is_canonical(sub<f64>(inf64, inf64)));
    EXPECT_TRUE(Nans<f32>::is_canonical(mul<f32>(0, inf32)));
    EXPECT_TRUE(Nans<f32>::is_canonical(div<f32>(0, 0)));
    EXPECT_EQ(div<f64>(1, -0.0), -inf64);
    EXPECT_TRUE(std::signbit(sqrt_<f64>(-0.0)));
}

// f32 arithmetic through f64 rounds to the same: 53 bits are more than twice 24 and two.
TEST(Numeric, float_arithmetic_rounds_once) {
    for (f32 a : floats<f32>())
        for (f32 b : floats<f32>()) {
            auto same = [&](f32 got, f64 exact) {
                if (!std::isnan(got)) EXPECT_EQ(bits(got), bits(f32(exact))) << a << ' ' << b;
                else EXPECT_TRUE(std::isnan(exact));
            };
            same(add<f32>(a, b), f64(a) + b);
            same(sub<f32>(a, b), f64(a) - b);
            same(mul<f32>(a, b), f64(a) * b);
            if (b != 0) same(div<f32>(a, b), f64(a) / b);
            if (a >= 0) same(sqrt_<f32>(a), std::sqrt(f64(a)));
        }
}

// ---- conversions

// long double holds every f64, i64 and u64 exactly.
template <class I, class F>
void check_truncation() {
    constexpr I smallest = std::numeric_limits<I>::min(), largest = std::numeric_limits<I>::max();
    for (F x : floats<F>()) {
        long double whole = std::trunc(static_cast<long double>(x));
        bool fits = whole >= static_cast<long double>(smallest) && whole <= static_cast<long double>(largest);
        TrapCode trap = TrapCode::none;
        EXPECT_EQ((trunc_to<I, F>(x, trap)), fits ? I(whole) : 0) << x;
        EXPECT_EQ(trap, fits ? TrapCode::none : TrapCode::integer_overflow) << x;
        EXPECT_EQ((trunc_sat<I, F>(x)), fits ? I(whole) : x < 0 ? smallest : largest) << x;
    }
    for (const auto& nans : {Nans<F>::canonical(), Nans<F>::other()})
        for (F x : nans) {
            TrapCode trap = TrapCode::none;
            EXPECT_EQ((trunc_to<I, F>(x, trap)), 0);
            EXPECT_EQ(trap, TrapCode::invalid_conversion);
            EXPECT_EQ((trunc_sat<I, F>(x)), 0);
        }
}
TEST(Numeric, truncation_traps_or_saturates_exactly_at_the_limits) {
    check_truncation<i32, f32>();
    check_truncation<u32, f32>();
    check_truncation<i64, f32>();
    check_truncation<u64, f32>();
    check_truncation<i32, f64>();
    check_truncation<u32, f64>();
    check_truncation<i64, f64>();
    check_truncation<u64, f64>();
}

template <class I, class F>
struct Limit {
    F x;
    bool fits;
};
template <class I, class F, std::size_t n>
void check_limits(const Limit<I, F> (&limits)[n]) {
    for (auto [x, fits] : limits) {
        TrapCode trap = TrapCode::none;
        trunc_to<I, F>(x, trap);
        EXPECT_EQ(trap, fits ? TrapCode::none : TrapCode::integer_overflow) << x;
    }
}
TEST(Numeric, truncation_limits) {
    check_limits<i32, f64>({{2147483647.9, true}, {2147483648.0, false}, {-2147483648.9, true}, {-2147483649.0, false}});
    check_limits<u32, f64>({{4294967295.9, true}, {4294967296.0, false}, {-0.9, true}, {-1.0, false}});
    check_limits<i32, f32>({{2147483520.0f, true}, {2147483648.0f, false}, {-2147483648.0f, true}, {-2147483904.0f, false}});
    check_limits<u32, f32>({{4294967040.0f, true}, {4294967296.0f, false}, {-0.99999994f, true}, {-1.0f, false}});
    check_limits<i64, f64>({{9223372036854774784.0, true}, {9223372036854775808.0, false}, {-9223372036854775808.0, true}, {-9223372036854777856.0, false}});
    check_limits<u64, f64>({{18446744073709549568.0, true}, {18446744073709551616.0, false}, {-0.9999999999999999, true}, {-1.0, false}});
    check_limits<i64, f32>({{9223371487098961920.0f, true}, {9223372036854775808.0f, false}, {-9223372036854775808.0f, true}, {-9223373136366403584.0f, false}});
    check_limits<u64, f32>({{18446742974197923840.0f, true}, {18446744073709551616.0f, false}, {-0.5f, true}, {-inf32, false}});
}

// Rounded to even by hand from the bits.
template <class F>
F from_magnitude(u64 a) {
    constexpr int digits = std::numeric_limits<F>::digits;
    int surplus = 64 - std::countl_zero(a) - digits;
    if (surplus <= 0) return F(i64(a));
    u64 kept = a >> surplus, rest = a & ((u64(1) << surplus) - 1), half = u64(1) << (surplus - 1);
    if (rest > half || (rest == half && kept % 2 == 1)) ++kept;
    return std::ldexp(F(i64(kept)), surplus);
}
TEST(Numeric, integers_convert_to_the_nearest_float) {
    for (u64 a : integers<u64>()) {
        u64 magnitude = i64(a) < 0 ? 0 - a : a;
        EXPECT_EQ((convert<f32, u64>(a)), from_magnitude<f32>(a)) << a;
        EXPECT_EQ((convert<f64, u64>(a)), from_magnitude<f64>(a)) << a;
        EXPECT_EQ((convert<f32, i64>(i64(a))), std::copysign(from_magnitude<f32>(magnitude), i64(a) < 0 ? -1.0f : 1.0f)) << a;
        EXPECT_EQ((convert<f64, i64>(i64(a))), std::copysign(from_magnitude<f64>(magnitude), i64(a) < 0 ? -1.0 : 1.0)) << a;
        EXPECT_EQ((convert<f32, u32>(u32(a))), from_magnitude<f32>(u32(a)));
        EXPECT_EQ((convert<f32, i32>(i32(a))), (convert<f32, i64>(i32(a))));
        EXPECT_EQ((convert<f64, u32>(u32(a))), from_magnitude<f64>(u32(a)));
        EXPECT_EQ((convert<f64, i32>(i32(a))), (convert<f64, i64>(i32(a))));
    }
    EXPECT_EQ((convert<f32, u64>(0x8000008000000001)), 0x1.000002p63f);  // just above the middle
    EXPECT_EQ((convert<f32, i32>(16777217)), 16777216.0f);
}

TEST(Numeric, floats_are_promoted_exactly_and_demoted_to_nearest) {
    for (f32 x : floats<f32>()) EXPECT_EQ(bits(demote(promote(x))), bits(x));
    EXPECT_EQ(demote(0x1.000001p0), 1.0f);
    EXPECT_EQ(demote(0x1.0000010000001p0), 0x1.000002p0f);
    EXPECT_EQ(demote(0x1.000003p0), 0x1.000004p0f);
    EXPECT_EQ(demote(0x1.fffffefffffffp127), std::numeric_limits<f32>::max());
    EXPECT_EQ(demote(0x1.ffffffp127), inf32);
    EXPECT_EQ(demote(-0x1p-150), -0.0f);
    EXPECT_EQ(demote(0x1.0000000000001p-150), std::numeric_limits<f32>::denorm_min());
    for (const auto& nans : {Nans<f64>::canonical(), Nans<f64>::other()})
        for (f64 x : nans) expect_nan_for(demote(x), x);
    for (const auto& nans : {Nans<f32>::canonical(), Nans<f32>::other()})
        for (f32 x : nans) expect_nan_for(promote(x), x);
}

TEST(Numeric, reinterpret_keeps_every_bit) {
    for (u64 a : {u64(0), u64(0x7ff0000000000001), u64(0xfff4000000000000), u64(0x7fa000007f800001), ~u64(0)}) {
        EXPECT_EQ((reinterpret<u64, f64>(reinterpret<f64, u64>(a))), a);
        EXPECT_EQ((reinterpret<u32, f32>(reinterpret<f32, u32>(u32(a)))), u32(a));
    }
}

TEST(Numeric, integers_are_wrapped_and_extended) {
    EXPECT_EQ(wrap(0x123456789abcdef0), 0x9abcdef0u);
    EXPECT_EQ(extend<i32>(-1), ~u64(0));
    EXPECT_EQ(extend<u32>(0xffffffff), 0xffffffffu);
    EXPECT_EQ((sign_extend<u32, i8>(0x1280)), 0xffffff80u);
    EXPECT_EQ((sign_extend<u32, i8>(0xff7f)), 0x7fu);
    EXPECT_EQ((sign_extend<u32, i16>(0x18000)), 0xffff8000u);
    EXPECT_EQ((sign_extend<u64, i8>(0x80)), 0xffffffffffffff80u);
    EXPECT_EQ((sign_extend<u64, i16>(0xffff7fff)), 0x7fffu);
    EXPECT_EQ((sign_extend<u64, i32>(0x180000000)), 0xffffffff80000000u);
}

// ---- wide arithmetic

TEST(Numeric, wide_sums_carry_and_borrow) {
    for (u64 a : integers<u64>())
        for (u64 b : integers<u64>())
            for (u64 high : {u64(0), u64(7), ~u64(0)}) {
                EXPECT_EQ(add128(a, high, b, 1), (Wide{a + b, high + 1 + (a + b < a)}));
                EXPECT_EQ(sub128(a, high, b, 1), (Wide{a - b, high - 1 - (a < b)}));
            }
}

// By halves, as on paper; a negative factor takes the other one off the high half.
TEST(Numeric, wide_products_match_long_multiplication) {
    for (u64 a : integers<u64>())
        for (u64 b : integers<u64>()) {
            u64 a0 = u32(a), a1 = a >> 32, b0 = u32(b), b1 = b >> 32;
            u64 middle = (a0 * b0 >> 32) + u32(a1 * b0) + u32(a0 * b1);
            Wide product = {a * b, a1 * b1 + (a1 * b0 >> 32) + (a0 * b1 >> 32) + (middle >> 32)};
            EXPECT_EQ(mul_wide<u64>(a, b), product);
            product.high -= (i64(a) < 0 ? b : 0) + (i64(b) < 0 ? a : 0);
            EXPECT_EQ(mul_wide<i64>(i64(a), i64(b)), product);
        }
}

// ---- atomics

template <class T>
void check_atomics() {
    alignas(8) u8 cell[8] = {};
    atomic_store<T>(cell, T(0x8877665544332211));
    T x = T(0x8877665544332211), v = T(0xf0f0f0f0f0f0f0f5);
    EXPECT_EQ(atomic_load<T>(cell), x);
    EXPECT_EQ(rmw_add<T>(cell, v), x);
    EXPECT_EQ(rmw_sub<T>(cell, v), T(x + v));
    EXPECT_EQ(rmw_and<T>(cell, v), x);
    EXPECT_EQ(rmw_or<T>(cell, T(0x8f)), T(x & v));
    EXPECT_EQ(rmw_xor<T>(cell, v), T((x & v) | 0x8f));
    EXPECT_EQ(rmw_xchg<T>(cell, 5), T(((x & v) | 0x8f) ^ v));
    EXPECT_EQ(rmw_cmpxchg<T>(cell, 4, 9), 5);
    EXPECT_EQ(rmw_cmpxchg<T>(cell, 5, 9), 5);
    EXPECT_EQ(atomic_load<T>(cell), 9);
}
TEST(Numeric, read_modify_write_gives_the_old_value) {
    check_atomics<u8>();
    check_atomics<u16>();
    check_atomics<u32>();
    check_atomics<u64>();
}

TEST(Numeric, two_threads_lose_no_addition) {
    alignas(8) u8 cell[8] = {};
    auto work = [&] {
        for (int i = 0; i < 20'000; ++i) {
            rmw_add<u32>(cell, 1);
            for (u32 seen = atomic_load<u32>(cell + 4); rmw_cmpxchg<u32>(cell + 4, seen, seen + 1) != seen; seen = atomic_load<u32>(cell + 4)) {}
        }
    };
    std::thread other(work);
    work();
    other.join();
    EXPECT_EQ(atomic_load<u32>(cell), 40'000u);
    EXPECT_EQ(atomic_load<u32>(cell + 4), 40'000u);
}

}  // namespace
}  // namespace heddle
