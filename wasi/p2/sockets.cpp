// wasi:sockets.
#include <algorithm>

#include "p2/p2.hpp"
#include "sockets_wit.hpp"

namespace heddle::wasi::p2 {

// The network as a capability: there is one, and the policy says what it can do.
class Network final : public Resource {
public:
    static constexpr const char* wit_name = "network";
    bool has_state() const override { return false; }
};

enum class SocketError : u8 {};
enum class ShutdownType : u8 { receive, send, both };
struct IncomingDatagram {
    std::vector<u8> data;
    IpSocketAddress remote_address;
};
struct OutgoingDatagram {
    std::vector<u8> data;
    std::optional<IpSocketAddress> remote_address;
};
class IncomingDatagrams final : public DatagramSource {
public:
    static constexpr const char* wit_name = "incoming-datagram-stream";
    explicit IncomingDatagrams(std::shared_ptr<UdpSocket> s) : DatagramSource(std::move(s), true) {}
};
class OutgoingDatagrams final : public DatagramSource {
public:
    static constexpr const char* wit_name = "outgoing-datagram-stream";
    explicit OutgoingDatagrams(std::shared_ptr<UdpSocket> s) : DatagramSource(std::move(s), false) {}
    u64 permit = 0;
};

class ResolveStream final : public Source {
public:
    static constexpr const char* wit_name = "resolve-address-stream";
    bool ready() override { return answer.has_value(); }
    void arm() override {}
    std::optional<Os<std::vector<os::Address>>> answer;
    std::size_t at = 0;
    Pending pending;
};

}  // namespace heddle::wasi::p2

namespace heddle::wasi {

template <>
struct Labels<p2::SocketError> {
    static constexpr auto list = std::to_array<std::string_view>(
        {"unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout", "concurrency-conflict", "not-in-progress",
         "would-block", "invalid-state", "new-socket-limit", "address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused",
         "connection-reset", "connection-aborted", "datagram-too-large", "name-unresolvable", "temporary-resolver-failure",
         "permanent-resolver-failure"});
};
template <>
struct Labels<p2::ShutdownType> {
    static constexpr auto list = std::to_array<std::string_view>({"receive", "send", "both"});
};

}  // namespace heddle::wasi

template <>
struct heddle::component::Fields<heddle::wasi::p2::IncomingDatagram> {
    using T = heddle::wasi::p2::IncomingDatagram;
    static constexpr auto list = std::tuple(std::pair("data", &T::data), std::pair("remote-address", &T::remote_address));
};
template <>
struct heddle::component::Fields<heddle::wasi::p2::OutgoingDatagram> {
    using T = heddle::wasi::p2::OutgoingDatagram;
    static constexpr auto list = std::tuple(std::pair("data", &T::data), std::pair("remote-address", &T::remote_address));
};

