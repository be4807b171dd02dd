// The attack matrix: every operation on paths × {read-only, read-write} × everything a path can be, by the kernel's confinement and by our own.
// Everything attacked is made for the test, so that a hole in the sandbox costs nobody a file. Whatever the outcome, nothing outside of the granted
// directory may change or become visible, and nothing inside of a read-only one change.
#include "attack_world.hpp"

#include <atomic>
#include <cstdio>
#include <thread>

namespace heddle::wasi::test {

namespace {

struct Attack {
    const char* name;
    // Does its worst; returns what it got to see.
    std::string (*run)(Guest& g, const std::string& path);
};

// Opens in every way, reads, writes, truncates, sets times through the descriptor.
std::string open_all_ways(Guest& g, const std::string& path) {
    std::string seen;
    u32 buf = g.room(2000), used = g.room(4);
    for (u32 follow : {0u, 1u})
        for (u32 o = 0; o < 16; ++o)
            for (Rights base : {Rights(rights::fd_read), Rights(rights::fd_write), Rights(rights::of_directory_inheriting)}) {
                auto [e, fd] = g.open(path, {.follow = follow, .oflags = o, .base = base, .inheriting = base});
                if (e != Errno::success) continue;
                seen += g.read(fd, 100).text;
                g.write(fd, "overwritten");
                fd_filestat_set_size(g.process, g.memory(), fd, 1);
                fd_allocate(g.process, g.memory(), fd, 0, 5000);
                fd_filestat_set_times(g.process, g.memory(), fd, 1, 1, fstflags::atim | fstflags::mtim);
                if (fd_readdir(g.process, g.memory(), fd, buf, 2000, 0, used) == Errno::success) {
                    std::string names = g.bytes(buf, g.get<u32>(used));
                    if (names.find("secret") != names.npos) seen += secret;
                }
                // And from there on upwards.
                auto [e2, up] = g.open("../outside/secret", {.dir = fd, .base = rights::fd_read});
                if (e2 == Errno::success) seen += secret;
                fd_close(g.process, g.memory(), fd);
            }
    return seen;
}

const Attack attacks[] = {
    {"path_open", open_all_ways},
    {"path_create_directory",
     [](Guest& g, const std::string& p) {
         g.on_path(path_create_directory, 3, p);
         return std::string();
     }},
    {"path_remove_directory",
     [](Guest& g, const std::string& p) {
         g.on_path(path_remove_directory, 3, p);
         return std::string();
     }},
    {"path_unlink_file",
     [](Guest& g, const std::string& p) {
         g.on_path(path_unlink_file, 3, p);
         return std::string();
     }},
    {"path_rename from",
     [](Guest& g, const std::string& p) {
         g.rename(p, "stolen");
         return g.read(g.open("stolen").second, 100).text;
     }},
    {"path_rename to",
     [](Guest& g, const std::string& p) {
         g.rename("file", p);
         return std::string();
     }},
    {"path_link from",
     [](Guest& g, const std::string& p) {
         g.link(p, "stolen");
         g.link(p, "stolen", 3, 3, 1);
         return g.read(g.open("stolen").second, 100).text;
     }},
    {"path_link to",
     [](Guest& g, const std::string& p) {
         g.link("file", p);
         return std::string();
     }},
    {"path_symlink",
     [](Guest& g, const std::string& p) {
         g.symlink("file", p);
         return std::string();
     }},
    {"path_symlink to and through",
     [](Guest& g, const std::string& p) {
         g.symlink(p, "made");
         // In this order: what is listed in the first may be what the second creates.
         std::string seen = open_all_ways(g, "made");
         seen += open_all_ways(g, "made/secret");
         return seen += open_all_ways(g, "made/new");
     }},
    {"path_readlink",
     [](Guest& g, const std::string& p) {
         g.readlink(p);
         return std::string();
     }},
    {"path_filestat_set_times",
     [](Guest& g, const std::string& p) {
         g.set_times(p, 1, 1, 5, false);
         g.set_times(p, 1, 1, 5, true);
         return std::string();
     }},
    {"path_filestat_get",
     [](Guest& g, const std::string& p) {
         Filestat s;
         for (bool follow : {false, true})
             if (g.stat(p, follow, 3, &s) == Errno::success && s.size == std::string(secret).size() && s.filetype == 4) return std::string(secret);
         return std::string();
     }},
};

struct Sandbox : testing::TestWithParam<std::tuple<os::Confinement, Access>> {};

INSTANTIATE_TEST_SUITE_P(Attacked, Sandbox,
                         testing::Combine(testing::Values(os::Confinement::kernel, os::Confinement::walk), testing::Values(ReadOnly, ReadWrite)),
                         [](const auto& i) {
                             return std::string(std::get<0>(i.param) == os::Confinement::kernel ? "kernel" : "walk") +
                                    (std::get<1>(i.param) == ReadOnly ? "_ro" : "_rw");
                         });

struct ReadOnlyBox : testing::TestWithParam<os::Confinement> {};
INSTANTIATE_TEST_SUITE_P(Confined, ReadOnlyBox, testing::Values(os::Confinement::kernel, os::Confinement::walk),
                         [](const auto& i) { return i.param == os::Confinement::kernel ? "by_the_kernel" : "by_walking"; });

}  // namespace

TEST_P(Sandbox, nothing_escapes) {
    auto [how, access] = GetParam();
    int attempts = 0;
    for (const Attack& attack : attacks) {
        auto world = std::make_unique<World>();
        auto before = picture(world->outside);
        auto box_before = picture(world->box);
        std::optional<Guest> guest;
        std::vector<std::string> paths = attacked_paths(*world);
        for (std::size_t i = 0; i < paths.size(); ++i) {
            const std::string& path = paths[i];
            if (!guest || i % 50 == 0) {  // attacks leave descriptors open
                Context c;
                c.dir(world->box.string(), "/", access);
                c.data().confinement = how;
                guest.emplace(c);
            }
            guest->rewind();
            std::string seen = attack.run(*guest, path);
            ++attempts;
            ASSERT_FALSE(shows_secret(seen)) << attack.name << " '" << path << "'";
            ASSERT_EQ(picture(world->outside), before) << attack.name << " '" << path << "'";
            ASSERT_FALSE(files::exists(world->top / "stolen") || files::exists(world->top / "made")) << attack.name << " '" << path << "'";
            auto box_now = picture(world->box);
            if (box_now == box_before) continue;
            ASSERT_EQ(access, ReadWrite) << attack.name << " '" << path << "'";
            world = std::make_unique<World>();
            paths = attacked_paths(*world);
            before = picture(world->outside);
            box_before = picture(world->box);
            guest.reset();
        }
    }
    std::printf("%d cases\n", attempts);
    EXPECT_GT(attempts, 1000);
}

TEST_P(Sandbox, a_read_only_end_protects_links_and_renames) {
    auto [how, access] = GetParam();
    World w;
    files::create_directory(w.top / "other");
    write_text(w.top / "other" / "mine", "x");
    Context c;
    c.dir(w.box.string(), "/box", access).dir((w.top / "other").string(), "/other");
    c.data().confinement = how;
    Guest g(c);
    Errno expected = access == ReadOnly ? Errno::rofs : Errno::success;
    EXPECT_EQ(g.link("file", "linked", 3, 4), expected);
    EXPECT_EQ(g.link("mine", "linked", 4, 3), expected);
    EXPECT_EQ(g.rename("file", "renamed", 3, 4), expected);
    EXPECT_EQ(g.rename("mine", "renamed", 4, 3), expected);
    EXPECT_EQ(files::exists(w.box / "linked"), access == ReadWrite);
    EXPECT_EQ(files::exists(w.top / "other" / "linked"), access == ReadWrite);
}

TEST_P(ReadOnlyBox, refuses_every_change_and_nothing_else) {
    os::Confinement how = GetParam();
    World w;
    Context c;
    c.dir(w.box.string(), "/", ReadOnly);
    c.data().confinement = how;
    Guest g(c);
    constexpr Rights write = rights::fd_read | rights::fd_write;
    EXPECT_EQ(g.open("file", {.base = write}).first, Errno::rofs);
    EXPECT_EQ(g.open("file", {.base = rights::fd_allocate}).first, Errno::rofs);
    EXPECT_EQ(g.open("file", {.base = rights::fd_filestat_set_size}).first, Errno::rofs);
    EXPECT_EQ(g.open("file", {.oflags = oflags::trunc}).first, Errno::rofs);
    EXPECT_EQ(g.open("new", {.oflags = oflags::creat}).first, Errno::rofs);
    EXPECT_EQ(g.open("dangling", {.follow = 1, .oflags = oflags::creat}).first, Errno::rofs);
    EXPECT_EQ(g.open("file", {.oflags = oflags::creat}).first, Errno::success) << "it exists: nothing is created";
    EXPECT_EQ(g.open("file", {.oflags = oflags::creat | oflags::excl}).first, Errno::exist);
    EXPECT_EQ(g.open("dangling", {.follow = 1, .oflags = oflags::creat | oflags::excl}).first, Errno::exist);
    EXPECT_EQ(g.open("new", {.oflags = oflags::creat | oflags::excl}).first, Errno::rofs);
    EXPECT_EQ(g.open("dir", {.base = write}).first, Errno::isdir);
    EXPECT_EQ(g.open("missing", {.base = write}).first, Errno::noent);
    EXPECT_EQ(g.open("../outside/secret", {.base = write}).first, Errno::perm);
    for (auto f : {path_create_directory, path_remove_directory, path_unlink_file}) EXPECT_EQ(g.on_path(f, 3, "dir"), Errno::rofs);
    EXPECT_EQ(g.symlink("file", "new"), Errno::rofs);
    EXPECT_EQ(g.set_times("file", 1, 1, 5), Errno::rofs);
    EXPECT_EQ(g.link("file", "new"), Errno::rofs);
    EXPECT_EQ(g.rename("file", "new"), Errno::rofs);

    auto [e, fd] = g.open("file", {.base = rights::fd_read | rights::fd_filestat_get | rights::fd_filestat_set_times | rights::fd_sync});
    ASSERT_EQ(e, Errno::success) << "a right to set times does not make an open a change";
    EXPECT_EQ(fd_filestat_set_times(g.process, g.memory(), fd, 1, 1, fstflags::mtim), Errno::rofs);
    EXPECT_EQ(fd_filestat_set_times(g.process, g.memory(), 3, 1, 1, fstflags::mtim), Errno::rofs);
    EXPECT_EQ(g.read(fd, 100).text, "content");
    EXPECT_EQ(g.stat("file"), Errno::success);
    EXPECT_EQ(g.readlink("link-file").text, "file");
    // Beneath a directory opened in a read-only one it stays read-only.
    auto [e2, sub] = g.open("dir", {.oflags = oflags::directory, .base = rights::of_directory, .inheriting = rights::of_directory_inheriting});
    ASSERT_EQ(e2, Errno::success);
    EXPECT_EQ(g.open("inner", {.dir = sub, .base = write}).first, Errno::rofs);
    EXPECT_EQ(g.on_path(path_unlink_file, sub, "inner"), Errno::rofs);
    EXPECT_EQ(g.open("inner", {.dir = sub}).first, Errno::success);
}

// A second thread swaps a directory for a link that leads out, and moves directories up and down, while the guest opens paths through them.
TEST_P(Sandbox, renames_behind_its_back_do_not_open_it) {
    auto [how, access] = GetParam();
    World w;
    files::create_directories(w.box / "swap");
    write_text(w.box / "swap" / "secret", "harmless");
    files::create_directories(w.box / "deep" / "a" / "b");
    std::atomic<bool> stop = false;
    std::thread attacker([&] {
        std::error_code ignored;
        while (!stop) {
            files::rename(w.box / "swap", w.box / "kept", ignored);
            files::rename(w.box / "out-dir", w.box / "swap", ignored);
            files::rename(w.box / "swap", w.box / "out-dir", ignored);
            files::rename(w.box / "kept", w.box / "swap", ignored);
            // Out of the box and back: ".." of a directory held open is then the outside.
            files::rename(w.box / "deep" / "a", w.outside / "moved", ignored);
            files::rename(w.outside / "moved", w.box / "deep" / "a", ignored);
        }
    });
    Context c;
    c.dir(w.box.string(), "/", access);
    c.data().confinement = how;
    Guest g(c);
    auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
    int escapes = 0, opened = 0;
    while (std::chrono::steady_clock::now() < until) {
        g.rewind();
        for (const char* path : {"swap/secret", "deep/a/b/../../secret", "deep/a/b/../../../file", "deep/a/../secret", "deep/a/../dir/inner",
                                 "deep/a/b/../../dir/inner"}) {
            auto [e, fd] = g.open(path, {.follow = 1});
            if (e != Errno::success) continue;
            ++opened;
            if (shows_secret(g.read(fd, 100).text)) ++escapes;
            fd_close(g.process, g.memory(), fd);
        }
        if (access == ReadWrite) {
            g.on_path(path_unlink_file, 3, "swap/only-outside");
            g.on_path(path_create_directory, 3, "swap/made");
            g.on_path(path_create_directory, 3, "deep/a/b/../../made");
        }
    }
    stop = true;
    attacker.join();
    EXPECT_EQ(escapes, 0);
    EXPECT_GT(opened, 0);
    EXPECT_FALSE(files::exists(w.outside / "made"));
    EXPECT_EQ(read_text(w.outside / "secret"), secret);
}

TEST(Sandbox, the_kernel_confines_on_this_machine_or_we_do) {
    // Both ways are tested above when the kernel has its own; this says which one is the default here.
    RecordProperty("kernel", os::kernel_confines());
    TempDir dir;
    write_text(dir / "f", "x");
    Guest g(Context().dir(dir.string(), "/"));
    EXPECT_EQ(g.open("f").first, Errno::success);
    EXPECT_EQ(g.open("../x").first, Errno::perm);
}

TEST(Sandbox, our_walk_holds_a_bounded_number_of_directories_open) {
    TempDir dir;
    Context c;
    c.dir(dir.string(), "/");
    c.data().confinement = os::Confinement::walk;
    Guest g(c);
    std::string path;
    for (int depth = 1; depth <= 259; ++depth) {
        path += depth == 1 ? "d" : "/d";
        g.rewind();
        Errno e = g.on_path(path_create_directory, 3, path);
        ASSERT_EQ(e, depth <= 258 ? Errno::success : Errno::nametoolong) << depth;
    }
}

}  // namespace heddle::wasi::test
