#include "http/connection.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/write.hpp>

namespace heddle::http {

namespace {

constexpr std::size_t first_buffer = 4096, body_piece = 64 << 10, watched_ahead = 16 << 10;
constexpr std::size_t room_for_writes = 64 << 10;      // more than that waits for the client
constexpr u64 most_discarded = 256 << 10;              // of a body that nobody wants; then the connection ends
constexpr std::chrono::seconds discard_time(2);

// Fields that speak of the connection: the server's business.
// https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
bool is_of_connection(std::string_view name) {
    constexpr std::string_view all[] = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"};
    return std::any_of(std::begin(all), std::end(all), [&](std::string_view n) { return same_name(n, name); });
}

bool are_valid(const Fields& fields) {
    return std::all_of(fields.begin(), fields.end(), [](const Field& f) { return is_token(f.name) && is_field_value(f.value); });
}

std::optional<u64> parse_length(std::string_view text) {
    u64 n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

void put_field(std::string& out, std::string_view name, std::string_view value) { out.append(name).append(": ").append(value).append("\r\n"); }

std::string chunk_head(std::size_t n) {
    char text[20];
    auto [end, error] = std::to_chars(text, text + sizeof text, n, 16);
    return std::string(text, end) + "\r\n";
}

const std::string& date(Loop& loop) {
    std::time_t now = std::time(nullptr);
    if (now != loop.date_second) {
        std::tm t{};
        gmtime_r(&now, &t);
        char text[40];
        loop.date.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &t));
        loop.date_second = now;
    }
    return loop.date;
}

u16 status_of(ParseFault f) {
    switch (f) {
        case ParseFault::version: return 505;
        case ParseFault::target_too_long: return 414;
        case ParseFault::header_too_large:
        case ParseFault::trailer_too_large: return 431;
        case ParseFault::body_too_large: return 413;
        case ParseFault::transfer_coding: return 501;
        default: return 400;
    }
}

Error error_of(const MessageParser& p, u64 limit) {
    switch (p.fault()) {
        case ParseFault::body_too_large: return {Error::Kind::limit, "the request's body has more than " + std::to_string(limit) + " bytes"};
        case ParseFault::incomplete: return {Error::Kind::io, p.fault_text()};
        default: return {Error::Kind::malformed, p.fault_text()};
    }
}

MessageLimits limits_of(const ServerLimits& l) { return {l.target_bytes, l.header_bytes, l.header_fields, l.body_bytes}; }

// The number of an Exchange tells whether the connection still speaks of it.
class Served final : public Exchange {
public:
    Served(std::shared_ptr<Connection> c, u64 number, std::shared_ptr<const Request> r) : connection_(std::move(c)), number_(number), request_(std::move(r)) {}
    ~Served() override {
        // Never at once: what another thread has asked for before may still be on its way.
        if (!answered_) connection_->loop().post([c = connection_, n = number_] { c->dropped(n); });
        connection_->core().release();
    }
    const Request& request() const override { return *request_; }
    void read(std::function<void(BodyPart)> then) override {
        on_loop([then = std::move(then)](Connection& c, u64 n) mutable { c.read(n, std::move(then)); });
    }
    void respond(Response r) override {
        answered_ = true;
        on_loop([r = std::move(r)](Connection& c, u64 n) mutable { c.respond(n, std::move(r)); });
    }
    void inform(u16 status, Fields fields) override {
        on_loop([status, fields = std::move(fields)](Connection& c, u64 n) { c.inform(n, status, fields); });
    }
    void start(u16 status, Fields fields) override {
        on_loop([status, fields = std::move(fields)](Connection& c, u64 n) mutable { c.start_response(n, status, std::move(fields)); });
    }
    void write(std::string bytes, std::function<void(bool)> then) override {
        on_loop([bytes = std::move(bytes), then = std::move(then)](Connection& c, u64 n) mutable { c.write(n, std::move(bytes), std::move(then)); });
    }
    void finish(Fields trailers) override {
        answered_ = true;
        on_loop([trailers = std::move(trailers)](Connection& c, u64 n) { c.finish(n, trailers); });
    }
    void abort() override {
        answered_ = true;
        on_loop([](Connection& c, u64 n) { c.abort(n); });
    }
    void on_gone(std::function<void()> gone) override {
        on_loop([gone = std::move(gone)](Connection& c, u64 n) mutable { c.on_gone(n, std::move(gone)); });
    }

private:
    template <class F>
    void on_loop(F f) {
        connection_->loop().dispatch([c = connection_, n = number_, f = std::move(f)]() mutable { f(*c, n); });
    }
    std::shared_ptr<Connection> connection_;
    u64 number_;
    std::shared_ptr<const Request> request_;
    std::atomic<bool> answered_ = false;
};

}  // namespace

