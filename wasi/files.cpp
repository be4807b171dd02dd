#include "files.hpp"

#include <algorithm>

#include "os/clock.hpp"

namespace heddle::wasi {

namespace {

constexpr u64 longest_read = u64(16) << 20;  // of one call

struct NamedError {
    Errno code;
    std::string_view name;
};
constexpr NamedError named_errors[] = {
    {Errno::acces, "access"},
    {Errno::again, "would-block"},
    {Errno::already, "already"},
    {Errno::badf, "bad-descriptor"},
    {Errno::busy, "busy"},
    {Errno::deadlk, "deadlock"},
    {Errno::dquot, "quota"},
    {Errno::mfile, "quota"},
    {Errno::nfile, "quota"},
    {Errno::exist, "exist"},
    {Errno::fbig, "file-too-large"},
    {Errno::ilseq, "illegal-byte-sequence"},
    {Errno::inprogress, "in-progress"},
    {Errno::intr, "interrupted"},
    {Errno::inval, "invalid"},
    {Errno::isdir, "is-directory"},
    {Errno::loop, "loop"},
    {Errno::mlink, "too-many-links"},
    {Errno::msgsize, "message-size"},
    {Errno::nametoolong, "name-too-long"},
    {Errno::nodev, "no-device"},
    {Errno::noent, "no-entry"},
    {Errno::nolck, "no-lock"},
    {Errno::nomem, "insufficient-memory"},
    {Errno::nospc, "insufficient-space"},
    {Errno::notdir, "not-directory"},
    {Errno::notempty, "not-empty"},
    {Errno::notrecoverable, "not-recoverable"},
    {Errno::notsup, "unsupported"},
    {Errno::nosys, "unsupported"},
    {Errno::notty, "no-tty"},
    {Errno::nxio, "no-such-device"},
    {Errno::overflow, "overflow"},
    {Errno::perm, "not-permitted"},
    {Errno::notcapable, "not-permitted"},
    {Errno::pipe, "pipe"},
    {Errno::rofs, "read-only"},
    {Errno::spipe, "invalid-seek"},
    {Errno::txtbsy, "text-file-busy"},
    {Errno::xdev, "cross-device"},
};

// A directory and a path in it that may be looked up.
Os<os::Base> base_for(Guest& g, const File& d, std::string_view path) {
    if (!d.is_directory()) return fail(Errno::notdir);
    if (path.size() > g.context().limits.path_bytes) return fail(Errno::nametoolong);
    if (path.find('\0') != path.npos) return fail(Errno::inval);
    return os::Base{d.fd(), g.context().confinement};
}

// The same for something that is going to change.
Os<os::Base> changeable(Guest& g, const File& d, std::string_view path) {
    Os<os::Base> b = base_for(g, d, path);
    if (b && d.read_only) return fail(Errno::rofs);
    return b;
}

// What `f` makes of a good value; an error passes through.
template <class T, class F>
auto then(const Os<T>& r, F f) -> std::invoke_result_t<F, const T&> {
    if (!r) return fail(r.error());
    return f(*r);
}

// Not to be guessed from outside, the same while this process runs.
u64 secret() {
    static const u64 s = [] {
        u64 v = 0;
        (void)os::fill_random(std::span(reinterpret_cast<u8*>(&v), sizeof v));
        return v;
    }();
    return s;
}

u64 mixed(u64 z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

// Of what makes a file that file: its place, not its contents, since programs take this for the inode's number.
MetadataHash hash_of(const os::Metadata& m) {
    u64 lower = mixed(mixed(m.inode ^ secret()) + m.device);
    return {lower, mixed(lower ^ m.inode)};
}

}  // namespace

std::string_view filesystem_error(Errno e) {
    auto at = std::ranges::find(named_errors, e, &NamedError::code);
    return at == std::end(named_errors) ? "io" : at->name;
}

std::shared_ptr<File> File::granted(const Directory& d) {
    auto f = std::make_shared<File>();
    f->type = os::FileType::directory;
    f->descriptor = d.descriptor;
    f->read_only = d.read_only;
    return f;
}

DescriptorFlags File::flags() const {
    u32 f = u32(sync) | (readable ? u32(DescriptorFlags::read) : 0) | (writable ? u32(DescriptorFlags::write) : 0);
    if (is_directory() && !read_only) f |= u32(DescriptorFlags::mutate_directory);
    return DescriptorFlags(f);
}

// ---- files ----------------------------------------------------------------------------------------------------------------------------------

Os<std::shared_ptr<InputStream>> File::read_stream(Guest& g, u64 offset) const {
    if (is_directory()) return fail(Errno::isdir);
    if (!readable) return fail(Errno::badf);
    if (is_positioned()) return file_input(descriptor, offset);
    return channel_input(std::make_shared<Channel>(g, descriptor));
}

Os<std::shared_ptr<OutputStream>> File::write_stream(Guest& g, WriteAt where, u64 offset) const {
    if (is_directory()) return fail(Errno::isdir);
    if (!writable) return fail(Errno::badf);
    if (is_positioned()) return file_output(descriptor, where, offset);
    return channel_output(g, std::make_shared<Channel>(g, descriptor));
}

Os<std::vector<u8>> File::read(Guest& g, u64 length, u64 offset, bool& at_end) const {
    if (is_directory()) return fail(Errno::isdir);
    if (!readable) return fail(Errno::badf);
    if (!is_positioned()) return fail(Errno::spipe);
    std::vector<u8> bytes(std::min(length, longest_read));
    Charge held = g.charge(bytes.size());
    std::size_t done = 0;
    while (done < bytes.size()) {
        iovec v{bytes.data() + done, bytes.size() - done};
        Os<std::size_t> n = os::read_at(fd(), {&v, 1}, offset + done);
        if (!n && done == 0) return fail(n.error());
        if (!n || *n == 0) break;
        done += *n;
    }
    at_end = done < bytes.size();
    bytes.resize(done);
    return bytes;
}

Os<u64> File::write(std::span<const u8> bytes, u64 offset) const {
    if (is_directory()) return fail(Errno::isdir);
    if (!writable) return fail(Errno::badf);
    if (!is_positioned()) return fail(Errno::spipe);
    iovec v{const_cast<u8*>(bytes.data()), bytes.size()};
    return os::write_at(fd(), {&v, 1}, offset);
}

Os<void> File::advise(u64 offset, u64 length, Advice advice) const {
    if (is_directory()) return fail(Errno::badf);
    constexpr os::Advice advices[] = {os::Advice::normal,   os::Advice::sequential, os::Advice::random,
                                      os::Advice::willneed, os::Advice::dontneed,   os::Advice::noreuse};
    return os::advise(fd(), offset, length, advices[u8(advice)]);
}

Os<void> File::set_size(u64 size) const {
    if (is_directory()) return fail(Errno::isdir);
    if (!writable) return fail(Errno::badf);
    return os::set_size(fd(), size);
}

Os<void> File::set_times(os::NewTime accessed, os::NewTime modified) const {
    if (read_only) return fail(Errno::rofs);
    return os::set_times(fd(), accessed, modified);
}

Os<MetadataHash> File::metadata_hash() const { return then(stat(), [](const os::Metadata& m) { return Os<MetadataHash>(hash_of(m)); }); }

Os<bool> File::is_same(const File& other) const {
    Os<os::Metadata> a = stat(), b = other.stat();
    if (!a || !b) return fail(a ? b.error() : a.error());
    return a->device == b->device && a->inode == b->inode;
}

Pending File::sync_in_pool(Guest& g, bool data_only, std::function<void(Os<void>)> then) const {
    auto result = std::make_shared<Os<void>>();
    auto work = [d = descriptor, data_only, result] { *result = data_only ? os::sync_data(d->get()) : os::sync(d->get()); };
    return g.reactor().work(std::move(work), [result, then = std::move(then)] { then(*result); });
}

// ---- directories ----------------------------------------------------------------------------------------------------------------------------

Os<void> File::create_directory(Guest& g, std::string_view path) const {
    return then(changeable(g, *this, path), [&](os::Base b) { return os::create_directory(b, path); });
}

Os<os::Metadata> File::stat_at(Guest& g, PathFlags how, std::string_view path) const {
    return then(base_for(g, *this, path), [&](os::Base b) { return os::path_status(b, path, has(how, PathFlags::symlink_follow)); });
}

Os<void> File::set_times_at(Guest& g, PathFlags how, std::string_view path, os::NewTime accessed, os::NewTime modified) const {
    return then(changeable(g, *this, path), [&](os::Base b) {
        return os::set_path_times(b, path, has(how, PathFlags::symlink_follow), accessed, modified);
    });
}

// Both ends must be changeable: a file of a read-only directory must not become writable through a name elsewhere.
Os<void> File::link(Guest& g, PathFlags how, std::string_view old_path, const File& to, std::string_view new_path) const {
    Os<os::Base> a = changeable(g, *this, old_path), b = changeable(g, to, new_path);
    if (!a || !b) return fail(a ? b.error() : a.error());
    if (has(how, PathFlags::symlink_follow)) return fail(Errno::inval);
    return os::link(*a, old_path, *b, new_path);
}

Os<std::shared_ptr<File>> File::open(Guest& g, PathFlags how, std::string_view path, OpenFlags o, DescriptorFlags f) const {
    Os<os::Base> base = base_for(g, *this, path);
    if (!base) return fail(base.error());
    bool write = has(f, DescriptorFlags::write), create = has(o, OpenFlags::create), truncate = has(o, OpenFlags::truncate);
    if (read_only && (write || create || truncate || has(f, DescriptorFlags::mutate_directory))) return fail(Errno::rofs);
    if (create && has(o, OpenFlags::directory)) return fail(Errno::inval);
    if (truncate && !write) return fail(Errno::inval);
    Os<OpenSlot> slot = g.open_slot();
    if (!slot) return fail(slot.error());
    os::OpenHow as{.read = has(f, DescriptorFlags::read) || !write, .write = write, .create = create, .exclusive = has(o, OpenFlags::exclusive),
                   .truncate = truncate, .directory = has(o, OpenFlags::directory), .follow = has(how, PathFlags::symlink_follow),
                   .append = false, .data_sync = has(f, DescriptorFlags::data_sync), .sync = has(f, DescriptorFlags::file_sync)};
    Os<os::Descriptor> d = os::open(*base, path, as);
    if (!d) return fail(d.error());
    Os<os::Metadata> m = os::status(d->get());
    if (!m) return fail(m.error());
    auto file = std::make_shared<File>();
    file->type = m->type;
    file->descriptor = std::make_shared<os::Descriptor>(std::move(*d));
    file->read_only = read_only;
    file->readable = as.read;
    file->writable = write && !file->is_directory();
    file->sync = DescriptorFlags(u32(f) & (u32(DescriptorFlags::file_sync) | u32(DescriptorFlags::data_sync) | u32(DescriptorFlags::requested_write_sync)));
    file->slot = std::move(*slot);
    return file;
}

Os<std::string> File::read_link(Guest& g, std::string_view path) const {
    Os<std::string> contents = then(base_for(g, *this, path), [&](os::Base b) { return os::read_link(b, path); });
    if (contents && contents->starts_with('/')) return fail(Errno::perm);
    return contents;
}

Os<void> File::remove_directory(Guest& g, std::string_view path) const {
    return then(changeable(g, *this, path), [&](os::Base b) { return os::remove_directory(b, path); });
}

Os<void> File::rename(Guest& g, std::string_view old_path, const File& to, std::string_view new_path) const {
    Os<os::Base> a = changeable(g, *this, old_path), b = changeable(g, to, new_path);
    if (!a || !b) return fail(a ? b.error() : a.error());
    return os::rename(*a, old_path, *b, new_path);
}

Os<void> File::symbolic_link(Guest& g, std::string_view contents, std::string_view path) const {
    Os<os::Base> b = changeable(g, *this, path);
    if (!b) return fail(b.error());
    if (contents.size() > g.context().limits.path_bytes) return fail(Errno::nametoolong);
    if (contents.find('\0') != contents.npos) return fail(Errno::inval);
    return os::symbolic_link(contents, *b, path);
}

Os<void> File::unlink(Guest& g, std::string_view path) const {
    return then(changeable(g, *this, path), [&](os::Base b) { return os::unlink_file(b, path); });
}

Os<MetadataHash> File::metadata_hash_at(Guest& g, PathFlags how, std::string_view path) const { 
    return then(stat_at(g, how, path), [](const os::Metadata& m) { return Os<MetadataHash>(hash_of(m)); });
 }

// ---- directory entries ------------------------------------------------------------------------------------------------------------------------

Os<std::shared_ptr<DirectoryStream>> DirectoryStream::open(Guest& g, const File& directory) {
    Os<os::Base> base = base_for(g, directory, ".");
    if (!base) return fail(base.error());
    Os<OpenSlot> slot = g.open_slot();
    if (!slot) return fail(slot.error());
    Os<os::Descriptor> d = os::open(*base, ".", {.read = true, .directory = true});
    if (!d) return fail(d.error());
    auto s = std::make_shared<DirectoryStream>();
    s->directory_ = std::move(*d);
    s->slot_ = std::move(*slot);
    return s;
}

Os<std::optional<os::DirectoryEntry>> DirectoryStream::next() {
    constexpr std::size_t chunk = 8192;
    for (;;) {
        while (at_ < entries_.size()) {
            os::DirectoryEntry& e = entries_[at_++];
            position_ = e.next;
            if (e.name != "." && e.name != "..") return std::optional(std::move(e));
        }
        Os<std::vector<os::DirectoryEntry>> more = os::read_directory(directory_.get(), position_, chunk);
        if (!more) return fail(more.error());
        if (more->empty()) return std::optional<os::DirectoryEntry>();
        entries_ = std::move(*more);
        at_ = 0;
    }
}

}  // namespace heddle::wasi
