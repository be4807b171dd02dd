// Serves a component that exports wasi:http/handler (0.3) or wasi:http/incoming-handler (0.2) over HTTP.
//
//   heddle::wasi::ServeOptions options;
//   options.http.address = "127.0.0.1:8080";
//   options.context = [] { return heddle::wasi::Context{}.inherit_env(); };              // for each instance
//   auto server = heddle::wasi::ComponentServer::start(engine, component, options);      // Result<ComponentServer>
//   …
//   server->drain(std::chrono::seconds(10));
//
// Every request is handled by an instance in a Store of its own; by default an instance handles one request. Guests that wait hold no thread; those
// that compute take turns on the `workers` threads. A guest that traps or takes too long harms its own request only.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <heddle/component.hpp>
#include <heddle/component_limits.hpp>
#include <heddle/http.hpp>
#include <heddle/wasi.hpp>

namespace heddle::wasi {

struct ServeOptions {
    http::ServerOptions http = {};
    u32 workers = 0;                                   // threads that run guests; 0: one per processor, two at least
    u32 reuse = 1;                                     // requests an instance handles, one after the other
    std::chrono::milliseconds request_time{30'000};    // from its begin on; 0: as long as it takes. Over: 504, or the response is cut
    u64 fuel = 0;                                      // for one request, when the Engine meters; 0: no limit
    component::Limits component_limits = {};           // of each instance's Store
    std::function<Context()> context = [] { return Context(); };
    std::function<void(const std::string&)> log = {};  // what went wrong with a request; called on the workers' threads
};

struct ServeCounts {
    u64 instances = 0;                                 // made so far
    u64 traps = 0, timeouts = 0;                       // requests that ended so
};

class ComponentServer {
public:
    // Whether the component exports one of the two.
    static bool serves(const Component& component);
    // Errors: usage (the component exports no handler, the address does not parse), unlinkable (an import that is not WASI's), io.
    static Result<ComponentServer> start(const Engine& engine, const Component& component, const ServeOptions& options);
    ComponentServer(ComponentServer&&) noexcept;
    ~ComponentServer();                                // cuts what is still going on

    std::string address() const;
    u16 port() const;
    http::ServerCounts http_counts() const;
    ServeCounts counts() const;
    // Takes no more requests, waits for those it has, then cuts what is left. True: nothing was.
    bool drain(std::chrono::milliseconds at_most);

    struct Data;

private:
    explicit ComponentServer(std::unique_ptr<Data> d);
    std::unique_ptr<Data> data_;
};

// One request to an instance of such a component, for those who have a server of their own; bodies are whole. The Store was given its Context by
// attach(). Errors: usage (no handler), trapped, limit (the response's body is longer than `limit`), invalid (there is no response, or an error).
Result<http::Response> handle_request(Store& store, const ComponentInstance& instance, const http::Request& request, std::string body, std::size_t limit);

// The same with bodies in pieces, as the guest reads and writes them; comes back when the response has left. `also`: fields that are added to it.
// `around` is called around each wait.
struct Handled {
    bool begun = false;                                // there is a response; with an error it may have been cut
    std::optional<Error> error = {};                   // as handle_request()'s
};
Handled handle_exchange(Store& store, const ComponentInstance& instance, const http::ExchangePtr& exchange, http::Fields also = {},
                             const std::function<void(bool begins)>& around = {});

}  // namespace heddle::wasi
