#include "p2/http.hpp"

#include <algorithm>
#include <charconv>

namespace heddle::wasi::p2 {

// ---- names of cases ------------------------------------------------------------------------------------------------------------------

namespace {

constexpr std::string_view methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr const char* method_cases[] = {"get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"};

enum class Payload : u8 { none, dns, alert, size64, size32, field, optional_field, text };
struct ErrorCase {
    const char* name;
    Payload payload = Payload::none;
};
constexpr ErrorCase error_cases[] = {
    {"DNS-timeout"}, {"DNS-error", Payload::dns}, {"destination-not-found"}, {"destination-unavailable"}, {"destination-IP-prohibited"},
    {"destination-IP-unroutable"}, {"connection-refused"}, {"connection-terminated"}, {"connection-timeout"}, {"connection-read-timeout"},
    {"connection-write-timeout"}, {"connection-limit-reached"}, {"TLS-protocol-error"}, {"TLS-certificate-error"},
    {"TLS-alert-received", Payload::alert}, {"HTTP-request-denied"}, {"HTTP-request-length-required"}, {"HTTP-request-body-size", Payload::size64},
    {"HTTP-request-method-invalid"}, {"HTTP-request-URI-invalid"}, {"HTTP-request-URI-too-long"},
    {"HTTP-request-header-section-size", Payload::size32}, {"HTTP-request-header-size", Payload::optional_field},
    {"HTTP-request-trailer-section-size", Payload::size32}, {"HTTP-request-trailer-size", Payload::field}, {"HTTP-response-incomplete"},
    {"HTTP-response-header-section-size", Payload::size32}, {"HTTP-response-header-size", Payload::field},
    {"HTTP-response-body-size", Payload::size64}, {"HTTP-response-trailer-section-size", Payload::size32},
    {"HTTP-response-trailer-size", Payload::field}, {"HTTP-response-transfer-coding", Payload::text},
    {"HTTP-response-content-coding", Payload::text}, {"HTTP-response-timeout"}, {"HTTP-upgrade-failed"}, {"HTTP-protocol-error"},
    {"loop-detected"}, {"configuration-error"}, {"internal-error", Payload::text}};
static_assert(std::size(error_cases) == std::size_t(ErrorCode::internal_error) + 1);

ValueType some_of(ValueType t) { return ValueType::option(std::move(t)); }
ValueType text_type() { return ValueType::primitive(ValueType::Kind::string); }
ValueType record_of(const char* a, ValueType ta, const char* b, ValueType tb) {
    return ValueType::record({{a, some_of(std::move(ta))}, {b, some_of(std::move(tb))}});
}

std::optional<ValueType> payload_type(Payload p) {
    auto primitive = [](ValueType::Kind k) { return ValueType::primitive(k); };
    ValueType field = record_of("field-name", text_type(), "field-size", primitive(ValueType::Kind::u32));
    switch (p) {
        case Payload::none: return std::nullopt;
        case Payload::dns: return record_of("rcode", text_type(), "info-code", primitive(ValueType::Kind::u16));
        case Payload::alert: return record_of("alert-id", primitive(ValueType::Kind::u8), "alert-message", text_type());
        case Payload::size64: return some_of(primitive(ValueType::Kind::u64));
        case Payload::size32: return some_of(primitive(ValueType::Kind::u32));
        case Payload::field: return field;
        case Payload::optional_field: return some_of(field);
        case Payload::text: return some_of(text_type());
    }
    return std::nullopt;
}

template <class T>
Val optional_val(const std::optional<T>& v) {
    return component::As<std::optional<T>>::to(v);
}
template <class T>
std::optional<T> narrow(std::optional<u64> n) {
    return n ? std::optional<T>(T(*n)) : std::nullopt;
}

}  // namespace

struct Method {
    std::string name;
};
struct Scheme {
    std::string name;
};
enum class HeaderError : u8 { invalid_syntax, forbidden, immutable };

}  // namespace heddle::wasi::p2

