// The bodies of our server's exchanges, read and written by a guest.
#pragma once
#include <memory>
#include <utility>

#include "http/body.hpp"
#include "reactor.hpp"

namespace heddle::wasi {

// From the connection's thread to the guest's: callbacks come by the guest's reactor. Neither this nor ExchangeSink keeps the exchange: a guest
// that forgets to drop a request would hold its place among those that are handled at once for as long as the instance lives.
class ExchangeSource final : public http::BodySource {
public:
    // `too_large`: told when the body is.
    ExchangeSource(const http::ExchangePtr& x, std::shared_ptr<Reactor> r, std::shared_ptr<bool> too_large)
        : exchange_(x), reactor_(std::move(r)), too_large_(std::move(too_large)) {}
    void read(std::function<void(http::BodyPart)> then) override {
        http::ExchangePtr x = exchange_.lock();
        if (!x) return reactor_->post([then = std::move(then)] { then({.error = Error{Error::Kind::usage, "the request is over"}}); });
        x->read([reactor = reactor_, too_large = too_large_, then = std::move(then)](http::BodyPart part) {
            reactor->post([then, too_large, part = std::move(part)] {
                if (part.error && part.error->kind == Error::Kind::limit) *too_large = true;
                then(part);
            });
        });
    }

private:
    std::weak_ptr<http::Exchange> exchange_;
    std::shared_ptr<Reactor> reactor_;
    std::shared_ptr<bool> too_large_;
};

class ExchangeSink final : public http::BodySink {
public:
    ExchangeSink(const http::ExchangePtr& x, std::shared_ptr<Reactor> r) : exchange_(x), reactor_(std::move(r)) {}
    void write(std::string bytes, std::function<void(bool)> then) override {
        http::ExchangePtr x = exchange_.lock();
        if (!x) return reactor_->post([then = std::move(then)] { then(false); });
        x->write(std::move(bytes), [reactor = reactor_, then = std::move(then)](bool ok) { reactor->post([then, ok] { then(ok); }); });
    }
    void finish(http::Fields trailers) override {
        if (http::ExchangePtr x = exchange_.lock()) x->finish(std::move(trailers));
    }
    void abort() override {
        if (http::ExchangePtr x = exchange_.lock()) x->abort();
    }

private:
    std::weak_ptr<http::Exchange> exchange_;
    std::shared_ptr<Reactor> reactor_;
};

}  // namespace heddle::wasi
