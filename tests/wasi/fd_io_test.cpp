#include "guest.hpp"

#include <fcntl.h>
#include <poll.h>
#include <thread>

namespace heddle::wasi::test {

namespace {

constexpr Rights read_write = rights::fd_read | rights::fd_write | rights::fd_seek | rights::fd_tell;

// Reads and writes one file, "f", opened as descriptor 4.
struct FileIo : testing::Test {
    TempDir dir;
    std::optional<Guest> guest;

    void SetUp() override {
        write_text(dir / "f", "hello world");
        guest.emplace(Context().dir(dir.string(), "/"));
        ASSERT_EQ(guest->open("f", {.base = read_write}), (std::pair{Errno::success, u32(4)}));
    }
    std::pair<Errno, u64> seek(u32 fd, i64 offset, u32 whence) {
        u32 at = guest->room(8);
        Errno e = fd_seek(guest->process, guest->memory(), fd, offset, whence, at);
        return {e, e == Errno::success ? guest->get<u64>(at) : 0};
    }
};

}  // namespace

TEST_F(FileIo, reads_on_from_where_it_stopped) {
    EXPECT_EQ(guest->read(4, 5), (Guest::Read{Errno::success, "hello"}));
    EXPECT_EQ(guest->read(4, 100), (Guest::Read{Errno::success, " world"}));
    EXPECT_EQ(guest->read(4, 100), (Guest::Read{Errno::success, ""}));
}

TEST_F(FileIo, scatters_and_gathers) {
    GuestString a{guest->room(2), 2}, empty{guest->room(0), 0}, b{guest->room(20), 20};
    u32 n = guest->room(4);
    EXPECT_EQ(fd_read(guest->process, guest->memory(), 4, guest->vectors({a, empty, b}), 3, n), Errno::success);
    EXPECT_EQ(guest->get<u32>(n), 11u);
    EXPECT_EQ(guest->bytes(a.at, 2) + guest->bytes(b.at, 9), "hello world");
    EXPECT_EQ(fd_write(guest->process, guest->memory(), 4, guest->vectors({guest->text("!"), guest->text("?!")}), 2, n), Errno::success);
    EXPECT_EQ(guest->get<u32>(n), 3u);
    EXPECT_EQ(read_text(dir / "f"), "hello world!?!");
}

TEST_F(FileIo, at_an_offset_leaves_the_position) {
    u32 n = guest->room(4);
    GuestString to{guest->room(5), 5};
    EXPECT_EQ(fd_pread(guest->process, guest->memory(), 4, guest->vectors({to}), 1, 6, n), Errno::success);
    EXPECT_EQ(guest->bytes(to.at, 5), "world");
    EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), 4, guest->vectors({guest->text("W")}), 1, 6, n), Errno::success);
    EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), 4, guest->vectors({guest->text("x")}), 1, 12, n), Errno::success);
    EXPECT_EQ(read_text(dir / "f"), std::string("hello World\0x", 13));
    EXPECT_EQ(guest->read(4, 5).text, "hello");
    EXPECT_EQ(fd_pread(guest->process, guest->memory(), 4, guest->vectors({to}), 1, ~u64(0), n), Errno::inval);
    EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), 4, guest->vectors({to}), 1, u64(1) << 63, n), Errno::inval);
}

TEST_F(FileIo, seeks_from_all_three_places) {
    EXPECT_EQ(seek(4, 6, 0), (std::pair{Errno::success, u64(6)}));
    EXPECT_EQ(seek(4, -2, 1), (std::pair{Errno::success, u64(4)}));
    EXPECT_EQ(seek(4, -1, 2), (std::pair{Errno::success, u64(10)}));
    EXPECT_EQ(guest->read(4, 9).text, "d");
    EXPECT_EQ(seek(4, 100, 2), (std::pair{Errno::success, u64(111)}));
    EXPECT_EQ(seek(4, -1, 0).first, Errno::inval);
    EXPECT_EQ(seek(4, 0, 3).first, Errno::inval);
    EXPECT_EQ(seek(9, 0, 0).first, Errno::badf);
    EXPECT_EQ(fd_seek(guest->process, guest->memory(), 4, 0, 0, Guest::outside), Errno::fault);
    u32 at = guest->room(8);
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), 4, at), Errno::success);
    EXPECT_EQ(guest->get<u64>(at), 111u);
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), 9, at), Errno::badf);
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), 4, Guest::outside), Errno::fault);
}

