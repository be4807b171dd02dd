#include "http/wit.hpp"

#include <algorithm>
#include <charconv>

namespace heddle::wasi {

// ---- names of cases -----------------------------------------------------------------------------------------------------------------------

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

Val Wit<Method>::to(Guest&, Method m) {
    for (u32 i = 0; i < std::size(methods); ++i)
        if (m.name == methods[i]) return Val::variant(i);
    return Val::variant(u32(std::size(methods)), Val::string(std::move(m.name)));
}
Method Wit<Method>::from(Guest&, const Val& v) {
    return {v.case_index() < std::size(methods) ? std::string(methods[v.case_index()]) : v.payload()->as_string()};
}
ValueType Wit<Method>::type() {
    std::vector<ValueType::Member> cases;
    for (const char* c : method_cases) cases.push_back({c, std::nullopt});
    cases.push_back({"other", text_type()});
    return ValueType::variant(std::move(cases));
}

Val Wit<Scheme>::to(Guest&, Scheme s) {
    if (s.name == "http") return Val::variant(0);
    if (s.name == "https") return Val::variant(1);
    return Val::variant(2, Val::string(std::move(s.name)));
}
Scheme Wit<Scheme>::from(Guest&, const Val& v) { return {v.case_index() == 0 ? "http" : v.case_index() == 1 ? "https" : v.payload()->as_string()}; }
ValueType Wit<Scheme>::type() { return ValueType::variant({{"HTTP", std::nullopt}, {"HTTPS", std::nullopt}, {"other", text_type()}}); }

Val Wit<ErrorCode>::to(Guest&, const ErrorCode& e) {
    auto record = [](Val a, Val b) { return Val::record({std::move(a), std::move(b)}); };
    auto field = [&] { return record(optional_val(e.text), optional_val(narrow<u32>(e.number))); };
    switch (error_cases[e.what].payload) {
        case Payload::none: return Val::variant(e.what);
        case Payload::dns: return Val::variant(e.what, record(optional_val(e.text), optional_val(narrow<u16>(e.number))));
        case Payload::alert: return Val::variant(e.what, record(optional_val(narrow<u8>(e.number)), optional_val(e.text)));
        case Payload::size64: return Val::variant(e.what, optional_val(e.number));
        case Payload::size32: return Val::variant(e.what, optional_val(narrow<u32>(e.number)));
        case Payload::field: return Val::variant(e.what, field());
        case Payload::optional_field: return Val::variant(e.what, Val::some(field()));
        case Payload::text: return Val::variant(e.what, optional_val(e.text));
    }
    return Val::variant(e.what);
}

// What a guest says went wrong: the case and its words are enough.
ErrorCode Wit<ErrorCode>::from(Guest&, const Val& v) {
    ErrorCode e{.what = ErrorCode::Case(v.case_index())};
    if (error_cases[e.what].payload == Payload::text && v.payload()->payload()) e.text = v.payload()->payload()->as_string();
    return e;
}

ValueType Wit<ErrorCode>::type() {
    std::vector<ValueType::Member> cases;
    for (const auto& c : error_cases) cases.push_back({c.name, payload_type(c.payload)});
    return ValueType::variant(std::move(cases));
}

std::string describe(const ErrorCode& e) { return error_cases[e.what].name + (e.text ? ": " + *e.text : std::string()); }

// ---- parts of a URI -----------------------------------------------------------------------------------------------------------------------

namespace {

bool is_uri_text(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return c > 0x20 && c != 0x7f && c != '#' && c != '"' && c != '<' && c != '>' && c != '\\'; });
}

}  // namespace

bool is_authority(std::string_view s) { return !s.empty() && is_uri_text(s) && s.find_first_of("/?") == s.npos; }
bool is_path(std::string_view s) { return is_uri_text(s) && (s.empty() || s[0] == '/' || s[0] == '?' || s == "*"); }
bool is_scheme(std::string_view s) {
    return !s.empty() && std::isalpha(static_cast<unsigned char>(s[0])) &&
           std::all_of(s.begin(), s.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.'; });
}

// ---- fields -------------------------------------------------------------------------------------------------------------------------------

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

std::optional<u64> content_length(const http::Fields& f) {
    const std::string* text = http::find(f, "content-length");
    u64 n = 0;
    if (!text) return std::nullopt;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), n);
    return error == std::errc() && end == text->data() + text->size() ? std::optional(n) : std::nullopt;
}

namespace {

constexpr u64 field_cost = 64;   // besides its bytes
u64 cost(const http::Fields& fields) {
    u64 n = 0;
    for (const http::Field& f : fields) n += f.name.size() + f.value.size() + field_cost;
    return n;
}

Bytes bytes_of(const std::string& s) { return {s.begin(), s.end()}; }
http::Field field(const std::string& name, const Bytes& value) { return {name, std::string(value.begin(), value.end())}; }

FieldResult check(const std::string& name, const std::vector<Bytes>& values) {
    if (!http::is_token(name)) return std::unexpected(FieldFault::invalid_syntax);
    for (const Bytes& v : values)
        if (!http::is_field_value({reinterpret_cast<const char*>(v.data()), v.size()})) return std::unexpected(FieldFault::invalid_syntax);
    if (is_forbidden(name)) return std::unexpected(FieldFault::forbidden);
    return {};
}

void remove_from(http::Fields& all, const std::string& name) {
    std::erase_if(all, [&](const http::Field& f) { return http::same_name(f.name, name); });
}

}  // namespace

HttpFields::HttpFields(Guest& g, http::Fields f, bool immutable) : all_(std::move(f)), immutable_(immutable), charge_(g.charge(cost(all_))) {}

FieldEntries HttpFields::entries() const {
    FieldEntries all;
    for (const http::Field& x : all_) all.emplace_back(x.name, bytes_of(x.value));
    return all;
}

std::vector<Bytes> HttpFields::values(std::string_view name) const {
    std::vector<Bytes> all;
    for (const http::Field& x : all_)
        if (http::same_name(x.name, name)) all.push_back(bytes_of(x.value));
    return all;
}

// set, append, delete: one check, one change.
FieldResult HttpFields::change(const std::string& name, const std::vector<Bytes>& values, const std::function<void(http::Fields&)>& f) {
    if (immutable_) return std::unexpected(FieldFault::immutable);
    if (auto ok = check(name, values); !ok) return ok;
    http::Fields all = all_;
    f(all);
    if (!charge_.try_resize(cost(all))) return std::unexpected(FieldFault::size_exceeded);
    all_ = std::move(all);
    return {};
}

FieldResult HttpFields::set(const std::string& name, const std::vector<Bytes>& values) {
    return change(name, values, [&](http::Fields& all) {
        remove_from(all, name);
        for (const Bytes& v : values) all.push_back(field(name, v));
    });
}

FieldResult HttpFields::append(const std::string& name, const Bytes& value) {
    return change(name, {value}, [&](http::Fields& all) { all.push_back(field(name, value)); });
}

FieldResult HttpFields::remove(const std::string& name) {
    return change(name, {}, [&](http::Fields& all) { remove_from(all, name); });
}

std::expected<std::shared_ptr<HttpFields>, FieldFault> fields_from(Guest& g, const FieldEntries& entries) {
    http::Fields all;
    for (const auto& [name, value] : entries) {
        if (auto ok = check(name, {value}); !ok) return std::unexpected(ok.error());
        all.push_back(field(name, value));
    }
    return std::make_shared<HttpFields>(g, std::move(all), false);
}

}  // namespace heddle::wasi
