// Which addresses a guest may use, and the only way to use them: every bind, connect, send and look-up of a component asks here first.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "os/address.hpp"

namespace heddle::wasi {

enum class Transport : u8 { tcp, udp };

class NetworkPolicy {
public:
    // "tcp:connect:HOST:PORT", "udp:connect:HOST:PORT": HOST is an address, a network (10.0.0.0/8), a name, or *; PORT a number, a range
    // (8000-8099), or *. False: not of that form.
    bool allow_net(std::string_view rule);
    // "tcp:ADDRESS:PORT", "udp:ADDRESS:PORT", and "ADDRESS:PORT" for tcp: may be bound and listened at. Port 0 stands for any free one.
    bool allow_listen(std::string_view rule);
    // "example.com", "*.example.com", "*".
    void allow_lookup(std::string_view name) { lookups_.emplace_back(name); }
    void allow_all() { all_ = true; }

    bool may_connect(Transport t, const os::Address& to) const;
    // Also for a socket that binds itself: listening without a bind, say.
    bool may_listen(Transport t, const os::Address& at) const;
    // Any free port of any interface, for a client: its peers are checked one by one.
    bool may_bind_as_client(Transport t) const;
    bool may_look_up(std::string_view name) const;
    // The addresses that a look-up of a granted name gave: what rules with that name mean from now on. Returns those the guest may see: a name
    // other than localhost never leads to this machine or its link, whatever its owner says.
    std::vector<os::Address> resolved(std::string_view name, std::vector<os::Address> addresses);

private:
    struct Rule {
        Transport transport{};
        std::string name;                // empty: `network`
        std::optional<os::Network> network;  // none, and no name: any
        u16 first_port = 0, last_port = 65'535;
        bool any_port_zero = false;      // listen at port 0
    };
    static bool parse_place(std::string_view place, Rule& r);
    bool host_matches(const Rule& r, const os::Address& a) const;

    std::vector<Rule> connect_, listen_;
    std::vector<std::string> lookups_;
    std::set<std::pair<std::string, std::string>> known_;  // name, address
    bool all_ = false;
};

}  // namespace heddle::wasi