TEST_F(FileIo, needs_the_rights) {
    auto [e, r] = guest->open("f", {.base = rights::fd_read});
    EXPECT_EQ(guest->write(r, "x").first, Errno::notcapable);
    EXPECT_EQ(seek(r, 1, 0).first, Errno::notcapable);
    EXPECT_EQ(seek(r, 0, 1).first, Errno::notcapable);
    u32 n = guest->room(8);
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), r, n), Errno::notcapable);
    EXPECT_EQ(fd_pread(guest->process, guest->memory(), r, 0, 0, 0, n), Errno::notcapable);
    auto [e2, w] = guest->open("f", {.base = rights::fd_write});
    EXPECT_EQ(guest->read(w, 1).error, Errno::notcapable);
    EXPECT_EQ(guest->write(w, "J").first, Errno::success);
    EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), w, 0, 0, 0, n), Errno::notcapable);
    auto [e3, none] = guest->open("f", {.base = 0});
    EXPECT_EQ(guest->read(none, 1).error, Errno::notcapable);
    EXPECT_EQ(read_text(dir / "f"), "Jello world");
    auto [e4, tell] = guest->open("f", {.base = rights::fd_seek});
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), tell, n), Errno::success) << "seek implies tell";
}

TEST_F(FileIo, of_directories_and_unknown_descriptors_fails) {
    EXPECT_EQ(guest->read(3, 1).error, Errno::isdir);
    EXPECT_EQ(guest->write(3, "x").first, Errno::isdir);
    EXPECT_EQ(seek(3, 0, 0).first, Errno::isdir);
    u32 n = guest->room(8);
    EXPECT_EQ(fd_tell(guest->process, guest->memory(), 3, n), Errno::isdir);
    EXPECT_EQ(fd_pread(guest->process, guest->memory(), 3, 0, 0, 0, n), Errno::isdir);
    EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), 3, 0, 0, 0, n), Errno::isdir);
    for (u32 fd : {u32(5), u32(255), u32(256), ~u32(0)}) {
        EXPECT_EQ(guest->read(fd, 1).error, Errno::badf);
        EXPECT_EQ(guest->write(fd, "x").first, Errno::badf);
        EXPECT_EQ(fd_pread(guest->process, guest->memory(), fd, 0, 0, 0, n), Errno::badf);
        EXPECT_EQ(fd_pwrite(guest->process, guest->memory(), fd, 0, 0, 0, n), Errno::badf);
    }
}

TEST_F(FileIo, a_bad_place_for_the_count_moves_nothing) {
    EXPECT_EQ(fd_read(guest->process, guest->memory(), 4, guest->vectors({{guest->room(5), 5}}), 1, Guest::outside), Errno::fault);
    EXPECT_EQ(fd_write(guest->process, guest->memory(), 4, guest->vectors({guest->text("x")}), 1, Guest::outside), Errno::fault);
    EXPECT_EQ(guest->read(4, 5).text, "hello");
    EXPECT_EQ(read_text(dir / "f"), "hello world");
}

TEST_F(FileIo, appends_whatever_the_position) {
    auto [e, a] = guest->open("f", {.base = read_write, .flags = fdflags::append});
    ASSERT_EQ(e, Errno::success);
    EXPECT_EQ(seek(a, 0, 0).first, Errno::success);
    EXPECT_EQ(guest->write(a, "!").first, Errno::success);
    EXPECT_EQ(read_text(dir / "f"), "hello world!");
}

