#include "number.hpp"

#include <bit>
#include <charconv>
#include <limits>

namespace heddle::text {
namespace {

u32 digit_value(char c) { return u32(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); }

// Takes a leading sign away.
bool take_sign(std::string_view& s) {
    bool negative = s[0] == '-';
    if (negative || s[0] == '+') s.remove_prefix(1);
    return negative;
}

// The bits of an IEEE format.
struct Format {
    int mantissa;     // stored bits
    int max_exponent; // also the bias
    u64 infinity() const { return (2 * u64(max_exponent) + 1) << mantissa; }
    u64 sign() const { return u64(1) << (mantissa == 23 ? 31 : 63); }
};
constexpr Format format32{23, 127}, format64{52, 1023};

// mantissa * 2^exponent, plus a little when `sticky`; the mantissa's top bit is set. Nothing when too large.
std::optional<u64> round_to(const Format& f, u64 mantissa, i64 exponent, bool sticky) {
    i64 top = exponent + 63;   // the exponent of the leading bit
    if (top > f.max_exponent) return std::nullopt;
    i64 least = 1 - f.max_exponent;
    bool subnormal = top < least;
    i64 precision = f.mantissa + 1 - (subnormal ? least - top : 0);
    if (precision < 0) return 0;
    unsigned shift = unsigned(64 - precision);
    u64 kept = shift == 64 ? 0 : mantissa >> shift;
    u64 rest = shift == 64 ? mantissa : mantissa << (64 - shift);
    constexpr u64 half = u64(1) << 63;
    if (rest > half || (rest == half && (sticky || (kept & 1)))) ++kept;
    // A carry out of the mantissa moves into the exponent field by itself.
    u64 bits = subnormal ? kept : (u64(top + f.max_exponent) << f.mantissa) + (kept - (u64(1) << f.mantissa));
    if (bits >= f.infinity()) return std::nullopt;
    return bits;
}

i64 parse_exponent(std::string_view s) {
    bool negative = take_sign(s);
    i64 e = 0;
    for (char c : s)
        if (c != '_' && e < i64(1) << 40) e = e * 10 + digit_value(c);
    return negative ? -e : e;
}

// `s` follows "0x".
std::optional<u64> parse_hex_float(const Format& f, std::string_view s) {
    u64 mantissa = 0;
    i64 exponent = 0;
    bool sticky = false, fraction = false;
    std::size_t p = std::min(s.find_first_of("pP"), s.size());
    for (char c : s.substr(0, p)) {
        if (c == '_') continue;
        if (c == '.') {
            fraction = true;
            continue;
        }
        u32 d = digit_value(c);
        if (mantissa >> 60) {
            sticky |= d != 0;
            exponent += fraction ? 0 : 4;
        } else {
            mantissa = mantissa << 4 | d;
            exponent -= fraction ? 4 : 0;
        }
    }
    if (mantissa == 0) return 0;
    if (p < s.size()) exponent += parse_exponent(s.substr(p + 1));
    int zeros = std::countl_zero(mantissa);
    return round_to(f, mantissa << zeros, exponent - zeros, sticky);
}

// The decimal exponent of the first non-zero digit; says on which side an unrepresentable number lies.
i64 decimal_magnitude(std::string_view s) {
    std::size_t e = std::min(s.find_first_of("eE"), s.size());
    std::string_view digits = s.substr(0, e);
    std::size_t point = std::min(digits.find('.'), digits.size()), first = digits.find_first_not_of("0.");
    i64 exponent = e < s.size() ? parse_exponent(s.substr(e + 1)) : 0;
    if (first == std::string_view::npos) return std::numeric_limits<i64>::min();
    return exponent + (first < point ? i64(point - first) : -i64(first - point - 1));
}

template <class F>
std::optional<u64> parse_decimal_float(const Format& f, std::string_view s) {
    std::string plain;
    for (std::size_t i = 0; i < s.size(); ++i)
        if (s[i] != '_') plain += s[i];
    if (std::size_t point = plain.find('.'); point != std::string::npos && (point + 1 == plain.size() || plain[point + 1] > '9')) plain.erase(point, 1);
    F value = 0;
    auto result = std::from_chars(plain.data(), plain.data() + plain.size(), value);
    if (result.ec == std::errc::result_out_of_range) {
        if (decimal_magnitude(plain) > 0) return std::nullopt;
        return 0;
    }
    u64 bits;
    if constexpr (sizeof(F) == 4) bits = std::bit_cast<u32>(value);
    else bits = std::bit_cast<u64>(value);
    if (bits >= f.infinity()) return std::nullopt;
    return bits;
}

template <class F>
std::optional<u64> parse_float(const Format& f, std::string_view s) {
    bool negative = take_sign(s);
    std::optional<u64> bits;
    if (s == "inf") {
        bits = f.infinity();
    } else if (s == "nan") {
        bits = f.infinity() | u64(1) << (f.mantissa - 1);
    } else if (s.starts_with("nan:0x")) {
        auto payload = parse_unsigned(s.substr(4), unsigned(f.mantissa));
        if (payload && *payload != 0) bits = f.infinity() | *payload;
    } else if (s.starts_with("0x")) {
        bits = parse_hex_float(f, s.substr(2));
    } else {
        bits = parse_decimal_float<F>(f, s);
    }
    if (bits && negative) *bits |= f.sign();
    return bits;
}

template <class F>
std::string print_float(const Format& f, u64 bits, F value) {
    std::string out = bits & f.sign() ? "-" : "";
    bits &= ~f.sign();
    char buffer[64];
    if (bits > f.infinity()) {
        u64 payload = bits - f.infinity();
        out += "nan";
        if (payload == u64(1) << (f.mantissa - 1)) return out;
        auto end = std::to_chars(buffer, std::end(buffer), payload, 16).ptr;
        return out + ":0x" + std::string(buffer, end);
    }
    if (bits == f.infinity()) return out + "inf";
    auto end = std::to_chars(buffer, std::end(buffer), value < 0 ? -value : value).ptr;
    std::string_view digits(buffer, end);
    return out.append(digits.starts_with('-') ? digits.substr(1) : digits);
}

}  // namespace

std::optional<u64> parse_unsigned(std::string_view s, unsigned bits) {
    u64 value = 0, base = s.starts_with("0x") ? 16 : 10;
    if (base == 16) s.remove_prefix(2);
    for (char c : s) {
        if (c == '_') continue;
        u32 d = digit_value(c);
        if (value > (~u64(0) - d) / base) return std::nullopt;
        value = value * base + d;
    }
    if (bits < 64 && value >> bits) return std::nullopt;
    return value;
}

std::optional<u64> parse_integer(std::string_view s, unsigned bits) {
    bool negative = take_sign(s);
    auto value = parse_unsigned(s, bits);
    if (!value || !negative) return value;
    if (*value > u64(1) << (bits - 1)) return std::nullopt;
    return (~*value + 1) & (bits == 64 ? ~u64(0) : (u64(1) << bits) - 1);
}

std::optional<u32> parse_f32(std::string_view s) {
    auto bits = parse_float<f32>(format32, s);
    return bits ? std::optional(u32(*bits)) : std::nullopt;
}
std::optional<u64> parse_f64(std::string_view s) { return parse_float<f64>(format64, s); }

std::string print_f32(u32 bits) { return print_float(format32, bits, std::bit_cast<f32>(bits)); }
std::string print_f64(u64 bits) { return print_float(format64, bits, std::bit_cast<f64>(bits)); }

}  // namespace heddle::text
