// The WIT package heddle:plugins: what a component imports that holds plug-ins.
#pragma once
#include <string_view>

namespace heddle::component::plugins {

inline constexpr std::string_view package_version = "0.1.0";
inline constexpr std::string_view loader_name = "heddle:plugins/loader@0.1.0";
inline constexpr std::string_view values_name = "heddle:plugins/values@0.1.0";
// Behind the package's name, in the name of the package that was derived from it.
inline constexpr std::string_view derived_suffix = "-plugin";

// The package as text.
std::string_view package_text();

}  // namespace heddle::component::plugins