TEST(Streams, are_empty_and_silent_by_default) {
    Guest g;
    EXPECT_EQ(g.read(0, 10), (Guest::Read{Errno::success, ""}));
    EXPECT_EQ(g.write(1, "out"), (std::pair{Errno::success, u32(3)}));
    EXPECT_EQ(g.write(2, "err"), (std::pair{Errno::success, u32(3)}));
    EXPECT_EQ(g.read(1, 1).error, Errno::notcapable);
    EXPECT_EQ(g.write(0, "x").first, Errno::notcapable);
    EXPECT_EQ(g.read(3, 1).error, Errno::badf);
}

TEST(Streams, in_memory_give_and_take_bytes) {
    Context c;
    c.stdin_bytes("one two").capture_stdout().capture_stderr();
    Guest g(c);
    EXPECT_EQ(g.read(0, 3).text, "one");
    EXPECT_EQ(g.read(0, 30).text, " two");
    EXPECT_EQ(g.read(0, 30).text, "");
    g.write(1, "a");
    g.write(2, "x");
    g.write(1, "b");
    EXPECT_EQ(c.captured_stdout(), "ab");
    EXPECT_EQ(c.captured_stderr(), "x");
}

TEST(Streams, captured_end_at_their_limit) {
    Limits limits;
    limits.captured_bytes = 4;
    Context c;
    c.limits(limits).capture_stdout();
    Guest g(c);
    EXPECT_EQ(g.write(1, "abc"), (std::pair{Errno::success, u32(3)}));
    EXPECT_EQ(g.write(1, "de"), (std::pair{Errno::success, u32(1)}));
    EXPECT_EQ(g.write(1, "e").first, Errno::nospc);
    EXPECT_EQ(c.captured_stdout(), "abcd");
}

TEST(Streams, have_no_position) {
    Pipe pipe;
    Guest g(Context().stdin_fd(pipe.read).capture_stdout());
    u32 n = g.room(8);
    for (u32 fd : {0u, 1u}) {
        EXPECT_EQ(fd_seek(g.process, g.memory(), fd, 0, 0, n), Errno::spipe);
        EXPECT_EQ(fd_tell(g.process, g.memory(), fd, n), Errno::spipe);
        EXPECT_EQ(fd_pread(g.process, g.memory(), fd, 0, 0, 0, n), Errno::spipe);
        EXPECT_EQ(fd_pwrite(g.process, g.memory(), fd, 0, 0, 0, n), Errno::spipe);
    }
}

