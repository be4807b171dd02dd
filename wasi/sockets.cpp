#include "sockets.hpp"

#include <algorithm>
#include <climits>

#include "os/socket.hpp"

namespace heddle::wasi {

namespace {

constexpr u64 second = 1'000'000'000;
constexpr std::size_t largest_datagram = 65'536;

struct NamedError {
    Errno code;
    std::string_view name;
};
constexpr NamedError named_errors[] = {
    {Errno::acces, "access-denied"},
    {Errno::perm, "access-denied"},
    {Errno::notsup, "not-supported"},
    {Errno::afnosupport, "not-supported"},
    {Errno::protonosupport, "not-supported"},
    {Errno::noprotoopt, "not-supported"},
    {Errno::inval, "invalid-argument"},
    {Errno::destaddrreq, "invalid-argument"},
    {Errno::nomem, "out-of-memory"},
    {Errno::nobufs, "out-of-memory"},
    {Errno::timedout, "timeout"},
    {Errno::already, "concurrency-conflict"},
    {Errno::inprogress, "concurrency-conflict"},
    {Errno::srch, "not-in-progress"},
    {Errno::again, "would-block"},
    {Errno::isconn, "invalid-state"},
    {Errno::notconn, "invalid-state"},
    {Errno::mfile, "new-socket-limit"},
    {Errno::nfile, "new-socket-limit"},
    {Errno::addrnotavail, "address-not-bindable"},
    {Errno::addrinuse, "address-in-use"},
    {Errno::hostunreach, "remote-unreachable"},
    {Errno::netunreach, "remote-unreachable"},
    {Errno::netdown, "remote-unreachable"},
    {Errno::connrefused, "connection-refused"},
    {Errno::connreset, "connection-reset"},
    {Errno::pipe, "connection-broken"},
    {Errno::connaborted, "connection-aborted"},
    {Errno::msgsize, "datagram-too-large"},
};

// An address that something can be sent to.
bool is_destination(const os::Address& a) { return a.port() != 0 && !a.is_unspecified() && !a.is_mapped(); }

template <class T>
Os<std::shared_ptr<T>> make(Guest& g, Family family, bool stream) {
    Os<OpenSlot> slot = g.open_slot();
    if (!slot) return fail(slot.error());
    Os<os::Descriptor> d = os::open_socket(family == Family::ipv6, stream);
    if (!d) return fail(d.error());
    auto s = std::make_shared<T>();
    s->family = family;
    s->channel = std::make_shared<Channel>(g, std::make_shared<os::Descriptor>(std::move(*d)), Channel::Kind::socket);
    s->slot = std::move(*slot);
    return s;
}

bool is_time(os::SocketOption o) { return o == os::SocketOption::keep_alive_idle || o == os::SocketOption::keep_alive_interval; }

}  // namespace

std::string_view network_error(Errno e) {
    auto at = std::ranges::find(named_errors, e, &NamedError::code);
    return at == std::end(named_errors) ? "" : at->name;
}

// ---- both kinds -------------------------------------------------------------------------------------------------------------------------------

Os<void> Socket::check_family(const os::Address& a) const {
    if (a.is_v6() != is_v6() || a.is_mapped()) return fail(Errno::inval);
    return {};
}

Os<void> Socket::bind(Guest& g, Transport t, const os::Address& at) {
    if (auto ok = check_family(at); !ok) return ok;
    const NetworkPolicy& policy = g.context().network;
    server_ = policy.may_listen(t, at);
    bool as_client = at.port() == 0 && policy.may_bind_as_client(t);
    if (!as_client && !server_) return fail(Errno::acces);
    if (auto ok = os::bind(fd(), at); !ok) return fail(ok.error() == Errno::inval ? Errno::addrnotavail : ok.error());
    bound_ = true;
    return {};
}

Os<os::Address> Socket::local_address() const {
    if (!bound_) return fail(Errno::notconn);
    return os::local_address(fd());
}
Os<os::Address> Socket::remote_address() const { return os::remote_address(fd()); }

Os<u64> Socket::option(os::SocketOption o) const {
    Os<int> v = os::get_option(fd(), o, is_v6());
    if (!v) return fail(v.error());
    return is_time(o) ? u64(*v) * second : u64(*v);
}

Os<void> Socket::set_option(os::SocketOption o, u64 value) const {
    if (value == 0 && o != os::SocketOption::keep_alive) return fail(Errno::inval);
    constexpr u64 most_seconds = 32'767, most_probes = 127;  // what Linux takes; more is as good as this
    if (is_time(o)) value = std::clamp<u64>(value / second + (value % second != 0), 1, most_seconds);
    if (o == os::SocketOption::keep_alive_count) value = std::min(value, most_probes);
    return os::set_option(fd(), o, is_v6(), int(std::min<u64>(value, INT_MAX / 2)));
}

// ---- TCP --------------------------------------------------------------------------------------------------------------------------------------

Os<std::shared_ptr<TcpSocket>> TcpSocket::create(Guest& g, Family family) { return make<TcpSocket>(g, family, true); }

std::shared_ptr<TcpSocket> TcpSocket::bound(Guest& g, os::Descriptor d, OpenSlot slot, Family family) {
    auto s = std::make_shared<TcpSocket>();
    s->family = family;
    s->channel = std::make_shared<Channel>(g, std::make_shared<os::Descriptor>(std::move(d)), Channel::Kind::socket);
    s->slot = std::move(slot);
    s->bound_ = true;
    return s;
}

Os<std::shared_ptr<TcpSocket>> TcpSocket::listening(Guest& g, const os::Descriptor& d) {
    Os<OpenSlot> slot = g.open_slot();
    if (!slot) return fail(slot.error());
    auto address = os::local_address(d.get());
    if (!address) return fail(address.error());
    auto own = os::duplicate(d.get());
    if (!own) return fail(own.error());
    auto s = bound(g, std::move(*own), std::move(*slot), address->is_v6() ? Family::ipv6 : Family::ipv4);
    s->state = State::listening;
    return s;
}

Os<void> TcpSocket::start_bind(Guest& g, const os::Address& at) {
    if (state != State::unbound) return fail(Errno::notconn);
    if (at.is_multicast()) return fail(Errno::inval);
    if (auto ok = bind(g, Transport::tcp, at); !ok) return ok;
    state = State::binding;
    return {};
}

Os<void> TcpSocket::finish_bind() {
    if (state != State::binding) return fail(Errno::srch);
    state = State::bound;
    return {};
}

Os<void> TcpSocket::start_connect(Guest& g, const os::Address& to) {
    if (state == State::connecting || state == State::starting_to_listen || state == State::binding) return fail(Errno::already);
    if (state != State::unbound && state != State::bound) return fail(Errno::isconn);
    if (auto ok = check_family(to); !ok) return ok;
    if (!is_destination(to) || to.is_multicast()) return fail(Errno::inval);
    if (!g.context().network.may_connect(Transport::tcp, to)) return fail(Errno::acces);
    Os<void> r = os::connect(fd(), to);
    if (!r && r.error() != Errno::inprogress) {
        state = State::closed;
        return r;
    }
    bound_ = true;
    state = State::connecting;
    return {};
}

Os<void> TcpSocket::finish_connect() {
    if (state != State::connecting) return fail(Errno::srch);
    if (!ready()) return fail(Errno::again);
    Os<void> r = os::connect_result(fd());
    state = r ? State::connected : State::closed;
    return r;
}

Os<void> TcpSocket::start_listen(Guest& g) {
    if (state == State::connecting || state == State::binding || state == State::starting_to_listen) return fail(Errno::already);
    if (state != State::bound && state != State::unbound) return fail(Errno::isconn);
    // Without a bind it would bind itself; and one that was bound as a client must not listen.
    bool may = state == State::bound ? server_ : g.context().network.may_listen(Transport::tcp, any_port());
    if (!may) return fail(Errno::acces);
    if (auto ok = os::listen(fd(), backlog_); !ok) return ok;
    bound_ = true;
    state = State::starting_to_listen;
    return {};
}

Os<void> TcpSocket::finish_listen() {
    if (state != State::starting_to_listen) return fail(Errno::srch);
    state = State::listening;
    return {};
}

Os<std::shared_ptr<TcpSocket>> TcpSocket::accept(Guest& g) {
    if (state != State::listening) return fail(Errno::notconn);
    Os<OpenSlot> slot = g.open_slot();
    if (!slot) return fail(slot.error());
    auto d = os::accept_from(fd());
    if (!d) return fail(d.error());
    auto s = bound(g, std::move(d->first), std::move(*slot), family);
    s->state = State::connected;
    return s;
}

Os<void> TcpSocket::set_backlog(u64 size) {
    if (size == 0) return fail(Errno::inval);
    if (state == State::connecting || state == State::connected || state == State::closed) return fail(Errno::isconn);
    backlog_ = int(std::min<u64>(size, 4096));
    return state == State::listening ? os::listen(fd(), backlog_) : Os<void>();
}

Os<void> TcpSocket::shut_down(bool receiving, bool sending) const {
    if (state != State::connected) return fail(Errno::notconn);
    return os::shut_down(fd(), receiving, sending);
}

bool TcpSocket::ready() {
    if (state == State::connecting) return channel->can_write();
    if (state == State::listening) return channel->can_read();
    return true;
}

void TcpSocket::arm() {
    if (state == State::connecting) channel->when_writable(*this, armed_);
    else if (state == State::listening) channel->when_readable(*this, armed_);
}

// ---- UDP --------------------------------------------------------------------------------------------------------------------------------------

Os<std::shared_ptr<UdpSocket>> UdpSocket::create(Guest& g, Family family) { return make<UdpSocket>(g, family, false); }

Os<void> UdpSocket::start_bind(Guest& g, const os::Address& at) {
    if (bound_) return fail(Errno::isconn);
    if (auto ok = bind(g, Transport::udp, at); !ok) return ok;
    binding_ = true;
    return {};
}

Os<void> UdpSocket::finish_bind() {
    if (!binding_) return fail(Errno::srch);
    binding_ = false;
    return {};
}

// A client's own port; who answers is checked datagram by datagram.
Os<void> UdpSocket::bind_implicitly(Guest& g) {
    if (bound_) return {};
    return bind(g, Transport::udp, any_port());
}

Os<void> UdpSocket::connect(Guest& g, const os::Address& to) {
    if (auto ok = check_family(to); !ok) return ok;
    if (!is_destination(to)) return fail(Errno::inval);
    if (!g.context().network.may_connect(Transport::udp, to)) return fail(Errno::acces);
    if (auto ok = bind_implicitly(g); !ok) return ok;
    if (peer_)
        if (auto ok = os::disconnect(fd()); !ok) return ok;
    peer_.reset();
    if (auto ok = os::connect(fd(), to); !ok) return ok;
    peer_ = to;
    return {};
}

Os<void> UdpSocket::disconnect() {
    if (!peer_) return fail(Errno::notconn);
    peer_.reset();
    return os::disconnect(fd());
}

Os<Datagram> UdpSocket::receive(Guest& g) {
    if (!is_bound()) return fail(Errno::notconn);
    std::vector<u8> room(largest_datagram);
    for (;;) {
        Datagram d;
        Os<std::size_t> n = os::receive_from(fd(), room, d.from);
        if (!n) return fail(n.error());
        if (!server_ && !peer_ && !g.context().network.may_connect(Transport::udp, d.from)) continue;
        d.data.assign(room.begin(), room.begin() + std::ptrdiff_t(*n));
        return d;
    }
}

Os<void> UdpSocket::send(Guest& g, std::span<const u8> data, const std::optional<os::Address>& to) {
    if (!to && !peer_) return fail(Errno::inval);
    if (to) {
        if (auto ok = check_family(*to); !ok) return ok;
        if (!is_destination(*to) || (peer_ && !(*to == *peer_))) return fail(Errno::inval);
        if (!g.context().network.may_connect(Transport::udp, *to)) return fail(Errno::acces);
    }
    if (data.size() > largest_datagram) return fail(Errno::msgsize);
    if (auto ok = bind_implicitly(g); !ok) return ok;
    Os<std::size_t> n = os::send_to(fd(), data, peer_ || !to ? nullptr : &*to);
    if (!n) return fail(n.error());
    return {};
}

// ---- names ------------------------------------------------------------------------------------------------------------------------------------

namespace {

bool is_name(const std::string& s) {
    constexpr std::size_t longest = 253;
    return !s.empty() && s.size() <= longest && std::ranges::all_of(s, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    });
}

}  // namespace

Pending look_up(Guest& g, const std::string& name, std::function<void(Os<std::vector<os::Address>>)> then) {
    bool bracketed = name.size() > 2 && name.front() == '[' && name.back() == ']';
    if (auto literal = os::parse_ip(bracketed ? name.substr(1, name.size() - 2) : name)) {
        then(std::vector{*literal});
        return {};
    }
    if (!is_name(name)) {
        then(fail(Errno::inval));
        return {};
    }
    if (!g.context().network.may_look_up(name)) {
        then(fail(Errno::acces));
        return {};
    }
    auto result = std::make_shared<Os<std::vector<os::Address>>>();
    auto found = [weak = g.weak_from_this(), name, result, then = std::move(then)] {
        auto guest = weak.lock();
        if (!guest) return;
        if (*result) **result = guest->context().network.resolved(name, std::move(**result));
        then(std::move(*result));
    };
    return g.reactor().work([name, result] { *result = os::look_up(name); }, std::move(found));
}

}  // namespace heddle::wasi
