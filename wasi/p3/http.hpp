// wasi:http 0.3: the resources behind a guest's handles.
// https://github.com/WebAssembly/WASI/tree/main/proposals/http
#pragma once
#include "http/bodies.hpp"
#include "http/client_request.hpp"
#include "p3/p3.hpp"

namespace heddle::wasi::p3 {

// How the transmission of a message ended; the future that `new` gave tells.
struct Transmission {
    std::optional<std::optional<ErrorCode>> how;   // set: over; nothing in it: well
    std::function<void()> wake;
    void end(std::optional<ErrorCode> e) {
        if (how) return;
        how = std::move(e);
        if (wake) wake();
    }
};

// The body of a message with what comes after it: a guest's, or one that comes from the network.
struct Contents {
    std::shared_ptr<BodyIn> in;                    // from the network
    std::optional<Val> stream, trailers;           // a guest's ends; no stream: no bytes
    std::shared_ptr<Transmission> sent = std::make_shared<Transmission>();
    bool is_empty() const { return !in && !stream; }
};

class Request final : public Resource, public http::RequestParts {
public:
    static constexpr const char* wit_name = "request";
    std::shared_ptr<RequestOptions> options;       // null: none
    Contents contents;
};

class Response final : public Resource {
public:
    static constexpr const char* wit_name = "response";
    u16 status = 200;
    std::shared_ptr<HttpFields> headers;
    Contents contents;
};

// Writes the whole of a body, and ends its transmission.
void send_contents(Guest& g, Contents contents, std::shared_ptr<BodyOut> to);

// What the handler of a component is called with.
std::vector<Val> handler_arguments(Guest& g, const http::Request& from, std::shared_ptr<http::BodySource> body);

void add_http(Binder& b);
void add_http_client(Binder& b);

}  // namespace heddle::wasi::p3
