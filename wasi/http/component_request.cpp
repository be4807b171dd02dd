// One request to wasi:http/incoming-handler with whole bodies, on the caller's thread.
#include <heddle/serve.hpp>

#include "p2/http.hpp"

namespace heddle::wasi {

namespace {

class WholeSource final : public http::BodySource {
public:
    WholeSource(std::string bytes, Reactor& r) : bytes_(std::move(bytes)), reactor_(r) {}
    void read(std::function<void(http::BodyPart)> then) override {
        reactor_.post([then = std::move(then), part = http::BodyPart{.bytes = std::exchange(bytes_, {}), .end = true}] { then(part); });
    }

private:
    std::string bytes_;
    Reactor& reactor_;
};

struct Whole {
    http::Response response;
    std::size_t limit = 0;
    bool set = false, cut = false, too_long = false;
    std::string error;
    std::shared_ptr<BodyOut> body;
};

// The body that it serves belongs to the whole, which is there as long as somebody waits for it.
class WholeSink final : public http::BodySink {
public:
    WholeSink(std::weak_ptr<Whole> w, Reactor& r) : whole_(std::move(w)), reactor_(r) {}
    void write(std::string bytes, std::function<void(bool)> then) override {
        auto whole = whole_.lock();
        if (whole) whole->too_long = whole->too_long || whole->response.body.size() + bytes.size() > whole->limit;
        bool ok = whole && !whole->too_long;
        if (ok) whole->response.body += bytes;
        reactor_.post([then = std::move(then), ok] { then(ok); });
    }
    void finish(http::Fields) override {}
    void abort() override {
        if (auto whole = whole_.lock()) whole->cut = true;
    }

private:
    std::weak_ptr<Whole> whole_;
    Reactor& reactor_;
};

std::optional<ComponentFunc> handler_of(const ComponentInstance& instance) {
    std::string best;
    for (const component::ExternInfo& e : instance.exports())
        if (e.name.starts_with("wasi:http/incoming-handler@0.2.") && e.name > best) best = e.name;
    return best.empty() ? std::nullopt : instance.find_func(best + ".handle");
}

std::shared_ptr<p2::IncomingRequest> request_of(Guest& g, const http::Request& from, std::string body) {
    auto request = std::make_shared<p2::IncomingRequest>();
    request->method = from.method;
    request->path = from.path;
    request->authority = from.authority;
    request->scheme = "http";
    request->headers = std::make_shared<HttpFields>(g, without_forbidden(from.fields), true);
    request->body = std::make_shared<BodyIn>(g, std::make_shared<WholeSource>(std::move(body), g.reactor()));
    return request;
}

std::shared_ptr<p2::ResponseOutparam> outparam_of(Guest& g, const std::shared_ptr<Whole>& whole) {
    auto set = [whole, &reactor = g.reactor()](std::expected<std::shared_ptr<p2::OutgoingResponse>, http::ErrorCode> response) {
        whole->set = true;
        if (!response) return void(whole->error = describe(response.error()));
        whole->response.status = (*response)->status;
        whole->response.fields = (*response)->headers->all();
        whole->body = (*response)->body;
        if (whole->body) whole->body->send_to(std::make_shared<WholeSink>(whole, reactor));
    };
    return std::make_shared<p2::ResponseOutparam>(p2::ResponseOutparam::To{.inform = [](u16, const http::Fields&) {}, .set = set});
}

std::unexpected<Error> failed(Error::Kind kind, std::string message) { return std::unexpected(Error{kind, std::move(message)}); }

}  // namespace

Result<http::Response> handle_request(Store& store, const ComponentInstance& instance, const http::Request& request, std::string body, std::size_t limit) {
    auto handle = handler_of(instance);
    if (!handle) return failed(Error::Kind::usage, "the component exports no wasi:http/incoming-handler@0.2");
    auto guest = std::static_pointer_cast<Guest>(component::host_data(store));
    if (!guest) return failed(Error::Kind::usage, "the Store has no WASI context: attach one before its first instance");
    auto whole = std::make_shared<Whole>();
    whole->limit = limit;
    std::vector<Val> args;
    try {
        args.push_back(Wit<Own<p2::IncomingRequest>>::to(*guest, request_of(*guest, request, std::move(body))));
        args.push_back(Wit<Own<p2::ResponseOutparam>>::to(*guest, outparam_of(*guest, whole)));
    } catch (const GuestFault& e) {
        return failed(Error::Kind::limit, e.what());
    }
    auto called = handle->call(std::move(args));
    if (!called) return std::unexpected(called.error());
    if (whole->body) whole->body->ended();
    constexpr u64 slice = 1'000'000;
    while (whole->body && !whole->body->settled() && !whole->too_long) guest->reactor().run_one(slice);
    while (guest->reactor().poll()) {}
    if (whole->too_long) return failed(Error::Kind::limit, "the response's body is longer than " + std::to_string(limit) + " bytes");
    if (!whole->set) return failed(Error::Kind::invalid, "the component gave no response");
    if (!whole->error.empty()) return failed(Error::Kind::invalid, "the component gave the error " + whole->error);
    if (whole->cut) return failed(Error::Kind::invalid, "the component did not finish its response's body");
    return std::move(whole->response);
}

}  // namespace heddle::wasi
