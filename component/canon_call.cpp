#include "canon_call.hpp"

#include <algorithm>
#include <array>

#include <heddle/passage.hpp>

#include "abi/flat.hpp"
#include "host_call.hpp"

namespace heddle::component::runtime {

namespace {

using Checked = abi::Checked<void>;

constexpr const char* cannot_enter_words = "cannot enter component instance";

// Parameters and results of core functions made of component types: never more than these.
constexpr std::size_t max_core_params = abi::max_flat_params + 1;

bool are_related(const Instance& a, const Instance& b) { return a.is_self_or_descendant_of(&b) || b.is_self_or_descendant_of(&a); }

}  // namespace

// ---- values from side to side -------------------------------------------------------------------------------------------------------

Checked lift_arguments(const LoweredFunc& f, std::span<const Slot> args, std::vector<std::pair<Instance*, u32>>& lenders, InstanceContext& callee,
                       const Function& to, std::span<Slot> flat) {
    if (f.words_in) {
        std::copy_n(args.begin(), f.params.flat[0].count, flat.begin());
        return {};
    }
    InstanceContext cx(*f.inst, f.options, abi::Partner::guest, &lenders, nullptr);
    abi::CoreValueIter vi(args);
    abi::CoreValueSink sink(flat);
    return abi::copy_flat_values(cx, f.max_flat_params(), vi, f.params, callee, abi::max_flat_params, to.params, nullptr, sink);
}

namespace {

// The out pointer comes behind the parameters.
std::size_t out_position(const LoweredFunc& f) {
    const abi::FlatTypes& flat = f.params.flat[u8(f.options.pointer)];
    return flat.count > f.max_flat_params() ? 1 : flat.count;
}

}  // namespace

Checked lower_results(const LoweredFunc& f, std::span<const Slot> args, InstanceContext& callee, const Function& from, std::span<const Slot> flat,
                      u32 max_flat, std::span<Slot> results) {
    InstanceContext cx(*f.inst, f.options, abi::Partner::guest, nullptr, nullptr);
    abi::CoreValueIter vi(flat), out(args);
    out.move_to(out_position(f));
    abi::CoreValueSink sink(results);
    return abi::copy_flat_values(callee, max_flat, vi, from.result, cx, f.max_flat_results(), f.result, &out, sink);
}

Checked HostCaller::start(InstanceContext& callee, const Function& f, std::span<Slot> flat) {
    callee.partner = abi::Partner::host;
    abi::CoreValueSink sink(flat);
    return abi::lower_flat_values(callee, abi::max_flat_params, args, f.params, nullptr, sink);
}

Checked HostCaller::resolve(InstanceContext& callee, const Function& f, std::span<const Slot> flat, u32 max_flat) {
    callee.partner = abi::Partner::host;
    abi::CoreValueIter vi(flat);
    auto values = abi::lift_flat_values(callee, max_flat, vi, f.result);
    if (!values) return std::unexpected(std::move(values.error()));
    results = std::move(*values);
    done = true;
    return {};
}

// ---- canon lift: what a thread with an Execution of its own does --------------------------------------------------------------------

namespace {

// Lies at the bottom of every Execution.
struct BodyFrame final : HostFrame {
    explicit BodyFrame(Machine& m) : machine(m) {}
    Host next(Caller& c, Exit how) override;
    Machine& machine;
};

Host finish(Caller& c, Thread& t) {
    Machine& m = t.inst->machine;
    Task& task = *t.task;
    auto keep_alive = task.shared_from_this();
    if (!task.func) task.state = Task::State::resolved;
    auto done = t.is_implicit() ? (t.index ? task.exit_implicit_thread() : Checked()) : task.unregister_thread(t);
    if (!done) return fail(c, std::move(done.error()));
    if (t.is_implicit()) task.implicit = nullptr;
    auto at = std::ranges::find(task.threads, &t, &std::unique_ptr<Thread>::get);
    m.retire(std::move(*at));
    task.threads.erase(at);
    if (task.threads.empty()) t.inst->tasks.erase(task);
    m.action = Machine::Action::finished;
    return Host::done;
}

Host start_task(Caller& c, Thread& t) {
    Task& task = *t.task;
    const Function& f = *task.func;
    if (std::exchange(t.at_gate, false)) --t.inst->num_waiting_to_enter;
    auto done = task.enter_implicit_thread();
    if (!done) return fail(c, std::move(done.error()));
    task.state = Task::State::started;
    InstanceContext cx(*t.inst, f.options, abi::Partner::guest, nullptr, &task);
    std::array<Slot, max_core_params> flat{};
    done = task.source->start(cx, f, flat);
    if (!done) return fail(c, std::move(done.error()));
    t.phase = Thread::Phase::call;
    return c.call(f.core, flat);
}

Host call_callback(Caller& c, Thread& t) {
    Event e;
    if (t.cancelled) e.code = EventCode::task_cancelled;
    else if (t.waited) e = t.waited->first_with_event()->take_event();
    t.waited = nullptr;
    t.inst->exclusive = &t;
    t.phase = Thread::Phase::callback_call;
    std::array<Slot, 3> args{Slot{u32(e.code)}, Slot{e.index}, Slot{e.payload}};
    return c.call(t.task->options().callback, args);
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-lift: the callback's event loop
Host after_callback(Caller& c, Thread& t, u32 packed) {
    Machine& m = t.inst->machine;
    enum : u32 { exit, yield, wait };
    u32 code = packed & 0xf;
    if (code == exit) return finish(c, t);
    if (code > wait) return fail(c, "unsupported callback code: " + std::to_string(code));
    Condition condition{.kind = Condition::Kind::always, .lock = true};
    if (code == wait) {
        auto set = find<WaitableSet>(*t.inst, packed >> 4, "waitable-set");
        if (!set) return fail(c, std::move(set.error()));
        condition.kind = Condition::Kind::set;
        condition.set = t.waited = set->get();
    }
    m.release_lock(*t.inst);
    if (!m.wait(t, condition, true)) return call_callback(c, t);
    t.phase = Thread::Phase::callback;
    m.action = Machine::Action::block;
    return Host::done;
}

Host after_call(Caller& c, Thread& t) {
    Task& task = *t.task;
    std::array<Slot, abi::max_flat_results> kept{};  // calls overwrite the results
    auto results = std::span(kept).first(c.call_results().size());
    std::ranges::copy(c.call_results(), kept.begin());
    if (task.options().callback) return after_callback(c, t, results[0].as<u32>());
    if (task.options().async) return finish(c, t);
    auto done = task.return_(results, abi::max_flat_results);
    if (!done) return fail(c, std::move(done.error()));
    if (!task.options().post_return) return finish(c, t);
    t.inst->may_leave = false;
    t.phase = Thread::Phase::post_return;
    return c.call(task.options().post_return, results);
}

Host begin_body(Caller& c, Thread& t) {
    switch (t.phase) {
    case Thread::Phase::start: return start_task(c, t);
    case Thread::Phase::callback: return call_callback(c, t);
    case Thread::Phase::spawned: return c.call(t.start, std::span(&t.argument, 1));
    case Thread::Phase::core_start: {
        auto done = t.task->register_thread(t);
        return done ? c.call(t.start, {}) : fail(c, std::move(done.error()));
    }
    case Thread::Phase::native: {
        Host said = t.native(c, t);
        return said == Host::done ? finish(c, t) : said;
    }
    default: return fail(c, "a thread was resumed in the middle of a call");
    }
}

}  // namespace

Host BodyFrame::next(Caller& c, Exit how) {
    NativeScope scope(machine, c);
    Thread& t = *static_cast<Thread*>(c.execution().owner);
    if (how == Exit::threw) return fail_thrown(c);
    switch (t.phase) {
    case Thread::Phase::call: return after_call(c, t);
    case Thread::Phase::callback_call: return after_callback(c, t, c.call_results()[0].as<u32>());
    case Thread::Phase::post_return: t.inst->may_leave = true; return finish(c, t);
    case Thread::Phase::spawned:
    case Thread::Phase::core_start:
    case Thread::Phase::native: return finish(c, t);
    default: return fail(c, "a thread was resumed in the middle of a call");
    }
}

Host run_body(Caller& c, void* machine) {
    Machine& m = *static_cast<Machine*>(machine);
    NativeScope scope(m, c);
    c.frame<BodyFrame>(m);
    return begin_body(c, *static_cast<Thread*>(c.execution().owner));
}

// ---- a synchronous call, on its caller's stack ----------------------------------------------------------------------------------------

void SyncCall::make_thread(Activation& a) {
    task = std::make_shared<Task>(callee, *a.inst, this);
    thread = std::make_unique<Thread>(task.get(), *a.inst);
    task->implicit = thread.get();
    task->state = Task::State::started;
    task->adopt_thread(*thread);
    thread->phase = Thread::Phase::call;
    thread->exec = &execution;
    thread->state = Thread::State::running;
    a.thread = thread.get();
    a.task = task.get();
}

Checked SyncCall::return_(std::span<const Slot> flat) {
    if (task) return task->return_(flat, abi::max_flat_results);
    InstanceContext cx(*callee->inst, callee->options, abi::Partner::guest, nullptr, nullptr);
    return resolve(cx, *callee, flat, abi::max_flat_results);
}

Checked SyncCall::end() {
    if (!task) return {};
    if (!callee) task->state = Task::State::resolved;
    auto done = task->unregister_thread(*thread);
    task->implicit = nullptr;
    return done;
}

namespace {

const std::shared_ptr<Function> no_function;

// Between guests, it lies on the guest stack.
struct GuestCall final : HostFrame, SyncCall {
    GuestCall(Machine& m, Execution& e, const LoweredFunc* f) : SyncCall(m, e, f ? f->callee : no_function), func(f) {}
    Checked start(InstanceContext& to, const Function& f, std::span<Slot> flat) override { return lift_arguments(*func, slots, lenders, to, f, flat); }
    Checked resolve(InstanceContext& to, const Function& f, std::span<const Slot> flat, u32 max_flat) override {
        return lower_results(*func, slots, to, f, flat, max_flat, std::span(&result, 1));
    }
    Host next(Caller& c, Exit how) override;
    Host after_call(Caller& c);
    Host leave(Caller& c);

