// wasi:sockets.
#include <algorithm>

#include "p3/p3.hpp"
#include "sockets_wit.hpp"

namespace heddle::wasi::p3 {

namespace {

struct SocketErrorNames {
    static constexpr auto list = std::to_array<std::string_view>(
        {"access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout", "invalid-state", "address-not-bindable", "address-in-use",
         "remote-unreachable", "connection-refused", "connection-broken", "connection-reset", "connection-aborted", "datagram-too-large"});
};
struct LookupErrorNames {
    static constexpr auto list = std::to_array<std::string_view>(
        {"access-denied", "invalid-argument", "name-unresolvable", "temporary-resolver-failure", "permanent-resolver-failure"});
};
using SocketError = OpenVariant<SocketErrorNames>;
using LookupError = OpenVariant<LookupErrorNames>;
template <class T>
using Net = std::expected<T, SocketError>;
using Tcp = Borrow<TcpSocket>;
using Udp = Borrow<UdpSocket>;
using Opt = os::SocketOption;
using Address = IpSocketAddress;

SocketError error(Errno e) {
    std::string_view name = network_error(e);
    if (name == "concurrency-conflict" || name == "not-in-progress") name = "invalid-state";
    return SocketError::of(name, text(e));
}
Val failure(Errno e) {
    SocketError f = error(e);
    return f.other ? Val::variant(f.index, Val::some(Val::string(*f.other))) : Val::variant(f.index);
}
LookupError lookup_error(Errno e) {
    switch (e) {
        case Errno::acces: return LookupError::of("access-denied", "");
        case Errno::inval: return LookupError::of("invalid-argument", "");
        case Errno::noent: return LookupError::of("name-unresolvable", "");
        case Errno::again: return LookupError::of("temporary-resolver-failure", "");
        default: return LookupError::of("permanent-resolver-failure", "");
    }
}

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
template <class T>
Net<T> option(const Socket& s, Opt o) {
    auto v = s.option(o);
    if (!v) return std::unexpected(error(v.error()));
    return T(*v);
}
Net<void> set_option(const Socket& s, Opt o, u64 value) { return net(s.set_option(o, value)); }

// ---- TCP --------------------------------------------------------------------------------------------------------------------------------------

Os<void> bind_at(Guest& g, TcpSocket& s, const Address& at) {
    if (auto ok = s.start_bind(g, to_os(at)); !ok) return ok;
    return s.finish_bind();
}

void connect(Guest& g, const Reply<Net<void>>& reply, const Tcp& s, const Address& to) {
    if (auto ok = s->start_connect(g, to_os(to)); !ok) return reply(net(ok));
    auto finish = [reply, s] { reply(net(s->finish_connect())); };
    if (s->ready()) return finish();
    reply.keep(when_any_ready({s}, finish));
}

Net<StreamOf<Own<TcpSocket>>> listen(Guest& g, const Tcp& s) {
    Os<void> ok = s->start_listen(g);
    if (ok) ok = s->finish_listen();
    if (!ok) return std::unexpected(error(ok.error()));
    auto make = [listener = std::shared_ptr<TcpSocket>(s), guest = &g](u32, Ended& ended) -> std::optional<Val> {
        auto c = listener->accept(*guest);
        std::vector<Val> one;
        if (c) one.push_back(Wit<Own<TcpSocket>>::to(*guest, Own<TcpSocket>(*c)));
        // Out of descriptors: those that wait are accepted when others were closed.
        else if (c.error() != Errno::again && c.error() != Errno::mfile && c.error() != Errno::nfile) ended = c.error();
        if (ended) return std::nullopt;
        return Val::list(std::move(one));
    };
    return StreamOf<Own<TcpSocket>>{outgoing(g, {std::move(make), s, &failure}).first};
}

FutureOf<Net<void>> send(Guest& g, const Tcp& s, const StreamOf<u8>& data) {
    Os<std::shared_ptr<OutputStream>> to = fail(Errno::notconn);
    if (s->state == TcpSocket::State::connected) to = s->output(g);
    return {incoming_bytes(g, data.end, to, &failure, [socket = std::shared_ptr<TcpSocket>(s)] { (void)socket->shut_down(false, true); })};
}

WithEnd<u8, SocketError> receive(Guest& g, const Tcp& s) {
    Os<std::shared_ptr<InputStream>> from = fail(Errno::notconn);
    if (s->state == TcpSocket::State::connected) from = s->input();
    return with_end<u8, SocketError>(outgoing_bytes(g, from, &failure));
}

void add_tcp(Binder::Interface& i) {
    i.fn("[static]tcp-socket.create(address-family)", [](Guest& g, Family family) { return net(TcpSocket::create(g, family)); })
        .fn("[method]tcp-socket.bind(self, local-address)", [](Guest& g, Tcp self, Address at) { return net(bind_at(g, *self, at)); })
        .async_fn("[method]tcp-socket.connect(self, remote-address)",
                  [](Guest& g, Reply<Net<void>> reply, Tcp self, Address to) { connect(g, reply, self, to); })
        .fn("[method]tcp-socket.listen(self)", [](Guest& g, Tcp self) { return listen(g, self); })
        .fn("[method]tcp-socket.send(self, data)", [](Guest& g, Tcp self, StreamOf<u8> data) { return send(g, self, data); })
        .fn("[method]tcp-socket.receive(self)", [](Guest& g, Tcp self) { return receive(g, self); })
        .fn("[method]tcp-socket.get-local-address(self)", [](Guest&, Tcp self) { return net(self->local_address()); })
        .fn("[method]tcp-socket.get-remote-address(self)", [](Guest&, Tcp self) { return net(self->remote_address()); })
        .fn("[method]tcp-socket.get-is-listening(self)", [](Guest&, Tcp self) { return self->state == TcpSocket::State::listening; })
        .fn("[method]tcp-socket.get-address-family(self)", [](Guest&, Tcp self) { return self->family; })
        .fn("[method]tcp-socket.set-listen-backlog-size(self, value)", [](Guest&, Tcp self, u64 value) { return net(self->set_backlog(value)); });
    i.fn("[method]tcp-socket.get-keep-alive-enabled(self)", [](Guest&, Tcp s) { return option<bool>(*s, Opt::keep_alive); })
        .fn("[method]tcp-socket.set-keep-alive-enabled(self, value)", [](Guest&, Tcp s, bool v) { return set_option(*s, Opt::keep_alive, v); })
        .fn("[method]tcp-socket.get-keep-alive-idle-time(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::keep_alive_idle); })
        .fn("[method]tcp-socket.set-keep-alive-idle-time(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::keep_alive_idle, v); })
        .fn("[method]tcp-socket.get-keep-alive-interval(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::keep_alive_interval); })
        .fn("[method]tcp-socket.set-keep-alive-interval(self, value)",
            [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::keep_alive_interval, v); })
        .fn("[method]tcp-socket.get-keep-alive-count(self)", [](Guest&, Tcp s) { return option<u32>(*s, Opt::keep_alive_count); })
        .fn("[method]tcp-socket.set-keep-alive-count(self, value)", [](Guest&, Tcp s, u32 v) { return set_option(*s, Opt::keep_alive_count, v); })
        .fn("[method]tcp-socket.get-hop-limit(self)", [](Guest&, Tcp s) { return option<u8>(*s, Opt::hop_limit); })
        .fn("[method]tcp-socket.set-hop-limit(self, value)", [](Guest&, Tcp s, u8 v) { return set_option(*s, Opt::hop_limit, v); })
        .fn("[method]tcp-socket.get-receive-buffer-size(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::receive_buffer); })
        .fn("[method]tcp-socket.set-receive-buffer-size(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::receive_buffer, v); })
        .fn("[method]tcp-socket.get-send-buffer-size(self)", [](Guest&, Tcp s) { return option<u64>(*s, Opt::send_buffer); })
        .fn("[method]tcp-socket.set-send-buffer-size(self, value)", [](Guest&, Tcp s, u64 v) { return set_option(*s, Opt::send_buffer, v); });
}

// ---- UDP --------------------------------------------------------------------------------------------------------------------------------------

Os<void> bind_at(Guest& g, UdpSocket& s, const Address& at) {
    if (auto ok = s.start_bind(g, to_os(at)); !ok) return ok;
    return s.finish_bind();
}

// Tries until it can be done.
template <class R, class F>
void when_possible(const Reply<R>& reply, const std::shared_ptr<DatagramSource>& source, F attempt) {
    auto r = attempt();
    if (r || r.error() != Errno::again) return reply(net(std::move(r)));
    reply.keep(when_any_ready({source}, [reply, source, attempt] { reply.guarded([&] { when_possible(reply, source, attempt); }); }));
}

using Received = std::tuple<std::vector<u8>, Address>;

void receive(Guest& g, const Reply<Net<Received>>& reply, const Udp& s) {
    auto attempt = [guest = &g, socket = std::shared_ptr<UdpSocket>(s)]() -> Os<Received> {
        auto d = socket->receive(*guest);
        if (!d) return fail(d.error());
        return Received(std::move(d->data), from_os(d->from));
    };
    when_possible(reply, std::make_shared<DatagramSource>(s, true), std::move(attempt));
}

void send(Guest& g, const Reply<Net<void>>& reply, const Udp& s, std::vector<u8> data, const std::optional<Address>& to) {
    std::optional<os::Address> address;
    if (to) address = to_os(*to);
    auto attempt = [guest = &g, socket = std::shared_ptr<UdpSocket>(s), data = std::make_shared<std::vector<u8>>(std::move(data)), address] {
        return socket->send(*guest, *data, address);
    };
    when_possible(reply, std::make_shared<DatagramSource>(s, false), std::move(attempt));
}

void add_udp(Binder::Interface& i) {
    i.fn("[static]udp-socket.create(address-family)", [](Guest& g, Family family) { return net(UdpSocket::create(g, family)); })
        .fn("[method]udp-socket.bind(self, local-address)", [](Guest& g, Udp self, Address at) { return net(bind_at(g, *self, at)); })
        .fn("[method]udp-socket.connect(self, remote-address)", [](Guest& g, Udp self, Address to) { return net(self->connect(g, to_os(to))); })
        .fn("[method]udp-socket.disconnect(self)", [](Guest&, Udp self) { return net(self->disconnect()); })
        .async_fn("[method]udp-socket.send(self, data, remote-address)",
                  [](Guest& g, Reply<Net<void>> reply, Udp self, std::vector<u8> data, std::optional<Address> to) {
                      send(g, reply, self, std::move(data), to);
                  })
        .async_fn("[method]udp-socket.receive(self)", [](Guest& g, Reply<Net<Received>> reply, Udp self) { receive(g, reply, self); })
        .fn("[method]udp-socket.get-local-address(self)", [](Guest&, Udp self) { return net(self->local_address()); })
        .fn("[method]udp-socket.get-remote-address(self)", [](Guest&, Udp self) { return net(self->remote_address()); })
        .fn("[method]udp-socket.get-address-family(self)", [](Guest&, Udp self) { return self->family; })
        .fn("[method]udp-socket.get-unicast-hop-limit(self)", [](Guest&, Udp s) { return option<u8>(*s, Opt::hop_limit); })
        .fn("[method]udp-socket.set-unicast-hop-limit(self, value)", [](Guest&, Udp s, u8 v) { return set_option(*s, Opt::hop_limit, v); })
        .fn("[method]udp-socket.get-receive-buffer-size(self)", [](Guest&, Udp s) { return option<u64>(*s, Opt::receive_buffer); })
        .fn("[method]udp-socket.set-receive-buffer-size(self, value)", [](Guest&, Udp s, u64 v) { return set_option(*s, Opt::receive_buffer, v); })
        .fn("[method]udp-socket.get-send-buffer-size(self)", [](Guest&, Udp s) { return option<u64>(*s, Opt::send_buffer); })
        .fn("[method]udp-socket.set-send-buffer-size(self, value)", [](Guest&, Udp s, u64 v) { return set_option(*s, Opt::send_buffer, v); });
}

// ---- names ------------------------------------------------------------------------------------------------------------------------------------

using Found = std::expected<std::vector<IpAddress>, LookupError>;

void resolve(Guest& g, const Reply<Found>& reply, const std::string& name) {
    reply.keep(look_up(g, name, [reply](Os<std::vector<os::Address>> found) {
        if (!found) return reply(Found(std::unexpected(lookup_error(found.error()))));
        std::vector<IpAddress> all;
        for (const os::Address& a : *found) all.push_back(ip_of(a));
        reply(Found(std::move(all)));
    }));
}

}  // namespace

void add_sockets(Binder& b) {
    auto types = b.interface("wasi:sockets/types@0.3.0");
    types.resource<TcpSocket>().resource<UdpSocket>();
    add_tcp(types);
    add_udp(types);
    b.interface("wasi:sockets/ip-name-lookup@0.3.0").async_fn("resolve-addresses(name)", [](Guest& g, Reply<Found> reply, std::string name) {
        resolve(g, reply, name);
    });
}

}  // namespace heddle::wasi::p3
