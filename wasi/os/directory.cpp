#include "os/directory.hpp"

#include <algorithm>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::wasi::os {

namespace {

constexpr std::size_t least_bytes = 1024;  // more than any single entry
constexpr std::size_t most_bytes = 32 * 1024;

FileType type_of_entry(int directory, const char* name, unsigned char d_type) {
    switch (d_type) {
        case DT_BLK: return FileType::block_device;
        case DT_CHR: return FileType::character_device;
        case DT_DIR: return FileType::directory;
        case DT_REG: return FileType::regular_file;
        case DT_LNK: return FileType::symbolic_link;
        case DT_SOCK: return FileType::socket_stream;
        case DT_UNKNOWN: break;
        default: return FileType::unknown;
    }
    // Some file systems do not say.
    struct stat s;
    if (fstatat(directory, name, &s, AT_SYMLINK_NOFOLLOW) != 0) return FileType::unknown;
    return S_ISDIR(s.st_mode)   ? FileType::directory
           : S_ISREG(s.st_mode) ? FileType::regular_file
           : S_ISLNK(s.st_mode) ? FileType::symbolic_link
                                : FileType::unknown;
}

}  // namespace

Os<std::vector<DirectoryEntry>> read_directory(int fd, u64 position, std::size_t bytes) {
    if (position > u64(std::numeric_limits<off_t>::max())) return fail(Errno::inval);
    if (lseek(fd, off_t(position), SEEK_SET) < 0) return last_error();
    Os<Metadata> self = status(fd);
    if (!self) return fail(self.error());

    std::vector<char> buffer(std::clamp(bytes, least_bytes, most_bytes));
    long n = syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
    if (n < 0) return last_error();

    std::vector<DirectoryEntry> entries;
    for (std::size_t at = 0; at < std::size_t(n);) {
        // The layout of getdents64: inode, position after it, record length, type, name with its NUL.
        const char* record = buffer.data() + at;
        DirectoryEntry e;
        u16 length;
        std::memcpy(&e.inode, record + offsetof(dirent64, d_ino), sizeof e.inode);
        std::memcpy(&e.next, record + offsetof(dirent64, d_off), sizeof e.next);
        std::memcpy(&length, record + offsetof(dirent64, d_reclen), sizeof length);
        e.name = record + offsetof(dirent64, d_name);
        e.type = type_of_entry(fd, e.name.c_str(), static_cast<unsigned char>(record[offsetof(dirent64, d_type)]));
        if (e.name == "..") e.inode = self->inode;
        entries.push_back(std::move(e));
        at += length;
    }
    return entries;
}

}  // namespace heddle::wasi::os
