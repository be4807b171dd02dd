#include "canon_call.hpp"

#include <algorithm>
#include <array>

#include <heddle/passage.hpp>

#include "abi/flat.hpp"
#include "host_call.hpp"

namespace heddle::component::runtime {

namespace {

using Checked = abi::Checked<void>;

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

Checked lower_results(const LoweredFunc& f, std::span<const Slot> args, InstanceContext& callee, const Function& from, std::span<const Slot> flat,
                      u32 max_flat, std::span<Slot> results) {
    InstanceContext cx(*f.inst, f.options, abi::Partner::guest, nullptr, nullptr);
    abi::CoreValueIter vi(flat), out(args);
    out.move_to(f.out_position);
    abi::CoreValueSink sink(results);
    return abi::copy_flat_values(callee, max_flat, vi, from.result, cx, f.max_flat_results(), f.result, &out, sink);
}

bool give_word(const LoweredFunc& f, std::span<const Slot> args, std::span<const Slot> flat, Slot& result) {
    if (!f.word_bytes) return false;
    if (*f.word_bytes == 0) return true;
    if (!f.options.async) {
        result = flat[0];
        return true;
    }
    u64 at = f.options.pointer == abi::PtrType::i64 ? args[f.out_position].bits : args[f.out_position].as<u32>();
    return at % *f.word_bytes == 0 && f.options.memory.write(at, &flat[0].bits, *f.word_bytes);
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

Checked start_task(Thread& t) {
    Task& task = *t.task;
    const Function& f = *task.func;
    if (std::exchange(t.at_gate, false)) --t.inst->num_waiting_to_enter;
    if (auto done = task.enter_implicit_thread(); !done) return done;
    task.state = Task::State::started;
    std::array<Slot, max_core_params> flat;
    if (!task.source->start_words(flat)) {
        InstanceContext cx(*t.inst, f.options, abi::Partner::guest, nullptr, &task);
        if (auto done = task.source->start(cx, f, flat); !done) return done;
    }
    t.phase = Thread::Phase::call;
    t.exec->begin(f.core, flat);
    return {};
}

void call_callback(Thread& t) {
    Event e;
    if (t.cancelled) e.code = EventCode::task_cancelled;
    else if (t.waited) e = t.waited->first_with_event()->take_event();
    t.waited = nullptr;
    t.inst->exclusive = &t;
    t.phase = Thread::Phase::callback_call;
    std::array<Slot, 3> args{Slot{u32(e.code)}, Slot{e.index}, Slot{e.payload}};
    t.exec->begin(t.task->options().callback, args);
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-lift: the callback's event loop
abi::Checked<After> after_callback(Thread& t, u32 packed) {
    Machine& m = t.inst->machine;
    enum : u32 { exit, yield, wait };
    u32 code = packed & 0xf;
    if (code == exit) return After::ended;
    if (code > wait) return abi::trap("unsupported callback code: " + std::to_string(code));
    Condition condition{.kind = Condition::Kind::always, .lock = true};
    if (code == wait) {
        auto set = find<WaitableSet>(*t.inst, packed >> 4, "waitable-set");
        if (!set) return std::unexpected(std::move(set.error()));
        condition.kind = Condition::Kind::set;
        condition.set = t.waited = set->get();
    }
    m.release_lock(*t.inst);
    if (m.wait(t, condition, true)) {
        t.phase = Thread::Phase::callback;
        return After::waits;
    }
    call_callback(t);
    return After::begun;
}

abi::Checked<After> after_call(Thread& t) {
    Task& task = *t.task;
    std::span<const Slot> results = t.exec->results();
    const CanonOptions& o = task.options();
    if (o.callback) return after_callback(t, results[0].as<u32>());
    if (o.async) return After::ended;
    std::array<Slot, abi::max_flat_results> kept{};  // lowering may run guests
    std::ranges::copy(results, kept.begin());
    results = std::span(kept).first(results.size());
    if (auto done = task.return_(results, abi::max_flat_results); !done) return std::unexpected(std::move(done.error()));
    if (!o.post_return) return After::ended;
    t.inst->may_leave = false;
    t.phase = Thread::Phase::post_return;
    t.exec->begin(o.post_return, results);
    return After::begun;
}

}  // namespace

Checked begin_body(Thread& t) {
    switch (t.phase) {
    case Thread::Phase::start: return start_task(t);
    case Thread::Phase::callback: call_callback(t); return {};
    case Thread::Phase::spawned: t.exec->begin(t.start, std::span(&t.argument, 1)); return {};
    case Thread::Phase::core_start:
        if (auto done = t.task->register_thread(t); !done) return done;
        t.exec->begin(t.start, {});
        return {};
    case Thread::Phase::native: t.exec->begin(t.inst->machine.entry, {}); return {};
    default: return abi::trap("a thread was resumed in the middle of a call");
    }
}

abi::Checked<After> after_body(Thread& t) {
    switch (t.phase) {
    case Thread::Phase::call: return after_call(t);
    case Thread::Phase::callback_call: return after_callback(t, t.exec->results()[0].as<u32>());
    case Thread::Phase::post_return: t.inst->may_leave = true; return After::ended;
    case Thread::Phase::spawned:
    case Thread::Phase::core_start:
    case Thread::Phase::native: return After::ended;
    default: return abi::trap("a thread was resumed in the middle of a call");
    }
}

Host run_native_body(Caller& c, void*) {
    Thread& t = *static_cast<Thread*>(c.execution().owner);
    return t.native(c, t);
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

// The caller is told what became of its call, at once.
Host tell(Caller& c, const LoweredFunc& f, const std::shared_ptr<Subtask>& subtask) {
    if (subtask->is_resolved()) {
        subtask->deliver_resolve();
        c.slots()[0] = Slot{u32(subtask->state)};
        return Host::done;
    }
    auto i = add_handle(*f.inst, Handle(subtask));
    if (!i) return fail(c, std::move(i.error()));
    subtask->index = *i;
    c.slots()[0] = Slot{u32(subtask->state) | *i << 4};
    return Host::done;
}

Host give_result(Caller& c, Subtask& subtask) {
    subtask.deliver_resolve();
    if (!c.slots().empty()) c.slots()[0] = subtask.result;
    return Host::done;
}

struct AwaitSubtask final : HostFrame {
    AwaitSubtask(Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> s) : machine(m), func(f), subtask(std::move(s)) {}
    ~AwaitSubtask() override { subtask->waiter = nullptr; }
    Host next(Caller& c, Exit) override {
        subtask->waiter = nullptr;
        if (auto task = std::exchange(to_start, nullptr)) {
            if (start_or_wait(machine, *task, func.inst)) return machine.leave(c, Machine::Action::pushed);
        }
        return func.options.async ? tell(c, func, subtask) : wait(c);
    }
    Host wait(Caller& c) {
        if (subtask->is_resolved()) return give_result(c, *subtask);
        Thread& t = machine.current();
        machine.wait(t, {.kind = Condition::Kind::resolved, .waitable = subtask.get()}, false);
        subtask->waiter = &t;
        return machine.leave(c, Machine::Action::block);
    }

    Machine& machine;
    const LoweredFunc& func;
    std::shared_ptr<Subtask> subtask;
    std::shared_ptr<Task> to_start;       // once the holder of the lock has gone on
};

// Null: there are as many tasks as may be.
std::shared_ptr<Task> make_task(Machine& m, const std::shared_ptr<Function>& f, std::shared_ptr<CallSource> source) {
    Count* place = m.quota.room_for(Counted::task);
    if (!place) [[unlikely]] return nullptr;
    auto task = m.make<Task>(f, *f->inst, source.get());
    task->place = Place(place);
    task->source_owner = std::move(source);
    task->make_implicit_thread();
    f->inst->tasks.insert(task);
    return task;
}

// The callee was pushed. Mostly it ends or waits before it calls anybody else: then the caller need not leave its run for it.
Host run_callee(Caller& c, Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> subtask, const std::shared_ptr<Task>& task) {
    Machine::Inner inner = m.run_inner();
    if (!subtask->is_resolved()) subtask->callee = task;
    switch (inner) {
    case Machine::Inner::over: return await_subtask(c, m, f, std::move(subtask));
    case Machine::Inner::trapped: return m.leave(c, Machine::Action::trapped);
    case Machine::Inner::goes_on: break;
    }
    c.frame<AwaitSubtask>(m, f, std::move(subtask));
    return m.leave(c, Machine::Action::pushed);
}

Host async_call(Caller& c, Machine& m, const LoweredFunc& f) {
    Count* place = m.quota.room_for(Counted::subtask);
    if (!place) return fail(c, std::move(m.quota.full(Counted::subtask).error()));
    auto subtask = m.make<Subtask>(m, f, c.slots());
    subtask->place = Place(place);
    std::shared_ptr<Task> task = make_task(m, f.callee, subtask);
    if (!task) return fail(c, std::move(m.quota.full(Counted::task).error()));
    if (Thread* holder = ready_holder(*task, f.inst)) {
        subtask->callee = task;
        m.stop_waiting(*holder);
        m.push({Scope::async, holder, nullptr, task->inst, f.inst});
        c.frame<AwaitSubtask>(m, f, std::move(subtask)).to_start = std::move(task);
        return m.leave(c, Machine::Action::pushed);
    }
    if (start_or_wait(m, *task, f.inst)) return run_callee(c, m, f, std::move(subtask), task);
    subtask->callee = task;
    return await_subtask(c, m, f, std::move(subtask));
}

Host lowered_call(Caller& c, void* data) {
    const LoweredFunc& f = *static_cast<const LoweredFunc*>(data);
    Machine& m = f.inst->machine;
    if (!f.inst->may_leave) return fail(c, "cannot leave component instance");
    bool async = f.callee->is_async;
    if (async && !f.options.async && !m.may_block()) return fail(c, "cannot block a synchronous task before returning");
    if (f.callee->host) return f.same_params ? call_host_words(c, f) : call_host(c, m, f);
    Instance& callee = *f.callee->inst;
    bool enters = f.siblings ? callee.may_enter && !callee.dead() : !f.related && can_enter(callee, f.inst);
    if (!enters) [[unlikely]] return fail(c, cannot_enter_words);
    return async ? async_call(c, m, f) : sync_call(c, m, f);
}

}  // namespace

Host await_subtask(Caller& c, Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> subtask) {
    if (f.options.async) return tell(c, f, subtask);
    if (subtask->is_resolved()) return give_result(c, *subtask);
    return c.frame<AwaitSubtask>(m, f, std::move(subtask)).wait(c);
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

// LoweredFunc::word_bytes.
std::optional<u8> word_bytes(const abi::Tuple& result) {
    if (result.types.empty()) return u8(0);
    if (!result.words || result.flat[0].count != 1) return std::nullopt;
    abi::CoreType type = result.flat[0].types[0];
    return u8(type == abi::CoreType::i64 || type == abi::CoreType::f64 ? 8 : 4);
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
    bool sync = !f->options.async && !f->callee->options.async && !f->callee->is_async;
    f->siblings = sync && f->callee->inst && f->callee->inst->parent == inst.parent;
    f->words_in = f->params.words && f->params.flat[0].count <= f->max_flat_params();
    f->same_params = sync && f->words_in;
    f->same_result = sync && f->result.words && f->result.flat[0].count <= abi::max_flat_results;
    if (f->callee->host) f->same_params = f->same_result = f->same_params && f->same_result && f->callee->host_words;
    if (!f->callee->host && f->callee->is_async) f->word_bytes = word_bytes(f->result);
    const abi::FlatTypes& flat = f->params.flat[u8(f->options.pointer)];
    f->out_position = u8(flat.count > f->max_flat_params() ? 1 : flat.count);
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

bool call_sync(Machine& m, const std::shared_ptr<Function>& f, CallSource& caller, Instance* from) {
    auto execution = m.take_execution();
    RootCall call(m, *execution, f, caller);
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
    return f.inst && p.words && p.flat[0].count <= abi::max_flat_params && r.words && r.flat[0].count <= abi::max_flat_results;
}

namespace {

// The host calls an `async` function and waits for the end; as words, see Machine::call_words.
struct WordsCaller final : CallSource {
    WordsCaller(const Function& f, Slot* s) : func(f), slots(s) {}
    bool start_words(std::span<Slot> flat) override {
        std::copy_n(slots, func.params.flat[0].count, flat.begin());
        return true;
    }
    bool resolve_words(std::span<const Slot> flat) override {
        if (func.result.flat[0].count) slots[0] = flat[0];
        return done = true;
    }
    Checked start(InstanceContext&, const Function&, std::span<Slot> flat) override {
        start_words(flat);
        return {};
    }
    Checked resolve(InstanceContext&, const Function&, std::span<const Slot> flat, u32) override {
        resolve_words(flat);
        return {};
    }
    void cancelled() override { killed(component_trap("the call was cancelled")); }
    void killed(const Trap& t) override {
        if (done) return;
        trap = t;
        done = true;
    }
    const Function& func;
    Slot* slots;
    bool done = false;
    std::optional<Trap> trap;
};

}  // namespace

bool Machine::call_async_words(const std::shared_ptr<Function>& f, Slot* slots) {
    auto call = make<WordsCaller>(*f, slots);
    std::shared_ptr<Task> task = make_task(*this, f, call);
    if (!task) return keep_trap(std::move(quota.full(Counted::task).error())), false;
    bool ok = !start_or_wait(*this, *task, nullptr) || drive(chain.size() - 1);
    if (ok && !call->done) ok = run_until(call->done, *f->inst);
    if (!ok && !call->trap) call->killed(trap);
    if (call->trap) trap = *call->trap;
    ok = !call->trap;
    run_drops();
    return ok;
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
    if (!f->is_async) {
        if (m.returns_parked && m.chain.empty() && !from) begin_parkable(m, f, caller);
        else if (!call_sync(m, f, *caller, from) && !caller->trap) caller->killed(m.trap);
    } else if (auto task = make_task(m, f, caller)) {
        caller->task = task;
        std::size_t base = m.chain.size();
        if (start_or_wait(m, *task, from) && !m.drive(base) && !caller->trap) caller->killed(m.trap);
    } else caller->killed(m.trap = std::move(*m.quota.full(Counted::task).error()));
    m.run_drops();
    return caller;
}

void finish_call(Machine& m, Instance& callee, HostCaller& call) {
    if (!call.done && !m.run_until(call.done, callee) && !call.trap) call.killed(m.trap);
    if (call.trap) m.trap = *call.trap;
}

}  // namespace heddle::component::runtime
