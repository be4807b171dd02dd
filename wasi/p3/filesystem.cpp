// wasi:filesystem.
#include <algorithm>

#include "files_wit.hpp"
#include "p3/instant.hpp"
#include "p3/p3.hpp"

namespace heddle::wasi::p3 {

struct FsErrorNames {
    static constexpr auto list = std::to_array<std::string_view>(
        {"access", "already", "bad-descriptor", "busy", "deadlock", "quota", "exist", "file-too-large", "illegal-byte-sequence", "in-progress",
         "interrupted", "invalid", "io", "is-directory", "loop", "too-many-links", "message-size", "name-too-long", "no-device", "no-entry", "no-lock",
         "insufficient-memory", "insufficient-space", "not-directory", "not-empty", "not-recoverable", "unsupported", "no-tty", "no-such-device",
         "overflow", "not-permitted", "pipe", "read-only", "invalid-seek", "text-file-busy", "cross-device"});
};
struct TypeNames {
    static constexpr auto list = std::to_array<std::string_view>(
        {"block-device", "character-device", "directory", "fifo", "symbolic-link", "regular-file", "socket"});
};
using FsError = OpenVariant<FsErrorNames>;
using DescriptorType = OpenVariant<TypeNames>;
struct NewTimestamp : std::variant<std::monostate, Nothing<1>, Instant> {};
struct DescriptorStat {
    DescriptorType type;
    u64 link_count = 0, size = 0;
    std::optional<Instant> accessed, modified, changed;
};
struct DirectoryEntry {
    DescriptorType type;
    std::string name;
};

}  // namespace heddle::wasi::p3

template <>
struct heddle::wasi::Cases<heddle::wasi::p3::NewTimestamp> {
    static constexpr auto list = std::to_array<std::string_view>({"no-change", "now", "timestamp"});
};
template <>
struct heddle::component::Fields<heddle::wasi::p3::DescriptorStat> {
    using T = heddle::wasi::p3::DescriptorStat;
    static constexpr auto list = std::tuple(std::pair("type", &T::type), std::pair("link-count", &T::link_count), std::pair("size", &T::size),
                                            std::pair("data-access-timestamp", &T::accessed), std::pair("data-modification-timestamp", &T::modified),
                                            std::pair("status-change-timestamp", &T::changed));
};
template <>
struct heddle::component::Fields<heddle::wasi::p3::DirectoryEntry> {
    using T = heddle::wasi::p3::DirectoryEntry;
    static constexpr auto list = std::tuple(std::pair("type", &T::type), std::pair("name", &T::name));
};

