// JSON from outside: checked as text before a tree of it exists; and the few ways in which the wire layer makes and reads it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <heddle/types.hpp>

namespace heddle::wire {

using Json = nlohmann::json;  // objects ordered by key, so that finding and adding one of 100,000 keys is quick

struct JsonLimits {
    std::size_t bytes = std::size_t(8) << 20;
    std::size_t string_bytes = std::size_t(4) << 20;
    std::size_t keys = 100'000;  // of all objects together
    u32 depth = 128;
};

struct JsonFault {
    std::string message;  // "1:17: two keys are called `a`"
    bool too_large = false;
};

// Whether a text is one JSON value (RFC 8259) that may become a tree: UTF-8, no key twice, no number that would change, within the limits.
std::optional<JsonFault> scan_json(std::string_view text, const JsonLimits& limits = {});

// A tree of a text that scan_json let through.
Json parse_scanned(std::string_view text);

// "text" with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
// The text of a tree. Numbers keep their 64 bits.
std::string to_text(const Json& value);
// A short form for messages: at most 60 bytes.
std::string excerpt(const Json& value);
// {"code": …, "message": …, "cause"?: …}; `cause` is JSON text.
std::string error_object(std::string_view code, std::string_view message, std::string_view cause = {});

}  // namespace heddle::wire
