// One request and everything that is called on its behalf: who asked, how much is left, how to end it.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/http.hpp>
#include <heddle/wire.hpp>

#include "manifest.hpp"
#include "task.hpp"
#include "watch.hpp"

namespace heddle::wire {

class Guest;
class Recorder;
struct AppData;
struct Passed;

// An HTTP request whose bodies go in pieces between the client and a guest of kind http, and not as JSON.
struct Route {
    http::ExchangePtr exchange;
    http::Fields also;                        // of the response
    bool begun = false;                       // there is a response, if only the beginning of one
};

// Shared by all calls of one request; lives until the last of them has ended.
class CallTree {
public:
    AppData* app = nullptr;
    std::string user, traceparent;
    Recorder* recorder = nullptr;             // of record and replay; null: neither
    Route* route = nullptr;                   // of the outermost call; null: its guest is given JSON
    std::function<void(bool begins)> on_wait; // of CallOptions
    GoOn go_on;                               // where calls that waited go on
    u32 depth = 0;                            // of calls around the outermost one, in other processes

    // From any thread: what runs ends soon, what follows does not begin.
    void cancel();
    bool cancelled() const { return cancelled_; }
    // A guest that runs now, so that cancel() reaches it.
    void enter(Guest& guest);
    void leave(Guest& guest);
    // Called by cancel(), at once when that was before; one at a time, as a request does one thing at a time. Empty: nothing any more.
    void wake_with(Wake f) {
        std::lock_guard lock(mutex_);
        wake_ = std::move(f);
        if (wake_ && cancelled_) wake_();
    }

private:
    std::mutex mutex_;
    std::set<Guest*> running_;
    Wake wake_;
    std::atomic<bool> cancelled_ = false;
};

// A wait in place: while it lives, its thread waits for somebody else, and computes nothing.
class Wait {
public:
    explicit Wait(CallTree& tree) : tree_(tree) {
        if (tree_.on_wait) tree_.on_wait(true);
    }
    ~Wait() {
        if (tree_.on_wait) tree_.on_wait(false);
    }
    Wait(const Wait&) = delete;

private:
    CallTree& tree_;
};

struct Done {};
// Waits for whoever `prepare` gives the wake to; no longer than until then, or until the request is cancelled.
Task<Done> pause_until(CallTree& tree, Clock::time_point until, std::function<void(Wake)> prepare);

// Waits in place for what can only be waited for so: whoever is resumed meanwhile is resumed on this thread.
template <class T>
T wait_here(CallTree& tree, Task<T> task) {
    Loop loop;
    struct Outer {
        CallTree& tree;
        GoOn go_on;
        ~Outer() { tree.go_on = std::move(go_on); }
    } outer{tree, std::exchange(tree.go_on, loop.go_on())};
    return loop.run(std::move(task), tree.on_wait);
}

// One call of one materializer.
struct CallScope {
    CallTree& tree;
    const CallScope* outer;                   // the call whose guest made this one; null for the request itself
    const MaterializerConfig& materializer;
    const GuestConfig& guest;
    Clock::time_point deadline;               // never later than the outer one's
    u32 depth = 0;
    u32 hostcalls = 0;                        // made so far
    u64 log_bytes = 0;                        // said so far
    std::optional<u64> fuel;                  // what may be used, the calls it makes included
    bool out_of_log = false;
    std::vector<const void*> held;            // serialised instances that this call and those around it are inside of
    Passed* passed = nullptr;                 // resources beside the JSON, of a call by another guest

    bool late() const { return Clock::now() >= deadline; }
    // A component that provides a host call: it has its own time, from when it is entered, and does not end with a caller that goes away.
    bool is_runtime() const { return !materializer.runtime.empty(); }
    bool cancelled() const { return tree.cancelled() && !is_runtime(); }
};

}  // namespace heddle::wire
