// How many tasks, subtasks, waitable sets and streams there are in a Store, and the traps of those who want one more.
#pragma once
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <heddle/component_limits.hpp>

#include "abi/context.hpp"

namespace heddle::component::runtime {

enum class Counted : u8 { task, subtask, waitable_set, stream };

// How many there are of one kind. Those that are counted may outlive the Quota.
struct Count {
    u32 value = 0;
    bool last = false;  // the Quota is gone
};

// One of those that are counted, as long as it lives.
class Place {
public:
    Place() = default;
    explicit Place(Count* count) : count_(count) { ++count->value; }
    Place(Place&& o) noexcept : count_(std::exchange(o.count_, nullptr)) {}
    Place& operator=(Place&& o) noexcept {
        std::swap(count_, o.count_);
        return *this;
    }
    ~Place() {
        if (count_ && --count_->value == 0 && count_->last) delete count_;
    }

private:
    Count* count_ = nullptr;
};

class Quota {
public:
    Quota();
    ~Quota();
    Quota(const Quota&) = delete;
    Quota& operator=(const Quota&) = delete;
    // Null: there are as many as may be, and full() is the trap that says so.
    Count* room_for(Counted what) const {
        Count* count = counts_[std::size_t(what)];
        return count->value < limits.*rows[std::size_t(what)] ? count : nullptr;
    }
    std::unexpected<abi::TrapPtr> full(Counted what) const;
    abi::Checked<Place> take(Counted what) const {
        if (Count* count = room_for(what)) return Place(count);
        return full(what);
    }
    // For the host's own, which are looked at when a guest gets them.
    Place take_unchecked(Counted what) const { return Place(counts_[std::size_t(what)]); }
    // A trap: there are more than may be.
    abi::Checked<void> check(Counted what) const;

    Limits limits;
    std::shared_ptr<Budget> budget = std::make_shared<Budget>(limits.host_bytes);

private:
    // In the order of Counted.
    static constexpr u32 Limits::*rows[] = {&Limits::tasks, &Limits::subtasks, &Limits::waitable_sets, &Limits::streams};
    std::array<Count*, std::size(rows)> counts_;
};

// "limit reached: 4096 tasks in one Store (component::Limits::tasks)"
std::unexpected<abi::TrapPtr> limit_trap(u64 limit, const char* what, const char* member);
std::unexpected<abi::TrapPtr> full(const Budget& b);

}  // namespace heddle::component::runtime
