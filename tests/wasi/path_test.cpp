// The path functions one by one; what must not be reached at all is in sandbox_test.cpp.
#include "guest.hpp"

namespace heddle::wasi::test {

namespace {

constexpr Rights read_write = rights::fd_read | rights::fd_write;

// Each test runs twice: confined by the kernel and by our own walk.
struct Path : testing::TestWithParam<os::Confinement> {
    TempDir dir;
    std::optional<Guest> guest;

    void SetUp() override {
        write_text(dir / "f", "file");
        files::create_directories(dir / "d" / "e");
        write_text(dir / "d" / "g", "inner");
        files::create_symlink("f", dir / "to-f");
        files::create_symlink("d", dir / "to-d");
        files::create_symlink("missing", dir / "dangling");
        Context c;
        c.dir(dir.string(), "/");
        c.data().confinement = GetParam();
        guest.emplace(c);
    }
    Process& p() { return guest->process; }
    GuestMemory m() { return guest->memory(); }
    Guest& g() { return *guest; }
    bool exists(const std::string& name) { return files::symlink_status(dir / name).type() != files::file_type::not_found; }
    std::string opened_text(const std::string& path, bool follow = false) {
        auto [e, fd] = g().open(path, {.follow = follow});
        if (e != Errno::success) return name(e);
        std::string s = g().read(fd, 100).text;
        fd_close(p(), m(), fd);
        return s;
    }
};

INSTANTIATE_TEST_SUITE_P(Confined, Path, testing::Values(os::Confinement::kernel, os::Confinement::walk),
                         [](const auto& i) { return i.param == os::Confinement::kernel ? "by_the_kernel" : "by_walking"; });

}  // namespace

TEST_P(Path, open_finds_files_by_any_spelling) {
    for (const char* path : {"f", "./f", "d/../f", "d/e/../.././f", ".//d//..//f", "to-d/../f"}) EXPECT_EQ(opened_text(path), "file") << path;
    for (const char* path : {"d/g", "to-d/g", "to-d/e/../g", "d/e/../g"}) EXPECT_EQ(opened_text(path), "inner") << path;
}

TEST_P(Path, open_follows_the_last_link_only_when_asked) {
    EXPECT_EQ(opened_text("to-f"), "loop");
    EXPECT_EQ(opened_text("to-f", true), "file");
    EXPECT_EQ(opened_text("dangling"), "loop");
    EXPECT_EQ(opened_text("dangling", true), "noent");
    EXPECT_EQ(g().open("to-d", {.oflags = oflags::directory}).first, Errno::notdir);
    EXPECT_EQ(g().open("to-d", {.follow = 1, .oflags = oflags::directory}).first, Errno::success);
    EXPECT_EQ(g().open("to-f", {.follow = 1, .oflags = oflags::directory}).first, Errno::notdir);
}

TEST_P(Path, open_gives_the_errors_of_posix) {
    EXPECT_EQ(opened_text("missing"), "noent");
    EXPECT_EQ(opened_text("f/x"), "notdir");
    EXPECT_EQ(opened_text("f/"), "notdir");
    EXPECT_EQ(opened_text("f///"), "notdir");
    EXPECT_EQ(opened_text("to-f/", true), "notdir");
    EXPECT_EQ(opened_text("f/."), "notdir");
    EXPECT_EQ(opened_text("f/.."), "notdir");
    EXPECT_EQ(opened_text("missing/.."), "noent");
    EXPECT_EQ(opened_text(""), "noent");
    EXPECT_EQ(opened_text("/f"), "perm");
    EXPECT_EQ(opened_text(".."), "perm");
    EXPECT_EQ(opened_text("d/../../f"), "perm");
    EXPECT_EQ(opened_text("\xff"), "ilseq");
    EXPECT_EQ(opened_text(std::string("f\0", 2)), "inval");
    EXPECT_EQ(opened_text(std::string(256, 'x')), "nametoolong");
    EXPECT_EQ(opened_text(std::string(4096, 'x')), "nametoolong");
    EXPECT_EQ(opened_text(std::string(4097, 'x')), "nametoolong");
    EXPECT_EQ(g().open("f", {.dir = 1}).first, Errno::notdir);
    EXPECT_EQ(g().open("f", {.dir = 9}).first, Errno::badf);
    EXPECT_EQ(g().open("f", {.dir = g().open("f").second}).first, Errno::notdir);
    EXPECT_EQ(g().open("d", {.base = read_write}).first, Errno::isdir);
}

TEST_P(Path, open_refuses_what_the_interface_does_not_define) {
    EXPECT_EQ(g().open("f", {.follow = 2}).first, Errno::inval);
    EXPECT_EQ(g().open("f", {.oflags = 16}).first, Errno::inval);
    EXPECT_EQ(g().open("f", {.flags = 32}).first, Errno::inval);
    EXPECT_EQ(g().open("x", {.oflags = oflags::creat | oflags::directory}).first, Errno::inval);
    GuestString s = g().text("new");
    EXPECT_EQ(path_open(p(), m(), 3, 0, s.at, s.size, oflags::creat, 0, 0, 0, Guest::outside), Errno::fault);
    EXPECT_EQ(path_open(p(), m(), 3, 0, Guest::outside, 10, 0, 0, 0, 0, s.at), Errno::fault);
    EXPECT_FALSE(exists("new"));
    EXPECT_EQ(g().open("f", {.base = ~u64(0), .inheriting = ~u64(0)}).first, Errno::success) << "rights without a meaning ask for nothing";
}

TEST_P(Path, open_creates_truncates_and_excludes) {
    auto [e, fd] = g().open("new", {.oflags = oflags::creat, .base = read_write});
    ASSERT_EQ(e, Errno::success);
    EXPECT_EQ(g().write(fd, "abc").first, Errno::success);
    EXPECT_EQ(read_text(dir / "new"), "abc");
    EXPECT_EQ(g().open("new", {.oflags = oflags::creat}).first, Errno::success);
    EXPECT_EQ(g().open("new", {.oflags = oflags::creat | oflags::excl}).first, Errno::exist);
    EXPECT_EQ(g().open("dangling", {.follow = 1, .oflags = oflags::creat | oflags::excl}).first, Errno::exist);
    EXPECT_EQ(read_text(dir / "new"), "abc");
    EXPECT_EQ(g().open("new", {.oflags = oflags::trunc}).first, Errno::success);
    EXPECT_EQ(read_text(dir / "new"), "");
    EXPECT_EQ(g().open("newer/", {.oflags = oflags::creat}).first, Errno::isdir);
    EXPECT_EQ(g().open("d", {.oflags = oflags::creat, .base = read_write}).first, Errno::isdir);
    EXPECT_EQ(g().open("nowhere/x", {.oflags = oflags::creat}).first, Errno::noent);
    EXPECT_EQ(g().open("dangling", {.oflags = oflags::creat}).first, Errno::loop);
    EXPECT_EQ(g().open("dangling", {.follow = 1, .oflags = oflags::creat}).first, Errno::success);
    EXPECT_TRUE(exists("missing"));
    EXPECT_EQ(g().open("d/.", {.oflags = oflags::creat}).first, Errno::isdir);
}

TEST_P(Path, open_needs_rights_of_the_directory) {
    Fdstat s = g().fdstat(3);
    fd_fdstat_set_rights(p(), m(), 3, s.rights_base & ~Rights(rights::path_filestat_set_size), s.rights_inheriting);
    EXPECT_EQ(g().open("f", {.oflags = oflags::trunc}).first, Errno::notcapable);
    fd_fdstat_set_rights(p(), m(), 3, rights::path_open, rights::fd_read);
    EXPECT_EQ(g().open("new", {.oflags = oflags::creat}).first, Errno::notcapable);
    EXPECT_EQ(g().open("f", {.base = read_write}).first, Errno::notcapable);
    EXPECT_EQ(g().open("f", {.inheriting = rights::fd_write}).first, Errno::notcapable);
    EXPECT_EQ(opened_text("f"), "file");
    fd_fdstat_set_rights(p(), m(), 3, 0, 0);
    EXPECT_EQ(opened_text("f"), "notcapable");
    EXPECT_EQ(read_text(dir / "f"), "file");
}

TEST_P(Path, open_gives_only_rights_that_make_sense) {
    auto [e2, file] = g().open("f", {.base = rights::all, .inheriting = rights::all});
    ASSERT_EQ(e2, Errno::success);
    EXPECT_EQ(g().fdstat(file).rights_base, rights::of_file);
    EXPECT_EQ(g().fdstat(file).rights_inheriting, 0u);
    auto [e3, sub] = g().open("d", {.oflags = oflags::directory, .base = rights::of_directory_inheriting, .inheriting = rights::fd_read});
    ASSERT_EQ(e3, Errno::success);
    EXPECT_EQ(g().fdstat(sub).rights_base, rights::of_directory);
    EXPECT_EQ(g().fdstat(sub).rights_inheriting, rights::fd_read);
    EXPECT_EQ(g().open("g", {.dir = sub, .base = rights::fd_write}).first, Errno::notcapable);
    EXPECT_EQ(g().open("g", {.dir = sub}).first, Errno::success);
}

TEST_P(Path, beneath_an_opened_directory_nothing_above_it_is_reached) {
    u32 sub = g().open("d", {.oflags = oflags::directory, .base = rights::of_directory, .inheriting = rights::of_directory_inheriting}).second;
    EXPECT_EQ(g().open("g", {.dir = sub}).first, Errno::success);
    EXPECT_EQ(g().open("../f", {.dir = sub}).first, Errno::perm);
    EXPECT_EQ(g().open("e/../g", {.dir = sub}).first, Errno::success);
    EXPECT_EQ(g().open("e/../../f", {.dir = sub}).first, Errno::perm);
}

TEST_P(Path, a_fifo_does_not_hold_the_opener_up) {
    ASSERT_EQ(mkfifo((dir / "fifo").c_str(), 0600), 0);
    auto [e, fd] = g().open("fifo");
    EXPECT_EQ(e, Errno::success);
    EXPECT_EQ(g().fdstat(fd).filetype, 0);
}

TEST_P(Path, create_directory_makes_one) {
    auto mkdir = [&](const std::string& path) { return g().on_path(path_create_directory, 3, path); };
    EXPECT_EQ(mkdir("new"), Errno::success);
    EXPECT_TRUE(files::is_directory(dir / "new"));
    EXPECT_EQ(mkdir("new/in/"), Errno::success);
    EXPECT_TRUE(files::is_directory(dir / "new/in"));
    for (const char* path : {"new", "new/", "f", "f/", "dangling", "dangling/", "to-d", ".", "d/.", "d/..", "d/e/.."})
        EXPECT_EQ(mkdir(path), Errno::exist) << path;
    EXPECT_EQ(mkdir("no/where"), Errno::noent);
    EXPECT_EQ(mkdir(""), Errno::noent);
    EXPECT_EQ(mkdir("f/x"), Errno::notdir);
    EXPECT_EQ(mkdir(".."), Errno::perm);
    EXPECT_EQ(mkdir("../x"), Errno::perm);
    EXPECT_EQ(mkdir("/x"), Errno::perm);
    EXPECT_EQ(mkdir(std::string(300, 'x')), Errno::nametoolong);
    EXPECT_EQ(g().on_path(path_create_directory, 9, "x"), Errno::badf);
    EXPECT_EQ(g().on_path(path_create_directory, 1, "x"), Errno::notdir);
    EXPECT_FALSE(exists("missing"));
}

TEST_P(Path, remove_directory_removes_empty_ones) {
    auto rmdir = [&](const std::string& path) { return g().on_path(path_remove_directory, 3, path); };
    EXPECT_EQ(rmdir("d"), Errno::notempty);
    EXPECT_EQ(rmdir("d/e/"), Errno::success);
    EXPECT_FALSE(exists("d/e"));
    EXPECT_EQ(rmdir("d/e"), Errno::noent);
    for (const char* path : {"f", "f/", "to-d", "to-d/", "to-f", "dangling", "dangling/"}) EXPECT_EQ(rmdir(path), Errno::notdir) << path;
    EXPECT_EQ(rmdir("."), Errno::inval);
    EXPECT_EQ(rmdir("d/.."), Errno::inval);
    EXPECT_EQ(rmdir(".."), Errno::perm);
    EXPECT_EQ(rmdir(""), Errno::noent);
    EXPECT_EQ(rmdir("/d"), Errno::perm);
    EXPECT_TRUE(exists("d"));
}

TEST_P(Path, unlink_removes_files_and_links_themselves) {
    auto unlink = [&](const std::string& path) { return g().on_path(path_unlink_file, 3, path); };
    EXPECT_EQ(unlink("d"), Errno::isdir);
    EXPECT_EQ(unlink("d/"), Errno::isdir);
    EXPECT_EQ(unlink("f/"), Errno::notdir);
    EXPECT_EQ(unlink("to-d/"), Errno::notdir);
    EXPECT_EQ(unlink("missing/"), Errno::noent);
    EXPECT_EQ(unlink("."), Errno::isdir);
    EXPECT_EQ(unlink("d/.."), Errno::isdir);
    EXPECT_EQ(unlink(".."), Errno::perm);
    EXPECT_EQ(unlink("/f"), Errno::perm);
    EXPECT_EQ(unlink(""), Errno::noent);
    EXPECT_EQ(unlink("to-f"), Errno::success);
    EXPECT_EQ(unlink("to-d"), Errno::success);
    EXPECT_EQ(unlink("dangling"), Errno::success);
    EXPECT_TRUE(exists("f") && exists("d"));
    EXPECT_EQ(unlink("f"), Errno::success);
    EXPECT_FALSE(exists("f"));
    EXPECT_EQ(unlink("f"), Errno::noent);
}

TEST_P(Path, filestat_follows_only_when_asked) {
    Filestat s;
    EXPECT_EQ(g().stat("f", false, 3, &s), Errno::success);
    EXPECT_EQ(s.size, 4u);
    EXPECT_EQ(s.filetype, 4);
    EXPECT_EQ(g().stat("to-f", false, 3, &s), Errno::success);
    EXPECT_EQ(s.filetype, 7);
    EXPECT_EQ(g().stat("to-f", true, 3, &s), Errno::success);
    EXPECT_EQ(s.filetype, 4);
    EXPECT_EQ(g().stat("to-d/", false, 3, &s), Errno::success);
    EXPECT_EQ(s.filetype, 3) << "a slash means the directory";
    EXPECT_EQ(g().stat(".", false, 3, &s), Errno::success);
    EXPECT_EQ(s.ino, g().filestat(3).ino);
    EXPECT_EQ(g().stat("dangling"), Errno::success);
    EXPECT_EQ(g().stat("dangling", true), Errno::noent);
    EXPECT_EQ(g().stat("f/"), Errno::notdir);
    EXPECT_EQ(g().stat("missing"), Errno::noent);
    EXPECT_EQ(g().stat(""), Errno::noent);
    EXPECT_EQ(g().stat(".."), Errno::perm);
    EXPECT_EQ(g().stat("f", false, 9), Errno::badf);
    GuestString t = g().text("f");
    EXPECT_EQ(path_filestat_get(p(), m(), 3, 2, t.at, t.size, t.at), Errno::inval);
    EXPECT_EQ(path_filestat_get(p(), m(), 3, 0, t.at, t.size, Guest::outside), Errno::fault);
}

TEST_P(Path, times_are_set_of_the_link_or_its_target) {
    using namespace fstflags;
    Filestat s;
    EXPECT_EQ(g().set_times("to-f", 0, 77, mtim, true), Errno::success);
    EXPECT_EQ(g().set_times("to-f", 0, 55, mtim, false), Errno::success);
    g().stat("f", false, 3, &s);
    EXPECT_EQ(s.mtim, 77u);
    g().stat("to-f", false, 3, &s);
    EXPECT_EQ(s.mtim, 55u);
    EXPECT_EQ(g().set_times("f", 33, 0, atim | mtim_now), Errno::success);
    g().stat("f", false, 3, &s);
    EXPECT_EQ(s.atim, 33u);
    EXPECT_GT(s.mtim, 1'000'000u);
    EXPECT_EQ(g().set_times("f", 0, 0, atim | atim_now), Errno::inval);
    EXPECT_EQ(g().set_times("f", 0, 0, mtim | mtim_now), Errno::inval);
    EXPECT_EQ(g().set_times("f", 0, 0, 16), Errno::inval);
    EXPECT_EQ(g().set_times("missing", 0, 0, mtim), Errno::noent);
    EXPECT_EQ(g().set_times("../x", 0, 0, mtim), Errno::perm);
}

TEST_P(Path, link_gives_a_file_a_second_name) {
    EXPECT_EQ(g().link("f", "d/second"), Errno::success);
    EXPECT_EQ(files::hard_link_count(dir / "f"), 2u);
    EXPECT_EQ(g().link("dangling", "other"), Errno::success);
    EXPECT_TRUE(files::is_symlink(dir / "other")) << "the link itself is linked";
    EXPECT_EQ(g().link("f", "d/second"), Errno::exist);
    EXPECT_EQ(g().link("f", "f"), Errno::exist);
    EXPECT_EQ(g().link("f", "d"), Errno::exist);
    EXPECT_EQ(g().link("f", "dangling"), Errno::exist);
    EXPECT_EQ(g().link("d", "x"), Errno::perm);
    EXPECT_EQ(g().link("d/", "x"), Errno::perm);
    EXPECT_EQ(g().link("to-d/", "x"), Errno::perm);
    EXPECT_EQ(g().link("f/", "x"), Errno::notdir);
    EXPECT_EQ(g().link("f", "x/"), Errno::noent);
    EXPECT_EQ(g().link("f", "d/"), Errno::exist);
    EXPECT_EQ(g().link("missing", "x"), Errno::noent);
    EXPECT_EQ(g().link("f", "../x"), Errno::perm);
    EXPECT_EQ(g().link("../x", "x"), Errno::perm);
    EXPECT_EQ(g().link("to-f", "x", 3, 3, 1), Errno::inval);
    EXPECT_EQ(g().link("f", "x", 3, 9), Errno::badf);
    EXPECT_EQ(g().link("f", "x", 9, 3), Errno::badf);
    EXPECT_FALSE(exists("x"));
}

TEST_P(Path, rename_moves_and_replaces) {
    EXPECT_EQ(g().rename("f", "d/h"), Errno::success);
    EXPECT_EQ(read_text(dir / "d/h"), "file");
    EXPECT_EQ(g().rename("d/h", "d/g"), Errno::success);
    EXPECT_EQ(read_text(dir / "d/g"), "file");
    EXPECT_EQ(g().rename("d/", "moved/"), Errno::success);
    EXPECT_TRUE(exists("moved/e"));
    EXPECT_EQ(g().rename("moved/g", "moved/e"), Errno::isdir);
    EXPECT_EQ(g().rename("moved/e", "moved/g"), Errno::notdir);
    files::create_directory(dir / "empty");
    EXPECT_EQ(g().rename("empty", "moved"), Errno::notempty);
    EXPECT_EQ(g().rename("empty", "moved/e"), Errno::success);
    EXPECT_EQ(g().rename("moved", "moved/e/inside"), Errno::inval);
    EXPECT_EQ(g().rename("moved/g/", "x"), Errno::notdir);
    EXPECT_EQ(g().rename("moved/g", "x/"), Errno::notdir);
    EXPECT_EQ(g().rename("to-d/", "x"), Errno::notdir);
    EXPECT_EQ(g().rename("missing", "x"), Errno::noent);
    EXPECT_EQ(g().rename("moved/.", "x"), Errno::busy);
    EXPECT_EQ(g().rename("moved/g", "moved/.."), Errno::busy);
    EXPECT_EQ(g().rename("..", "x"), Errno::perm);
    EXPECT_EQ(g().rename("moved/g", "../x"), Errno::perm);
    EXPECT_EQ(g().rename("/f", "x"), Errno::perm);
    EXPECT_EQ(g().rename("moved/g", ""), Errno::noent);
    EXPECT_FALSE(exists("x"));
}

TEST_P(Path, symlink_keeps_relative_contents_only) {
    EXPECT_EQ(g().symlink("f", "new"), Errno::success);
    EXPECT_EQ(opened_text("new", true), "file");
    EXPECT_EQ(g().symlink("../../etc/passwd", "out"), Errno::success) << "contents are only text";
    EXPECT_EQ(opened_text("out", true), "perm");
    EXPECT_EQ(g().symlink("/etc/passwd", "x"), Errno::perm);
    EXPECT_EQ(g().symlink("", "x"), Errno::noent);
    EXPECT_EQ(g().symlink("f", "d"), Errno::exist);
    EXPECT_EQ(g().symlink("f", "d/"), Errno::exist);
    EXPECT_EQ(g().symlink("f", "f/"), Errno::exist);
    EXPECT_EQ(g().symlink("f", "x/"), Errno::noent);
    EXPECT_EQ(g().symlink("f", "../x"), Errno::perm);
    EXPECT_EQ(g().symlink("f", ".."), Errno::perm);
    EXPECT_EQ(g().symlink("\xff", "x"), Errno::ilseq);
    EXPECT_EQ(g().symlink("f", "x", 9), Errno::badf);
    EXPECT_FALSE(exists("x"));
}

TEST_P(Path, readlink_cuts_at_the_buffers_end) {
    EXPECT_EQ(g().readlink("to-f"), (Guest::Read{Errno::success, "f"}));
    EXPECT_EQ(g().readlink("dangling", 4), (Guest::Read{Errno::success, "miss"}));
    EXPECT_EQ(g().readlink("dangling", 0), (Guest::Read{Errno::success, ""}));
    EXPECT_EQ(g().readlink("f").error, Errno::inval);
    EXPECT_EQ(g().readlink("d").error, Errno::inval);
    EXPECT_EQ(g().readlink(".").error, Errno::inval);
    EXPECT_EQ(g().readlink("to-d/").error, Errno::inval);
    EXPECT_EQ(g().readlink("to-f/").error, Errno::notdir);
    EXPECT_EQ(g().readlink("missing").error, Errno::noent);
    EXPECT_EQ(g().readlink("..").error, Errno::perm);
    GuestString s = g().text("to-f");
    EXPECT_EQ(path_readlink(p(), m(), 3, s.at, s.size, Guest::outside, 9, s.at), Errno::fault);
    EXPECT_EQ(path_readlink(p(), m(), 3, s.at, s.size, s.at, 1, Guest::outside), Errno::fault);
}

TEST_P(Path, links_are_followed_forty_times) {
    // c0 -> f, c1 -> c0, …: opening cN follows N + 1 links.
    for (int i = 0; i < 42; ++i) files::create_symlink(i == 0 ? "f" : "c" + std::to_string(i - 1), dir / ("c" + std::to_string(i)));
    EXPECT_EQ(opened_text("c38", true), "file");
    EXPECT_EQ(opened_text("c39", true), "file");
    EXPECT_EQ(opened_text("c40", true), "loop");
    EXPECT_EQ(opened_text("c41", true), "loop");
    files::create_symlink("self", dir / "self");
    EXPECT_EQ(opened_text("self", true), "loop");
    EXPECT_EQ(opened_text("self/x"), "loop");
}

TEST_P(Path, a_link_in_the_middle_counts_from_its_own_place) {
    files::create_symlink("../f", dir / "d" / "up");
    files::create_symlink("../d/e", dir / "d" / "around");
    files::create_symlink("e/", dir / "d" / "slashed");
    EXPECT_EQ(opened_text("d/up", true), "file");
    EXPECT_EQ(opened_text("to-d/up", true), "file");
    EXPECT_EQ(opened_text("d/around/../g", true), "inner");
    EXPECT_EQ(opened_text("d/slashed/../g", true), "inner");
    EXPECT_EQ(g().open("d/slashed", {.follow = 1, .oflags = oflags::directory}).first, Errno::success);
}

TEST_P(Path, functions_need_their_rights) {
    fd_fdstat_set_rights(p(), m(), 3, 0, 0);
    for (auto f : {path_create_directory, path_remove_directory, path_unlink_file}) EXPECT_EQ(g().on_path(f, 3, "f"), Errno::notcapable);
    EXPECT_EQ(g().stat("f"), Errno::notcapable);
    EXPECT_EQ(g().set_times("f", 0, 0, 0), Errno::notcapable);
    EXPECT_EQ(g().link("f", "x"), Errno::notcapable);
    EXPECT_EQ(g().rename("f", "x"), Errno::notcapable);
    EXPECT_EQ(g().symlink("f", "x"), Errno::notcapable);
    EXPECT_EQ(g().readlink("to-f").error, Errno::notcapable);
}

}  // namespace heddle::wasi::test
