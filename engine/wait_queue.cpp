// memory.atomic.wait and notify: who waits for which address, for all Stores of the process.
// https://github.com/WebAssembly/threads/blob/main/proposals/threads/Overview.md#wait-and-notify-operators
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(5);  // between two looks at the interrupt flag

// On the waiting thread's native stack; linked in its bucket, the longest waiting first.
struct Waiter {
    u64 at = 0;
    bool is_notified = false;
    Waiter *before = nullptr, *after = nullptr;
    std::condition_variable wake;
};

struct Bucket {
    std::mutex mutex;
    Waiter *first = nullptr, *last = nullptr;

    void append(Waiter& w) {
        w.before = last;
        (last ? last->after : first) = &w;
        last = &w;
    }
    void remove(Waiter& w) {
        (w.before ? w.before->after : first) = w.after;
        (w.after ? w.after->before : last) = w.before;
    }
};

Bucket& bucket_of(u64 at) {
    static std::array<Bucket, 64> buckets;
    return buckets[(at >> 2) % buckets.size()];
}

bool holds(u64 at, u32 bytes, u64 expected) {
    if (bytes == 4) return std::atomic_ref(*reinterpret_cast<u32*>(at)).load() == u32(expected);
    return std::atomic_ref(*reinterpret_cast<u64*>(at)).load() == expected;
}

// When to stop waiting; a timeout too long for the clock is none.
Clock::time_point deadline(i64 timeout_ns) {
    Clock::time_point now = Clock::now();
    if (timeout_ns < 0 || std::chrono::nanoseconds(timeout_ns) > Clock::time_point::max() - now) return Clock::time_point::max();
    return now + std::chrono::nanoseconds(timeout_ns);
}

}  // namespace

u32 atomic_notify(u64 at, u32 count) noexcept {
    Bucket& bucket = bucket_of(at);
    std::scoped_lock lock(bucket.mutex);
    u32 woken = 0;
    for (Waiter* w = bucket.first; w && woken < count;) {
        Waiter* next = w->after;
        if (w->at == at) {
            bucket.remove(*w);
            w->is_notified = true;
            w->wake.notify_one();  // under the lock: the waiter may be gone after it
            ++woken;
        }
        w = next;
    }
    return woken;
}

TrapCode atomic_wait(InstanceObject& in, u32 memory, u64 at, u32 bytes, u64 expected, i64 timeout_ns, u32& how) noexcept {
    if (!in.memories[memory]->type.shared) return TrapCode::expected_shared_memory;
    Clock::time_point until = deadline(timeout_ns);
    Bucket& bucket = bucket_of(at);
    std::unique_lock lock(bucket.mutex);
    how = 1;
    if (!holds(at, bytes, expected)) return TrapCode::none;
    Waiter self;
    self.at = at;
    bucket.append(self);
    while (!self.is_notified && Clock::now() < until) {
        self.wake.wait_until(lock, std::min(until, Clock::now() + poll_interval));
        if (self.is_notified || !in.context->interrupt.load(std::memory_order_relaxed)) continue;
        lock.unlock();  // the Store may do anything
        bool goes_on = poll_in_bulk(in);
        lock.lock();
        if (goes_on) continue;
        if (!self.is_notified) bucket.remove(self);
        return in.context->trap;
    }
    if (!self.is_notified) bucket.remove(self);
    how = self.is_notified ? 0 : 2;
    lock.unlock();
    end_bulk(in);
    return TrapCode::none;
}

}  // namespace heddle
