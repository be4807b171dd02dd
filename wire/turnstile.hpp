// First come, first served: at most so many at once, the others wait in their order, without a thread.
#pragma once
#include <deque>
#include <mutex>

#include <heddle/types.hpp>

#include "task.hpp"

namespace heddle::wire {

class Turnstile {
public:
    explicit Turnstile(u32 places) : places_(places) {}
    // At once, when it is nobody else's turn. With `burst` over the number of places.
    bool try_enter(bool burst) {
        std::lock_guard lock(mutex_);
        bool free = burst || (used_ < places_ && waiting_.empty());
        used_ += free;
        return free;
    }
    // Somebody in the queue; `wake` is called once it is its turn.
    struct Waiter {
        Wake wake;
        bool granted = false;
    };
    // Takes a place in the queue, or at once what is free.
    void wait(Waiter& w) {
        std::lock_guard lock(mutex_);
        if (used_ >= places_ || !waiting_.empty()) return waiting_.push_back(&w);
        ++used_;
        grant(w);
    }
    // Leaves the queue. True: it was its turn meanwhile, and its place must be left as any other.
    bool stop_waiting(Waiter& w) {
        std::lock_guard lock(mutex_);
        if (!w.granted) std::erase(waiting_, &w);
        return w.granted;
    }
    void leave() {
        std::lock_guard lock(mutex_);
        --used_;
        if (used_ >= places_ || waiting_.empty()) return;
        ++used_;
        grant(*waiting_.front());
        waiting_.pop_front();
    }
    u32 used() const {
        std::lock_guard lock(mutex_);
        return used_;
    }
    std::size_t waiting() const {
        std::lock_guard lock(mutex_);
        return waiting_.size();
    }

private:
    static void grant(Waiter& w) {
        w.granted = true;
        w.wake();
    }
    mutable std::mutex mutex_;
    u32 places_, used_ = 0;
    std::deque<Waiter*> waiting_;
};

}  // namespace heddle::wire
