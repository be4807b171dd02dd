// Which hosts and addresses a guest may reach.
#include "http/host_policy.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace heddle::http {

namespace {

std::vector<HostRule> rules(std::initializer_list<const char*> texts) {
    std::vector<HostRule> all;
    for (const char* t : texts) all.push_back(parse_host_rule(t).value());
    return all;
}

std::vector<u8> address(const std::string& text) {
    std::vector<u8> bytes(text.find(':') == text.npos ? 4 : 16);
    EXPECT_EQ(inet_pton(bytes.size() == 4 ? AF_INET : AF_INET6, text.c_str(), bytes.data()), 1) << text;
    return bytes;
}

bool allowed(const std::vector<HostRule>& r, const char* scheme, const char* authority) {
    auto d = parse_destination(scheme, authority);
    return d && is_allowed(r, *d);
}

bool reachable(const std::vector<HostRule>& r, const char* scheme, const char* authority, const char* ip) {
    return is_address_allowed(r, parse_destination(scheme, authority).value(), address(ip), ip);
}

}  // namespace

TEST(HostPolicy, scheme_host_and_port_must_match) {
    auto r = rules({"https://api.example.com", "http://other.org:8080/", "https://*.sub.net", "http://[::1]:81"});
    struct { const char *scheme, *authority; bool is; } cases[] = {
        {"https", "api.example.com", true}, {"https", "API.Example.COM", true}, {"https", "api.example.com:443", true},
        {"http", "api.example.com", false}, {"http", "api.example.com:443", false}, {"https", "api.example.com:444", false},
        {"https", "example.com", false}, {"https", "x.api.example.com", false}, {"https", "api.example.com.evil.org", false},
        {"https", "api.example.com.", false}, {"https", "user@api.example.com", false}, {"https", "", false}, {"https", "api.example.com:", false},
        {"https", "api.example.com:0", false}, {"https", "api.example.com:65979", false}, {"https", "api.example.com:443:443", false},
        {"http", "other.org:8080", true}, {"http", "other.org", false}, {"https", "other.org:8080", false},
        {"https", "a.sub.net", true}, {"https", "b.a.sub.net", true}, {"https", "sub.net", false}, {"https", "evilsub.net", false},
        {"http", "[::1]:81", true}, {"http", "::1:81", false}, {"http", "[::1", false}, {"ftp", "other.org:8080", false},
    };
    for (auto& c : cases) EXPECT_EQ(allowed(r, c.scheme, c.authority), c.is) << c.scheme << " " << c.authority;
    EXPECT_FALSE(allowed({}, "https", "api.example.com"));
}

TEST(HostPolicy, rules_that_are_none_are_refused) {
    for (const char* bad : {"", "example.com", "ftp://x", "https://", "https://*.", "https://*", "https://a b", "https://a:0", "https://a:x", "https://a/b", "https://[::1", "https://a*b"}) {
        auto r = parse_host_rule(bad);
        ASSERT_FALSE(r) << bad;
        EXPECT_NE(r.error().find("written https://HOST"), std::string::npos);
    }
}

TEST(HostPolicy, addresses_behind_the_walls_are_private) {
    for (const char* ip : {"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1",
                           "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:10.0.0.1",
                           "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1"})
        EXPECT_TRUE(is_private(address(ip))) << ip;
    for (const char* ip : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "223.255.255.255",
                           "2001:4860:4860::8888", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::"})
        EXPECT_FALSE(is_private(address(ip))) << ip;
}

TEST(HostPolicy, a_name_that_resolves_inwards_is_refused) {
    auto r = rules({"https://api.example.com", "http://localhost:8080", "http://127.0.0.1:9", "https://10.0.0.5"});
    EXPECT_TRUE(reachable(r, "https", "api.example.com", "93.184.216.34"));
    EXPECT_FALSE(reachable(r, "https", "api.example.com", "127.0.0.1"));
    EXPECT_FALSE(reachable(r, "https", "api.example.com", "169.254.169.254"));
    EXPECT_FALSE(reachable(r, "https", "api.example.com", "::1"));
    // It may be granted itself: with the same scheme and port.
    EXPECT_TRUE(reachable(r, "https", "api.example.com", "10.0.0.5"));
    EXPECT_FALSE(reachable(r, "http", "api.example.com", "10.0.0.5"));
    EXPECT_TRUE(reachable(r, "http", "localhost:8080", "127.0.0.1"));
    EXPECT_TRUE(reachable(r, "http", "localhost:8080", "::1"));
    EXPECT_FALSE(reachable(r, "http", "localhost:8080", "10.0.0.1"));
    EXPECT_TRUE(reachable(r, "http", "127.0.0.1:9", "127.0.0.1"));
}

}  // namespace heddle::http
