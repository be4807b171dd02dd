// The functions of WASI preview 1 as plain C++ functions: what the guest passes, the process it is, and its memory. Each returns the guest's
// error code; results go to guest memory, and are written only on success. Pointers that are out of bounds give `fault` before anything else
// happens. Arguments narrower than 32 bits come as u32; values and flag bits that the interface does not define give `inval`.
// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md
#pragma once
#include "p1/process.hpp"

namespace heddle::wasi::p1 {

// How a call ends that may end the program.
struct Outcome {
    Errno error = Errno::success;
    std::optional<i32> exit;          // the program ends with this code
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

// ---- arguments and environment (args_env.cpp)

// Pointers to the NUL-terminated arguments to `argv`, their bytes to `argv_buf`.
Errno args_get(Process& p, GuestMemory m, u32 argv, u32 argv_buf);
// How many arguments, and how many bytes with their NULs.
Errno args_sizes_get(Process& p, GuestMemory m, u32 argc, u32 argv_buf_size);
// The same for "NAME=value" strings.
Errno environ_get(Process& p, GuestMemory m, u32 environ, u32 environ_buf);
Errno environ_sizes_get(Process& p, GuestMemory m, u32 count, u32 buf_size);

// ---- clocks (clock.cpp): realtime 0, monotonic 1, CPU time of the process 2 and of the thread 3

Errno clock_res_get(Process& p, GuestMemory m, u32 id, u32 resolution);
// `precision` is a hint and not used.
Errno clock_time_get(Process& p, GuestMemory m, u32 id, u64 precision, u32 time);

// ---- open files: reading and writing (fd_io.cpp)

// Waits for at least one byte unless the descriptor is non-blocking (`again`) or the Context is cancelled (`intr`).
Errno fd_read(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 nread);
// Writes everything unless non-blocking, cancelled, or over the limits of Buffers.
Errno fd_write(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 nwritten);
// At `offset`, not moving the descriptor's position. `spipe` when it has none.
Errno fd_pread(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nread);
Errno fd_pwrite(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nwritten);
// whence: set 0, current 1, end 2.
Errno fd_seek(Process& p, GuestMemory m, u32 fd, i64 offset, u32 whence, u32 new_offset);
Errno fd_tell(Process& p, GuestMemory m, u32 fd, u32 offset);

// ---- open files: everything else (fd.cpp)

Errno fd_advise(Process& p, GuestMemory m, u32 fd, u64 offset, u64 len, u32 advice);
// Makes room; the file grows to at least offset + len. `notsup` where the file system cannot.
Errno fd_allocate(Process& p, GuestMemory m, u32 fd, u64 offset, u64 len);
Errno fd_close(Process& p, GuestMemory m, u32 fd);
Errno fd_datasync(Process& p, GuestMemory m, u32 fd);
Errno fd_sync(Process& p, GuestMemory m, u32 fd);
// Type, flags and rights.
Errno fd_fdstat_get(Process& p, GuestMemory m, u32 fd, u32 stat);
// append and nonblock can be changed; dsync, rsync and sync stay as they were at path_open (`notsup`).
Errno fd_fdstat_set_flags(Process& p, GuestMemory m, u32 fd, u32 flags);
// Rights can only be given up: `notcapable` otherwise.
Errno fd_fdstat_set_rights(Process& p, GuestMemory m, u32 fd, u64 base, u64 inheriting);
Errno fd_filestat_get(Process& p, GuestMemory m, u32 fd, u32 stat);
Errno fd_filestat_set_size(Process& p, GuestMemory m, u32 fd, u64 size);
Errno fd_filestat_set_times(Process& p, GuestMemory m, u32 fd, u64 atim, u64 mtim, u32 fst_flags);
// A granted directory: tag 0 and the length of its name. Anything else is `badf`: that ends a guest's search for its directories.
Errno fd_prestat_get(Process& p, GuestMemory m, u32 fd, u32 prestat);
// Its name, without a NUL. `nametoolong` when it does not fit.
Errno fd_prestat_dir_name(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len);
// Entries after `cookie` (0: from the start), the last one cut off where the buffer ends; less than a full buffer: no more entries.
Errno fd_readdir(Process& p, GuestMemory m, u32 fd, u32 buf, u32 buf_len, u64 cookie, u32 used);
// `to` is closed and replaced by `from`; both must be open.
Errno fd_renumber(Process& p, GuestMemory m, u32 from, u32 to);

// ---- paths (path.cpp): beneath the directory `fd`; leading out of it gives `perm`, changing anything in a read-only one `rofs`

Errno path_create_directory(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len);
Errno path_filestat_get(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u32 stat);
Errno path_filestat_set_times(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u64 atim, u64 mtim, u32 fst_flags);
// A hard link. Following a symbolic link at the old path is not supported: `inval`.
Errno path_link(Process& p, GuestMemory m, u32 old_fd, u32 old_flags, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path, u32 new_path_len);
// The new descriptor has the asked-for rights that make sense for what was opened; asking for more than `fd` passes on is `notcapable`.
Errno path_open(Process& p, GuestMemory m, u32 fd, u32 dirflags, u32 path, u32 path_len, u32 oflags, u64 base, u64 inheriting, u32 fdflags, u32 opened);
// The link's contents, cut off where the buffer ends.
Errno path_readlink(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len, u32 buf, u32 buf_len, u32 used);
Errno path_remove_directory(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len);
Errno path_rename(Process& p, GuestMemory m, u32 fd, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path, u32 new_path_len);
// Absolute contents give `perm`.
Errno path_symlink(Process& p, GuestMemory m, u32 old_path, u32 old_path_len, u32 fd, u32 new_path, u32 new_path_len);
Errno path_unlink_file(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len);

// ---- waiting (poll.cpp)

// Waits until at least one subscription has an event, and writes those events in the order of their subscriptions. Files, directories and
// streams in memory are always ready. A subscription that cannot be waited for is an event with an error at once. No subscription, more than
// Limits::poll_subscriptions, or an unknown kind: `inval`. Cancelled: `intr`.
Errno poll_oneoff(Process& p, GuestMemory m, u32 in, u32 out, u32 nsubscriptions, u32 nevents);

// ---- the program itself (proc.cpp, random.cpp)

Outcome proc_exit(Process& p, GuestMemory m, u32 rval);
// Ends the program with 128 + the signal where the signal's default is to end it; 0 and signals ignored by default do nothing; `notsup` for
// stop signals.
Outcome proc_raise(Process& p, GuestMemory m, u32 signal);
Errno sched_yield(Process& p, GuestMemory m);
// At most Limits::random_bytes: `inval`.
Errno random_get(Process& p, GuestMemory m, u32 buf, u32 buf_len);

// ---- sockets (sock.cpp)

// A new descriptor for the next connection at a granted listener. Waits as fd_read does.
Errno sock_accept(Process& p, GuestMemory m, u32 fd, u32 flags, u32 accepted);
// ri_flags: peek 1, waitall 2; ro_flags: data_truncated 1.
Errno sock_recv(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 ri_flags, u32 nread, u32 ro_flags);
Errno sock_send(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 si_flags, u32 nwritten);
// how: receiving 1, sending 2, or both.
Errno sock_shutdown(Process& p, GuestMemory m, u32 fd, u32 how);

// ---- wasi_unstable, where it differs (unstable.cpp)

namespace unstable {

// whence: current 0, end 1, set 2.
Errno fd_seek(Process& p, GuestMemory m, u32 fd, i64 offset, u32 whence, u32 new_offset);
Errno fd_filestat_get(Process& p, GuestMemory m, u32 fd, u32 stat);
Errno path_filestat_get(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u32 stat);
Errno poll_oneoff(Process& p, GuestMemory m, u32 in, u32 out, u32 nsubscriptions, u32 nevents);

}  // namespace unstable

// ---- what both versions share

Filestat filestat(const os::Metadata& m);
UnstableFilestat unstable_filestat(const os::Metadata& m);
Os<os::Metadata> file_metadata(Process& p, u32 fd);
Os<os::Metadata> path_metadata(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len);
// The new times that fstflags ask for; setting a time and to the present at once is `inval`.
struct NewTimes {
    os::NewTime accessed, modified;
};
Os<NewTimes> new_times(u64 atim, u64 mtim, u32 fst_flags);
Errno poll(Process& p, GuestMemory m, std::span<const Subscription> subscriptions, u32 out, u32 nevents);
// Reads `buffers` from or writes them to whatever `f` is.
Os<u64> read_file(Process& p, OpenFile& f, Buffers buffers);
Os<u64> write_file(Process& p, OpenFile& f, Buffers buffers);

}  // namespace heddle::wasi::p1
