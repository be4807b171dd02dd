// Open files apart from reading and writing: status, flags, rights, sizes and times, directory entries, numbers.
#include <algorithm>

#include "os/directory.hpp"
#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

// The open file with the system's descriptor behind it; a stream in memory has none and gives `otherwise`.
Os<OpenFile*> system_file(Process& p, u32 fd, Rights needed, Errno otherwise) {
    Os<OpenFile*> f = p.file(fd, needed);
    if (f && !(*f)->descriptor) return fail(otherwise);
    return f;
}

Errno error_of(const Os<void>& r) { return r ? Errno::success : r.error(); }

// Copies as much of `from` as there is room for.
void append(std::span<u8> to, std::size_t& used, const void* from, std::size_t n) {
    n = std::min(n, to.size() - used);
    std::memcpy(to.data() + used, from, n);
    used += n;
}

}  // namespace

Errno fd_advise(Process& p, GuestMemory, u32 fd, u64 offset, u64 len, u32 advice) {
    Os<OpenFile*> f = system_file(p, fd, rights::fd_advise, Errno::spipe);
    if (!f) return f.error();
    if ((*f)->is_directory()) return Errno::badf;
    if (advice > u32(os::Advice::noreuse)) return Errno::inval;
    return error_of(os::advise((*f)->fd(), offset, len, os::Advice(advice)));
}

Errno fd_allocate(Process& p, GuestMemory, u32 fd, u64 offset, u64 len) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    if (f->is_directory()) return Errno::isdir;
    if (!f->may(rights::fd_allocate)) return Errno::notcapable;
    if (f->read_only) return Errno::rofs;
    if (len == 0) return Errno::inval;
    return error_of(os::allocate(f->fd(), offset, len));
}

Errno fd_close(Process& p, GuestMemory, u32 fd) { return error_of(p.files.close(fd)); }

Errno fd_datasync(Process& p, GuestMemory, u32 fd) {
    Os<OpenFile*> f = p.file(fd, rights::fd_datasync);
    if (!f) return f.error();
    return (*f)->descriptor ? error_of(os::sync_data((*f)->fd())) : Errno::success;
}

Errno fd_sync(Process& p, GuestMemory, u32 fd) {
    Os<OpenFile*> f = p.file(fd, rights::fd_sync);
    if (!f) return f.error();
    return (*f)->descriptor ? error_of(os::sync((*f)->fd())) : Errno::success;
}

Errno fd_fdstat_get(Process& p, GuestMemory m, u32 fd, u32 stat) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    Fdstat s;
    s.filetype = u8(f->type);
    s.flags = f->flags;
    s.rights_base = f->base;
    s.rights_inheriting = f->inheriting;
    return m.store(stat, s);
}

Errno fd_fdstat_set_flags(Process& p, GuestMemory, u32 fd, u32 flags) {
    Os<OpenFile*> file = p.file(fd, rights::fd_fdstat_set_flags);
    if (!file) return file.error();
    OpenFile& f = **file;
    if (unknown_bits(flags, fdflags::all)) return Errno::inval;
    constexpr u32 fixed = fdflags::dsync | fdflags::rsync | fdflags::sync;
    if ((flags & fixed) != (f.flags & fixed)) return Errno::notsup;
    if (((flags ^ f.flags) & fdflags::append) != 0) {
        // A borrowed description is shared with others, who did not ask for this.
        if (!f.is_positioned() || !f.descriptor->owned()) return Errno::notsup;
        if (Os<void> r = os::set_append(f.fd(), (flags & fdflags::append) != 0); !r) return r.error();
    }
    f.flags = u16(flags);
    return Errno::success;
}

Errno fd_fdstat_set_rights(Process& p, GuestMemory, u32 fd, u64 base, u64 inheriting) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    if ((base & ~f->base) != 0 || (inheriting & ~f->inheriting) != 0) return Errno::notcapable;
    f->base = base;
    f->inheriting = inheriting;
    return Errno::success;
}

Os<os::Metadata> file_metadata(Process& p, u32 fd) {
    Os<OpenFile*> f = p.file(fd, rights::fd_filestat_get);
    if (!f) return fail(f.error());
    if (!(*f)->descriptor) return os::Metadata{};
    return os::status((*f)->fd());
}

