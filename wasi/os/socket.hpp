// Stream sockets: listening, accepting, sending, receiving. No call waits: `again` says that it would have to.
#pragma once
#include <span>
#include <string>
#include <sys/uio.h>

#include "os/address.hpp"
#include "os/descriptor.hpp"

namespace heddle::wasi::os {

// Listens at "127.0.0.1:8080", "[::1]:0" or "8080" (on 127.0.0.1). Only numeric addresses: nothing is looked up.
Os<Descriptor> listen_at(const std::string& address);
bool is_listener(int fd);
Os<void> set_nonblocking(int fd);
// The port a socket is bound to.
Os<u16> local_port(int fd);

Os<Descriptor> accept(int fd);

struct Received {
    std::size_t bytes = 0;
    bool truncated = false;    // a datagram was longer than the buffers
};
Os<Received> receive(int fd, std::span<const iovec> to, bool peek);
Os<std::size_t> send(int fd, std::span<const iovec> from);
Os<void> shut_down(int fd, bool reading, bool writing);

// ---- for components: sockets in every state, with their addresses

enum class SocketOption : u8 { keep_alive, keep_alive_idle, keep_alive_interval, keep_alive_count, hop_limit, receive_buffer, send_buffer };

// IPv6 sockets are for IPv6 alone.
Os<Descriptor> open_socket(bool v6, bool stream);
Os<void> bind(int fd, const Address& at);
// `inprogress`: it will be writable when it is done, and connect_result() says how that went.
Os<void> connect(int fd, const Address& to);
Os<void> connect_result(int fd);
Os<void> disconnect(int fd);
Os<void> listen(int fd, int backlog);
Os<std::pair<Descriptor, Address>> accept_from(int fd);
Os<Address> local_address(int fd);
Os<Address> remote_address(int fd);
Os<std::size_t> receive_from(int fd, std::span<u8> to, Address& from);
// Without an address: to the one it is connected to.
Os<std::size_t> send_to(int fd, std::span<const u8> bytes, const Address* to);
Os<int> get_option(int fd, SocketOption o, bool v6);
Os<void> set_option(int fd, SocketOption o, bool v6, int value);

}  // namespace heddle::wasi::os
