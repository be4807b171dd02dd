// Callers take turns as the one that runs the instance.
#include "shared_instance.hpp"

#include <algorithm>

#include "app.hpp"

namespace heddle::wire {

bool SharedInstance::ended() const {
    std::lock_guard lock(mutex_);
    return dead_;
}

Task<std::optional<Ended>> SharedInstance::call(CallScope& scope, std::string_view json) {
    std::unique_lock lock(mutex_);
    if (dead_ || user_ != scope.tree.user || jobs_.size() >= scope.guest.limits.async_calls) co_return std::nullopt;
    Job job{scope, json};
    jobs_.push_back(&job);
    auto ticket = scope.tree.app->watch.at(scope.deadline, [this] { guest_->interrupt(); });
    while (!job.ended) {
        if (driving_) {
            lock.unlock();  // a thread's lock is not carried to another thread
            Pause pause(scope.tree.go_on, [&](Wake wake) {
                std::lock_guard again(mutex_);
                job.ended || !driving_ ? wake() : waiting_.push_back(std::move(wake));
            });
            co_await pause;
            lock.lock();
            continue;
        }
        driving_ = true;
        drive(lock, job);
        driving_ = false;
        wake_all();
    }
    std::erase(jobs_, &job);
    lock.unlock();
    scope.tree.app->watch.cancel(ticket);
    co_return std::move(job.ended);
}

void SharedInstance::wake_all() {
    for (Wake& w : std::exchange(waiting_, {})) w();
}

void SharedInstance::drive(std::unique_lock<std::mutex>& lock, Job& own) {
    while (!own.ended) {
        begin_new(lock);
        collect();
        if (own.ended) return;
        lock.unlock();
        guest_->go_on(own.scope, *own.call);
        lock.lock();
        collect();
    }
}

void SharedInstance::begin_new(std::unique_lock<std::mutex>& lock) {
    for (;;) {
        auto next = std::ranges::find(jobs_, false, &Job::begun);
        if (next == jobs_.end()) return;
        Job& job = **next;
        job.begun = true;
        lock.unlock();
        Ended ended = guest_->begin(job.scope, job.json, job.call);
        lock.lock();
        if (!ended.ok()) job.ended = std::move(ended);
    }
}

void SharedInstance::collect() {
    bool any = false;
    dead_ = guest_->dead();
    for (Job* job : jobs_) {
        if (job->ended || !job->call || !job->call->is_done()) continue;
        job->ended = guest_->finish(job->scope, *job->call);
        any = true;
    }
    dead_ = guest_->dead();
    for (Job* job : jobs_)
        if (dead_ && job->begun && !job->ended) job->ended = Ended{Outcome::unavailable, "the instance ended with another call that was in it"}, any = true;
    if (any) wake_all();
}

}  // namespace heddle::wire
