// Threads that run calls, and a queue before them with an end. At most `places` calls compute at once; one that waits in place for somebody else gives
// its place to another, so that calls which wait never hold up calls which could run.
#pragma once
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include <heddle/types.hpp>

#include "../task.hpp"

namespace heddle::wire {

class Workers {
public:
    // `most`: threads, those that wait included.
    Workers(u32 places, std::size_t queue, u32 most = 1024) : places_(places), most_(std::max(places, most)), limit_(queue) {}
    ~Workers() {
        std::unique_lock lock(mutex_);
        stop_ = true;
        changed_.notify_all();
        ended_.wait(lock, [this] { return threads_ == 0 && suspended_ == 0; });
    }
    // False: the queue is full, and the work will not be done.
    bool add(std::function<void()> work) {
        std::lock_guard lock(mutex_);
        if (queue_.size() >= limit_) return false;
        queue_.push_back(std::move(work));
        attend();
        return true;
    }
    // For work that was accepted, waits without a thread, and may go on: before all that is new. The end waits while copies of it live.
    GoOn go_on() {
        std::lock_guard lock(mutex_);
        ++suspended_;
        std::shared_ptr<void> held(this, [this](void*) {
            std::lock_guard again(mutex_);
            if (--suspended_ == 0) ended_.notify_all();
        });
        return [this, held](std::function<void()> work) {
            std::lock_guard again(mutex_);
            ready_.push_back(std::move(work));
            attend();
        };
    }
    // Around a wait that holds its thread, on a worker's thread.
    void wait_begins() {
        std::lock_guard lock(mutex_);
        ++waiting_;
        attend();
    }
    void wait_ends() {
        std::lock_guard lock(mutex_);
        --waiting_;
    }
    std::size_t queued() const {
        std::lock_guard lock(mutex_);
        return queue_.size();
    }
    u32 threads() const {
        std::lock_guard lock(mutex_);
        return threads_;
    }

private:
    bool has_work() const { return !ready_.empty() || !queue_.empty(); }
    bool crowded() const { return threads_ - waiting_ > places_; }
    // Somebody for what is in the queue: a thread that idles, or a new one while there is a place.
    void attend() {
        if (!has_work()) return;
        if (idle_ > 0) return changed_.notify_one();
        if (threads_ - waiting_ >= places_ || threads_ >= most_) return;
        ++threads_;
        std::thread([this] { run(); }).detach();
    }
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            changed_.wait(lock, [this] { return stop_ || crowded() || has_work(); });
            --idle_;
            if (!has_work() || crowded()) break;  // what was accepted is done before the end
            auto& from = ready_.empty() ? queue_ : ready_;
            auto work = std::move(from.front());
            from.pop_front();
            lock.unlock();
            work();
            work = nullptr;
            lock.lock();
        }
        --threads_;
        attend();
        if (threads_ == 0) ended_.notify_all();
    }
    mutable std::mutex mutex_;
    std::condition_variable changed_, ended_;
    std::deque<std::function<void()>> queue_, ready_;
    u32 places_, most_, threads_ = 0, idle_ = 0, waiting_ = 0, suspended_ = 0;
    std::size_t limit_;
    bool stop_ = false;
};

}  // namespace heddle::wire
