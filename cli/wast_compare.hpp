// Results of a script's action against what the script expects.
#pragma once
#include <optional>
#include <span>
#include <string>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

namespace heddle::cli {

bool matches(const text::Expected& expected, const Value& actual, const Store& store);
bool matches(std::span<const text::Expected> expected, std::span<const Value> actual, const Store& store);

// As a script would write them: "(i32.const 5)", "(f32.const nan:canonical)". Floats show their bits, too.
std::string describe(std::span<const text::Expected> expected);
std::string describe(std::span<const Value> actual, const Store& store);
std::string describe(const text::Action& action);

// The value of a script's constant. Nothing for a component's value.
std::optional<Value> to_value(const text::Argument& argument, Store& store);

}  // namespace heddle::cli
