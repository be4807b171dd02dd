// One HTTP request of the host on behalf of somebody who may ask only some hosts, with whole bodies:
//
//   heddle::http::Fetch request{.method = "GET", .url = "https://api.example.com/v1"};
//   request.allowed = {"https://api.example.com"};
//   auto response = heddle::http::fetch(request);                                               // Result<http::Response>
//
// Scheme, host and port must match a rule, and what the name resolves to must be a public address or be granted itself; the same holds for every
// redirect that is followed.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <heddle/http.hpp>

namespace heddle::http {

struct Fetch {
    std::string method = "GET";
    std::string url = {};
    Fields fields = {};
    std::string body = {};
    std::vector<std::string> allowed = {};               // "https://api.example.com", "http://127.0.0.1:8080", "https://*.example.com"
    std::chrono::milliseconds time{30'000};              // for all of it
    std::size_t limit = std::size_t(8) << 20;            // of the response's body
    u32 redirects = 0;                                   // followed at most
    std::function<bool()> given_up = {};                 // asked again and again while it waits
};

// Errors: usage (the URL, the method or a rule does not parse), invalid (no rule allows it), io (what went wrong on the way), limit (the body is too long).
Result<Response> fetch(const Fetch& request);

// Many such requests at once, on one thread, which the first one starts.
class Fetcher {
public:
    Fetcher();
    ~Fetcher();                                          // what still goes on is given up, and its `done` not called
    // Begins; `done` comes once, on that thread. Fetch::given_up is not asked: call what this gives, from any thread; then `done` comes soon.
    std::function<void()> begin(Fetch request, std::function<void(Result<Response>)> done);

    struct Data;

private:
    std::unique_ptr<Data> data_;
};

}  // namespace heddle::http
