#include "guest.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <thread>

#include "os/socket.hpp"

namespace heddle::wasi::test {

namespace {

// A connection of the host to a listener of the guest.
int connect_to(u16 port) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(s, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) std::abort();
    return s;
}

struct Sock : testing::Test {
    Context context;
    std::optional<Guest> guest;
    u16 port = 0;
    int client = -1;

    void SetUp() override {
        context.listen("127.0.0.1:0");
        guest.emplace(context);
        port = context.listener_port(0).value_or(0);
        ASSERT_NE(port, 0);
    }
    void TearDown() override {
        if (client >= 0) ::close(client);
    }
    Process& p() { return guest->process; }
    GuestMemory m() { return guest->memory(); }

    std::pair<Errno, u32> accept(u32 fd = 3, u32 flags = 0) {
        u32 at = guest->room(4);
        Errno e = sock_accept(p(), m(), fd, flags, at);
        return {e, e == Errno::success ? guest->get<u32>(at) : ~u32(0)};
    }
    u32 connection(u32 flags = 0) {
        client = connect_to(port);
        return accept(3, flags).second;
    }
    Guest::Read receive(u32 fd, u32 n, u32 flags = 0) {
        GuestString to{guest->room(n), n};
        u32 count = guest->room(4), out = guest->room(2);
        Errno e = sock_recv(p(), m(), fd, guest->vectors({to}), 1, flags, count, out);
        if (e == Errno::success) {
            EXPECT_EQ(guest->get<u16>(out), 0);
        }
        return {e, e == Errno::success ? guest->bytes(to.at, guest->get<u32>(count)) : ""};
    }
    std::pair<Errno, u32> send(u32 fd, const std::string& s, u32 flags = 0) {
        u32 count = guest->room(4);
        Errno e = sock_send(p(), m(), fd, guest->vectors({guest->text(s)}), 1, flags, count);
        return {e, e == Errno::success ? guest->get<u32>(count) : 0};
    }
    void host_sends(const std::string& s) { ASSERT_EQ(::send(client, s.data(), s.size(), 0), ssize_t(s.size())); }
    std::string host_receives() {
        char buffer[100];
        ssize_t n = ::recv(client, buffer, sizeof buffer, 0);
        return std::string(buffer, std::size_t(std::max<ssize_t>(n, 0)));
    }
};

}  // namespace

TEST_F(Sock, accepts_and_talks) {
    u32 fd = connection();
    EXPECT_EQ(fd, 4u);
    EXPECT_EQ(guest->fdstat(fd).filetype, 6);
    host_sends("hello");
    EXPECT_EQ(receive(fd, 100), (Guest::Read{Errno::success, "hello"}));
    EXPECT_EQ(send(fd, "answer"), (std::pair{Errno::success, u32(6)}));
    EXPECT_EQ(host_receives(), "answer");
}

TEST_F(Sock, reads_and_writes_like_a_file) {
    u32 fd = connection();
    host_sends("abc");
    EXPECT_EQ(guest->read(fd, 2).text, "ab");
    EXPECT_EQ(guest->read(fd, 2).text, "c");
    EXPECT_EQ(guest->write(fd, "xyz").second, 3u);
    EXPECT_EQ(host_receives(), "xyz");
    u32 n = guest->room(8);
    EXPECT_EQ(fd_seek(p(), m(), fd, 0, 0, n), Errno::spipe);
}

