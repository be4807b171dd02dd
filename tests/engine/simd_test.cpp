// Every vector row of the instruction table against a slow version that works lane by lane, on edge values and seeded random ones.
#include "simd.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "opcode.hpp"

namespace heddle {

void PrintTo(const V128& v, std::ostream* out) {
    const char* digits = "0123456789abcdef";
    for (int i = 0; i < 16; ++i) {
        u64 byte = (i < 8 ? v.lo : v.hi) >> (i % 8 * 8) & 0xff;
        *out << digits[byte >> 4] << digits[byte & 15] << (i % 4 == 3 ? " " : "");
    }
}

namespace {

// ---- a vector as bytes in memory, lanes read and written at any width

struct Bytes {
    std::array<u8, 16> b{};

    static Bytes of(V128 v) { return {std::bit_cast<std::array<u8, 16>>(v)}; }
    V128 v128() const { return std::bit_cast<V128>(b); }

    u64 bits(u32 width, u32 lane) const {
        u64 x = 0;
        for (u32 i = 0; i < width / 8; ++i) x |= u64(b[lane * width / 8 + i]) << (8 * i);
        return x;
    }
    i128 integer(u32 width, u32 lane, bool is_signed) const {
        u64 x = bits(width, lane);
        bool negative = is_signed && (x >> (width - 1) & 1);
        return i128(x) - (negative ? i128(1) << width : 0);
    }
    void set(u32 width, u32 lane, i128 x) {
        for (u32 i = 0; i < width / 8; ++i) b[lane * width / 8 + i] = u8(u128(x) >> (8 * i));
    }
    template <class F>
    F real(u32 lane) const { return std::bit_cast<F>(BitsOf<F>(bits(8 * sizeof(F), lane))); }
    template <class F>
    void set_real(u32 lane, F x) { set(8 * sizeof(F), lane, std::bit_cast<BitsOf<F>>(x)); }
};

struct Operands {
    std::array<V128, 3> vectors;
    u32 count = 0;  // the scalar operand of shifts
};

i128 saturate(i128 x, u32 width, bool is_signed) {
    i128 low = is_signed ? -(i128(1) << (width - 1)) : 0, high = (i128(1) << (is_signed ? width - 1 : width)) - 1;
    return x < low ? low : x > high ? high : x;
}

// ---- what a row's name says: "i16x8_add_sat_s" is add_sat on eight signed lanes of 16 bits

struct Shape {
    bool is_float = false, is_signed = false;
    u32 width = 0, lanes = 0;
};

struct Parsed {
    Shape shape;
    std::string op;  // without shape, relaxed_, _s and _u
};

bool drop_suffix(std::string& s, std::string_view suffix) {
    if (!s.ends_with(suffix)) return false;
    s.resize(s.size() - suffix.size());
    return true;
}

Parsed parsed(std::string_view name) {
    static const std::map<std::string_view, Shape> shapes = {{"i8x16", {false, false, 8, 16}}, {"i16x8", {false, false, 16, 8}}, {"i32x4", {false, false, 32, 4}},
                                                             {"i64x2", {false, false, 64, 2}}, {"f32x4", {true, false, 32, 4}},  {"f64x2", {true, false, 64, 2}},
                                                             {"v128", {false, false, 8, 16}}};
    std::size_t underscore = name.find('_');
    Parsed p{shapes.at(name.substr(0, underscore)), std::string(name.substr(underscore + 1))};
    if (p.op.starts_with("relaxed_")) p.op.erase(0, 8);
    if (drop_suffix(p.op, "_s")) p.shape.is_signed = true;
    else drop_suffix(p.op, "_u");
    return p;
}

using Oracle = std::function<Bytes(const Operands&)>;

// ---- families of slow versions

Oracle integer_lanes(Shape s, std::function<i128(i128, i128)> f) {
    return [=](const Operands& in) {
        Bytes a = Bytes::of(in.vectors[0]), b = Bytes::of(in.vectors[1]), r;
        for (u32 i = 0; i < s.lanes; ++i) r.set(s.width, i, f(a.integer(s.width, i, s.is_signed), b.integer(s.width, i, s.is_signed)));
        return r;
    };
}

Oracle integer_oracle(const std::string& op, Shape s) {
    u32 width = s.width;
    bool sign = s.is_signed;
    Shape as_signed = s;
    as_signed.is_signed = true;
    const std::map<std::string, std::function<i128(i128, i128)>> binary = {
        {"add", [](i128 a, i128 b) { return a + b; }},
        {"sub", [](i128 a, i128 b) { return a - b; }},
        {"mul", [](i128 a, i128 b) { return i128(u128(a) * u128(b)); }},
        {"neg", [](i128 a, i128) { return -a; }},
        {"popcnt", [](i128 a, i128) { i128 n = 0; for (; a; a /= 2) n += a % 2; return n; }},
        {"min", [](i128 a, i128 b) { return a < b ? a : b; }},
        {"max", [](i128 a, i128 b) { return a > b ? a : b; }},
        {"add_sat", [=](i128 a, i128 b) { return saturate(a + b, width, sign); }},
        {"sub_sat", [=](i128 a, i128 b) { return saturate(a - b, width, sign); }},
        {"avgr", [](i128 a, i128 b) { return (a + b + 1) / 2; }},
        {"eq", [](i128 a, i128 b) { return -i128(a == b); }},
        {"ne", [](i128 a, i128 b) { return -i128(a != b); }},
        {"lt", [](i128 a, i128 b) { return -i128(a < b); }},
        {"gt", [](i128 a, i128 b) { return -i128(a > b); }},
        {"le", [](i128 a, i128 b) { return -i128(a <= b); }},
        {"ge", [](i128 a, i128 b) { return -i128(a >= b); }},
        {"not", [](i128 a, i128) { return ~a; }},
        {"and", [](i128 a, i128 b) { return a & b; }},
        {"andnot", [](i128 a, i128 b) { return a & ~b; }},
        {"or", [](i128 a, i128 b) { return a | b; }},
        {"xor", [](i128 a, i128 b) { return a ^ b; }},
    };
    if (auto it = binary.find(op); it != binary.end()) return integer_lanes(s, it->second);
    if (op == "abs") return integer_lanes(as_signed, [](i128 a, i128) { return a < 0 ? -a : a; });
    if (op == "q15mulr_sat" || op == "q15mulr") return integer_lanes(as_signed, [](i128 a, i128 b) { return saturate((a * b + 0x4000) >> 15, 16, true); });
    if (op == "shl" || op == "shr")
        return [=](const Operands& in) {
            bool left = op == "shl";
            return integer_lanes(s, [=, count = in.count % width](i128 a, i128) { return left ? i128(u128(a) << count) : a >> count; })(in);
        };
    return {};
}

// The scalar functions have their own tests.
template <class F>
Oracle float_oracle(const std::string& op) {
    constexpr u32 lanes = 16 / sizeof(F), width = 8 * sizeof(F);
    auto reals = [](std::function<F(F, F, F)> f) -> Oracle {
        return [=](const Operands& in) {
            Bytes r;
            auto at = [&](int k, u32 i) { return Bytes::of(in.vectors[std::size_t(k)]).template real<F>(i); };
            for (u32 i = 0; i < lanes; ++i) r.set_real<F>(i, f(at(0, i), at(1, i), at(2, i)));
            return r;
        };
    };
    auto truths = [](bool (*f)(F, F)) -> Oracle {
        return [=](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), b = Bytes::of(in.vectors[1]), r;
            for (u32 i = 0; i < lanes; ++i) r.set(width, i, f(a.real<F>(i), b.real<F>(i)) ? -1 : 0);
            return r;
        };
    };
    if (op == "abs") return reals([](F a, F, F) { return abs_<F>(a); });
    if (op == "neg") return reals([](F a, F, F) { return neg<F>(a); });
    if (op == "sqrt") return reals([](F a, F, F) { return sqrt_<F>(a); });
    if (op == "ceil") return reals([](F a, F, F) { return ceil_<F>(a); });
    if (op == "floor") return reals([](F a, F, F) { return floor_<F>(a); });
    if (op == "trunc") return reals([](F a, F, F) { return trunc_<F>(a); });
    if (op == "nearest") return reals([](F a, F, F) { return nearest<F>(a); });
    if (op == "add") return reals([](F a, F b, F) { return add<F>(a, b); });
    if (op == "sub") return reals([](F a, F b, F) { return sub<F>(a, b); });
    if (op == "mul") return reals([](F a, F b, F) { return mul<F>(a, b); });
    if (op == "div") return reals([](F a, F b, F) { return div<F>(a, b); });
    if (op == "min") return reals([](F a, F b, F) { return min<F>(a, b); });
    if (op == "max") return reals([](F a, F b, F) { return max<F>(a, b); });
    if (op == "pmin") return reals([](F a, F b, F) { return b < a ? b : a; });
    if (op == "pmax") return reals([](F a, F b, F) { return a < b ? b : a; });
    if (op == "madd") return reals([](F a, F b, F c) { volatile F product = a * b; return product + c; });
    if (op == "nmadd") return reals([](F a, F b, F c) { volatile F product = -a * b; return product + c; });
    if (op == "eq") return truths([](F a, F b) { return a == b; });
    if (op == "ne") return truths([](F a, F b) { return a != b; });
    if (op == "lt") return truths([](F a, F b) { return a < b; });
    if (op == "gt") return truths([](F a, F b) { return a > b; });
    if (op == "le") return truths([](F a, F b) { return a <= b; });
    if (op == "ge") return truths([](F a, F b) { return a >= b; });
    return {};
}

// Lanes of another width on the operands' side: the name goes on with "_low_i8x16", "_i16x8" …
Oracle width_changing_oracle(const std::string& op, Shape s) {
    u32 wide = s.width, narrow_width = s.width / 2;
    bool sign = s.is_signed;
    auto narrow_lanes = [=](auto f) -> Oracle {
        return [=](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), b = Bytes::of(in.vectors[1]), r;
            for (u32 i = 0; i < s.lanes; ++i)
                r.set(wide, i, f([&](u32 lane) { return a.integer(narrow_width, lane, sign); }, [&](u32 lane) { return b.integer(narrow_width, lane, sign); }, i));
            return r;
        };
    };
    if (op.starts_with("narrow_"))
        return [=](const Operands& in) {
            Bytes r;
            for (u32 i = 0; i < s.lanes; ++i) r.set(wide, i, saturate(Bytes::of(in.vectors[2 * i / s.lanes]).integer(2 * wide, i % (s.lanes / 2), true), wide, sign));
            return r;
        };
    if (op.starts_with("extend_low_")) return narrow_lanes([](auto a, auto, u32 i) { return a(i); });
    if (op.starts_with("extend_high_")) return narrow_lanes([=](auto a, auto, u32 i) { return a(i + s.lanes); });
    if (op.starts_with("extmul_low_")) return narrow_lanes([](auto a, auto b, u32 i) { return a(i) * b(i); });
    if (op.starts_with("extmul_high_")) return narrow_lanes([=](auto a, auto b, u32 i) { return a(i + s.lanes) * b(i + s.lanes); });
    if (op.starts_with("extadd_pairwise_")) return narrow_lanes([](auto a, auto, u32 i) { return a(2 * i) + a(2 * i + 1); });
    auto dot = [](auto a, auto b, u32 i) { return a(2 * i) * b(2 * i) + a(2 * i + 1) * b(2 * i + 1); };
    if (op == "dot_i16x8") return narrow_lanes(dot);
    if (op == "dot_i8x16_i7x16") return narrow_lanes([=](auto a, auto b, u32 i) { return saturate(dot(a, b, i), 16, true); });
    if (op == "dot_i8x16_i7x16_add")
        return [](const Operands& in) {
            Bytes pairs = width_changing_oracle("dot_i8x16_i7x16", {false, true, 16, 8})(in), c = Bytes::of(in.vectors[2]), r;
            for (u32 i = 0; i < 4; ++i) r.set(32, i, pairs.integer(16, 2 * i, true) + pairs.integer(16, 2 * i + 1, true) + c.integer(32, i, true));
            return r;
        };
    return {};
}

