// The formats of strings that types can ask for. https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
#include <array>

#include <arpa/inet.h>
#include <re2/re2.h>

#include "schema.hpp"

namespace heddle::wire {

namespace {

const re2::RE2& expression(Format f) {
    static const re2::RE2 uuid("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
    static const re2::RE2 email(R"([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)");
    static const re2::RE2 uri(R"([A-Za-z][A-Za-z0-9+.-]*:[!-;=?-Z\[\]_a-z~]+)");
    static const re2::RE2 time(R"(([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))");
    static const re2::RE2 hostname(R"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)");
    static const re2::RE2 byte("([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?");
    switch (f) {
        case Format::uuid: return uuid;
        case Format::email: return email;
        case Format::uri: return uri;
        case Format::time: return time;
        case Format::hostname: return hostname;
        default: return byte;
    }
}

bool is_date(std::string_view text) {
    static const re2::RE2 date(R"((\d{4})-(\d{2})-(\d{2}))");
    int year, month, day;
    if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), date, &year, &month, &day) || month < 1 || month > 12) return false;
    static constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[std::size_t(month - 1)] + (month == 2 && leap);
}

bool is_address(int family, std::string_view text) {
    unsigned char bytes[16];
    return inet_pton(family, std::string(text).c_str(), bytes) == 1 && text.find('\0') == text.npos;
}

}  // namespace

bool has_format(Format f, std::string_view text) {
    switch (f) {
        case Format::none: return true;
        case Format::date: return is_date(text);
        case Format::date_time:
            return text.size() > 11 && is_date(text.substr(0, 10)) && (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && has_format(Format::time, text.substr(11));
        case Format::ipv4: return is_address(AF_INET, text);
        case Format::ipv6: return is_address(AF_INET6, text);
        case Format::hostname:
            if (text.size() > 253) return false;
            [[fallthrough]];
        default: return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), expression(f));
    }
}

}  // namespace heddle::wire
