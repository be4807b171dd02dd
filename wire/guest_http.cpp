// Kind `http`: a component that exports wasi:http/incoming-handler, behind a route of the app. As JSON a request is
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
};

Task<Ended> HttpGuest::do_start(const InitArgs&) {
    if (!wasi::ComponentServer::serves(*artifact().component))
        co_return Ended{Outcome::init_failed, artifact().label + ": kind `http` needs the export `wasi:http/incoming-handler@0.2`"};
    if (auto attached = wasi::attach(store(), wasi()); !attached) co_return broken(attached.error(), {});
    co_return instantiate();
}

Task<Ended> HttpGuest::do_handle(const MaterializerConfig&, std::string_view json) {
    auto message = read_request(parse_scanned(json));
    if (!message) co_return Ended{Outcome::in_json_err, message.error()};
    auto response = wasi::handle_request(store(), instance(), message->request, std::move(message->body), config().limits.json.bytes);
    if (response) co_return Ended{Outcome::ok, to_text(response_json(*response))};
    if (response.error().kind == Error::Kind::invalid) co_return Ended{Outcome::handler_err, response.error().message};
    if (response.error().kind == Error::Kind::limit) co_return Ended{Outcome::invalid_output, response.error().message};
    co_return broken(response.error(), component_trap(store()));
}

}  // namespace

std::unique_ptr<Guest> make_http_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<HttpGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
