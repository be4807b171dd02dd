// wasi:http/outgoing-handler 0.2: requests that a guest makes, to hosts that were granted.
#include "http/client.hpp"
#include "p2/http.hpp"

#include <charconv>

namespace heddle::wasi::p2 {

namespace {

using Handled = std::expected<Own<FutureIncomingResponse>, ErrorCode>;

std::optional<std::chrono::nanoseconds> duration(const std::optional<u64>& n) {
    constexpr u64 most = u64(1) << 62;
    return n ? std::optional(std::chrono::nanoseconds(i64(std::min(*n, most)))) : std::nullopt;
}

std::optional<u64> length_of(const http::Fields& fields) {
    const std::string* text = http::find(fields, "content-length");
    u64 n = 0;
    if (!text) return std::nullopt;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
    return error == std::errc() && end == text->data() + text->size() ? std::optional(n) : std::nullopt;
}

std::expected<http::ClientRequest, ErrorCode> request_of(const OutgoingRequest& r, const RequestOptions* options) {
    http::ClientRequest c;
    auto to = http::parse_destination(r.scheme.value_or("https"), r.authority.value_or(""));
    if (!to) return std::unexpected(ErrorCode{.what = ErrorCode::http_request_uri_invalid});
    c.to = *to;
    c.authority = *r.authority;
    c.method = r.method;
    c.path = r.path.value_or("/");
    if (c.path.starts_with('?')) c.path.insert(0, "/");
    c.fields = r.headers->all();
    c.has_body = r.body != nullptr;
    c.content_length = length_of(c.fields);
    if (options) {
        c.connect = duration(options->connect);
        c.first_byte = duration(options->first_byte);
        c.between_bytes = duration(options->between_bytes);
    }
    return c;
}

Handled handle(Guest& g, OutgoingRequest& request, const RequestOptions* options) {
    auto wanted = request_of(request, options);
    if (!wanted) return std::unexpected(wanted.error());
    auto future = std::make_shared<FutureIncomingResponse>();
    auto answered = [weak = std::weak_ptr(future), guest = g.weak_from_this()](std::expected<http::ClientResponse, ErrorCode> r) {
        auto f = weak.lock();
        auto to = guest.lock();
        if (!f || !to) return;
        if (!r) return f->answered(std::unexpected(r.error()));
        try {
            auto response = std::make_shared<IncomingResponse>();
            response->status = r->status;
            response->headers = std::make_shared<HttpFields>(*to, without_forbidden(r->fields), true);
            response->body = std::make_shared<BodyIn>(*to, r->body);
            f->answered(std::move(response));
        } catch (const GuestFault&) {
            f->answered(std::unexpected(ErrorCode{.what = ErrorCode::http_response_header_section_size}));
        }
    };
    auto exchange = http::send(g.reactor().io(), g.context().outbound, std::move(*wanted), answered);
    if (!exchange) return std::unexpected(exchange.error());
    if (request.body) request.body->send_to(exchange->body);
    future->exchange = exchange->alive;
    return Own<FutureIncomingResponse>(future);
}

}  // namespace

void add_http_client(Binder& b) {
    b.interface("wasi:http/outgoing-handler@0.2.12")
        .fn("handle(request, options)", [](Guest& g, Own<OutgoingRequest> request, std::optional<Own<RequestOptions>> options) {
            return handle(g, *request, options ? options->get() : nullptr);
        });
}

}  // namespace heddle::wasi::p2
