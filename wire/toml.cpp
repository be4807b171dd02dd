// TOML as a JSON tree, so that one reader serves both forms of the app file.
#include <cmath>

#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include <heddle/error.hpp>

#include "manifest.hpp"

namespace heddle::wire {

namespace {

[[noreturn]] void fail(const toml::source_region& at, std::string_view message) {
    throw Error{Error::Kind::syntax, std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": " + std::string(message)};
}

Json to_json(const toml::node& node, int depth = 0) {
    constexpr int deepest = 128;
    if (depth > deepest) fail(node.source(), "nested too deeply: the limit is 128");
    Json json;
    node.visit([&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, toml::table>) {
            json = Json::object();
            for (const auto& [key, value] : v) json[std::string(key.str())] = to_json(value, depth + 1);
        } else if constexpr (std::is_same_v<T, toml::array>) {
            json = Json::array();
            for (const toml::node& each : v) json.push_back(to_json(each, depth + 1));
        } else if constexpr (toml::is_string<T> || toml::is_boolean<T> || toml::is_integer<T>) json = v.get();
        else if constexpr (toml::is_floating_point<T>) {
            if (!std::isfinite(v.get())) fail(node.source(), "numbers must be finite");
            json = v.get();
        } else fail(node.source(), "dates are written as strings here");
    });
    return json;
}

}  // namespace

Json manifest_tree(std::string_view text) {
    std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first != text.npos && text[first] == '{') {
        if (auto fault = scan_json(text)) throw Error{Error::Kind::syntax, fault->message};
        return parse_scanned(text);
    }
    try {
        return to_json(toml::parse(text));
    } catch (const toml::parse_error& e) {
        fail(e.source(), e.description());
    }
}

}  // namespace heddle::wire
