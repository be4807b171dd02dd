#include "http/client.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include "http/message_parser.hpp"

namespace heddle::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// ---- a connection, plain or with TLS -----------------------------------------------------------------------------------------------------

struct Transport {
    using Then = std::function<void(const error_code&, std::size_t)>;
    virtual ~Transport() = default;
    virtual tcp::socket& socket() = 0;
    virtual void handshake(const std::string& host, std::function<void(const error_code&)> then) = 0;
    virtual void read(asio::mutable_buffer to, Then then) = 0;
    virtual void write(asio::const_buffer from, Then then) = 0;
};

struct Plain final : Transport {
    explicit Plain(asio::io_context& io) : s(io) {}
    tcp::socket& socket() override { return s; }
    void handshake(const std::string&, std::function<void(const error_code&)> then) override { then({}); }
    void read(asio::mutable_buffer to, Then then) override { s.async_read_some(to, std::move(then)); }
    void write(asio::const_buffer from, Then then) override { asio::async_write(s, from, std::move(then)); }
    tcp::socket s;
};

using TlsContext = std::shared_ptr<asio::ssl::context>;

// Checks certificates against those authorities, or the system's (SSL_CERT_FILE may name others). Errors: what OpenSSL says of the file.
std::expected<TlsContext, std::string> make_tls_context(const std::string& authorities) {
    auto c = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    error_code error, ignored;
    if (authorities.empty()) c->set_default_verify_paths(ignored);
    else c->load_verify_file(authorities, error);
    if (error) return std::unexpected("no certificates of authorities can be read from it (" + error.message() + "); a PEM file is expected");
    c->set_verify_mode(asio::ssl::verify_peer, ignored);
    SSL_CTX_set_min_proto_version(c->native_handle(), TLS1_2_VERSION);
    return c;
}

// Read once for each file.
std::expected<TlsContext, std::string> tls_context(const std::string& authorities) {
    static std::mutex mutex;
    static std::map<std::string, TlsContext> all;
    std::lock_guard lock(mutex);
    TlsContext& c = all[authorities];
    if (c) return c;
    auto made = make_tls_context(authorities);
    if (made) c = *made;
    return made;
}

struct Tls final : Transport {
    Tls(asio::io_context& io, TlsContext c) : context(std::move(c)), s(io, *context) {}
    tcp::socket& socket() override { return s.next_layer(); }
    void handshake(const std::string& host, std::function<void(const error_code&)> then) override {
        SSL_set_tlsext_host_name(s.native_handle(), host.c_str());
        error_code ignored;
        s.set_verify_callback(asio::ssl::host_name_verification(host), ignored);
        s.async_handshake(asio::ssl::stream_base::client, std::move(then));
    }
    void read(asio::mutable_buffer to, Then then) override { s.async_read_some(to, std::move(then)); }
    void write(asio::const_buffer from, Then then) override { asio::async_write(s, from, std::move(then)); }
    TlsContext context;
    asio::ssl::stream<tcp::socket> s;
};

ErrorCode handshake_error(const Transport& t, const error_code& e) {
    const auto* tls = dynamic_cast<const Tls*>(&t);
    bool certificate = tls && SSL_get_verify_result(const_cast<Tls*>(tls)->s.native_handle()) != X509_V_OK;
    if (certificate || e.message().find("certificate verify failed") != std::string::npos) return {.what = ErrorCode::tls_certificate_error};
    return {.what = ErrorCode::tls_protocol_error};
}

ErrorCode connect_error(const error_code& e) {
    if (e == asio::error::connection_refused) return {.what = ErrorCode::connection_refused};
    if (e == asio::error::timed_out) return {.what = ErrorCode::connection_timeout};
    if (e == asio::error::network_unreachable || e == asio::error::host_unreachable) return {.what = ErrorCode::destination_ip_unroutable};
    return {.what = ErrorCode::destination_unavailable};
}

ErrorCode parse_error(ParseFault f) {
    switch (f) {
        case ParseFault::header_too_large: return {.what = ErrorCode::http_response_header_section_size};
        case ParseFault::trailer_too_large: return {.what = ErrorCode::http_response_trailer_section_size};
        case ParseFault::transfer_coding: return {.what = ErrorCode::http_response_transfer_coding};
        case ParseFault::incomplete: return {.what = ErrorCode::http_response_incomplete};
        default: return {.what = ErrorCode::http_protocol_error};
    }
}

