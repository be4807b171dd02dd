#include "http/host_policy.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace heddle::http {

namespace {

std::string lower(std::string_view s) {
    std::string t(s);
    for (char& c : t)
        if (c >= 'A' && c <= 'Z') c = char(c + 32);
    return t;
}

struct HostAndPort {
    std::string host;
    std::optional<u16> port;
};

std::optional<HostAndPort> split(std::string_view authority) {
    HostAndPort r;
    std::size_t end = authority.size();
    if (authority.starts_with('[')) {
        std::size_t close = authority.find(']');
        if (close == authority.npos) return std::nullopt;
        r.host = lower(authority.substr(1, close - 1));
        end = close + 1;
    } else {
        end = std::min(authority.find(':'), authority.size());
        r.host = lower(authority.substr(0, end));
    }
    if (r.host.empty()) return std::nullopt;
    if (end == authority.size()) return r;
    if (authority[end] != ':') return std::nullopt;
    std::string_view digits = authority.substr(end + 1);
    u16 port = 0;
    auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || stop != digits.data() + digits.size() || port == 0) return std::nullopt;
    r.port = port;
    return r;
}

bool is_host_text(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':'; });
}

u16 default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

struct Range {
    u8 bytes[4];
    int bits;
};
// https://www.iana.org/assignments/iana-ipv4-special-registry
constexpr Range special_v4[] = {
    {{0, 0, 0, 0}, 8}, {{10, 0, 0, 0}, 8}, {{100, 64, 0, 0}, 10}, {{127, 0, 0, 0}, 8}, {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
    {{192, 0, 0, 0}, 24}, {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15}, {{224, 0, 0, 0}, 4}, {{240, 0, 0, 0}, 4}};

u32 word(const u8* b) { return u32(b[0]) << 24 | u32(b[1]) << 16 | u32(b[2]) << 8 | b[3]; }

bool is_private_v4(Address a) {
    return std::any_of(std::begin(special_v4), std::end(special_v4), [&](const Range& r) { return ((word(a.data()) ^ word(r.bytes)) >> (32 - r.bits)) == 0; });
}

bool is_loopback(Address a) {
    if (a.size() == 4) return a[0] == 127;
    return std::all_of(a.begin(), a.end() - 1, [](u8 b) { return b == 0; }) && a.back() == 1;
}

}  // namespace

std::expected<HostRule, std::string> parse_host_rule(std::string_view text) {
    auto wrong = [&](std::string why) { return std::unexpected("`" + std::string(text) + "`: " + why + "; written https://HOST, http://HOST:PORT or https://*.DOMAIN"); };
    std::size_t colon = text.find("://");
    if (colon == text.npos) return wrong("no scheme");
    HostRule r{.scheme = lower(text.substr(0, colon)), .host = {}};
    if (r.scheme != "http" && r.scheme != "https") return wrong("the scheme is neither http nor https");
    std::string_view rest = text.substr(colon + 3);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.starts_with("*.")) {
        r.suffix = true;
        rest.remove_prefix(1);
    }
    auto parts = split(rest);
    if (!parts || !is_host_text(parts->host)) return wrong("no host, or a port that is none");
    if (r.suffix && (parts->host.size() < 2 || parts->host.front() != '.')) return wrong("nothing after `*.`");
    r.host = parts->host;
    r.port = parts->port.value_or(default_port(r.scheme));
    return r;
}

std::expected<Destination, std::string> parse_destination(std::string_view scheme, std::string_view authority) {
    if (scheme != "http" && scheme != "https") return std::unexpected("the scheme is neither http nor https");
    auto parts = split(authority);
    if (!parts || !is_host_text(parts->host)) return std::unexpected("the authority is no host with an optional port");
    return Destination{std::string(scheme), parts->host, parts->port.value_or(default_port(scheme))};
}

bool is_allowed(std::span<const HostRule> rules, const Destination& d) {
    return std::any_of(rules.begin(), rules.end(), [&](const HostRule& r) {
        if (r.scheme != d.scheme || r.port != d.port) return false;
        return r.suffix ? d.host.size() > r.host.size() && d.host.ends_with(r.host) : d.host == r.host;
    });
}

bool is_private(Address a) {
    if (a.size() == 4) return is_private_v4(a);
    static constexpr u8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (std::equal(std::begin(mapped), std::end(mapped), a.begin()) || std::equal(std::begin(nat64), std::end(nat64), a.begin())) return is_private_v4(a.subspan(12));
    if (a[0] == 0x20 && a[1] == 0x02) return is_private_v4(a.subspan(2, 4));   // 6to4
    return (a[0] & 0xe0) != 0x20;                                               // all but global unicast, 2000::/3
}

bool is_address_allowed(std::span<const HostRule> rules, const Destination& d, Address a, const std::string& text) {
    if (!is_private(a)) return true;
    if (d.host == "localhost" && is_loopback(a)) return true;
    return std::any_of(rules.begin(), rules.end(), [&](const HostRule& r) { return !r.suffix && r.scheme == d.scheme && r.port == d.port && r.host == text; });
}

}  // namespace heddle::http
