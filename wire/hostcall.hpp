// Host calls: what guests may ask of their host. Denial and failure are values, never traps.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "scope.hpp"

namespace heddle::wire {

// JSON text, or the text of an error object {"message", "code", "cause"?}.
using HostAnswer = std::expected<std::string, std::string>;
// The answer, or how to come by it when somebody must be waited for.
std::variant<HostAnswer, Task<HostAnswer>> begin_hostcall(CallScope& scope, std::string_view op, std::string_view json);

// As host call `call`, with resources beside the JSON.
std::variant<HostAnswer, Task<HostAnswer>> begin_call(CallScope& scope, std::string op, std::string in, std::shared_ptr<Passed> passed);

// Random bytes of the system.
void fill_random(std::span<u8> bytes);

// Whether a list of grants names something: itself, or "*".
bool granted(const std::vector<std::string>& list, std::string_view name);

}  // namespace heddle::wire
