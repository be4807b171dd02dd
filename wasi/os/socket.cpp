#include "os/socket.hpp"

#include <algorithm>
#include <charconv>
#include <climits>
#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

namespace heddle::wasi::os {

namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

std::optional<Address> parse_address(const std::string& text) {
    std::size_t colon = text.rfind(':');
    std::string host = colon == text.npos ? "127.0.0.1" : text.substr(0, colon);
    std::string_view port_text = colon == text.npos ? std::string_view(text) : std::string_view(text).substr(colon + 1);
    u16 port = 0;
    auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc() || end != port_text.data() + port_text.size()) return std::nullopt;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);

    Address a;
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&a.storage, &v4, a.size = sizeof v4);
    } else if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&a.storage, &v6, a.size = sizeof v6);
    } else {
        return std::nullopt;
    }
    return a;
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
    if (bind(s.get(), reinterpret_cast<const sockaddr*>(&a->storage), a->size) != 0) return last_error();
    if (listen(s.get(), SOMAXCONN) != 0) return last_error();
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

}  // namespace heddle::wasi::os
