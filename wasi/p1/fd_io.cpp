// Reading, writing and seeking.
#include <algorithm>

#include "os/socket.hpp"
#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

constexpr u64 file_chunk = u64(4) << 20;   // between two looks at the cancellation
constexpr u64 stream_chunk = 4096;         // what a pipe that says "writable" takes without waiting (PIPE_BUF)

bool cancelled(const Process& p) { return p.data().cancellation.is_set(); }

// Runs `move` on one chunk after another until all is done, less was moved than asked for, or the cancellation is set.
template <class F>
Os<u64> in_chunks(Process& p, Buffers buffers, F move) {
    u64 done = 0;
    while (!buffers.empty()) {
        if (cancelled(p)) return done > 0 ? Os<u64>(done) : fail(Errno::intr);
        Buffers chunk = buffers.first(file_chunk);
        Os<std::size_t> n = move(chunk.all(), done);
        if (!n) return done > 0 ? Os<u64>(done) : fail(n.error());
        done += *n;
        if (*n < chunk.size()) break;
        buffers.drop(*n);
    }
    return done;
}

u64 read_memory(Stream& s, const Buffers& buffers) {
    u64 done = 0;
    if (s.kind != Stream::Kind::bytes) return 0;
    for (const iovec& v : buffers.all()) {
        std::size_t n = std::min(v.iov_len, s.bytes.size() - s.at);
        std::memcpy(v.iov_base, s.bytes.data() + s.at, n);
        s.at += n;
        done += n;
    }
    return done;
}

Os<u64> write_memory(Stream& s, const Buffers& buffers) {
    if (s.kind != Stream::Kind::bytes) return buffers.size();
    u64 room = s.limit - std::min(s.limit, s.bytes.size());
    if (room == 0 && !buffers.empty()) return fail(Errno::nospc);
    Buffers fitting = buffers.first(room);
    for (const iovec& v : fitting.all()) s.bytes.append(static_cast<const char*>(v.iov_base), v.iov_len);
    return fitting.size();
}

// Waits until there is something, then takes what is there.
Os<u64> read_stream(Process& p, OpenFile& f, const Buffers& buffers) {
    for (;;) {
        if (cancelled(p)) return fail(Errno::intr);
        if (f.nonblocking()) {
            os::Interest i{.fd = f.fd(), .read = true};
            Os<os::Woken> w = os::wait({&i, 1}, 0, p.data().cancellation);
            if (!w) return fail(w.error());
            if (*w != os::Woken::ready) return fail(*w == os::Woken::cancelled ? Errno::intr : Errno::again);
        } else {
            Os<os::Woken> w = os::wait_readable(f.fd(), p.data().cancellation);
            if (!w) return fail(w.error());
            if (*w == os::Woken::cancelled) return fail(Errno::intr);
        }
        Os<std::size_t> n = os::read(f.fd(), buffers.all());
        if (n) return u64(*n);
        if (n.error() != Errno::again || f.nonblocking()) return fail(n.error());
    }
}

Os<u64> write_stream(Process& p, OpenFile& f, Buffers buffers) {
    u64 done = 0;
    while (!buffers.empty()) {
        os::Interest i{.fd = f.fd(), .write = true};
        std::optional<u64> timeout;
        if (f.nonblocking()) timeout = 0;
        Os<os::Woken> w = os::wait({&i, 1}, timeout, p.data().cancellation);
        Os<std::size_t> n = 0;
        if (!w) n = fail(w.error());
        else if (*w == os::Woken::cancelled) n = fail(Errno::intr);
        else if (*w == os::Woken::timed_out) n = fail(Errno::again);
        else if (f.is_socket()) n = os::send(f.fd(), buffers.all());
        else n = os::write_stream(f.fd(), buffers.first(stream_chunk).all());
        if (!n && n.error() == Errno::again && !f.nonblocking()) continue;
        if (!n) return done > 0 ? Os<u64>(done) : fail(n.error());
        done += *n;
        buffers.drop(*n);
    }
    return done;
}

// What reading and writing have in common: the buffers, the descriptor, and the count for the guest.
template <class F>
Errno transfer(Process& p, GuestMemory m, u32 fd, Rights needed, u32 iovs, u32 iovs_len, u32 count, F move) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    if (f->is_directory()) return Errno::isdir;
    if (!f->may(needed)) return Errno::notcapable;
    Os<Buffers> buffers = Buffers::load(m, iovs, iovs_len);
    if (!buffers) return buffers.error();
    if (!m.contains(count, 4)) return Errno::fault;
    Os<u64> n = move(*f, std::move(*buffers));
    return n ? m.store(count, u32(*n)) : n.error();
}

