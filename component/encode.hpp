// Model to bytes: the inverse of decode. Consecutive definitions of one kind share a section.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
#pragma once
#include "model.hpp"

namespace heddle::component {

// Nested components are written from their definitions; the spans in Component::bytes are not read.
std::vector<u8> encode(const Component& component);

}  // namespace heddle::component