// ---- the connection's life ----------------------------------------------------------------------------------------------------------

Connection::Connection(std::shared_ptr<Core> core, Loop& loop, asio::ip::tcp::socket socket)
    : core_(std::move(core)), loop_(loop), socket_(std::move(socket)), parser_(MessageParser::Kind::request, limits_of(core_->options.limits)), buffer_(first_buffer) {}

Connection::~Connection() = default;

void Connection::start() {
    loop_.connections.emplace(this, shared_from_this());
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    read_deadline_ = Clock::now() + core_->options.limits.idle;
    if (loop_.draining) return close();
    advance();
}

void Connection::drain() {
    if (state_ == State::header && !parser_.begun() && from_ == to_) close();
}

void Connection::cut() { gone(); }

void Connection::close() {
    if (state_ == State::closed) return;
    auto self = shared_from_this();
    state_ = State::closed;
    read_deadline_ = write_deadline_ = Clock::time_point::max();
    boost::system::error_code ignored;
    socket_.close(ignored);
    loop_.connections.erase(this);
    core_->connection_closed();
}

// The client is away, or we give up on it.
void Connection::gone() {
    if (state_ == State::closed) return;
    auto self = shared_from_this();
    bool active = state_ == State::exchange;
    close();
    if (!active) return;
    auto reader = std::exchange(reader_, nullptr);
    auto writers = std::exchange(writers_, {});
    auto gone = std::exchange(gone_, nullptr);
    end_exchange(false);
    if (reader) reader({.error = Error{Error::Kind::io, "the client is gone"}});
    for (auto& w : writers) w(false);
    if (gone) gone();
}

void Connection::check_deadlines(Clock::time_point now) {
    if (now > write_deadline_) return gone();
    if (now <= read_deadline_) return;
    read_deadline_ = Clock::time_point::max();
    switch (state_) {
        case State::header:
            if (!parser_.begun()) return close();
            return refuse_unparsed(problem(408, "the request's header took too long"));
        case State::exchange:
            if (!reader_) return;
            keep_alive_ = false;
            return std::exchange(reader_, nullptr)({.error = Error{Error::Kind::io, "the client sends no more of the body"}});
        case State::draining:
        case State::lingering: return close();
        case State::waiting:
        case State::closed: return;
    }
}

// ---- reading ------------------------------------------------------------------------------------------------------------------------

void Connection::advance() {
    again_ = true;
    if (advancing_) return;
    auto self = shared_from_this();
    advancing_ = true;
    while (again_) {
        again_ = false;
        while (step()) {}
    }
    advancing_ = false;
}

bool Connection::step() {
    switch (state_) {
        case State::header: return step_header();
        case State::exchange: return step_body();
        case State::draining:
        case State::lingering: return step_discard();
        case State::waiting:
        case State::closed: return false;
    }
    return false;
}

std::size_t Connection::feed() {
    std::size_t used = parser_.feed({buffer_.data() + from_, to_ - from_});
    from_ += used;
    if (from_ == to_) from_ = to_ = 0;
    return used;
}

