#include "os/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstring>
#include <netdb.h>
#include <netinet/in.h>

namespace heddle::wasi::os {

namespace {

sockaddr_in in4(const Address& a) {
    sockaddr_in v;
    std::memcpy(&v, &a.storage, sizeof v);
    return v;
}
sockaddr_in6 in6(const Address& a) {
    sockaddr_in6 v;
    std::memcpy(&v, &a.storage, sizeof v);
    return v;
}

template <class T>
Address made(const T& v) {
    Address a;
    std::memcpy(&a.storage, &v, sizeof v);
    a.size = sizeof v;
    return a;
}

std::span<const u8> bytes_of(const Address& a, std::array<u8, 16>& room) {
    if (a.is_v6()) {
        room = a.bytes6();
        return room;
    }
    std::ranges::copy(a.bytes4(), room.begin());
    return std::span(room).first(4);
}

}  // namespace

Address Address::v4(std::array<u8, 4> bytes, u16 port) {
    sockaddr_in v{};
    v.sin_family = AF_INET;
    v.sin_port = htons(port);
    std::memcpy(&v.sin_addr, bytes.data(), bytes.size());
    return made(v);
}

Address Address::v6(std::array<u8, 16> bytes, u16 port, u32 flow, u32 scope) {
    sockaddr_in6 v{};
    v.sin6_family = AF_INET6;
    v.sin6_port = htons(port);
    v.sin6_flowinfo = htonl(flow);
    v.sin6_scope_id = scope;
    std::memcpy(&v.sin6_addr, bytes.data(), bytes.size());
    return made(v);
}

std::array<u8, 4> Address::bytes4() const {
    std::array<u8, 4> b;
    sockaddr_in v = in4(*this);
    std::memcpy(b.data(), &v.sin_addr, b.size());
    return b;
}
std::array<u8, 16> Address::bytes6() const {
    std::array<u8, 16> b;
    sockaddr_in6 v = in6(*this);
    std::memcpy(b.data(), &v.sin6_addr, b.size());
    return b;
}
u16 Address::port() const { return ntohs(is_v6() ? in6(*this).sin6_port : in4(*this).sin_port); }
u32 Address::flow() const { return is_v6() ? ntohl(in6(*this).sin6_flowinfo) : 0; }
u32 Address::scope() const { return is_v6() ? in6(*this).sin6_scope_id : 0; }

bool Address::is_unspecified() const {
    std::array<u8, 16> room{};
    return std::ranges::all_of(bytes_of(*this, room), [](u8 b) { return b == 0; });
}

bool Address::is_mapped() const {
    if (!is_v6()) return false;
    auto b = bytes6();
    return std::all_of(b.begin(), b.begin() + 10, [](u8 x) { return x == 0; }) && b[10] == 0xff && b[11] == 0xff;
}

bool Address::is_multicast() const { return is_v6() ? bytes6()[0] == 0xff : bytes4()[0] >= 224 && bytes4()[0] < 240; }

bool Address::is_this_machine() const {
    if (is_unspecified() || is_multicast()) return true;
    if (!is_v6()) {
        auto b = bytes4();
        return b[0] == 127 || b[0] == 0 || (b[0] == 169 && b[1] == 254) || b[0] >= 240;
    }
    auto b = bytes6();
    bool loopback = std::all_of(b.begin(), b.end() - 1, [](u8 x) { return x == 0; }) && b[15] == 1;
    bool link_local = b[0] == 0xfe && (b[1] & 0xc0) == 0x80;
    return loopback || link_local || is_mapped();
}

std::string Address::host() const {
    char text[INET6_ADDRSTRLEN] = "";
    std::array<u8, 16> room{};
    inet_ntop(storage.ss_family, bytes_of(*this, room).data(), text, sizeof text);
    return text;
}

std::string Address::text() const { return (is_v6() ? "[" + host() + "]" : host()) + ":" + std::to_string(port()); }

std::optional<Address> parse_ip(const std::string& text) {
    std::array<u8, 4> four;
    if (inet_pton(AF_INET, text.c_str(), four.data()) == 1) return Address::v4(four, 0);
    std::array<u8, 16> sixteen;
    if (inet_pton(AF_INET6, text.c_str(), sixteen.data()) == 1) return Address::v6(sixteen, 0);
    return std::nullopt;
}

bool Network::contains(const Address& a) const {
    if (a.is_v6() != address.is_v6()) return false;
    std::array<u8, 16> r1{}, r2{};
    auto x = bytes_of(a, r1), y = bytes_of(address, r2);
    for (unsigned bit = 0; bit < bits; ++bit)
        if (((x[bit / 8] ^ y[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    return true;
}

std::optional<Network> parse_network(const std::string& text) {
    std::size_t slash = text.find('/');
    auto a = parse_ip(text.substr(0, slash));
    if (!a) return std::nullopt;
    unsigned most = a->is_v6() ? 128 : 32, bits = most;
    if (slash != text.npos) {
        auto [end, error] = std::from_chars(text.data() + slash + 1, text.data() + text.size(), bits);
        if (error != std::errc() || end != text.data() + text.size() || bits > most) return std::nullopt;
    }
    return Network{*a, bits};
}

Os<std::vector<Address>> look_up(const std::string& name) {
    addrinfo hints{}, *list = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    int failed = getaddrinfo(name.c_str(), nullptr, &hints, &list);
    if (failed == EAI_AGAIN) return fail(Errno::again);
    if (failed == EAI_NONAME || failed == EAI_NODATA || failed == EAI_ADDRFAMILY) return fail(Errno::noent);
    if (failed != 0) return fail(Errno::io);
    std::vector<Address> all;
    for (addrinfo* i = list; i; i = i->ai_next) {
        if (i->ai_family != AF_INET && i->ai_family != AF_INET6) continue;
        Address a;
        std::memcpy(&a.storage, i->ai_addr, i->ai_addrlen);
        a.size = i->ai_addrlen;
        all.push_back(a);
    }
    freeaddrinfo(list);
    return all;
}

}  // namespace heddle::wasi::os
