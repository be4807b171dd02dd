#include "network.hpp"

#include <gtest/gtest.h>

namespace heddle::wasi {
namespace {

os::Address at(const std::string& ip, u16 port) {
    auto a = *os::parse_ip(ip);
    return a.is_v6() ? os::Address::v6(a.bytes6(), port) : os::Address::v4(a.bytes4(), port);
}

struct Case {
    std::vector<std::string> connect, listen;
    Transport transport;
    std::string ip;
    u16 port;
    bool may_connect, may_listen;
};

TEST(NetworkPolicy, grants_what_its_rules_say_and_nothing_else) {
    using enum Transport;
    const Case cases[] = {
        {{}, {}, tcp, "127.0.0.1", 80, false, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, tcp, "127.0.0.1", 80, true, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, tcp, "127.0.0.1", 81, false, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, tcp, "127.0.0.2", 80, false, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, udp, "127.0.0.1", 80, false, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, tcp, "::1", 80, false, false},
        {{"tcp:connect:127.0.0.1:80"}, {}, tcp, "::ffff:127.0.0.1", 80, false, false},
        {{"udp:connect:[::1]:53"}, {}, udp, "::1", 53, true, false},
        {{"udp:connect:[::1]:53"}, {}, tcp, "::1", 53, false, false},
        {{"tcp:connect:10.0.0.0/8:*"}, {}, tcp, "10.255.1.2", 9, true, false},
        {{"tcp:connect:10.0.0.0/8:*"}, {}, tcp, "11.0.0.1", 9, false, false},
        {{"tcp:connect:10.128.0.0/9:1-9"}, {}, tcp, "10.127.0.1", 5, false, false},
        {{"tcp:connect:10.128.0.0/9:1-9"}, {}, tcp, "10.128.0.1", 9, true, false},
        {{"tcp:connect:10.128.0.0/9:1-9"}, {}, tcp, "10.128.0.1", 10, false, false},
        {{"tcp:connect:*:443"}, {}, tcp, "8.8.8.8", 443, true, false},
        {{"tcp:connect:*:443"}, {}, tcp, "2001:db8::1", 443, true, false},
        {{"tcp:connect:*:443"}, {}, tcp, "8.8.8.8", 80, false, false},
        {{"tcp:connect:example.com:80"}, {}, tcp, "93.184.216.34", 80, false, false},
        {{}, {"127.0.0.1:0"}, tcp, "127.0.0.1", 0, false, true},
        {{}, {"127.0.0.1:0"}, tcp, "0.0.0.0", 0, false, false},
        {{}, {"127.0.0.1:0"}, tcp, "127.0.0.1", 8080, false, false},
        {{}, {"127.0.0.1:0"}, udp, "127.0.0.1", 0, false, false},
        {{}, {"udp:*:53"}, udp, "0.0.0.0", 53, false, true},
        {{}, {"tcp:[::]:80"}, tcp, "::", 80, false, true},
    };
    for (const Case& c : cases) {
        NetworkPolicy p;
        for (const auto& r : c.connect) ASSERT_TRUE(p.allow_net(r)) << r;
        for (const auto& r : c.listen) ASSERT_TRUE(p.allow_listen(r)) << r;
        std::string what = (c.connect.empty() ? "" : c.connect[0]) + (c.listen.empty() ? "" : c.listen[0]) + " " + at(c.ip, c.port).text();
        EXPECT_EQ(p.may_connect(c.transport, at(c.ip, c.port)), c.may_connect) << what;
        EXPECT_EQ(p.may_listen(c.transport, at(c.ip, c.port)), c.may_listen) << what;
    }
}

TEST(NetworkPolicy, a_name_means_the_addresses_that_its_look_up_gave) {
    NetworkPolicy p;
    ASSERT_TRUE(p.allow_net("tcp:connect:Example.com:443"));
    EXPECT_TRUE(p.may_look_up("example.COM."));
    EXPECT_FALSE(p.may_look_up("sub.example.com"));
    EXPECT_EQ(p.resolved("example.com", {at("93.184.216.34", 0)}).size(), 1u);
    EXPECT_TRUE(p.may_connect(Transport::tcp, at("93.184.216.34", 443)));
    EXPECT_FALSE(p.may_connect(Transport::tcp, at("93.184.216.34", 80)));
    p.allow_lookup("*.other.org");
    EXPECT_TRUE(p.may_look_up("a.b.other.org"));
    EXPECT_FALSE(p.may_look_up("other.org"));
    EXPECT_FALSE(p.may_look_up("evilother.org"));
    p.resolved("a.other.org", {at("1.2.3.4", 0)});
    EXPECT_FALSE(p.may_connect(Transport::tcp, at("1.2.3.4", 443)));
}

TEST(NetworkPolicy, a_name_cannot_be_rebound_to_this_machine) {
    for (const char* ip : {"127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
        NetworkPolicy p;
        ASSERT_TRUE(p.allow_net("tcp:connect:evil.example:*"));
        EXPECT_TRUE(p.resolved("evil.example", {at(ip, 0)}).empty()) << ip;
        EXPECT_FALSE(p.may_connect(Transport::tcp, at(ip, 80))) << ip;
    }
    NetworkPolicy p;
    ASSERT_TRUE(p.allow_net("tcp:connect:localhost:80"));
    EXPECT_EQ(p.resolved("localhost", {at("127.0.0.1", 0)}).size(), 1u);
    EXPECT_TRUE(p.may_connect(Transport::tcp, at("127.0.0.1", 80)));
}

TEST(NetworkPolicy, rules_that_cannot_be_read_are_refused) {
    NetworkPolicy p;
    for (const char* r : {"", "tcp", "tcp:connect", "tcp:connect:", "tcp:connect:host", "tcp:connect:host:", "tcp:connect::80", "tcp:connect:h:99999", "tcp:connect:h:9-1",
                          "tcp:listen:h:80", "http:connect:h:80", "tcp:connect:10.0.0.0/33:80", "tcp:connect:a/b:80", "tcp:connect:h:8x"})
        EXPECT_FALSE(p.allow_net(r)) << r;
    for (const char* r : {"", "80", "host:80", "tcp:host:80", "127.0.0.1:x"}) EXPECT_FALSE(p.allow_listen(r)) << r;
}

}  // namespace
}  // namespace heddle::wasi
