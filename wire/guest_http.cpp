// Kind `http`: a component that exports wasi:http/handler or wasi:http/incoming-handler, behind a route of the app. Bodies of a route go in pieces;
// a policy sees the request without its body, and who declares types has whole bodies. As JSON a request is
//   {"method", "path", "headers": [[name, value], …], "body" or "bodyBase64"}     and a response {"status", "headers", "body" or "bodyBase64"}.
#include <nlohmann/json.hpp>

#include <heddle/serve.hpp>

#include "component_guest.hpp"
#include "http_messages.hpp"

namespace heddle::wire {

namespace {

class HttpGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Ended answer(Route& route);
    Ended ended(const Error& error);
};

Task<Ended> HttpGuest::do_start(const InitArgs&) {
    if (!wasi::ComponentServer::serves(*artifact().component))
        co_return Ended{Outcome::init_failed, artifact().label + ": kind `http` needs the export `wasi:http/handler@0.3` or `wasi:http/incoming-handler@0.2`"};
    if (auto attached = wasi::attach(store(), wasi()); !attached) co_return broken(attached.error(), {});
    co_return instantiate();
}

// The response goes to the client as the guest writes it.
Ended HttpGuest::answer(Route& route) {
    auto around = [this](bool begins) {
        if (scope().tree.on_wait) scope().tree.on_wait(begins);
    };
    auto handled = wasi::handle_exchange(store(), instance(), route.exchange, std::move(route.also), around);
    route.begun = handled.begun;
    return handled.error ? ended(*handled.error) : Ended{Outcome::ok, "null"};
}

Ended HttpGuest::ended(const Error& error) {
    if (error.kind == Error::Kind::invalid) return {Outcome::handler_err, error.message};
    if (error.kind == Error::Kind::limit) return {Outcome::invalid_output, error.message};
    return broken(error, component_trap(store()));
}

Task<Ended> HttpGuest::do_handle(const MaterializerConfig&, std::string_view json) {
    if (scope().tree.route && !scope().outer) co_return answer(*scope().tree.route);
    auto message = read_request(parse_scanned(json));
    if (!message) co_return Ended{Outcome::in_json_err, message.error()};
    auto response = wasi::handle_request(store(), instance(), message->request, std::move(message->body), config().limits.json.bytes);
    if (response) co_return Ended{Outcome::ok, to_text(response_json(*response))};
    co_return ended(response.error());
}

}  // namespace

std::unique_ptr<Guest> make_http_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<HttpGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