Os<OpenFile*> positioned(Process& p, u32 fd, Rights needed) {
    OpenFile* f = p.files.find(fd);
    if (!f) return fail(Errno::badf);
    if (f->is_directory()) return fail(Errno::isdir);
    if (!f->is_positioned()) return fail(Errno::spipe);
    if (!f->may(needed)) return fail(Errno::notcapable);
    return f;
}

// The right to seek implies the right to tell.
bool may_tell(const OpenFile& f) { return (f.base & (rights::fd_seek | rights::fd_tell)) != 0; }

}  // namespace

Os<u64> read_file(Process& p, OpenFile& f, Buffers buffers) {
    if (!f.descriptor) return read_memory(*f.stream, buffers);
    if (f.listener) return fail(Errno::notconn);
    if (buffers.empty()) return u64(0);
    if (!f.is_positioned()) return read_stream(p, f, buffers);
    return in_chunks(p, std::move(buffers), [&](std::span<const iovec> v, u64) { return os::read(f.fd(), v); });
}

Os<u64> write_file(Process& p, OpenFile& f, Buffers buffers) {
    if (!f.descriptor) return write_memory(*f.stream, buffers);
    if (f.listener) return fail(Errno::notconn);
    if (!f.is_positioned()) return write_stream(p, f, std::move(buffers));
    return in_chunks(p, std::move(buffers), [&](std::span<const iovec> v, u64) { return os::write(f.fd(), v); });
}

Errno fd_read(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 nread) {
    return transfer(p, m, fd, rights::fd_read, iovs, iovs_len, nread, [&](OpenFile& f, Buffers b) { return read_file(p, f, std::move(b)); });
}

Errno fd_write(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 nwritten) {
    return transfer(p, m, fd, rights::fd_write, iovs, iovs_len, nwritten, [&](OpenFile& f, Buffers b) { return write_file(p, f, std::move(b)); });
}

Errno fd_pread(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nread) {
    if (Os<OpenFile*> f = positioned(p, fd, rights::fd_read | rights::fd_seek); !f) return f.error();
    return transfer(p, m, fd, rights::fd_read, iovs, iovs_len, nread, [&](OpenFile& f, Buffers b) {
        return in_chunks(p, std::move(b), [&](std::span<const iovec> v, u64 done) { return os::read_at(f.fd(), v, offset + done); });
    });
}

Errno fd_pwrite(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u64 offset, u32 nwritten) {
    if (Os<OpenFile*> f = positioned(p, fd, rights::fd_write | rights::fd_seek); !f) return f.error();
    return transfer(p, m, fd, rights::fd_write, iovs, iovs_len, nwritten, [&](OpenFile& f, Buffers b) {
        return in_chunks(p, std::move(b), [&](std::span<const iovec> v, u64 done) { return os::write_at(f.fd(), v, offset + done); });
    });
}

Errno fd_seek(Process& p, GuestMemory m, u32 fd, i64 offset, u32 whence, u32 new_offset) {
    constexpr os::Whence whences[] = {os::Whence::set, os::Whence::current, os::Whence::end};
    // Asking where one is is not moving.
    bool asks = offset == 0 && whence == 1;
    Os<OpenFile*> f = positioned(p, fd, asks ? 0 : Rights(rights::fd_seek));
    if (!f) return f.error();
    if (asks && !may_tell(**f)) return Errno::notcapable;
    if (whence >= std::size(whences)) return Errno::inval;
    if (!m.contains(new_offset, 8)) return Errno::fault;
    Os<u64> at = os::seek((*f)->fd(), offset, whences[whence]);
    return at ? m.store(new_offset, *at) : at.error();
}

Errno fd_tell(Process& p, GuestMemory m, u32 fd, u32 offset) {
    Os<OpenFile*> f = positioned(p, fd, 0);
    if (!f) return f.error();
    if (!may_tell(**f)) return Errno::notcapable;
    Os<u64> at = os::seek((*f)->fd(), 0, os::Whence::current);
    return at ? m.store(offset, *at) : at.error();
}

}  // namespace heddle::wasi::p1