Oracle conversion_oracle(const std::string& op, Shape s) {
    bool sign = s.is_signed;
    auto each = [](u32 lanes, auto f) -> Oracle {
        return [=](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), r;
            for (u32 i = 0; i < lanes; ++i) f(a, r, i);
            return r;
        };
    };
    if (op == "trunc_sat_f32x4" || op == "trunc_f32x4")
        return each(4, [=](Bytes a, Bytes& r, u32 i) { r.set(32, i, sign ? i128(trunc_sat<i32, f32>(a.real<f32>(i))) : trunc_sat<u32, f32>(a.real<f32>(i))); });
    if (op.starts_with("trunc_sat_f64x2_") || op.starts_with("trunc_f64x2_"))
        return each(2, [is_signed = op.ends_with("_s_zero")](Bytes a, Bytes& r, u32 i) {
            r.set(32, i, is_signed ? i128(trunc_sat<i32, f64>(a.real<f64>(i))) : trunc_sat<u32, f64>(a.real<f64>(i)));
        });
    if (op == "convert_i32x4") return each(4, [=](Bytes a, Bytes& r, u32 i) { r.set_real<f32>(i, f32(i64(a.integer(32, i, sign)))); });
    if (op == "convert_low_i32x4") return each(2, [=](Bytes a, Bytes& r, u32 i) { r.set_real<f64>(i, f64(i64(a.integer(32, i, sign)))); });
    if (op == "demote_f64x2_zero") return each(2, [](Bytes a, Bytes& r, u32 i) { r.set_real<f32>(i, demote(a.real<f64>(i))); });
    if (op == "promote_low_f32x4") return each(2, [](Bytes a, Bytes& r, u32 i) { r.set_real<f64>(i, promote(a.real<f32>(i))); });
    return {};
}