TEST(Streams, of_a_pipe_wait_for_bytes_and_see_the_end) {
    Pipe pipe;
    Guest g(Context().stdin_fd(pipe.read));
    std::thread later([&] {
        usleep(20'000);
        (void)!write(pipe.write, "late", 4);
        pipe.close_write();
    });
    EXPECT_EQ(g.read(0, 10), (Guest::Read{Errno::success, "late"}));
    EXPECT_EQ(g.read(0, 10), (Guest::Read{Errno::success, ""}));
    later.join();
}

TEST(Streams, that_are_nonblocking_say_again) {
    Pipe pipe;
    Guest g(Context().stdin_fd(pipe.read).stdout_fd(pipe.write));
    EXPECT_EQ(fd_fdstat_set_flags(g.process, g.memory(), 0, fdflags::nonblock), Errno::success);
    EXPECT_EQ(g.read(0, 1).error, Errno::again);
    EXPECT_EQ(fcntl(pipe.read, F_GETFL) & O_NONBLOCK, 0) << "the host's description is shared and stays as it is";
    EXPECT_EQ(fd_fdstat_set_flags(g.process, g.memory(), 1, fdflags::nonblock), Errno::success);
    u32 written = 0;
    for (;;) {
        g.rewind();
        auto [e, n] = g.write(1, std::string(10'000, 'x'));
        if (e == Errno::again) break;
        ASSERT_EQ(e, Errno::success);
        written += n;
        ASSERT_LT(written, 10'000'000u);
    }
    EXPECT_GE(written, 4096u);
    EXPECT_EQ(g.read(0, 3).text, "xxx");
}

TEST(Streams, write_everything_to_a_slow_reader) {
    Pipe pipe;
    Guest g(Context().stdout_fd(pipe.write));
    std::size_t got = 0;
    std::thread reader([&] {
        char buffer[5000];
        for (ssize_t n; (n = read(pipe.read, buffer, sizeof buffer)) > 0;) got += std::size_t(n);
    });
    EXPECT_EQ(g.write(1, std::string(500'000, 'x')), (std::pair{Errno::success, u32(500'000)}));
    pipe.close_write();
    reader.join();
    EXPECT_EQ(got, 500'000u);
}

TEST(Streams, without_a_reader_give_pipe_and_no_signal) {
    Pipe pipe;
    pipe.close_read();
    Guest g(Context().stdout_fd(pipe.write));
    EXPECT_EQ(g.write(1, "x").first, Errno::pipe);
    EXPECT_EQ(g.write(1, "x").first, Errno::pipe);
}

TEST(Streams, end_their_waiting_within_10_ms_when_cancelled) {
    Pipe in, out;
    Context c;
    c.stdin_fd(in.read).stdout_fd(out.write);
    Guest g(c);
    for (bool reading : {true, false}) {
        c.resume();
        std::chrono::steady_clock::time_point cancelled;
        std::thread other([&] {
            pollfd something_written{out.read, POLLIN, 0};
            if (!reading) poll(&something_written, 1, 10'000);
            usleep(30'000);
            cancelled = std::chrono::steady_clock::now();
            c.cancel();
        });
        if (reading) {
            EXPECT_EQ(g.read(0, 1).error, Errno::intr);
        } else {
            // What fits into the pipe was written; the rest had to wait.
            auto [e, n] = g.write(1, std::string(900'000, 'x'));
            EXPECT_EQ(e, Errno::success);
            EXPECT_LT(n, 900'000u);
        }
        auto took = std::chrono::steady_clock::now();
        other.join();
        EXPECT_LT(took - cancelled, std::chrono::milliseconds(100)) << "10 ms, with room for a busy machine";
    }
    EXPECT_EQ(g.write(1, "x").first, Errno::intr);
    EXPECT_EQ(g.read(0, 1).error, Errno::intr);
}

TEST(Streams, that_are_files_have_a_position) {
    TempDir dir;
    write_text(dir / "in", "abcdef");
    int in = ::open((dir / "in").c_str(), O_RDWR);
    Guest g(Context().stdin_fd(in));
    EXPECT_EQ(g.fdstat(0).filetype, u8(os::FileType::regular_file));
    EXPECT_EQ(g.read(0, 2).text, "ab");
    u32 n = g.room(8);
    EXPECT_EQ(fd_seek(g.process, g.memory(), 0, 4, 0, n), Errno::success);
    EXPECT_EQ(g.read(0, 9).text, "ef");
    EXPECT_EQ(g.write(0, "x").first, Errno::notcapable);
    EXPECT_EQ(fd_filestat_set_size(g.process, g.memory(), 0, 0), Errno::notcapable);
    EXPECT_EQ(fd_filestat_set_times(g.process, g.memory(), 0, 0, 0, fstflags::mtim), Errno::notcapable);
    EXPECT_EQ(read_text(dir / "in"), "abcdef");
    ::close(in);
}

TEST(Streams, stay_open_on_the_host_when_the_guest_closes_them) {
    Pipe pipe;
    {
        Guest g(Context().stdout_fd(pipe.write));
        EXPECT_EQ(fd_close(g.process, g.memory(), 1), Errno::success);
        EXPECT_EQ(g.write(1, "x").first, Errno::badf);
    }
    EXPECT_EQ(write(pipe.write, "x", 1), 1);
}

}  // namespace heddle::wasi::test
