#include "os/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <heddle/types.hpp>

namespace heddle::wasi::os {

namespace {

// Rights by the version of Landlock that knows them first; the headers of the system may be older than its kernel.
constexpr u64 of_files_read = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
constexpr u64 of_files_write = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr u64 read_rights = of_files_read | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr u64 write_rights = of_files_write | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                             LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr u64 refer_right = u64(1) << 13, truncate_right = u64(1) << 14;

u64 known(int version) { return read_rights | write_rights | (version >= 2 ? refer_right : 0) | (version >= 3 ? truncate_right : 0); }

}  // namespace

Os<Wall> Wall::begin() {
    long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) return last_error();
    landlock_ruleset_attr attr{};
    attr.handled_access_fs = known(int(version));
    long fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
    if (fd < 0) return last_error();
    return Wall(Descriptor(int(fd)), int(version));
}

Os<void> Wall::allow(int fd, bool writable) const {
    struct stat s{};
    if (fstat(fd, &s) != 0) return last_error();
    u64 rights = read_rights | (writable ? write_rights | refer_right | truncate_right : 0);
    if (!S_ISDIR(s.st_mode)) rights &= of_files_read | of_files_write | truncate_right;
    landlock_path_beneath_attr rule{};
    rule.allowed_access = rights & known(version_);
    rule.parent_fd = fd;
    if (syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) return last_error();
    return {};
}

Os<void> Wall::allow(const std::string& path, bool writable) const {
    int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) return {};
    Descriptor d(fd);
    return allow(fd, writable);
}

Os<void> Wall::close() const {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return last_error();
    if (syscall(SYS_landlock_restrict_self, rules_.get(), 0) != 0) return last_error();
    return {};
}

}  // namespace heddle::wasi::os
