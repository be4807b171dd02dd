// wasi:sockets 0.2 on the loopback interface, called from a guest, and what the policy refuses.
#include "forwarder.hpp"
#include "preopened_sockets.hpp"

namespace heddle::wasi::testing {
namespace {

const std::string tcp = "wasi:sockets/tcp.[method]tcp-socket.", udp = "wasi:sockets/udp.[method]udp-socket.";
const std::string in = "wasi:io/streams.[method]input-stream.", out = "wasi:io/streams.[method]output-stream.";
constexpr u32 denied = 1, invalid_argument = 3, not_in_progress = 7, invalid_state = 9, socket_limit = 10, refused = 14;

Val v4(u16 port, std::array<u8, 4> ip = {127, 0, 0, 1}) {
    return Val::variant(0, Val::record({Val::u16(port), Val::record({Val::u8(ip[0]), Val::u8(ip[1]), Val::u8(ip[2]), Val::u8(ip[3])})}));
}
Val v6_loopback(u16 port) {
    std::vector<Val> groups(8, Val::u16(0));
    groups[7] = Val::u16(1);
    return Val::variant(1, Val::record({Val::u16(port), Val::u32(0), Val::record(groups), Val::u32(0)}));
}
u16 port_of(const Val& address) { return address.payload()->at(0).as<u16>(); }
u32 error(const Val& r) { return r.case_index() == 1 ? r.payload()->case_index() : ~0u; }

struct Net {
    Forwarder g;
    Val network;
    explicit Net(const Context& c) : g(c, {"wasi:sockets", "wasi:io"}), network(g.call("wasi:sockets/instance-network.instance-network")) {}
    Val tcp_socket(u32 family = 0) { return good(g.call("wasi:sockets/tcp-create-socket.create-tcp-socket", {Val::variant(family)})); }
    Val udp_socket(u32 family = 0) { return good(g.call("wasi:sockets/udp-create-socket.create-udp-socket", {Val::variant(family)})); }
    Val t(const std::string& f, const Val& s, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(s));
        return g.call(tcp + f, std::move(args));
    }
    Val u(const std::string& f, const Val& s, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(s));
        return g.call(udp + f, std::move(args));
    }
    void block(const Val& pollable) { g.call("wasi:io/poll.[method]pollable.block", {lend(pollable)}); }
    Val listener(u16& port) {
        Val s = tcp_socket();
        good(t("start-bind", s, {lend(network), v4(0)}));
        good(t("finish-bind", s));
        good(t("start-listen", s));
        good(t("finish-listen", s));
        port = port_of(good(t("local-address", s)));
        return s;
    }
};

Context local() { return Context().allow_net("tcp:connect:127.0.0.1:*").allow_net("udp:connect:127.0.0.1:*").allow_listen("127.0.0.1:0").allow_listen("udp:127.0.0.1:0"); }

