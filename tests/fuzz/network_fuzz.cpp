// Network rules from any text: what no rule grants is refused, a rule grants no more than its kind, and another rule takes nothing away.
// Input: rules, one a line; the last line holds an address.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "network.hpp"

using namespace heddle;
using namespace heddle::wasi;

namespace {

std::vector<std::string> lines_of(std::string_view text) {
    constexpr std::size_t most = 50;
    std::vector<std::string> all;
    while (all.size() < most) {
        std::size_t end = std::min(text.find('\n'), text.size());
        all.emplace_back(text.substr(0, end));
        if (end == text.size()) break;
        text.remove_prefix(end + 1);
    }
    return all;
}

os::Address address_of(const std::string& text) {
    std::size_t hash = 5381;
    for (char c : text) hash = hash * 33 + u8(c);
    if (auto ip = os::parse_ip(text)) return ip->is_v6() ? os::Address::v6(ip->bytes6(), u16(hash)) : os::Address::v4(ip->bytes4(), u16(hash));
    return os::Address::v4({127, 0, 0, u8(hash >> 16)}, u16(hash));
}

void expect(bool is_so) {
    if (!is_so) std::abort();
}

struct May {
    bool tcp_connect, udp_connect, tcp_listen, udp_listen;
    May(const NetworkPolicy& p, const os::Address& a)
        : tcp_connect(p.may_connect(Transport::tcp, a)), udp_connect(p.may_connect(Transport::udp, a)), tcp_listen(p.may_listen(Transport::tcp, a)),
          udp_listen(p.may_listen(Transport::udp, a)) {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    auto lines = lines_of({reinterpret_cast<const char*>(data), size});
    os::Address to = address_of(lines.back());
    lines.pop_back();
    NetworkPolicy all;
    May before(all, to);
    expect(!before.tcp_connect && !before.udp_connect && !before.tcp_listen && !before.udp_listen);
    for (const std::string& rule : lines) {
        bool connects = all.allow_net(rule), listens = !connects && all.allow_listen(rule);
        May now(all, to);
        expect(now.tcp_connect >= before.tcp_connect && now.udp_connect >= before.udp_connect);
        expect(now.tcp_listen >= before.tcp_listen && now.udp_listen >= before.udp_listen);
        if (!connects) expect(now.tcp_connect == before.tcp_connect && now.udp_connect == before.udp_connect);
        if (!listens) expect(now.tcp_listen == before.tcp_listen && now.udp_listen == before.udp_listen);
        if (connects && rule.starts_with("tcp")) expect(now.udp_connect == before.udp_connect);
        if (connects && rule.starts_with("udp")) expect(now.tcp_connect == before.tcp_connect);
        before = now;
    }
    // A name that belongs to somebody else never leads to this machine.
    for (const os::Address& a : all.resolved("name.test", {to})) expect(!a.is_this_machine());
    return 0;
}