std::vector<u8> bytes_of(const asio::ip::address& a) {
    if (a.is_v4()) {
        auto b = a.to_v4().to_bytes();
        return {b.begin(), b.end()};
    }
    auto b = a.to_v6().to_bytes();
    return {b.begin(), b.end()};
}

// ---- one exchange ------------------------------------------------------------------------------------------------------------------------

class Exchanging : public std::enable_shared_from_this<Exchanging> {
public:
    Exchanging(asio::io_context& io, std::shared_ptr<Outbound> o, ClientRequest r, std::function<void(std::expected<ClientResponse, ErrorCode>)> t)
        : outbound_(std::move(o)), request_(std::move(r)), then_(std::move(t)), resolver_(io), timer_(io), io_(io) {
        if (request_.to.scheme == "https") transport_ = std::make_unique<Tls>(io, *tls_context(outbound_->authorities));
        else transport_ = std::make_unique<Plain>(io);
    }
    ~Exchanging() { --outbound_->open; }

    void begin();
    void close();
    void read(std::function<void(BodyPart)> then);
    void write(std::string bytes, std::function<void(bool)> then);
    void finish(const Fields& trailers);
    const std::optional<ErrorCode>& failure() const { return failure_; }
    // The end of what keeps the exchange alive for the guest; the response's body does too.
    std::weak_ptr<void> handle;

private:
    using Endpoints = std::vector<tcp::endpoint>;
    Endpoints own_answer() const;
    void connect(Endpoints all);
    void connected(const error_code& error);
    void send_head();
    void send();
    void receive();
    void received(const error_code& error, std::size_t n);
    void progress();
    void deliver();
    void fail(ErrorCode why);
    void wait_at_most(std::optional<std::chrono::nanoseconds> time, ErrorCode::Case why);

    std::shared_ptr<Outbound> outbound_;
    ClientRequest request_;
    std::function<void(std::expected<ClientResponse, ErrorCode>)> then_;
    tcp::resolver resolver_;
    asio::steady_timer timer_;
    asio::io_context& io_;
    std::unique_ptr<Transport> transport_;
    MessageParser parser_{MessageParser::Kind::response, MessageLimits{}};
    std::vector<char> buffer_ = std::vector<char>(16 << 10);
    std::size_t from_ = 0, to_ = 0;
    bool open_ = false, closed_ = false, receiving_ = false, ended_ = false, head_given_ = false;
    std::optional<ErrorCode> failure_;
    std::function<void(BodyPart)> reader_;
    std::string pending_, sending_;
    std::vector<std::function<void(bool)>> writers_, sent_;
};

// Whether the whole is still wanted: the guest's ends of an exchange.
struct Handle {
    explicit Handle(std::shared_ptr<Exchanging> e) : exchanging(std::move(e)) {}
    ~Handle() { exchanging->close(); }
    std::shared_ptr<Exchanging> exchanging;
};

struct Source final : BodySource {
    explicit Source(std::shared_ptr<Handle> h) : handle(std::move(h)) {}
    void read(std::function<void(BodyPart)> then) override { handle->exchanging->read(std::move(then)); }
    std::optional<ErrorCode> failure() const override { return handle->exchanging->failure(); }
    std::shared_ptr<Handle> handle;
};

struct Sink final : BodySink {
    explicit Sink(std::shared_ptr<Handle> h) : handle(std::move(h)) {}
    void write(std::string bytes, std::function<void(bool)> then) override { handle->exchanging->write(std::move(bytes), std::move(then)); }
    void finish(Fields trailers) override { handle->exchanging->finish(trailers); }
    void abort() override { handle->exchanging->close(); }
    std::shared_ptr<Handle> handle;
};

void Exchanging::wait_at_most(std::optional<std::chrono::nanoseconds> time, ErrorCode::Case why) {
    timer_.expires_after(std::min(time.value_or(outbound_->longest), outbound_->longest));
    timer_.async_wait([weak = weak_from_this(), why](const error_code& error) {
        if (auto self = weak.lock(); self && !error) self->fail({.what = why});
    });
}

void Exchanging::begin() {
    wait_at_most(request_.connect, ErrorCode::connection_timeout);
    error_code none;
    if (auto literal = asio::ip::make_address(request_.to.host, none); !none) {
        return asio::post(io_, [self = shared_from_this(), literal] { self->connect({tcp::endpoint(literal, self->request_.to.port)}); });
    }
    if (outbound_->resolve) return asio::post(io_, [self = shared_from_this()] { self->connect(self->own_answer()); });
    resolver_.async_resolve(request_.to.host, std::to_string(request_.to.port), [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& all) {
        if (self->closed_) return;
        if (error == asio::error::host_not_found) return self->fail({.what = ErrorCode::destination_not_found});
        if (error) return self->fail({.what = ErrorCode::dns_error, .text = error.message()});
        Endpoints points;
        for (const auto& e : all) points.push_back(e.endpoint());
        self->connect(std::move(points));
    });
}

