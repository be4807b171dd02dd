// What the versions of wasi:sockets have in common as WIT types.
#pragma once
#include "bind.hpp"
#include "sockets.hpp"

namespace heddle::wasi {

using Ipv4 = std::tuple<u8, u8, u8, u8>;
using Ipv6 = std::tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
struct IpAddress : std::variant<Ipv4, Ipv6> {};
struct Ipv4SocketAddress {
    u16 port = 0;
    Ipv4 address;
};
struct Ipv6SocketAddress {
    u16 port = 0;
    u32 flow_info = 0;
    Ipv6 address;
    u32 scope_id = 0;
};
struct IpSocketAddress : std::variant<Ipv4SocketAddress, Ipv6SocketAddress> {};

os::Address to_os(const IpSocketAddress& a);
IpSocketAddress from_os(const os::Address& a);
IpAddress ip_of(const os::Address& a);

template <>
struct Labels<Family> {
    static constexpr auto list = std::to_array<std::string_view>({"ipv4", "ipv6"});
};
template <>
struct Cases<IpAddress> {
    static constexpr auto list = std::to_array<std::string_view>({"ipv4", "ipv6"});
};
template <>
struct Cases<IpSocketAddress> {
    static constexpr auto list = std::to_array<std::string_view>({"ipv4", "ipv6"});
};

}  // namespace heddle::wasi

template <>
struct heddle::component::Fields<heddle::wasi::Ipv4SocketAddress> {
    using T = heddle::wasi::Ipv4SocketAddress;
    static constexpr auto list = std::tuple(std::pair("port", &T::port), std::pair("address", &T::address));
};
template <>
struct heddle::component::Fields<heddle::wasi::Ipv6SocketAddress> {
    using T = heddle::wasi::Ipv6SocketAddress;
    static constexpr auto list = std::tuple(std::pair("port", &T::port), std::pair("flow-info", &T::flow_info), std::pair("address", &T::address),
                                            std::pair("scope-id", &T::scope_id));
};
