#include "text/number.hpp"

#include <bit>
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

namespace heddle::text {
namespace {

TEST(Number, integers_have_the_range_of_signed_and_unsigned_together) {
    EXPECT_EQ(parse_integer("4294967295", 32), 0xffffffffu);
    EXPECT_EQ(parse_integer("-2147483648", 32), 0x80000000u);
    EXPECT_EQ(parse_integer("+0x7fff_ffff", 32), 0x7fffffffu);
    EXPECT_FALSE(parse_integer("4294967296", 32));
    EXPECT_FALSE(parse_integer("-2147483649", 32));
    EXPECT_EQ(parse_integer("0xffffffffffffffff", 64), ~u64(0));
    EXPECT_EQ(parse_integer("-9223372036854775808", 64), u64(1) << 63);
    EXPECT_FALSE(parse_integer("18446744073709551616", 64));
    EXPECT_FALSE(parse_integer("-9223372036854775809", 64));
    EXPECT_EQ(parse_integer("-1", 8), 0xffu);
    EXPECT_FALSE(parse_integer("256", 8));
    EXPECT_FALSE(parse_unsigned("256", 8));
}

struct FloatCase {
    const char* text;
    u32 f32;
    u64 f64;
};

TEST(Number, floats_round_to_nearest_even) {
    const FloatCase cases[] = {
        {"0", 0, 0},
        {"-0.0", 0x80000000, 0x8000000000000000},
        {"1.5", 0x3fc00000, 0x3ff8000000000000},
        {"0x1.8p0", 0x3fc00000, 0x3ff8000000000000},
        {"1e1", 0x41200000, 0x4024000000000000},
        {"1.E+1", 0x41200000, 0x4024000000000000},
        {"1_0.2_5", 0x41240000, 0x4024800000000000},
        {"inf", 0x7f800000, 0x7ff0000000000000},
        {"-inf", 0xff800000, 0xfff0000000000000},
        {"nan", 0x7fc00000, 0x7ff8000000000000},
        {"-nan:0x1", 0xff800001, 0xfff0000000000001},
        {"0x1p-149", 1, 0x36a0000000000000},
        {"0x1p-150", 0, 0x3690000000000000},                     // halfway to zero: to even
        {"0x1.000002p-150", 1, 0x3690000020000000},
        {"0x1.fffffep127", 0x7f7fffff, 0x47efffffe0000000},
        {"0x1.0000010p0", 0x3f800000, 0x3ff0000010000000},       // a tie stays even
        {"0x1.00000100000000000001p0", 0x3f800001, 0x3ff0000010000000},
        {"0x1.0000030p0", 0x3f800002, 0x3ff0000030000000},
        {"16777217", 0x4b800000, 0x4170000010000000},
        {"340282356779733623858607532500980858880", 0x7f7fffff, 0x47efffffefffffff},
        {"1e-400", 0, 0},
        {"0x1p-2000", 0, 0},
        {"0e999999999999999999999", 0, 0},
        {"0x0p999999999999999999999", 0, 0},
    };
    for (const FloatCase& c : cases) {
        EXPECT_EQ(parse_f32(c.text), c.f32) << c.text;
        EXPECT_EQ(parse_f64(c.text), c.f64) << c.text;
    }
    EXPECT_EQ(parse_f64("4.9e-324"), 1u);
    EXPECT_EQ(parse_f64("2.47e-324"), 0u);
    EXPECT_EQ(parse_f64("0x0.0000000000001p-1022"), 1u);
}

TEST(Number, floats_that_overflow_are_out_of_range) {
    for (const char* text : {"0x1p128", "0x1.ffffffp127", "340282356779733661637539395458142568448", "1e39", "0x1p99999999999999999999", "1e99999999999999999999"}) EXPECT_FALSE(parse_f32(text)) << text;
    for (const char* text : {"0x1p1024", "1e309", "-1e309", "0x1.fffffffffffff8p1023"}) EXPECT_FALSE(parse_f64(text)) << text;
}

TEST(Number, a_nan_payload_fits_and_is_not_zero) {
    EXPECT_EQ(parse_f32("nan:0x7f_ffff"), 0x7fffffffu);
    EXPECT_FALSE(parse_f32("nan:0x80_0000"));
    EXPECT_FALSE(parse_f32("nan:0x0"));
    EXPECT_FALSE(parse_f64("nan:0x10000000000000"));
}

TEST(Number, printed_floats_read_back_as_the_same_bits) {
    std::mt19937_64 random(7);
    auto check = [](u64 bits) {
        EXPECT_EQ(parse_f64(print_f64(bits)), bits) << print_f64(bits);
        EXPECT_EQ(parse_f32(print_f32(u32(bits))), u32(bits)) << print_f32(u32(bits));
    };
    for (u64 edge : {u64(0), u64(1), u64(0x8000000000000000), u64(0x80000000), u64(0x7ff0000000000000), u64(0x7f800000), u64(0xfff8000000000000), u64(0xffc00000),
                     u64(0x7ff0000000000001), u64(0x7f800001), u64(0x000fffffffffffff), u64(0x007fffff), u64(0x7fefffffffffffff), u64(0x7f7fffff)})
        check(edge);
    for (int i = 0; i < 20'000; ++i) check(random());
    EXPECT_EQ(print_f64(std::bit_cast<u64>(0.1)), "0.1");
    EXPECT_EQ(print_f32(0x7f800001), "nan:0x1");
    EXPECT_EQ(print_f32(0xffc00000), "-nan");
}

// The C library as oracle.
TEST(Number, hex_floats_agree_with_strtod) {
    std::mt19937_64 random(11);
    for (int i = 0; i < 20'000; ++i) {
        char text[64];
        std::snprintf(text, sizeof text, "0x%llx.%llxp%d", static_cast<unsigned long long>(random() >> random() % 64), static_cast<unsigned long long>(random()), int(random() % 2300) - 1200);
        u64 expected = std::bit_cast<u64>(std::strtod(text, nullptr));
        auto got = parse_f64(text);
        if (expected == 0x7ff0000000000000) EXPECT_FALSE(got) << text;
        else EXPECT_EQ(got, expected) << text;
        u32 expected32 = std::bit_cast<u32>(std::strtof(text, nullptr));
        auto got32 = parse_f32(text);
        if (expected32 == 0x7f800000) EXPECT_FALSE(got32) << text;
        else EXPECT_EQ(got32, expected32) << text;
    }
}

}  // namespace
}  // namespace heddle::text
