// A request with whole bodies: sent, waited for, and sent on when the answer is a redirect.
#include <heddle/fetch.hpp>

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

// One exchange on a reactor of its own.
class Waiting {
public:
    Waiting(const Fetch& f, std::vector<HostRule> rules, Clock::time_point until) : fetch_(f), until_(until) { outbound_->rules = std::move(rules); }
    Result<Response> send(const Url& url, const std::string& method, const Fields& fields, const std::string& body);

private:
    bool wait(const std::function<bool()>& done);
    void read();
    std::string late() const { return fetch_.given_up && fetch_.given_up() ? "the request was given up" : "the request took more than " + std::to_string(fetch_.time.count()) + " ms"; }

    const Fetch& fetch_;
    Clock::time_point until_;
    wasi::Reactor reactor_;
    std::shared_ptr<Outbound> outbound_ = std::make_shared<Outbound>();
    std::optional<std::expected<ClientResponse, ErrorCode>> answer_;
    std::string body_;
    bool ended_ = false;
    std::optional<Error> fault_;
};

bool Waiting::wait(const std::function<bool()>& done) {
    constexpr u64 slice = 10'000'000;
    while (!done()) {
        if (Clock::now() >= until_ || (fetch_.given_up && fetch_.given_up())) return false;
        reactor_.run_one(slice);
    }
    return true;
}

void Waiting::read() {
    (*answer_)->body->read([this](BodyPart part) {
        body_ += part.bytes;
        if (part.error) fault_ = part.error;
        else if (body_.size() > fetch_.limit) fault_ = Error{Error::Kind::limit, "the response's body is longer than " + std::to_string(fetch_.limit) + " bytes"};
        ended_ = part.end || fault_;
        if (!ended_) read();
    });
}

Result<Response> Waiting::send(const Url& url, const std::string& method, const Fields& fields, const std::string& body) {
    auto to = parse_destination(url.scheme, url.authority);
    if (!to) return failed(Error::Kind::usage, url.scheme + "://" + url.authority + ": " + to.error());
    if (!is_allowed(outbound_->rules, *to)) return failed(Error::Kind::invalid, "no rule allows requests to " + url.scheme + "://" + url.authority);
    answer_.reset();
    body_.clear();
    ended_ = false;
    ClientRequest request{.to = *to, .authority = url.authority, .method = method, .path = url.path, .fields = fields, .has_body = !body.empty(), .content_length = {}, .connect = {}, .first_byte = {}, .between_bytes = {}};
    if (request.has_body) request.content_length = body.size(), request.fields.push_back({"content-length", std::to_string(body.size())});
    auto exchange = http::send(reactor_.io(), outbound_, std::move(request), [this](auto r) { answer_ = std::move(r); });
    if (!exchange) return failed(Error::Kind::io, wasi::describe(exchange.error()));
    if (exchange->body) exchange->body->write(body, [sink = exchange->body](bool ok) {
        if (ok) sink->finish({});
    });
    if (!wait([&] { return answer_.has_value(); })) return failed(Error::Kind::io, late());
    if (!*answer_) return failed(Error::Kind::io, wasi::describe(answer_->error()));
    read();
    if (!wait([&] { return ended_; })) return failed(Error::Kind::io, late());
    if (fault_) return std::unexpected(*fault_);
    return Response{(*answer_)->status, (*answer_)->fields, std::move(body_)};
}

bool is_redirect(u16 status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }

}  // namespace

Result<Response> fetch(const Fetch& f) {
    std::vector<HostRule> rules;
    for (const std::string& text : f.allowed) {
        auto rule = parse_host_rule(text);
        if (!rule) return failed(Error::Kind::usage, rule.error());
        rules.push_back(std::move(*rule));
    }
    if (!is_token(f.method)) return failed(Error::Kind::usage, "`" + f.method + "` is no HTTP method");
    std::string method = f.method, body = f.body, address = f.url;
    Fields fields = f.fields;
    Clock::time_point until = Clock::now() + f.time;
    for (u32 followed = 0;; ++followed) {
        auto url = parse_url(address);
        if (!url) return failed(Error::Kind::usage, "`" + address.substr(0, 200) + "` is no URL of scheme http or https");
        auto response = Waiting(f, rules, until).send(*url, method, fields, body);
        const std::string* location = response && is_redirect(response->status) ? find(response->fields, "location") : nullptr;
        if (!location || followed >= f.redirects) return response;
        address = joined(*url, *location);
        if (response->status == 303 || (response->status < 303 && method == "POST")) method = "GET", body.clear();
        auto next = parse_url(address);
        if (next && (next->authority != url->authority || next->scheme != url->scheme))
            std::erase_if(fields, [](const Field& x) { return same_name(x.name, "authorization") || same_name(x.name, "cookie"); });
    }
}

}  // namespace heddle::http
