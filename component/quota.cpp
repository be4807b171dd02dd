#include "quota.hpp"

#include "chain.hpp"

namespace heddle::component {

namespace runtime {

namespace {

struct Row {
    u32 Limits::*limit;
    const char *what, *member;
};
// In the order of Counted.
constexpr Row rows[] = {
    {&Limits::tasks, "tasks in one Store", "tasks"},
    {&Limits::subtasks, "subtasks in one Store", "subtasks"},
    {&Limits::waitable_sets, "waitable sets in one Store", "waitable_sets"},
    {&Limits::streams, "streams and futures in one Store", "streams"},
};

std::string limit_words(u64 limit, const char* what, const char* member) {
    return abi::limit_words + std::to_string(limit) + " " + what + " (component::Limits::" + member + ")";
}

}  // namespace

std::unexpected<abi::TrapPtr> limit_trap(u64 limit, const char* what, const char* member) { return abi::trap(limit_words(limit, what, member)); }
std::unexpected<abi::TrapPtr> full(const Budget& b) { return abi::trap(b.message()); }

abi::Checked<Place> Quota::take(Counted what) {
    const Row& row = rows[std::size_t(what)];
    if (*count(what) >= limits.*row.limit) return limit_trap(limits.*row.limit, row.what, row.member);
    return Place(count(what));
}

abi::Checked<void> Quota::check(Counted what) const {
    const Row& row = rows[std::size_t(what)];
    if (*count(what) > limits.*row.limit) return limit_trap(limits.*row.limit, row.what, row.member);
    return {};
}

}  // namespace runtime

std::string Budget::message() const { return runtime::limit_words(limit_, "bytes held by the host for the guests of one Store", "host_bytes"); }

void set_limits(Store& store, const Limits& limits) {
    runtime::Quota& q = runtime::Machine::of(store)->quota;
    q.limits = limits;
    q.budget->set_limit(limits.host_bytes);
}
const Limits& limits(Store& store) { return runtime::Machine::of(store)->quota.limits; }
const std::shared_ptr<Budget>& host_budget(Store& store) { return runtime::Machine::of(store)->quota.budget; }
bool is_limit(const Trap& trap) { return trap.code == TrapCode::component && trap.detail.find(abi::limit_words) != std::string::npos; }

}  // namespace heddle::component
