// HTTP messages as JSON: what kind `http` is called with and gives, and what `http.fetch` takes and gives.
#pragma once
#include <expected>
#include <string>

#include <heddle/http.hpp>

#include "json.hpp"

namespace heddle::wire {

struct HttpMessage {
    http::Request request;
    std::string body;
};
// {"method"?, "path"?, "headers"?: [[name, value], …] or {name: value}, "body"? or "bodyBase64"?}. Errors: what is wrong.
std::expected<HttpMessage, std::string> read_request(const Json& json);
Json request_json(const http::Request& request, const std::string& body);
// {"status", "headers", "body"}; "bodyBase64" when the body is not UTF-8.
Json response_json(const http::Response& response);
std::expected<http::Response, std::string> read_response(const Json& json);
std::expected<http::Fields, std::string> read_headers(const Json& json);
// "body" as text, or "bodyBase64".
std::expected<std::string, std::string> read_body(const Json& json);

}  // namespace heddle::wire