Oracle other_oracle(const std::string& op, Shape s) {
    if (op == "swizzle")
        return [](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), index = Bytes::of(in.vectors[1]), r;
            for (std::size_t i = 0; i < 16; ++i) r.b[i] = index.b[i] < 16 ? a.b[index.b[i]] : 0;
            return r;
        };
    if (op == "bitselect" || op == "laneselect")
        return [](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), b = Bytes::of(in.vectors[1]), mask = Bytes::of(in.vectors[2]), r;
            for (std::size_t i = 0; i < 128; ++i) r.b[i / 8] = u8(r.b[i / 8] | (((mask.b[i / 8] >> i % 8 & 1 ? a : b).b[i / 8]) & 1 << i % 8));
            return r;
        };
    if (op == "splat")
        return [=](const Operands& in) {
            Bytes r;
            for (u32 i = 0; i < s.lanes; ++i) r.set(s.width, i, in.vectors[0].lo);
            return r;
        };
    if (op == "any_true" || op == "all_true" || op == "bitmask")
        return [=](const Operands& in) {
            Bytes a = Bytes::of(in.vectors[0]), r;
            u32 non_zero = 0, mask = 0;
            for (u32 i = 0; i < s.lanes; ++i) {
                non_zero += a.bits(s.width, i) != 0;
                mask |= u32(a.integer(s.width, i, true) < 0) << i;
            }
            r.set(32, 0, op == "bitmask" ? mask : op == "any_true" ? non_zero > 0 : non_zero == s.lanes);
            return r;
        };
    return {};
}

