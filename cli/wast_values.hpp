// Component values as scripts write them: (record.const (field "x" u32.const 1) (field "y" str.const "z")).
#pragma once
#include <span>
#include <string>
#include <vector>

#include <heddle/component_values.hpp>
#include <heddle/error.hpp>
#include <heddle/text.hpp>

namespace heddle::cli {

// Errors: syntax, or usage for a value of another type.
Result<component::Val> parse_script_value(const std::string& text, const component::ValueType& type);

// Errors: usage, also for a wrong number of arguments.
Result<std::vector<component::Val>> script_arguments(std::span<const text::Argument> arguments, const component::FunctionType& type);

// Empty when the result is what the script expects, else why it is not.
std::string compare_result(std::span<const text::Expected> expected, const std::optional<component::Val>& result, const component::FunctionType& type);

std::string describe_result(const std::optional<component::Val>& result, const component::FunctionType& type);

}  // namespace heddle::cli
