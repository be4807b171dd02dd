// An HTTP/1.1 client: one request per connection, streamed both ways, on the guest's reactor. It follows no redirects.
#pragma once
#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>

#include "http/body.hpp"
#include "http/host_policy.hpp"

namespace boost::asio {
class io_context;
}

namespace heddle::http {

// What one Context grants for outbound requests, and what is going on.
struct Outbound {
    std::vector<HostRule> rules;
    u32 most = 64;                                     // requests at once
    std::chrono::nanoseconds longest{30'000'000'000};  // of each wait: also when a guest asks for more
    std::atomic<u32> open = 0;
    std::string authorities = {};                      // a file of certificates; empty: the system's
    // Addresses of a name, instead of those the system's resolver gives.
    std::function<std::vector<std::string>(const std::string& host)> resolve = {};
};

// Why a file of authorities cannot be used; nothing: it can.
std::optional<std::string> unusable_authorities(const std::string& pem_file);

struct ClientRequest {
    Destination to;
    std::string authority, method, path;
    Fields fields;
    bool has_body = false;
    std::optional<u64> content_length;                 // of the body, from the fields
    std::optional<std::chrono::nanoseconds> connect, first_byte, between_bytes;
};

struct ClientResponse {
    u16 status = 0;
    Fields fields;
    std::shared_ptr<BodySource> body;
};

// What can be sent while it goes on. The exchange ends when this and the response's body are gone.
struct ClientExchange {
    std::shared_ptr<BodySink> body;                    // null: the request has none
    std::shared_ptr<void> alive;
};

// Begins. Errors: denied, too many at once. `then` comes once, from the reactor.
std::expected<ClientExchange, ErrorCode> send(boost::asio::io_context& io, const std::shared_ptr<Outbound>& outbound, ClientRequest request,
                                              std::function<void(std::expected<ClientResponse, ErrorCode>)> then);

}  // namespace heddle::http
