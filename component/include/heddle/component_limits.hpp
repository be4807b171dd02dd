// What the components of one Store may have at once, and how an embedder changes that:
//
//   component::Limits more;
//   more.tasks = 100'000;
//   component::set_limits(store, more);
//
// Whoever would have more gets a trap that begins with "limit reached: " and names the limit, its value and the member here that raises it.
#pragma once
#include <memory>
#include <string>
#include <utility>

#include <heddle/engine.hpp>

namespace heddle::component {

struct Limits {
    // Of each instance:
    u32 handles = 65'536;
    u32 threads = 65'536;
    // Of the Store:
    u32 tasks = 4096;                        // calls of `async` functions that have not ended
    u32 subtasks = 4096;                     // such calls as their callers see them, until they are dropped
    u32 waitable_sets = 4096;
    u32 streams = 4096;                      // and futures
    u64 host_bytes = u64(64) << 20;          // held by the host for its guests: handle tables, error contexts, and what WASI keeps
    // Of one call:
    u64 host_copy_bytes = u64(32) << 20;     // copied between a guest and the host
};

// For what happens from now on; what there is stays.
void set_limits(Store& store, const Limits& limits);
const Limits& limits(Store& store);
// Whether a limit ended the guest.
bool is_limit(const Trap& trap);

// Bytes that the host holds for the guests of one Store (Limits::host_bytes). It may outlive the Store.
class Budget {
public:
    explicit Budget(u64 limit) : limit_(limit) {}
    // False, and nothing changed: there is no room.
    bool take(u64 bytes) {
        if (used_ > limit_ || bytes > limit_ - used_) return false;
        used_ += bytes;
        return true;
    }
    void give(u64 bytes) { used_ -= bytes; }
    void set_limit(u64 limit) { limit_ = limit; }
    u64 used() const { return used_; }
    u64 limit() const { return limit_; }
    // What to say when it is full.
    std::string message() const;

private:
    u64 limit_, used_ = 0;
};
const std::shared_ptr<Budget>& host_budget(Store& store);

// Bytes taken from a budget, given back when this goes.
class Charge {
public:
    Charge() = default;
    explicit Charge(std::shared_ptr<Budget> b) : budget_(std::move(b)) {}
    Charge(Charge&& o) noexcept : budget_(std::move(o.budget_)), bytes_(std::exchange(o.bytes_, 0)) {}
    Charge& operator=(Charge&& o) noexcept {
        std::swap(budget_, o.budget_);
        std::swap(bytes_, o.bytes_);
        return *this;
    }
    ~Charge() {
        if (budget_) budget_->give(bytes_);
    }
    // False, and nothing changed: the budget does not hold it.
    bool try_resize(u64 bytes) {
        if (bytes > bytes_ && !budget_->take(bytes - bytes_)) return false;
        if (bytes < bytes_) budget_->give(bytes_ - bytes);
        bytes_ = bytes;
        return true;
    }
    u64 bytes() const { return bytes_; }

protected:
    std::shared_ptr<Budget> budget_;

private:
    u64 bytes_ = 0;
};

}  // namespace heddle::component