TEST(P2Sockets, a_connection_carries_bytes_both_ways) {
    Net n(local());
    u16 port = 0;
    Val server = n.listener(port), client = n.tcp_socket();
    EXPECT_TRUE(n.t("is-listening", server).as<bool>());
    EXPECT_EQ(error(n.t("accept", server)), 8u);  // would block
    good(n.t("start-connect", client, {lend(n.network), v4(port)}));
    n.block(n.t("subscribe", client));
    Val streams = good(n.t("finish-connect", client));
    n.block(n.t("subscribe", server));
    Val accepted = good(n.t("accept", server));
    EXPECT_EQ(port_of(good(n.t("remote-address", client))), port);
    EXPECT_EQ(n.t("address-family", client).case_index(), 0u);
    std::string big(300'000, 'b');
    good(n.g.call(out + "blocking-write-and-flush", {lend(streams.at(1)), bytes(big.substr(0, 60'000))}));
    std::string got;
    while (got.size() < 60'000) got += text_of(good(n.g.call(in + "blocking-read", {lend(accepted.at(1)), Val::u64(100'000)})));
    EXPECT_EQ(got.size(), 60'000u);
    good(n.g.call(out + "blocking-write-and-flush", {lend(accepted.at(2)), bytes("pong")}));
    EXPECT_EQ(text_of(good(n.g.call(in + "blocking-read", {lend(streams.at(0)), Val::u64(10)}))), "pong");
    good(n.t("shutdown", client, {Val::variant(1)}));
    Val end = n.g.call(in + "blocking-read", {lend(accepted.at(1)), Val::u64(10)});
    EXPECT_EQ(end.payload()->case_index(), 1u);
}

// The sockets that were opened for a component beside those that it may open.
Result<void> add_with_preopens(ComponentLinker& linker, const Context& context) {
    Binder b(linker, context);
    add_preopened_sockets(b);
    return add_p2(linker, context);
}
struct Preopened : Forwarder {
    explicit Preopened(const Context& c) : Forwarder(c, {"wasi:sockets", "wasi:io", "heddle:sockets"}, add_with_preopens) {}
    Val listeners() { return call("heddle:sockets/preopens.get-listeners"); }
};

TEST(P2Sockets, listeners_are_given_open_and_need_no_grant) {
    Context c;
    c.listen("127.0.0.1:0").listen("[::1]:0");
    Preopened g(c);
    Val all = g.listeners();
    ASSERT_EQ(all.size(), 2u);
    Val first = all.at(0);
    EXPECT_TRUE(g.call(tcp + "is-listening", {lend(first)}).as<bool>());
    EXPECT_EQ(port_of(good(g.call(tcp + "local-address", {lend(first)}))), *c.listener_port(0));
    EXPECT_EQ(g.call(tcp + "address-family", {lend(all.at(1))}).case_index(), 1u);
    EXPECT_EQ(error(g.call(tcp + "accept", {lend(first)})), 8u) << "would block";
    Net other(local());
    Val client = other.tcp_socket();
    good(other.t("start-connect", client, {lend(other.network), v4(*c.listener_port(0))}));
    g.call("wasi:io/poll.[method]pollable.block", {lend(g.call(tcp + "subscribe", {lend(first)}))});
    good(g.call(tcp + "accept", {lend(first)}));
}

TEST(P2Sockets, each_asking_gives_sockets_of_their_own) {
    Context c;
    c.listen("127.0.0.1:0").limits({.open_files = 3});
    Preopened g(c);
    Val one = g.listeners(), two = g.listeners();
    g.call("wasi:io/poll.[method]pollable.ready", {lend(g.call(tcp + "subscribe", {lend(one.at(0))}))});
    one = Val();
    EXPECT_TRUE(g.call(tcp + "is-listening", {lend(two.at(0))}).as<bool>()) << "the other went alone";
    Val three = g.listeners(), four = g.listeners();
    auto fifth = g.try_call("heddle:sockets/preopens.get-listeners");
    ASSERT_FALSE(fifth);
    EXPECT_NE(fifth.error().message.find("a listening socket cannot be given"), std::string::npos) << fifth.error().message;
}

TEST(P2Sockets, no_listeners_are_an_empty_list) { EXPECT_EQ(Preopened(Context()).listeners().size(), 0u); }

TEST(P2Sockets, a_stream_error_tells_its_code) {
    Net n(local());
    u16 port = 0;
    Val server = n.listener(port), client = n.tcp_socket();
    good(n.t("start-connect", client, {lend(n.network), v4(port)}));
    n.block(n.t("subscribe", client));
    Val streams = good(n.t("finish-connect", client));
    n.block(n.t("subscribe", server));
    Val accepted = good(n.t("accept", server));
    good(n.g.call(out + "blocking-write-and-flush", {lend(streams.at(1)), bytes("nobody reads this")}));
    n.block(n.g.call(in + "subscribe", {lend(accepted.at(1))}));
    accepted = Val();   // with bytes that are unread, its end is a reset
    Val end = n.g.call(in + "blocking-read", {lend(streams.at(0)), Val::u64(10)});
    ASSERT_EQ(end.case_index(), 1u);
    ASSERT_EQ(end.payload()->case_index(), 0u) << "last-operation-failed";
    Val code = n.g.call("wasi:sockets/network.network-error-code", {lend(*end.payload()->payload())});
    ASSERT_EQ(code.case_index(), 1u);
    EXPECT_EQ(code.payload()->case_index(), 15u) << "connection-reset";
}

TEST(P2Sockets, states_are_kept) {
    Net n(local());
    Val s = n.tcp_socket();
    EXPECT_EQ(error(n.t("finish-bind", s)), not_in_progress);
    EXPECT_EQ(error(n.t("finish-connect", s)), not_in_progress);
    EXPECT_EQ(error(n.t("finish-listen", s)), not_in_progress);
    EXPECT_EQ(error(n.t("local-address", s)), invalid_state);
    EXPECT_EQ(error(n.t("remote-address", s)), invalid_state);
    EXPECT_EQ(error(n.t("accept", s)), invalid_state);
    EXPECT_EQ(error(n.t("shutdown", s, {Val::variant(2)})), invalid_state);
    EXPECT_EQ(error(n.t("start-bind", s, {lend(n.network), v6_loopback(0)})), invalid_argument);
    EXPECT_EQ(error(n.t("start-connect", s, {lend(n.network), v4(0)})), invalid_argument);
    good(n.t("start-bind", s, {lend(n.network), v4(0)}));
    EXPECT_EQ(error(n.t("start-bind", s, {lend(n.network), v4(0)})), invalid_state);
}

TEST(P2Sockets, options_are_set_and_told) {
    Net n(local());
    Val s = n.tcp_socket(), d = n.udp_socket();
    good(n.t("set-keep-alive-enabled", s, {Val::boolean(true)}));
    EXPECT_TRUE(good(n.t("keep-alive-enabled", s)).as<bool>());
    good(n.t("set-keep-alive-idle-time", s, {Val::u64(2'500'000'000)}));
    EXPECT_EQ(good(n.t("keep-alive-idle-time", s)).as<u64>(), 3'000'000'000u);
    good(n.t("set-keep-alive-interval", s, {Val::u64(1)}));
    EXPECT_EQ(good(n.t("keep-alive-interval", s)).as<u64>(), 1'000'000'000u);
    good(n.t("set-keep-alive-count", s, {Val::u32(5)}));
    EXPECT_EQ(good(n.t("keep-alive-count", s)).as<u32>(), 5u);
    good(n.t("set-hop-limit", s, {Val::u8(9)}));
    EXPECT_EQ(good(n.t("hop-limit", s)).as<u8>(), 9u);
    EXPECT_EQ(error(n.t("set-hop-limit", s, {Val::u8(0)})), invalid_argument);
    good(n.t("set-listen-backlog-size", s, {Val::u64(7)}));
    EXPECT_EQ(error(n.t("set-listen-backlog-size", s, {Val::u64(0)})), invalid_argument);
    for (const char* b : {"receive-buffer-size", "send-buffer-size"}) {
        good(n.t(std::string("set-") + b, s, {Val::u64(8192)}));
        EXPECT_GE(good(n.t(b, s)).as<u64>(), 4096u);
        good(n.u(std::string("set-") + b, d, {Val::u64(8192)}));
        EXPECT_GE(good(n.u(b, d)).as<u64>(), 4096u);
        EXPECT_EQ(error(n.u(std::string("set-") + b, d, {Val::u64(0)})), invalid_argument);
    }
    good(n.u("set-unicast-hop-limit", d, {Val::u8(3)}));
    EXPECT_EQ(good(n.u("unicast-hop-limit", d)).as<u8>(), 3u);
    EXPECT_EQ(n.u("address-family", d).case_index(), 0u);
}

Val datagram(const std::string& data, std::optional<Val> to) { return Val::record({bytes(data), to ? Val::some(*to) : Val::none()}); }

TEST(P2Sockets, datagrams_go_and_come) {
    Net n(local());
    auto bound = [&](u16& port) {
        Val s = n.udp_socket();
        EXPECT_EQ(error(n.u("stream", s, {Val::none()})), invalid_state);
        good(n.u("start-bind", s, {lend(n.network), v4(0)}));
        good(n.u("finish-bind", s));
        port = port_of(good(n.u("local-address", s)));
        return s;
    };
    u16 pa = 0, pb = 0;
    Val a = bound(pa), b = bound(pb);
    Val sa = good(n.u("stream", a, {Val::none()})), sb = good(n.u("stream", b, {Val::some(v4(pa))}));
    EXPECT_EQ(port_of(good(n.u("remote-address", b))), pa);
    EXPECT_EQ(error(n.u("remote-address", a)), invalid_state);
    const std::string o = "wasi:sockets/udp.[method]outgoing-datagram-stream.", i = "wasi:sockets/udp.[method]incoming-datagram-stream.";
    EXPECT_GT(good(n.g.call(o + "check-send", {lend(sb.at(1))})).as<u64>(), 0u);
    EXPECT_EQ(good(n.g.call(o + "send", {lend(sb.at(1)), Val::list({datagram("one", {}), datagram("two", v4(pa))})})).as<u64>(), 2u);
    n.block(n.g.call(i + "subscribe", {lend(sa.at(0))}));
    n.block(n.g.call(o + "subscribe", {lend(sa.at(1))}));
    n.block(n.u("subscribe", a));
    Val got = good(n.g.call(i + "receive", {lend(sa.at(0)), Val::u64(10)}));
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(text_of(got.at(1).at(0)), "two");
    EXPECT_EQ(port_of(got.at(0).at(1)), pb);
    EXPECT_EQ(good(n.g.call(i + "receive", {lend(sa.at(0)), Val::u64(10)})).size(), 0u);
    EXPECT_NE(n.g.trap(o + "send", {lend(sa.at(1)), Val::list({datagram("x", v4(pb))})}).find("check-send"), std::string::npos);
}

TEST(P2Sockets, names_are_looked_up_where_that_is_granted) {
    Net n(Context().allow_lookup("localhost"));
    auto resolve = [&](const std::string& name) { return n.g.call("wasi:sockets/ip-name-lookup.resolve-addresses", {lend(n.network), Val::string(name)}); };
    const std::string r = "wasi:sockets/ip-name-lookup.[method]resolve-address-stream.";
    Val s = good(resolve("localhost"));
    n.block(n.g.call(r + "subscribe", {lend(s)}));
    EXPECT_EQ(good(n.g.call(r + "resolve-next-address", {lend(s)})).case_index(), 1u);
    Val literal = good(resolve("192.0.2.7"));
    EXPECT_EQ(good(n.g.call(r + "resolve-next-address", {lend(literal)})).payload()->payload()->at(3).as<u8>(), 7u);
    EXPECT_EQ(good(n.g.call(r + "resolve-next-address", {lend(literal)})).case_index(), 0u);
    EXPECT_EQ(error(resolve("example.com")), denied);
    EXPECT_EQ(error(resolve("not a name")), invalid_argument);
    EXPECT_EQ(error(resolve("")), invalid_argument);
}

// What each policy lets through, of all the ways to reach out or to be reached.
TEST(P2Sockets, nothing_is_reached_that_is_not_granted) {
    Net server(local());
    u16 port = 0;
    Val listener = server.listener(port);
    std::string own = "tcp:connect:127.0.0.1:" + std::to_string(port), other = "tcp:connect:127.0.0.1:" + std::to_string(port + 1);
    struct Grant {
        Context context;
        bool connects, listens, binds_udp;
    };
    const Grant grants[] = {{Context(), false, false, false},
                            {Context().allow_net(own), true, false, false},
                            {Context().allow_net(other), false, false, false},
                            {Context().allow_net("udp:connect:127.0.0.1:*"), false, false, true},
                            {Context().allow_net("tcp:connect:localhost:*"), false, false, false},
                            {Context().allow_listen("127.0.0.1:0"), false, true, false},
                            {Context().allow_listen("udp:127.0.0.1:0"), false, false, true},
                            {Context().inherit_network(), true, true, true}};
    for (const Grant& grant : grants) {
        Net n(grant.context);
        Val c = n.tcp_socket(), l = n.tcp_socket(), unbound = n.tcp_socket(), d = n.udp_socket();
        EXPECT_EQ(error(n.t("start-connect", c, {lend(n.network), v4(port)})), grant.connects ? ~0u : denied);
        Val bind = n.t("start-bind", l, {lend(n.network), v4(0)});
        if (bind.case_index() == 0) good(n.t("finish-bind", l));
        EXPECT_EQ(n.t("start-listen", l).case_index() == 0, grant.listens);
        // It would bind itself, to every interface.
        EXPECT_EQ(n.t("start-listen", unbound).case_index() == 0, grant.context.data().network.may_listen(Transport::tcp, os::Address::v4({}, 0)));
        EXPECT_EQ(n.u("start-bind", d, {lend(n.network), v4(0)}).case_index() == 0, grant.binds_udp);
    }
}

TEST(P2Sockets, sockets_are_limited_and_failures_are_told) {
    Context c = local();
    c.limits({.open_files = 2});
    Net n(c);
    Val a = n.tcp_socket(), b = n.tcp_socket();
    EXPECT_EQ(error(n.g.call("wasi:sockets/tcp-create-socket.create-tcp-socket", {Val::variant(0)})), socket_limit);
    good(n.t("start-connect", a, {lend(n.network), v4(1)}));
    n.block(n.t("subscribe", a));
    EXPECT_EQ(error(n.t("finish-connect", a)), refused);
}

}  // namespace
}  // namespace heddle::wasi::testing
