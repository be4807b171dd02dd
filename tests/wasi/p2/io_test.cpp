// wasi:io, cli, clocks and random 0.2, called from a guest.
#include <thread>
#include <unistd.h>

#include "forwarder.hpp"

namespace heddle::wasi::testing {
namespace {

const std::string in = "wasi:io/streams.[method]input-stream.", out = "wasi:io/streams.[method]output-stream.";

struct Pipe {
    int read = -1, write = -1;
    Pipe() {
        int fds[2];
        if (pipe(fds) == 0) read = fds[0], write = fds[1];
    }
    ~Pipe() {
        if (read >= 0) close(read);
        if (write >= 0) close(write);
    }
};

Context plain() { return Context().args({"prog", "a b", "ü"}).env("LANG", "C").env("X", "1=2").stdin_bytes("hello world").capture_stdout().capture_stderr(); }

bool is_closed(const Val& result) { return result.case_index() == 1 && result.payload()->case_index() == 1; }

TEST(P2Cli, tells_arguments_and_environment_and_no_directory) {
    Forwarder g(plain(), {"wasi:cli", "wasi:io"});
    Val args = g.call("wasi:cli/environment.get-arguments");
    ASSERT_EQ(args.size(), 3u);
    EXPECT_EQ(args.at(2).as_string(), "ü");
    Val env = g.call("wasi:cli/environment.get-environment");
    ASSERT_EQ(env.size(), 2u);
    EXPECT_EQ(env.at(1).at(1).as_string(), "1=2");
    EXPECT_EQ(g.call("wasi:cli/environment.initial-cwd").case_index(), 0u);
}

TEST(P2Cli, standard_streams_read_and_write) {
    Context c = plain();
    Forwarder g(c, {"wasi:cli", "wasi:io"});
    Val i = g.call("wasi:cli/stdin.get-stdin");
    EXPECT_EQ(text_of(good(g.call(in + "read", {lend(i), Val::u64(5)}))), "hello");
    EXPECT_EQ(good(g.call(in + "skip", {lend(i), Val::u64(1)})).as<u64>(), 1u);
    EXPECT_EQ(text_of(good(g.call(in + "blocking-read", {lend(i), Val::u64(3)}))), "wor");
    EXPECT_EQ(good(g.call(in + "blocking-skip", {lend(i), Val::u64(100)})).as<u64>(), 2u);
    EXPECT_TRUE(is_closed(g.call(in + "read", {lend(i), Val::u64(1)})));
    Val o = g.call("wasi:cli/stdout.get-stdout"), e = g.call("wasi:cli/stderr.get-stderr");
    good(g.call(out + "blocking-write-and-flush", {lend(o), bytes("out")}));
    good(g.call(out + "write", {lend(e), bytes("err")}));
    good(g.call(out + "flush", {lend(e)}));
    good(g.call(out + "blocking-flush", {lend(e)}));
    good(g.call(out + "write-zeroes", {lend(o), Val::u64(2)}));
    good(g.call(out + "blocking-write-zeroes-and-flush", {lend(o), Val::u64(1)}));
    EXPECT_EQ(c.captured_stdout(), std::string("out\0\0\0", 6));
    EXPECT_EQ(c.captured_stderr(), "err");
}

TEST(P2Io, splices_from_stream_to_stream) {
    Context c = plain();
    Forwarder g(c, {"wasi:cli", "wasi:io"});
    Val i = g.call("wasi:cli/stdin.get-stdin"), o = g.call("wasi:cli/stdout.get-stdout");
    EXPECT_EQ(good(g.call(out + "splice", {lend(o), lend(i), Val::u64(6)})).as<u64>(), 6u);
    EXPECT_EQ(good(g.call(out + "blocking-splice", {lend(o), lend(i), Val::u64(100)})).as<u64>(), 5u);
    EXPECT_TRUE(is_closed(g.call(out + "splice", {lend(o), lend(i), Val::u64(1)})));
    EXPECT_EQ(c.captured_stdout(), "hello world");
}

TEST(P2Io, a_blocking_read_waits_for_the_pipe_and_ends_with_it) {
    Pipe p;
    Forwarder g(Context().stdin_fd(p.read), {"wasi:cli", "wasi:io"});
    Val i = g.call("wasi:cli/stdin.get-stdin");
    EXPECT_EQ(text_of(good(g.call(in + "read", {lend(i), Val::u64(5)}))), "");
    std::thread writer([&] {
        usleep(20'000);
        EXPECT_EQ(write(p.write, "late", 4), 4);
        close(std::exchange(p.write, -1));
    });
    EXPECT_EQ(text_of(good(g.call(in + "blocking-read", {lend(i), Val::u64(10)}))), "late");
    EXPECT_TRUE(is_closed(g.call(in + "blocking-read", {lend(i), Val::u64(10)})));
    writer.join();
}

TEST(P2Io, a_full_pipe_takes_the_rest_when_there_is_room) {
    Pipe p;
    Forwarder g(Context().stdout_fd(p.write), {"wasi:cli", "wasi:io"});
    Val o = g.call("wasi:cli/stdout.get-stdout");
    std::string all(200'000, 'x');
    std::size_t got = 0;
    std::thread reader([&] {
        usleep(20'000);
        char buffer[4096];
        while (got < all.size()) got += std::size_t(std::max<ssize_t>(0, read(p.read, buffer, sizeof buffer)));
    });
    good(g.call(out + "blocking-write-and-flush", {lend(o), bytes(all)}));
    reader.join();
    EXPECT_EQ(got, all.size());
}

TEST(P2Io, what_was_written_leaves_when_the_guest_ends) {
    Pipe p;
    {
        Forwarder g(Context().stdout_fd(p.write), {"wasi:cli", "wasi:io"});
        Val o = g.call("wasi:cli/stdout.get-stdout");
        std::string filler(65'536, 'x');
        ASSERT_EQ(write(p.write, filler.data(), filler.size()), 65'536);
        good(g.call(out + "write", {lend(o), bytes("kept")}));
        ASSERT_EQ(read(p.read, filler.data(), filler.size()), 65'536);
    }
    char buffer[8];
    EXPECT_EQ(read(p.read, buffer, sizeof buffer), 4);
}

TEST(P2Io, a_closed_reader_closes_the_stream) {
    Pipe p;
    Forwarder g(Context().stdout_fd(p.write), {"wasi:cli", "wasi:io"});
    Val o = g.call("wasi:cli/stdout.get-stdout");
    close(std::exchange(p.read, -1));
    EXPECT_EQ(g.call(out + "check-write", {lend(o)}).case_index(), 0u);
    g.call(out + "write", {lend(o), bytes("x")});
    EXPECT_TRUE(is_closed(g.call(out + "check-write", {lend(o)})));
}

TEST(P2Io, an_error_tells_what_happened) {
    Context c;
    c.limits({.captured_bytes = 3}).capture_stdout();
    Forwarder g(c, {"wasi:cli", "wasi:io"});
    Val o = g.call("wasi:cli/stdout.get-stdout");
    Val r = g.call(out + "blocking-write-and-flush", {lend(o), bytes("four")});
    ASSERT_EQ(r.case_index(), 1u);
    ASSERT_EQ(r.payload()->case_index(), 0u);
    EXPECT_EQ(g.call("wasi:io/error.[method]error.to-debug-string", {lend(*r.payload()->payload())}).as_string(), "no space left on device");
}

TEST(P2Io, a_write_beyond_the_permit_traps) {
    Forwarder g(plain(), {"wasi:cli", "wasi:io"});
    Val o = g.call("wasi:cli/stdout.get-stdout");
    u64 permit = good(g.call(out + "check-write", {lend(o)})).as<u64>();
    EXPECT_GE(permit, 4096u);
    EXPECT_NE(g.trap(out + "write", {lend(o), bytes(std::string(permit + 1, 'x'))}).find("check-write permits"), std::string::npos);
}

TEST(P2Io, poll_says_which_ones_are_ready) {
    Pipe p;
    Forwarder g(Context().stdin_fd(p.read), {"wasi:cli", "wasi:io", "wasi:clocks"});
    Val i = g.call("wasi:cli/stdin.get-stdin");
    Val readable = g.call(in + "subscribe", {lend(i)}), soon = g.call("wasi:clocks/monotonic-clock.subscribe-duration", {Val::u64(5'000'000)});
    Val never = g.call("wasi:clocks/monotonic-clock.subscribe-instant", {Val::u64(~u64(0))});
    EXPECT_FALSE(g.call("wasi:io/poll.[method]pollable.ready", {lend(readable)}).as<bool>());
    auto poll = [&] { return g.call("wasi:io/poll.poll", {Val::list({lend(readable), lend(never), lend(soon)})}); };
    EXPECT_EQ(to_string(poll()), to_string(Val::packed(Val::Kind::u32, {2, 0, 0, 0})));
    ASSERT_EQ(write(p.write, "x", 1), 1);
    EXPECT_EQ(poll().size(), 2u);
    g.call("wasi:io/poll.[method]pollable.block", {lend(readable)});
    g.call("wasi:io/poll.[method]pollable.block", {lend(soon)});
    Val o = g.call("wasi:cli/stdout.get-stdout");
    Val writable = g.call(out + "subscribe", {lend(o)});
    EXPECT_TRUE(g.call("wasi:io/poll.[method]pollable.ready", {lend(writable)}).as<bool>());
}

TEST(P2Io, poll_of_nothing_traps) {
    Forwarder g(plain(), {"wasi:io"});
    EXPECT_NE(g.trap("wasi:io/poll.poll", {Val::list({})}).find("empty list"), std::string::npos);
}

TEST(P2Io, a_cancelled_wait_ends) {
    Pipe p;
    Context c;
    c.stdin_fd(p.read);
    Forwarder g(c, {"wasi:cli", "wasi:io"});
    Val i = g.call("wasi:cli/stdin.get-stdin");
    std::thread stopper([&] {
        usleep(20'000);
        c.cancel();
    });
    EXPECT_NE(g.trap(in + "blocking-read", {lend(i), Val::u64(10)}), "");
    stopper.join();
}

TEST(P2Io, handles_and_what_they_hold_are_limited) {
    Context c = plain();
    c.limits({.resources = 10});
    Forwarder g(c, {"wasi:cli", "wasi:io"});
    std::vector<Val> all;
    for (int n = 0; n < 10; ++n) all.push_back(g.call("wasi:cli/stdin.get-stdin"));
    EXPECT_NE(g.trap("wasi:cli/stdin.get-stdin").find("more than 10 resources"), std::string::npos);
}

TEST(P2Io, host_bytes_are_limited) {
    Context c = plain();
    c.limits({.host_bytes = 1024});
    Forwarder g(c, {"wasi:cli", "wasi:io", "wasi:random"});
    EXPECT_EQ(g.call("wasi:random/random.get-random-bytes", {Val::u64(1024)}).size(), 1024u);
    Val a = g.call("wasi:cli/stdin.get-stdin");
    EXPECT_NE(g.trap("wasi:random/random.get-random-bytes", {Val::u64(1024)}).find("1024 bytes held"), std::string::npos);
}

TEST(P2Random, gives_what_the_context_gives) {
    Context c;
    c.random([](std::span<u8> b) { std::fill(b.begin(), b.end(), u8(7)); });
    Forwarder g(c, {"wasi:random"});
    EXPECT_EQ(text_of(g.call("wasi:random/random.get-random-bytes", {Val::u64(3)})), "\7\7\7");
    EXPECT_EQ(text_of(g.call("wasi:random/insecure.get-insecure-random-bytes", {Val::u64(2)})), "\7\7");
    EXPECT_EQ(g.call("wasi:random/random.get-random-u64").as<u64>(), 0x0707070707070707u);
    EXPECT_EQ(g.call("wasi:random/insecure.get-insecure-random-u64").as<u64>(), 0x0707070707070707u);
    EXPECT_EQ(g.call("wasi:random/insecure-seed.insecure-seed").at(1).as<u64>(), 0x0707070707070707u);
    EXPECT_EQ(g.call("wasi:random/random.get-random-bytes", {Val::u64(0)}).size(), 0u);
    EXPECT_NE(g.trap("wasi:random/random.get-random-bytes", {Val::u64((u64(64) << 20) + 1)}).find("at most"), std::string::npos);
}

TEST(P2Clocks, tell_the_contexts_time) {
    Context c;
    c.wall_clock([] { return u64(3'000'000'007); }).monotonic_clock([] { return u64(42); });
    Forwarder g(c, {"wasi:clocks", "wasi:io"});
    Val now = g.call("wasi:clocks/wall-clock.now");
    EXPECT_EQ(now.at(0).as<u64>(), 3u);
    EXPECT_EQ(now.at(1).as<u32>(), 7u);
    EXPECT_EQ(g.call("wasi:clocks/monotonic-clock.now").as<u64>(), 42u);
    EXPECT_GT(g.call("wasi:clocks/monotonic-clock.resolution").as<u64>(), 0u);
    EXPECT_EQ(g.call("wasi:clocks/wall-clock.resolution").at(0).as<u64>(), 0u);
    EXPECT_EQ(g.call("wasi:clocks/timezone.display", {now}).at(1).as_string(), "UTC");
    EXPECT_EQ(g.call("wasi:clocks/timezone.utc-offset", {now}).as<i32>(), 0);
}

TEST(P2Cli, exits_with_its_code) {
    for (auto [function, argument, code] : {std::tuple("exit", Val::ok(), 0), std::tuple("exit", Val::error(), 1), std::tuple("exit-with-code", Val::u8(77), 77)}) {
        Context c = plain();
        Forwarder g(c, {"wasi:cli", "wasi:io"});
        EXPECT_FALSE(g.try_call("wasi:cli/exit." + std::string(function), {argument}));
        EXPECT_EQ(c.exit_code(), code);
        EXPECT_EQ(component_trap(g.store).code, TrapCode::exited);
    }
}

TEST(P2Cli, terminals_are_known_by_their_descriptors) {
    Forwarder g(plain(), {"wasi:cli", "wasi:io"});
    EXPECT_EQ(g.call("wasi:cli/terminal-stdin.get-terminal-stdin").case_index(), 0u);
    EXPECT_EQ(g.call("wasi:cli/terminal-stdout.get-terminal-stdout").case_index(), 0u);
    EXPECT_EQ(g.call("wasi:cli/terminal-stderr.get-terminal-stderr").case_index(), 0u);
}

}  // namespace
}  // namespace heddle::wasi::testing
