// A guest without an engine: a memory, a process, and helpers that put arguments into the one and call the functions of the other.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "p1/functions.hpp"

namespace heddle::wasi {

// Shown in failed comparisons.
inline void PrintTo(Errno e, std::ostream* o) { *o << name(e); }

namespace test {

using namespace p1;
namespace files = std::filesystem;

// A new folder that goes away with everything in it.
class TempDir {
public:
    TempDir() : TempDir("/tmp") {}
    explicit TempDir(const files::path& parent) {
        std::string name = (parent / "heddle-wasi-XXXXXX").string();
        const char* made = mkdtemp(name.data());
        if (!made) std::abort();
        path_ = made;
    }
    ~TempDir() {
        std::error_code ignored;
        files::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    files::path operator/(const std::string& name) const { return path_ / name; }
    std::string string() const { return path_.string(); }

private:
    files::path path_;
};

inline void write_text(const files::path& p, const std::string& text) { std::ofstream(p, std::ios::binary) << text; }
inline std::string read_text(const files::path& p) {
    std::ostringstream s;
    s << std::ifstream(p, std::ios::binary).rdbuf();
    return s.str();
}

struct GuestString {
    u32 at, size;
};

class Guest {
public:
    static constexpr u32 memory_size = 1 << 20;
    static constexpr u32 outside = memory_size - 1;   // a pointer that only a single byte fits to

    explicit Guest(const Context& c = {}) : bytes_(memory_size), process(c) {}

    GuestMemory memory() { return GuestMemory(bytes_); }

    // `n` fresh bytes at an odd address: nothing may rely on alignment.
    u32 room(u32 n) {
        u32 at = next_;
        next_ = (next_ + n + 16) | 1;
        if (next_ >= memory_size) std::abort();
        return at;
    }
    void rewind() { next_ = 17; }

    template <class T>
    u32 put(const T& v) {
        u32 at = room(sizeof v);
        memory().store(at, v);
        return at;
    }
    GuestString text(const std::string& s) {
        u32 at = room(u32(s.size()));
        std::copy(s.begin(), s.end(), bytes_.begin() + at);
        return {at, u32(s.size())};
    }
    template <class T>
    T get(u32 at) {
        return *memory().load<T>(at);
    }
    std::string bytes(u32 at, u32 n) { return std::string(bytes_.begin() + at, bytes_.begin() + at + n); }

    // One iovec each.
    u32 vectors(std::initializer_list<GuestString> all) {
        u32 at = room(u32(all.size() * 8)), next = at;
        for (GuestString s : all) {
            memory().store(next, s.at);
            memory().store(next + 4, s.size);
            next += 8;
        }
        return at;
    }

    // ---- calls with C++ arguments

    struct Read {
        Errno error;
        std::string text;
        friend bool operator==(const Read&, const Read&) = default;
    };

    Read read(u32 fd, u32 n) {
        GuestString to{room(n), n};
        u32 count = room(4);
        Errno e = fd_read(process, memory(), fd, vectors({to}), 1, count);
        return {e, e == Errno::success ? bytes(to.at, get<u32>(count)) : ""};
    }
    // The error, and how many bytes.
    std::pair<Errno, u32> write(u32 fd, const std::string& s) {
        u32 count = room(4);
        Errno e = fd_write(process, memory(), fd, vectors({text(s)}), 1, count);
        return {e, e == Errno::success ? get<u32>(count) : 0};
    }

    struct Open {
        u32 dir = 3;
        u32 follow = 0;
        u32 oflags = 0;
        Rights base = rights::fd_read;
        Rights inheriting = 0;
        u32 flags = 0;
    };
    std::pair<Errno, u32> open(const std::string& path, const Open& o) {
        GuestString s = text(path);
        u32 fd = room(4);
        Errno e = path_open(process, memory(), o.dir, o.follow, s.at, s.size, o.oflags, o.base, o.inheriting, o.flags, fd);
        return {e, e == Errno::success ? get<u32>(fd) : ~u32(0)};
    }
    std::pair<Errno, u32> open(const std::string& path) { return open(path, Open{}); }

    // One path, one function.
    template <class F>
    Errno on_path(F f, u32 dir, const std::string& path) {
        GuestString s = text(path);
        return f(process, memory(), dir, s.at, s.size);
    }
    Errno stat(const std::string& path, bool follow = false, u32 dir = 3, Filestat* to = nullptr) {
        GuestString s = text(path);
        u32 at = room(sizeof(Filestat));
        Errno e = path_filestat_get(process, memory(), dir, follow, s.at, s.size, at);
        if (to && e == Errno::success) *to = get<Filestat>(at);
        return e;
    }
    Errno rename(const std::string& from, const std::string& to, u32 from_dir = 3, u32 to_dir = 3) {
        GuestString a = text(from), b = text(to);
        return path_rename(process, memory(), from_dir, a.at, a.size, to_dir, b.at, b.size);
    }
    Errno link(const std::string& from, const std::string& to, u32 from_dir = 3, u32 to_dir = 3, u32 flags = 0) {
        GuestString a = text(from), b = text(to);
        return path_link(process, memory(), from_dir, flags, a.at, a.size, to_dir, b.at, b.size);
    }
    Errno symlink(const std::string& contents, const std::string& path, u32 dir = 3) {
        GuestString a = text(contents), b = text(path);
        return path_symlink(process, memory(), a.at, a.size, dir, b.at, b.size);
    }
    Read readlink(const std::string& path, u32 n = 4096, u32 dir = 3) {
        GuestString s = text(path);
        u32 to = room(n), used = room(4);
        Errno e = path_readlink(process, memory(), dir, s.at, s.size, to, n, used);
        return {e, e == Errno::success ? bytes(to, get<u32>(used)) : ""};
    }
    Errno set_times(const std::string& path, u64 atim, u64 mtim, u32 flags, bool follow = false, u32 dir = 3) {
        GuestString s = text(path);
        return path_filestat_set_times(process, memory(), dir, follow, s.at, s.size, atim, mtim, flags);
    }
    Fdstat fdstat(u32 fd) {
        u32 at = room(sizeof(Fdstat));
        EXPECT_EQ(fd_fdstat_get(process, memory(), fd, at), Errno::success);
        return get<Fdstat>(at);
    }
    Filestat filestat(u32 fd) {
        u32 at = room(sizeof(Filestat));
        EXPECT_EQ(fd_filestat_get(process, memory(), fd, at), Errno::success);
        return get<Filestat>(at);
    }

private:
    std::vector<u8> bytes_;
    u32 next_ = 17;

public:
    Process process;
};

// A pipe: the read end and the write end.
struct Pipe {
    int read, write;
    Pipe() {
        int ends[2];
        if (pipe(ends) != 0) std::abort();
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_read();
        close_write();
    }
    void close_read() { close_end(read); }
    void close_write() { close_end(write); }

private:
    static void close_end(int& fd) {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
};

}  // namespace test
}  // namespace heddle::wasi
