#include "guest.hpp"

#include <thread>

#include "os/socket.hpp"

namespace heddle::wasi::test {

namespace {

using Clock = std::chrono::steady_clock;

constexpr u64 ms = 1'000'000;

Subscription clock_subscription(u64 userdata, u32 id, u64 timeout, u16 flags = 0) {
    return {.userdata = userdata, .tag = 0, .id_or_fd = id, .timeout = timeout, .precision = 0, .flags = flags};
}
Subscription file_subscription(u64 userdata, EventType type, u32 fd) {
    return {.userdata = userdata, .tag = u8(type), .id_or_fd = fd, .timeout = 0, .precision = 0, .flags = 0};
}

struct Polled {
    Errno error = Errno::success;
    std::vector<Event> events;
};

Polled poll_all(Guest& g, const std::vector<Subscription>& subscriptions) {
    u32 in = g.room(u32(subscriptions.size() * sizeof(Subscription))), out = g.room(u32(subscriptions.size() * sizeof(Event))), n = g.room(4);
    for (std::size_t i = 0; i < subscriptions.size(); ++i) g.memory().store(in + u32(i * sizeof(Subscription)), subscriptions[i]);
    Polled p;
    p.error = poll_oneoff(g.process, g.memory(), in, out, u32(subscriptions.size()), n);
    if (p.error == Errno::success)
        for (u32 i = 0; i < g.get<u32>(n); ++i) p.events.push_back(g.get<Event>(out + i * u32(sizeof(Event))));
    return p;
}

}  // namespace

TEST(Poll, sleeps_for_a_relative_time) {
    Guest g;
    for (u32 id : {0u, 1u}) {
        auto start = Clock::now();
        Polled p = poll_all(g, {clock_subscription(42, id, 30 * ms)});
        EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(30));
        EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(500));
        ASSERT_EQ(p.events.size(), 1u);
        EXPECT_EQ(p.events[0].userdata, 42u);
        EXPECT_EQ(p.events[0].type, 0);
        EXPECT_EQ(p.events[0].error, 0);
    }
}

TEST(Poll, sleeps_until_an_absolute_time) {
    Guest g;
    for (u32 id : {0u, 1u}) {
        u64 now = *os::clock_time(os::ClockId(id));
        EXPECT_EQ(poll_all(g, {clock_subscription(1, id, now + 20 * ms, subclockflags::abstime)}).events.size(), 1u);
        EXPECT_GE(*os::clock_time(os::ClockId(id)), now + 20 * ms);
        EXPECT_EQ(poll_all(g, {clock_subscription(1, id, now - 1, subclockflags::abstime)}).events.size(), 1u) << "in the past";
    }
}