Oracle oracle_of(std::string_view name) {
    auto [shape, op] = parsed(name);
    if (Oracle o = other_oracle(op, shape)) return o;
    if (Oracle o = conversion_oracle(op, shape)) return o;
    if (shape.is_float) return shape.width == 32 ? float_oracle<f32>(op) : float_oracle<f64>(op);
    if (Oracle o = width_changing_oracle(op, shape)) return o;
    return integer_oracle(op, shape);
}

// ---- inputs

std::vector<u64> edges(u32 width) {
    std::vector<u64> v = {0, 1, 2, 15, 16, 31, 0x40, 0x7f, 0x80, 0x81, 0xff, ~u64(0), ~u64(1)};
    for (u32 bit = 7; bit < width; bit += 8)
        for (u64 d : {~u64(0), u64(0), u64(1)}) v.push_back((u64(1) << bit) + d);
    auto add_reals = [&]<class F>(F) {
        using limits = std::numeric_limits<F>;
        for (F x : {F(0), F(0.5), F(1), F(1.5), F(2.5), F(-0.75), F(1e9), F(2147483648.0), F(4294967296.0), F(2147483520.0), F(4294967040.0), std::nextafter(F(2147483648.0), F(0)),
                    F(-2147483649.0), std::nextafter(F(4294967296.0), F(0)), F(8388607.5), F(4503599627370495.5), limits::min(), limits::denorm_min(), limits::max(),
                    limits::infinity(), limits::quiet_NaN(), limits::signaling_NaN()})
            for (F y : {x, -x}) v.push_back(std::bit_cast<BitsOf<F>>(y));
    };
    if (width == 32) add_reals(f32());
    if (width == 64) add_reals(f64());
    return v;
}

