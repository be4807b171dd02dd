// Threads that run calls, and a queue before them with an end.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::wire {

class Workers {
public:
    Workers(u32 threads, std::size_t queue) : limit_(queue) {
        for (u32 i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
    }
    ~Workers() {
        {
            std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
        for (auto& t : threads_) t.join();
    }
    // False: the queue is full, and the work will not be done.
    bool add(std::function<void()> work) {
        {
            std::lock_guard lock(mutex_);
            if (queue_.size() >= limit_) return false;
            queue_.push_back(std::move(work));
        }
        changed_.notify_one();
        return true;
    }
    std::size_t waiting() const {
        std::lock_guard lock(mutex_);
        return queue_.size();
    }

private:
    void run() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
            if (queue_.empty()) return;  // what was accepted is done before the end
            auto work = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            work();
            work = nullptr;
            lock.lock();
        }
    }
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
    std::size_t limit_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace heddle::wire
