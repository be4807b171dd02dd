#include "os/descriptor.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::wasi::os {

namespace {

constexpr u64 max_offset = u64(std::numeric_limits<i64>::max());
constexpr u64 ns_per_s = 1'000'000'000;

FileType type_of(int fd, mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFBLK: return FileType::block_device;
        case S_IFCHR: return FileType::character_device;
        case S_IFDIR: return FileType::directory;
        case S_IFREG: return FileType::regular_file;
        case S_IFLNK: return FileType::symbolic_link;
        case S_IFSOCK: {
            int kind = 0;
            socklen_t size = sizeof kind;
            bool datagram = getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_DGRAM;
            return datagram ? FileType::socket_dgram : FileType::socket_stream;
        }
        default: return FileType::unknown;
    }
}

u64 nanoseconds(const timespec& t) { return t.tv_sec < 0 ? 0 : u64(t.tv_sec) * ns_per_s + u64(t.tv_nsec); }

timespec to_timespec(NewTime t) {
    switch (t.how) {
        case NewTime::keep: return {0, UTIME_OMIT};
        case NewTime::now: return {0, UTIME_NOW};
        case NewTime::at: break;
    }
    return {time_t(t.ns / ns_per_s), long(t.ns % ns_per_s)};
}

// Calls `f` until a signal did not interrupt it.
template <class F>
auto retry(F f) {
    auto r = f();
    while (r == -1 && errno == EINTR) r = f();
    return r;
}

template <class F>
Os<void> done(F f) {
    if (retry(f) == -1) return last_error();
    return {};
}

template <class F>
Os<std::size_t> counted(F f) {
    ssize_t n = retry(f);
    if (n < 0) return last_error();
    return std::size_t(n);
}

int count(std::span<const iovec> v) { return int(std::min<std::size_t>(v.size(), IOV_MAX)); }

// Keeps SIGPIPE from the process while one thread writes.
class NoPipeSignal {
public:
    NoPipeSignal() {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        already_pending_ = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~NoPipeSignal() {
        int error = errno;
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = error;
    }
    // After a write that gave EPIPE.
    void take() {
        timespec none{0, 0};
        if (!already_pending_) retry([&] { return sigtimedwait(&pipe_, nullptr, &none); });
    }

private:
    sigset_t pipe_, before_;
    bool already_pending_;
};

}  // namespace

Descriptor::~Descriptor() {
    if (fd_ >= 0 && owned_) ::close(fd_);
}

Os<Descriptor> duplicate(int fd) {
    int copy = retry([&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); });
    if (copy == -1) return last_error();
    return Descriptor(copy);
}

Os<Metadata> status(int fd) {
    struct stat s;
    if (fstat(fd, &s) != 0) return last_error();
    Metadata m;
    m.device = u64(s.st_dev);
    m.inode = u64(s.st_ino);
    m.type = type_of(fd, s.st_mode);
    m.links = u64(s.st_nlink);
    m.size = s.st_size < 0 ? 0 : u64(s.st_size);
    m.accessed = nanoseconds(s.st_atim);
    m.modified = nanoseconds(s.st_mtim);
    m.changed = nanoseconds(s.st_ctim);
    return m;
}

Os<void> set_times(int fd, NewTime accessed, NewTime modified) {
    std::array<timespec, 2> times{to_timespec(accessed), to_timespec(modified)};
    return done([&] { return futimens(fd, times.data()); });
}

Os<void> set_times_of_path(int path_fd, NewTime accessed, NewTime modified) {
    std::array<timespec, 2> times{to_timespec(accessed), to_timespec(modified)};
    if (utimensat(path_fd, "", times.data(), AT_EMPTY_PATH) == 0) return {};
    if (errno != EINVAL && errno != ENOENT) return last_error();
    // Kernels before 5.8 know no empty path here.
    char by_number[32];
    std::snprintf(by_number, sizeof by_number, "/proc/self/fd/%d", path_fd);
    return done([&] { return utimensat(AT_FDCWD, by_number, times.data(), 0); });
}

Os<void> set_size(int fd, u64 size) {
    if (size > max_offset) return fail(Errno::inval);
    return done([&] { return ftruncate(fd, off_t(size)); });
}

Os<void> allocate(int fd, u64 offset, u64 length) {
    if (offset > max_offset || length > max_offset - offset) return fail(Errno::fbig);
    return done([&] { return fallocate(fd, 0, off_t(offset), off_t(length)); });
}

Os<void> advise(int fd, u64 offset, u64 length, Advice advice) {
    static constexpr int advices[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                      POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
    if (offset > max_offset || length > max_offset) return fail(Errno::inval);
    if (int e = posix_fadvise(fd, off_t(offset), off_t(length), advices[u8(advice)]); e != 0) return fail(errno_of(e));
    return {};
}

Os<void> sync(int fd) {
    return done([&] { return fsync(fd); });
}
Os<void> sync_data(int fd) {
    return done([&] { return fdatasync(fd); });
}

Os<u64> seek(int fd, i64 offset, Whence whence) {
    static constexpr int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    off_t at = lseek(fd, offset, whences[u8(whence)]);
    if (at < 0) return last_error();
    return u64(at);
}

bool is_terminal(int fd) { return isatty(fd) == 1; }

Os<bool> is_append(int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return last_error();
    return (flags & O_APPEND) != 0;
}

Os<void> set_append(int fd, bool append) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return last_error();
    return done([&] { return fcntl(fd, F_SETFL, append ? flags | O_APPEND : flags & ~O_APPEND); });
}

u64 readable_bytes(int fd) {
    int n = 0;
    return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? u64(n) : 0;
}

Os<std::size_t> read(int fd, std::span<const iovec> to) {
    return counted([&] { return readv(fd, to.data(), count(to)); });
}
Os<std::size_t> write(int fd, std::span<const iovec> from) {
    return counted([&] { return writev(fd, from.data(), count(from)); });
}
Os<std::size_t> read_at(int fd, std::span<const iovec> to, u64 offset) {
    if (offset > max_offset) return fail(Errno::inval);
    return counted([&] { return preadv(fd, to.data(), count(to), off_t(offset)); });
}
Os<std::size_t> write_at(int fd, std::span<const iovec> from, u64 offset) {
    if (offset > max_offset) return fail(Errno::inval);
    return counted([&] { return pwritev(fd, from.data(), count(from), off_t(offset)); });
}

Os<std::size_t> append(int fd, std::span<const iovec> from) {
    return counted([&] { return pwritev2(fd, from.data(), count(from), 0, RWF_APPEND); });
}

Os<std::size_t> write_stream(int fd, std::span<const iovec> from) {
    NoPipeSignal quiet;
    Os<std::size_t> n = write(fd, from);
    if (!n && n.error() == Errno::pipe) quiet.take();
    return n;
}

}  // namespace heddle::wasi::os
