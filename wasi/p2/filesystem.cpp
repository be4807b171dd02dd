// wasi:filesystem.
#include <algorithm>

#include "files_wit.hpp"
#include "p2/datetime.hpp"
#include "p2/p2.hpp"

namespace heddle::wasi::p2 {

enum class FsError : u8 {};
enum class DescriptorType : u8 { unknown, block_device, character_device, directory, fifo, symbolic_link, regular_file, socket };
struct NewTimestamp : std::variant<std::monostate, Nothing<1>, Datetime> {};
struct DescriptorStat {
    DescriptorType type{};
    u64 link_count = 0, size = 0;
    std::optional<Datetime> accessed, modified, changed;
};
struct DirectoryEntry {
    DescriptorType type{};
    std::string name;
};

}  // namespace heddle::wasi::p2

namespace heddle::wasi {

template <>
struct Labels<p2::FsError> {
    static constexpr auto list = std::to_array<std::string_view>(
        {"access", "would-block", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large", "illegal-byte-sequence",
         "in-progress", "interrupted", "invalid", "io", "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry",
         "no-lock", "insufficient-memory", "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty", "no-such-device",
         "overflow", "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy", "cross-device"});
};
template <>
struct Labels<p2::DescriptorType> {
    static constexpr auto list = std::to_array<std::string_view>(
        {"unknown", "block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket"});
};
template <>
struct Cases<p2::NewTimestamp> {
    static constexpr auto list = std::to_array<std::string_view>({"no-change", "now", "timestamp"});
};

}  // namespace heddle::wasi

template <>
struct heddle::component::Fields<heddle::wasi::p2::DescriptorStat> {
    using T = heddle::wasi::p2::DescriptorStat;
    static constexpr auto list = std::tuple(std::pair("type", &T::type), std::pair("link-count", &T::link_count), std::pair("size", &T::size),
                                            std::pair("data-access-timestamp", &T::accessed), std::pair("data-modification-timestamp", &T::modified),
                                            std::pair("status-change-timestamp", &T::changed));
};
template <>
struct heddle::component::Fields<heddle::wasi::p2::DirectoryEntry> {
    using T = heddle::wasi::p2::DirectoryEntry;
    static constexpr auto list = std::tuple(std::pair("type", &T::type), std::pair("name", &T::name));
};

