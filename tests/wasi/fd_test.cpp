#include "guest.hpp"

#include <map>

namespace heddle::wasi::test {

namespace {

constexpr Rights everything = rights::of_file;

struct Fd : testing::Test {
    TempDir dir;
    std::optional<Guest> guest;
    u32 file = 0;

    void SetUp() override {
        write_text(dir / "f", "0123456789");
        guest.emplace(Context().dir(dir.string(), "/data"));
        file = guest->open("f", {.base = everything}).second;
        ASSERT_EQ(file, 4u);
    }
    Process& p() { return guest->process; }
    GuestMemory m() { return guest->memory(); }
};

struct Listed {
    std::string name;
    u64 next, inode;
    u8 type;
};

// Every whole entry in a buffer, and whether the buffer was filled.
std::pair<std::vector<Listed>, bool> list(Guest& g, u32 fd, u32 size, u64 cookie) {
    u32 buf = g.room(size), used = g.room(4);
    EXPECT_EQ(fd_readdir(g.process, g.memory(), fd, buf, size, cookie, used), Errno::success);
    u32 end = buf + g.get<u32>(used);
    std::vector<Listed> all;
    for (u32 at = buf; at + sizeof(Dirent) <= end;) {
        auto d = g.get<Dirent>(at);
        at += u32(sizeof(Dirent));
        if (at + d.namlen > end) break;
        all.push_back({g.bytes(at, d.namlen), d.next, d.ino, d.type});
        at += d.namlen;
    }
    return {all, g.get<u32>(used) == size};
}

}  // namespace

TEST_F(Fd, advice_is_taken) {
    for (u32 advice = 0; advice < 6; ++advice) EXPECT_EQ(fd_advise(p(), m(), file, 0, 10, advice), Errno::success);
    EXPECT_EQ(fd_advise(p(), m(), file, 0, 10, 6), Errno::inval);
    EXPECT_EQ(fd_advise(p(), m(), file, ~u64(0), 10, 0), Errno::inval);
    EXPECT_EQ(fd_advise(p(), m(), 9, 0, 0, 0), Errno::badf);
    EXPECT_EQ(fd_advise(p(), m(), 3, 0, 0, 0), Errno::badf);
    EXPECT_EQ(fd_advise(p(), m(), 1, 0, 0, 0), Errno::notcapable);
}

TEST_F(Fd, allocate_makes_room) {
    EXPECT_EQ(fd_allocate(p(), m(), file, 5, 95), Errno::success);
    EXPECT_EQ(files::file_size(dir / "f"), 100u);
    EXPECT_EQ(fd_allocate(p(), m(), file, 0, 50), Errno::success);
    EXPECT_EQ(files::file_size(dir / "f"), 100u);
    EXPECT_EQ(fd_allocate(p(), m(), file, 0, 0), Errno::inval);
    EXPECT_EQ(fd_allocate(p(), m(), file, ~u64(0), 1), Errno::fbig);
    EXPECT_EQ(fd_allocate(p(), m(), file, 1, u64(1) << 63), Errno::fbig);
    EXPECT_EQ(fd_allocate(p(), m(), 3, 0, 1), Errno::isdir);
    EXPECT_EQ(fd_allocate(p(), m(), 1, 0, 1), Errno::notcapable);
    EXPECT_EQ(fd_allocate(p(), m(), 9, 0, 1), Errno::badf);
}

TEST_F(Fd, close_frees_the_number_for_the_next) {
    EXPECT_EQ(fd_close(p(), m(), file), Errno::success);
    EXPECT_EQ(fd_close(p(), m(), file), Errno::badf);
    EXPECT_EQ(guest->open("f").second, file);
    EXPECT_EQ(fd_close(p(), m(), 3), Errno::success) << "a granted directory can be given up";
    EXPECT_EQ(guest->open("f").first, Errno::badf);
}

TEST_F(Fd, sync_works_where_there_is_something_to_sync) {
    EXPECT_EQ(fd_sync(p(), m(), file), Errno::success);
    EXPECT_EQ(fd_datasync(p(), m(), file), Errno::success);
    EXPECT_EQ(fd_sync(p(), m(), 3), Errno::success);
    EXPECT_EQ(fd_sync(p(), m(), 1), Errno::success);
    EXPECT_EQ(fd_datasync(p(), m(), 1), Errno::success);
    EXPECT_EQ(fd_sync(p(), m(), 9), Errno::badf);
    EXPECT_EQ(fd_datasync(p(), m(), 9), Errno::badf);
    u32 r = guest->open("f").second;
    EXPECT_EQ(fd_sync(p(), m(), r), Errno::notcapable);
    EXPECT_EQ(fd_datasync(p(), m(), r), Errno::notcapable);
}

TEST_F(Fd, fdstat_says_type_flags_and_rights) {
    Fdstat s = guest->fdstat(file);
    EXPECT_EQ(s.filetype, 4);
    EXPECT_EQ(s.flags, 0);
    EXPECT_EQ(s.rights_base, everything);
    EXPECT_EQ(s.rights_inheriting, 0u);
    s = guest->fdstat(3);
    EXPECT_EQ(s.filetype, 3);
    EXPECT_EQ(s.rights_base & (rights::fd_seek | rights::fd_read | rights::fd_filestat_set_size), 0u);
    EXPECT_EQ(s.rights_base & ~s.rights_inheriting, 0u) << "a directory can be opened again with all its rights";
    EXPECT_EQ(fd_fdstat_get(p(), m(), 9, 0), Errno::badf);
    EXPECT_EQ(fd_fdstat_get(p(), m(), file, Guest::outside), Errno::fault);
}

TEST_F(Fd, flags_can_be_changed_where_the_system_can) {
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), file, fdflags::append | fdflags::nonblock), Errno::success);
    EXPECT_EQ(guest->fdstat(file).flags, fdflags::append | fdflags::nonblock);
    EXPECT_EQ(guest->write(file, "!").first, Errno::success);
    EXPECT_EQ(read_text(dir / "f"), "0123456789!");
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), file, 0), Errno::success);
    u32 n = guest->room(8);
    fd_seek(p(), m(), file, 0, 0, n);
    EXPECT_EQ(guest->write(file, "A").first, Errno::success);
    EXPECT_EQ(read_text(dir / "f"), "A123456789!");
    for (u32 fixed : {u32(fdflags::dsync), u32(fdflags::rsync), u32(fdflags::sync)})
        EXPECT_EQ(fd_fdstat_set_flags(p(), m(), file, fixed), Errno::notsup);
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), file, 32), Errno::inval);
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), 9, 0), Errno::badf);
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), 1, fdflags::append), Errno::notsup);
    EXPECT_EQ(fd_fdstat_set_flags(p(), m(), guest->open("f").second, 0), Errno::notcapable);
}

