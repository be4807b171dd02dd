#include "context.hpp"

#include <fcntl.h>

#include "guest.hpp"

namespace heddle::wasi::test {

TEST(Context, grants_nothing_by_default) {
    Guest g;
    u32 at = g.room(8);
    for (u32 fd = 3; fd < 300; ++fd) EXPECT_EQ(fd_prestat_get(g.process, g.memory(), fd, at), Errno::badf);
    EXPECT_EQ(g.open("x").first, Errno::badf);
    EXPECT_EQ(args_sizes_get(g.process, g.memory(), at, at + 4), Errno::success);
    EXPECT_EQ(g.get<u64>(at), 0u);
    EXPECT_EQ(environ_sizes_get(g.process, g.memory(), at, at + 4), Errno::success);
    EXPECT_EQ(g.get<u64>(at), 0u);
}

TEST(Context, is_a_handle) {
    Context a;
    Context b = a;
    b.arg("x");
    EXPECT_EQ(a.data().args, std::vector<std::string>{"x"});
}

TEST(Context, keeps_the_first_error) {
    Context c;
    c.dir("/nonexistent-heddle", "/").env("=", "x");
    ASSERT_TRUE(c.data().error);
    EXPECT_EQ(c.data().error->kind, Error::Kind::io);
    EXPECT_EQ(c.data().error->message, "/nonexistent-heddle: no such file or directory");
}

TEST(Context, refuses_what_a_guest_could_not_read_back) {
    EXPECT_TRUE(Context().arg(std::string("a\0b", 3)).data().error);
    EXPECT_TRUE(Context().env("", "x").data().error);
    EXPECT_TRUE(Context().env("A=B", "x").data().error);
    EXPECT_TRUE(Context().env("A", std::string("\0", 1)).data().error);
    EXPECT_TRUE(Context().dir("/tmp", "").data().error);
    EXPECT_TRUE(Context().listen("localhost:80").data().error);
    EXPECT_FALSE(Context().env("A", "x=y").dir("/tmp", "/").data().error);
}

TEST(Context, a_directory_that_is_a_file_is_an_error) {
    TempDir dir;
    write_text(dir / "f", "");
    Context c;
    c.dir((dir / "f").string(), "/");
    ASSERT_TRUE(c.data().error);
    EXPECT_NE(c.data().error->message.find("not a directory"), std::string::npos);
}

TEST(Context, tells_a_terminal_from_a_file_by_type_and_rights) {
    int null = ::open("/dev/null", O_RDWR);
    Pipe pipe;
    Guest g(Context().stdin_fd(null).stdout_fd(null).stderr_fd(pipe.write));
    Fdstat out = g.fdstat(1);
    EXPECT_EQ(out.filetype, u8(os::FileType::character_device));
    EXPECT_EQ(out.rights_base & (rights::fd_seek | rights::fd_tell), 0u);
    EXPECT_NE(out.rights_base & rights::fd_write, 0u);
    EXPECT_EQ(g.fdstat(2).filetype, u8(os::FileType::unknown));
    EXPECT_EQ(g.read(0, 10), (Guest::Read{Errno::success, ""}));
    EXPECT_EQ(g.write(1, "gone").second, 4u);
    ::close(null);
}

TEST(Cancellation, is_seen_until_cleared) {
    os::Cancellation c;
    EXPECT_FALSE(c.is_set());
    for (int i = 0; i < 3; ++i) c.set();
    EXPECT_TRUE(c.is_set());
    EXPECT_EQ(os::wait({}, std::nullopt, c), os::Woken::cancelled);
    c.clear();
    EXPECT_FALSE(c.is_set());
    EXPECT_EQ(os::wait({}, 1000, c), os::Woken::timed_out);
}

}  // namespace heddle::wasi::test