namespace heddle::wasi {

using p2::ErrorCode;

template <>
struct Wit<p2::Method> {
    static Val to(Guest&, p2::Method m) {
        for (u32 i = 0; i < std::size(p2::methods); ++i)
            if (m.name == p2::methods[i]) return Val::variant(i);
        return Val::variant(u32(std::size(p2::methods)), Val::string(std::move(m.name)));
    }
    static p2::Method from(Guest&, const Val& v) {
        return {v.case_index() < std::size(p2::methods) ? std::string(p2::methods[v.case_index()]) : v.payload()->as_string()};
    }
    static ValueType type() {
        std::vector<ValueType::Member> cases;
        for (const char* c : p2::method_cases) cases.push_back({c, std::nullopt});
        cases.push_back({"other", p2::text_type()});
        return ValueType::variant(std::move(cases));
    }
};
template <>
struct Wit<p2::Scheme> {
    static Val to(Guest&, p2::Scheme s) {
        if (s.name == "http") return Val::variant(0);
        if (s.name == "https") return Val::variant(1);
        return Val::variant(2, Val::string(std::move(s.name)));
    }
    static p2::Scheme from(Guest&, const Val& v) { return {v.case_index() == 0 ? "http" : v.case_index() == 1 ? "https" : v.payload()->as_string()}; }
    static ValueType type() { return ValueType::variant({{"HTTP", std::nullopt}, {"HTTPS", std::nullopt}, {"other", p2::text_type()}}); }
};
template <>
struct Wit<p2::HeaderError> {
    static Val to(Guest&, p2::HeaderError e) { return Val::variant(u32(e)); }
    static ValueType type() { return ValueType::variant({{"invalid-syntax", std::nullopt}, {"forbidden", std::nullopt}, {"immutable", std::nullopt}}); }
};
Val Wit<ErrorCode>::to(Guest&, const ErrorCode& e) {
    auto record = [](Val a, Val b) { return Val::record({std::move(a), std::move(b)}); };
    auto field = [&] { return record(p2::optional_val(e.text), p2::optional_val(p2::narrow<u32>(e.number))); };
    switch (p2::error_cases[e.what].payload) {
        case p2::Payload::none: return Val::variant(e.what);
        case p2::Payload::dns: return Val::variant(e.what, record(p2::optional_val(e.text), p2::optional_val(p2::narrow<u16>(e.number))));
        case p2::Payload::alert: return Val::variant(e.what, record(p2::optional_val(p2::narrow<u8>(e.number)), p2::optional_val(e.text)));
        case p2::Payload::size64: return Val::variant(e.what, p2::optional_val(e.number));
        case p2::Payload::size32: return Val::variant(e.what, p2::optional_val(p2::narrow<u32>(e.number)));
        case p2::Payload::field: return Val::variant(e.what, field());
        case p2::Payload::optional_field: return Val::variant(e.what, Val::some(field()));
        case p2::Payload::text: return Val::variant(e.what, p2::optional_val(e.text));
    }
    return Val::variant(e.what);
}

// What a guest says went wrong: the case and its words are enough.
ErrorCode Wit<ErrorCode>::from(Guest&, const Val& v) {
    ErrorCode e{.what = ErrorCode::Case(v.case_index())};
    if (p2::error_cases[e.what].payload == p2::Payload::text && v.payload()->payload()) e.text = v.payload()->payload()->as_string();
    return e;
}

ValueType Wit<ErrorCode>::type() {
    std::vector<ValueType::Member> cases;
    for (const auto& c : p2::error_cases) cases.push_back({c.name, p2::payload_type(c.payload)});
    return ValueType::variant(std::move(cases));
}

}  // namespace heddle::wasi

