// TCP and UDP sockets and name look-ups as components see them, for every version of wasi:sockets. The policy is asked before every system call
// that reaches out or lets in.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guest.hpp"
#include "io.hpp"
#include "network.hpp"
#include "os/socket.hpp"

namespace heddle::wasi {

enum class Family : u8 { ipv4, ipv6 };

// What both kinds have.
class Socket : public Source {
public:
    Family family = Family::ipv4;
    std::shared_ptr<Channel> channel;
    OpenSlot slot;

    int fd() const { return channel->fd(); }
    bool is_v6() const { return family == Family::ipv6; }
    Os<os::Address> local_address() const;
    Os<os::Address> remote_address() const;
    // In nanoseconds where it is a time. Errors: inval for values that mean nothing.
    Os<u64> option(os::SocketOption o) const;
    Os<void> set_option(os::SocketOption o, u64 value) const;

protected:
    Os<void> check_family(const os::Address& a) const;
    Os<void> bind(Guest& g, Transport t, const os::Address& at);
    os::Address any_port() const { return is_v6() ? os::Address::v6({}, 0) : os::Address::v4({}, 0); }
    bool bound_ = false;
    bool server_ = false;  // bound where it may listen, and hear everybody
};

class TcpSocket final : public Socket {
public:
    static constexpr const char* wit_name = "tcp-socket";
    enum class State : u8 { unbound, binding, bound, connecting, connected, starting_to_listen, listening, closed };

    static Os<std::shared_ptr<TcpSocket>> create(Guest& g, Family family);
    // One that listens already; `d` stays its owner's.
    static Os<std::shared_ptr<TcpSocket>> listening(Guest& g, const os::Descriptor& d);

    State state = State::unbound;
    Os<void> start_bind(Guest& g, const os::Address& at);
    Os<void> finish_bind();
    Os<void> start_connect(Guest& g, const os::Address& to);
    // `again`: not yet; ready() tells.
    Os<void> finish_connect();
    Os<void> start_listen(Guest& g);
    Os<void> finish_listen();
    Os<std::shared_ptr<TcpSocket>> accept(Guest& g);
    Os<void> set_backlog(u64 size);
    Os<void> shut_down(bool receiving, bool sending) const;
    // Of a connection.
    std::shared_ptr<InputStream> input() const { return channel_input(channel); }
    std::shared_ptr<OutputStream> output(Guest& g) const { return channel_output(g, channel); }

    bool ready() override;
    void arm() override;

private:
    static std::shared_ptr<TcpSocket> bound(Guest& g, os::Descriptor d, OpenSlot slot, Family family);
    int backlog_ = 128;
    bool armed_ = false;
};

struct Datagram {
    std::vector<u8> data;
    os::Address from;
};

class UdpSocket final : public Socket {
public:
    static constexpr const char* wit_name = "udp-socket";
    static Os<std::shared_ptr<UdpSocket>> create(Guest& g, Family family);

    Os<void> start_bind(Guest& g, const os::Address& at);
    Os<void> finish_bind();
    Os<void> connect(Guest& g, const os::Address& to);
    Os<void> disconnect();
    bool is_bound() const { return bound_ && !binding_; }
    const std::optional<os::Address>& peer() const { return peer_; }
    // `again`: nothing there yet. Datagrams of peers the guest may not know are lost.
    Os<Datagram> receive(Guest& g);
    // `again`: no room yet.
    Os<void> send(Guest& g, std::span<const u8> data, const std::optional<os::Address>& to);
    bool ready() override { return true; }
    void arm() override {}

private:
    Os<void> bind_implicitly(Guest& g);
    bool binding_ = false;
    std::optional<os::Address> peer_;
};

// Ready when something can be received, or sent.
class DatagramSource : public Source {
public:
    DatagramSource(std::shared_ptr<UdpSocket> s, bool receiving) : socket(std::move(s)), receiving_(receiving) {}
    std::shared_ptr<UdpSocket> socket;
    bool ready() override { return receiving_ ? socket->channel->can_read() : socket->channel->can_write(); }
    void arm() override {
        if (receiving_) socket->channel->when_readable(*this, armed_);
        else socket->channel->when_writable(*this, armed_);
    }

private:
    bool receiving_, armed_ = false;
};

// The addresses of a name, asked for in the reactor's pool; a numeric address is its own answer. `then` may be called at once. Errors: acces
// (not granted), inval (no name), noent, again, io.
Pending look_up(Guest& g, const std::string& name, std::function<void(Os<std::vector<os::Address>>)> then);

// How wasi:sockets calls an error; "" for what has no name of its own.
std::string_view network_error(Errno e);

}  // namespace heddle::wasi
