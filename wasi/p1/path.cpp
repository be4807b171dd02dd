// Paths. Checks come in one order: descriptor, rights, flags, path, read-only; the resolution itself is os/path.hpp's.
#include <algorithm>

#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

Errno error_of(const Os<void>& r) { return r ? Errno::success : r.error(); }

// A directory and a path in it, both checked.
struct Target {
    OpenFile* directory;
    os::Base base;
    std::string path;
};

Os<Target> target(Process& p, GuestMemory m, u32 fd, Rights needed, u32 path, u32 path_len) {
    Os<OpenFile*> d = p.directory(fd, needed);
    if (!d) return fail(d.error());
    Os<std::string> s = p.path(m, path, path_len);
    if (!s) return fail(s.error());
    return Target{*d, p.base(**d), std::move(*s)};
}

// The same for something that is going to change.
Os<Target> changeable(Process& p, GuestMemory m, u32 fd, Rights needed, u32 path, u32 path_len) {
    Os<Target> t = target(p, m, fd, needed, path, path_len);
    if (t && t->directory->read_only) return fail(Errno::rofs);
    return t;
}

bool follows(u32 flags) { return (flags & lookupflags::symlink_follow) != 0; }

// What path_open is asked for.
struct Asked {
    os::OpenHow how;
    Rights base, inheriting;
    u16 flags;
};

Os<Asked> asked(const OpenFile& directory, u32 dirflags, u32 o, u64 base, u64 inheriting, u32 fd_flags) {
    if (unknown_bits(dirflags, lookupflags::all) || unknown_bits(o, oflags::all) || unknown_bits(fd_flags, fdflags::all)) return fail(Errno::inval);
    bool creat = (o & oflags::creat) != 0, trunc = (o & oflags::trunc) != 0, dir = (o & oflags::directory) != 0;
    if (creat && dir) return fail(Errno::inval);
    // Rights that nothing in a directory can have ask for nothing.
    base &= rights::of_directory_inheriting;
    inheriting &= rights::of_directory_inheriting;
    Rights needed = (creat ? Rights(rights::path_create_file) : 0) | (trunc ? Rights(rights::path_filestat_set_size) : 0);
    if (!directory.may(needed) || ((base | inheriting) & ~directory.inheriting) != 0) return fail(Errno::notcapable);

    constexpr Rights writing = rights::fd_write | rights::fd_allocate | rights::fd_filestat_set_size;
    Asked a{.how = {}, .base = base, .inheriting = inheriting, .flags = u16(fd_flags)};
    // Directories cannot be opened for writing; their write rights are dropped with the others that do not apply.
    a.how.write = ((base & writing) != 0 && !dir) || trunc;
    a.how.read = (base & (rights::fd_read | rights::fd_readdir)) != 0 || !a.how.write;
    a.how.create = creat;
    a.how.exclusive = (o & oflags::excl) != 0;
    a.how.truncate = trunc;
    a.how.directory = dir;
    a.how.follow = follows(dirflags);
    a.how.append = (fd_flags & fdflags::append) != 0;
    a.how.data_sync = (fd_flags & fdflags::dsync) != 0;
    a.how.sync = (fd_flags & (fdflags::sync | fdflags::rsync)) != 0;
    return a;
}

// In a read-only directory nothing is opened for a change, but what there is gives the errors it would give anyway.
Os<os::Descriptor> open_read_only(const Target& t, const os::OpenHow& how) {
    os::OpenHow look = how;
    look.create = look.exclusive = look.truncate = look.write = look.append = false;
    look.read = true;
    if (how.exclusive && how.create) look.follow = false;
    Os<os::Descriptor> d = os::open(t.base, t.path, look);
    if (how.create && how.exclusive && (d || d.error() == Errno::loop)) return fail(Errno::exist);
    if (!d && d.error() == Errno::noent && how.create) return fail(Errno::rofs);
    if (!d || !how.write) return d;
    Os<os::Metadata> m = os::status(d->get());
    return fail(m && m->type == os::FileType::directory ? Errno::isdir : Errno::rofs);
}

Os<OpenFile> open_file(const Target& t, const Asked& a) {
    Os<os::Descriptor> d = t.directory->read_only ? open_read_only(t, a.how) : os::open(t.base, t.path, a.how);
    if (!d) return fail(d.error());
    Os<os::Metadata> m = os::status(d->get());
    if (!m) return fail(m.error());
    OpenFile f;
    f.descriptor = std::make_shared<os::Descriptor>(std::move(*d));
    f.type = m->type;
    f.flags = a.flags;
    f.read_only = t.directory->read_only;
    f.base = a.base & (f.is_directory() ? rights::of_directory : f.is_positioned() ? rights::of_file : rights::of_stream);
    f.inheriting = f.is_directory() ? a.inheriting & rights::of_directory_inheriting : 0;
    return f;
}

}  // namespace

