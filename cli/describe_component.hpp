// Components described to a user: what they export, what they lack, where a call's text is wrong.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include <heddle/component.hpp>

namespace heddle::cli {

// "; it exports:" and one line per function, as --invoke names it, with its type.
std::string describe_functions(std::span<const component::ExternInfo> exports);

// Several lines that name every import nobody offers, and what can be done.
std::string describe_missing(std::span<const component::ExternInfo> missing);

// The error, and the text with a mark under the place.
std::string describe_at(std::string_view text, const Error& error);

}  // namespace heddle::cli
