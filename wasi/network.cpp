#include "network.hpp"

#include <algorithm>
#include <charconv>

namespace heddle::wasi {

namespace {

bool parse_port(std::string_view s, u16& port) {
    auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), port);
    return error == std::errc() && end == s.data() + s.size() && !s.empty();
}

// Takes "word:" from the front.
bool take(std::string_view& s, std::string_view word) {
    if (!s.starts_with(word) || s.size() <= word.size() || s[word.size()] != ':') return false;
    s.remove_prefix(word.size() + 1);
    return true;
}

std::optional<Transport> take_transport(std::string_view& s) {
    if (take(s, "tcp")) return Transport::tcp;
    if (take(s, "udp")) return Transport::udp;
    return std::nullopt;
}

std::string lower(std::string_view s) {
    std::string l(s);
    std::ranges::transform(l, l.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (l.ends_with('.')) l.pop_back();
    return l;
}

bool name_matches(std::string_view pattern, std::string_view name) {
    std::string p = lower(pattern), n = lower(name);
    if (p == "*" || p == n) return true;
    return p.starts_with("*.") && n.size() > p.size() - 1 && n.ends_with(std::string_view(p).substr(1));
}

}  // namespace

// HOST:PORT, with brackets around an IPv6 address.
bool NetworkPolicy::parse_place(std::string_view place, Rule& r) {
    std::size_t colon = place.rfind(':');
    if (colon == place.npos) return false;
    std::string_view host = place.substr(0, colon), port = place.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.empty()) return false;
    if (host != "*") {
        r.network = os::parse_network(std::string(host));
        if (!r.network) {
            if (host.find_first_of(":/ ") != host.npos) return false;
            r.name = lower(host);
        }
    }
    if (port == "*") return true;
    std::size_t dash = port.find('-');
    if (!parse_port(port.substr(0, dash), r.first_port)) return false;
    r.last_port = r.first_port;
    return dash == port.npos || (parse_port(port.substr(dash + 1), r.last_port) && r.first_port <= r.last_port);
}

bool NetworkPolicy::allow_net(std::string_view rule) {
    auto t = take_transport(rule);
    if (!t || !take(rule, "connect")) return false;
    Rule r{.transport = *t, .name = {}, .network = {}};
    if (!parse_place(rule, r)) return false;
    connect_.push_back(std::move(r));
    return true;
}

bool NetworkPolicy::allow_listen(std::string_view rule) {
    Rule r{.transport = take_transport(rule).value_or(Transport::tcp), .name = {}, .network = {}};
    if (!parse_place(rule, r) || !r.name.empty()) return false;
    listen_.push_back(std::move(r));
    return true;
}

bool NetworkPolicy::host_matches(const Rule& r, const os::Address& a) const {
    if (!r.name.empty()) return known_.contains({r.name, a.host()});
    return !r.network || r.network->contains(a);
}

bool NetworkPolicy::may_connect(Transport t, const os::Address& to) const {
    if (all_) return true;
    return std::ranges::any_of(connect_, [&](const Rule& r) {
        return r.transport == t && to.port() >= r.first_port && to.port() <= r.last_port && host_matches(r, to);
    });
}

bool NetworkPolicy::may_listen(Transport t, const os::Address& at) const {
    if (all_) return true;
    return std::ranges::any_of(listen_, [&](const Rule& r) {
        return r.transport == t && at.port() >= r.first_port && at.port() <= r.last_port && host_matches(r, at);
    });
}

bool NetworkPolicy::may_bind_as_client(Transport t) const {
    return all_ || std::ranges::any_of(connect_, [&](const Rule& r) { return r.transport == t; });
}

bool NetworkPolicy::may_look_up(std::string_view name) const {
    if (all_ || std::ranges::any_of(lookups_, [&](const std::string& p) { return name_matches(p, name); })) return true;
    return std::ranges::any_of(connect_, [&](const Rule& r) { return !r.name.empty() && name_matches(r.name, name); });
}

std::vector<os::Address> NetworkPolicy::resolved(std::string_view name, std::vector<os::Address> addresses) {
    std::string n = lower(name);
    bool local = n == "localhost" || n.ends_with(".localhost");
    if (!local && !all_) std::erase_if(addresses, [](const os::Address& a) { return a.is_this_machine(); });
    for (const Rule& r : connect_)
        if (!r.name.empty() && name_matches(r.name, n))
            for (const os::Address& a : addresses) known_.emplace(r.name, a.host());
    return addresses;
}

}  // namespace heddle::wasi
