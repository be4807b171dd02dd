// Types of component functions as JSON, for processes that tell each other what they have.
//
//     "u32"   {"list": T}   {"list": T, "length": 4}   {"option": T}   {"result": [T or null, T or null]}   {"tuple": [T, …]}   {"map": [K, V]}
//     {"record": [["name", T], …]}   {"variant": [["name", T or null], …]}   {"enum": ["name", …]}   {"flags": ["name", …]}
//     {"own": 1}   {"borrow": 1}   {"stream": T or null}   {"future": T or null}
//     a function: {"params": [["name", T], …], "result": T, "async": true}
#pragma once
#include <expected>
#include <string>

#include <heddle/component_values.hpp>

#include "json.hpp"

namespace heddle::wire {

Json type_json(const component::ValueType& t);
Json type_json(const component::FunctionType& t);
// What is wrong: "a type of flags has 1 to 32 labels, there are 33". Types are at most 64 deep.
std::expected<component::ValueType, std::string> value_type_of(const Json& json);
std::expected<component::FunctionType, std::string> function_type_of(const Json& json);

}  // namespace heddle::wire
