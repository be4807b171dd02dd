#include "network.hpp"

#include <algorithm>
#include <cstdio>

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

// Every rule with every question, and what the rule says written down by hand: the addresses and the ports that it covers.
TEST(NetworkPolicy, answers_every_question_of_the_matrix) {
    using enum Transport;
    const std::vector<std::string> addresses = {"127.0.0.1", "127.0.0.2", "0.0.0.0", "10.0.0.1", "10.255.255.255", "11.0.0.1", "169.254.169.254", "8.8.8.8", "255.255.255.255",
                                                "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fd00::1", "2001:db8::1"};
    constexpr u16 ports[] = {0, 1, 79, 80, 81, 442, 443, 444, 8080, 65535};
    struct Covers {
        const char* rule;
        Transport transport;
        std::vector<std::string> addresses;
        u16 first, last;
    };
    const std::vector<std::string>& any = addresses;
    const Covers connects[] = {{"tcp:connect:127.0.0.1:80", tcp, {"127.0.0.1"}, 80, 80}, {"udp:connect:127.0.0.1:80", udp, {"127.0.0.1"}, 80, 80},
                               {"tcp:connect:127.0.0.1:*", tcp, {"127.0.0.1"}, 0, 65535}, {"tcp:connect:[::1]:443", tcp, {"::1"}, 443, 443},
                               {"udp:connect:10.0.0.0/8:80-443", udp, {"10.0.0.1", "10.255.255.255"}, 80, 443}, {"tcp:connect:*:80", tcp, any, 80, 80},
                               {"udp:connect:*:*", udp, any, 0, 65535}, {"tcp:connect:[fe80::/10]:80", tcp, {"fe80::1"}, 80, 80},
                               {"tcp:connect:example.com:*", tcp, {}, 0, 65535}, {"tcp:connect:localhost:*", tcp, {}, 0, 65535}};
    const Covers listens[] = {{"127.0.0.1:80", tcp, {"127.0.0.1"}, 80, 80}, {"udp:127.0.0.1:80", udp, {"127.0.0.1"}, 80, 80}, {"tcp:[::]:443", tcp, {"::"}, 443, 443},
                              {"127.0.0.1:0", tcp, {"127.0.0.1"}, 0, 0}, {"udp:10.0.0.1:0", udp, {"10.0.0.1"}, 0, 0}};
    int questions = 0, granted = 0, escapes = 0;
    auto ask = [&](const Covers& c, bool listen) {
        NetworkPolicy p;
        ASSERT_TRUE(listen ? p.allow_listen(c.rule) : p.allow_net(c.rule)) << c.rule;
        for (Transport t : {tcp, udp})
            for (const std::string& ip : addresses)
                for (u16 port : ports) {
                    bool covered = t == c.transport && std::ranges::count(c.addresses, ip) == 1 && c.first <= port && port <= c.last;
                    bool connects_there = p.may_connect(t, at(ip, port)), listens_there = p.may_listen(t, at(ip, port));
                    EXPECT_EQ(connects_there, covered && !listen) << c.rule << ": connect to " << at(ip, port).text();
                    EXPECT_EQ(listens_there, covered && listen) << c.rule << ": listen at " << at(ip, port).text();
                    questions += 2;
                    granted += connects_there + listens_there;
                    escapes += (connects_there && (listen || !covered)) + (listens_there && (!listen || !covered));
                }
    };
    for (const Covers& c : connects) ask(c, false);
    for (const Covers& c : listens) ask(c, true);
    std::printf("%d questions, %d granted, %d escapes\n", questions, granted, escapes);
    EXPECT_EQ(escapes, 0);
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