TEST(Poll, reports_every_clock_whose_time_has_come) {
    Guest g;
    Polled p =
        poll_all(g, {clock_subscription(1, 1, 10 * ms), clock_subscription(2, 1, ~u64(0)), clock_subscription(3, 1, 0), clock_subscription(4, 0, 0)});
    ASSERT_EQ(p.events.size(), 2u);
    EXPECT_EQ(p.events[0].userdata, 3u);
    EXPECT_EQ(p.events[1].userdata, 4u);
    p = poll_all(g, {clock_subscription(1, 1, 10 * ms), clock_subscription(2, 1, 3600'000 * ms)});
    ASSERT_EQ(p.events.size(), 1u);
    EXPECT_EQ(p.events[0].userdata, 1u);
}

TEST(Poll, clocks_that_cannot_be_waited_for_are_errors_of_their_own) {
    Guest g;
    Polled p = poll_all(g, {clock_subscription(1, 2, 0), clock_subscription(2, 3, 0), clock_subscription(3, 4, 0), clock_subscription(4, 0, 0, 2),
                            clock_subscription(5, 1, 3600'000 * ms)});
    ASSERT_EQ(p.events.size(), 4u);
    EXPECT_EQ(p.events[0].error, u16(Errno::notsup));
    EXPECT_EQ(p.events[1].error, u16(Errno::notsup));
    EXPECT_EQ(p.events[2].error, u16(Errno::inval));
    EXPECT_EQ(p.events[3].error, u16(Errno::inval));
}

TEST(Poll, an_embedders_clock_tells_how_long) {
    Guest g(Context().monotonic_clock([] { return u64(1000); }));
    auto start = Clock::now();
    EXPECT_EQ(poll_all(g, {clock_subscription(1, 1, 1000 + 20 * ms, subclockflags::abstime)}).events.size(), 1u);
    EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(20));
}

TEST(Poll, files_and_streams_in_memory_are_always_ready) {
    TempDir dir;
    write_text(dir / "f", "hello");
    Guest g(Context().dir(dir.string(), "/").stdin_bytes("abc").capture_stdout());
    u32 file = g.open("f", {.base = rights::of_file}).second;
    g.read(file, 2);
    Polled p = poll_all(g, {file_subscription(1, EventType::fd_read, file), file_subscription(2, EventType::fd_write, file),
                            file_subscription(3, EventType::fd_read, 0), file_subscription(4, EventType::fd_write, 1),
                            file_subscription(5, EventType::fd_read, 3), clock_subscription(6, 1, ~u64(0))});
    ASSERT_EQ(p.events.size(), 5u);
    for (u64 i = 0; i < 5; ++i) {
        EXPECT_EQ(p.events[i].userdata, i + 1);
        EXPECT_EQ(p.events[i].error, 0);
        EXPECT_EQ(p.events[i].flags, 0);
    }
    EXPECT_EQ(p.events[0].nbytes, 3u);
    EXPECT_EQ(p.events[2].nbytes, 3u);
    EXPECT_GT(p.events[3].nbytes, 0u);
    g.read(0, 10);
    p = poll_all(g, {file_subscription(3, EventType::fd_read, 0)});
    EXPECT_EQ(p.events[0].nbytes, 0u);
    EXPECT_EQ(p.events[0].flags, eventrwflags::hangup);
}

TEST(Poll, pipes_are_ready_when_they_are) {
    Pipe in, out;
    Guest g(Context().stdin_fd(in.read).stdout_fd(out.write));
    Polled p = poll_all(g, {file_subscription(1, EventType::fd_read, 0), clock_subscription(2, 1, 10 * ms)});
    ASSERT_EQ(p.events.size(), 1u);
    EXPECT_EQ(p.events[0].userdata, 2u) << "nothing to read";
    (void)!write(in.write, "abc", 3);
    p = poll_all(g, {file_subscription(1, EventType::fd_read, 0), file_subscription(2, EventType::fd_write, 1)});
    ASSERT_EQ(p.events.size(), 2u);
    EXPECT_EQ(p.events[0].nbytes, 3u);
    EXPECT_EQ(p.events[0].flags, 0);
    EXPECT_EQ(p.events[1].userdata, 2u);
    in.close_write();
    g.read(0, 3);
    p = poll_all(g, {file_subscription(1, EventType::fd_read, 0)});
    EXPECT_EQ(p.events[0].flags, eventrwflags::hangup);
    EXPECT_EQ(p.events[0].error, 0);
    out.close_read();
    p = poll_all(g, {file_subscription(1, EventType::fd_write, 1)});
    EXPECT_EQ(p.events[0].flags, eventrwflags::hangup);
    EXPECT_EQ(p.events[0].nbytes, 0u);
}

TEST(Poll, wakes_when_bytes_come) {
    Pipe in;
    Guest g(Context().stdin_fd(in.read));
    std::thread later([&] {
        usleep(20'000);
        (void)!write(in.write, "x", 1);
    });
    Polled p = poll_all(g, {clock_subscription(1, 1, 5000 * ms), file_subscription(2, EventType::fd_read, 0)});
    later.join();
    ASSERT_EQ(p.events.size(), 1u);
    EXPECT_EQ(p.events[0].userdata, 2u);
}

TEST(Poll, bad_descriptors_and_missing_rights_are_events) {
    Guest g;
    fd_fdstat_set_rights(g.process, g.memory(), 2, rights::fd_write, 0);
    Polled p = poll_all(g, {file_subscription(1, EventType::fd_read, 99), file_subscription(2, EventType::fd_write, 0),
                            file_subscription(3, EventType::fd_read, 1), file_subscription(4, EventType::fd_write, 2)});
    ASSERT_EQ(p.events.size(), 4u);
    EXPECT_EQ(p.events[0].error, u16(Errno::badf));
    for (std::size_t i : {1u, 2u, 3u}) EXPECT_EQ(p.events[i].error, u16(Errno::notcapable));
    Pipe pipe;
    int closed = dup(pipe.read);
    Guest h(Context().stdin_fd(closed));
    ::close(closed);
    p = poll_all(h, {file_subscription(1, EventType::fd_read, 0)});
    EXPECT_EQ(p.events[0].error, u16(Errno::badf));
}

TEST(Poll, refuses_none_too_many_unknown_kinds_and_bad_places) {
    Guest g;
    u32 n = g.room(4), in = g.put(clock_subscription(1, 1, 0)), out = g.room(32);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), in, out, 0, n), Errno::inval);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), in, out, ~u32(0), n), Errno::inval);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), Guest::outside, out, 1, n), Errno::fault);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), in, Guest::outside, 1, n), Errno::fault);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), in, out, 1, Guest::outside), Errno::fault);
    EXPECT_EQ(poll_oneoff(g.process, g.memory(), in, in, 1, n), Errno::success) << "events over their subscriptions";
    EXPECT_EQ(poll_all(g, {Subscription{.userdata = 1, .tag = 3}}).error, Errno::inval);
}

TEST(Poll, takes_4096_subscriptions) {
    Guest g;
    for (u32 n : {4095u, 4096u, 4097u}) {
        g.rewind();
        Polled p = poll_all(g, std::vector<Subscription>(n, clock_subscription(1, 1, 0)));
        EXPECT_EQ(p.error, n <= 4096 ? Errno::success : Errno::inval) << n;
        EXPECT_EQ(p.events.size(), n <= 4096 ? n : 0) << n;
    }
}

TEST(Poll, ends_within_10_ms_when_cancelled) {
    Pipe in;
    Context c;
    c.stdin_fd(in.read);
    Guest g(c);
    Clock::time_point cancelled;
    std::thread other([&] {
        usleep(30'000);
        cancelled = Clock::now();
        c.cancel();
    });
    Polled p = poll_all(g, {clock_subscription(1, 1, 60'000 * ms), file_subscription(2, EventType::fd_read, 0)});
    auto now = Clock::now();
    other.join();
    EXPECT_EQ(p.error, Errno::intr);
    EXPECT_LT(now - cancelled, std::chrono::milliseconds(100)) << "10 ms, with room for a busy machine";
    c.resume();
    EXPECT_EQ(poll_all(g, {clock_subscription(1, 1, 0)}).error, Errno::success);
}

TEST(Poll, sees_connections_and_their_bytes) {
    Context c;
    c.listen("127.0.0.1:0");
    Guest g(c);
    Polled p = poll_all(g, {file_subscription(1, EventType::fd_read, 3), clock_subscription(2, 1, 5 * ms)});
    ASSERT_EQ(p.events.size(), 1u);
    EXPECT_EQ(p.events[0].userdata, 2u);
    EXPECT_EQ(poll_all(g, {file_subscription(1, EventType::fd_write, 3)}).events[0].error, u16(Errno::notcapable));
}

}  // namespace heddle::wasi::test