class Inputs {
public:
    // Lanes of a random width, edge values and random ones mixed.
    V128 vector() {
        u32 width = 8u << random_() % 4;
        const auto& choices = edges_[width];
        bool only_edges = random_() % 4 != 0;
        Bytes r;
        for (u32 i = 0; i < 128 / width; ++i) r.set(width, i, only_edges || random_() % 2 ? choices[random_() % choices.size()] : random_());
        return r.v128();
    }
    Operands operands() { return {{vector(), vector(), vector()}, u32(random_() >> random_() % 64)}; }
    u64 number() { return random_(); }

private:
    std::mt19937_64 random_{3};
    std::map<u32, std::vector<u64>> edges_ = {{8, edges(8)}, {16, edges(16)}, {32, edges(32)}, {64, edges(64)}};
};

// ---- comparing

template <class F>
bool is_canonical_or_number(F x) {
    auto quiet_infinity = std::bit_cast<BitsOf<F>>(std::numeric_limits<F>::quiet_NaN());
    return !std::isnan(x) || std::bit_cast<BitsOf<F>>(std::fabs(x)) == quiet_infinity;
}
template <class F>
bool has_odd_nan(const Operands& in) {
    for (V128 v : in.vectors)
        for (u32 i = 0; i < 16 / sizeof(F); ++i)
            if (!is_canonical_or_number(Bytes::of(v).real<F>(i))) return true;
    return false;
}

// Arithmetic may choose among NaNs: any quiet one if some operand is a NaN that is not canonical, else a canonical one.
template <class F>
bool same_reals(V128 got, V128 expected, bool any_quiet_nan) {
    constexpr auto quiet_bit = BitsOf<F>(1) << (std::numeric_limits<F>::digits - 2);
    for (u32 i = 0; i < 16 / sizeof(F); ++i) {
        F g = Bytes::of(got).real<F>(i), e = Bytes::of(expected).real<F>(i);
        auto bits = std::bit_cast<BitsOf<F>>(g);
        if (std::isnan(e) ? !std::isnan(g) || !(bits & quiet_bit) || (!any_quiet_nan && !is_canonical_or_number(g)) : bits != std::bit_cast<BitsOf<F>>(e)) return false;
    }
    return true;
}

bool is_same(const Parsed& row, const Operands& in, V128 got, V128 expected) {
    static const std::set<std::string_view> exact = {"abs", "neg", "pmin", "pmax", "eq", "ne", "lt", "gt", "le", "ge", "splat"};
    if (!row.shape.is_float || exact.contains(row.op)) return got == expected;
    bool any_quiet_nan = has_odd_nan<f32>(in) || has_odd_nan<f64>(in);
    return row.shape.width == 32 ? same_reals<f32>(got, expected, any_quiet_nan) : same_reals<f64>(got, expected, any_quiet_nan);
}

// ---- calling a row: V128 operands in order, numbers from the shift count or, for splats, the first vector's bits

template <class T>
T operand(const Operands& in, std::size_t& next, bool is_splat) {
    if constexpr (std::same_as<T, V128>) return in.vectors[next++];
    else if constexpr (std::same_as<T, u32>) return is_splat ? u32(in.vectors[0].lo) : in.count;
    else return std::bit_cast<T>(BitsOf<T>(in.vectors[0].lo));
}

