#include "chain.hpp"

#include <algorithm>
#include <cassert>

#include <heddle/passage.hpp>

#include "canon_call.hpp"
#include "stream.hpp"

namespace heddle::component::runtime {

Trap component_trap(std::string message) {
    Trap t;
    t.code = TrapCode::component;
    t.detail = std::move(message);
    return t;
}

Host fail(Caller& c, abi::TrapPtr t) {
    if (t->code == TrapCode::host) t->code = TrapCode::component;
    return c.fail(std::move(*t));
}
Host fail(Caller& c, std::string message) { return c.fail(component_trap(std::move(message))); }
Host fail_thrown(Caller& c) { return fail(c, "uncaught exception propagated out of component (thrown Wasm exception)"); }

// ---- the machine of a Store ---------------------------------------------------------------------------------------------------------

std::shared_ptr<Machine> Machine::of(Store& store) {
    if (!store.layer) store.layer = std::make_shared<Machine>(store);
    return std::static_pointer_cast<Machine>(store.layer);
}

Machine::Machine(Store& s) : store(s), entry(Func::create(s, {}, &run_native_body, this)), max_nested_runs_(s.engine().config().max_nested_runs) {}

// Stacks first: their host frames refer to all the rest.
Machine::~Machine() {
    on_ready = nullptr;
    after_parked = nullptr;
    for (auto& i : instances)
        for (auto& t : i->tasks)
            for (Thread& thread : t->threads) {
                if (thread.own) thread.own->abandon();
                if (thread.state == Thread::State::waiting) stop_waiting(thread);
            }
    executions.clear();
    drops.clear();
    for (auto& i : instances) {
        auto tasks = std::exchange(i->tasks, {});
        for (auto& t : tasks) t->source_owner.reset();
        i->handles.clear();
    }
    in_transit.clear();
    host_reads.clear();
}

// ---- the chain ------------------------------------------------------------------------------------------------------------------------

void Machine::make_thread(Activation& a) { a.call->make_thread(a); }

// A thread without a stack gets one.
bool Machine::begin(Thread& t) {
    if (t.exec) return true;
    t.own = take_execution();
    t.exec = t.own.get();
    t.exec->owner = &t;
    if (auto begun = begin_body(t); !begun) return keep_trap(std::move(begun.error())), false;
    if (t.exec->state() == Execution::State::ready) return true;
    trap = t.exec->trap();
    return false;
}

std::unique_ptr<Execution> Machine::new_execution() {
    auto e = std::make_unique<Execution>(store);
    e->keep_stack(true);
    return e;
}

void Machine::make_idle(Execution& e) {
    e.abandon();
    e.reset();
}

void Machine::keep_trap(abi::TrapPtr t) {
    trap = std::move(*t);
    if (trap.code == TrapCode::host) trap.code = TrapCode::component;
}

Machine::Step Machine::step_trapped(abi::TrapPtr t) {
    keep_trap(std::move(t));
    return Step::trapped;
}

Machine::Step Machine::step(bool may_stay_parked) {
    Activation& a = chain.back();
    if (a.thread && !begin(*a.thread)) return Step::trapped;
    Execution* was_parked = std::exchange(parked_in_, nullptr);
    Execution& e = was_parked ? *was_parked : a.thread ? *a.thread->exec : a.call->execution;
    action = Action::none;
    Exit how = std::exchange(parked_inside_, false) ? Exit::parked : e.run();
    return after_run(e, how, may_stay_parked);
}

Machine::Step Machine::after_run(Execution& e, Exit how, bool may_stay_parked) {
    while (how == Exit::parked && !may_stay_parked && store.wait_parked()) how = e.run();
    if (how == Exit::parked && may_stay_parked) {
        parked_in_ = &e;
        return Step::parked;
    }
    Action what = std::exchange(action, Action::none);
    switch (how) {
    case Exit::trapped: trap = e.trap(); return Step::trapped;
    case Exit::parked: trap = component_trap("the guest must wait, and nothing was set up to wait with (Store::on_park)"); return Step::trapped;
    case Exit::threw: trap = component_trap("uncaught exception propagated out of component (thrown Wasm exception)"); return Step::trapped;
    case Exit::returned: {
        Activation& top = chain.back();
        if (top.by_host && &top.call->execution == &e) return after_root_call(static_cast<RootCall&>(*top.call));
        return after_thread_call(*top.thread);
    }
    case Exit::blocked: break;
    }
    switch (what) {
    case Action::pushed: return Step::go_on;
    case Action::switched:
        chain.back().thread = action_thread;
        action_thread->state = Thread::State::running;
        return Step::go_on;
    case Action::block: return after_block();
    case Action::trapped: return Step::trapped;
    case Action::none: break;
    }
    trap = component_trap("a native function left run() without saying why");
    return Step::trapped;
}

Machine::Step Machine::after_root_call(RootCall& call) {
    auto ended = call.returned();
    if (!ended) return step_trapped(std::move(ended.error()));
    if (*ended) pop();
    return Step::go_on;
}

Machine::Step Machine::after_thread_call(Thread& t) {
    auto after = after_body(t);
    if (!after) return step_trapped(std::move(after.error()));
    switch (*after) {
    case After::begun:
        if (t.exec->state() == Execution::State::ready) return Step::go_on;
        trap = t.exec->trap();
        return Step::trapped;
    case After::waits: give_back(t); return after_block();
    case After::ended: return after_end(t);
    }
    return Step::go_on;
}

Machine::Step Machine::after_block() {
    Activation& a = chain.back();
    if (a.scope == Scope::sync) return choose_next(a);
    pop();
    return Step::go_on;
}

// Its thread goes, and with the last one the task.
Machine::Step Machine::after_end(Thread& t) {
    give_back(t);
    Task& task = *t.task;
    Instance& inst = *t.inst;
    if (!task.func) task.state = Task::State::resolved;
    auto done = t.is_implicit() ? (t.index ? task.exit_implicit_thread() : abi::Checked<void>()) : task.unregister_thread(t);
    if (!done) return step_trapped(std::move(done.error()));
    if (t.is_implicit()) task.implicit = nullptr;
    task.threads.remove(t);
    std::shared_ptr<Task> last = task.threads.empty() ? inst.tasks.erase(task) : nullptr;
    Activation& a = chain.back();
    if (a.scope == Scope::sync && !a.task->is_resolved()) return choose_next(a);
    pop();
    return Step::go_on;
}

Machine::Step Machine::choose_next(Activation& a) {
    Thread* t = take_ready(a.inst);
    if (!t) {
        trap = component_trap("deadlock detected: event loop cannot make further progress");
        return Step::trapped;
    }
    a.thread = t;
    t->state = Thread::State::running;
    return Step::go_on;
}

bool Machine::drive(std::size_t base) {
    bool ok = true, may_stay_parked = returns_parked && base == 0;
    while (ok && chain.size() > base) {
        Step s = step(may_stay_parked);
        if (s == Step::go_on) continue;
        if (s == Step::parked) break;
        end_trapped(base, trap);
        ok = false;
    }
    return ok;
}

Machine::Inner Machine::run_inner() {
    constexpr u32 rooms = 2;  // it, and a realloc
    std::size_t base = chain.size() - 1;
    if (inner_runs_ == max_inner_runs || store.nested_runs() + rooms > max_nested_runs_) return Inner::goes_on;
    ++inner_runs_;
    Step s = step(true);
    --inner_runs_;
    if (s == Step::parked) parked_inside_ = true;
    if (s == Step::trapped) return Inner::trapped;
    return chain.size() == base ? Inner::over : Inner::goes_on;
}

bool Machine::call_root(RootCall& call, Instance* from) {
    std::size_t base = chain.size();
    push({Scope::sync, nullptr, nullptr, call.callee->inst, from, &call, true});
    action = Action::none;
    if (begin(call)) return go_on(call, base, call.execution.run());
    end_trapped(base, trap);
    return false;
}

// After the first run(), as it left.
bool Machine::go_on(RootCall& call, std::size_t base, Exit how) {
    Step s = after_run(call.execution, how, returns_parked && base == 0);
    if (s == Step::parked) return true;
    if (s == Step::trapped) end_trapped(base, trap);
    return s == Step::go_on && (chain.size() == base || drive(base));
}

bool Machine::begin(RootCall& call) {
    if (auto begun = call.begin(); !begun) {
        trap = std::move(*begun.error());
        return false;
    }
    if (call.execution.state() == Execution::State::ready) return true;
    trap = call.execution.trap();
    return false;
}

[[gnu::cold, gnu::noinline]] bool Machine::refuse_to_enter() {
    trap = component_trap(cannot_enter_words);
    return false;
}

[[gnu::noinline]] bool Machine::go_on_with_words(RootCall& call, std::unique_ptr<Execution> execution, std::size_t base, Exit how) {
    bool ok = go_on(call, base, how);
    give_back(std::move(execution));
    run_drops();
    return ok;
}

bool Machine::call_words(const std::shared_ptr<Function>& f, Slot* slots) {
    run_drops();
    Instance& to = *f->inst;
    if (!can_enter(to, nullptr)) [[unlikely]] return refuse_to_enter();
    if (f->is_async) return call_async_words(f, slots);
    std::unique_ptr<Execution> execution = take_execution();
    RootCall call(*this, *execution, f, slots);
    std::size_t base = chain.size();
    push_root(call, to);
    action = Action::none;
    Exit how = call_on(*execution, f->core, slots);
    if (how != Exit::returned || !call.is_over_with_words()) [[unlikely]] return go_on_with_words(call, std::move(execution), base, how);
    pop_root(to);
    keep_idle(std::move(execution));
    run_drops();
    return true;
}

void Machine::go_on_parked() {
    bool ok = drive(0);
    if (is_left_parked()) return;
    if (auto then = std::exchange(after_parked, nullptr)) then(ok);
}

bool Machine::tick() {
    if (is_left_parked()) {
        go_on_parked();
        return !is_left_parked();
    }
    if (!chain.empty()) return false;
    constexpr int rounds = 16;  // what comes may bring more
    for (int n = 0; n < rounds && !completions.empty(); ++n)
        for (auto& done : std::exchange(completions, {})) done();
    std::erase_if(host_reads, [](const auto& s) { return s->is_over(); });
    run_drops();
    if (is_left_parked()) return true;
    Thread* t = take_ready(nullptr);
    if (!t) return false;
    push({Scope::tick, t, nullptr, t->inst, nullptr});
    drive(0);
    return true;
}

bool Machine::run_until(const bool& done, Instance& of) {
    constexpr u32 turn = 64;
    for (u32 ticks = 1; !done && !of.dead(); ++ticks) {
        if (!chain.empty()) {
            trap = component_trap("an asynchronous call made inside a host function must end at once");
            kill(*of.group, trap);
            return false;
        }
        if (ticks % turn == 0 && on_turn) on_turn();
        if (tick() || !completions.empty()) continue;
        if (pending_host && store.wait_parked()) continue;
        trap = component_trap("deadlock detected: event loop cannot make further progress");
        kill(*of.group, trap);
        return false;
    }
    return done;
}

// Whether the innermost scope takes a block, or somebody else may go on.
bool Machine::may_block() {
    current();
    const Activation& a = chain.back();
    if (a.scope != Scope::sync || a.task->is_resolved()) return true;
    const Thread* running = a.thread;
    return std::ranges::any_of(ready, [&](const Thread* t) { return t != running && t->inst->group == running->inst->group && t->is_ready(); });
}

// ---- threads --------------------------------------------------------------------------------------------------------------------------

// Only threads that can use the stack: no implicit thread of a task that wants the instance for itself.
bool Machine::may_run_in_sync_scope(const Thread& t, const Instance& of) {
    return t.inst == &of && t.index != 0 && !(t.is_implicit() && t.task->needs_exclusive());
}

Thread* Machine::take_ready(const Instance* of) {
    std::vector<Thread*> choices;
    for (auto i = ready.begin(); i != ready.end();) {
        Thread& t = **i++;
        if (!t.is_ready()) {  // its source wakes it again
            t.queued = false;
            ready.erase(t.place);
            if (t.condition.lock && t.inst->exclusive) wake(t);
            continue;
        }
        if (of && !may_run_in_sync_scope(t, *of)) continue;
        choices.push_back(&t);
        if (!shuffles) break;
    }
    if (choices.empty()) return nullptr;
    Thread& t = *choices[shuffles ? random() % choices.size() : 0];
    stop_waiting(t);
    return &t;
}

bool Machine::wait(Thread& t, const Condition& c, bool cancellable) {
    t.cancelled = t.task && t.task->deliver_pending_cancel(cancellable);
    if (t.cancelled) return false;
    t.condition = c;
    t.state = Thread::State::waiting;
    t.cancellable = cancellable;
    // Yields always suspend, and nobody jumps the queue at a gate; other waits that are over go on at once.
    if (c.kind != Condition::Kind::always && c.kind != Condition::Kind::gate && t.is_ready()) {
        t.state = Thread::State::running;
        t.condition = {};
        return false;
    }
    if (c.kind == Condition::Kind::set) c.set->waiters.push_back(&t);
    if (c.kind == Condition::Kind::event) c.waitable->sync_waiter = &t;
    if (c.kind == Condition::Kind::gate) t.inst->gate.push_back(&t);
    wake(t);
    return true;
}

void Machine::suspend_in(Thread& t, bool cancellable) {
    t.state = Thread::State::suspended;
    t.condition = {};
    t.cancellable = cancellable;
}

void Machine::stop_waiting(Thread& t) {
    if (t.queued) ready.erase(t.place);
    t.queued = false;
    if (t.condition.kind == Condition::Kind::set) std::erase(t.condition.set->waiters, &t);
    if (t.condition.kind == Condition::Kind::event) t.condition.waitable->sync_waiter = nullptr;
    if (t.condition.kind == Condition::Kind::gate) std::erase(t.inst->gate, &t);
    if (t.condition.lock) std::erase(t.inst->lock_waiters, &t);
    t.condition = {};
    t.state = Thread::State::suspended;
}

void Machine::resume_later(Thread& t) {
    t.condition = {.kind = Condition::Kind::always};
    t.state = Thread::State::waiting;
    wake(t);
}

void Machine::wake(Thread& t) {
    if (t.queued || t.state != Thread::State::waiting) return;
    if (t.condition.lock && t.inst->exclusive) {
        auto& waiters = t.inst->lock_waiters;
        if (std::ranges::find(waiters, &t) == waiters.end()) waiters.push_back(&t);
        return;
    }
    if (!t.is_ready()) return;
    t.queued = true;
    t.place = ready.insert(ready.end(), &t);
}

void Machine::wake_all(const std::vector<Thread*>& threads) {
    for (Thread* t : threads) wake(*t);
}

void Machine::wake_after_lock(Instance& inst) {
    wake_all(std::exchange(inst.lock_waiters, {}));
    open_gate(inst);
}

// In their order, up to the first that wants the instance for itself: it will take the lock.
void Machine::open_gate(Instance& inst) {
    for (Thread* t : inst.gate) {
        wake(*t);
        if (t->queued && t->task->needs_exclusive()) break;
    }
}

bool Machine::request_cancellation(Task& task, Instance* caller) {
    Instance& inst = *task.inst;
    if (task.state == Task::State::initial) {
        auto keep_alive = task.shared_from_this();
        task.state = Task::State::resolved;
        stop_waiting(*task.implicit);
        --inst.num_waiting_to_enter;
        task.source->cancelled();
        inst.tasks.erase(task);
        return false;
    }
    std::vector<Thread*> candidates;
    for (Thread& t : task.threads) {
        bool blocked = t.state != Thread::State::running && t.index && t.cancellable;
        bool locked_out = &t == task.implicit && task.needs_exclusive() && inst.exclusive && inst.exclusive != task.implicit;
        if (blocked && !locked_out) candidates.push_back(&t);
    }
    if (candidates.empty() || !inst.may_enter_from(caller)) {
        task.state = Task::State::pending_cancel;
        return false;
    }
    task.state = Task::State::cancel_delivered;
    Thread& t = *candidates[shuffles ? random() % candidates.size() : 0];
    if (t.state == Thread::State::waiting) stop_waiting(t);
    t.cancelled = true;
    push({Scope::cancel, &t, nullptr, &inst, caller});
    return true;
}

// ---- leaving run() --------------------------------------------------------------------------------------------------------------------

Host Machine::leave(Caller& c, Action a, Thread* to) {
    action = a;
    action_thread = to;
    return c.block();
}

abi::Checked<u64> Machine::leaf(const Func& f, std::span<const Slot> args) {
    u64 no_tls[2] = {0, 0};
    u64* outer = std::exchange(tls_override, no_tls);
    Slot result;
    Exit how = call_leaf(store, f, args, {&result, 1});
    tls_override = outer;
    if (how == Exit::returned) return result.bits;
    if (how == Exit::threw) return abi::trap("uncaught exception propagated out of component (thrown Wasm exception)");
    return std::unexpected(std::make_unique<Trap>(store.trap()));
}

// ---- ends -----------------------------------------------------------------------------------------------------------------------------

void Machine::end_trapped(std::size_t base, Trap t) {
    std::vector<std::shared_ptr<Group>> groups;
    for (std::size_t i = base; i < chain.size(); ++i)
        if (std::ranges::find(groups, chain[i].inst->group) == groups.end()) groups.push_back(chain[i].inst->group);
    // Who is not of these groups (a host's nested call) leaves as after a return.
    while (chain.size() > base) chain.pop_back();
    parked_in_ = nullptr;
    parked_inside_ = false;
    for (auto& g : groups) kill(*g, t);
    trap = std::move(t);
}

std::vector<Task*> Machine::tasks_of(Group& g) {
    std::vector<Task*> all;
    for (Instance* i : g.instances)
        for (auto& t : i->tasks) all.push_back(t.get());
    return all;
}

void Machine::kill(Group& g, const Trap& t) {
    if (std::exchange(g.dead, true)) return;
    g.domain.kill(t);
    std::vector<Task*> tasks = tasks_of(g);
    for (Task* task : tasks)
        for (Thread& thread : task->threads) {
            if (thread.state == Thread::State::waiting) stop_waiting(thread);
            if (!thread.own) continue;
            Execution::State s = thread.own->state();
            if (s == Execution::State::running || s == Execution::State::below) continue;
            thread.own->abandon();
            give_back(thread);
        }
    std::vector<std::shared_ptr<CallSource>> sources;
    for (Task* task : tasks)
        if (task->source_owner) sources.push_back(std::exchange(task->source_owner, nullptr));
    for (auto& s : sources) s->killed(t);
    std::vector<std::vector<Handle>> dropped;
    for (Instance* i : g.instances) {
        i->may_enter = false;
        i->gate.clear();
        i->lock_waiters.clear();
        i->exclusive = nullptr;
        dropped.push_back(i->handles.clear());
        i->handle_bytes.try_resize(0);
        i->tasks.erase_if([](const Task& task) { return !task.has_stack(); });
    }
    in_transit.clear();
}

void Machine::unite(Instance& a, Instance& b) {
    std::shared_ptr<Group> to = a.group, from = b.group;
    if (to == from) return;
    for (Instance* i : from->instances) i->group = to;
    to->instances.insert(to->instances.end(), from->instances.begin(), from->instances.end());
    for (Instance* i : from->instances)
        for (auto& core : i->core_instances)
            if (auto* in = std::get_if<heddle::Instance>(&core)) in->set_domain(to->domain);
    keep.push_back(from);
}

// Work that needs a guest stack under it, as a synchronous call of the instance by the host.
bool Machine::run_native(Instance& inst, Host (*f)(Caller&, Thread&), void* data) {
    auto task = std::make_shared<Task>(nullptr, inst, nullptr);
    Thread& t = task->make_implicit_thread();
    inst.tasks.insert(task);
    t.phase = Thread::Phase::native;
    t.native = f;
    t.native_data = data;
    bool was_entered = !inst.may_enter;
    // What it works on is the caller's: it ends before this returns. Destructors are no such work.
    bool outer = std::exchange(returns_parked, returns_parked && f == &run_destructor);
    push({Scope::sync, &t, task.get(), &inst, was_entered ? &inst : nullptr});
    bool ok = drive(chain.size() - 1);
    returns_parked = outer;
    return ok;
}

bool Machine::run_core_start(Instance& inst, const Func& f) {
    auto task = std::make_shared<Task>(nullptr, inst, nullptr);
    Thread& t = task->make_implicit_thread();
    inst.tasks.insert(task);
    t.phase = Thread::Phase::core_start;
    t.start = f;
    push({Scope::sync, &t, task.get(), &inst, &inst});  // entered while it is built
    return drive(chain.size() - 1);
}

void Machine::drop_later(std::shared_ptr<ResourceType> type, u64 rep) { drops.emplace_back(std::move(type), rep); }

void Machine::drop_now() {
    if (!chain.empty() || store.parked()) return;
    auto due = std::exchange(drops, {});
    for (std::size_t i = 0; i < due.size(); ++i) {
        auto& [type, rep] = due[i];
        if (is_left_parked()) return void(drops.insert(drops.begin(), due.begin() + std::ptrdiff_t(i), due.end()));
        if (!type->impl) {
            if (type->host_drop) type->host_drop(store, type->data.get(), rep);
            continue;
        }
        Instance& inst = *type->impl;
        if (!type->dtor || inst.dead() || !inst.may_enter_from(nullptr)) continue;
        u64 r = rep;
        struct Drop {
            Func dtor;
            u64 rep;
        } drop{*type->dtor, r};
        run_native(inst, &run_destructor, &drop);
    }
}

}  // namespace heddle::component::runtime