Errno path_create_directory(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len) {
    Os<Target> t = changeable(p, m, fd, rights::path_create_directory, path, path_len);
    return t ? error_of(os::create_directory(t->base, t->path)) : t.error();
}

Os<os::Metadata> path_metadata(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len) {
    Os<Target> t = target(p, m, fd, rights::path_filestat_get, path, path_len);
    if (!t) return fail(t.error());
    if (unknown_bits(flags, lookupflags::all)) return fail(Errno::inval);
    return os::path_status(t->base, t->path, follows(flags));
}

Errno path_filestat_get(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u32 stat) {
    Os<os::Metadata> s = path_metadata(p, m, fd, flags, path, path_len);
    return s ? m.store(stat, filestat(*s)) : s.error();
}

Errno path_filestat_set_times(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u64 atim, u64 mtim, u32 fst_flags) {
    Os<Target> t = changeable(p, m, fd, rights::path_filestat_set_times, path, path_len);
    if (!t) return t.error();
    if (unknown_bits(flags, lookupflags::all)) return Errno::inval;
    Os<NewTimes> times = new_times(atim, mtim, fst_flags);
    if (!times) return times.error();
    return error_of(os::set_path_times(t->base, t->path, follows(flags), times->accessed, times->modified));
}

Errno path_link(Process& p, GuestMemory m, u32 old_fd, u32 old_flags, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path, u32 new_path_len) {
    // A file of a read-only directory must not become writable through a name elsewhere.
    Os<Target> from = changeable(p, m, old_fd, rights::path_link_source, old_path, old_path_len);
    if (!from) return from.error();
    Os<Target> to = changeable(p, m, new_fd, rights::path_link_target, new_path, new_path_len);
    if (!to) return to.error();
    if (old_flags != 0) return Errno::inval;
    return error_of(os::link(from->base, from->path, to->base, to->path));
}

Errno path_open(Process& p, GuestMemory m, u32 fd, u32 dirflags, u32 path, u32 path_len, u32 o, u64 base, u64 inheriting, u32 fd_flags, u32 opened) {
    Os<Target> t = target(p, m, fd, rights::path_open, path, path_len);
    if (!t) return t.error();
    Os<Asked> a = asked(*t->directory, dirflags, o, base, inheriting, fd_flags);
    if (!a) return a.error();
    if (!m.contains(opened, 4)) return Errno::fault;
    if (p.files.full()) return Errno::mfile;  // before a file is made
    Os<OpenFile> f = open_file(*t, *a);
    if (!f) return f.error();
    Os<u32> number = p.files.insert(std::move(*f));
    return number ? m.store(opened, *number) : number.error();
}

Errno path_readlink(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len, u32 buf, u32 buf_len, u32 used) {
    Os<Target> t = target(p, m, fd, rights::path_readlink, path, path_len);
    if (!t) return t.error();
    Os<std::span<u8>> to = m.view(buf, buf_len);
    if (!to || !m.contains(used, 4)) return Errno::fault;
    Os<std::string> contents = os::read_link(t->base, t->path);
    if (!contents) return contents.error();
    std::size_t n = std::min(contents->size(), to->size());
    std::memcpy(to->data(), contents->data(), n);
    return m.store(used, u32(n));
}

Errno path_remove_directory(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len) {
    Os<Target> t = changeable(p, m, fd, rights::path_remove_directory, path, path_len);
    return t ? error_of(os::remove_directory(t->base, t->path)) : t.error();
}

Errno path_rename(Process& p, GuestMemory m, u32 fd, u32 old_path, u32 old_path_len, u32 new_fd, u32 new_path, u32 new_path_len) {
    Os<Target> from = changeable(p, m, fd, rights::path_rename_source, old_path, old_path_len);
    if (!from) return from.error();
    Os<Target> to = changeable(p, m, new_fd, rights::path_rename_target, new_path, new_path_len);
    if (!to) return to.error();
    return error_of(os::rename(from->base, from->path, to->base, to->path));
}

Errno path_symlink(Process& p, GuestMemory m, u32 old_path, u32 old_path_len, u32 fd, u32 new_path, u32 new_path_len) {
    Os<Target> t = changeable(p, m, fd, rights::path_symlink, new_path, new_path_len);
    if (!t) return t.error();
    Os<std::string> contents = p.path(m, old_path, old_path_len);
    return contents ? error_of(os::symbolic_link(*contents, t->base, t->path)) : contents.error();
}

Errno path_unlink_file(Process& p, GuestMemory m, u32 fd, u32 path, u32 path_len) {
    Os<Target> t = changeable(p, m, fd, rights::path_unlink_file, path, path_len);
    return t ? error_of(os::unlink_file(t->base, t->path)) : t.error();
}

}  // namespace heddle::wasi::p1