template <class R, class... A>
V128 call(R (*f)(A...), const Operands& in, bool is_splat) {
    std::size_t next = 0;
    std::tuple<A...> operands{operand<A>(in, next, is_splat)...};
    R result = std::apply(f, operands);
    if constexpr (std::same_as<R, V128>) return result;
    else return {result, 0};
}

template <class R, class... A>
void check_row(std::string_view name, R (*f)(A...)) {
    if constexpr (std::same_as<R, V128> || (std::same_as<A, V128> || ...)) {
        Oracle oracle = oracle_of(name);
        ASSERT_TRUE(oracle) << name << " has no slow version";
        Parsed row = parsed(name);
        Inputs inputs;
        for (int i = 0; i < 1500; ++i) {
            Operands in = inputs.operands();
            V128 got = call(f, in, row.op == "splat"), expected = oracle(in).v128();
            ASSERT_TRUE(is_same(row, in, got, expected))
                << name << "\n  of " << testing::PrintToString(in.vectors) << ' ' << in.count << "\n  gave     " << testing::PrintToString(got) << "\n  expected "
                << testing::PrintToString(expected);
        }
    }
}

TEST(Simd, every_row_matches_its_slow_version) {
#define PURE(name, code, text, signature, ...) check_row(#name, __VA_ARGS__);
#include "opcodes.def"
}

// ---- lanes, shuffles, loads

template <class T>
u64 as_bits(T x) { return std::bit_cast<BitsOf<T>>(x); }

template <class R>
void check_lane(std::string_view name, u32 lanes, R (*extract)(u32, V128)) {
    Inputs inputs;
    for (int i = 0; i < 200; ++i) {
        V128 v = inputs.vector();
        for (u32 lane = 0; lane < lanes; ++lane) {
            i128 expected = Bytes::of(v).integer(128 / lanes, lane, name.ends_with("_s"));
            EXPECT_EQ(as_bits(extract(lane, v)), u64(BitsOf<R>(expected))) << name << ' ' << lane;
        }
    }
}
template <class X>
void check_lane(std::string_view name, u32 lanes, V128 (*replace)(u32, V128, X)) {
    Inputs inputs;
    for (int i = 0; i < 200; ++i) {
        V128 v = inputs.vector();
        u64 x = inputs.number();
        for (u32 lane = 0; lane < lanes; ++lane) {
            Bytes expected = Bytes::of(v);
            expected.set(128 / lanes, lane, x);
            EXPECT_EQ(replace(lane, v, std::bit_cast<X>(BitsOf<X>(x))), expected.v128()) << name << ' ' << lane;
        }
    }
}
TEST(Simd, every_lane_is_extracted_and_replaced_alone) {
#define LANE(name, code, text, lanes, signature, ...) check_lane(#name, lanes, __VA_ARGS__);
#include "opcodes.def"
}

TEST(Simd, extracting_from_a_lane_keeps_a_signalling_nan) {
    V128 v = {0x7fa0000100000000, 0x7ff4000000000001};
    EXPECT_EQ(as_bits(extract_lane<f32>(1, v)), 0x7fa00001u);
    EXPECT_EQ(as_bits(extract_lane<f64>(1, v)), 0x7ff4000000000001u);
    EXPECT_EQ(replace_lane<f32>(1, {}, extract_lane<f32>(1, v)), (V128{v.lo, 0}));
}

TEST(Simd, shuffle_picks_from_both_vectors) {
    Inputs inputs;
    for (int i = 0; i < 2000; ++i) {
        V128 a = inputs.vector(), b = inputs.vector();
        Bytes index = Bytes::of({inputs.number(), inputs.number()}), expected;
        for (std::size_t k = 0; k < 16; ++k) {
            index.b[k] %= 32;
            expected.b[k] = index.b[k] < 16 ? Bytes::of(a).b[index.b[k]] : Bytes::of(b).b[index.b[k] - 16u];
        }
        EXPECT_EQ(shuffle(a, b, picks(index.v128())), expected.v128());
    }
}

TEST(Simd, permute_picks_from_one_vector) {
    Inputs inputs;
    for (int i = 0; i < 500; ++i) {
        V128 a = inputs.vector();
        Bytes index = Bytes::of({inputs.number(), inputs.number()}), expected;
        for (std::size_t k = 0; k < 16; ++k) expected.b[k] = Bytes::of(a).b[index.b[k] %= 16];
        EXPECT_EQ(permute(a, picks(index.v128())), expected.v128());
    }
}

