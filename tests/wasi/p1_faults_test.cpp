// Every function of preview 1, with each of its system calls failing in turn: the guest learns the error under its own name, or does not notice; nothing
// is leaked, nothing crashes.
#include <algorithm>
#include <arpa/inet.h>
#include <cstdio>
#include <functional>

#include "faults.hpp"
#include "guest.hpp"

namespace heddle::wasi::test {
namespace {

constexpr u32 root = 3, listener = 4, file = 5, connection = 6;

// What a guest may have open, afresh for every attempt.
struct Stage {
    TempDir dir{files::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};
    std::optional<Guest> guest;
    int client = -1;

    Stage() {
        files::create_directory(dir / "dir");
        files::create_directory(dir / "empty");
        write_text(dir / "file", "content");
        write_text(dir / "dir" / "inner", "content");
        files::create_symlink("file", dir / "link");
        guest.emplace(Context().dir(dir.string(), "/").listen("127.0.0.1:0"));
        guest->open("file", {.base = rights::of_file});
    }
    ~Stage() {
        if (client >= 0) ::close(client);
    }
    // Somebody has connected and sent something.
    void connect() {
        client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        socklen_t size = sizeof at;
        getsockname((*guest->process.file(listener, 0))->fd(), reinterpret_cast<sockaddr*>(&at), &size);
        ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
        ASSERT_EQ(::send(client, "hello", 5, 0), 5);
    }
    void accept() {
        connect();
        EXPECT_EQ(sock_accept(guest->process, guest->memory(), listener, 0, guest->room(4)), Errno::success);
    }
};

struct Case {
    const char* name;
    std::function<Errno(Guest&)> call;
    void (Stage::*before)() = nullptr;
};

template <auto f, class... A>
Case of(const char* name, A... arguments) {
    return {name, [=](Guest& g) {
                auto r = f(g.process, g.memory(), arguments...);
                if constexpr (std::is_same_v<decltype(r), Outcome>) return r.error;
                else return r;
            }};
}

u32 vector(Guest& g, const std::string& s) { return g.vectors({g.text(s)}); }

Errno poll_everything(Guest& g) {
    Subscription all[3];
    all[0].timeout = 1;
    all[0].id_or_fd = 1;
    all[1].tag = u8(EventType::fd_read), all[1].id_or_fd = connection;
    all[2].tag = u8(EventType::fd_write), all[2].id_or_fd = file;
    u32 in = g.room(sizeof all);
    for (u32 i = 0; i < 3; ++i) g.memory().store(in + i * u32(sizeof all[0]), all[i]);
    return poll_oneoff(g.process, g.memory(), in, g.room(3 * sizeof(Event)), 3, g.room(4));
}

std::vector<Case> cases() {
    constexpr u32 at = 100'000;   // where results go
    auto path = [](auto f, std::string p) { return [f, p](Guest& g) { return g.on_path(f, root, p); }; };
    auto open = [](std::string p, Guest::Open how) { return [p, how](Guest& g) { return g.open(p, how).first; }; };
    constexpr Rights both = rights::fd_read | rights::fd_write;
    std::vector<Case> all = {
        of<clock_res_get>("clock_res_get", 0u, at),
        of<clock_time_get>("clock_time_get", 1u, u64(0), at),
        of<random_get>("random_get", at, 100u),
        of<fd_allocate>("fd_allocate", file, u64(0), u64(100)),
        of<fd_close>("fd_close", file),
        of<fd_datasync>("fd_datasync", file),
        of<fd_sync>("fd_sync", file),
        of<fd_fdstat_get>("fd_fdstat_get", file, at),
        of<fd_fdstat_set_flags>("fd_fdstat_set_flags", file, u32(fdflags::append)),
        of<fd_fdstat_set_rights>("fd_fdstat_set_rights", file, u64(rights::fd_read), u64(0)),
        of<fd_filestat_get>("fd_filestat_get", file, at),
        of<fd_filestat_set_size>("fd_filestat_set_size", file, u64(100)),
        of<fd_filestat_set_times>("fd_filestat_set_times", file, u64(1), u64(1), u32(fstflags::mtim)),
        of<fd_prestat_get>("fd_prestat_get", root, at),
        of<fd_prestat_dir_name>("fd_prestat_dir_name", root, at, 1u),
        of<fd_readdir>("fd_readdir", root, at, 1000u, u64(0), at + 2000),
        of<fd_renumber>("fd_renumber", file, root),
        of<fd_seek>("fd_seek", file, i64(1), 1u, at),
        of<fd_tell>("fd_tell", file, at),
        of<unstable::fd_filestat_get>("unstable fd_filestat_get", file, at),
        of<unstable::fd_seek>("unstable fd_seek", file, i64(1), 0u, at),
        of<p1::sched_yield>("sched_yield"),
        {"fd_read", [](Guest& g) { return g.read(file, 5).error; }},
        {"fd_write", [](Guest& g) { return g.write(file, "new").first; }},
        {"fd_pread", [](Guest& g) { return fd_pread(g.process, g.memory(), file, vector(g, "12345"), 1, 0, at); }},
        {"fd_pwrite", [](Guest& g) { return fd_pwrite(g.process, g.memory(), file, vector(g, "12345"), 1, 0, at); }},
        {"path_create_directory", path(path_create_directory, "new")},
        {"path_create_directory below", path(path_create_directory, "dir/new")},
        {"path_remove_directory", path(path_remove_directory, "empty")},
        {"path_unlink_file", path(path_unlink_file, "dir/inner")},
        {"path_filestat_get", [](Guest& g) { return g.stat("dir/inner"); }},
        {"path_filestat_get, following", [](Guest& g) { return g.stat("link", true); }},
        {"path_filestat_set_times", [](Guest& g) { return g.set_times("link", 1, 1, fstflags::mtim, true); }},
        {"path_filestat_set_times of a link", [](Guest& g) { return g.set_times("link", 1, 1, fstflags::mtim); }},
        {"path_link", [](Guest& g) { return g.link("dir/inner", "new"); }},
        {"path_rename", [](Guest& g) { return g.rename("dir/inner", "new"); }},
        {"path_symlink", [](Guest& g) { return g.symlink("file", "new"); }},
        {"path_readlink", [](Guest& g) { return g.readlink("link").error; }},
        {"path_open", open("dir/inner", {})},
        {"path_open, following", open("link", {.follow = 1, .base = both})},
        {"path_open, new", open("new", {.oflags = oflags::creat | oflags::excl, .base = both, .flags = fdflags::append})},
        {"path_open, truncating", open("file", {.oflags = oflags::creat | oflags::trunc, .base = both})},
        {"path_open of a directory", open("dir", {.oflags = oflags::directory, .base = rights::of_directory})},
        {"sock_accept", [](Guest& g) { return sock_accept(g.process, g.memory(), listener, 0, at); }, &Stage::connect},
        {"sock_recv", [](Guest& g) { return sock_recv(g.process, g.memory(), connection, vector(g, "12345"), 1, 0, at, at + 4); }, &Stage::accept},
        {"sock_send", [](Guest& g) { return sock_send(g.process, g.memory(), connection, vector(g, "12345"), 1, 0, at); }, &Stage::accept},
        {"fd_read of a connection", [](Guest& g) { return g.read(connection, 5).error; }, &Stage::accept},
        {"fd_write to a connection", [](Guest& g) { return g.write(connection, "new").first; }, &Stage::accept},
        {"sock_shutdown", [](Guest& g) { return sock_shutdown(g.process, g.memory(), connection, 3); }, &Stage::accept},
        {"poll_oneoff", poll_everything, &Stage::accept},
    };
    return all;
}

struct Ending {
    Errno error;
    faults::Counted counted;
};
Ending attempt(const Case& c, os::Confinement how, int which, int error) {
    Stage s;
    if (c.before) (s.*c.before)();
    s.guest->process.data().confinement = how;
    faults::begin(which, error);
    Errno got = c.call(*s.guest);
    return {got, faults::end()};
}

constexpr std::pair<const char*, int> errors[] = {
#define ERRNO(name, code, os, text) {#name, os},
#include "errno.def"
#undef ERRNO
};

constexpr std::pair<const char*, int> likely[] = {{"io", EIO},       {"nospc", ENOSPC}, {"dquot", EDQUOT}, {"mfile", EMFILE}, {"nfile", ENFILE},
                                                  {"nomem", ENOMEM}, {"acces", EACCES}, {"perm", EPERM},   {"intr", EINTR},   {"again", EAGAIN},
                                                  {"noent", ENOENT}, {"inval", EINVAL}, {"xdev", EXDEV},   {"loop", ELOOP},   {"nosys", ENOSYS}};

// Where the system's error says something else than its name.
struct Meaning {
    std::string_view call;
    Errno error, means;
};
constexpr Meaning meanings[] = {
    {"syscall", Errno::xdev, Errno::perm},        // openat2: the path leads out
    {"openat", Errno::loop, Errno::notdir},       // a link, where no link is followed
    {"readlinkat", Errno::inval, Errno::isdir},   // not a link
    {"readlinkat", Errno::inval, Errno::loop},
};
bool is_fitting(const std::string& call, Errno injected, Errno got) {
    if (got == injected || got == Errno::success) return true;
    return std::ranges::any_of(meanings, [&](const Meaning& m) { return m.call == call && m.error == injected && m.means == got; });
}

void fail_everything(os::Confinement how) {
    int attempts = 0, told = 0;
    int descriptors = faults::open_descriptors();
    for (const Case& c : cases()) {
        Ending well = attempt(c, how, 0, 0);
        ASSERT_EQ(well.error, Errno::success) << c.name;
        for (int which = 1; which <= well.counted.calls; ++which)
            for (auto [name, error] : likely) {
                Ending e = attempt(c, how, which, error);
                ++attempts;
                told += e.error == errno_of(error);
                EXPECT_TRUE(is_fitting(e.counted.failed, errno_of(error), e.error))
                    << c.name << ": call " << which << ", " << e.counted.failed << ", fails with " << name << ": the guest gets " << wasi::name(e.error);
                EXPECT_FALSE(error == EINTR && e.counted.failed == "ppoll" && e.error != Errno::success) << c.name;
            }
        EXPECT_EQ(faults::open_descriptors(), descriptors) << c.name;
    }
    std::printf("%d system calls failed, %d times the guest was told\n", attempts, told);
    EXPECT_GT(told, 500);
}

TEST(P1Faults, have_every_error_s_code) {
    Case sync = of<fd_sync>("fd_sync", file);
    for (auto [name, error] : errors) {
        if (error == 0 || error == EINTR) continue;
        Ending e = attempt(sync, os::Confinement::kernel, 1, error);
        EXPECT_EQ(e.counted.failed, "fsync");
        EXPECT_EQ(std::string(wasi::name(e.error)), name);
    }
    EXPECT_EQ(attempt(sync, os::Confinement::kernel, 1, EINTR).error, Errno::success) << "it is done again";
}

TEST(P1Faults, reach_the_guest_by_name) { fail_everything(os::Confinement::kernel); }
TEST(P1Faults, reach_the_guest_by_name_where_we_confine) { fail_everything(os::Confinement::walk); }

}  // namespace
}  // namespace heddle::wasi::test
