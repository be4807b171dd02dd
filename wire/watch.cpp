// The watch's thread: sleeps until the first thing is due.
#include "watch.hpp"

namespace heddle::wire {

Watch::~Watch() { stop(); }

void Watch::stop() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Watch::Ticket Watch::at(Clock::time_point when, std::function<void()> f) {
    std::lock_guard lock(mutex_);
    if (stop_) return {when, next_++};
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    Ticket ticket{when, next_++};
    bool first = due_.empty() || ticket < due_.begin()->first;
    due_.emplace(ticket, std::move(f));
    if (first) changed_.notify_one();
    return ticket;
}

void Watch::cancel(const Ticket& ticket) {
    std::unique_lock lock(mutex_);
    if (due_.erase(ticket)) return;
    if (std::this_thread::get_id() != thread_.get_id()) ran_.wait(lock, [&] { return running_ != ticket; });
}

void Watch::run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        if (due_.empty()) {
            changed_.wait(lock);
            continue;
        }
        auto first = due_.begin();
        if (Clock::now() < first->first.first) {
            changed_.wait_until(lock, first->first.first);
            continue;
        }
        auto f = std::move(first->second);
        running_ = first->first;
        due_.erase(first);
        lock.unlock();
        f();
        f = nullptr;
        lock.lock();
        running_.reset();
        ran_.notify_all();
    }
}

}  // namespace heddle::wire