bool Connection::step_header() {
    // An empty line before a request is passed over: https://www.rfc-editor.org/rfc/rfc9112#section-2.2
    while (!parser_.begun() && from_ < to_ && (buffer_[from_] == '\r' || buffer_[from_] == '\n')) ++from_;
    if (from_ < to_) {
        if (!parser_.begun()) read_deadline_ = Clock::now() + core_->options.limits.header_time;
        feed();
        if (parser_.fault() != ParseFault::none)
            return refuse_unparsed(problem(status_of(parser_.fault()), error_of(parser_, core_->options.limits.body_bytes).message)), false;
        if (parser_.header_done()) return begin_exchange(), true;
    }
    if (ended_) return close(), false;
    return receive(), false;
}

bool Connection::step_body() {
    if (!reader_) {
        if (parser_.done() && !ended_ && to_ - from_ < watched_ahead && to_ < buffer_.size()) receive();
        return false;
    }
    while (from_ < to_ && !parser_.done() && parser_.body.size() < body_piece && feed() > 0) {}
    if (!parser_.body.empty() || parser_.done()) {
        BodyPart part{.bytes = std::exchange(parser_.body, {}), .end = parser_.done()};
        if (part.end) part.trailers = parser_.trailers;
        deliver(std::move(part));
        return true;
    }
    if (ended_) parser_.feed_end();
    if (parser_.fault() != ParseFault::none) {
        keep_alive_ = false;
        deliver({.error = error_of(parser_, core_->options.limits.body_bytes)});
        return true;
    }
    if (std::exchange(expects_continue_, false) && status_ == 0) {
        pending_ += "HTTP/1.1 100 Continue\r\n\r\n";
        flush_soon();
    }
    read_deadline_ = Clock::now() + core_->options.limits.body_stall;
    return receive(), false;
}

bool Connection::step_discard() {
    discarded_ += parser_.body.size();
    parser_.body.clear();
    if (state_ == State::lingering) {
        discarded_ += to_ - from_;
        from_ = to_ = 0;
    } else {
        if (parser_.done()) return next_request(), true;
        if (parser_.fault() != ParseFault::none || discarded_ > most_discarded) return linger(), true;
        if (from_ < to_ && feed() > 0) return true;
    }
    if (ended_ || discarded_ > 4 * most_discarded) return close(), false;
    return receive(), false;
}

void Connection::deliver(BodyPart part) {
    read_deadline_ = Clock::time_point::max();
    std::exchange(reader_, nullptr)(std::move(part));
}

void Connection::receive() {
    if (receiving_ || state_ == State::closed) return;
    const ServerLimits& l = core_->options.limits;
    std::size_t most = std::max<std::size_t>(std::size_t(l.header_bytes) + l.target_bytes + 1024, body_piece);
    if (to_ == buffer_.size() && from_ > 0) {
        std::copy(buffer_.begin() + std::ptrdiff_t(from_), buffer_.begin() + std::ptrdiff_t(to_), buffer_.begin());
        to_ -= std::exchange(from_, 0);
    }
    if (to_ == buffer_.size()) {
        // More than a header may have, and still the parser has no use for it.
        if (to_ >= most) return state_ == State::header ? refuse_unparsed(problem(431, "the header is too large")) : gone();
        buffer_.resize(std::min(most, buffer_.size() * 4));
    }
    receiving_ = true;
    socket_.async_read_some(asio::buffer(buffer_.data() + to_, buffer_.size() - to_),
                            [self = shared_from_this()](const boost::system::error_code& error, std::size_t n) { self->received(error, n); });
}

void Connection::received(const boost::system::error_code& error, std::size_t n) {
    receiving_ = false;
    if (state_ == State::closed) return;
    if (error == asio::error::eof) ended_ = true;
    else if (error) return gone();
    to_ += n;
    if (to_ == buffer_.size() && from_ == 0 && buffer_.size() < body_piece && state_ != State::header) buffer_.resize(body_piece);
    advance();
}

// ---- requests -----------------------------------------------------------------------------------------------------------------------

