// First come, first served: at most so many at once, the others wait in their order until a deadline.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "watch.hpp"

namespace heddle::wire {

class Turnstile {
public:
    explicit Turnstile(u32 places) : places_(places) {}
    // False: it was not one's turn until then, or `given_up` said so. With `burst` one enters at once, over the number of places.
    bool enter(Clock::time_point until, bool burst, const std::function<bool()>& given_up) {
        std::unique_lock lock(mutex_);
        if (burst || (used_ < places_ && waiting_.empty())) return ++used_, true;
        Waiter me;
        waiting_.push_back(&me);
        constexpr std::chrono::milliseconds look_up{5};
        while (!me.granted && Clock::now() < until && !given_up()) me.changed.wait_until(lock, std::min(until, Clock::now() + look_up));
        if (!me.granted) std::erase(waiting_, &me);
        return me.granted;
    }
    void leave() {
        std::lock_guard lock(mutex_);
        --used_;
        if (used_ >= places_ || waiting_.empty()) return;
        ++used_;
        waiting_.front()->granted = true;
        waiting_.front()->changed.notify_one();
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
    struct Waiter {
        std::condition_variable changed;
        bool granted = false;
    };
    mutable std::mutex mutex_;
    u32 places_, used_ = 0;
    std::deque<Waiter*> waiting_;
};

}  // namespace heddle::wire
