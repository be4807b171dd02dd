// How many tasks, subtasks, waitable sets and streams there are in a Store, and the traps of those who want one more.
#pragma once
#include <array>
#include <memory>
#include <optional>

#include <heddle/component_limits.hpp>

#include "abi/context.hpp"

namespace heddle::component::runtime {

enum class Counted : u8 { task, subtask, waitable_set, stream };

// One of those that are counted, as long as it lives.
class Place {
public:
    Place() = default;
    explicit Place(std::shared_ptr<u32> count) : count_(std::move(count)) { ++*count_; }
    Place(Place&& o) noexcept : count_(std::move(o.count_)) {}
    Place& operator=(Place&& o) noexcept {
        std::swap(count_, o.count_);
        return *this;
    }
    ~Place() {
        if (count_) --*count_;
    }

private:
    std::shared_ptr<u32> count_;
};

class Quota {
public:
    // A trap: there are as many as may be.
    abi::Checked<Place> take(Counted what);
    // For the host's own, which are looked at when a guest gets them.
    Place take_unchecked(Counted what) { return Place(count(what)); }
    // A trap: there are more than may be.
    abi::Checked<void> check(Counted what) const;

    Limits limits;
    std::shared_ptr<Budget> budget = std::make_shared<Budget>(limits.host_bytes);

private:
    const std::shared_ptr<u32>& count(Counted what) const { return counts_[std::size_t(what)]; }
    std::array<std::shared_ptr<u32>, 4> counts_{std::make_shared<u32>(0), std::make_shared<u32>(0), std::make_shared<u32>(0), std::make_shared<u32>(0)};
};

// "limit reached: 4096 tasks in one Store (component::Limits::tasks)"
std::unexpected<abi::TrapPtr> limit_trap(u64 limit, const char* what, const char* member);
std::unexpected<abi::TrapPtr> full(const Budget& b);

}  // namespace heddle::component::runtime
