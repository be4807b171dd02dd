// The binary interface of preview 1: constants, layouts in guest memory, and the one way to reach that memory.
// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
#pragma once
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <sys/uio.h>
#include <type_traits>
#include <vector>

#include "os/errno.hpp"

namespace heddle::wasi::p1 {

static_assert(std::endian::native == std::endian::little, "structs below are copied to guest memory as they are");

// ---- guest memory -------------------------------------------------------------------------------------------------------------

// The bytes of the caller's memory, during one call. Pointers need no alignment; whatever lies outside gives Errno::fault.
class GuestMemory {
public:
    explicit GuestMemory(std::span<u8> bytes) : bytes_(bytes) {}

    bool contains(u32 at, u64 n) const { return at <= bytes_.size() && n <= bytes_.size() - at; }

    Os<std::span<u8>> view(u32 at, u64 n) const {
        if (!contains(at, n)) return fail(Errno::fault);
        return bytes_.subspan(at, std::size_t(n));
    }

    template <class T>
    Os<T> load(u32 at) const {
        static_assert(std::is_trivially_copyable_v<T>);
        if (!contains(at, sizeof(T))) return fail(Errno::fault);
        T v;
        std::memcpy(&v, bytes_.data() + at, sizeof v);
        return v;
    }

    // Success or fault.
    template <class T>
    Errno store(u32 at, const T& v) const {
        static_assert(std::is_trivially_copyable_v<T>);
        if (!contains(at, sizeof(T))) return Errno::fault;
        std::memcpy(bytes_.data() + at, &v, sizeof v);
        return Errno::success;
    }

    // A path: UTF-8 (else ilseq), without NUL (else inval), at most `limit` bytes (else nametoolong).
    Os<std::string> path(u32 at, u32 n, u32 limit) const;

private:
    std::span<u8> bytes_;
};

bool is_utf8(std::string_view s);

// The buffers an array of iovec or ciovec names. Only the first 1,024 that are not empty are used, and 2 GiB of them in all: callers are
// told how much was done.
class Buffers {
public:
    static Os<Buffers> load(GuestMemory memory, u32 at, u32 count);

    std::span<const iovec> all() const { return vectors_; }
    u64 size() const { return size_; }
    bool empty() const { return size_ == 0; }
    // The first `n` bytes of them at most.
    Buffers first(u64 n) const;
    void drop(u64 n);

private:
    std::vector<iovec> vectors_;
    u64 size_ = 0;
};

// ---- constants ----------------------------------------------------------------------------------------------------------------

using Rights = u64;
namespace rights {
enum : Rights {
    fd_datasync = 1 << 0,
    fd_read = 1 << 1,
    fd_seek = 1 << 2,
    fd_fdstat_set_flags = 1 << 3,
    fd_sync = 1 << 4,
    fd_tell = 1 << 5,
    fd_write = 1 << 6,
    fd_advise = 1 << 7,
    fd_allocate = 1 << 8,
    path_create_directory = 1 << 9,
    path_create_file = 1 << 10,
    path_link_source = 1 << 11,
    path_link_target = 1 << 12,
    path_open = 1 << 13,
    fd_readdir = 1 << 14,
    path_readlink = 1 << 15,
    path_rename_source = 1 << 16,
    path_rename_target = 1 << 17,
    path_filestat_get = 1 << 18,
    path_filestat_set_size = 1 << 19,
    path_filestat_set_times = 1 << 20,
    fd_filestat_get = 1 << 21,
    fd_filestat_set_size = 1 << 22,
    fd_filestat_set_times = 1 << 23,
    path_symlink = 1 << 24,
    path_remove_directory = 1 << 25,
    path_unlink_file = 1 << 26,
    poll_fd_readwrite = 1 << 27,
    sock_shutdown = 1 << 28,
    sock_accept = 1 << 29,

