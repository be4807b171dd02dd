#include "quota.hpp"

#include "chain.hpp"

namespace heddle::component {

namespace runtime {

namespace {

struct Row {
    const char *what, *member;
};
// In the order of Counted.
constexpr Row names[] = {
    {"tasks in one Store", "tasks"},
    {"subtasks in one Store", "subtasks"},
    {"waitable sets in one Store", "waitable_sets"},
    {"streams and futures in one Store", "streams"},
};

std::string limit_words(u64 limit, const char* what, const char* member) {
    return abi::limit_words + std::to_string(limit) + " " + what + " (component::Limits::" + member + ")";
}

}  // namespace

std::unexpected<abi::TrapPtr> limit_trap(u64 limit, const char* what, const char* member) { return abi::trap(limit_words(limit, what, member)); }
std::unexpected<abi::TrapPtr> full(const Budget& b) { return abi::trap(b.message()); }

Quota::Quota() {
    for (Count*& c : counts_) c = new Count();
}

Quota::~Quota() {
    for (Count* c : counts_) {
        if (c->value == 0) delete c;
        else c->last = true;
    }
}

[[gnu::cold, gnu::noinline]] std::unexpected<abi::TrapPtr> Quota::full(Counted what) const {
    const Row& row = names[std::size_t(what)];
    return limit_trap(limits.*rows[std::size_t(what)], row.what, row.member);
}

abi::Checked<void> Quota::check(Counted what) const {
    if (counts_[std::size_t(what)]->value > limits.*rows[std::size_t(what)]) return full(what);
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
