#include "http/client_request.hpp"

namespace heddle::http {

namespace {

std::optional<std::chrono::nanoseconds> duration(const std::optional<u64>& n) {
    constexpr u64 most = u64(1) << 62;
    return n ? std::optional(std::chrono::nanoseconds(i64(std::min(*n, most)))) : std::nullopt;
}

}  // namespace

std::expected<ClientRequest, ErrorCode> client_request(const RequestParts& parts, bool has_body, const wasi::RequestOptions* options) {
    ClientRequest c;
    auto to = parse_destination(parts.scheme.value_or("https"), parts.authority.value_or(""));
    if (!to) return std::unexpected(ErrorCode{.what = ErrorCode::http_request_uri_invalid});
    c.to = *to;
    c.authority = *parts.authority;
    c.method = parts.method;
    c.path = parts.path.value_or("/");
    if (c.path.starts_with('?')) c.path.insert(0, "/");
    c.fields = parts.headers->all();
    c.has_body = has_body;
    c.content_length = wasi::content_length(c.fields);
    if (options) {
        c.connect = duration(options->connect);
        c.first_byte = duration(options->first_byte);
        c.between_bytes = duration(options->between_bytes);
    }
    return c;
}

}  // namespace heddle::http