namespace heddle::wasi::p3 {

namespace {

template <class T>
using Fs = std::expected<T, FsError>;
using Self = Borrow<File>;
using Str = std::string;
using PF = PathFlags;

FsError error(Errno e) { return FsError::of(filesystem_error(e), text(e)); }
Val failure(Errno e) {
    FsError f = error(e);
    return f.other ? Val::variant(f.index, Val::some(Val::string(*f.other))) : Val::variant(f.index);
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
        case os::FileType::block_device: return DescriptorType::of("block-device", "");
        case os::FileType::character_device: return DescriptorType::of("character-device", "");
        case os::FileType::directory: return DescriptorType::of("directory", "");
        case os::FileType::regular_file: return DescriptorType::of("regular-file", "");
        case os::FileType::symbolic_link: return DescriptorType::of("symbolic-link", "");
        case os::FileType::socket_dgram:
        case os::FileType::socket_stream: return DescriptorType::of("socket", "");
        default: return {};
    }
}

Fs<DescriptorStat> stat_result(Os<os::Metadata> m) {
    if (!m) return std::unexpected(error(m.error()));
    return DescriptorStat{type_of(m->type), m->links, m->size, Instant::of(m->accessed), Instant::of(m->modified), Instant::of(m->changed)};
}

Os<os::NewTime> new_time(const NewTimestamp& t) {
    constexpr i64 ns = 1'000'000'000, most = INT64_MAX / ns - 1;
    if (t.index() == 0) return os::NewTime{};
    if (t.index() == 1) return os::NewTime{os::NewTime::now, 0};
    const Instant& i = std::get<2>(t);
    if (i.seconds < 0 || i.seconds > most || i.nanoseconds >= ns) return fail(Errno::overflow);
    return os::NewTime{os::NewTime::at, u64(i.seconds * ns + i.nanoseconds)};
}

template <class F>
Fs<void> with_times(const NewTimestamp& a, const NewTimestamp& b, F f) {
    Os<os::NewTime> x = new_time(a), y = new_time(b);
    if (!x || !y) return std::unexpected(error(Errno::overflow));
    return fs(f(*x, *y));
}

void sync(Guest& g, Reply<Fs<void>> reply, const Self& self, bool data_only) {
    reply.keep(self->sync_in_pool(g, data_only, [reply](Os<void> r) { reply(fs(r)); }));
}

WithEnd<DirectoryEntry, FsError> read_directory(Guest& g, const File& directory) {
    auto s = DirectoryStream::open(g, directory);
    if (!s) return with_end<DirectoryEntry, FsError>(failed_stream(g, s.error(), &failure));
    auto make = [entries = *s, guest = &g](u32 most, Ended& ended) -> std::optional<Val> {
        std::vector<Val> list;
        while (list.size() < most) {
            auto e = entries->next();
            if (!e && list.empty()) ended = e.error();
            if (!e || !*e) break;
            list.push_back(Wit<DirectoryEntry>::to(*guest, {type_of((*e)->type), std::move((*e)->name)}));
        }
        if (list.empty()) return std::nullopt;
        return Val::list(std::move(list));
    };
    return with_end<DirectoryEntry, FsError>(outgoing(g, {std::move(make), nullptr, &failure}));
}

using Written = FutureOf<Fs<void>>;

void add_files(Binder::Interface& i) {
    i.fn("[method]descriptor.read-via-stream(self, offset)",
         [](Guest& g, Self self, u64 offset) { return with_end<u8, FsError>(outgoing_bytes(g, self->read_stream(g, offset), &failure)); })
        .fn("[method]descriptor.write-via-stream(self, data, offset)",
            [](Guest& g, Self self, StreamOf<u8> data, u64 offset) {
                return Written{incoming_bytes(g, data.end, self->write_stream(g, WriteAt::offset, offset), &failure)};
            })
        .fn("[method]descriptor.append-via-stream(self, data)",
            [](Guest& g, Self self, StreamOf<u8> data) { return Written{incoming_bytes(g, data.end, self->write_stream(g, WriteAt::end, 0), &failure)}; })
        .async_fn("[method]descriptor.advise(self, offset, length, advice)",
                  [](Guest&, Self self, u64 offset, u64 length, Advice advice) { return fs(self->advise(offset, length, advice)); })
        .async_fn("[method]descriptor.sync-data(self)", [](Guest& g, Reply<Fs<void>> reply, Self self) { sync(g, reply, self, true); })
        .async_fn("[method]descriptor.sync(self)", [](Guest& g, Reply<Fs<void>> reply, Self self) { sync(g, reply, self, false); })
        .async_fn("[method]descriptor.get-flags(self)", [](Guest&, Self self) { return Fs<DescriptorFlags>(self->flags()); })
        .async_fn("[method]descriptor.get-type(self)", [](Guest&, Self self) { return Fs<DescriptorType>(type_of(self->type)); })
        .async_fn("[method]descriptor.set-size(self, size)", [](Guest&, Self self, u64 size) { return fs(self->set_size(size)); })
        .async_fn("[method]descriptor.set-times(self, data-access-timestamp, data-modification-timestamp)",
                  [](Guest&, Self self, NewTimestamp accessed, NewTimestamp modified) {
                      return with_times(accessed, modified, [&](os::NewTime a, os::NewTime m) { return self->set_times(a, m); });
                  })
        .async_fn("[method]descriptor.stat(self)", [](Guest&, Self self) { return stat_result(self->stat()); })
        .async_fn("[method]descriptor.is-same-object(self, other)", [](Guest&, Self self, Self other) { return self->is_same(*other).value_or(false); })
        .async_fn("[method]descriptor.metadata-hash(self)", [](Guest&, Self self) { return fs(self->metadata_hash()); });
}

void add_directories(Binder::Interface& i) {
    i.fn("[method]descriptor.read-directory(self)", [](Guest& g, Self self) { return read_directory(g, *self); })
        .async_fn("[method]descriptor.create-directory-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->create_directory(g, path)); })
        .async_fn("[method]descriptor.stat-at(self, path-flags, path)",
                  [](Guest& g, Self self, PF how, Str path) { return stat_result(self->stat_at(g, how, path)); })
        .async_fn("[method]descriptor.set-times-at(self, path-flags, path, data-access-timestamp, data-modification-timestamp)",
                  [](Guest& g, Self self, PF how, Str path, NewTimestamp accessed, NewTimestamp modified) {
                      return with_times(accessed, modified, [&](os::NewTime a, os::NewTime m) { return self->set_times_at(g, how, path, a, m); });
                  })
        .async_fn("[method]descriptor.link-at(self, old-path-flags, old-path, new-descriptor, new-path)",
                  [](Guest& g, Self self, PF how, Str from, Self to, Str path) { return fs(self->link(g, how, from, *to, path)); })
        .async_fn("[method]descriptor.open-at(self, path-flags, path, open-flags, flags)",
                  [](Guest& g, Self self, PF how, Str path, OpenFlags open, DescriptorFlags flags) { return fs(self->open(g, how, path, open, flags)); })
        .async_fn("[method]descriptor.readlink-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->read_link(g, path)); })
        .async_fn("[method]descriptor.remove-directory-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->remove_directory(g, path)); })
        .async_fn("[method]descriptor.rename-at(self, old-path, new-descriptor, new-path)",
                  [](Guest& g, Self self, Str from, Self to, Str path) { return fs(self->rename(g, from, *to, path)); })
        .async_fn("[method]descriptor.symlink-at(self, old-path, new-path)",
                  [](Guest& g, Self self, Str contents, Str path) { return fs(self->symbolic_link(g, contents, path)); })
        .async_fn("[method]descriptor.unlink-file-at(self, path)", [](Guest& g, Self self, Str path) { return fs(self->unlink(g, path)); })
        .async_fn("[method]descriptor.metadata-hash-at(self, path-flags, path)",
                  [](Guest& g, Self self, PF how, Str path) { return fs(self->metadata_hash_at(g, how, path)); });
}

std::vector<std::tuple<Own<File>, std::string>> directories(Guest& g) {
    std::vector<std::tuple<Own<File>, std::string>> all;
    for (const Directory& d : g.context().directories) all.emplace_back(File::granted(d), d.guest_path);
    return all;
}

}  // namespace

void add_filesystem(Binder& b) {
    auto types = b.interface("wasi:filesystem/types@0.3.0");
    types.resource<File>();
    add_files(types);
    add_directories(types);
    b.interface("wasi:filesystem/preopens@0.3.0").fn("get-directories()", [](Guest& g) { return directories(g); });
}

}  // namespace heddle::wasi::p3
