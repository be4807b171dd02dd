#include "p3/http.hpp"

#include <algorithm>

namespace heddle::wasi::p3 {

namespace {

struct HeaderErrorNames {
    static constexpr auto list = std::to_array<std::string_view>({"invalid-syntax", "forbidden", "immutable", "size-exceeded"});
};
struct OptionsErrorNames {
    static constexpr auto list = std::to_array<std::string_view>({"not-supported", "immutable"});
};
using HeaderError = OpenVariant<HeaderErrorNames>;
using OptionsError = OpenVariant<OptionsErrorNames>;
template <class T>
using Header = std::expected<T, HeaderError>;
template <class T>
using Plain = std::expected<T, std::monostate>;
using Sent = std::expected<void, ErrorCode>;
using Trailers = std::expected<std::optional<Own<HttpFields>>, ErrorCode>;
using Consumed = std::tuple<StreamOf<u8>, FutureOf<Trailers>>;
using Fields = Borrow<HttpFields>;

HeaderError header_error(FieldFault f) { return {u32(f), std::nullopt}; }
Header<void> header(FieldResult r) {
    if (!r) return std::unexpected(header_error(r.error()));
    return {};
}

// ---- bodies -------------------------------------------------------------------------------------------------------------------------------

// A body from the network as a stream and the future of its trailers.
struct FromNetwork {
    std::shared_ptr<BodyIn> in;
    bool stream_gone = false;   // it was read to its end, or dropped
    std::function<void()> wake_stream, wake_trailers;
    std::shared_ptr<void> stream_waits, trailers_wait;

