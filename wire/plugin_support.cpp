// JSON of untyped calls of plug-ins: arguments as a list, by the rules of kind `reflected`; and WASI that grants nothing.
#include <heddle/plugin_support.hpp>

#include <algorithm>

#include <nlohmann/json.hpp>

#include <heddle/wasi.hpp>

#include "values.hpp"

namespace heddle::wire {

using component::FunctionType;
using component::Val;

namespace {

Error wrong(std::string why) { return {Error::Kind::usage, std::move(why), Error::no_offset}; }

Result<std::vector<Val>> arguments(const std::string& text, const FunctionType& type) {
    if (auto fault = scan_json(text)) return std::unexpected(wrong(fault->message));
    Json list = parse_scanned(text);
    if (!list.is_array() || list.size() != type.params.size())
        return std::unexpected(wrong("expected a list of " + std::to_string(type.params.size()) + " arguments of " + to_string(type) + ", there is " + excerpt(list)));
    std::vector<Val> values;
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto value = to_value(list[i], type.params[i].type, type.params[i].name);
        if (!value) return std::unexpected(wrong(value.error()));
        values.push_back(std::move(*value));
    }
    return values;
}

Result<std::string> result(const std::optional<Val>& value, const FunctionType& type) {
    if (!value) return "null";
    auto json = to_text(*value, *type.result);
    if (!json) return std::unexpected(wrong(json.error()));
    return std::move(*json);
}

}  // namespace

component::plugins::Json plugin_json() { return {arguments, result}; }

component::plugins::Imports nothing_granted() {
    return [](ComponentLinker& linker, const Component& plugin) -> Result<component::plugins::Served> {
        if (std::ranges::none_of(plugin.imports(), [](const component::ExternInfo& i) { return i.name.starts_with("wasi:"); })) return component::plugins::Served{};
        auto context = std::make_shared<wasi::Context>();
        if (auto added = wasi::add(linker, *context); !added) return std::unexpected(added.error());
        return component::plugins::Served{context, [context] { context->cancel(); }};
    };
}

}  // namespace heddle::wire