namespace heddle::wasi::p2 {

namespace {

template <class T>
using Fs = std::expected<T, FsError>;
using Self = Borrow<File>;

FsError error(Errno e) {
    constexpr auto& all = Labels<FsError>::list;
    return FsError(std::ranges::find(all, filesystem_error(e)) - all.begin());
}

template <class T>
Fs<T> fs(Os<T> r) {
    if (!r) return std::unexpected(error(r.error()));
    if constexpr (std::is_void_v<T>) return {};
    else return std::move(*r);
}
template <class T>
Fs<Own<T>> fs(Os<std::shared_ptr<T>> r) {
    if (!r) return std::unexpected(error(r.error()));
    return Own<T>(std::move(*r));
}

DescriptorType type_of(os::FileType t) {
    switch (t) {
        case os::FileType::block_device: return DescriptorType::block_device;
        case os::FileType::character_device: return DescriptorType::character_device;
        case os::FileType::directory: return DescriptorType::directory;
        case os::FileType::regular_file: return DescriptorType::regular_file;
        case os::FileType::symbolic_link: return DescriptorType::symbolic_link;
        case os::FileType::socket_dgram:
        case os::FileType::socket_stream: return DescriptorType::socket;
        default: return DescriptorType::unknown;
    }
}

DescriptorStat stat_of(const os::Metadata& m) {
    return {type_of(m.type), m.links, m.size, Datetime::of(m.accessed), Datetime::of(m.modified), Datetime::of(m.changed)};
}

Fs<DescriptorStat> stat_result(Os<os::Metadata> m) {
    if (!m) return std::unexpected(error(m.error()));
    return stat_of(*m);
}

Os<os::NewTime> new_time(const NewTimestamp& t) {
    constexpr u64 ns = 1'000'000'000, most = u64(INT64_MAX) / ns - 1;
    if (t.index() == 0) return os::NewTime{};
    if (t.index() == 1) return os::NewTime{os::NewTime::now, 0};
    const Datetime& d = std::get<2>(t);
    if (d.seconds > most || d.nanoseconds >= ns) return fail(Errno::overflow);
    return os::NewTime{os::NewTime::at, d.seconds * ns + d.nanoseconds};
}

template <class F>
Fs<void> with_times(const NewTimestamp& a, const NewTimestamp& b, F f) {
    Os<os::NewTime> x = new_time(a), y = new_time(b);
    if (!x || !y) return std::unexpected(error(Errno::overflow));
    return fs(f(*x, *y));
}

Fs<std::tuple<std::vector<u8>, bool>> read(Guest& g, const File& f, u64 length, u64 offset) {
    bool at_end = false;
    auto bytes = f.read(g, length, offset, at_end);
    if (!bytes) return std::unexpected(error(bytes.error()));
    return std::tuple(std::move(*bytes), at_end);
}

Fs<std::optional<DirectoryEntry>> next_entry(DirectoryStream& s) {
    auto e = s.next();
    if (!e) return std::unexpected(error(e.error()));
    if (!*e) return std::optional<DirectoryEntry>();
    return std::optional(DirectoryEntry{type_of((*e)->type), std::move((*e)->name)});
}

std::optional<FsError> error_code(const IoError& e) { return e.code ? std::optional(error(*e.code)) : std::nullopt; }

void sync(Guest& g, Reply<Fs<void>> reply, const Self& self, bool data_only) {
    reply.keep(self->sync_in_pool(g, data_only, [reply](Os<void> r) { reply(fs(r)); }));
}

std::vector<std::tuple<Own<File>, std::string>> directories(Guest& g) {
    std::vector<std::tuple<Own<File>, std::string>> all;
    for (const Directory& d : g.context().directories) all.emplace_back(File::granted(d), d.guest_path);
    return all;
}

using Str = std::string;
using PF = PathFlags;

void add_files(Binder::Interface& i) {
    i.fn("[method]descriptor.read-via-stream(self, offset)", [](Guest& g, Self self, u64 offset) { return fs(self->read_stream(g, offset)); })
        .fn("[method]descriptor.write-via-stream(self, offset)",
            [](Guest& g, Self self, u64 offset) { return fs(self->write_stream(g, WriteAt::offset, offset)); })
        .fn("[method]descriptor.append-via-stream(self)", [](Guest& g, Self self) { return fs(self->write_stream(g, WriteAt::end, 0)); })
        .fn("[method]descriptor.advise(self, offset, length, advice)",
            [](Guest&, Self self, u64 offset, u64 length, Advice advice) { return fs(self->advise(offset, length, advice)); })
        .fn("[method]descriptor.sync-data(self)", [](Guest& g, Reply<Fs<void>> reply, Self self) { sync(g, reply, self, true); })
        .fn("[method]descriptor.sync(self)", [](Guest& g, Reply<Fs<void>> reply, Self self) { sync(g, reply, self, false); })
        .fn("[method]descriptor.get-flags(self)", [](Guest&, Self self) { return Fs<DescriptorFlags>(self->flags()); })
        .fn("[method]descriptor.get-type(self)", [](Guest&, Self self) { return Fs<DescriptorType>(type_of(self->type)); })
        .fn("[method]descriptor.set-size(self, size)", [](Guest&, Self self, u64 size) { return fs(self->set_size(size)); })
        .fn("[method]descriptor.set-times(self, data-access-timestamp, data-modification-timestamp)",
            [](Guest&, Self self, NewTimestamp accessed, NewTimestamp modified) {
                return with_times(accessed, modified, [&](os::NewTime a, os::NewTime m) { return self->set_times(a, m); });
            })
        .fn("[method]descriptor.read(self, length, offset)", [](Guest& g, Self self, u64 length, u64 offset) { return read(g, *self, length, offset); })
        .fn("[method]descriptor.write(self, buffer, offset)",
            [](Guest&, Self self, std::vector<u8> buffer, u64 offset) { return fs(self->write(buffer, offset)); })
        .fn("[method]descriptor.stat(self)", [](Guest&, Self self) { return stat_result(self->stat()); })
        .fn("[method]descriptor.is-same-object(self, other)", [](Guest&, Self self, Self other) { return self->is_same(*other).value_or(false); })
        .fn("[method]descriptor.metadata-hash(self)", [](Guest&, Self self) { return fs(self->metadata_hash()); });
}

void add_directories(Binder::Interface& i) {
    i.fn("[method]descriptor.read-directory(self)", [](Guest& g, Self self) { return fs(DirectoryStream::open(g, *self)); })
        .fn("[method]directory-entry-stream.read-directory-entry(self)", [](Guest&, Borrow<DirectoryStream> self) { return next_entry(*self); })
        .fn("[method]descriptor.create-directory-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->create_directory(g, path)); })
        .fn("[method]descriptor.stat-at(self, path-flags, path)",
            [](Guest& g, Self self, PF how, Str path) { return stat_result(self->stat_at(g, how, path)); })
        .fn("[method]descriptor.set-times-at(self, path-flags, path, data-access-timestamp, data-modification-timestamp)",
            [](Guest& g, Self self, PF how, Str path, NewTimestamp accessed, NewTimestamp modified) {
                return with_times(accessed, modified, [&](os::NewTime a, os::NewTime m) { return self->set_times_at(g, how, path, a, m); });
            })
        .fn("[method]descriptor.link-at(self, old-path-flags, old-path, new-descriptor, new-path)",
            [](Guest& g, Self self, PF how, Str from, Self to, Str path) { return fs(self->link(g, how, from, *to, path)); })
        .fn("[method]descriptor.open-at(self, path-flags, path, open-flags, flags)",
            [](Guest& g, Self self, PF how, Str path, OpenFlags open, DescriptorFlags flags) { return fs(self->open(g, how, path, open, flags)); })
        .fn("[method]descriptor.readlink-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->read_link(g, path)); })
        .fn("[method]descriptor.remove-directory-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->remove_directory(g, path)); })
        .fn("[method]descriptor.rename-at(self, old-path, new-descriptor, new-path)",
            [](Guest& g, Self self, Str from, Self to, Str path) { return fs(self->rename(g, from, *to, path)); })
        .fn("[method]descriptor.symlink-at(self, old-path, new-path)",
            [](Guest& g, Self self, Str contents, Str path) { return fs(self->symbolic_link(g, contents, path)); })
        .fn("[method]descriptor.unlink-file-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->unlink(g, path)); })
        .fn("[method]descriptor.metadata-hash-at(self, path-flags, path)",
            [](Guest& g, Self self, PF how, Str path) { return fs(self->metadata_hash_at(g, how, path)); });
}

}  // namespace

void add_filesystem(Binder& b) {
    auto types = b.interface("wasi:filesystem/types@0.2.12");
    types.resource<File>().resource<DirectoryStream>();
    add_files(types);
    add_directories(types);
    types.fn("filesystem-error-code(err)", [](Guest&, Borrow<IoError> err) { return error_code(*err); });
    b.interface("wasi:filesystem/preopens@0.2.12").fn("get-directories()", [](Guest& g) { return directories(g); });
}

}  // namespace heddle::wasi::p2
