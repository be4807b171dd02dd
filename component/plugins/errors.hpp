// Errors of heddle:plugins as values, and their types.
#pragma once
#include <heddle/plugins.hpp>

namespace heddle::component::plugins {

const ValueType& load_error_type();
const ValueType& call_error_type();
// What goes into the `err` of a result.
Val to_val(const LoadError& e);
Val to_val(const CallError& e);

}  // namespace heddle::component::plugins
