#include "http/running.hpp"

namespace heddle::wasi {

void Running::stop(bool because_of_time) {
    std::lock_guard lock(mutex_);
    if (!store_) return;
    timed_out = timed_out || because_of_time;
    stopped = true;
    context_.cancel();
    store_->interrupt();
    wake_();
}

void Running::pause() {
    std::lock_guard lock(mutex_);
    if (!store_) return;
    pausing_ = true;
    store_->interrupt();
}

void Running::over() {
    std::lock_guard lock(mutex_);
    store_ = nullptr;
}

Host Running::interrupted(Caller& c, bool may_pause) {
    if (stopped) {
        Trap t;
        t.code = TrapCode::interrupted;
        return c.fail(std::move(t));
    }
    if (!pausing_.exchange(false) || !may_pause) return Host::done;
    paused_ = true;
    return c.park();
}

void Turns::begin(std::size_t worker, std::shared_ptr<Running> r) {
    Place& p = places_[worker];
    std::lock_guard lock(p.mutex);
    p.running = std::move(r);
    p.since = std::chrono::steady_clock::now();
}

void Turns::pause_older_than(std::chrono::nanoseconds age) {
    auto now = std::chrono::steady_clock::now();
    for (Place& p : places_) {
        std::lock_guard lock(p.mutex);
        if (p.running && now - p.since > age) p.running->pause();
    }
}

Clockwork::~Clockwork() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Clockwork::add(Time stop_at, std::weak_ptr<Running> who) {
    std::lock_guard lock(mutex_);
    bool slept = due_.empty();
    due_.emplace(stop_at, std::move(who));
    if (slept) changed_.notify_all();
}

void Clockwork::stop_due(std::unique_lock<std::mutex>& lock) {
    while (!due_.empty() && (due_.begin()->second.expired() || due_.begin()->first <= std::chrono::steady_clock::now())) {
        auto who = due_.begin()->second.lock();
        due_.erase(due_.begin());
        lock.unlock();
        if (who) who->stop(true);
        who = nullptr;
        lock.lock();
    }
}

void Clockwork::run() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
        if (due_.empty()) changed_.wait(lock);
        else changed_.wait_until(lock, std::min(Time(due_.begin()->first), std::chrono::steady_clock::now() + turn));
        stop_due(lock);
        lock.unlock();
        turns_.pause_older_than(turn);
        lock.lock();
    }
}

}  // namespace heddle::wasi