// The Request from what was parsed; a response, if it cannot be handled.
std::optional<Response> Connection::complete_request() {
    Request& r = *request_;
    const std::string& t = r.target;
    if (auto scheme = t.find("://"); scheme != t.npos && t[0] != '/') {
        std::size_t path = t.find_first_of("/?", scheme + 3);
        r.authority = t.substr(scheme + 3, path == t.npos ? path : path - scheme - 3);
        r.path = path == t.npos ? "/" : t[path] == '?' ? "/" + t.substr(path) : t.substr(path);
    } else if (t[0] == '/' || t == "*") {
        r.path = t;
    } else if (r.method == "CONNECT") {
        r.authority = t;
    } else {
        return problem(400, "the request's target is neither a path nor a URI");
    }
    std::size_t hosts = std::size_t(std::count_if(r.fields.begin(), r.fields.end(), [](const Field& f) { return same_name(f.name, "host"); }));
    if (hosts > 1 || (hosts == 0 && !r.http_1_0)) return problem(400, "a request has exactly one field Host");
    if (r.authority.empty() && hosts) r.authority = *find(r.fields, "host");
    if (const std::string* e = find(r.fields, "expect")) {
        if (!same_name(*e, "100-continue")) return problem(417, "the only expectation that is met is 100-continue");
        expects_continue_ = !r.http_1_0 && !parser_.done();
    }
    return std::nullopt;
}

void Connection::take_request(Request r) {
    ++number_;
    ++core_->total_requests;
    request_ = std::make_shared<Request>(std::move(r));
    state_ = State::exchange;
    read_deadline_ = Clock::time_point::max();
    begun_ = Clock::now();
    status_ = 0;
    body_bytes_ = discarded_ = 0;
    finished_ = no_body_ = expects_continue_ = cut_ = false;
}

void Connection::begin_exchange() {
    take_request({.method = std::move(parser_.method), .target = std::move(parser_.target), .http_1_0 = parser_.http_1_0,
                  .fields = std::move(parser_.fields), .content_length = parser_.content_length()});
    keep_alive_ = parser_.keep_alive() && !loop_.draining;
    boost::system::error_code error;
    if (auto peer = socket_.remote_endpoint(error); !error)
        request_->peer = (peer.address().is_v6() ? "[" + peer.address().to_string() + "]" : peer.address().to_string()) + ":" + std::to_string(peer.port());
    if (auto r = complete_request()) return refuse(std::move(*r));
    switch (core_->admit(weak_from_this())) {
        case Core::Admission::now: return run_handler();
        case Core::Admission::later: state_ = State::waiting; return;
        case Core::Admission::refused: {
            Response r = problem(503, "too many requests at once");
            r.fields.push_back({"retry-after", "1"});
            ++core_->refused;
            return refuse(std::move(r));
        }
    }
}

void Connection::admitted() {
    if (state_ != State::waiting) return core_->release();
    run_handler();
    advance();
}

void Connection::run_handler() {
    state_ = State::exchange;
    try {
        core_->handler(std::make_shared<Served>(shared_from_this(), number_, request_));
    } catch (...) {
        // The Exchange was dropped: 500.
    }
}

void Connection::refuse(Response r) {
    ++core_->bad_requests;
    keep_alive_ = false;
    respond(number_, std::move(r));
}

void Connection::refuse_unparsed(Response r) {
    take_request({.method = parser_.method, .target = parser_.target});
    refuse(std::move(r));
}

// ---- what an Exchange asks for -------------------------------------------------------------------------------------------------------

void Connection::read(u64 exchange, std::function<void(BodyPart)> then) {
    if (exchange != number_ || state_ != State::exchange || reader_) {
        const char* why = reader_ ? "the body is being read already" : "the exchange is over";
        return loop_.post([then = std::move(then), why] { then({.error = Error{Error::Kind::usage, why}}); });
    }
    reader_ = std::move(then);
    advance();
}

void Connection::on_gone(u64 exchange, std::function<void()> gone) {
    if (exchange == number_ && state_ == State::exchange) gone_ = std::move(gone);
    else loop_.post(std::move(gone));
}

void Connection::abort(u64 exchange) {
    if (exchange == number_ && state_ == State::exchange && !finished_) break_off();
}

// What was written before leaves; that there is no end shows that something is missing.
void Connection::break_off() {
    cut_ = true;
    flush();
    if (sending_.empty()) gone();
}

