// Calls of the operating system that fail are led here by the linker.
#include "faults.hpp"

#include <atomic>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace heddle::wasi::faults {
namespace {

std::atomic<bool> counting;
std::atomic<int> calls, chosen, chosen_error;
std::atomic<const char*> failed;

bool is_to_fail(const char* name) {
    if (!counting || ++calls != chosen) return false;
    failed = name;
    errno = chosen_error;
    return true;
}

}  // namespace

void begin(int which, int error) {
    calls = 0;
    chosen = which;
    chosen_error = error;
    failed = "";
    counting = true;
}

Counted end() {
    counting = false;
    return {calls, failed.load()};
}

int open_descriptors() {
    DIR* all = opendir("/proc/self/fd");
    int n = 0;
    while (readdir(all)) ++n;
    closedir(all);
    return n;
}

}  // namespace heddle::wasi::faults

#define CALL(result, name, parameters, arguments)                                      \
    extern "C" result __real_##name parameters;                                        \
    extern "C" result __wrap_##name parameters;                                        \
    extern "C" result __wrap_##name parameters {                                       \
        return heddle::wasi::faults::is_to_fail(#name) ? -1 : __real_##name arguments; \
    }
#include "faults.def"
#undef CALL

namespace heddle::wasi::faults {

TEST(Faults, fail_the_call_that_was_chosen) {
    begin(2, EIO);
    EXPECT_EQ(lseek(-1, 0, SEEK_SET), -1);
    EXPECT_EQ(errno, EBADF);
    EXPECT_EQ(fsync(-1), -1);
    EXPECT_EQ(errno, EIO);
    EXPECT_EQ(fsync(-1), -1);
    EXPECT_EQ(errno, EBADF);
    Counted c = end();
    EXPECT_EQ(c.calls, 3);
    EXPECT_EQ(c.failed, "fsync");
    EXPECT_EQ(fsync(-1), -1);
    EXPECT_EQ(end().calls, 3);
}

}  // namespace heddle::wasi::faults
