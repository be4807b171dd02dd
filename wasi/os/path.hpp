// Paths confined beneath a directory: whatever a path says ("..", absolute, symbolic links, renames behind our back), nothing above or
// outside the directory it starts from is ever opened, changed or looked at. A path that leads out gives Errno::perm.
//
// Opening resolves the whole path beneath the directory. Everything that changes a name (unlink, rename, …) opens the parent directory in
// the same way and then hands the system one single component, which it never follows.
#pragma once
#include <string>
#include <string_view>

#include "os/descriptor.hpp"

namespace heddle::wasi::os {

// Who walks a path.
enum class Confinement : u8 {
    automatic,  // the kernel where it can, else ourselves
    kernel,     // openat2 with RESOLVE_BENEATH
    walk        // component by component, never following a link
};

// A directory and how paths beneath it are resolved.
struct Base {
    int fd;
    Confinement how = Confinement::automatic;
};

struct OpenHow {
    bool read = false, write = false;
    bool create = false, exclusive = false, truncate = false;
    bool directory = false;        // fail unless it is one
    bool follow = false;           // the last component, when it is a symbolic link
    bool append = false, data_sync = false, sync = false;
};

// New files get mode 0666 less the umask. Never waits for the other end of a FIFO: such descriptors are non-blocking.
Os<Descriptor> open(Base base, std::string_view path, const OpenHow& how);
Os<Metadata> path_status(Base base, std::string_view path, bool follow);
Os<void> set_path_times(Base base, std::string_view path, bool follow, NewTime accessed, NewTime modified);
Os<void> create_directory(Base base, std::string_view path);
Os<void> remove_directory(Base base, std::string_view path);
Os<void> unlink_file(Base base, std::string_view path);
Os<std::string> read_link(Base base, std::string_view path);
// A hard link; a symbolic link at `from` is linked itself.
Os<void> link(Base from_base, std::string_view from, Base to_base, std::string_view to);
Os<void> rename(Base from_base, std::string_view from, Base to_base, std::string_view to);
// `contents` must be relative: an absolute link could lead programs outside the sandbox astray.
Os<void> symbolic_link(std::string_view contents, Base base, std::string_view path);

// Opens a directory of the host by its name, unconfined: for what the embedder grants.
Os<Descriptor> open_host_directory(const std::string& path);

// Whether the kernel has openat2.
bool kernel_confines();

}  // namespace heddle::wasi::os
