// Header fields: names, values, and the words for status codes.
#include <algorithm>
#include <array>

#include <heddle/http.hpp>

namespace heddle::http {

namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; }

constexpr std::array<bool, 256> token_characters = [] {
    std::array<bool, 256> all{};
    for (int c = '0'; c <= '9'; ++c) all[std::size_t(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) all[std::size_t(c)] = all[std::size_t(c - 32)] = true;
    for (char c : std::string_view("!#$%&'*+-.^_`|~")) all[std::size_t(c)] = true;
    return all;
}();

struct Reason {
    u16 status;
    std::string_view text;
};
// https://www.iana.org/assignments/http-status-codes
constexpr Reason reasons[] = {
    {100, "Continue"}, {102, "Processing"}, {103, "Early Hints"},
    {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {203, "Non-Authoritative Information"}, {204, "No Content"}, {205, "Reset Content"},
    {206, "Partial Content"}, {207, "Multi-Status"}, {208, "Already Reported"}, {226, "IM Used"},
    {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
    {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
    {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
    {406, "Not Acceptable"}, {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
    {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {418, "I'm a teapot"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
    {423, "Locked"}, {424, "Failed Dependency"}, {425, "Too Early"}, {426, "Upgrade Required"}, {428, "Precondition Required"},
    {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"}, {506, "Variant Also Negotiates"}, {507, "Insufficient Storage"}, {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* find(const Fields& fields, std::string_view name) {
    for (const Field& f : fields)
        if (same_name(f.name, name)) return &f.value;
    return nullptr;
}

bool is_token(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return token_characters[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view value) {
    auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (!value.empty() && (blank(value.front()) || blank(value.back()))) return false;
    return std::all_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f : c == '\t'; });
}

std::string_view reason(u16 status) {
    auto at = std::lower_bound(std::begin(reasons), std::end(reasons), status, [](const Reason& r, u16 s) { return r.status < s; });
    return at != std::end(reasons) && at->status == status ? at->text : std::string_view();
}

Response problem(u16 status, std::string_view text) {
    return {.status = status, .fields = {{"content-type", "text/plain; charset=utf-8"}}, .body = std::string(text) + "\n"};
}

}  // namespace heddle::http