TEST(Simd, swizzle_gives_zero_for_every_index_out_of_range) {
    V128 ones = {~u64(0), ~u64(0)};
    for (u32 index = 0; index < 256; ++index) EXPECT_EQ(swizzle(ones, splat<u8>(index)), (index < 16 ? ones : V128{})) << index;
}

// "v128_load8x8_s", "v128_load16_splat", "v128_load32_zero", "v128_load"
V128 slow_load(std::string_view name, u32 bytes, const u8* memory) {
    Bytes in, r;
    std::memcpy(in.b.data(), memory, bytes);
    if (name.ends_with("_splat"))
        for (u32 i = 0; i < 16 / bytes; ++i) r.set(8 * bytes, i, in.integer(8 * bytes, 0, false));
    else if (name.find('x') != std::string_view::npos) {
        u32 width = name.contains("8x8") ? 8 : name.contains("16x4") ? 16 : 32;
        for (u32 i = 0; i < 64 / width; ++i) r.set(2 * width, i, in.integer(width, i, name.ends_with("_s")));
    } else r = in;
    return r.v128();
}
TEST(Simd, loads_extend_splat_and_zero_at_any_alignment) {
    Inputs inputs;
    std::array<u8, 40> memory;
    for (u8& byte : memory) byte = u8(inputs.number());
    for (u32 offset = 0; offset < 24; ++offset) {
#define VLOAD(name, code, text, bytes, ...) EXPECT_EQ((__VA_ARGS__(memory.data() + offset)), slow_load(#name, bytes, memory.data() + offset)) << #name;
#include "opcodes.def"
    }
}

// ---- results written down by hand

template <class T>
V128 all(T x) { return pack(filled(x)); }

TEST(Simd, saturation_and_rounding_at_the_limits) {
    EXPECT_EQ(q15mulr_sat(all<i16>(-32768), all<i16>(-32768)), all<i16>(32767));
    EXPECT_EQ(dot_i16x8(all<i16>(-32768), all<i16>(-32768)), all<u32>(0x80000000));
    EXPECT_EQ(dot_i8x16(all<i8>(-128), all<i8>(-128)), all<i16>(32767));
    EXPECT_EQ(v_abs<i8>(all<i8>(-128)), all<i8>(-128));
    EXPECT_EQ(avgr<u8>(all<u8>(255), all<u8>(254)), all<u8>(255));
    EXPECT_EQ((narrow<u8, i16>(all<i16>(-1), all<i16>(256))), (V128{0, ~u64(0)}));
    EXPECT_EQ(v_shl<u8>(all<u8>(1), 9), all<u8>(2));
    EXPECT_EQ(v_trunc_sat<u32>(all<f32>(4294967296.0f)), all<u32>(0xffffffff));
    EXPECT_EQ(v_trunc_sat<i32>(all<f32>(std::numeric_limits<f32>::quiet_NaN())), V128{});
    EXPECT_EQ(v_trunc_sat_zero<i32>(all<f64>(-1e300)), (V128{0x8000000080000000, 0}));
}

TEST(Simd, multiply_add_rounds_twice) {
    EXPECT_EQ(relaxed_madd<f32>(all(0x1.000004p0f), all(0x1.0002p0f), all(-0x1.000204p0f)), V128{});
    EXPECT_EQ(relaxed_nmadd<f64>(all(-std::numeric_limits<f64>::max()), all(2.0), all(0.0)), all(std::numeric_limits<f64>::infinity()));
}

TEST(Simd, zeros_are_ordered_in_min_and_max) {
    EXPECT_EQ(v_min<f64>(all(0.0), all(-0.0)), all(-0.0));
    EXPECT_EQ(v_max<f32>(all(-0.0f), all(0.0f)), all(0.0f));
    EXPECT_EQ(pmin<f64>(all(0.0), all(-0.0)), all(0.0));
    EXPECT_EQ(pmax<f32>(all(-0.0f), all(0.0f)), all(-0.0f));
}

}  // namespace
}  // namespace heddle
