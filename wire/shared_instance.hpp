// One instance with many calls in it at once, where the guest's function is asynchronous. The calls are those of one end user, because what such a
// guest asks of its host is not told apart by call. A call that is cancelled runs to its end, since the others are in the same instance; one that
// traps or is late takes them with it.
#pragma once
#include <memory>
#include <mutex>
#include <vector>

#include "guest.hpp"

namespace heddle::wire {

class SharedInstance {
public:
    SharedInstance(std::unique_ptr<Guest> guest, std::string user) : guest_(std::move(guest)), user_(std::move(user)) {}
    // One call beside the others. Nothing: it does not belong here (another user), or there is no room.
    Task<std::optional<Ended>> call(CallScope& scope, std::string_view json);
    bool ended() const;

private:
    struct Job {
        CallScope& scope;
        std::string_view json;
        bool begun = false;
        std::optional<ComponentCall> call = {};
        std::optional<Ended> ended = {};
    };
    // One of the callers runs the instance for all of them, until its own call has ended.
    void drive(std::unique_lock<std::mutex>& lock, Job& own);
    void begin_new(std::unique_lock<std::mutex>& lock);
    void collect();
    void wake_all();

    std::unique_ptr<Guest> guest_;
    const std::string user_;
    mutable std::mutex mutex_;
    std::vector<Wake> waiting_;              // for their own end, or for the driver's
    std::vector<Job*> jobs_;
    bool driving_ = false, dead_ = false;
};

}  // namespace heddle::wire