    const LoweredFunc* func;                      // null: a destructor
    std::span<Slot> slots;                        // on the guest stack, below the frame
    std::vector<std::pair<Instance*, u32>> lenders;
    Slot result;
};

Host GuestCall::next(Caller& c, Exit how) {
    NativeScope scope(machine, c);
    if (how == Exit::threw) return fail_thrown(c);
    slots = c.slots();
    if (func && !post_return) return after_call(c);
    if (post_return) callee->inst->may_leave = true;
    return leave(c);
}

Host GuestCall::after_call(Caller& c) {
    auto results = c.call_results();
    if (func->same_result && !task) {
        if (!results.empty()) result = results[0];
    } else if (auto done = return_(results); !done) return fail(c, std::move(done.error()));
    if (!callee->options.post_return) return leave(c);
    callee->inst->may_leave = false;
    post_return = true;
    std::array<Slot, abi::max_flat_results> kept{};  // calls overwrite the results
    std::ranges::copy(results, kept.begin());
    return c.call(callee->options.post_return, std::span(kept).first(results.size()));
}

// The callee has returned, and its post-return too.
Host GuestCall::leave(Caller& c) {
    if (auto done = end(); !done) return fail(c, std::move(done.error()));
    if (!lenders.empty()) release_lenders(lenders);
    if (func && func->siblings) {
        callee->inst->may_enter = !callee->inst->dead();
        machine.chain.pop_back();
    } else machine.pop();
    if (func && !slots.empty()) slots[0] = result;
    return Host::done;
}

GuestCall& enter_sync(Caller& c, Machine& m, const LoweredFunc* f, Instance& to, Instance& from) {
    GuestCall& call = c.frame<GuestCall>(m, c.execution(), f);
    call.slots = c.slots();
    if (f && f->siblings) {
        to.may_enter = false;
        m.chain.push_back({Scope::sync, nullptr, nullptr, &to, &from, &call});
    } else m.push({Scope::sync, nullptr, nullptr, &to, &from, &call});
    return call;
}

// What enter_sync() would have left, when the interpreter let the call pass.
HostFrame* passage_frame(Caller& c, void* storage, void* data) {
    const LoweredFunc& f = *static_cast<const LoweredFunc*>(data);
    Machine& m = f.inst->machine;
    GuestCall* call = new (storage) GuestCall(m, c.execution(), &f);
    call->slots = c.slots();
    m.chain.push_back({Scope::sync, nullptr, nullptr, f.callee->inst, f.inst, call});
    return call;
}

Host sync_call(Caller& c, Machine& m, const LoweredFunc& f) {
    GuestCall& call = enter_sync(c, m, &f, *f.callee->inst, *f.inst);
    if (f.same_params) return c.call(f.callee->core, call.slots.first(f.params.flat[0].count));
    InstanceContext cx(*f.callee->inst, f.callee->options, abi::Partner::guest, nullptr, nullptr);
    std::array<Slot, max_core_params> flat{};
    auto done = call.start(cx, *f.callee, flat);
    if (!done) return fail(c, std::move(done.error()));
    return c.call(f.callee->core, flat);
}

// ---- an asynchronous callee ------------------------------------------------------------------------------------------------------------

// False: the task waits at the gate.
bool start_or_wait(Machine& m, Task& task, Instance* caller) {
    Thread& t = *task.implicit;
    if (!task.must_wait_to_enter()) {
        m.push({Scope::async, &t, nullptr, task.inst, caller});
        return true;
    }
    ++task.inst->num_waiting_to_enter;
    t.at_gate = true;
    m.wait(t, {.kind = Condition::Kind::gate}, true);
    return false;
}

// The instance is taken by a task whose wait is already over: it goes on first, and may free the instance.
Thread* ready_holder(const Task& task, const Instance* caller) {
    Thread* holder = task.inst->exclusive;
    if (!task.must_wait_to_enter() || task.inst->backpressure || !holder || !holder->is_ready()) return nullptr;
    bool yields = holder->condition.kind == Condition::Kind::always;
    return yields || !task.inst->may_enter_from(caller) ? nullptr : holder;
}

struct AwaitSubtask final : HostFrame {
    AwaitSubtask(Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> s) : machine(m), func(f), subtask(std::move(s)) {}
    ~AwaitSubtask() override { subtask->waiter = nullptr; }
    Host next(Caller& c, Exit) override {
        NativeScope scope(machine, c);
        subtask->waiter = nullptr;
        if (auto task = std::exchange(to_start, nullptr)) {
            if (start_or_wait(machine, *task, func.inst)) return machine.leave(c, Machine::Action::pushed);
        }
        return func.options.async ? tell(c) : wait(c);
    }
    Host wait(Caller& c) {
        if (!subtask->is_resolved()) {
            Thread& t = machine.current();
            machine.wait(t, {.kind = Condition::Kind::resolved, .waitable = subtask.get()}, false);
            subtask->waiter = &t;
            return machine.leave(c, Machine::Action::block);
        }
        subtask->deliver_resolve();
        if (!c.slots().empty()) c.slots()[0] = subtask->result;
        return Host::done;
    }
    Host tell(Caller& c) {
        if (subtask->is_resolved()) {
            subtask->deliver_resolve();
            c.slots()[0] = Slot{u32(subtask->state)};
            return Host::done;
        }
        auto i = add_handle(*func.inst, Handle(subtask));
        if (!i) return fail(c, std::move(i.error()));
        subtask->index = *i;
        c.slots()[0] = Slot{u32(subtask->state) | *i << 4};
        return Host::done;
    }

