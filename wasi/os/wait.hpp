// The one place where a thread waits: for descriptors, for time, and always for a cancellation.
#pragma once
#include <atomic>
#include <optional>
#include <span>

#include "os/descriptor.hpp"

namespace heddle::wasi::os {

// Ends waits from another thread, or from a signal handler.
class Cancellation {
public:
    Cancellation();
    ~Cancellation() = default;
    Cancellation(const Cancellation&) = delete;
    Cancellation& operator=(const Cancellation&) = delete;

    void set() noexcept;                      // until clear(): every wait ends at once
    void clear() noexcept;
    bool is_set() const noexcept { return set_.load(std::memory_order_acquire); }
    int descriptor() const { return event_.get(); }  // readable while set; -1 when the system had none left

private:
    std::atomic<bool> set_ = false;
    Descriptor event_;
};

// What to wait for at one descriptor, and what came of it.
struct Interest {
    int fd = -1;
    bool read = false, write = false;
    // set by wait():
    bool ready = false;       // something can be done, and be it to see the error or the end
    bool hangup = false;      // the other end is closed
    bool invalid = false;     // not an open descriptor
};

enum class Woken : u8 { ready, timed_out, cancelled };

// Waits until an Interest is ready, `timeout` nanoseconds are over (none: as long as it takes), or the cancellation is set.
Os<Woken> wait(std::span<Interest> interests, std::optional<u64> timeout, const Cancellation& cancellation);
// For one descriptor, as long as it takes.
Os<Woken> wait_readable(int fd, const Cancellation& cancellation);
Os<Woken> wait_writable(int fd, const Cancellation& cancellation);

}  // namespace heddle::wasi::os
