// Bytes to model: the whole grammar of the component binary format, and nothing of validation.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
#pragma once
#include "model.hpp"

namespace heddle::component {

// How deep components and types may nest in each other.
inline constexpr u32 max_nesting = 100;
// How many definitions and declarators there may be in all.
inline constexpr u32 max_items = 1'000'000;

// Throws Error: malformed; limit when there are too many or nest too deep. The model points into `bytes`. Core modules are only checked for
// their preamble: loading them is the engine's work.
Component decode(std::span<const u8> bytes);

}  // namespace heddle::component
