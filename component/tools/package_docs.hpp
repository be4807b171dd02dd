// Documentation and feature gates of a WIT package in binary form: a custom section with JSON, since component types have no place for them.
// Other tools write and read the same: version 1 of their format; version 0, which had no gates, is read too.
#pragma once
#include <span>
#include <vector>

#include <heddle/wit.hpp>

namespace heddle::component::tools {

inline constexpr std::string_view package_docs_section = "package-docs";

// Empty: the package has neither.
std::vector<u8> package_docs(const wit::Resolve& resolve, u32 package);
// Puts them into the package. What is said about things that are not there is left out. Throws Error (malformed).
void add_package_docs(wit::Resolve& resolve, u32 package, std::span<const u8> section);

}  // namespace heddle::component::tools