Exchanging::Endpoints Exchanging::own_answer() const {
    Endpoints points;
    for (const std::string& a : outbound_->resolve(request_.to.host)) points.emplace_back(asio::ip::make_address(a), request_.to.port);
    return points;
}

void Exchanging::connect(Endpoints all) {
    if (closed_) return;
    std::erase_if(all, [&](const tcp::endpoint& e) { return !is_address_allowed(outbound_->rules, request_.to, bytes_of(e.address()), e.address().to_string()); });
    if (all.empty()) return fail({.what = ErrorCode::destination_ip_prohibited});
    auto points = std::make_shared<Endpoints>(std::move(all));
    asio::async_connect(transport_->socket(), *points, [self = shared_from_this(), points](const error_code& error, const tcp::endpoint&) { self->connected(error); });
}

void Exchanging::connected(const error_code& error) {
    if (closed_) return;
    if (error) return fail(connect_error(error));
    error_code ignored;
    transport_->socket().set_option(tcp::no_delay(true), ignored);
    transport_->handshake(request_.to.host, [self = shared_from_this()](const error_code& e) {
        if (self->closed_) return;
        if (e) return self->fail(handshake_error(*self->transport_, e));
        self->open_ = true;
        self->wait_at_most(self->request_.first_byte, ErrorCode::http_response_timeout);
        self->send_head();
        self->receive();
    });
}

void Exchanging::send_head() {
    std::string head = request_.method + " " + (request_.path.empty() ? "/" : request_.path) + " HTTP/1.1\r\nhost: " + request_.authority + "\r\n";
    for (const Field& f : request_.fields) head += f.name + ": " + f.value + "\r\n";
    if (request_.has_body && !request_.content_length) head += "transfer-encoding: chunked\r\n";
    bool wants_length = request_.method == "POST" || request_.method == "PUT" || request_.method == "PATCH";
    if (!request_.has_body && wants_length && !find(request_.fields, "content-length")) head += "content-length: 0\r\n";
    head += "connection: close\r\n\r\n";
    pending_.insert(0, head);
    parser_.reset(request_.method == "HEAD");
    send();
}

void Exchanging::send() {
    if (!open_ || closed_ || !sending_.empty() || pending_.empty()) return;
    sending_.swap(pending_);
    sent_.swap(writers_);
    transport_->write(asio::buffer(sending_), [self = shared_from_this()](const error_code& error, std::size_t) {
        self->sending_.clear();
        // What could not be sent may still be answered: 413, say. The answer tells.
        for (auto& w : std::exchange(self->sent_, {})) w(!error && !self->closed_);
        if (!error) self->send();
    });
}

void Exchanging::write(std::string bytes, std::function<void(bool)> then) {
    if (closed_) return asio::post(io_, [then = std::move(then)] { then(false); });
    char text[20];
    auto [end, error] = std::to_chars(text, text + sizeof text, bytes.size(), 16);
    if (request_.content_length) pending_ += bytes;
    else if (!bytes.empty()) pending_.append(text, end).append("\r\n").append(bytes).append("\r\n");
    writers_.push_back(std::move(then));
    send();
}

void Exchanging::finish(const Fields& trailers) {
    if (closed_ || request_.content_length) return;
    pending_ += "0\r\n";
    for (const Field& f : trailers) pending_ += f.name + ": " + f.value + "\r\n";
    pending_ += "\r\n";
    send();
}

void Exchanging::receive() {
    if (receiving_ || closed_ || ended_) return;
    if (from_ > 0) {
        std::copy(buffer_.begin() + std::ptrdiff_t(from_), buffer_.begin() + std::ptrdiff_t(to_), buffer_.begin());
        to_ -= std::exchange(from_, 0);
    }
    if (to_ == buffer_.size()) {
        if (buffer_.size() >= (128 << 10)) return fail({.what = ErrorCode::http_response_header_section_size});
        buffer_.resize(buffer_.size() * 2);
    }
    receiving_ = true;
    transport_->read(asio::buffer(buffer_.data() + to_, buffer_.size() - to_),
                     [self = shared_from_this()](const error_code& error, std::size_t n) { self->received(error, n); });
}

