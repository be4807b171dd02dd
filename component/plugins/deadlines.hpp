// Deadlines of plug-ins' calls: one thread that looks a few hundred times a second while there are calls, and sleeps else.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <heddle/types.hpp>

namespace heddle {
class Store;
}

namespace heddle::component::plugins {

using Clock = std::chrono::steady_clock;

// One plug-in, as the thread sees it.
struct Watched {
    static constexpr i64 never = INT64_MAX;
    std::atomic<i64> deadline{never};       // of the call that is going on, in the clock's units
    std::atomic<bool> interrupted{false};   // by the embedder
    Store* store = nullptr;                 // null: it is gone. Changed with Deadlines' mutex held
    const Store* root = nullptr;            // the guest's at the top
    std::function<void()> cancel;
    bool is_due() const { return interrupted.load() || Clock::now().time_since_epoch().count() >= deadline.load(); }
};

class Deadlines {
public:
    ~Deadlines();
    void add(std::shared_ptr<Watched> w);
    // From then on nobody looks at it.
    void remove(Watched& w);
    void interrupt(const Store& root);
    // A call has begun.
    void wake() {
        if (sleeping_) wake_up();
    }

private:
    void wake_up();
    void run();
    bool look();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<Watched>> all_;
    std::thread thread_;
    std::atomic<bool> sleeping_{true};
    bool stop_ = false;
};

}  // namespace heddle::component::plugins
