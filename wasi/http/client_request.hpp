// What a guest's request is to the client, in 0.2 and 0.3.
#pragma once
#include "http/client.hpp"
#include "http/wit.hpp"

namespace heddle::http {

struct RequestParts {
    std::string method = "GET";
    std::optional<std::string> path, scheme, authority;
    std::shared_ptr<wasi::HttpFields> headers;
};

// `options`: null for none. Errors: no destination can be made of scheme and authority.
std::expected<ClientRequest, ErrorCode> client_request(const RequestParts& parts, bool has_body, const wasi::RequestOptions* options);

}  // namespace heddle::http