void Exchanging::received(const error_code& error, std::size_t n) {
    receiving_ = false;
    if (closed_) return;
    to_ += n;
    if (error) {
        // An end without TLS's good-bye is an end that anybody can make.
        bool clean = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
        if (!clean) return fail({.what = ErrorCode::connection_terminated});
        if (error == asio::ssl::error::stream_truncated && parser_.header_done() && parser_.needs_end()) return fail({.what = ErrorCode::http_response_incomplete});
        ended_ = true;
    }
    progress();
}

void Exchanging::progress() {
    while (from_ < to_ && !parser_.done() && parser_.fault() == ParseFault::none && parser_.body.size() < (64 << 10)) {
        if (parser_.header_done() && !head_given_) break;
        std::size_t used = parser_.feed({buffer_.data() + from_, to_ - from_});
        from_ += used;
        if (parser_.header_done() && parser_.done() && parser_.status < 200 && parser_.status != 101) parser_.reset(request_.method == "HEAD");
        else if (used == 0) break;
    }
    bool starved = parser_.body.empty() && !parser_.done() && parser_.fault() == ParseFault::none;
    if (ended_ && starved && from_ == to_) parser_.feed_end();
    if (parser_.fault() != ParseFault::none && parser_.body.empty()) return fail(parse_error(parser_.fault()));
    if (!head_given_ && parser_.header_done()) return deliver();
    if (!head_given_) return receive();
    if (!reader_) return;
    if (parser_.body.empty() && !parser_.done()) {
        wait_at_most(request_.between_bytes, ErrorCode::connection_read_timeout);
        return receive();
    }
    timer_.cancel();
    BodyPart part{.bytes = std::exchange(parser_.body, {}), .end = parser_.done()};
    if (part.end) part.trailers = parser_.trailers;
    std::exchange(reader_, nullptr)(std::move(part));
}

void Exchanging::deliver() {
    head_given_ = true;
    timer_.cancel();
    auto h = std::static_pointer_cast<Handle>(handle.lock());
    if (!h) return close();
    std::exchange(then_, nullptr)(ClientResponse{parser_.status, parser_.fields, std::make_shared<Source>(h)});
}

void Exchanging::read(std::function<void(BodyPart)> then) {
    asio::post(io_, [self = shared_from_this(), then = std::move(then)]() mutable {
        if (self->failure_) return then({.error = Error{Error::Kind::io, "the exchange failed"}});
        self->reader_ = std::move(then);
        self->progress();
    });
}

void Exchanging::fail(ErrorCode why) {
    if (closed_) return;
    failure_ = why;
    auto self = shared_from_this();
    auto then = std::exchange(then_, nullptr);
    auto reader = std::exchange(reader_, nullptr);
    close();
    if (then) then(std::unexpected(why));
    if (reader) reader({.error = Error{Error::Kind::io, "the exchange failed"}});
}

void Exchanging::close() {
    if (std::exchange(closed_, true)) return;
    error_code ignored;
    timer_.cancel();
    resolver_.cancel();
    transport_->socket().close(ignored);
    then_ = nullptr;
    for (auto& w : std::exchange(writers_, {})) asio::post(io_, [w = std::move(w)] { w(false); });
}

}  // namespace

std::optional<std::string> unusable_authorities(const std::string& pem_file) {
    auto c = tls_context(pem_file);
    return c ? std::nullopt : std::optional(c.error());
}

std::expected<ClientExchange, ErrorCode> send(asio::io_context& io, const std::shared_ptr<Outbound>& outbound, ClientRequest request,
                                              std::function<void(std::expected<ClientResponse, ErrorCode>)> then) {
    if (!is_allowed(outbound->rules, request.to)) return std::unexpected(ErrorCode{.what = ErrorCode::http_request_denied});
    if (request.to.scheme == "https")
        if (auto tls = tls_context(outbound->authorities); !tls) return std::unexpected(ErrorCode{.what = ErrorCode::configuration_error});
    if (outbound->open >= outbound->most) return std::unexpected(ErrorCode{.what = ErrorCode::connection_limit_reached});
    ++outbound->open;
    bool has_body = request.has_body;
    auto e = std::make_shared<Exchanging>(io, outbound, std::move(request), std::move(then));
    auto h = std::make_shared<Handle>(e);
    e->handle = h;
    e->begin();
    return ClientExchange{has_body ? std::make_shared<Sink>(h) : nullptr, h};
}

}  // namespace heddle::http
