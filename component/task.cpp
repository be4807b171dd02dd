#include "task.hpp"

#include <algorithm>

#include "abi/flat.hpp"
#include "canon_call.hpp"
#include "chain.hpp"

namespace heddle::component::runtime {

// ---- threads ----------------------------------------------------------------------------------------------------------------------

Thread::~Thread() {
    if (state == State::waiting) inst->machine.stop_waiting(*this);
}

bool Thread::is_ready() const {
    if (state != State::waiting) return false;
    if (condition.lock && inst->exclusive) return false;
    switch (condition.kind) {
    case Condition::Kind::none: return false;
    case Condition::Kind::always: return true;
    case Condition::Kind::event: return condition.waitable->has_event;
    case Condition::Kind::set: return condition.set->has_event();
    case Condition::Kind::gate: return !task->has_backpressure();
    case Condition::Kind::resolved: return static_cast<const Subtask*>(condition.waitable)->is_resolved();
    }
    return false;
}

// ---- tasks ------------------------------------------------------------------------------------------------------------------------

Thread& Task::make_implicit_thread() {
    implicit = &threads.add_first(this, *inst);
    return *implicit;
}

void Task::adopt_thread(Thread& t) {
    t.index = *inst->threads.add(&t, ~u32(0));
    ++registered;
}

bool Task::deliver_pending_cancel(bool cancellable) {
    if (!cancellable || state != State::pending_cancel) return false;
    state = State::cancel_delivered;
    return true;
}

abi::Checked<void> Task::return_(std::span<const Slot> flat, u32 max_flat) {
    if (state == State::resolved) return abi::trap("`task.return` or `task.cancel` called after the task was resolved");
    if (num_borrows > 0) return abi::trap("borrow handles still remain at the end of the call");
    if (source->resolve_words(flat)) {
        state = State::resolved;
        return {};
    }
    InstanceContext cx(*inst, func->options, abi::Partner::guest, nullptr, this);
    auto done = source->resolve(cx, *func, flat, max_flat);
    if (done) state = State::resolved;
    return done;
}

abi::Checked<void> Task::cancel() {
    if (state != State::cancel_delivered) return abi::trap("`task.cancel` called by task which has not been cancelled");
    if (num_borrows > 0) return abi::trap("borrow handles still remain at the end of the call");
    source->cancelled();
    state = State::resolved;
    return {};
}

// ---- subtasks ---------------------------------------------------------------------------------------------------------------------

Subtask::Subtask(Machine& m, const LoweredFunc& f, std::span<const Slot> a) : machine(m), func(f), args(a) {}

Subtask::~Subtask() {
    if (cancel_host) cancel_host();
}

void release_lenders(std::vector<std::pair<Instance*, u32>>& lenders) {
    for (auto [inst, index] : lenders)
        if (Handle* h = inst->handles.get(index))
            if (auto* r = std::get_if<ResourceHandle>(h)) --r->lends;
    lenders.clear();
}

void Subtask::deliver_resolve() {
    release_lenders(lenders);
    delivered = true;
}

void Subtask::tell_progress() {
    if (index) set_event(machine);
    if (waiter && is_resolved()) machine.wake(*waiter);
}

Event Subtask::take_event() {
    if (is_resolved()) deliver_resolve();
    return taken({EventCode::subtask, index, u32(state)});
}

abi::Checked<void> Subtask::start(InstanceContext& callee, const Function& f, std::span<Slot> flat) {
    state = State::started;
    progress();
    return lift_arguments(func, args, lenders, callee, f, flat);
}

abi::Checked<void> Subtask::resolve(InstanceContext& callee, const Function& f, std::span<const Slot> flat, u32 max_flat) {
    auto done = lower_results(func, args, callee, f, flat, max_flat, std::span(&result, 1));
    if (!done) return done;
    state = State::returned;
    cancel_host = nullptr;
    progress();
    return {};
}

bool Subtask::start_words(std::span<Slot> flat) {
    if (!func.words_in) return false;
    state = State::started;
    progress();
    std::copy_n(std::span<const Slot>(args).begin(), func.params.flat[0].count, flat.begin());
    return true;
}

bool Subtask::resolve_words(std::span<const Slot> flat) {
    if (!give_word(func, args, flat, result)) return false;
    state = State::returned;
    progress();
    return true;
}

void Subtask::cancelled() {
    state = state == State::starting ? State::cancelled_before_started : State::cancelled_before_returned;
    cancel_host = nullptr;
    progress();
}

}  // namespace heddle::component::runtime
