// wasi:http/client 0.3: requests that a guest makes, to hosts that were granted; and wasi:http/handler, where a middleware's requests go on to.
#include "p3/http.hpp"

namespace heddle::wasi::p3 {

namespace {

using Answer = std::expected<Own<Response>, ErrorCode>;

// Between the request and its answer: a guest that gives up the call gives up the exchange.
struct Asking {
    std::shared_ptr<void> alive;
    std::shared_ptr<BodyOut> body;
    bool answered = false;
    ~Asking() {
        if (!answered && body) body->abort();
    }
};

Answer answer_of(Guest& g, http::ClientResponse& r) {
    try {
        auto response = std::make_shared<Response>();
        response->status = r.status;
        response->headers = std::make_shared<HttpFields>(g, without_forbidden(r.fields), true);
        response->contents.in = std::make_shared<BodyIn>(g, r.body);
        return Own<Response>(std::move(response));
    } catch (const GuestFault&) {
        return std::unexpected(ErrorCode{.what = ErrorCode::http_response_header_section_size});
    }
}

void send(Guest& g, const Reply<Answer>& reply, Request& request) {
    Contents contents = std::move(request.contents);
    auto asking = std::make_shared<Asking>();
    auto answered = [reply, sent = contents.sent, weak = std::weak_ptr(asking), guest = g.weak_from_this()](std::expected<http::ClientResponse, ErrorCode> r) {
        auto to = guest.lock();
        auto a = weak.lock();
        if (!to || !a) return;
        a->answered = true;
        if (!r) sent->end(r.error());
        reply(r ? answer_of(*to, *r) : Answer(std::unexpected(r.error())));
    };
    auto refuse = [&](const ErrorCode& e) {
        contents.sent->end(e);
        asking->answered = true;
        reply(Answer(std::unexpected(e)));
    };
    bool has_body = !contents.is_empty();
    auto wanted = http::client_request(request, has_body, request.options.get());
    if (!wanted) return refuse(wanted.error());
    auto length = wanted->content_length;
    auto exchange = http::send(g.reactor().io(), g.context().outbound, std::move(*wanted), answered);
    if (!exchange) return refuse(exchange.error());
    asking->alive = exchange->alive;
    reply.keep(asking);
    if (has_body) {
        asking->body = std::make_shared<BodyOut>(g, length);
        asking->body->send_to(exchange->body);
    }
    send_contents(g, std::move(contents), asking->body);
}

}  // namespace

void add_http_client(Binder& b) {
    b.interface("wasi:http/client@0.3.0").async_fn("send(request)", [](Guest& g, Reply<Answer> reply, Own<Request> request) { send(g, reply, *request); });
    b.interface("wasi:http/handler@0.3.0").async_fn("handle(request)", [](Guest& g, Reply<Answer> reply, Own<Request> request) { send(g, reply, *request); });
}

}  // namespace heddle::wasi::p3
