// wasi:http/types as values and resources, as far as 0.2 and 0.3 share them.
// https://github.com/WebAssembly/wasi-http
#pragma once
#include "bind.hpp"
#include "http/body.hpp"

namespace heddle::wasi {

using http::ErrorCode;
using Bytes = std::vector<u8>;

struct Method {
    std::string name;   // "GET"
};
struct Scheme {
    std::string name;   // "https"
};

template <>
struct Wit<Method> {
    static Val to(Guest&, Method m);
    static Method from(Guest&, const Val& v);
    static ValueType type();
};
template <>
struct Wit<Scheme> {
    static Val to(Guest&, Scheme s);
    static Scheme from(Guest&, const Val& v);
    static ValueType type();
};
template <>
struct Wit<ErrorCode> {
    static Val to(Guest&, const ErrorCode& e);
    static ErrorCode from(Guest&, const Val& v);
    static ValueType type();
};
std::string describe(const ErrorCode& e);

// https://www.rfc-editor.org/rfc/rfc3986#section-3.2 : what could stand in an authority, a path with its query, a scheme.
bool is_authority(std::string_view s);
bool is_path(std::string_view s);
bool is_scheme(std::string_view s);

// ---- fields -------------------------------------------------------------------------------------------------------------------------------

enum class FieldFault : u8 { invalid_syntax, forbidden, immutable, size_exceeded };
using FieldResult = std::expected<void, FieldFault>;
using FieldEntries = std::vector<std::tuple<std::string, Bytes>>;

// Fields of a message, counted against the guest's budget.
class HttpFields final : public Resource {
public:
    static constexpr const char* wit_name = "fields";
    // Throws GuestFault when the budget does not hold them.
    HttpFields(Guest& g, http::Fields f, bool immutable);
    const http::Fields& all() const { return all_; }
    void freeze() { immutable_ = true; }
    FieldEntries entries() const;
    std::vector<Bytes> values(std::string_view name) const;

    FieldResult set(const std::string& name, const std::vector<Bytes>& values);
    FieldResult append(const std::string& name, const Bytes& value);
    FieldResult remove(const std::string& name);

private:
    FieldResult change(const std::string& name, const std::vector<Bytes>& values, const std::function<void(http::Fields&)>& f);
    http::Fields all_;
    bool immutable_;
    Charge charge_;
};
std::expected<std::shared_ptr<HttpFields>, FieldFault> fields_from(Guest& g, const FieldEntries& entries);

// Fields that a guest must not set: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and the host, which is the authority.
bool is_forbidden(std::string_view name);
// Without those.
http::Fields without_forbidden(const http::Fields& fields);
// None: there is none, or it says nothing a body could be held to.
std::optional<u64> content_length(const http::Fields& f);

class RequestOptions final : public Resource {
public:
    static constexpr const char* wit_name = "request-options";
    std::optional<u64> connect, first_byte, between_bytes;   // nanoseconds
    bool immutable = false;                                  // 0.3: those of a request
};

}  // namespace heddle::wasi
