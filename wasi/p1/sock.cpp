// Sockets: accepting at granted listeners, and what their connections can do beyond reading and writing.
#include "os/socket.hpp"
#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

Os<OpenFile*> connection(Process& p, u32 fd, Rights needed) {
    OpenFile* f = p.files.find(fd);
    if (!f) return fail(Errno::badf);
    if (!f->descriptor || !f->is_socket()) return fail(Errno::notsock);
    if (f->listener) return fail(Errno::notconn);
    if (!f->may(needed)) return fail(Errno::notcapable);
    return f;
}

// Calls `attempt` until it has not to wait any more.
template <class T, class F>
Os<T> when_readable(Process& p, const OpenFile& f, F attempt) {
    for (;;) {
        if (p.data().cancellation.is_set()) return fail(Errno::intr);
        Os<T> r = attempt();
        if (r || r.error() != Errno::again || f.nonblocking()) return r;
        Os<os::Woken> w = os::wait_readable(f.fd(), p.data().cancellation);
        if (!w) return fail(w.error());
    }
}

}  // namespace

Errno sock_accept(Process& p, GuestMemory m, u32 fd, u32 flags, u32 accepted) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    if (!f->descriptor || !f->is_socket()) return Errno::notsock;
    if (!f->listener) return Errno::inval;
    if (!f->may(rights::sock_accept)) return Errno::notcapable;
    if (unknown_bits(flags, fdflags::nonblock)) return Errno::inval;
    if (!m.contains(accepted, 4)) return Errno::fault;
    if (p.files.full()) return Errno::mfile;
    Os<os::Descriptor> d = when_readable<os::Descriptor>(p, *f, [&] { return os::accept(f->fd()); });
    if (!d) return d.error();
    OpenFile c;
    c.descriptor = std::make_shared<os::Descriptor>(std::move(*d));
    c.type = os::FileType::socket_stream;
    c.base = f->inheriting;
    c.flags = u16(flags);
    Os<u32> number = p.files.insert(std::move(c));
    return number ? m.store(accepted, *number) : number.error();
}

Errno sock_recv(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 ri_flags, u32 nread, u32 ro_flags) {
    Os<OpenFile*> f = connection(p, fd, rights::fd_read);
    if (!f) return f.error();
    if (unknown_bits(ri_flags, riflags::all)) return Errno::inval;
    Os<Buffers> buffers = Buffers::load(m, iovs, iovs_len);
    if (!buffers) return buffers.error();
    if (!m.contains(nread, 4) || !m.contains(ro_flags, 2)) return Errno::fault;
    bool peek = (ri_flags & riflags::peek) != 0;
    // Peeking again would see the same bytes again.
    bool all = (ri_flags & riflags::waitall) != 0 && !peek;
    u64 done = 0;
    bool truncated = false;
    while (!buffers->empty()) {
        Os<os::Received> r = when_readable<os::Received>(p, **f, [&] { return os::receive((*f)->fd(), buffers->all(), peek); });
        if (!r && done == 0) return r.error();
        if (!r) break;
        done += r->bytes;
        truncated |= r->truncated;
        buffers->drop(r->bytes);
        if (!all || r->bytes == 0) break;
    }
    m.store(ro_flags, u16(truncated ? roflags::data_truncated : 0));
    return m.store(nread, u32(done));
}

Errno sock_send(Process& p, GuestMemory m, u32 fd, u32 iovs, u32 iovs_len, u32 si_flags, u32 nwritten) {
    Os<OpenFile*> f = connection(p, fd, rights::fd_write);
    if (!f) return f.error();
    if (si_flags != 0) return Errno::inval;
    Os<Buffers> buffers = Buffers::load(m, iovs, iovs_len);
    if (!buffers) return buffers.error();
    if (!m.contains(nwritten, 4)) return Errno::fault;
    Os<u64> n = write_file(p, **f, std::move(*buffers));
    return n ? m.store(nwritten, u32(*n)) : n.error();
}

Errno sock_shutdown(Process& p, GuestMemory, u32 fd, u32 how) {
    Os<OpenFile*> f = connection(p, fd, rights::sock_shutdown);
    if (!f) return f.error();
    if (how == 0 || unknown_bits(how, sdflags::all)) return Errno::inval;
    Os<void> r = os::shut_down((*f)->fd(), (how & sdflags::rd) != 0, (how & sdflags::wr) != 0);
    return r ? Errno::success : r.error();
}

}  // namespace heddle::wasi::p1
