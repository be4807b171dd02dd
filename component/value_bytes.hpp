// Constants of the value section -> values.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#-value-definitions
#pragma once
#include <span>

#include <heddle/component_values.hpp>

namespace heddle::component {

// All of `bytes` as one value. Throws Error (malformed), with the offset into `bytes`.
Val read_value(std::span<const u8> bytes, const ValueType& type);

}  // namespace heddle::component
