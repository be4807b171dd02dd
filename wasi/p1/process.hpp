// One running preview-1 program: its Context and its table of open files.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "context.hpp"
#include "p1/abi.hpp"

namespace heddle::wasi::p1 {

// One descriptor of the guest.
struct OpenFile {
    std::shared_ptr<os::Descriptor> descriptor;   // empty: `stream` is in memory
    std::shared_ptr<Stream> stream;
    os::FileType type = os::FileType::unknown;
    Rights base = 0, inheriting = 0;              // only ever shrink
    u16 flags = 0;                                // fdflags
    bool read_only = false;                       // in or beneath a read-only directory, whatever the rights say
    bool listener = false;
    std::optional<std::string> preopen;           // the name under which it was granted

    bool was_given() const { return preopen || listener || (stream && !is_positioned()); }
    bool is_directory() const { return type == os::FileType::directory; }
    // Has a position and is always ready.
    bool is_positioned() const { return descriptor && (type == os::FileType::regular_file || type == os::FileType::block_device); }
    bool is_socket() const { return type == os::FileType::socket_stream || type == os::FileType::socket_dgram; }
    bool nonblocking() const { return (flags & fdflags::nonblock) != 0; }
    bool may(Rights r) const { return (base & r) == r; }
    int fd() const { return descriptor->get(); }
};

// Numbers given to the guest: the lowest free one first.
class FileTable {
public:
    explicit FileTable(u32 limit) : limit_(limit) {}
    OpenFile* find(u32 fd) { return fd < files_.size() && files_[fd] ? &*files_[fd] : nullptr; }
    Os<u32> insert(OpenFile f);
    Os<void> close(u32 fd);
    // `to` is closed and becomes what `from` was.
    Os<void> renumber(u32 from, u32 to);
    bool full() const;
    // The first that is none of those the program was started with.
    std::optional<u32> find_opened() const;

private:
    std::vector<std::optional<OpenFile>> files_;
    u32 limit_;
};

struct Process {
    Context context;
    FileTable files;

    // Opens the standard streams, directories and listeners of the context. More of them than open_files: those are left out (see add()).
    explicit Process(const Context& context);
    ContextData& data() const { return context.data(); }

    // The open file with those rights. Errors: badf, notcapable.
    Os<OpenFile*> file(u32 fd, Rights needed);
    // The same for a directory. Errors also: notdir.
    Os<OpenFile*> directory(u32 fd, Rights needed);
    os::Base base(const OpenFile& directory) const { return {directory.fd(), data().confinement}; }
    // A path in guest memory, checked.
    Os<std::string> path(GuestMemory memory, u32 at, u32 size) const { return memory.path(at, size, data().limits.path_bytes); }
};

}  // namespace heddle::wasi::p1
