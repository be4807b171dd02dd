// Things to do at a time: deadlines of calls, idle instances, timers. One thread per app, started at the first use.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <heddle/types.hpp>

namespace heddle::wire {

using Clock = std::chrono::steady_clock;

class Watch {
public:
    ~Watch();
    // Ends the thread; nothing runs any more, and at() does nothing. Not from the watch's own thread.
    void stop();
    using Ticket = std::pair<Clock::time_point, u64>;
    // `f` runs on the watch's thread: it must be quick and must not call at() or cancel() of things it could wait for.
    Ticket at(Clock::time_point when, std::function<void()> f);
    // After this `f` neither runs nor will run.
    void cancel(const Ticket& ticket);

private:
    void run();
    std::mutex mutex_;
    std::condition_variable changed_, ran_;
    std::map<Ticket, std::function<void()>> due_;
    std::optional<Ticket> running_;
    u64 next_ = 0;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace heddle::wire
