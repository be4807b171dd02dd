// Host calls: what guests may ask of their host. Denial and failure are values, never traps.
#pragma once
#include <expected>
#include <optional>
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

// The words of host call `call`; `in` is JSON text.
std::string call_question(std::string_view op, std::string_view in);

// The host calls of the key-value store, which a component may provide in the built-in one's place.
struct KvCall {
    std::string_view name;
    const char* output;                   // JSON Schema
};
inline constexpr KvCall kv_calls[] = {
    {"kv.get", "true"}, {"kv.list", R"({"type":"array","items":{"type":"string"}})"}, {"kv.set", R"({"type":"null"})"}, {"kv.delete", R"({"type":"boolean"})"},
    {"kv.increment", R"({"type":"integer"})"}, {"kv.cas", R"({"type":"boolean"})"},
};
// Why a component cannot provide a host call of that name (one of `kv_calls` it can).
std::optional<std::string> wrong_provided(std::string_view name);

// Random bytes of the system.
void fill_random(std::span<u8> bytes);

// Whether a list of grants names something: itself, or "*".
bool granted(const std::vector<std::string>& list, std::string_view name);
// Whether running instances of the materializer may be reached by identity: here by its name, in other processes also by "nats:NAME".
bool may_reach(const Grants& grants, const std::string& op);

}  // namespace heddle::wire
