#include "p2/http.hpp"

namespace heddle::wasi::p2 {

enum class HeaderError : u8 { invalid_syntax, forbidden, immutable };

}  // namespace heddle::wasi::p2

namespace heddle::wasi {

template <>
struct Wit<p2::HeaderError> {
    static Val to(Guest&, p2::HeaderError e) { return Val::variant(u32(e)); }
    static ValueType type() { return ValueType::variant({{"invalid-syntax", std::nullopt}, {"forbidden", std::nullopt}, {"immutable", std::nullopt}}); }
};

}  // namespace heddle::wasi

namespace heddle::wasi::p2 {

void FutureTrailers::arm() {
    if (waiting_ || ready()) return;
    waiting_ = when_any_ready({body}, [this] {
        waiting_ = nullptr;
        changed();
    });
}

OutgoingBody::~OutgoingBody() {
    if (!finished) body->abort();
}

// ---- the interface -----------------------------------------------------------------------------------------------------------------------

namespace {

template <class T>
using Plain = std::expected<T, std::monostate>;
using HeaderResult = std::expected<void, HeaderError>;

HeaderError header_error(FieldFault f) {
    if (f == FieldFault::size_exceeded) throw GuestFault("the fields of a message are more than the host holds for one guest (Limits::host_bytes, --max-host-bytes)");
    return HeaderError(f);
}
HeaderResult header(FieldResult r) {
    if (!r) return std::unexpected(header_error(r.error()));
    return {};
}

std::optional<std::string> some(const std::string& s) { return s.empty() ? std::nullopt : std::optional(s); }

template <class M>
Plain<Own<OutgoingBody>> take_body(Guest& g, M& message) {
    if (std::exchange(message.body_taken, true)) return std::unexpected(std::monostate());
    message.body = std::make_shared<BodyOut>(g, content_length(message.headers->all()));
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
        .fn("[static]fields.from-list(entries)",
            [](Guest& g, FieldEntries entries) -> std::expected<Own<HttpFields>, HeaderError> {
                auto made = fields_from(g, entries);
                if (!made) return std::unexpected(header_error(made.error()));
                return Own<HttpFields>(std::move(*made));
            })
        .fn("[method]fields.get(self, name)", [](Guest&, Borrow<HttpFields> self, std::string name) { return self->values(name); })
        .fn("[method]fields.has(self, name)", [](Guest&, Borrow<HttpFields> self, std::string name) { return http::find(self->all(), name) != nullptr; })
        .fn("[method]fields.set(self, name, value)",
            [](Guest&, Borrow<HttpFields> self, std::string name, std::vector<Bytes> values) { return header(self->set(name, values)); })
        .fn("[method]fields.delete(self, name)", [](Guest&, Borrow<HttpFields> self, std::string name) { return header(self->remove(name)); })
        .fn("[method]fields.append(self, name, value)",
            [](Guest&, Borrow<HttpFields> self, std::string name, Bytes value) { return header(self->append(name, value)); })
        .fn("[method]fields.entries(self)", [](Guest&, Borrow<HttpFields> self) { return self->entries(); })
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

std::vector<Val> handler_arguments(Guest& g, const http::Request& from, std::shared_ptr<http::BodySource> body, ResponseOutparam::To to) {
    auto request = std::make_shared<IncomingRequest>();
    request->method = from.method;
    request->path = from.path;
    request->authority = from.authority;
    request->scheme = "http";
    request->headers = std::make_shared<HttpFields>(g, without_forbidden(from.fields), true);
    request->body = std::make_shared<BodyIn>(g, std::move(body));
    std::vector<Val> all;
    all.push_back(Wit<Own<IncomingRequest>>::to(g, request));
    all.push_back(Wit<Own<ResponseOutparam>>::to(g, std::make_shared<ResponseOutparam>(std::move(to))));
    return all;
}

}  // namespace heddle::wasi::p2
