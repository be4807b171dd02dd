// Calls of typed functions as messages and back: what the public functions, served imports and kind `messages` share.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include <heddle/messages.hpp>

#include "json.hpp"

namespace heddle::wire {

// The contract with what it leaves out.
Contract completed(Contract c);
// "KeyValue.Increment"
std::string method_name(const Contract& c, std::string_view function);
// Whether "demo:app/store" or "demo:app/store@1.0.0" names an import or export.
bool names(std::string_view wanted, std::string_view extern_name);

// The functions of an interface among imports or exports. Throws Error (kind unlinkable): there is none, or one that JSON has no form for.
const component::ExternInfo& find_contract(const std::vector<component::ExternInfo>& all, const Contract& c, const char* imports_or_exports);

// A method, and the export that it calls.
struct Method {
    std::string path;
    component::FunctionType type;
};
class Methods {
public:
    // Throws Error (kind unlinkable).
    Methods(const std::vector<component::ExternInfo>& exports, const Contract& contract);
    // Null: there is none of that name.
    const Method* find(std::string_view name) const;
    RpcError not_handled(std::string_view name) const;

private:
    void add(const component::ExternInfo& interface, const Contract& contract);
    std::map<std::string, Method, std::less<>> by_name_;
};

using component::Val;
// The errors are what is wrong, in words.
std::expected<std::string, std::string> argument_text(std::span<const Val> args, const component::FunctionType& type, const JsonStyle& style);
std::expected<std::vector<Val>, std::string> read_argument(std::string_view arg, const component::FunctionType& type, const JsonLimits& limits = {});
// What a call gave, as the answer to its message.
Answer answer_of(const std::optional<Val>& result, const component::FunctionType& type, const JsonStyle& style);
// The answer to a message, as what the call gives; or a trap's words.
std::expected<std::optional<Val>, std::string> result_of(const Answer& answer, const component::FunctionType& type);

// What a call gives that failed as a host call: the error that its guest said where it is one of the function's, else the case that the outcome has
// in outcomes.def; or a trap's words.
std::expected<std::optional<Val>, std::string> failed_call(const std::string& hostcall_error, const component::FunctionType& type);

// An error as a value of a function's own error type. `kinds`: cases of rpc-error, the best first, "deadline-exceeded timeout". Nothing: it cannot say it.
std::optional<Val> error_value(const component::ValueType& type, std::string_view kinds, const std::string& message);

}  // namespace heddle::wire
