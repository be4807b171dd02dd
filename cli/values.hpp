// Values as text: arguments and results of `--invoke 'f(1, 2.5)'`. What is printed can be read again.
//
//   i32 i64     5  -1  0x1f  1_000
//   f32 f64     1.5  0x1.8p+1  inf  -inf  nan  nan:0x200000
//   v128        i32x4 1 2 3 4   (any shape of v128.const)
//   references  ref.null   ref.extern 7
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/engine.hpp>

namespace heddle::cli {

struct CallText {
    std::string function;
    std::vector<std::string> arguments;
};

// "f", "f(1, 2)", "\"odd name\"(1)".
std::expected<CallText, std::string> parse_call(std::string_view text);

// One argument as a value of `type`.
std::expected<Value, std::string> parse_value(std::string_view text, ValType type, Store& store);

// A number or vector as `--invoke` prints and reads it.
std::string format_number(ValType type, V128 bits);
// Also references; host values show their number.
std::string format_value(const Value& value, const Store& store);

// "(i32, f64) -> (i64)"
std::string format_signature(const FuncType& type);

}  // namespace heddle::cli
