// What the attack matrices attack: a granted directory full of traps beside one that nobody granted.
#pragma once
#include <sys/stat.h>
#include <map>

#include "guest.hpp"

namespace heddle::wasi::test {

constexpr const char* secret = "the secret";

// Names, kinds, contents, sizes, link counts and modification times of a whole tree.
inline std::map<std::string, std::string> picture(const files::path& root) {
    std::map<std::string, std::string> all;
    auto add = [&](const files::path& p) {
        struct stat s;
        if (lstat(p.c_str(), &s) != 0) return;
        std::string text = std::to_string(s.st_mode) + " " + std::to_string(s.st_nlink) + " " + std::to_string(s.st_mtim.tv_sec) + "." +
                           std::to_string(s.st_mtim.tv_nsec);
        if (S_ISREG(s.st_mode)) text += " " + read_text(p);
        if (S_ISLNK(s.st_mode)) text += " -> " + files::read_symlink(p).string();
        all[p.string()] = text;
    };
    add(root);
    for (const auto& e : files::recursive_directory_iterator(root)) add(e.path());
    return all;
}

// outside/                    what nobody granted
//   secret, dir/inner
// box/                        the granted directory
//   file, dir/inner, dir/sub/
//   links in: link-file, link-dir    links out: out-file, out-dir, out-up, out-absolute, …    dangling, dangling-out, loop
struct World {
    TempDir top{files::is_directory("/dev/shm") ? "/dev/shm" : "/tmp"};  // memory: the matrix makes many trees
    files::path box = top / "box", outside = top / "outside";
    os::Descriptor held;  // to the outside, for links by number

    World() { fill(); }
    // As it was at first, what lies inside; the granted directory stays the same one.
    void refill() {
        for (const auto& e : files::directory_iterator(box)) files::remove_all(e.path());
        fill();
    }

private:
    void fill() {
        files::create_directories(outside / "dir");
        write_text(outside / "secret", secret);
        write_text(outside / "dir" / "inner", secret);
        files::create_directories(box / "dir" / "sub");
        write_text(box / "file", "content");
        write_text(box / "dir" / "inner", "content");
        auto link = [&](const std::string& contents, const std::string& name) { files::create_symlink(contents, box / name); };
        link("file", "link-file");
        link("dir", "link-dir");
        link("dir/../file", "link-around");
        link("../outside/secret", "out-file");
        link("../outside", "out-dir");
        link("../outside/", "out-dir-slash");
        link("..", "out-up");
        link("dir/../../outside/secret", "out-around");
        link((outside / "secret").string(), "out-absolute");
        link(outside.string(), "out-absolute-dir");
        link(top.string(), "out-top");
        held = *os::open_host_directory(outside.string());
        link("/proc/self/fd/" + std::to_string(held.get()), "out-magic");
        link("out-file", "out-twice");
        link("dir/out-nested", "out-by-nested");
        link("../../outside/secret", "dir/out-nested");
        link("missing", "dangling");
        link("../outside/new", "dangling-out");
        link((outside / "new").string(), "dangling-absolute");
        link("loop", "loop");
        link("loop-b", "loop-a");
        link("loop-a", "loop-b");
    }
};

inline std::vector<std::string> attacked_paths(const World& w) {
    std::vector<std::string> names = {"file",     "dir",       "dir/inner",     "link-file",     "link-dir",   "link-dir/inner", "link-around",
                                      "out-file", "out-dir",   "out-dir-slash", "out-up",        "out-around", "out-absolute",   "out-absolute-dir",
                                      "out-top",  "out-magic", "out-twice",     "out-by-nested", "dangling",   "dangling-out",   "dangling-absolute",
                                      "loop",     "loop-a",    "missing",       "file/x",        "dir/missing"};
    for (const char* through : {"out-dir", "out-dir-slash", "out-absolute-dir", "link-dir/../out-dir"})
        for (const char* target : {"/secret", "/dir", "/dir/inner", "/new", "/", "/.", "/.."}) names.push_back(std::string(through) + target);
    for (const char* up : {"..", "../", "../.", "../outside/secret", "../box/file", "../outside", "../outside/new", "dir/../..",
                           "dir/../../outside/secret", "link-dir/../../outside/secret", "out-up/outside/secret", "out-up/box/file",
                           "out-top/outside/secret", "out-magic/secret", "out-magic/new", "dir/sub/../../../outside/new", "./.././outside/secret"})
        names.push_back(up);
    for (const std::string& host : {w.outside.string() + "/secret", w.outside.string(), w.outside.string() + "/new", w.box.string() + "/file",
                                    "/" + w.outside.string() + "/secret"})
        names.push_back(host);
    names.push_back("");
    names.push_back(".");
    names.push_back("./");
    std::vector<std::string> all = names;
    for (const std::string& n : names)
        for (const char* end : {"/", "//", "/.", "/.."})
            if (!n.empty()) all.push_back(n + end);
    return all;
}

inline bool shows_secret(const std::string& s) { return s.find(secret) != s.npos; }

}  // namespace heddle::wasi::test
