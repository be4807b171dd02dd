// Strings as literals of the text format.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include <heddle/types.hpp>

namespace heddle::component {

// With the quotes; bytes that are not printable ASCII are escaped unless the whole is UTF-8.
std::string quoted(std::string_view s);
std::string quoted(std::span<const u8> bytes);

}  // namespace heddle::component
