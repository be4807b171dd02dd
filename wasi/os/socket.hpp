// Stream sockets: listening, accepting, sending, receiving. No call waits: `again` says that it would have to.
#pragma once
#include <span>
#include <string>
#include <sys/uio.h>

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

}  // namespace heddle::wasi::os