void Connection::dropped(u64 exchange) {
    if (exchange != number_ || state_ != State::exchange || finished_) return;
    if (status_ == 0) respond(exchange, problem(500, "the handler gave no response"));
    else break_off();
}

void Connection::respond(u64 exchange, Response r) {
    if (exchange != number_ || state_ != State::exchange || status_ != 0) return;
    if (!are_valid(r.fields) || r.status < 200 || r.status > 999) r = problem(500, "the handler gave a response that is none");
    status_ = r.status;
    no_body_ = request_->method == "HEAD" || r.status == 204 || r.status == 304;
    framing_ = no_body_ ? Framing::none : Framing::length;
    std::erase_if(r.fields, [&](const Field& f) { return same_name(f.name, "content-length") && !(no_body_ && r.body.empty()); });
    bool has_length = find(r.fields, "content-length");
    put_head(r.status, r.fields, has_length || r.status == 204 || r.status == 304 ? std::nullopt : std::optional<u64>(r.body.size()));
    if (!no_body_) {
        pending_ += r.body;
        body_bytes_ = r.body.size();
    }
    finished_ = true;
    flush();
}

void Connection::inform(u64 exchange, u16 status, const Fields& fields) {
    if (exchange != number_ || state_ != State::exchange || status_ != 0 || request_->http_1_0) return;
    if (status < 100 || status > 199 || status == 101 || !are_valid(fields)) return;
    pending_ += "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason(status)) + "\r\n";
    for (const Field& f : fields)
        if (!is_of_connection(f.name) && !same_name(f.name, "content-length")) put_field(pending_, f.name, f.value);
    pending_ += "\r\n";
    flush_soon();
}

void Connection::start_response(u64 exchange, u16 status, Fields fields) {
    if (exchange != number_ || state_ != State::exchange || status_ != 0) return;
    const std::string* text = find(fields, "content-length");
    std::optional<u64> length = text ? parse_length(*text) : std::nullopt;
    if (!are_valid(fields) || status < 200 || status > 999 || (text && !length)) return respond(exchange, problem(500, "the handler gave a response that is none"));
    status_ = status;
    no_body_ = request_->method == "HEAD" || status == 204 || status == 304;
    framing_ = no_body_ ? Framing::none : length ? Framing::length : request_->http_1_0 ? Framing::to_end : Framing::chunks;
    length_left_ = length.value_or(0);
    if (framing_ == Framing::to_end) keep_alive_ = false;
    if (status != 204) std::erase_if(fields, [&](const Field& f) { return same_name(f.name, "content-length") && !no_body_; });
    else std::erase_if(fields, [](const Field& f) { return same_name(f.name, "content-length"); });
    put_head(status, fields, framing_ == Framing::length ? length : std::nullopt);
    flush_soon();
}

void Connection::write(u64 exchange, std::string bytes, std::function<void(bool)> then) {
    bool open = exchange == number_ && state_ == State::exchange && status_ != 0 && !finished_ && !cut_;
    if (open && framing_ == Framing::length && bytes.size() > length_left_) {
        gone();   // more than was announced: the client must not take it for the next response
        open = false;
    }
    if (!open) return loop_.post([then = std::move(then)] { then(false); });
    if (!bytes.empty() && framing_ != Framing::none) {
        body_bytes_ += bytes.size();
        if (framing_ == Framing::chunks) pending_ += chunk_head(bytes.size());
        pending_ += bytes;
        if (framing_ == Framing::chunks) pending_ += "\r\n";
        else if (framing_ == Framing::length) length_left_ -= bytes.size();
    }
    flush_soon();
    if (pending_.size() + sending_.size() < room_for_writes) loop_.post([then = std::move(then)] { then(true); });
    else writers_.push_back(std::move(then)), flush();
}