namespace heddle::wasi::p2 {

namespace {

constexpr u64 most_datagrams = 64;  // of one call

template <class T>
using Net = std::expected<T, SocketError>;
using Tcp = Borrow<TcpSocket>;
using Udp = Borrow<UdpSocket>;
using Opt = os::SocketOption;
using Address = IpSocketAddress;

SocketError labelled(std::string_view label) {
    constexpr auto& all = Labels<SocketError>::list;
    auto at = std::ranges::find(all, label);
    return SocketError(at == all.end() ? 0 : at - all.begin());
}
SocketError error(Errno e) { return labelled(e == Errno::pipe ? "connection-reset" : network_error(e)); }

template <class T>
Net<T> net(Os<T> r) {
    if (!r) return std::unexpected(error(r.error()));
    if constexpr (std::is_void_v<T>) return {};
    else return std::move(*r);
}
template <class T>
Net<Own<T>> net(Os<std::shared_ptr<T>> r) {
    if (!r) return std::unexpected(error(r.error()));
    return Own<T>(std::move(*r));
}
Net<Address> net(const Os<os::Address>& a) {
    if (!a) return std::unexpected(error(a.error()));
    return from_os(*a);
}

// ---- TCP --------------------------------------------------------------------------------------------------------------------------------------

using Streams = std::tuple<Own<InputStream>, Own<OutputStream>>;
using Accepted = std::tuple<Own<TcpSocket>, Own<InputStream>, Own<OutputStream>>;

Net<Streams> finish_connect(Guest& g, TcpSocket& s) {
    if (auto ok = s.finish_connect(); !ok) return std::unexpected(error(ok.error()));
    return Streams(s.input(), s.output(g));
}

Net<Accepted> accept(Guest& g, TcpSocket& listener) {
    auto s = listener.accept(g);
    if (!s) return std::unexpected(error(s.error()));
    return Accepted(*s, (*s)->input(), (*s)->output(g));
}

template <class T>
Net<T> option(const Socket& s, Opt o) {
    auto v = s.option(o);
    if (!v) return std::unexpected(error(v.error()));
    return T(*v);
}
Net<void> set_option(const Socket& s, Opt o, u64 value) { return net(s.set_option(o, value)); }

void add_tcp(Binder::Interface& i) {
    i.fn("[method]tcp-socket.start-bind(self, network, local-address)",
         [](Guest& g, Tcp self, Borrow<Network>, Address at) { return net(self->start_bind(g, to_os(at))); })
        .fn("[method]tcp-socket.finish-bind(self)", [](Guest&, Tcp self) { return net(self->finish_bind()); })
        .fn("[method]tcp-socket.start-connect(self, network, remote-address)",
            [](Guest& g, Tcp self, Borrow<Network>, Address to) { return net(self->start_connect(g, to_os(to))); })
        .fn("[method]tcp-socket.finish-connect(self)", [](Guest& g, Tcp self) { return finish_connect(g, *self); })
        .fn("[method]tcp-socket.start-listen(self)", [](Guest& g, Tcp self) { return net(self->start_listen(g)); })
        .fn("[method]tcp-socket.finish-listen(self)", [](Guest&, Tcp self) { return net(self->finish_listen()); })
        .fn("[method]tcp-socket.accept(self)", [](Guest& g, Tcp self) { return accept(g, *self); })
        .fn("[method]tcp-socket.local-address(self)", [](Guest&, Tcp self) { return net(self->local_address()); })
        .fn("[method]tcp-socket.remote-address(self)", [](Guest&, Tcp self) { return net(self->remote_address()); })
        .fn("[method]tcp-socket.is-listening(self)", [](Guest&, Tcp self) { return self->state == TcpSocket::State::listening; })
        .fn("[method]tcp-socket.address-family(self)", [](Guest&, Tcp self) { return self->family; })
        .fn("[method]tcp-socket.set-listen-backlog-size(self, value)", [](Guest&, Tcp self, u64 value) { return net(self->set_backlog(value)); })
        .fn("[method]tcp-socket.subscribe(self)", [](Guest&, Tcp self) { return pollable(self); })
        .fn("[method]tcp-socket.shutdown(self, shutdown-type)", [](Guest&, Tcp self, ShutdownType t) {
            return net(self->shut_down(t != ShutdownType::send, t != ShutdownType::receive));
        });
    i.fn("[method]tcp-socket.keep-alive-enabled(self)", [](Guest&, Tcp s) { return option<bool>(*s, Opt::keep_alive); })
        .fn("[method]tcp-socket.set-keep-alive-enabled(self, value)", [](Guest&, Tcp s, bool v) { return set_option(*s, Opt::keep_alive, v); })
        .fn("[method]tcp-socket.keep-alive-idle-time(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::keep_alive_idle); })
        .fn("[method]tcp-socket.set-keep-alive-idle-time(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::keep_alive_idle, v); })
        .fn("[method]tcp-socket.keep-alive-interval(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::keep_alive_interval); })
        .fn("[method]tcp-socket.set-keep-alive-interval(self, value)",
            [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::keep_alive_interval, v); })
        .fn("[method]tcp-socket.keep-alive-count(self)", [](Guest&, Tcp s) { return option<u32>(*s, Opt::keep_alive_count); })
        .fn("[method]tcp-socket.set-keep-alive-count(self, value)", [](Guest&, Tcp s, u32 v) { return set_option(*s, Opt::keep_alive_count, v); })
        .fn("[method]tcp-socket.hop-limit(self)", [](Guest&, Tcp s) { return option<u8>(*s, Opt::hop_limit); })
        .fn("[method]tcp-socket.set-hop-limit(self, value)", [](Guest&, Tcp s, u8 v) { return set_option(*s, Opt::hop_limit, v); })
        .fn("[method]tcp-socket.receive-buffer-size(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::receive_buffer); })
        .fn("[method]tcp-socket.set-receive-buffer-size(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::receive_buffer, v); })
        .fn("[method]tcp-socket.send-buffer-size(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::send_buffer); })
        .fn("[method]tcp-socket.set-send-buffer-size(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::send_buffer, v); });
}

// ---- UDP --------------------------------------------------------------------------------------------------------------------------------------

using Datagrams = std::tuple<Own<IncomingDatagrams>, Own<OutgoingDatagrams>>;

Net<Datagrams> streams(Guest& g, const Udp& s, const std::optional<Address>& remote) {
    if (!s->is_bound()) return std::unexpected(labelled("invalid-state"));
    Os<void> ok;
    if (remote) ok = s->connect(g, to_os(*remote));
    else if (s->peer()) ok = s->disconnect();
    if (!ok) return std::unexpected(error(ok.error()));
    return Datagrams(std::make_shared<IncomingDatagrams>(s), std::make_shared<OutgoingDatagrams>(s));
}

Net<std::vector<IncomingDatagram>> receive(Guest& g, UdpSocket& s, u64 most) {
    std::vector<IncomingDatagram> all;
    Charge held = g.charge(0);
    for (u64 bytes = 0; all.size() < std::min(most, most_datagrams);) {
        auto d = s.receive(g);
        if (!d && (d.error() == Errno::again || !all.empty())) break;
        if (!d) return std::unexpected(error(d.error()));
        held.resize(bytes += d->data.size());
        all.push_back({std::move(d->data), from_os(d->from)});
    }
    return all;
}

Net<u64> check_send(OutgoingDatagrams& s) {
    s.permit = s.ready() ? most_datagrams : 0;
    return s.permit;
}

Net<u64> send(Guest& g, OutgoingDatagrams& s, const std::vector<OutgoingDatagram>& datagrams) {
    if (datagrams.size() > s.permit) throw GuestFault("a send of more datagrams than check-send permits");
    u64 sent = 0;
    for (const OutgoingDatagram& d : datagrams) {
        std::optional<os::Address> to;
        if (d.remote_address) to = to_os(*d.remote_address);
        auto ok = s.socket->send(g, d.data, to);
        if (!ok && (sent > 0 || ok.error() == Errno::again)) break;
        if (!ok) return std::unexpected(error(ok.error()));
        ++sent;
    }
    s.permit -= sent;
    return sent;
}

void add_udp(Binder::Interface& i) {
    i.resource<UdpSocket>().resource<IncomingDatagrams>().resource<OutgoingDatagrams>();
    i.fn("[method]udp-socket.start-bind(self, network, local-address)",
         [](Guest& g, Udp self, Borrow<Network>, Address at) { return net(self->start_bind(g, to_os(at))); })
        .fn("[method]udp-socket.finish-bind(self)", [](Guest&, Udp self) { return net(self->finish_bind()); })
        .fn("[method]udp-socket.stream(self, remote-address)", [](Guest& g, Udp self, std::optional<Address> remote) { return streams(g, self, remote); })
        .fn("[method]udp-socket.local-address(self)", [](Guest&, Udp self) { return net(self->local_address()); })
        .fn("[method]udp-socket.remote-address(self)", [](Guest&, Udp self) { return net(self->remote_address()); })
        .fn("[method]udp-socket.address-family(self)", [](Guest&, Udp self) { return self->family; })
        .fn("[method]udp-socket.subscribe(self)", [](Guest&, Udp self) { return pollable(self); })
        .fn("[method]udp-socket.unicast-hop-limit(self)", [](Guest&, Udp s) { return option<u8>(*s, Opt::hop_limit); })
        .fn("[method]udp-socket.set-unicast-hop-limit(self, value)", [](Guest&, Udp s, u8 v) { return set_option(*s, Opt::hop_limit, v); })
        .fn("[method]udp-socket.receive-buffer-size(self)", [](Guest&, Udp s) { return option<u64>(*s, Opt::receive_buffer); })
        .fn("[method]udp-socket.set-receive-buffer-size(self, value)", [](Guest&, Udp s, u64 v) { return set_option(*s, Opt::receive_buffer, v); })
        .fn("[method]udp-socket.send-buffer-size(self)", [](Guest&, Udp s) { return option<u64>(*s, Opt::send_buffer); })
        .fn("[method]udp-socket.set-send-buffer-size(self, value)", [](Guest&, Udp s, u64 v) { return set_option(*s, Opt::send_buffer, v); });
    i.fn("[method]incoming-datagram-stream.receive(self, max-results)",
         [](Guest& g, Borrow<IncomingDatagrams> self, u64 most) { return receive(g, *self->socket, most); })
        .fn("[method]incoming-datagram-stream.subscribe(self)", [](Guest&, Borrow<IncomingDatagrams> self) { return pollable(self); })
        .fn("[method]outgoing-datagram-stream.check-send(self)", [](Guest&, Borrow<OutgoingDatagrams> self) { return check_send(*self); })
        .fn("[method]outgoing-datagram-stream.send(self, datagrams)",
            [](Guest& g, Borrow<OutgoingDatagrams> self, std::vector<OutgoingDatagram> datagrams) { return send(g, *self, datagrams); })
        .fn("[method]outgoing-datagram-stream.subscribe(self)", [](Guest&, Borrow<OutgoingDatagrams> self) { return pollable(self); });
}

// ---- names ------------------------------------------------------------------------------------------------------------------------------------

SocketError lookup_error(Errno e) {
    switch (e) {
        case Errno::noent: return labelled("name-unresolvable");
        case Errno::again: return labelled("temporary-resolver-failure");
        case Errno::io: return labelled("permanent-resolver-failure");
        default: return error(e);
    }
}

Net<Own<ResolveStream>> resolve(Guest& g, const std::string& name) {
    auto s = std::make_shared<ResolveStream>();
    s->pending = look_up(g, name, [weak = std::weak_ptr(s)](Os<std::vector<os::Address>> found) {
        auto s = weak.lock();
        if (!s) return;
        s->answer = std::move(found);
        s->changed();
    });
    // Refused, or no name: said at once.
    if (s->answer && !*s->answer) return std::unexpected(lookup_error(s->answer->error()));
    return Own<ResolveStream>(std::move(s));
}

Net<std::optional<IpAddress>> next_address(ResolveStream& s) {
    if (!s.answer) return std::unexpected(labelled("would-block"));
    if (!*s.answer) return std::unexpected(lookup_error(s.answer->error()));
    if (s.at == (*s.answer)->size()) return std::optional<IpAddress>();
    return std::optional(ip_of((**s.answer)[s.at++]));
}

std::optional<SocketError> error_code(const IoError& e) { return e.code ? std::optional(error(*e.code)) : std::nullopt; }

}  // namespace

void add_sockets(Binder& b) {
    b.interface("wasi:sockets/network@0.2.12")
        .resource<Network>()
        .fn("network-error-code(err)", [](Guest&, Borrow<IoError> err) { return error_code(*err); });
    b.interface("wasi:sockets/instance-network@0.2.12").fn("instance-network()", [](Guest&) { return Own(std::make_shared<Network>()); });
    b.interface("wasi:sockets/tcp-create-socket@0.2.12").fn("create-tcp-socket(address-family)", [](Guest& g, Family family) {
        return net(TcpSocket::create(g, family));
    });
    b.interface("wasi:sockets/udp-create-socket@0.2.12").fn("create-udp-socket(address-family)", [](Guest& g, Family family) {
        return net(UdpSocket::create(g, family));
    });
    auto tcp = b.interface("wasi:sockets/tcp@0.2.12");
    tcp.resource<TcpSocket>();
    add_tcp(tcp);
    auto udp = b.interface("wasi:sockets/udp@0.2.12");
    add_udp(udp);
    b.interface("wasi:sockets/ip-name-lookup@0.2.12")
        .resource<ResolveStream>()
        .fn("resolve-addresses(network, name)", [](Guest& g, Borrow<Network>, std::string name) { return resolve(g, name); })
        .fn("[method]resolve-address-stream.resolve-next-address(self)", [](Guest&, Borrow<ResolveStream> self) { return next_address(*self); })
        .fn("[method]resolve-address-stream.subscribe(self)", [](Guest&, Borrow<ResolveStream> self) { return pollable(self); });
}

}  // namespace heddle::wasi::p2
