#include "os/wait.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <vector>

#include "os/clock.hpp"

namespace heddle::wasi::os {

namespace {

// Without an event descriptor a cancellation is looked for this often.
constexpr u64 slice = 10'000'000;
// No single sleep is longer, so that no clock value overflows a timespec.
constexpr u64 longest = u64(24) * 3600 * 1'000'000'000;

short events(const Interest& i) { return short((i.read ? POLLIN : 0) | (i.write ? POLLOUT : 0)); }

bool take(Interest& i, short revents) {
    i.hangup = (revents & (POLLHUP | POLLERR)) != 0;
    i.invalid = (revents & POLLNVAL) != 0;
    i.ready = revents != 0;
    return i.ready;
}

}  // namespace

Cancellation::Cancellation() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Cancellation::set() noexcept {
    int error = errno;  // may run in a signal handler
    set_.store(true, std::memory_order_release);
    u64 one = 1;
    if (event_ && ::write(event_.get(), &one, sizeof one) < 0) {
        // The counter is full: readable already.
    }
    errno = error;
}

void Cancellation::clear() noexcept {
    u64 count;
    if (event_ && ::read(event_.get(), &count, sizeof count) < 0) {
        // Was not set.
    }
    set_.store(false, std::memory_order_release);
}

Os<Woken> wait(std::span<Interest> interests, std::optional<u64> timeout, const Cancellation& cancellation) {
    std::vector<pollfd> polled;
    polled.reserve(interests.size() + 1);
    for (const Interest& i : interests) polled.push_back({i.fd, events(i), 0});
    polled.push_back({cancellation.descriptor(), POLLIN, 0});  // a negative descriptor is ignored

    u64 deadline = 0;
    if (timeout) {
        u64 now = *clock_time(ClockId::monotonic);
        deadline = *timeout > ~u64(0) - now ? ~u64(0) : now + *timeout;
    }
    for (;;) {
        if (cancellation.is_set()) return Woken::cancelled;
        u64 left = longest;
        if (timeout) {
            u64 now = *clock_time(ClockId::monotonic);
            left = std::min(left, deadline > now ? deadline - now : 0);
        }
        u64 sleep = cancellation.descriptor() < 0 ? std::min(left, slice) : left;
        timespec t{time_t(sleep / 1'000'000'000), long(sleep % 1'000'000'000)};
        int n = ppoll(polled.data(), nfds_t(polled.size()), &t, nullptr);
        if (n < 0 && errno != EINTR) return last_error();
        if (cancellation.is_set()) return Woken::cancelled;
        bool any = false;
        if (n > 0)
            for (std::size_t k = 0; k < interests.size(); ++k) any |= take(interests[k], polled[k].revents);
        if (any) return Woken::ready;
        if (timeout && n == 0 && left <= sleep && left < longest) return Woken::timed_out;
    }
}

Os<Woken> wait_readable(int fd, const Cancellation& cancellation) {
    Interest i{.fd = fd, .read = true};
    return wait({&i, 1}, std::nullopt, cancellation);
}
Os<Woken> wait_writable(int fd, const Cancellation& cancellation) {
    Interest i{.fd = fd, .write = true};
    return wait({&i, 1}, std::nullopt, cancellation);
}

}  // namespace heddle::wasi::os
