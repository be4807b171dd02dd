// Files and directories as components see them, for every version of wasi:filesystem: the checks of the policy over os/path's confinement.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guest.hpp"
#include "io.hpp"
#include "os/directory.hpp"
#include "os/path.hpp"

namespace heddle::wasi {

enum class PathFlags : u32 { none = 0, symlink_follow = 1 };
enum class OpenFlags : u32 { none = 0, create = 1, directory = 2, exclusive = 4, truncate = 8 };
enum class DescriptorFlags : u32 { none = 0, read = 1, write = 2, file_sync = 4, data_sync = 8, requested_write_sync = 16, mutate_directory = 32 };
enum class Advice : u8 { normal, sequential, random, will_need, dont_need, no_reuse };
template <class E>
    requires std::is_enum_v<E>
bool has(E flags, E bit) { return (u32(flags) & u32(bit)) != 0; }

struct MetadataHash {
    u64 lower = 0, upper = 0;
};

class File final : public Resource {
public:
    static constexpr const char* wit_name = "descriptor";

    // A directory that the Context grants.
    static std::shared_ptr<File> granted(const Directory& d);

    os::FileType type = os::FileType::unknown;
    std::shared_ptr<os::Descriptor> descriptor;
    bool read_only = false;                         // in or beneath a read-only directory
    bool readable = true, writable = false;
    DescriptorFlags sync = DescriptorFlags::none;   // as it was opened
    OpenSlot slot;                                  // of the guest's open files

    bool has_state() const override { return false; }  // no position: streams have one
    bool is_directory() const { return type == os::FileType::directory; }
    bool is_positioned() const { return type == os::FileType::regular_file || type == os::FileType::block_device; }
    int fd() const { return descriptor->get(); }
    DescriptorFlags flags() const;

    // ---- of files
    Os<std::shared_ptr<InputStream>> read_stream(Guest& g, u64 offset) const;
    Os<std::shared_ptr<OutputStream>> write_stream(Guest& g, WriteAt where, u64 offset) const;
    Os<std::vector<u8>> read(Guest& g, u64 length, u64 offset, bool& at_end) const;
    Os<u64> write(std::span<const u8> bytes, u64 offset) const;
    Os<void> advise(u64 offset, u64 length, Advice advice) const;
    Os<void> set_size(u64 size) const;
    Os<void> set_times(os::NewTime accessed, os::NewTime modified) const;
    Os<os::Metadata> stat() const { return os::status(fd()); }
    Os<MetadataHash> metadata_hash() const;
    Os<bool> is_same(const File& other) const;
    // fsync or fdatasync in the reactor's pool; `then` is told the result.
    Pending sync_in_pool(Guest& g, bool data_only, std::function<void(Os<void>)> then) const;

    // ---- of directories: paths beneath them
    Os<void> create_directory(Guest& g, std::string_view path) const;
    Os<os::Metadata> stat_at(Guest& g, PathFlags how, std::string_view path) const;
    Os<void> set_times_at(Guest& g, PathFlags how, std::string_view path, os::NewTime accessed, os::NewTime modified) const;
    Os<void> link(Guest& g, PathFlags how, std::string_view old_path, const File& to, std::string_view new_path) const;
    Os<std::shared_ptr<File>> open(Guest& g, PathFlags how, std::string_view path, OpenFlags open, DescriptorFlags flags) const;
    Os<std::string> read_link(Guest& g, std::string_view path) const;
    Os<void> remove_directory(Guest& g, std::string_view path) const;
    Os<void> rename(Guest& g, std::string_view old_path, const File& to, std::string_view new_path) const;
    Os<void> symbolic_link(Guest& g, std::string_view contents, std::string_view path) const;
    Os<void> unlink(Guest& g, std::string_view path) const;
    Os<MetadataHash> metadata_hash_at(Guest& g, PathFlags how, std::string_view path) const;
};

// The entries of a directory, one after the other, without "." and "..". Has a position of its own.
class DirectoryStream final : public Resource {
public:
    static constexpr const char* wit_name = "directory-entry-stream";
    static Os<std::shared_ptr<DirectoryStream>> open(Guest& g, const File& directory);
    // Empty: the end.
    Os<std::optional<os::DirectoryEntry>> next();

private:
    os::Descriptor directory_;
    OpenSlot slot_;
    std::vector<os::DirectoryEntry> entries_;
    std::size_t at_ = 0;
    u64 position_ = 0;
};

// How wasi:filesystem calls an error: "no-entry". What has no name of its own is "io".
std::string_view filesystem_error(Errno e);

}  // namespace heddle::wasi