namespace heddle::wasi::p2 {

std::string describe(const ErrorCode& e) { return error_cases[e.what].name + (e.text ? ": " + *e.text : std::string()); }

// ---- fields ----------------------------------------------------------------------------------------------------------------------------

bool is_forbidden(std::string_view name) {
    constexpr std::string_view all[] = {"connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization",
                                        "proxy-connection", "te", "transfer-encoding", "upgrade"};
    return std::any_of(std::begin(all), std::end(all), [&](std::string_view n) { return http::same_name(n, name); });
}

http::Fields without_forbidden(const http::Fields& fields) {
    http::Fields kept;
    for (const http::Field& f : fields)
        if (!is_forbidden(f.name)) kept.push_back(f);
    return kept;
}

namespace {

constexpr u64 field_cost = 64;   // besides its bytes
u64 cost(const http::Fields& fields) {
    u64 n = 0;
    for (const http::Field& f : fields) n += f.name.size() + f.value.size() + field_cost;
    return n;
}

using Bytes = std::vector<u8>;
using HeaderResult = std::expected<void, HeaderError>;
template <class T>
using Plain = std::expected<T, std::monostate>;

Bytes bytes_of(const std::string& s) { return {s.begin(), s.end()}; }

HeaderResult check(const std::string& name, const std::vector<Bytes>& values) {
    if (!http::is_token(name)) return std::unexpected(HeaderError::invalid_syntax);
    for (const Bytes& v : values)
        if (!http::is_field_value({reinterpret_cast<const char*>(v.data()), v.size()})) return std::unexpected(HeaderError::invalid_syntax);
    if (is_forbidden(name)) return std::unexpected(HeaderError::forbidden);
    return {};
}

http::Field field(const std::string& name, const Bytes& value) { return {name, std::string(value.begin(), value.end())}; }

// set, append, delete: one check, one change.
template <class F>
HeaderResult change(HttpFields& fields, const std::string& name, const std::vector<Bytes>& values, F f) {
    if (fields.immutable()) return std::unexpected(HeaderError::immutable);
    if (auto ok = check(name, values); !ok) return ok;
    http::Fields all = fields.all();
    f(all);
    fields.replace(std::move(all));
    return {};
}

void remove(http::Fields& all, const std::string& name) {
    std::erase_if(all, [&](const http::Field& f) { return http::same_name(f.name, name); });
}

using Entries = std::vector<std::tuple<std::string, Bytes>>;

std::expected<Own<HttpFields>, HeaderError> fields_from(Guest& g, const Entries& entries) {
    http::Fields all;
    for (const auto& [name, value] : entries) {
        if (auto ok = check(name, {value}); !ok) return std::unexpected(ok.error());
        all.push_back(field(name, value));
    }
    return Own<HttpFields>(std::make_shared<HttpFields>(g, std::move(all), false));
}

Entries entries_of(const HttpFields& f) {
    Entries all;
    for (const http::Field& x : f.all()) all.emplace_back(x.name, bytes_of(x.value));
    return all;
}

std::vector<Bytes> values_of(const HttpFields& f, const std::string& name) {
    std::vector<Bytes> all;
    for (const http::Field& x : f.all())
        if (http::same_name(x.name, name)) all.push_back(bytes_of(x.value));
    return all;
}

// None: there is none, or it says nothing a body could be held to.
std::optional<u64> content_length(const HttpFields& f) {
    const std::string* text = http::find(f.all(), "content-length");
    u64 n = 0;
    if (!text) return std::nullopt;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
    return error == std::errc() && end == text->data() + text->size() ? std::optional(n) : std::nullopt;
}

// An error that a stream carries, so that http-error-code finds it again.
class HttpError final : public IoError {
public:
    explicit HttpError(ErrorCode e) : IoError(describe(e)), code(std::move(e)) {}
    ErrorCode code;
};

StreamError stream_error(const ErrorCode& e) { return {std::make_shared<HttpError>(e)}; }

ErrorCode code_of(const Error& e) {
    switch (e.kind) {
        case Error::Kind::limit: return {.what = ErrorCode::http_request_body_size};
        case Error::Kind::malformed: return {.what = ErrorCode::http_protocol_error};
        case Error::Kind::io: return {.what = ErrorCode::connection_terminated};
        default: return {.what = ErrorCode::internal_error, .text = e.message};
    }
}

}  // namespace

HttpFields::HttpFields(Guest& g, http::Fields f, bool immutable) : all_(std::move(f)), immutable_(immutable), charge_(g.charge(cost(all_))) {}

void HttpFields::replace(http::Fields f) {
    charge_.resize(cost(f));
    all_ = std::move(f);
}

// ---- bodies that come ------------------------------------------------------------------------------------------------------------------

StreamResult<std::vector<u8>> BodyIn::read(u64 len) {
    if (at_ == bytes_.size() && ended_) return std::unexpected(error_ ? stream_error(*error_) : StreamError::closed());
    std::size_t n = std::size_t(std::min<u64>(len, bytes_.size() - at_));
    const u8* from = reinterpret_cast<const u8*>(bytes_.data()) + at_;
    Bytes some(from, from + n);
    at_ += n;
    if (at_ == bytes_.size()) {
        bytes_.clear();
        at_ = 0;
        charge_.resize(0);
    }
    return some;
}

void BodyIn::arm() {
    if (asked_ || ended_ || at_ < bytes_.size()) return;
    asked_ = true;
    source_->read([weak = weak_from_this()](http::BodyPart part) {
        if (auto self = weak.lock()) static_cast<BodyIn&>(*self).came(std::move(part));
    });
}

void BodyIn::discard() {
    discarding_ = true;
    bytes_.clear();
    at_ = 0;
    arm();
}

void BodyIn::came(http::BodyPart part) {
    asked_ = false;
    if (!discarding_) bytes_ = std::move(part.bytes);
    at_ = 0;
    if (!charge_.try_resize(bytes_.size())) error_ = ErrorCode{.what = ErrorCode::internal_error, .text = "no host memory left for the body"};
    if (part.error) {
        auto known = source_->failure();
        error_ = known ? *known : code_of(*part.error);
    }
    trailers_ = std::move(part.trailers);
    ended_ = part.end || error_;
    if (ended_) source_ = nullptr;
    else if (discarding_) return arm();
    changed();
}

void FutureTrailers::arm() {
    if (waiting_ || ready()) return;
    waiting_ = when_any_ready({body}, [this] {
        waiting_ = nullptr;
        changed();
    });
}

// ---- bodies that go --------------------------------------------------------------------------------------------------------------------

BodyOut::~BodyOut() { abort(); }

StreamResult<u64> BodyOut::check_write() {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    u64 held = pending_.size() + in_flight_;
    if (flushing_ && in_flight_ == 0 && (pending_.empty() || !sink_)) flushing_ = false;
    if (flushing_ || held >= stream_chunk) return 0;
    u64 room = stream_chunk - held;
    return length_ ? std::min(room, std::max<u64>(*length_ - written_, 1)) : room;
}

StreamResult<void> BodyOut::write(std::span<const u8> bytes) {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    if (length_ && bytes.size() > *length_ - written_)
        return std::unexpected(stream_error({.what = ErrorCode::http_request_body_size, .number = written_ + bytes.size()}));
    written_ += bytes.size();
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    charge_.resize(pending_.size() + in_flight_);
    send();
    return {};
}

StreamResult<void> BodyOut::flush() {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    flushing_ = true;
    return {};
}

void BodyOut::send_to(std::shared_ptr<http::BodySink> sink) {
    sink_ = std::move(sink);
    send();
}

void BodyOut::send() {
    if (!sink_ || told_) return;
    if (!pending_.empty() && in_flight_ == 0) {
        in_flight_ = pending_.size();
        sink_->write(std::exchange(pending_, {}), [self = as<BodyOut>()](bool ok) {
            self->in_flight_ = 0;
            if (!ok) self->failed_ = true;
            self->charge_.resize(self->pending_.size());
            self->send();
            self->changed();
        });
    }
    if (!finished_ || !pending_.empty()) return;
    told_ = true;
    sink_->finish(trailers_);
}

std::expected<void, ErrorCode> BodyOut::finish(http::Fields trailers) {
    if (length_ && written_ != *length_) {
        abort();
        return std::unexpected(ErrorCode{.what = ErrorCode::http_request_body_size, .number = written_});
    }
    finished_ = true;
    trailers_ = std::move(trailers);
    send();
    return {};
}

void BodyOut::abort() {
    if (told_) return;
    told_ = failed_ = true;
    if (sink_) sink_->abort();
}

std::optional<std::string> BodyOut::take_whole() {
    if (!finished_ || sink_ || !trailers_.empty()) return std::nullopt;
    told_ = true;
    return std::exchange(pending_, {});
}

OutgoingBody::~OutgoingBody() {
    if (!finished) body->abort();
}

// ---- the interface -----------------------------------------------------------------------------------------------------------------------

namespace {

// https://www.rfc-editor.org/rfc/rfc3986#section-3.2 : what could stand in an authority, a path with its query, a scheme.
bool is_uri_text(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return c > 0x20 && c != 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\'; });
}
bool is_authority(std::string_view s) { return !s.empty() && is_uri_text(s) && s.find_first_of("/?") == s.npos; }
bool is_path(std::string_view s) { return is_uri_text(s) && (s.empty() || s[0] == '/' || s[0] == '?' || s == "*"); }
bool is_scheme(std::string_view s) {
    return !s.empty() && std::isalpha(static_cast<unsigned char>(s[0])) &&
           std::all_of(s.begin(), s.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.'; });
}

std::optional<std::string> some(const std::string& s) { return s.empty() ? std::nullopt : std::optional(s); }

template <class M>
Plain<Own<OutgoingBody>> take_body(Guest& g, M& message) {
    if (std::exchange(message.body_taken, true)) return std::unexpected(std::monostate());
    message.body = std::make_shared<BodyOut>(g, content_length(*message.headers));
    return Own<OutgoingBody>(std::make_shared<OutgoingBody>(message.body));
}

template <class M>
Plain<Own<IncomingBody>> consume(M& message) {
    auto body = std::exchange(message.body, nullptr);
    if (!body) return std::unexpected(std::monostate());
    return Own<IncomingBody>(std::make_shared<IncomingBody>(std::move(body)));
}

using Duration = std::optional<u64>;
template <Duration RequestOptions::*member>
Duration get_duration(Guest&, Borrow<RequestOptions> self) {
    return (*self).*member;
}

using TrailersResult = std::optional<Plain<std::expected<std::optional<Own<HttpFields>>, ErrorCode>>>;

TrailersResult get_trailers(Guest& g, FutureTrailers& self) {
    if (!self.ready()) return std::nullopt;
    if (std::exchange(self.taken, true)) return Plain<std::expected<std::optional<Own<HttpFields>>, ErrorCode>>(std::unexpected(std::monostate()));
    using Inner = std::expected<std::optional<Own<HttpFields>>, ErrorCode>;
    if (self.body->error()) return Plain<Inner>(Inner(std::unexpected(*self.body->error())));
    auto fields = without_forbidden(self.body->trailers());
    if (fields.empty()) return Plain<Inner>(Inner(std::nullopt));
    return Plain<Inner>(Inner(Own<HttpFields>(std::make_shared<HttpFields>(g, std::move(fields), true))));
}

using ResponseResult = std::expected<Own<IncomingResponse>, ErrorCode>;

std::optional<Plain<ResponseResult>> get_response(FutureIncomingResponse& self) {
    if (!self.ready()) return std::nullopt;
    if (std::exchange(self.taken, true)) return Plain<ResponseResult>(std::unexpected(std::monostate()));
    auto r = std::exchange(self.result, std::nullopt);
    if (!*r) return Plain<ResponseResult>(ResponseResult(std::unexpected(r->error())));
    return Plain<ResponseResult>(ResponseResult(Own<IncomingResponse>(std::move(**r))));
}

void add_fields(Binder::Interface& i) {
    i.resource<HttpFields>()
        .fn("[constructor]fields()", [](Guest& g) { return Own<HttpFields>(std::make_shared<HttpFields>(g, http::Fields(), false)); })
        .fn("[static]fields.from-list(entries)", [](Guest& g, Entries entries) { return fields_from(g, entries); })
        .fn("[method]fields.get(self, name)", [](Guest&, Borrow<HttpFields> self, std::string name) { return values_of(*self, name); })
        .fn("[method]fields.has(self, name)", [](Guest&, Borrow<HttpFields> self, std::string name) { return http::find(self->all(), name) != nullptr; })
        .fn("[method]fields.set(self, name, value)",
            [](Guest&, Borrow<HttpFields> self, std::string name, std::vector<Bytes> values) {
                return change(*self, name, values, [&](http::Fields& all) {
                    remove(all, name);
                    for (const Bytes& v : values) all.push_back(field(name, v));
                });
            })
        .fn("[method]fields.delete(self, name)",
            [](Guest&, Borrow<HttpFields> self, std::string name) { return change(*self, name, {}, [&](http::Fields& all) { remove(all, name); }); })
        .fn("[method]fields.append(self, name, value)",
            [](Guest&, Borrow<HttpFields> self, std::string name, Bytes value) {
                return change(*self, name, {value}, [&](http::Fields& all) { all.push_back(field(name, value)); });
            })
        .fn("[method]fields.entries(self)", [](Guest&, Borrow<HttpFields> self) { return entries_of(*self); })
        .fn("[method]fields.clone(self)", [](Guest& g, Borrow<HttpFields> self) { return Own<HttpFields>(std::make_shared<HttpFields>(g, self->all(), false)); });
}

void add_incoming(Binder::Interface& i) {
    i.resource<IncomingRequest>()
        .resource<IncomingResponse>()
        .resource<IncomingBody>()
        .resource<FutureTrailers>()
        .resource<FutureIncomingResponse>()
        .fn("[method]incoming-request.method(self)", [](Guest&, Borrow<IncomingRequest> self) { return Method{self->method}; })
        .fn("[method]incoming-request.path-with-query(self)", [](Guest&, Borrow<IncomingRequest> self) { return some(self->path); })
        .fn("[method]incoming-request.scheme(self)", [](Guest&, Borrow<IncomingRequest> self) { return std::optional(Scheme{self->scheme}); })
        .fn("[method]incoming-request.authority(self)", [](Guest&, Borrow<IncomingRequest> self) { return some(self->authority); })
        .fn("[method]incoming-request.headers(self)", [](Guest&, Borrow<IncomingRequest> self) { return Own<HttpFields>(self->headers); })
        .fn("[method]incoming-request.consume(self)", [](Guest&, Borrow<IncomingRequest> self) { return consume(*self); })
        .fn("[method]incoming-response.status(self)", [](Guest&, Borrow<IncomingResponse> self) { return self->status; })
        .fn("[method]incoming-response.headers(self)", [](Guest&, Borrow<IncomingResponse> self) { return Own<HttpFields>(self->headers); })
        .fn("[method]incoming-response.consume(self)", [](Guest&, Borrow<IncomingResponse> self) { return consume(*self); })
        .fn("[method]incoming-body.stream(self)",
            [](Guest&, Borrow<IncomingBody> self) -> Plain<Own<InputStream>> {
                if (std::exchange(self->stream_taken, true)) return std::unexpected(std::monostate());
                return Own<InputStream>(self->body);
            })
        .fn("[static]incoming-body.finish(this)", [](Guest&, Own<IncomingBody> self) { return Own<FutureTrailers>(std::make_shared<FutureTrailers>(self->body)); })
        .fn("[method]future-trailers.subscribe(self)", [](Guest&, Borrow<FutureTrailers> self) { return pollable(self); })
        .fn("[method]future-trailers.get(self)", [](Guest& g, Borrow<FutureTrailers> self) { return get_trailers(g, *self); })
        .fn("[method]future-incoming-response.subscribe(self)", [](Guest&, Borrow<FutureIncomingResponse> self) { return pollable(self); })
        .fn("[method]future-incoming-response.get(self)", [](Guest&, Borrow<FutureIncomingResponse> self) { return get_response(*self); });
}

void add_outgoing_request(Binder::Interface& i) {
    i.resource<OutgoingRequest>()
        .fn("[constructor]outgoing-request(headers)",
            [](Guest&, Own<HttpFields> headers) {
                auto r = std::make_shared<OutgoingRequest>();
                headers->freeze();
                r->headers = headers;
                return Own<OutgoingRequest>(r);
            })
        .fn("[method]outgoing-request.body(self)", [](Guest& g, Borrow<OutgoingRequest> self) { return take_body(g, *self); })
        .fn("[method]outgoing-request.method(self)", [](Guest&, Borrow<OutgoingRequest> self) { return Method{self->method}; })
        .fn("[method]outgoing-request.set-method(self, method)",
            [](Guest&, Borrow<OutgoingRequest> self, Method m) -> Plain<void> {
                if (!http::is_token(m.name)) return std::unexpected(std::monostate());
                self->method = m.name;
                return {};
            })
        .fn("[method]outgoing-request.path-with-query(self)", [](Guest&, Borrow<OutgoingRequest> self) { return self->path; })
        .fn("[method]outgoing-request.set-path-with-query(self, path-with-query)",
            [](Guest&, Borrow<OutgoingRequest> self, std::optional<std::string> path) -> Plain<void> {
                if (path && !is_path(*path)) return std::unexpected(std::monostate());
                self->path = std::move(path);
                return {};
            })
        .fn("[method]outgoing-request.scheme(self)",
            [](Guest&, Borrow<OutgoingRequest> self) { return self->scheme ? std::optional(Scheme{*self->scheme}) : std::nullopt; })
        .fn("[method]outgoing-request.set-scheme(self, scheme)",
            [](Guest&, Borrow<OutgoingRequest> self, std::optional<Scheme> scheme) -> Plain<void> {
                if (scheme && !is_scheme(scheme->name)) return std::unexpected(std::monostate());
                self->scheme = scheme ? std::optional(scheme->name) : std::nullopt;
                return {};
            })
        .fn("[method]outgoing-request.authority(self)", [](Guest&, Borrow<OutgoingRequest> self) { return self->authority; })
        .fn("[method]outgoing-request.set-authority(self, authority)",
            [](Guest&, Borrow<OutgoingRequest> self, std::optional<std::string> authority) -> Plain<void> {
                if (authority && !is_authority(*authority)) return std::unexpected(std::monostate());
                self->authority = std::move(authority);
                return {};
            })
        .fn("[method]outgoing-request.headers(self)", [](Guest&, Borrow<OutgoingRequest> self) { return Own<HttpFields>(self->headers); });
}

void add_options(Binder::Interface& i) {
    i.resource<RequestOptions>()
        .fn("[constructor]request-options()", [](Guest&) { return Own<RequestOptions>(std::make_shared<RequestOptions>()); })
        .fn("[method]request-options.connect-timeout(self)", [](Guest&, Borrow<RequestOptions> self) { return self->connect; })
        .fn("[method]request-options.set-connect-timeout(self, duration)",
            [](Guest&, Borrow<RequestOptions> self, Duration d) { return self->connect = d, Plain<void>(); })
        .fn("[method]request-options.first-byte-timeout(self)", [](Guest&, Borrow<RequestOptions> self) { return self->first_byte; })
        .fn("[method]request-options.set-first-byte-timeout(self, duration)",
            [](Guest&, Borrow<RequestOptions> self, Duration d) { return self->first_byte = d, Plain<void>(); })
        .fn("[method]request-options.between-bytes-timeout(self)", [](Guest&, Borrow<RequestOptions> self) { return self->between_bytes; })
        .fn("[method]request-options.set-between-bytes-timeout(self, duration)",
            [](Guest&, Borrow<RequestOptions> self, Duration d) { return self->between_bytes = d, Plain<void>(); });
}

void add_outgoing_response(Binder::Interface& i) {
    i.resource<OutgoingResponse>()
        .resource<OutgoingBody>()
        .resource<ResponseOutparam>()
        .fn("[constructor]outgoing-response(headers)",
            [](Guest&, Own<HttpFields> headers) {
                auto r = std::make_shared<OutgoingResponse>();
                headers->freeze();
                r->headers = headers;
                return Own<OutgoingResponse>(r);
            })
        .fn("[method]outgoing-response.status-code(self)", [](Guest&, Borrow<OutgoingResponse> self) { return self->status; })
        .fn("[method]outgoing-response.set-status-code(self, status-code)",
            [](Guest&, Borrow<OutgoingResponse> self, u16 status) -> Plain<void> {
                if (status < 100 || status > 999) return std::unexpected(std::monostate());
                self->status = status;
                return {};
            })
        .fn("[method]outgoing-response.headers(self)", [](Guest&, Borrow<OutgoingResponse> self) { return Own<HttpFields>(self->headers); })
        .fn("[method]outgoing-response.body(self)", [](Guest& g, Borrow<OutgoingResponse> self) { return take_body(g, *self); })
        .fn("[method]outgoing-body.write(self)",
            [](Guest&, Borrow<OutgoingBody> self) -> Plain<Own<OutputStream>> {
                if (std::exchange(self->stream_taken, true)) return std::unexpected(std::monostate());
                return Own<OutputStream>(self->body);
            })
        .fn("[static]outgoing-body.finish(this, trailers)",
            [](Guest&, Own<OutgoingBody> self, std::optional<Own<HttpFields>> trailers) {
                self->finished = true;
                return self->body->finish(trailers ? (*trailers)->all() : http::Fields());
            })
        .fn("[method]response-outparam.send-informational(self, status, headers)",
            [](Guest&, Borrow<ResponseOutparam> self, u16 status, Own<HttpFields> headers) -> std::expected<void, ErrorCode> {
                if (status < 100 || status > 199 || status == 101) return std::unexpected(ErrorCode{.what = ErrorCode::http_protocol_error});
                self->to.inform(status, headers->all());
                return {};
            })
        .fn("[static]response-outparam.set(param, response)",
            [](Guest&, Own<ResponseOutparam> param, std::expected<Own<OutgoingResponse>, ErrorCode> response) {
                if (response) param->to.set(std::shared_ptr<OutgoingResponse>(*response));
                else param->to.set(std::unexpected(response.error()));
            });
}

}  // namespace

void add_http(Binder& b) {
    auto i = b.interface("wasi:http/types@0.2.12");
    i.fn("http-error-code(err)", [](Guest&, Borrow<IoError> err) {
        auto e = std::dynamic_pointer_cast<HttpError>(err);
        return e ? std::optional(e->code) : std::nullopt;
    });
    add_fields(i);
    add_incoming(i);
    add_outgoing_request(i);
    add_options(i);
    add_outgoing_response(i);
}

}  // namespace heddle::wasi::p2
