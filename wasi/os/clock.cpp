#include "os/clock.hpp"

#include <ctime>
#include <sys/random.h>

namespace heddle::wasi::os {

namespace {

constexpr clockid_t ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};

u64 nanoseconds(const timespec& t) { return t.tv_sec < 0 ? 0 : u64(t.tv_sec) * 1'000'000'000 + u64(t.tv_nsec); }

}  // namespace

Os<u64> clock_time(ClockId clock) {
    timespec t;
    if (clock_gettime(ids[u8(clock)], &t) != 0) return last_error();
    return nanoseconds(t);
}

Os<u64> clock_resolution(ClockId clock) {
    timespec t;
    if (clock_getres(ids[u8(clock)], &t) != 0) return last_error();
    return nanoseconds(t);
}

Os<void> fill_random(std::span<u8> bytes) {
    while (!bytes.empty()) {
        ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return last_error();
        bytes = bytes.subspan(std::size_t(n));
    }
    return {};
}

}  // namespace heddle::wasi::os
