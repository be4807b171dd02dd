// heddle:sockets/preopens: the listening sockets that a component was given open, as wasi:filesystem/preopens gives directories.
//
//     package heddle:sockets@0.1.0;
//     interface preopens {
//         use wasi:sockets/tcp@0.2.12.{tcp-socket};
//         get-listeners: func() -> list<tcp-socket>;          // in the order of Context::listen; they listen already
//     }
#include "preopened_sockets.hpp"

#include "sockets.hpp"

namespace heddle::wasi {

namespace {

std::vector<Own<TcpSocket>> listeners(Guest& g) {
    std::vector<Own<TcpSocket>> all;
    for (const auto& d : g.context().listeners) {
        auto s = TcpSocket::listening(g, *d);
        if (!s) throw GuestFault("a listening socket cannot be given: " + std::string(text(s.error())));
        all.emplace_back(std::move(*s));
    }
    return all;
}

}  // namespace

void add_preopened_sockets(Binder& b) {
    b.interface("heddle:sockets/preopens@0.1.0").fn("get-listeners()", [](Guest& g) { return listeners(g); });
}

}  // namespace heddle::wasi
