// wasi:http/types 0.2: the resources behind a guest's handles.
// https://github.com/WebAssembly/wasi-http
#pragma once
#include "http/bodies.hpp"
#include "http/client_request.hpp"
#include "p2/p2.hpp"

namespace heddle::wasi::p2 {

class IncomingBody final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-body";
    explicit IncomingBody(std::shared_ptr<BodyIn> b) : body(std::move(b)) {}
    std::shared_ptr<BodyIn> body;
    bool stream_taken = false;
};

class FutureTrailers final : public Source {
public:
    static constexpr const char* wit_name = "future-trailers";
    explicit FutureTrailers(std::shared_ptr<BodyIn> b) : body(std::move(b)) { body->discard(); }
    bool ready() override { return body->ended(); }
    void arm() override;
    std::shared_ptr<BodyIn> body;
    bool taken = false;

private:
    std::shared_ptr<void> waiting_;
};

class IncomingRequest final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-request";
    std::string method, path, authority, scheme;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyIn> body;   // null once consumed
};

class IncomingResponse final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-response";
    u16 status = 0;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyIn> body;   // null once consumed
};

class OutgoingBody final : public Resource {
public:
    static constexpr const char* wit_name = "outgoing-body";
    explicit OutgoingBody(std::shared_ptr<BodyOut> b) : body(std::move(b)) {}
    ~OutgoingBody() override;
    std::shared_ptr<BodyOut> body;
    bool stream_taken = false, finished = false;
};

class OutgoingRequest final : public Resource, public http::RequestParts {
public:
    static constexpr const char* wit_name = "outgoing-request";
    std::shared_ptr<BodyOut> body;  // null: not asked for
    bool body_taken = false;
};

class OutgoingResponse final : public Resource {
public:
    static constexpr const char* wit_name = "outgoing-response";
    u16 status = 200;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyOut> body;
    bool body_taken = false;
};

class ResponseOutparam final : public Resource {
public:
    static constexpr const char* wit_name = "response-outparam";
    struct To {
        std::function<void(u16 status, const http::Fields&)> inform;
        // The response's head, and its body if it has one.
        std::function<void(std::expected<std::shared_ptr<OutgoingResponse>, ErrorCode>)> set;
    };
    explicit ResponseOutparam(To t) : to(std::move(t)) {}
    To to;
};

class FutureIncomingResponse final : public Source {
public:
    static constexpr const char* wit_name = "future-incoming-response";
    bool ready() override { return result.has_value() || taken; }
    void arm() override {}
    void answered(std::expected<std::shared_ptr<IncomingResponse>, ErrorCode> r) {
        if (result || taken) return;
        result = std::move(r);
        changed();
    }
    std::optional<std::expected<std::shared_ptr<IncomingResponse>, ErrorCode>> result;
    bool taken = false;
    std::shared_ptr<void> exchange;   // lives as long as somebody waits for it
};

// What the handler of a component is called with.
std::vector<Val> handler_arguments(Guest& g, const http::Request& from, std::shared_ptr<http::BodySource> body, ResponseOutparam::To to);

void add_http(Binder& b);
void add_http_client(Binder& b);

}  // namespace heddle::wasi::p2