    std::optional<Val> pull(u32 most) {
        auto bytes = in->read(std::min<u64>(most, stream_chunk));
        if (!bytes) {
            gone();
            return std::nullopt;
        }
        if (bytes->empty()) stream_waits = when_any_ready({in}, [this] { wake_stream(); });
        return Val::packed(Val::Kind::u8, std::move(*bytes));
    }
    void gone() {
        stream_waits = nullptr;
        if (!std::exchange(stream_gone, true) && wake_trailers) wake_trailers();
    }
    std::optional<Val> trailers(Guest& g) {
        if (!stream_gone) return std::nullopt;
        if (!in->ended()) {  // nobody reads the rest
            in->discard();
            trailers_wait = when_any_ready({in}, [this] { wake_trailers(); });
            return std::nullopt;
        }
        if (in->error()) return Wit<Trailers>::to(g, std::unexpected(*in->error()));
        http::Fields fields = without_forbidden(in->trailers());
        if (fields.empty()) return Wit<Trailers>::to(g, std::nullopt);
        return Wit<Trailers>::to(g, Own<HttpFields>(std::make_shared<HttpFields>(g, std::move(fields), true)));
    }
};

// Held by the stream: goes with its readable end.
struct StreamHold {
    explicit StreamHold(std::shared_ptr<FromNetwork> b) : body(std::move(b)) {}
    ~StreamHold() { body->gone(); }
    std::shared_ptr<FromNetwork> body;
};

std::pair<Val, Val> from_network(Guest& g, std::shared_ptr<BodyIn> in) {
    auto body = std::make_shared<FromNetwork>();
    body->in = std::move(in);
    component::HostStream s = component::make_stream(g.store(), [hold = std::make_shared<StreamHold>(body)](u32 most) { return hold->body->pull(most); });
    body->wake_stream = std::move(s.wake);
    component::HostStream t = component::make_future(g.store(), [body, guest = &g] { return body->trailers(*guest); });
    body->wake_trailers = std::move(t.wake);
    return {std::move(s.readable), std::move(t.readable)};
}

Val empty_stream(Guest& g) {
    return component::make_stream(g.store(), [](u32) { return std::optional<Val>(); }).readable;
}

Val future_of(Guest& g, const std::shared_ptr<Transmission>& t) {
    component::HostStream f = component::make_future(g.store(), [t, guest = &g]() -> std::optional<Val> {
        if (!t->how) return std::nullopt;
        return Wit<Sent>::to(*guest, *t->how ? Sent(std::unexpected(**t->how)) : Sent());
    });
    t->wake = std::move(f.wake);
    return std::move(f.readable);
}

void when_told(Guest& g, const Val& future, std::function<void(Val)> f) {
    if (auto ok = component::read_future(g.store(), future, std::move(f)); !ok) throw GuestFault(ok.error().message);
}

// `res`: what whoever consumes it thinks of it; that is how the sender's transmission ended.
Consumed consume(Guest& g, Contents c, const Val& res) {
    when_told(g, res, [sent = c.sent, guest = &g](const Val& v) {
        auto how = Wit<Sent>::from(*guest, v);
        sent->end(how ? std::nullopt : std::optional(how.error()));
    });
    if (c.in) {
        auto [stream, trailers] = from_network(g, std::move(c.in));
        return {{std::move(stream)}, {std::move(trailers)}};
    }
    return {{c.stream ? std::move(*c.stream) : empty_stream(g)}, {std::move(*c.trailers)}};
}

void finish(Guest& g, const Val& trailers, const std::shared_ptr<BodyOut>& to, const std::shared_ptr<Transmission>& sent) {
    when_told(g, trailers, [to, sent, guest = &g](const Val& v) {
        auto got = Wit<Trailers>::from(*guest, v);
        if (!got) {
            if (to) to->abort();
            return sent->end(got.error());
        }
        auto done = to ? to->finish(*got ? (**got)->all() : http::Fields()) : Sent();
        sent->end(done ? std::nullopt : std::optional(done.error()));
    });
}

}  // namespace

void send_contents(Guest& g, Contents c, std::shared_ptr<BodyOut> to) {
    if (c.in) {
        auto [stream, trailers] = from_network(g, std::move(c.in));
        c.stream = std::move(stream);
        c.trailers = std::move(trailers);
    }
    if (!c.stream) return finish(g, *c.trailers, to, c.sent);
    write_stream(g, *c.stream, to, [to, sent = c.sent, trailers = *c.trailers, guest = &g](const std::optional<StreamError>& e) {
        if (!e) return finish(*guest, trailers, to, sent);
        to->abort();
        sent->end(code_of(*e));
    });
}

namespace {

template <class M>
std::tuple<Own<M>, FutureOf<Sent>> with_transmission(Guest& g, std::shared_ptr<M> m, std::optional<StreamOf<u8>> contents, FutureOf<Trailers> trailers) {
    m->headers->freeze();
    if (contents) m->contents.stream = std::move(contents->end);
    m->contents.trailers = std::move(trailers.end);
    Val sent = future_of(g, m->contents.sent);
    return {Own<M>(std::move(m)), {std::move(sent)}};
}

std::tuple<Own<Request>, FutureOf<Sent>> new_request(Guest& g, Own<HttpFields> headers, std::optional<StreamOf<u8>> contents, FutureOf<Trailers> trailers,
                                                     std::optional<Own<RequestOptions>> options) {
    auto r = std::make_shared<Request>();
    r->headers = std::move(headers);
    if (options) {
        r->options = std::move(*options);
        r->options->immutable = true;
    }
    return with_transmission(g, std::move(r), std::move(contents), std::move(trailers));
}

std::tuple<Own<Response>, FutureOf<Sent>> new_response(Guest& g, Own<HttpFields> headers, std::optional<StreamOf<u8>> contents, FutureOf<Trailers> trailers) {
    auto r = std::make_shared<Response>();
    r->headers = std::move(headers);
    return with_transmission(g, std::move(r), std::move(contents), std::move(trailers));
}

// ---- the interface ------------------------------------------------------------------------------------------------------------------------

Header<Own<HttpFields>> from_list(Guest& g, const FieldEntries& entries) {
    auto made = fields_from(g, entries);
    if (!made) return std::unexpected(header_error(made.error()));
    return Own<HttpFields>(std::move(*made));
}

Header<std::vector<Bytes>> get_and_delete(HttpFields& self, const std::string& name) {
    std::vector<Bytes> values = self.values(name);
    if (auto ok = self.remove(name); !ok) return std::unexpected(header_error(ok.error()));
    return values;
}

void add_fields(Binder::Interface& i) {
    i.resource<HttpFields>()
        .fn("[constructor]fields()", [](Guest& g) { return Own<HttpFields>(std::make_shared<HttpFields>(g, http::Fields(), false)); })
        .fn("[static]fields.from-list(entries)", [](Guest& g, FieldEntries entries) { return from_list(g, entries); })
        .fn("[method]fields.get(self, name)", [](Guest&, Fields self, std::string name) { return self->values(name); })
        .fn("[method]fields.has(self, name)", [](Guest&, Fields self, std::string name) { return http::find(self->all(), name) != nullptr; })
        .fn("[method]fields.set(self, name, value)",
            [](Guest&, Fields self, std::string name, std::vector<Bytes> values) { return header(self->set(name, values)); })
        .fn("[method]fields.delete(self, name)", [](Guest&, Fields self, std::string name) { return header(self->remove(name)); })
        .fn("[method]fields.get-and-delete(self, name)", [](Guest&, Fields self, std::string name) { return get_and_delete(*self, name); })
        .fn("[method]fields.append(self, name, value)",
            [](Guest&, Fields self, std::string name, Bytes value) { return header(self->append(name, value)); })
        .fn("[method]fields.copy-all(self)", [](Guest&, Fields self) { return self->entries(); })
        .fn("[method]fields.clone(self)", [](Guest& g, Fields self) { return Own<HttpFields>(std::make_shared<HttpFields>(g, self->all(), false)); });
}

// A part of a request that may be absent, and must look like one.
Plain<void> set_part(std::optional<std::string>& part, std::optional<std::string> value, bool (*fits)(std::string_view)) {
    if (value && !fits(*value)) return std::unexpected(std::monostate());
    part = std::move(value);
    return {};
}

void add_request(Binder::Interface& i) {
    using Self = Borrow<Request>;
    using Text = std::optional<std::string>;
    i.resource<Request>()
        .fn("[static]request.new(headers, contents, trailers, options)",
            [](Guest& g, Own<HttpFields> headers, std::optional<StreamOf<u8>> contents, FutureOf<Trailers> trailers, std::optional<Own<RequestOptions>> options) {
                return new_request(g, std::move(headers), std::move(contents), std::move(trailers), std::move(options));
            })
        .fn("[method]request.get-method(self)", [](Guest&, Self self) { return Method{self->method}; })
        .fn("[method]request.set-method(self, method)",
            [](Guest&, Self self, Method m) -> Plain<void> {
                if (!http::is_token(m.name)) return std::unexpected(std::monostate());
                self->method = m.name;
                return {};
            })
        .fn("[method]request.get-path-with-query(self)", [](Guest&, Self self) { return self->path; })
        .fn("[method]request.set-path-with-query(self, path-with-query)",
            [](Guest&, Self self, Text path) { return set_part(self->path, std::move(path), &is_path); })
        .fn("[method]request.get-scheme(self)", [](Guest&, Self self) { return self->scheme ? std::optional(Scheme{*self->scheme}) : std::nullopt; })
        .fn("[method]request.set-scheme(self, scheme)",
            [](Guest&, Self self, std::optional<Scheme> scheme) {
                return set_part(self->scheme, scheme ? Text(scheme->name) : std::nullopt, &is_scheme);
            })
        .fn("[method]request.get-authority(self)", [](Guest&, Self self) { return self->authority; })
        .fn("[method]request.set-authority(self, authority)",
            [](Guest&, Self self, Text authority) { return set_part(self->authority, std::move(authority), &is_authority); })
        .fn("[method]request.get-options(self)",
            [](Guest&, Self self) { return self->options ? std::optional(Own<RequestOptions>(self->options)) : std::nullopt; })
        .fn("[method]request.get-headers(self)", [](Guest&, Self self) { return Own<HttpFields>(self->headers); })
        .fn("[static]request.consume-body(this, res)",
            [](Guest& g, Own<Request> self, FutureOf<Sent> res) { return consume(g, std::move(self->contents), res.end); });
}

void add_response(Binder::Interface& i) {
    using Self = Borrow<Response>;
    i.resource<Response>()
        .fn("[static]response.new(headers, contents, trailers)",
            [](Guest& g, Own<HttpFields> headers, std::optional<StreamOf<u8>> contents, FutureOf<Trailers> trailers) {
                return new_response(g, std::move(headers), std::move(contents), std::move(trailers));
            })
        .fn("[method]response.get-status-code(self)", [](Guest&, Self self) { return self->status; })
        .fn("[method]response.set-status-code(self, status-code)",
            [](Guest&, Self self, u16 status) -> Plain<void> {
                if (status < 100 || status > 999) return std::unexpected(std::monostate());
                self->status = status;
                return {};
            })
        .fn("[method]response.get-headers(self)", [](Guest&, Self self) { return Own<HttpFields>(self->headers); })
        .fn("[static]response.consume-body(this, res)",
            [](Guest& g, Own<Response> self, FutureOf<Sent> res) { return consume(g, std::move(self->contents), res.end); });
}

template <std::optional<u64> RequestOptions::*member>
void add_time(Binder::Interface& i, const std::string& name) {
    using Self = Borrow<RequestOptions>;
    using Duration = std::optional<u64>;
    i.fn("[method]request-options.get-" + name + "(self)", [](Guest&, Self self) { return (*self).*member; })
        .fn("[method]request-options.set-" + name + "(self, duration)", [](Guest&, Self self, Duration d) -> std::expected<void, OptionsError> {
            if (self->immutable) return std::unexpected(OptionsError::of("immutable", ""));
            (*self).*member = d;
            return {};
        });
}

void add_options(Binder::Interface& i) {
    i.resource<RequestOptions>().fn("[constructor]request-options()", [](Guest&) { return Own<RequestOptions>(std::make_shared<RequestOptions>()); });
    add_time<&RequestOptions::connect>(i, "connect-timeout");
    add_time<&RequestOptions::first_byte>(i, "first-byte-timeout");
    add_time<&RequestOptions::between_bytes>(i, "between-bytes-timeout");
    i.fn("[method]request-options.clone(self)", [](Guest&, Borrow<RequestOptions> self) {
        auto copy = std::make_shared<RequestOptions>();
        copy->connect = self->connect;
        copy->first_byte = self->first_byte;
        copy->between_bytes = self->between_bytes;
        return Own<RequestOptions>(copy);
    });
}

}  // namespace

void add_http(Binder& b) {
    auto i = b.interface("wasi:http/types@0.3.0");
    add_fields(i);
    add_request(i);
    add_response(i);
    add_options(i);
}

std::vector<Val> handler_arguments(Guest& g, const http::Request& from, std::shared_ptr<http::BodySource> body) {
    auto some = [](const std::string& s) { return s.empty() ? std::nullopt : std::optional(s); };
    auto request = std::make_shared<Request>();
    request->method = from.method;
    request->path = some(from.path);
    request->authority = some(from.authority);
    request->scheme = "http";
    request->headers = std::make_shared<HttpFields>(g, without_forbidden(from.fields), true);
    request->contents.in = std::make_shared<BodyIn>(g, std::move(body));
    std::vector<Val> all;
    all.push_back(Wit<Own<Request>>::to(g, request));
    return all;
}

}  // namespace heddle::wasi::p3
