// wasi:http/outgoing-handler 0.2: requests that a guest makes, to hosts that were granted.
#include "p2/http.hpp"

namespace heddle::wasi::p2 {

namespace {

using Handled = std::expected<Own<FutureIncomingResponse>, ErrorCode>;

Handled handle(Guest& g, OutgoingRequest& request, const RequestOptions* options) {
    auto wanted = http::client_request(request, request.body != nullptr, options);
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
