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
    // At once, when it is nobody else's turn. With `burst` over the number of places.
    bool try_enter(bool burst) {
        std::lock_guard lock(mutex_);
        bool free = burst || (used_ < places_ && waiting_.empty());
        used_ += free;
        return free;
    }
    // False: it was not one's turn until then, or `given_up` said so.
    bool enter(Clock::time_point until, const std::function<bool()>& given_up) {
        std::unique_lock lock(mutex_);
        if (used_ < places_ && waiting_.empty()) return ++used_, true;
        Waiter me;
        waiting_.push_back(&me);
        me.changed.wait_until(lock, until, [&] { return me.granted || given_up(); });
        if (!me.granted) std::erase(waiting_, &me);
        return me.granted;
    }
    // Those who wait ask again whether they have given up.
    void look_up() {
        std::lock_guard lock(mutex_);
        for (Waiter* w : waiting_) w->changed.notify_one();
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
