// The entries of a directory, from a position on.
#pragma once
#include <string>
#include <vector>

#include "os/descriptor.hpp"

namespace heddle::wasi::os {

struct DirectoryEntry {
    u64 next;          // the position after it
    u64 inode;
    FileType type;
    std::string name;
};

// At least one entry after `position` unless there is none, at most about `bytes` worth of them. "." and ".." are among them, and ".." has
// the directory's own inode number: what lies above it is nobody's business. Position 0 is the start; others come from `next`.
Os<std::vector<DirectoryEntry>> read_directory(int fd, u64 position, std::size_t bytes);

}  // namespace heddle::wasi::os
