// Internet addresses with ports, and networks of addresses.
#pragma once
#include <array>
#include <optional>
#include <span>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "os/errno.hpp"

namespace heddle::wasi::os {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    // `bytes`: 4 or 16, in the network's order.
    static Address v4(std::array<u8, 4> bytes, u16 port);
    static Address v6(std::array<u8, 16> bytes, u16 port, u32 flow = 0, u32 scope = 0);
    bool is_v6() const { return storage.ss_family == AF_INET6; }
    std::array<u8, 4> bytes4() const;
    std::array<u8, 16> bytes6() const;
    u16 port() const;
    u32 flow() const;
    u32 scope() const;
    bool is_unspecified() const;
    // ::ffff:a.b.c.d: an IPv4 address in disguise.
    bool is_mapped() const;
    bool is_multicast() const;
    // Loopback, unspecified, link-local, multicast and broadcast addresses.
    bool is_this_machine() const;
    // Without the port, as text.
    std::string host() const;
    std::string text() const;  // "127.0.0.1:80", "[::1]:80"
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    friend bool operator==(const Address& a, const Address& b) { return a.host() == b.host() && a.port() == b.port(); }
};

// Numeric addresses only: nothing is looked up. Without a port (0).
std::optional<Address> parse_ip(const std::string& text);

struct Network {
    Address address;
    unsigned bits = 0;
    bool contains(const Address& a) const;
};
// "10.0.0.0/8", "::1".
std::optional<Network> parse_network(const std::string& text);

// Asks the system's resolver, and waits for it. Errors: noent (no such name), again (try later), io.
Os<std::vector<Address>> look_up(const std::string& name);

}  // namespace heddle::wasi::os
