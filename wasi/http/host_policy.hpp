// Which hosts a guest may send requests to: what was granted, and nothing that merely leads there.
#pragma once
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::http {

// "https://api.example.com", "http://127.0.0.1:8080", "https://*.example.com"
struct HostRule {
    std::string scheme, host;   // lower case; of a suffix rule without the "*"
    u16 port = 0;
    bool suffix = false;
};
// Errors: what is wrong, and how a rule is written.
std::expected<HostRule, std::string> parse_host_rule(std::string_view text);

// Where a request goes.
struct Destination {
    std::string scheme, host;   // lower case; an IPv6 host without its brackets
    u16 port = 0;
};
// Of a scheme (http, https) and an authority. Errors: what is wrong.
std::expected<Destination, std::string> parse_destination(std::string_view scheme, std::string_view authority);

bool is_allowed(std::span<const HostRule> rules, const Destination& d);

// An address as the system has it: 4 or 16 bytes.
using Address = std::span<const u8>;
// Not of the public internet: loopback, private, link-local, unique local, multicast, unspecified, also as IPv4 within IPv6.
bool is_private(Address a);
// Whether the address that a granted host resolved to may be connected to: it is public, or granted by itself with the same scheme and port; of
// `localhost`: loopback. So a name's owner cannot lead a guest to what lies behind the host's walls.
bool is_address_allowed(std::span<const HostRule> rules, const Destination& d, Address a, const std::string& text);

}  // namespace heddle::http
