// Calls back when time is up, from a thread of its own; quiet when it is destroyed before.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace heddle::cli {

class Watchdog {
public:
    Watchdog(std::chrono::milliseconds after, std::function<void()> on_expiry)
        : thread_([this, deadline = std::chrono::steady_clock::now() + after, call = std::move(on_expiry)] {
              std::unique_lock lock(mutex_);
              if (!changed_.wait_until(lock, deadline, [this] { return done_; })) {
                  lock.unlock();
                  call();
              }
          }) {}
    ~Watchdog() {
        {
            std::lock_guard lock(mutex_);
            done_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool done_ = false;
    std::thread thread_;
};

}  // namespace heddle::cli
