#include "deadlines.hpp"

#include <algorithm>

#include <heddle/engine.hpp>

namespace heddle::component::plugins {

namespace {

constexpr std::chrono::milliseconds period{4};
constexpr int quiet_looks = 25;  // without a call, before it sleeps

void end(Watched& w) {
    w.store->interrupt();
    if (w.cancel) w.cancel();
}

}  // namespace

Deadlines::~Deadlines() {
    {
        std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Deadlines::add(std::shared_ptr<Watched> w) {
    std::lock_guard lock(mutex_);
    all_.push_back(std::move(w));
}

void Deadlines::remove(Watched& w) {
    std::lock_guard lock(mutex_);
    w.store = nullptr;
    std::erase_if(all_, [&](const auto& x) { return x.get() == &w; });
}

void Deadlines::interrupt(const Store& root) {
    std::lock_guard lock(mutex_);
    for (auto& w : all_)
        if (w->root == &root) {
            w->interrupted = true;
            end(*w);
        }
}

void Deadlines::wake_up() {
    std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    sleeping_ = false;
    changed_.notify_all();
}

// Whether a call was going on.
bool Deadlines::look() {
    i64 now = Clock::now().time_since_epoch().count();
    bool any = false;
    for (auto& w : all_) {
        i64 due = w->deadline.load();
        any = any || due != Watched::never;
        if (now >= due) end(*w);
    }
    return any;
}

void Deadlines::run() {
    std::unique_lock lock(mutex_);
    int quiet = 0;
    while (!stop_) {
        if (quiet >= quiet_looks) {
            sleeping_ = true;
            quiet = look() ? 0 : quiet;  // one that began just before
            if (quiet) changed_.wait(lock, [&] { return stop_ || !sleeping_; });
            sleeping_ = false;
            quiet = 0;
            continue;
        }
        changed_.wait_for(lock, period);
        quiet = look() ? 0 : quiet + 1;
    }
}

}  // namespace heddle::component::plugins
