// Names that nearly match, for messages about unknown ones.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::wire {

// "; did you mean `artifact`?", or the list of what is known when nothing is near: "; known are `a`, `b`".
std::string suggestion(std::string_view name, std::span<const std::string_view> known);
std::string suggestion(std::string_view name, const std::vector<std::string>& known);

}  // namespace heddle::wire