TEST_F(Sock, peeks_and_waits_for_all) {
    u32 fd = connection();
    host_sends("abc");
    EXPECT_EQ(receive(fd, 2, riflags::peek).text, "ab");
    EXPECT_EQ(receive(fd, 3, riflags::peek | riflags::waitall).text, "abc");
    std::thread later([&] {
        usleep(20'000);
        host_sends("def");
    });
    EXPECT_EQ(receive(fd, 6, riflags::waitall).text, "abcdef");
    later.join();
    host_sends("g");
    ::shutdown(client, SHUT_WR);
    EXPECT_EQ(receive(fd, 6, riflags::waitall).text, "g") << "the end comes before all";
    EXPECT_EQ(receive(fd, 6).text, "");
}

TEST_F(Sock, shuts_down_each_direction) {
    u32 fd = connection();
    EXPECT_EQ(sock_shutdown(p(), m(), fd, sdflags::wr), Errno::success);
    EXPECT_EQ(host_receives(), "");
    EXPECT_EQ(send(fd, "x").first, Errno::pipe);
    host_sends("still");
    EXPECT_EQ(receive(fd, 9).text, "still");
    EXPECT_EQ(sock_shutdown(p(), m(), fd, sdflags::rd), Errno::success);
    EXPECT_EQ(receive(fd, 9).text, "");
    EXPECT_EQ(sock_shutdown(p(), m(), fd, 0), Errno::inval);
    EXPECT_EQ(sock_shutdown(p(), m(), fd, 4), Errno::inval);
}

TEST_F(Sock, nonblocking_says_again) {
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), 3, fdflags::nonblock), Errno::success);
    EXPECT_EQ(accept().first, Errno::again);
    u32 fd = connection(fdflags::nonblock);
    EXPECT_EQ(guest->fdstat(fd).flags, fdflags::nonblock);
    EXPECT_EQ(receive(fd, 1).error, Errno::again);
    EXPECT_EQ(guest->read(fd, 1).error, Errno::again);
    u64 sent = 0;
    for (;;) {
        guest->rewind();
        auto [e, n] = send(fd, std::string(100'000, 'x'));
        if (e == Errno::again) break;
        ASSERT_EQ(e, Errno::success);
        sent += n;
        ASSERT_LT(sent, u64(1) << 30);
    }
    EXPECT_GT(sent, 0u);
}

TEST_F(Sock, waits_for_a_connection_and_can_be_cancelled) {
    std::thread later([&] {
        usleep(20'000);
        client = connect_to(port);
    });
    EXPECT_EQ(accept().first, Errno::success);
    later.join();
    std::thread other([&] {
        usleep(20'000);
        context.cancel();
    });
    EXPECT_EQ(accept().first, Errno::intr);
    other.join();
    EXPECT_EQ(receive(4, 1).error, Errno::intr);
}

TEST_F(Sock, refuses_what_is_no_connection) {
    u32 fd = connection(), at = guest->room(4);
    EXPECT_EQ(accept(9).first, Errno::badf);
    EXPECT_EQ(accept(1).first, Errno::notsock);
    EXPECT_EQ(accept(fd).first, Errno::inval);
    EXPECT_EQ(accept(3, fdflags::append).first, Errno::inval);
    EXPECT_EQ(sock_accept(p(), m(), 3, 0, Guest::outside), Errno::fault);
    for (auto [bad, error] : {std::pair{u32(9), Errno::badf}, {u32(1), Errno::notsock}, {u32(3), Errno::notconn}}) {
        EXPECT_EQ(receive(bad, 1).error, error);
        EXPECT_EQ(send(bad, "x").first, error);
        EXPECT_EQ(sock_shutdown(p(), m(), bad, 3), error);
    }
    EXPECT_EQ(guest->read(3, 1).error, Errno::notconn);
    EXPECT_EQ(guest->write(3, "x").first, Errno::notcapable);
    EXPECT_EQ(receive(fd, 1, 4).error, Errno::inval);
    EXPECT_EQ(send(fd, "x", 1).first, Errno::inval);
    EXPECT_EQ(sock_recv(p(), m(), fd, Guest::outside, 1, 0, at, at), Errno::fault);
    EXPECT_EQ(sock_recv(p(), m(), fd, 0, 0, 0, Guest::outside, at), Errno::fault);
    EXPECT_EQ(sock_recv(p(), m(), fd, 0, 0, 0, at, Guest::outside), Errno::fault);
    EXPECT_EQ(sock_send(p(), m(), fd, Guest::outside, 1, 0, at), Errno::fault);
    EXPECT_EQ(sock_send(p(), m(), fd, 0, 0, 0, Guest::outside), Errno::fault);
    fd_fdstat_set_rights(p(), m(), fd, 0, 0);
    EXPECT_EQ(receive(fd, 1).error, Errno::notcapable);
    EXPECT_EQ(send(fd, "x").first, Errno::notcapable);
    EXPECT_EQ(sock_shutdown(p(), m(), fd, 3), Errno::notcapable);
    fd_fdstat_set_rights(p(), m(), 3, 0, 0);
    EXPECT_EQ(accept().first, Errno::notcapable);
}

TEST(Listeners, come_after_the_directories_in_order) {
    TempDir dir;
    Context c;
    c.listen("127.0.0.1:0").dir(dir.string(), "/").listen("[::1]:0");
    Guest g(c);
    EXPECT_EQ(g.fdstat(3).filetype, 3);
    EXPECT_EQ(g.fdstat(4).filetype, 6);
    EXPECT_EQ(g.fdstat(5).filetype, 6);
    EXPECT_TRUE(c.listener_port(0).has_value());
    EXPECT_FALSE(c.listener_port(2).has_value());
    u32 at = g.room(8);
    EXPECT_EQ(fd_prestat_get(g.process, g.memory(), 3, at), Errno::success);
    EXPECT_EQ(fd_prestat_get(g.process, g.memory(), 4, at), Errno::badf);
}

TEST(Listeners, may_be_made_by_the_embedder) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(listen(s, 1), 0);
    Context c;
    c.listener(s);
    EXPECT_FALSE(c.data().error);
    EXPECT_TRUE(c.listener_port(0).has_value());
    c.listener(dup(0));
    EXPECT_TRUE(c.data().error);
}

TEST(Listeners, need_a_numeric_address) {
    for (const char* bad : {"", "x", "localhost:80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80x", "1.2.3:80", "-1"})
        EXPECT_EQ(os::listen_at(bad).error(), Errno::inval) << bad;
    EXPECT_TRUE(os::listen_at("0"));
    EXPECT_TRUE(os::listen_at("[::1]:0"));
}

}  // namespace heddle::wasi::test