TEST_F(Fd, sync_flags_are_kept_from_opening) {
    for (u32 flag : {u32(fdflags::dsync), u32(fdflags::rsync), u32(fdflags::sync)}) {
        auto [e, fd] = guest->open("f", {.base = everything, .flags = flag});
        EXPECT_EQ(e, Errno::success);
        EXPECT_EQ(guest->fdstat(fd).flags, flag);
        EXPECT_EQ(fd_fdstat_set_flags(p(), m(), fd, flag | fdflags::append), Errno::success);
        EXPECT_EQ(guest->fdstat(fd).flags, flag | fdflags::append);
    }
}

TEST_F(Fd, rights_only_shrink) {
    EXPECT_EQ(fd_fdstat_set_rights(p(), m(), file, rights::fd_read | rights::fd_seek, 0), Errno::success);
    EXPECT_EQ(guest->write(file, "x").first, Errno::notcapable);
    EXPECT_EQ(guest->read(file, 1).error, Errno::success);
    EXPECT_EQ(fd_fdstat_set_rights(p(), m(), file, rights::fd_read | rights::fd_write, 0), Errno::notcapable);
    EXPECT_EQ(fd_fdstat_set_rights(p(), m(), file, rights::fd_read, rights::fd_read), Errno::notcapable);
    EXPECT_EQ(guest->fdstat(file).rights_base, rights::fd_read | rights::fd_seek);
    EXPECT_EQ(fd_fdstat_set_rights(p(), m(), 9, 0, 0), Errno::badf);
    // What a directory does not pass on cannot be had beneath it.
    Fdstat d = guest->fdstat(3);
    EXPECT_EQ(fd_fdstat_set_rights(p(), m(), 3, d.rights_base, d.rights_inheriting & ~Rights(rights::fd_write)), Errno::success);
    EXPECT_EQ(guest->open("f", {.base = rights::fd_write}).first, Errno::notcapable);
    EXPECT_EQ(guest->open("f", {.base = rights::fd_read}).first, Errno::success);
}

