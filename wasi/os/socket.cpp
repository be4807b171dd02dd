#include "os/socket.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>

namespace heddle::wasi::os {

namespace {

std::optional<Address> parse_address(const std::string& text) {
    std::size_t colon = text.rfind(':');
    std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
    std::string_view port_text = colon == text.npos ? std::string_view(text) : std::string_view(text).substr(colon + 1);
    u16 port = 0;
    auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc() || end != port_text.data() + port_text.size()) return std::nullopt;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);

    auto a = parse_ip(host);
    if (!a) return std::nullopt;
    return a->is_v6() ? Address::v6(a->bytes6(), port) : Address::v4(a->bytes4(), port);
}

msghdr message(std::span<const iovec> v) {
    msghdr m{};
    m.msg_iov = const_cast<iovec*>(v.data());
    m.msg_iovlen = std::min<std::size_t>(v.size(), IOV_MAX);
    return m;
}

}  // namespace

Os<Descriptor> listen_at(const std::string& text) {
    std::optional<Address> a = parse_address(text);
    if (!a) return fail(Errno::inval);
    Descriptor s(socket(a->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!s) return last_error();
    int on = 1;
    setsockopt(s.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(s.get(), a->get(), a->size) != 0) return last_error();
    if (::listen(s.get(), SOMAXCONN) != 0) return last_error();
    return s;
}

bool is_listener(int fd) {
    int on = 0;
    socklen_t size = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) == 0 && on != 0;
}

Os<void> set_nonblocking(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return last_error();
    return {};
}

Os<u16> local_port(int fd) {
    sockaddr_storage a{};
    socklen_t size = sizeof a;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0) return last_error();
    in_port_t port;
    if (a.ss_family == AF_INET) std::memcpy(&port, reinterpret_cast<char*>(&a) + offsetof(sockaddr_in, sin_port), sizeof port);
    else if (a.ss_family == AF_INET6) std::memcpy(&port, reinterpret_cast<char*>(&a) + offsetof(sockaddr_in6, sin6_port), sizeof port);
    else return fail(Errno::afnosupport);
    return ntohs(port);
}

Os<Descriptor> accept(int fd) {
    for (;;) {
        Descriptor d(accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (d) return d;
        // A connection that was given up before we came is not the listener's failure.
        if (errno != EINTR && errno != ECONNABORTED) return last_error();
    }
}

Os<Received> receive(int fd, std::span<const iovec> to, bool peek) {
    msghdr m = message(to);
    ssize_t n;
    do n = recvmsg(fd, &m, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    while (n < 0 && errno == EINTR);
    if (n < 0) return last_error();
    return Received{std::size_t(n), (m.msg_flags & MSG_TRUNC) != 0};
}

Os<std::size_t> send(int fd, std::span<const iovec> from) {
    msghdr m = message(from);
    ssize_t n;
    do n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0) return last_error();
    return std::size_t(n);
}

Os<void> shut_down(int fd, bool reading, bool writing) {
    if (shutdown(fd, reading ? (writing ? SHUT_RDWR : SHUT_RD) : SHUT_WR) != 0) return last_error();
    return {};
}

// ---- for components ---------------------------------------------------------------------------------------------------------------------

namespace {

template <class F>
Os<void> done(F f) {
    int r;
    do r = f();
    while (r < 0 && errno == EINTR);
    if (r < 0) return last_error();
    return {};
}

using NameOf = int (*)(int, sockaddr*, socklen_t*);
Os<Address> named(NameOf f, int fd) {
    Address a;
    a.size = sizeof a.storage;
    if (f(fd, reinterpret_cast<sockaddr*>(&a.storage), &a.size) != 0) return last_error();
    return a;
}

struct OptionName {
    int level, name;
};
OptionName option_name(SocketOption o, bool v6) {
    switch (o) {
        case SocketOption::keep_alive: return {SOL_SOCKET, SO_KEEPALIVE};
        case SocketOption::keep_alive_idle: return {IPPROTO_TCP, TCP_KEEPIDLE};
        case SocketOption::keep_alive_interval: return {IPPROTO_TCP, TCP_KEEPINTVL};
        case SocketOption::keep_alive_count: return {IPPROTO_TCP, TCP_KEEPCNT};
        case SocketOption::hop_limit: return v6 ? OptionName{IPPROTO_IPV6, IPV6_UNICAST_HOPS} : OptionName{IPPROTO_IP, IP_TTL};
        case SocketOption::receive_buffer: return {SOL_SOCKET, SO_RCVBUF};
        case SocketOption::send_buffer: break;
    }
    return {SOL_SOCKET, SO_SNDBUF};
}

}  // namespace

Os<Descriptor> open_socket(bool v6, bool stream) {
    Descriptor s(socket(v6 ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!s) return last_error();
    int on = 1;
    if (v6) setsockopt(s.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return s;
}

Os<void> bind(int fd, const Address& at) {
    // A server that is started again need not wait for its old connections to be forgotten.
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return done([&] { return ::bind(fd, at.get(), at.size); });
}

Os<void> connect(int fd, const Address& to) {
    if (::connect(fd, to.get(), to.size) == 0) return {};
    if (errno == EINTR) return fail(Errno::inprogress);
    return last_error();
}

Os<void> connect_result(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return last_error();
    if (error != 0) return fail(errno_of(error));
    return {};
}

Os<void> disconnect(int fd) {
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    return done([&] { return ::connect(fd, &nobody, sizeof nobody); });
}

Os<void> listen(int fd, int backlog) {
    return done([&] { return ::listen(fd, backlog); });
}

Os<std::pair<Descriptor, Address>> accept_from(int fd) {
    Address a;
    for (;;) {
        a.size = sizeof a.storage;
        Descriptor d(accept4(fd, reinterpret_cast<sockaddr*>(&a.storage), &a.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (d) return std::pair(std::move(d), a);
        if (errno != EINTR && errno != ECONNABORTED) return last_error();
    }
}

Os<Address> local_address(int fd) { return named(getsockname, fd); }
Os<Address> remote_address(int fd) { return named(getpeername, fd); }

Os<std::size_t> receive_from(int fd, std::span<u8> to, Address& from) {
    from.size = sizeof from.storage;
    ssize_t n;
    do n = recvfrom(fd, to.data(), to.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from.storage), &from.size);
    while (n < 0 && errno == EINTR);
    if (n < 0) return last_error();
    return std::size_t(n);
}

Os<std::size_t> send_to(int fd, std::span<const u8> bytes, const Address* to) {
    ssize_t n;
    do n = sendto(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL, to ? to->get() : nullptr, to ? to->size : 0);
    while (n < 0 && errno == EINTR);
    if (n < 0) return last_error();
    return std::size_t(n);
}

Os<int> get_option(int fd, SocketOption o, bool v6) {
    auto [level, name] = option_name(o, v6);
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(fd, level, name, &value, &size) != 0) return last_error();
    // Linux tells twice what was asked for: its own share is in it.
    if (o == SocketOption::receive_buffer || o == SocketOption::send_buffer) value /= 2;
    return value;
}

Os<void> set_option(int fd, SocketOption o, bool v6, int value) {
    auto [level, name] = option_name(o, v6);
    return done([&] { return setsockopt(fd, level, name, &value, sizeof value); });
}

}  // namespace heddle::wasi::os
