#include "waitable.hpp"

#include <algorithm>

#include "chain.hpp"

namespace heddle::component::runtime {

void Waitable::set_event(Machine& m) {
    has_event = true;
    if (sync_waiter) m.wake(*sync_waiter);
    if (set) m.wake_all(set->waiters);
}

void Waitable::join(WaitableSet* to, Machine* m) {
    if (set) std::erase(set->members, this);
    set = to;
    if (!to) return;
    to->members.push_back(this);
    if (has_event && m) m->wake_all(to->waiters);
}

WaitableSet::~WaitableSet() {
    for (Waitable* w : members) w->set = nullptr;
}

Waitable* WaitableSet::first_with_event() const {
    auto w = std::ranges::find_if(members, [](const Waitable* x) { return x->has_event; });
    return w == members.end() ? nullptr : *w;
}

}  // namespace heddle::component::runtime