void Connection::finish(u64 exchange, const Fields& trailers) {
    if (exchange != number_ || state_ != State::exchange || finished_ || cut_) return;
    if (status_ == 0) return respond(exchange, problem(500, "the handler gave no response"));
    if (framing_ == Framing::length && length_left_ > 0) return break_off();
    if (framing_ == Framing::chunks) {
        pending_ += "0\r\n";
        for (const Field& f : trailers)
            if (is_token(f.name) && is_field_value(f.value) && !is_of_connection(f.name)) put_field(pending_, f.name, f.value);
        pending_ += "\r\n";
    }
    finished_ = true;
    if (pending_.empty() && sending_.empty()) return response_done();   // everything has left before
    flush();
}

// ---- writing ------------------------------------------------------------------------------------------------------------------------

void Connection::put_head(u16 status, const Fields& fields, std::optional<u64> length) {
    if (expects_continue_ || loop_.draining) keep_alive_ = false;   // whether the body comes is unknown
    pending_.append("HTTP/1.1 ").append(std::to_string(status)).append(" ").append(reason(status)).append("\r\n");
    for (const Field& f : fields)
        if (!is_of_connection(f.name)) put_field(pending_, f.name, f.value);
    if (!find(fields, "date")) put_field(pending_, "date", date(loop_));
    if (length) put_field(pending_, "content-length", std::to_string(*length));
    if (framing_ == Framing::chunks) pending_ += "transfer-encoding: chunked\r\n";
    if (!keep_alive_) pending_ += "connection: close\r\n";
    else if (request_->http_1_0) pending_ += "connection: keep-alive\r\n";
    pending_ += "\r\n";
}

// What a handler writes in one turn goes out together.
void Connection::flush_soon() {
    if (!sending_.empty() || std::exchange(flush_posted_, true)) return;
    asio::post(loop_.io, [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->flush();
    });
}

void Connection::flush() {
    if (!sending_.empty() || pending_.empty() || state_ == State::closed) return;
    sending_.swap(pending_);
    write_deadline_ = Clock::now() + core_->options.limits.write_stall;
    asio::async_write(socket_, asio::buffer(sending_),
                      [this](const boost::system::error_code& error, std::size_t n) -> std::size_t {
                          if (error) return 0;
                          if (n > 0) write_deadline_ = Clock::now() + core_->options.limits.write_stall;   // some progress
                          return n < sending_.size() ? 256 << 10 : 0;
                      },
                      [self = shared_from_this()](const boost::system::error_code& error, std::size_t) { self->flushed(error); });
}

void Connection::flushed(const boost::system::error_code& error) {
    sending_.clear();
    write_deadline_ = Clock::time_point::max();
    if (state_ == State::closed) return;
    if (error) return gone();
    if (finished_ && pending_.empty()) return response_done();
    if (cut_ && pending_.empty()) return gone();
    flush();
    if (pending_.size() + sending_.size() >= room_for_writes) return;
    for (auto& w : std::exchange(writers_, {})) w(true);
}

void Connection::response_done() {
    if (state_ != State::exchange) return;
    end_exchange(true);
    if (loop_.draining) keep_alive_ = false;
    if (!keep_alive_) linger();
    else if (parser_.done()) next_request();
    else {
        state_ = State::draining;
        read_deadline_ = Clock::now() + discard_time;
    }
    advance();
}

void Connection::end_exchange(bool complete) {
    gone_ = nullptr;
    reader_ = nullptr;
    if (core_->options.access)
        core_->options.access({.request = *request_, .status = status_, .body_bytes = body_bytes_, .complete = complete, .time = Clock::now() - begun_});
}

void Connection::next_request() {
    parser_.reset();
    state_ = State::header;
    request_.reset();
    read_deadline_ = Clock::now() + core_->options.limits.idle;
    if (from_ == to_ && !receiving_ && buffer_.size() > watched_ahead) {
        buffer_ = std::vector<char>(first_buffer);
        from_ = to_ = 0;
    }
    if (pending_.capacity() > room_for_writes) pending_ = {};
    if (sending_.capacity() > room_for_writes) sending_ = {};
}

// Our end is closed first and theirs read for a while: closing both while bytes are unread would take the response from the client.
void Connection::linger() {
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    state_ = State::lingering;
    discarded_ = 0;
    read_deadline_ = Clock::now() + discard_time;
}

}  // namespace heddle::http