Errno fd_filestat_get(Process& p, GuestMemory m, u32 fd, u32 stat) {
    Os<os::Metadata> s = file_metadata(p, fd);
    return s ? m.store(stat, filestat(*s)) : s.error();
}

Errno fd_filestat_set_size(Process& p, GuestMemory, u32 fd, u64 size) {
    OpenFile* f = p.files.find(fd);
    if (!f) return Errno::badf;
    if (f->is_directory()) return Errno::isdir;
    if (!f->may(rights::fd_filestat_set_size)) return Errno::notcapable;
    if (f->read_only) return Errno::rofs;
    return error_of(os::set_size(f->fd(), size));
}

Os<NewTimes> new_times(u64 atim, u64 mtim, u32 fst_flags) {
    using namespace fstflags;
    if (unknown_bits(fst_flags, all)) return fail(Errno::inval);
    auto one = [&](u32 at, u32 now, u64 ns) -> Os<os::NewTime> {
        bool set = (fst_flags & at) != 0, present = (fst_flags & now) != 0;
        if (set && present) return fail(Errno::inval);
        return os::NewTime{set ? os::NewTime::at : present ? os::NewTime::now : os::NewTime::keep, ns};
    };
    Os<os::NewTime> a = one(fstflags::atim, fstflags::atim_now, atim), b = one(fstflags::mtim, fstflags::mtim_now, mtim);
    if (!a || !b) return fail(Errno::inval);
    return NewTimes{*a, *b};
}

Errno fd_filestat_set_times(Process& p, GuestMemory, u32 fd, u64 atim, u64 mtim, u32 fst_flags) {
    Os<OpenFile*> f = system_file(p, fd, rights::fd_filestat_set_times, Errno::notsup);
    if (!f) return f.error();
    Os<NewTimes> t = new_times(atim, mtim, fst_flags);
    if (!t) return t.error();
    if ((*f)->read_only) return Errno::rofs;
    return error_of(os::set_times((*f)->fd(), t->accessed, t->modified));
}

Errno fd_prestat_get(Process& p, GuestMemory m, u32 fd, u32 prestat) {
    OpenFile* f = p.files.find(fd);
    if (!f || !f->preopen) return Errno::badf;
    return m.store(prestat, Prestat{.name_len = u32(f->preopen->size())});
}

Errno fd_prestat_dir_name(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len) {
    OpenFile* f = p.files.find(fd);
    if (!f || !f->preopen) return Errno::badf;
    Os<std::span<u8>> to = m.view(path, path_len);
    if (!to) return to.error();
    if (to->size() < f->preopen->size()) return Errno::nametoolong;
    std::memcpy(to->data(), f->preopen->data(), f->preopen->size());
    return Errno::success;
}

Errno fd_readdir(Process& p, GuestMemory m, u32 fd, u32 buf, u32 buf_len, u64 cookie, u32 used) {
    Os<OpenFile*> f = p.directory(fd, rights::fd_readdir);
    if (!f) return f.error();
    Os<std::span<u8>> to = m.view(buf, buf_len);
    if (!to || !m.contains(used, 4)) return Errno::fault;
    std::size_t n = 0;
    while (n < to->size()) {
        if (p.data().cancellation.is_set()) return Errno::intr;
        Os<std::vector<os::DirectoryEntry>> entries = os::read_directory((*f)->fd(), cookie, to->size() - n);
        if (!entries) return entries.error();
        if (entries->empty()) break;
        for (const os::DirectoryEntry& e : *entries) {
            Dirent d{.next = e.next, .ino = e.inode, .namlen = u32(e.name.size()), .type = u8(e.type)};
            append(*to, n, &d, sizeof d);
            append(*to, n, e.name.data(), e.name.size());
            cookie = e.next;
        }
    }
    return m.store(used, u32(n));
}

Errno fd_renumber(Process& p, GuestMemory, u32 from, u32 to) { return error_of(p.files.renumber(from, to)); }

}  // namespace heddle::wasi::p1
