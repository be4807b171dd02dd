// WASI 0.3, called from a guest; streams and futures are read and written by the test, as another component would.
#include <cstdio>

#include "attack_world.hpp"
#include "p3_guest.hpp"

namespace heddle::wasi::testing {
namespace {

using test::TempDir;

TEST(P3, tells_what_the_context_says) {
    P3 p(Context().args({"a", "b"}).env("K", "V").wall_clock([] { return u64(5'000'000'001); }).monotonic_clock([] { return u64(9); }));
    EXPECT_EQ(p.call("wasi:cli/environment.get-arguments").size(), 2u);
    EXPECT_EQ(p.call("wasi:cli/environment.get-environment").at(0).at(1).as_string(), "V");
    EXPECT_EQ(p.call("wasi:cli/environment.get-initial-cwd").case_index(), 0u);
    EXPECT_EQ(p.call("wasi:clocks/system-clock.now").at(0).as<i64>(), 5);
    EXPECT_EQ(p.call("wasi:clocks/monotonic-clock.now").as<u64>(), 9u);
    EXPECT_GT(p.call("wasi:clocks/monotonic-clock.get-resolution").as<u64>(), 0u);
    EXPECT_GT(p.call("wasi:clocks/system-clock.get-resolution").as<u64>(), 0u);
    EXPECT_EQ(p.call("wasi:clocks/timezone.iana-id").payload()->as_string(), "UTC");
    EXPECT_EQ(p.call("wasi:random/random.get-random-bytes", {Val::u64(5)}).size(), 5u);
    EXPECT_EQ(p.call("wasi:random/random.get-random-bytes", {Val::u64(~u64(0))}).size(), std::size_t(1) << 20);
    EXPECT_EQ(p.call("wasi:random/insecure-seed.get-insecure-seed").size(), 2u);
    EXPECT_EQ(p.call("wasi:cli/terminal-stdin.get-terminal-stdin").case_index(), 0u);
}

TEST(P3, waits_for_time) {
    P3 p(Context(), {"wasi:clocks"});
    u64 begin = p.call("wasi:clocks/monotonic-clock.now").as<u64>();
    p.call("wasi:clocks/monotonic-clock.wait-for", {Val::u64(5'000'000)});
    p.call("wasi:clocks/monotonic-clock.wait-for", {Val::u64(0)});
    p.call("wasi:clocks/monotonic-clock.wait-until", {Val::u64(begin + 8'000'000)});
    EXPECT_GE(p.call("wasi:clocks/monotonic-clock.now").as<u64>(), begin + 8'000'000);
}

TEST(P3, standard_streams_are_streams) {
    Context c;
    c.stdin_bytes("from outside").capture_stdout().capture_stderr();
    P3 p(c, {"wasi:cli"});
    Val in = p.call("wasi:cli/stdin.read-via-stream");
    EXPECT_EQ(p.read_all(in.at(0)), "from outside");
    EXPECT_EQ(p.read_future(in.at(1)).case_index(), 0u);
    std::string text(200'000, 'o');
    Val written = p.call("wasi:cli/stdout.write-via-stream", {p.stream_of(text)});
    EXPECT_EQ(p.read_future(written).case_index(), 0u);
    EXPECT_EQ(c.captured_stdout(), text);
    EXPECT_EQ(p.read_future(p.call("wasi:cli/stderr.write-via-stream", {p.stream_of("err")})).case_index(), 0u);
    EXPECT_EQ(c.captured_stderr(), "err");
}

TEST(P3, files_are_copied_through_streams) {
    TempDir dir;
    std::string text(150'000, 'f');
    test::write_text(dir / "from", text);
    P3 p(Context().dir(dir.string(), "/"), {"wasi:filesystem"});
    const std::string d = "wasi:filesystem/types.[method]descriptor.";
    Val root = p.call("wasi:filesystem/preopens.get-directories").at(0).at(0);
    auto open = [&](const std::string& path, u32 how, u32 flags) {
        return p.call(d + "open-at", {lend(root), Val::flags(1), Val::string(path), Val::flags(how), Val::flags(flags)});
    };
    Val from = good(open("from", 0, 1)), to = good(open("to", 1, 2));
    Val reading = p.call(d + "read-via-stream", {lend(from), Val::u64(0)});
    Val writing = p.call(d + "write-via-stream", {lend(to), reading.at(0), Val::u64(0)});
    EXPECT_EQ(p.read_future(writing).case_index(), 0u);
    EXPECT_EQ(test::read_text(dir / "to"), text);
    EXPECT_EQ(p.read_future(p.call(d + "append-via-stream", {lend(to), p.stream_of("end")})).case_index(), 0u);
    EXPECT_EQ(good(p.call(d + "stat", {lend(to)})).at(2).as<u64>(), text.size() + 3);
    EXPECT_EQ(good(p.call(d + "get-type", {lend(root)})).case_index(), 2u);
    good(p.call(d + "sync", {lend(to)}));
    Val refused = p.call(d + "write-via-stream", {lend(from), p.stream_of("x"), Val::u64(0)});
    EXPECT_EQ(p.read_future(refused).payload()->case_index(), 2u);
    EXPECT_EQ(open("../x", 0, 1).payload()->case_index(), 30u);
    Val list = p.call(d + "read-directory", {lend(root)});
    u32 entries = 0;
    bool ended = false;
    ASSERT_TRUE(component::read_stream(
        p.g->store, list.at(0),
        [&](Val l) {
            entries += u32(l.size());
            return true;
        },
        [&] { ended = true; }));
    p.until([&] { return ended; });
    EXPECT_EQ(entries, 2u);
}

Val v4(u16 port) { return Val::variant(0, Val::record({Val::u16(port), Val::record({Val::u8(127), Val::u8(0), Val::u8(0), Val::u8(1)})})); }

TEST(P3, datagrams_go_and_come) {
    P3 p(Context().allow_net("udp:connect:127.0.0.1:*").allow_listen("udp:127.0.0.1:0"), {"wasi:sockets"});
    const std::string u = "wasi:sockets/types.[method]udp-socket.";
    auto make = [&] { return good(p.call("wasi:sockets/types.[static]udp-socket.create", {Val::variant(0)})); };
    Val a = make(), b = make();
    good(p.call(u + "bind", {lend(a), v4(0)}));
    Val at = good(p.call(u + "get-local-address", {lend(a)}));
    good(p.call(u + "send", {lend(b), bytes("hi"), Val::some(at)}));
    Val got = good(p.call(u + "receive", {lend(a)}));
    EXPECT_EQ(text_of(got.at(0)), "hi");
    good(p.call(u + "connect", {lend(b), at}));
    good(p.call(u + "send", {lend(b), bytes("again"), Val::none()}));
    EXPECT_EQ(text_of(good(p.call(u + "receive", {lend(a)})).at(0)), "again");
    good(p.call(u + "disconnect", {lend(b)}));
    EXPECT_EQ(p.call(u + "disconnect", {lend(b)}).payload()->case_index(), 5u);
}

TEST(P3, a_connection_is_two_streams) {
    P3 p(Context().allow_net("tcp:connect:127.0.0.1:*").allow_listen("127.0.0.1:0"), {"wasi:sockets"});
    const std::string t = "wasi:sockets/types.[method]tcp-socket.";
    auto make = [&] { return good(p.call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)})); };
    Val server = make(), client = make();
    good(p.call(t + "bind", {lend(server), v4(0)}));
    Val incoming = good(p.call(t + "listen", {lend(server)}));
    good(p.call(t + "connect", {lend(client), good(p.call(t + "get-local-address", {lend(server)}))}));
    std::vector<Val> accepted;
    ASSERT_TRUE(component::read_stream(
        p.g->store, incoming,
        [&](Val l) {
            for (std::size_t i = 0; i < l.size(); ++i) accepted.push_back(l.at(i));
            return true;
        },
        [] {}));
    p.until([&] { return !accepted.empty(); });
    ASSERT_EQ(accepted.size(), 1u);
    std::string text(100'000, 't');
    Val sent = p.call(t + "send", {lend(client), p.stream_of(text)});
    Val received = p.call(t + "receive", {lend(accepted[0])});
    EXPECT_EQ(p.read_all(received.at(0)), text);
    EXPECT_EQ(p.read_future(sent).case_index(), 0u);
    EXPECT_EQ(p.read_future(received.at(1)).case_index(), 0u);
    Val refused = p.call(t + "receive", {lend(server)});
    EXPECT_EQ(p.read_future(refused.at(1)).payload()->case_index(), 5u);
}

TEST(P3, socket_options_are_set_and_told) {
    P3 p(Context().allow_net("tcp:connect:127.0.0.1:*").allow_net("udp:connect:127.0.0.1:*").allow_listen("127.0.0.1:0").allow_listen("udp:127.0.0.1:0"), {"wasi:sockets"});
    const std::string t = "wasi:sockets/types.[method]tcp-socket.", u = "wasi:sockets/types.[method]udp-socket.";
    Val s = good(p.call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)})), d = good(p.call("wasi:sockets/types.[static]udp-socket.create", {Val::variant(0)}));
    auto get = [&](const std::string& f, const Val& of) { return good(p.call(f, {lend(of)})); };
    auto set = [&](const std::string& f, const Val& of, Val v) { return p.call(f, {lend(of), std::move(v)}); };
    good(set(t + "set-keep-alive-enabled", s, Val::boolean(true)));
    EXPECT_TRUE(get(t + "get-keep-alive-enabled", s).as<bool>());
    good(set(t + "set-keep-alive-idle-time", s, Val::u64(2'500'000'000)));
    EXPECT_EQ(get(t + "get-keep-alive-idle-time", s).as<u64>(), 3'000'000'000u);
    good(set(t + "set-keep-alive-interval", s, Val::u64(1)));
    EXPECT_EQ(get(t + "get-keep-alive-interval", s).as<u64>(), 1'000'000'000u);
    good(set(t + "set-keep-alive-count", s, Val::u32(5)));
    EXPECT_EQ(get(t + "get-keep-alive-count", s).as<u32>(), 5u);
    good(set(t + "set-hop-limit", s, Val::u8(9)));
    EXPECT_EQ(get(t + "get-hop-limit", s).as<u8>(), 9u);
    EXPECT_EQ(set(t + "set-hop-limit", s, Val::u8(0)).case_index(), 1u);
    good(set(t + "set-listen-backlog-size", s, Val::u64(7)));
    good(set(u + "set-unicast-hop-limit", d, Val::u8(3)));
    EXPECT_EQ(get(u + "get-unicast-hop-limit", d).as<u8>(), 3u);
    for (const char* b : {"receive-buffer-size", "send-buffer-size"})
        for (auto& [kind, of] : {std::pair(t, s), {u, d}}) {
            good(set(kind + "set-" + b, of, Val::u64(8192)));
            EXPECT_GE(get(kind + "get-" + b, of).as<u64>(), 4096u);
            EXPECT_EQ(set(kind + "set-" + b, of, Val::u64(0)).case_index(), 1u);
        }
    EXPECT_EQ(p.call(t + "get-address-family", {lend(s)}).case_index(), 0u);
    EXPECT_EQ(p.call(u + "get-address-family", {lend(d)}).case_index(), 0u);
    EXPECT_FALSE(p.call(t + "get-is-listening", {lend(s)}).as<bool>());
    EXPECT_EQ(p.call(t + "get-remote-address", {lend(s)}).case_index(), 1u) << "not connected";
    EXPECT_EQ(p.call(u + "get-remote-address", {lend(d)}).case_index(), 1u);
    good(p.call(u + "connect", {lend(d), v4(9)}));
    EXPECT_EQ(get(u + "get-remote-address", d).payload()->at(0).as<u16>(), 9u);
    good(p.call(t + "bind", {lend(s), v4(0)}));
    Val incoming = good(p.call(t + "listen", {lend(s)}));
    EXPECT_TRUE(p.call(t + "get-is-listening", {lend(s)}).as<bool>());
    Val client = good(p.call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)})), here = get(t + "get-local-address", s);
    good(p.call(t + "connect", {lend(client), here}));
    EXPECT_EQ(get(t + "get-remote-address", client).payload()->at(0).as<u16>(), here.payload()->at(0).as<u16>());
}

// What each policy lets through, of all the ways to reach out or to be reached.
TEST(P3, nothing_is_reached_that_is_not_granted) {
    const std::string t = "wasi:sockets/types.[method]tcp-socket.", u = "wasi:sockets/types.[method]udp-socket.";
    P3 server(Context().allow_listen("127.0.0.1:0"), {"wasi:sockets"});
    Val listener = good(server.call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)}));
    good(server.call(t + "bind", {lend(listener), v4(0)}));
    Val incoming = good(server.call(t + "listen", {lend(listener)}));
    u16 port = good(server.call(t + "get-local-address", {lend(listener)})).payload()->at(0).as<u16>();
    std::string own = "tcp:connect:127.0.0.1:" + std::to_string(port), other = "tcp:connect:127.0.0.1:" + std::to_string(port + 1);
    struct Grant {
        Context context;
        bool connects, binds, binds_udp, sends;
    };
    const Grant grants[] = {{Context(), false, false, false, false},
                            {Context().allow_net(own), true, true, false, false},
                            {Context().allow_net(other), false, true, false, false},
                            {Context().allow_net("udp:connect:127.0.0.1:*"), false, false, true, true},
                            {Context().allow_net("tcp:connect:localhost:*"), false, true, false, false},
                            {Context().allow_net("tcp:connect:[::1]:*"), false, true, false, false},
                            {Context().allow_listen("127.0.0.1:0"), false, true, false, false},
                            {Context().allow_listen("udp:127.0.0.1:0"), false, false, true, false},
                            {Context().inherit_network(), true, true, true, true}};
    int cases = 0;
    for (const Grant& grant : grants) {
        P3 p(grant.context, {"wasi:sockets"});
        auto make = [&](const char* kind) { return good(p.call(std::string("wasi:sockets/types.[static]") + kind + "-socket.create", {Val::variant(0)})); };
        auto allows = [&](const std::string& f, const Val& socket, std::vector<Val> args) {
            args.insert(args.begin(), lend(socket));
            ++cases;
            return p.call(f, std::move(args)).case_index() == 0;
        };
        EXPECT_EQ(allows(t + "connect", make("tcp"), {v4(port)}), grant.connects) << &grant - grants;
        EXPECT_EQ(allows(t + "bind", make("tcp"), {v4(0)}), grant.binds) << &grant - grants;
        // It would bind itself, to every interface.
        EXPECT_EQ(allows(t + "listen", make("tcp"), {}), grant.context.data().network.may_listen(Transport::tcp, os::Address::v4({}, 0)));
        EXPECT_EQ(allows(u + "bind", make("udp"), {v4(0)}), grant.binds_udp) << &grant - grants;
        EXPECT_EQ(allows(u + "connect", make("udp"), {v4(9)}), grant.sends) << &grant - grants;
        EXPECT_EQ(allows(u + "send", make("udp"), {bytes("x"), Val::some(v4(9))}), grant.sends) << &grant - grants;
    }
    std::printf("%d cases\n", cases);
}

TEST(P3, names_are_looked_up_where_that_is_granted) {
    P3 p(Context().allow_lookup("localhost"), {"wasi:sockets"});
    auto look = [&](const char* name) { return p.call("wasi:sockets/ip-name-lookup.resolve-addresses", {Val::string(name)}); };
    EXPECT_GE(good(look("localhost")).size(), 1u);
    EXPECT_EQ(good(look("::1")).at(0).case_index(), 1u);
    EXPECT_EQ(look("example.com").payload()->case_index(), 0u);
    EXPECT_EQ(look("no name").payload()->case_index(), 1u);
}

TEST(P3, a_guest_uses_both_versions_side_by_side) {
    Context c;
    c.args({"x"}).capture_stdout();
    P3 p(c, {"wasi:cli/environment", "wasi:clocks/monotonic-clock", "wasi:io/poll"}, &add);
    EXPECT_EQ(p.call("wasi:cli/environment@0.2.12.get-arguments").size(), 1u);
    EXPECT_EQ(p.call("wasi:cli/environment@0.3.0.get-arguments").size(), 1u);
    p.call("wasi:clocks/monotonic-clock@0.3.0.wait-for", {Val::u64(1'000'000)});
}

}  // namespace
}  // namespace heddle::wasi::testing
