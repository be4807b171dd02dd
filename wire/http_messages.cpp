// HTTP messages as JSON, both ways.
#include "http_messages.hpp"

#include <nlohmann/json.hpp>

#include "values.hpp"

namespace heddle::wire {

namespace {

void write_body(Json& to, const std::string& body) {
    if (!scan_json(json_string(body)) && parse_scanned(json_string(body)) == body) to["body"] = body;
    else to["bodyBase64"] = base64({reinterpret_cast<const u8*>(body.data()), body.size()});
}

Json headers_json(const http::Fields& fields) {
    Json all = Json::array();
    for (const auto& f : fields) all.push_back({f.name, f.value});
    return all;
}

std::string text_or(const Json& json, const char* key, std::string otherwise) {
    auto i = json.find(key);
    return i != json.end() && i->is_string() ? i->get<std::string>() : otherwise;
}

}  // namespace

std::expected<http::Fields, std::string> read_headers(const Json& json) {
    http::Fields fields;
    auto all = json.find("headers");
    if (all == json.end() || all->is_null()) return fields;
    auto add = [&](const Json& name, const Json& value) {
        if (!name.is_string() || !value.is_string() || !http::is_token(name.get<std::string>()) || !http::is_field_value(value.get<std::string>())) return false;
        fields.push_back({name.get<std::string>(), value.get<std::string>()});
        return true;
    };
    if (all->is_object()) {
        for (const auto& [name, value] : all->items())
            if (!add(name, value)) return std::unexpected("the header `" + name.substr(0, 100) + "` is none");
        return fields;
    }
    for (const Json& each : *all)
        if (!each.is_array() || each.size() != 2 || !add(each[0], each[1])) return std::unexpected("a header is a pair [name, value] of strings, there is " + excerpt(each));
    return fields;
}

std::expected<std::string, std::string> read_body(const Json& json) {
    auto coded = json.find("bodyBase64");
    if (coded == json.end()) return text_or(json, "body", "");
    auto bytes = coded->is_string() ? from_base64(coded->get<std::string>()) : std::nullopt;
    if (!bytes) return std::unexpected("`bodyBase64` is no base64 text");
    return std::string(bytes->begin(), bytes->end());
}

std::expected<HttpMessage, std::string> read_request(const Json& json) {
    if (!json.is_object()) return std::unexpected("a request is an object {\"method\", \"path\", \"headers\", \"body\"}, there is " + excerpt(json));
    HttpMessage m;
    auto fields = read_headers(json);
    if (!fields) return std::unexpected(fields.error());
    auto body = read_body(json);
    if (!body) return std::unexpected(body.error());
    m.request.method = text_or(json, "method", "GET");
    m.request.path = text_or(json, "path", "/");
    m.request.authority = text_or(json, "authority", "localhost");
    m.request.fields = std::move(*fields);
    m.body = std::move(*body);
    if (!http::is_token(m.request.method)) return std::unexpected("`method` is no HTTP method");
    return m;
}

Json request_json(const http::Request& r, const std::string& body) {
    Json json{{"method", r.method}, {"path", r.path}, {"authority", r.authority}, {"headers", headers_json(r.fields)}};
    write_body(json, body);
    return json;
}

Json response_json(const http::Response& r) {
    Json json{{"status", r.status}, {"headers", headers_json(r.fields)}};
    write_body(json, r.body);
    return json;
}

std::expected<http::Response, std::string> read_response(const Json& json) {
    if (!json.is_object() || !json.contains("status") || !json["status"].is_number_integer()) return std::unexpected("a response is an object {\"status\", \"headers\", \"body\"}");
    auto fields = read_headers(json);
    if (!fields) return std::unexpected(fields.error());
    auto body = read_body(json);
    if (!body) return std::unexpected(body.error());
    i64 status = json["status"].get<i64>();
    if (status < 200 || status > 599) return std::unexpected("the status " + std::to_string(status) + " is none of a response");
    return http::Response{u16(status), std::move(*fields), std::move(*body)};
}

}  // namespace heddle::wire
