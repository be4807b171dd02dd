// Numbers of the text format to bits and back, exactly. https://webassembly.github.io/spec/core/text/values.html
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <heddle/types.hpp>

namespace heddle::text {

// An unsigned literal (decimal or 0x…, underscores between digits) as lex classified it; nothing when it needs more than `bits` bits.
std::optional<u64> parse_unsigned(std::string_view s, unsigned bits = 64);

// A literal in the range of either the signed or the unsigned integers of `bits` bits, as two's complement cut to `bits`.
std::optional<u64> parse_integer(std::string_view s, unsigned bits);

// Any number literal as IEEE bits, rounded to nearest even. Nothing when it overflows, or a NaN's payload does not fit.
std::optional<u32> parse_f32(std::string_view s);
std::optional<u64> parse_f64(std::string_view s);

// The shortest text that reads back as the same bits.
std::string print_f32(u32 bits);
std::string print_f64(u64 bits);

}  // namespace heddle::text