TEST_F(Fd, filestat_is_the_files) {
    Filestat s = guest->filestat(file);
    struct stat host;
    ::stat((dir / "f").c_str(), &host);
    EXPECT_EQ(s.dev, host.st_dev);
    EXPECT_EQ(s.ino, host.st_ino);
    EXPECT_EQ(s.filetype, 4);
    EXPECT_EQ(s.nlink, 1u);
    EXPECT_EQ(s.size, 10u);
    EXPECT_EQ(s.mtim, u64(host.st_mtim.tv_sec) * 1'000'000'000 + u64(host.st_mtim.tv_nsec));
    EXPECT_EQ(guest->filestat(3).filetype, 3);
    EXPECT_EQ(guest->filestat(0).size, 0u);
    EXPECT_EQ(fd_filestat_get(p(), m(), 9, 0), Errno::badf);
    EXPECT_EQ(fd_filestat_get(p(), m(), file, Guest::outside), Errno::fault);
    EXPECT_EQ(fd_filestat_get(p(), m(), guest->open("f").second, 0), Errno::notcapable);
}

TEST_F(Fd, size_can_be_set) {
    EXPECT_EQ(fd_filestat_set_size(p(), m(), file, 3), Errno::success);
    EXPECT_EQ(read_text(dir / "f"), "012");
    EXPECT_EQ(fd_filestat_set_size(p(), m(), file, 5), Errno::success);
    EXPECT_EQ(read_text(dir / "f"), std::string("012\0\0", 5));
    EXPECT_EQ(fd_filestat_set_size(p(), m(), file, ~u64(0)), Errno::inval);
    EXPECT_EQ(fd_filestat_set_size(p(), m(), 3, 0), Errno::isdir);
    EXPECT_EQ(fd_filestat_set_size(p(), m(), 1, 0), Errno::notcapable);
    EXPECT_EQ(fd_filestat_set_size(p(), m(), 9, 0), Errno::badf);
}

TEST_F(Fd, times_can_be_set_kept_and_made_present) {
    using namespace fstflags;
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 1'000'000'007, 2'000'000'009, atim | mtim), Errno::success);
    Filestat s = guest->filestat(file);
    EXPECT_EQ(s.atim, 1'000'000'007u);
    EXPECT_EQ(s.mtim, 2'000'000'009u);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 5, 7, mtim), Errno::success);
    s = guest->filestat(file);
    EXPECT_EQ(s.atim, 1'000'000'007u);
    EXPECT_EQ(s.mtim, 7u);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 5, 7, atim_now | mtim_now), Errno::success);
    s = guest->filestat(file);
    EXPECT_GT(s.atim, u64(1'500'000'000) * 1'000'000'000);
    EXPECT_GT(s.mtim, u64(1'500'000'000) * 1'000'000'000);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 1, 1, atim | atim_now), Errno::inval);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 1, 1, mtim | mtim_now), Errno::inval);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), file, 1, 1, 16), Errno::inval);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), 3, 1, 1, mtim), Errno::success);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), 1, 1, 1, mtim), Errno::notcapable);
    EXPECT_EQ(fd_filestat_set_times(p(), m(), 9, 1, 1, mtim), Errno::badf);
    EXPECT_EQ(guest->filestat(3).mtim, 1u);
}

TEST_F(Fd, prestat_names_the_granted_directories) {
    u32 at = guest->room(8), name = guest->room(16);
    EXPECT_EQ(fd_prestat_get(p(), m(), 3, at), Errno::success);
    EXPECT_EQ(guest->get<u8>(at), 0);
    EXPECT_EQ(guest->get<u32>(at + 4), 5u);
    EXPECT_EQ(fd_prestat_dir_name(p(), m(), 3, name, 5), Errno::success);
    EXPECT_EQ(guest->bytes(name, 6), std::string("/data\0", 6));
    EXPECT_EQ(fd_prestat_dir_name(p(), m(), 3, name, 16), Errno::success);
    EXPECT_EQ(fd_prestat_dir_name(p(), m(), 3, name, 4), Errno::nametoolong);
    EXPECT_EQ(fd_prestat_dir_name(p(), m(), 3, Guest::outside, 5), Errno::fault);
    EXPECT_EQ(fd_prestat_get(p(), m(), 3, Guest::outside), Errno::fault);
    for (u32 fd : {0u, 1u, file, 5u, ~0u}) {
        EXPECT_EQ(fd_prestat_get(p(), m(), fd, at), Errno::badf);
        EXPECT_EQ(fd_prestat_dir_name(p(), m(), fd, name, 16), Errno::badf);
    }
}

TEST_F(Fd, renumber_moves_and_closes) {
    u32 other = guest->open("f", {.base = everything}).second;
    EXPECT_EQ(guest->read(other, 4).text, "0123");
    EXPECT_EQ(fd_renumber(p(), m(), other, file), Errno::success);
    EXPECT_EQ(guest->read(file, 2).text, "45");
    EXPECT_EQ(guest->read(other, 2).error, Errno::badf);
    EXPECT_EQ(fd_renumber(p(), m(), file, file), Errno::success);
    EXPECT_EQ(guest->read(file, 2).text, "67");
    EXPECT_EQ(fd_renumber(p(), m(), other, file), Errno::badf);
    EXPECT_EQ(fd_renumber(p(), m(), file, other), Errno::badf) << "only open descriptors are replaced";
    EXPECT_EQ(fd_renumber(p(), m(), file, ~u32(0)), Errno::badf);
    // Standard output into the file, as a shell does.
    EXPECT_EQ(fd_renumber(p(), m(), file, 1), Errno::success);
    EXPECT_EQ(guest->write(1, "AB").first, Errno::success);
    EXPECT_EQ(read_text(dir / "f"), "01234567AB");
}

