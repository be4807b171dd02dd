#include "guest.hpp"

namespace heddle::wasi::test {

TEST(Unstable, seek_counts_whence_in_its_own_order) {
    TempDir dir;
    write_text(dir / "f", "0123456789");
    Guest g(Context().dir(dir.string(), "/"));
    u32 fd = g.open("f", {.base = rights::of_file}).second, at = g.room(8);
    auto seek = [&](i64 offset, u32 whence) {
        EXPECT_EQ(unstable::fd_seek(g.process, g.memory(), fd, offset, whence, at), Errno::success);
        return g.get<u64>(at);
    };
    EXPECT_EQ(seek(4, 2), 4u) << "set";
    EXPECT_EQ(seek(3, 0), 7u) << "current";
    EXPECT_EQ(seek(-1, 1), 9u) << "end";
    EXPECT_EQ(unstable::fd_seek(g.process, g.memory(), fd, 0, 3, at), Errno::inval);
    EXPECT_EQ(unstable::fd_seek(g.process, g.memory(), 99, 0, 0, at), Errno::badf);
}

TEST(Unstable, filestat_has_56_bytes) {
    TempDir dir;
    write_text(dir / "f", "abc");
    files::create_hard_link(dir / "f", dir / "g");
    Guest g(Context().dir(dir.string(), "/"));
    u32 fd = g.open("f", {.base = rights::of_file}).second;
    Filestat full = g.filestat(fd);
    u32 at = g.put(std::array<u8, 64>{});
    GuestString path = g.text("f");
    for (bool by_path : {false, true}) {
        g.memory().store(at + 56, u64(0x1122334455667788));
        Errno e = by_path ? unstable::path_filestat_get(g.process, g.memory(), 3, 0, path.at, path.size, at)
                          : unstable::fd_filestat_get(g.process, g.memory(), fd, at);
        EXPECT_EQ(e, Errno::success);
        EXPECT_EQ(g.get<u64>(at), full.dev);
        EXPECT_EQ(g.get<u64>(at + 8), full.ino);
        EXPECT_EQ(g.get<u8>(at + 16), 4);
        EXPECT_EQ(g.get<u32>(at + 20), 2u);
        EXPECT_EQ(g.get<u64>(at + 24), 3u);
        EXPECT_EQ(g.get<u64>(at + 40), full.mtim);
        EXPECT_EQ(g.get<u64>(at + 48), full.ctim);
        EXPECT_EQ(g.get<u64>(at + 56), u64(0x1122334455667788)) << "not a byte more";
    }
    EXPECT_EQ(unstable::fd_filestat_get(g.process, g.memory(), fd, Guest::memory_size - 56), Errno::success);
    EXPECT_EQ(unstable::fd_filestat_get(g.process, g.memory(), fd, Guest::memory_size - 55), Errno::fault);
    EXPECT_EQ(unstable::fd_filestat_get(g.process, g.memory(), 99, at), Errno::badf);
    EXPECT_EQ(unstable::path_filestat_get(g.process, g.memory(), 99, 0, path.at, path.size, at), Errno::badf);
}

TEST(Unstable, poll_reads_subscriptions_of_56_bytes) {
    Guest g(Context().stdin_bytes("abc"));
    u32 in = g.room(2 * 56), out = g.room(64), n = g.room(4);
    g.memory().store(in, u64(7));          // userdata
    g.memory().store(in + 8, u8(0));       // a clock
    g.memory().store(in + 16, u64(99));    // its identifier, which nobody needs
    g.memory().store(in + 24, u32(1));     // monotonic
    g.memory().store(in + 32, u64(1000));  // timeout
    g.memory().store(in + 56, u64(8));
    g.memory().store(in + 64, u8(1));   // reading
    g.memory().store(in + 72, u32(0));  // of standard input
    EXPECT_EQ(unstable::poll_oneoff(g.process, g.memory(), in, out, 1, n), Errno::success);
    EXPECT_EQ(g.get<u32>(n), 1u);
    EXPECT_EQ(g.get<Event>(out).userdata, 7u);
    EXPECT_EQ(g.get<Event>(out).error, 0);
    g.memory().store(in + 32, u64(3600) * 1'000'000'000);
    EXPECT_EQ(unstable::poll_oneoff(g.process, g.memory(), in, out, 2, n), Errno::success);
    EXPECT_EQ(g.get<u32>(n), 1u);
    EXPECT_EQ(g.get<Event>(out).userdata, 8u);
    EXPECT_EQ(g.get<Event>(out).nbytes, 3u);
    EXPECT_EQ(unstable::poll_oneoff(g.process, g.memory(), in, out, 0, n), Errno::inval);
    EXPECT_EQ(unstable::poll_oneoff(g.process, g.memory(), in, out, 4097, n), Errno::inval);
    EXPECT_EQ(unstable::poll_oneoff(g.process, g.memory(), Guest::memory_size - 55, out, 1, n), Errno::fault);
}

}  // namespace heddle::wasi::test
