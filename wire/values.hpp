// JSON ⇄ component values, by a component type alone (kind `reflected`).
#pragma once
#include <expected>
#include <string>

#include <heddle/messages.hpp>

#include "json.hpp"

namespace heddle::wire {

// What is wrong begins with the path: "<value>.point.x: expected an s32, there is \"a\"".
std::expected<component::Val, std::string> to_value(const Json& json, const component::ValueType& type, const std::string& path = "<value>");
// JSON text, fields in the order of their type. Handles have none, and numbers must be finite.
std::expected<std::string, std::string> to_text(const component::Val& value, const component::ValueType& type, const JsonStyle& style = {});

// Which part of a type JSON cannot say: "parameter file.body: a value of type stream<u8> has no form in JSON".
std::optional<std::string> without_json(const component::ValueType& type, const std::string& path);
std::optional<std::string> without_json(const component::FunctionType& type);

// What a function takes, as a record.
component::ValueType parameters(const component::FunctionType& type);
// What a function gives for the JSON of a call that went well: a result<T, E> is `ok` of it, a function without a result nothing.
std::expected<std::optional<component::Val>, std::string> to_result(const Json& json, const component::FunctionType& type);

// "user-name" as JSON is used to see it: "userName" and "user_name" name the same field.
std::string plain_name(std::string_view name);
// "user-name" as a key: user-name, user_name or userName.
std::string key_name(std::string_view name, JsonStyle::Keys keys);
std::string base64(std::span<const u8> bytes);
std::optional<std::vector<u8>> from_base64(std::string_view text);

}  // namespace heddle::wire
