// Guests that answer requests, for those who may stop them or end their turn: the clock, and the client that goes away.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <heddle/wasi.hpp>

namespace heddle::wasi {

class Running {
public:
    // `wake` tells the guest's worker, from any thread.
    Running(Store& s, Context c, std::function<void()> wake) : store_(&s), context_(std::move(c)), wake_(std::move(wake)) {}
    void stop(bool because_of_time);
    // What it does now may go on later: others want to run.
    void pause();
    // Nobody may touch the Store any more.
    void over();
    // On the worker's thread, when the guest is interrupted. `may_pause`: it can be left where it is.
    Host interrupted(Caller& c, bool may_pause);
    // Whether it was paused since this was asked last.
    bool take_pause() { return paused_.exchange(false); }
    std::atomic<bool> stopped = false, timed_out = false;

private:
    std::mutex mutex_;
    Store* store_;
    Context context_;
    std::function<void()> wake_;
    std::atomic<bool> pausing_ = false, paused_ = false;
};

// Whose guest's turn it is on each worker, and since when.
class Turns {
public:
    explicit Turns(std::size_t workers) : places_(workers) {}
    void begin(std::size_t worker, std::shared_ptr<Running> r);
    void end(std::size_t worker) { begin(worker, nullptr); }
    // Ends the turns that took longer.
    void pause_older_than(std::chrono::nanoseconds age);

private:
    struct Place {
        std::mutex mutex;
        std::shared_ptr<Running> running;
        std::chrono::steady_clock::time_point since;
    };
    std::vector<Place> places_;
};

// Stops what runs too long, and lets guests that compute take turns.
class Clockwork {
public:
    using Time = std::chrono::steady_clock::time_point;
    explicit Clockwork(Turns& t) : turns_(t) {}
    ~Clockwork();
    // Watches it, and stops it then.
    void add(Time stop_at, std::weak_ptr<Running> who);

private:
    static constexpr std::chrono::milliseconds turn{10};
    void run();
    void stop_due(std::unique_lock<std::mutex>& lock);
    Turns& turns_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::multimap<Time, std::weak_ptr<Running>> due_;
    bool ending_ = false;
    std::thread thread_{[this] { run(); }};
};

}  // namespace heddle::wasi