TEST_F(Fd, readdir_lists_everything_with_types_and_inodes) {
    files::create_directory(dir / "d");
    files::create_symlink("nowhere", dir / "l");
    auto [all, full] = list(*guest, 3, 4096, 0);
    EXPECT_FALSE(full);
    std::map<std::string, Listed> by_name;
    for (const Listed& e : all) by_name[e.name] = e;
    ASSERT_EQ(by_name.size(), 5u);
    EXPECT_EQ(by_name["."].type, 3);
    EXPECT_EQ(by_name["."].inode, guest->filestat(3).ino);
    EXPECT_EQ(by_name[".."].inode, guest->filestat(3).ino) << "what lies above stays hidden";
    EXPECT_EQ(by_name["f"].type, 4);
    EXPECT_EQ(by_name["f"].inode, guest->filestat(file).ino);
    EXPECT_EQ(by_name["d"].type, 3);
    EXPECT_EQ(by_name["l"].type, 7);
}

TEST_F(Fd, readdir_goes_on_from_every_cookie) {
    auto [all, full] = list(*guest, 3, 4096, 0);
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto [rest, more] = list(*guest, 3, 4096, all[i].next);
        ASSERT_EQ(rest.size(), all.size() - i - 1);
        for (std::size_t k = 0; k < rest.size(); ++k) EXPECT_EQ(rest[k].name, all[i + 1 + k].name);
    }
}

TEST_F(Fd, readdir_cuts_the_last_entry_at_the_buffers_end) {
    auto [all, f0] = list(*guest, 3, 4096, 0);
    u32 one = u32(sizeof(Dirent) + all[0].name.size());
    for (u32 size : {0u, 1u, 23u, 24u, one - 1, one, one + 1, one + 24}) {
        auto [some, full] = list(*guest, 3, size, 0);
        EXPECT_TRUE(full) << size;
        EXPECT_EQ(some.size(), size >= one ? 1u : 0u) << size;
    }
}

TEST_F(Fd, readdir_of_many_entries_misses_none_with_any_buffer) {
    for (int i = 0; i < 500; ++i) write_text(dir / ("file-" + std::to_string(i)), "");
    for (u32 size : {64u, 300u, 4096u, 100'000u}) {
        std::map<std::string, int> seen;
        u64 cookie = 0;
        for (bool full = true; full;) {
            guest->rewind();
            auto [some, more] = list(*guest, 3, size, cookie);
            full = more;
            for (const Listed& e : some) ++seen[e.name];
            if (!some.empty()) cookie = some.back().next;
        }
        EXPECT_EQ(seen.size(), 503u) << size;
        for (auto& [name, times] : seen) EXPECT_EQ(times, 1) << name;
    }
}

TEST_F(Fd, readdir_refuses_what_is_wrong) {
    u32 buf = guest->room(100), used = guest->room(4);
    EXPECT_EQ(fd_readdir(p(), m(), file, buf, 100, 0, used), Errno::notdir);
    EXPECT_EQ(fd_readdir(p(), m(), 9, buf, 100, 0, used), Errno::badf);
    EXPECT_EQ(fd_readdir(p(), m(), 3, Guest::outside, 100, 0, used), Errno::fault);
    EXPECT_EQ(fd_readdir(p(), m(), 3, buf, 100, 0, Guest::outside), Errno::fault);
    EXPECT_EQ(fd_readdir(p(), m(), 3, buf, 100, ~u64(0), used), Errno::inval);
    auto [e, d] = guest->open(".", {.oflags = oflags::directory, .base = 0});
    EXPECT_EQ(e, Errno::success);
    EXPECT_EQ(fd_readdir(p(), m(), d, buf, 100, 0, used), Errno::notcapable);
}

TEST(Files, are_at_most_256) {
    TempDir dir;
    write_text(dir / "f", "");
    Guest g(Context().dir(dir.string(), "/"));
    for (u32 fd = 4; fd < 256; ++fd) {
        g.rewind();
        ASSERT_EQ(g.open("f"), (std::pair{Errno::success, fd}));
    }
    EXPECT_EQ(g.open("f").first, Errno::mfile);
    EXPECT_EQ(g.open("new", {.oflags = oflags::creat}).first, Errno::mfile);
    EXPECT_FALSE(files::exists(dir / "new"));
    EXPECT_EQ(fd_close(g.process, g.memory(), 100), Errno::success);
    EXPECT_EQ(g.open("f").second, 100u);
}

}  // namespace heddle::wasi::test
