// WAVE: component values as text, read and written against their types; and calls as they are written on a command line.
//
//     auto v = heddle::wave::parse("{a: 1, b: \"x\"}", type);                          // Result<component::Val>
//     std::string text = heddle::wave::print(*v, type);
//     auto call = heddle::wave::parse_call("ns:pkg/iface@1.0.0.f({a: 1}, \"x\")");     // Result<Call>: which function
//     auto args = heddle::wave::parse_arguments(*call, function_type);                  // Result<std::vector<Val>>
//
// https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <heddle/component_values.hpp>
#include <heddle/error.hpp>

namespace heddle::wave {

// One value. Errors: kind syntax, with the offset in the text and what was expected there.
// Maps, of which WAVE does not speak, are written as {key: value, …} or as lists of pairs. Handles have no text.
Result<component::Val> parse(std::string_view text, const component::ValueType& type);

// The text parse() reads as the same value. Options inside records are left out when they are `none`. A handle is printed as "<own>".
// The value must have the type (component::matches).
std::string print(const component::Val& value, const component::ValueType& type);

struct Call {
    std::string interface;      // "ns:pkg/iface@1.0.0", or empty
    std::string function;       // "f", "[method]counter.next"
    std::string text;           // the whole, for the arguments
    std::size_t arguments = 0;  // where in `text` the opening parenthesis is; npos: there is none, which means no arguments
};

// `f(…)`, `iface.f(…)`, `ns:pkg/iface@1.0.0.f(…)`. The arguments are read later, when the types are known.
Result<Call> parse_call(std::string_view text);

// Options that are `none` may be left out at the end.
Result<std::vector<component::Val>> parse_arguments(const Call& call, const component::FunctionType& type);

// The name of a function as a call names it: the inverse of parse_call.
std::string call_name(std::string_view interface, std::string_view function);

}  // namespace heddle::wave