    all = (1 << 30) - 1,
    // What makes sense for each kind of descriptor.
    of_file = fd_datasync | fd_read | fd_seek | fd_fdstat_set_flags | fd_sync | fd_tell | fd_write | fd_advise | fd_allocate | fd_filestat_get |
              fd_filestat_set_size | fd_filestat_set_times | poll_fd_readwrite,
    of_directory = fd_fdstat_set_flags | fd_sync | fd_datasync | fd_advise | path_create_directory | path_create_file | path_link_source |
                   path_link_target | path_open | fd_readdir | path_readlink | path_rename_source | path_rename_target | path_filestat_get |
                   path_filestat_set_size | path_filestat_set_times | fd_filestat_get | fd_filestat_set_times | path_symlink |
                   path_remove_directory | path_unlink_file | poll_fd_readwrite,
    of_directory_inheriting = of_directory | of_file,
    // No seek and tell: by that a guest's isatty() knows a terminal from a file.
    of_stream = fd_datasync | fd_read | fd_fdstat_set_flags | fd_sync | fd_write | fd_filestat_get | poll_fd_readwrite,
    of_connection = fd_read | fd_fdstat_set_flags | fd_write | fd_filestat_get | poll_fd_readwrite | sock_shutdown,
    of_listener = fd_read | fd_fdstat_set_flags | fd_filestat_get | poll_fd_readwrite | sock_accept
};
}

namespace fdflags {
enum : u16 { append = 1, dsync = 2, nonblock = 4, rsync = 8, sync = 16, all = 31 };
}
namespace oflags {
enum : u16 { creat = 1, directory = 2, excl = 4, trunc = 8, all = 15 };
}
namespace fstflags {
enum : u16 { atim = 1, atim_now = 2, mtim = 4, mtim_now = 8, all = 15 };
}
namespace lookupflags {
enum : u32 { symlink_follow = 1, all = 1 };
}
namespace riflags {
enum : u16 { peek = 1, waitall = 2, all = 3 };
}
namespace roflags {
enum : u16 { data_truncated = 1 };
}
namespace sdflags {
enum : u8 { rd = 1, wr = 2, all = 3 };
}
namespace subclockflags {
enum : u16 { abstime = 1, all = 1 };
}
namespace eventrwflags {
enum : u16 { hangup = 1 };
}
enum class EventType : u8 { clock, fd_read, fd_write };

// Bits outside of `known`: a caller from another version of the interface.
constexpr bool unknown_bits(u64 flags, u64 known) { return (flags & ~known) != 0; }

// ---- layouts ------------------------------------------------------------------------------------------------------------------

struct Fdstat {
    u8 filetype = 0, pad0 = 0;
    u16 flags = 0;
    u32 pad1 = 0;
    u64 rights_base = 0, rights_inheriting = 0;
};
static_assert(sizeof(Fdstat) == 24);

struct Filestat {
    u64 dev = 0, ino = 0;
    u8 filetype = 0, pad[7] = {};
    u64 nlink = 0, size = 0, atim = 0, mtim = 0, ctim = 0;
};
static_assert(sizeof(Filestat) == 64);

// wasi_unstable: 32 bits for the links.
struct UnstableFilestat {
    u64 dev = 0, ino = 0;
    u8 filetype = 0, pad[3] = {};
    u32 nlink = 0;
    u64 size = 0, atim = 0, mtim = 0, ctim = 0;
};
static_assert(sizeof(UnstableFilestat) == 56);

struct Dirent {
    u64 next = 0, ino = 0;
    u32 namlen = 0;
    u8 type = 0, pad[3] = {};
};
static_assert(sizeof(Dirent) == 24);

struct Prestat {
    u8 tag = 0, pad[3] = {};
    u32 name_len = 0;
};
static_assert(sizeof(Prestat) == 8);

struct Event {
    u64 userdata = 0;
    u16 error = 0;
    u8 type = 0, pad0[5] = {};
    u64 nbytes = 0;
    u16 flags = 0;
    u8 pad1[6] = {};
};
static_assert(sizeof(Event) == 32);

//          userdata  tag  | clock: id  timeout precision flags | fd
//  bytes   0         8    | 16         24      32        40    | 16     48 in all
struct Subscription {
    u64 userdata = 0;
    u8 tag = 0, pad0[7] = {};
    u32 id_or_fd = 0, pad1 = 0;
    u64 timeout = 0, precision = 0;
    u16 flags = 0;
    u8 pad2[6] = {};
};
static_assert(sizeof(Subscription) == 48);

//          userdata  tag  | clock: identifier id timeout precision flags | fd
//  bytes   0         8    | 16                24 32      40        48    | 16     56 in all
struct UnstableSubscription {
    u64 userdata = 0;
    u8 tag = 0, pad0[7] = {};
    union {
        u64 identifier = 0;
        u32 fd;
    };
    u32 id = 0, pad1 = 0;
    u64 timeout = 0, precision = 0;
    u16 flags = 0;
    u8 pad2[6] = {};
};
static_assert(sizeof(UnstableSubscription) == 56);

}  // namespace heddle::wasi::p1
