// Core types as they stand in components: in the core type section and in module types.
#pragma once
#include <heddle/bytes.hpp>

#include "model.hpp"

namespace heddle::component {

// "invalid leading byte (0x3) for alias"
[[noreturn]] void bad_leading_byte(u8 byte, const char* what, std::size_t offset);

// Reads a definition of the core type section, or of one in a module type; `depth` counts the types and components around it.
CoreType read_core_type(Reader& r, u32 depth);
CoreValType read_core_val_type(Reader& r);
std::string_view read_name(Reader& r);
// How much room to make for a vector of `count` elements, of which each takes a byte at least.
std::size_t capacity(const Reader& r, u32 count);

}  // namespace heddle::component
