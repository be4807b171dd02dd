// A request with whole bodies: sent, its answer collected, and sent on when that is a redirect. All of it happens on a reactor.
#include <heddle/fetch.hpp>

#include <atomic>
#include <mutex>
#include <thread>

#include "http/client.hpp"
#include "p2/http.hpp"
#include "reactor.hpp"

namespace heddle::http {

namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Error> failed(Error::Kind kind, std::string message) { return std::unexpected(Error{kind, std::move(message)}); }

struct Url {
    std::string scheme, authority, path;
};

// https://www.rfc-editor.org/rfc/rfc3986#section-3, of http and https; without the fragment.
std::optional<Url> parse_url(std::string_view text) {
    text = text.substr(0, text.find('#'));
    std::size_t colon = text.find("://");
    if (colon == text.npos || text.find_first_of(" \t\r\n\\") != text.npos) return std::nullopt;
    std::size_t path = text.find_first_of("/?", colon + 3);
    Url u{std::string(text.substr(0, colon)), std::string(text.substr(colon + 3, path == text.npos ? path : path - colon - 3)), path == text.npos ? "/" : std::string(text.substr(path))};
    if (u.path.starts_with('?')) u.path.insert(0, "/");
    if (u.authority.empty() || u.authority.find('@') != u.authority.npos) return std::nullopt;
    return u;
}

// Where a redirect leads: a whole URL, another host, a path, or a path beside this one.
std::string joined(const Url& from, std::string_view to) {
    if (to.find("://") < to.find_first_of("/?#")) return std::string(to);
    if (to.starts_with("//")) return from.scheme + ":" + std::string(to);
    std::string origin = from.scheme + "://" + from.authority;
    if (to.starts_with('/')) return origin + std::string(to);
    std::string folder = from.path.substr(0, from.path.find('?'));
    return origin + folder.substr(0, folder.rfind('/') + 1) + std::string(to);
}

bool is_redirect(u16 status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

// One request with all its redirects. Lives until `done_` was called: what it waits for holds it.
class Fetching : public std::enable_shared_from_this<Fetching> {
public:
    Fetching(wasi::Reactor& r, Fetch f, std::function<void(Result<Response>)> done) : reactor_(r), fetch_(std::move(f)), done_(std::move(done)) {}
    void begin();
    void give_up() { end(failed(Error::Kind::io, "the request was given up")); }

private:
    void go(const std::string& address);
    void send(const Url& url);
    void answered(std::expected<ClientResponse, ErrorCode> answer);
    void read();
    void add(const BodyPart& part);
    void arrived();
    void redirect(const std::string& location);
    void end(Result<Response> r);

    wasi::Reactor& reactor_;
    Fetch fetch_;
    std::function<void(Result<Response>)> done_;
    std::shared_ptr<Outbound> outbound_ = std::make_shared<Outbound>();
    wasi::Pending late_;
    std::string method_, body_;             // of the request that goes on
    Url url_;
    std::optional<ClientExchange> exchange_;
    std::optional<ClientResponse> answer_;
    std::string text_;
    u32 followed_ = 0;
};

void Fetching::begin() {
    for (const std::string& text : fetch_.allowed) {
        auto rule = parse_host_rule(text);
        if (!rule) return end(failed(Error::Kind::usage, rule.error()));
        outbound_->rules.push_back(std::move(*rule));
    }
    if (!is_token(fetch_.method)) return end(failed(Error::Kind::usage, "`" + fetch_.method + "` is no HTTP method"));
    method_ = fetch_.method, body_ = fetch_.body;
    late_ = reactor_.after(u64(fetch_.time.count()) * 1'000'000, [self = shared_from_this()] {
        self->end(failed(Error::Kind::io, "the request took more than " + std::to_string(self->fetch_.time.count()) + " ms"));
    });
    go(fetch_.url);
}

void Fetching::go(const std::string& address) {
    auto url = parse_url(address);
    if (!url) return end(failed(Error::Kind::usage, "`" + address.substr(0, 200) + "` is no URL of scheme http or https"));
    send(url_ = *url);
}

void Fetching::send(const Url& url) {
    auto to = parse_destination(url.scheme, url.authority);
    if (!to) return end(failed(Error::Kind::usage, url.scheme + "://" + url.authority + ": " + to.error()));
    if (!is_allowed(outbound_->rules, *to)) return end(failed(Error::Kind::invalid, "no rule allows requests to " + url.scheme + "://" + url.authority));
    ClientRequest request{.to = *to, .authority = url.authority, .method = method_, .path = url.path, .fields = fetch_.fields, .has_body = !body_.empty(), .content_length = {}, .connect = {}, .first_byte = {}, .between_bytes = {}};
    if (request.has_body) request.content_length = body_.size(), request.fields.push_back({"content-length", std::to_string(body_.size())});
    auto exchange = http::send(reactor_.io(), outbound_, std::move(request), [self = shared_from_this()](auto r) { self->answered(std::move(r)); });
    if (!exchange) return end(failed(Error::Kind::io, wasi::describe(exchange.error())));
    exchange_ = std::move(*exchange);
    if (exchange_->body) exchange_->body->write(body_, [sink = exchange_->body](bool ok) {
        if (ok) sink->finish({});
    });
}

void Fetching::answered(std::expected<ClientResponse, ErrorCode> answer) {
    if (!done_) return;
    if (!answer) return end(failed(Error::Kind::io, wasi::describe(answer.error())));
    answer_ = std::move(*answer);
    text_.clear();
    read();
}

void Fetching::read() {
    answer_->body->read([self = shared_from_this()](BodyPart part) { self->add(part); });
}

void Fetching::add(const BodyPart& part) {
    if (!done_) return;
    text_ += part.bytes;
    if (part.error) return end(std::unexpected(*part.error));
    if (text_.size() > fetch_.limit) return end(failed(Error::Kind::limit, "the response's body is longer than " + std::to_string(fetch_.limit) + " bytes"));
    part.end ? arrived() : read();
}

void Fetching::arrived() {
    Response response{answer_->status, answer_->fields, std::move(text_)};
    const std::string* location = is_redirect(response.status) ? find(response.fields, "location") : nullptr;
    if (!location || followed_ >= fetch_.redirects) return end(std::move(response));
    // Not within the body's own callback, which the new request ends.
    reactor_.post([self = shared_from_this(), status = response.status, to = *location] {
        if (!self->done_) return;
        if (status == 303 || (status < 303 && self->method_ == "POST")) self->method_ = "GET", self->body_.clear();
        self->redirect(to);
    });
}

void Fetching::redirect(const std::string& location) {
    ++followed_;
    std::string address = joined(url_, location);
    auto next = parse_url(address);
    if (next && (next->authority != url_.authority || next->scheme != url_.scheme))
        std::erase_if(fetch_.fields, [](const Field& x) { return same_name(x.name, "authorization") || same_name(x.name, "cookie"); });
    go(address);
}

// Once; what it waited for goes with the end of the callback that this runs in.
void Fetching::end(Result<Response> r) {
    auto done = std::exchange(done_, nullptr);
    if (!done) return;
    reactor_.post([self = shared_from_this()] {
        self->late_.cancel();
        self->answer_.reset();
        self->exchange_.reset();
    });
    done(std::move(r));
}

}  // namespace

Result<Response> fetch(const Fetch& f) {
    constexpr u64 slice = 10'000'000;
    wasi::Reactor reactor;
    std::optional<Result<Response>> result;
    auto fetching = std::make_shared<Fetching>(reactor, f, [&](Result<Response> r) { result = std::move(r); });
    fetching->begin();
    while (!result) {
        if (f.given_up && f.given_up()) fetching->give_up();
        else reactor.run_one(slice);
    }
    while (reactor.poll()) {}
    return std::move(*result);
}

// ---- many at once ---------------------------------------------------------------------------------------------------------------------------

struct Fetcher::Data {
    wasi::Reactor reactor;
    std::once_flag started;
    std::atomic<bool> ended = false;
    std::thread thread;
    void run() {
        while (!ended) reactor.run_one();
        while (reactor.poll()) {}
    }
};

Fetcher::Fetcher() : data_(std::make_unique<Data>()) {}

Fetcher::~Fetcher() {
    if (!data_->thread.joinable()) return;
    data_->ended = true;
    data_->reactor.post([] {});
    data_->thread.join();
}

std::function<void()> Fetcher::begin(Fetch request, std::function<void(Result<Response>)> done) {
    Data& d = *data_;
    std::call_once(d.started, [&] { d.thread = std::thread([&d] { d.run(); }); });
    auto fetching = std::make_shared<Fetching>(d.reactor, std::move(request), std::move(done));
    d.reactor.post([fetching] { fetching->begin(); });
    return [&d, weak = std::weak_ptr(fetching)] {
        d.reactor.post([weak] {
            if (auto f = weak.lock()) f->give_up();
        });
    };
}

}  // namespace heddle::http
