#include "sockets_wit.hpp"

namespace heddle::wasi {

namespace {

std::array<u8, 4> bytes(const Ipv4& a) {
    return std::apply([](auto... b) { return std::array<u8, 4>{b...}; }, a);
}
std::array<u8, 16> bytes(const Ipv6& a) {
    auto groups = std::apply([](auto... g) { return std::array<u16, 8>{g...}; }, a);
    std::array<u8, 16> all;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        all[2 * i] = u8(groups[i] >> 8);
        all[2 * i + 1] = u8(groups[i]);
    }
    return all;
}
Ipv4 ipv4(const os::Address& a) {
    auto b = a.bytes4();
    return {b[0], b[1], b[2], b[3]};
}
Ipv6 ipv6(const os::Address& a) {
    auto b = a.bytes6();
    auto group = [&](std::size_t i) { return u16(b[2 * i] << 8 | b[2 * i + 1]); };
    return {group(0), group(1), group(2), group(3), group(4), group(5), group(6), group(7)};
}

}  // namespace

os::Address to_os(const IpSocketAddress& a) {
    if (auto* v4 = std::get_if<0>(&a)) return os::Address::v4(bytes(v4->address), v4->port);
    const auto& v6 = std::get<1>(a);
    return os::Address::v6(bytes(v6.address), v6.port, v6.flow_info, v6.scope_id);
}

IpSocketAddress from_os(const os::Address& a) {
    if (a.is_v6()) return {Ipv6SocketAddress{a.port(), a.flow(), ipv6(a), a.scope()}};
    return {Ipv4SocketAddress{a.port(), ipv4(a)}};
}

IpAddress ip_of(const os::Address& a) {
    if (a.is_v6()) return {ipv6(a)};
    return {ipv4(a)};
}

}  // namespace heddle::wasi
