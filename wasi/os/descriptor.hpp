// Open files of the operating system: an owner for the descriptor, and input, output, status and times on it.
#pragma once
#include <span>
#include <sys/uio.h>
#include <utility>

#include "os/errno.hpp"

namespace heddle::wasi::os {

// Owns a file descriptor, or borrows one that somebody else closes (standard input, say).
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd, bool owned = true) : fd_(fd), owned_(owned) {}
    Descriptor(Descriptor&& d) noexcept : fd_(std::exchange(d.fd_, -1)), owned_(d.owned_) {}
    Descriptor& operator=(Descriptor&& d) noexcept {
        std::swap(fd_, d.fd_);
        std::swap(owned_, d.owned_);
        return *this;
    }
    ~Descriptor();

    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    bool owned() const { return owned_; }

private:
    int fd_ = -1;
    bool owned_ = true;
};

// The values are those of preview 1.
enum class FileType : u8 { unknown, block_device, character_device, directory, regular_file, socket_dgram, socket_stream, symbolic_link };

// Times in nanoseconds since 1970; earlier ones are given as 0.
struct Metadata {
    u64 device = 0, inode = 0;
    FileType type = FileType::unknown;
    u64 links = 0, size = 0;
    u64 accessed = 0, modified = 0, changed = 0;
};

// One timestamp of a file: left alone, set to the present, or to `ns`.
struct NewTime {
    enum How : u8 { keep, now, at } how = keep;
    u64 ns = 0;
};

enum class Whence : u8 { set, current, end };
enum class Advice : u8 { normal, sequential, random, willneed, dontneed, noreuse };

// Another descriptor of the same open file.
Os<Descriptor> duplicate(int fd);
Os<Metadata> status(int fd);
Os<void> set_times(int fd, NewTime accessed, NewTime modified);
// The same for a descriptor opened with O_PATH, of a symbolic link too.
Os<void> set_times_of_path(int path_fd, NewTime accessed, NewTime modified);
Os<void> set_size(int fd, u64 size);
Os<void> allocate(int fd, u64 offset, u64 length);
Os<void> advise(int fd, u64 offset, u64 length, Advice advice);
Os<void> sync(int fd);
Os<void> sync_data(int fd);
Os<u64> seek(int fd, i64 offset, Whence whence);
bool is_terminal(int fd);
Os<bool> is_append(int fd);
Os<void> set_append(int fd, bool append);
// Bytes that can be read without waiting, as far as the system knows.
u64 readable_bytes(int fd);

// One system call each; a signal makes them try again. `again` when the descriptor is non-blocking and nothing can be done now.
Os<std::size_t> read(int fd, std::span<const iovec> to);
Os<std::size_t> write(int fd, std::span<const iovec> from);
Os<std::size_t> read_at(int fd, std::span<const iovec> to, u64 offset);
Os<std::size_t> write_at(int fd, std::span<const iovec> from, u64 offset);
// Writes where the file ends, whatever its position.
Os<std::size_t> append(int fd, std::span<const iovec> from);
// Like write, but a closed reader gives `pipe` and never the signal SIGPIPE.
Os<std::size_t> write_stream(int fd, std::span<const iovec> from);

}  // namespace heddle::wasi::os