    Machine& machine;
    const LoweredFunc& func;
    std::shared_ptr<Subtask> subtask;
    std::shared_ptr<Task> to_start;       // once the holder of the lock has gone on
};

abi::Checked<std::shared_ptr<Task>> make_task(const std::shared_ptr<Function>& f, std::shared_ptr<CallSource> source) {
    auto place = f->inst->machine.quota.take(Counted::task);
    if (!place) return std::unexpected(std::move(place.error()));
    auto task = std::make_shared<Task>(f, *f->inst, source.get());
    task->place = std::move(*place);
    task->source_owner = std::move(source);
    task->make_implicit_thread();
    f->inst->tasks.insert(task);
    return task;
}

Host async_call(Caller& c, Machine& m, const LoweredFunc& f) {
    auto place = m.quota.take(Counted::subtask);
    if (!place) return fail(c, std::move(place.error()));
    auto subtask = std::make_shared<Subtask>(m, f, c.slots());
    subtask->place = std::move(*place);
    auto made = make_task(f.callee, subtask);
    if (!made) return fail(c, std::move(made.error()));
    std::shared_ptr<Task> task = std::move(*made);
    subtask->callee = task;
    AwaitSubtask& frame = c.frame<AwaitSubtask>(m, f, subtask);
    if (Thread* holder = ready_holder(*task, f.inst)) {
        frame.to_start = task;
        m.stop_waiting(*holder);
        m.push({Scope::async, holder, nullptr, task->inst, f.inst});
        return m.leave(c, Machine::Action::pushed);
    }
    if (start_or_wait(m, *task, f.inst)) return m.leave(c, Machine::Action::pushed);
    return f.options.async ? frame.tell(c) : frame.wait(c);
}

Host lowered_call(Caller& c, void* data) {
    const LoweredFunc& f = *static_cast<const LoweredFunc*>(data);
    Machine& m = f.inst->machine;
    NativeScope scope(m, c);
    if (!f.inst->may_leave) return fail(c, "cannot leave component instance");
    bool async = f.callee->func_type().async;
    if (async && !f.options.async && !m.may_block()) return fail(c, "cannot block a synchronous task before returning");
    if (f.callee->host) return f.same_params ? call_host_words(c, f) : call_host(c, m, f);
    Instance& callee = *f.callee->inst;
    bool enters = f.siblings ? callee.may_enter && !callee.dead() : !f.related && can_enter(callee, f.inst);
    if (!enters) [[unlikely]] return fail(c, cannot_enter_words);
    return async ? async_call(c, m, f) : sync_call(c, m, f);
}

}  // namespace

Host await_subtask(Caller& c, Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> subtask) {
    AwaitSubtask& frame = c.frame<AwaitSubtask>(m, f, std::move(subtask));
    return f.options.async ? frame.tell(c) : frame.wait(c);
}

namespace {

// Where nothing has to be done but to see whether the border is open, the interpreter does it.
Func make_core_func(LoweredFunc& f, const heddle::FuncType& core) {
    static_assert(sizeof(GuestCall) <= HostFrame::max_bytes);
    Store& store = f.inst->machine.store;
    const Function& callee = *f.callee;
    bool passes = f.siblings && f.same_params && f.same_result && !callee.options.post_return;
    if (!passes) return Func::create(store, core, &lowered_call, &f);
    return create_passage(store, {callee.core, &f.inst->may_leave, &callee.inst->may_enter, &lowered_call, &passage_frame, &f});
}

}  // namespace

Func lower(Instance& inst, std::shared_ptr<Function> callee, types::FuncId type, CanonOptions options, const heddle::FuncType& core) {
    auto f = std::make_shared<LoweredFunc>();
    f->inst = &inst;
    f->type = type;
    const abi::Layouts& layouts = inst.view.component->layouts;
    f->params = layouts.params(inst.view.types()[type]);
    f->result = layouts.result(inst.view.types()[type]);
    f->options = std::move(options);
    f->related = callee->inst && are_related(inst, *callee->inst);
    f->callee = std::move(callee);
    bool sync = !f->options.async && !f->callee->options.async && !f->callee->func_type().async;
    f->siblings = sync && f->callee->inst && f->callee->inst->parent == inst.parent;
    f->words_in = f->params.words && f->params.flat[0].count <= f->max_flat_params();
    f->same_params = sync && f->words_in;
    f->same_result = sync && f->result.words && f->result.flat[0].count <= abi::max_flat_results;
    if (f->callee->host) f->same_params = f->same_result = f->same_params && f->same_result && f->callee->host_words;
    Func made = make_core_func(*f, core);
    inst.keep.push_back(std::move(f));
    return made;
}

// ---- destructors ------------------------------------------------------------------------------------------------------------------------

Host call_destructor(Caller& c, Instance& from, const ResourceType& type, u64 rep) {
    Instance& to = *type.impl;
    if (!can_enter(to, &from)) return fail(c, cannot_enter_words);
    if (!type.dtor) return Host::done;
    enter_sync(c, from.machine, nullptr, to, from);
    Slot arg{rep};
    return c.call(*type.dtor, std::span(&arg, 1));
}

Host run_destructor(Caller& c, Thread& t) {
    struct Drop {
        Func dtor;
        u64 rep;
    };
    const Drop& d = *static_cast<const Drop*>(t.native_data);
    auto done = t.task->register_thread(t);
    if (!done) return fail(c, std::move(done.error()));
    Slot arg{d.rep};
    return c.call(d.dtor, std::span(&arg, 1));
}

// ---- the host calls -----------------------------------------------------------------------------------------------------------------------

Checked RootCall::begin() {
    InstanceContext cx(*callee->inst, callee->options, abi::Partner::guest, nullptr, nullptr);
    std::array<Slot, max_core_params> flat{};
    auto done = start(cx, *callee, flat);
    if (done) execution.begin(callee->core, flat);
    return done;
}

abi::Checked<bool> RootCall::returned() {
    Instance& inst = *callee->inst;
    if (!post_return) {
        std::array<Slot, abi::max_flat_results> kept{};
        auto results = std::span(kept).first(execution.results().size());
        std::ranges::copy(execution.results(), kept.begin());
        if (!caller && !task) give_words(results);
        else if (auto done = return_(results); !done) return std::unexpected(std::move(done.error()));
        if (callee->options.post_return) {
            inst.may_leave = false;
            post_return = true;
            execution.begin(callee->options.post_return, results);
            return false;
        }
    } else inst.may_leave = true;
    if (auto done = end(); !done) return std::unexpected(std::move(done.error()));
    return true;
}

namespace {

// `how`: what the RootCall is made with.
template <class How>
bool call_sync(Machine& m, const std::shared_ptr<Function>& f, How& how, Instance* from = nullptr) {
    auto execution = m.take_execution();
    RootCall call(m, *execution, f, how);
    bool done = m.call_root(call, from);
    m.give_back(std::move(execution));
    return done;
}

// A call that may come back parked: what belongs to it lives until it has ended.
struct ParkableCall {
    ParkableCall(Machine& m, const std::shared_ptr<Function>& f, std::shared_ptr<HostCaller> c)
        : machine(m), func(f), execution(m.take_execution()), caller(std::move(c)), call(m, *execution, func, *caller) {}
    void ended(bool ok) {
        if (!ok && !caller->trap) caller->killed(machine.trap);
        machine.give_back(std::move(execution));
        machine.run_drops();
    }
    Machine& machine;
    std::shared_ptr<Function> func;  // to which the call refers
    std::unique_ptr<Execution> execution;
    std::shared_ptr<HostCaller> caller;
    RootCall call;
};

void begin_parkable(Machine& m, const std::shared_ptr<Function>& f, const std::shared_ptr<HostCaller>& caller) {
    auto c = std::make_shared<ParkableCall>(m, f, caller);
    bool ok = m.call_root(c->call, nullptr);
    if (m.is_left_parked()) m.after_parked = [c](bool how) { c->ended(how); };
    else c->ended(ok);
}

}  // namespace

bool has_words(const Function& f) {
    const abi::Tuple &p = f.params, &r = f.result;
    return f.inst && !f.func_type().async && p.words && p.flat[0].count <= abi::max_flat_params && r.words && r.flat[0].count <= abi::max_flat_results;
}

bool call_words(Machine& m, const std::shared_ptr<Function>& f, std::span<Slot> slots) {
    m.run_drops();
    if (!can_enter(*f->inst, nullptr)) {
        m.trap = component_trap(cannot_enter_words);
        return false;
    }
    bool done = call_sync(m, f, slots);
    m.run_drops();
    return done;
}

std::shared_ptr<HostCaller> start_call(Machine& m, const std::shared_ptr<Function>& f, std::vector<Val> args, Instance* from) {
    m.run_drops();
    auto caller = std::make_shared<HostCaller>(std::move(args));
    if (!f->inst && from) call_host_now(*from, f, *caller);
    else if (!f->inst) caller->killed(component_trap("a host function cannot be called through a component's exports"));
    else if (!can_enter(*f->inst, from)) caller->killed(component_trap(cannot_enter_words));
    if (caller->done) {
        if (caller->trap) m.trap = *caller->trap;
        return caller;
    }
    if (!f->func_type().async) {
        if (m.returns_parked && m.chain.empty() && !from) begin_parkable(m, f, caller);
        else if (!call_sync(m, f, *caller, from) && !caller->trap) caller->killed(m.trap);
    } else if (auto task = make_task(f, caller)) {
        caller->task = *task;
        std::size_t base = m.chain.size();
        if (start_or_wait(m, **task, from) && !m.drive(base) && !caller->trap) caller->killed(m.trap);
    } else caller->killed(m.trap = std::move(*task.error()));
    m.run_drops();
    return caller;
}

void finish_call(Machine& m, Instance& callee, HostCaller& call) {
    if (!call.done && !m.run_until(call.done, callee) && !call.trap) call.killed(m.trap);
    if (call.trap) m.trap = *call.trap;
}

}  // namespace heddle::component::runtime
