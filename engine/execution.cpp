// Calls: Executions and what happens when run() comes back; host functions, host frames and the leaf; interrupts.
#include <cassert>
#include <cstring>

#include "continuation.hpp"
#include "coredump.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

using State = Execution::State;

// ---- limits and interrupts ------------------------------------------------------------------------------------------------------

std::string limit_detail(const StoreData& s, TrapCode code) {
    const Config& k = s.config();
    auto says = [](u64 value, const char* unit, const char* option) { return std::to_string(value) + unit + " (" + option + ")"; };
    switch (code) {
        case TrapCode::stack_overflow: return says(s.engine.data().stacks.stack_bytes(), " bytes", "Config::max_stack_bytes");
        case TrapCode::stack_limit: return says(s.engine.data().stacks.limit(), " in use", "Config::max_stacks");
        case TrapCode::nesting_limit: return says(k.max_nested_runs, "", "Config::max_nested_runs");
        case TrapCode::heap_limit: return says(k.max_heap_bytes, " bytes", "Config::max_heap_bytes");
        case TrapCode::out_of_fuel: return "Store::set_fuel gives more";
        default: return {};
    }
}

Trap plain_trap(const StoreData& s, TrapCode code) {
    Trap t;
    t.code = code;
    t.detail = limit_detail(s, code);
    return t;
}

// ---- host frames ----------------------------------------------------------------------------------------------------------------

u64 stack_end(const ExecContext& c) { return c.true_limit + stack_slack_bytes; }

// The record of the native function whose frame that is, if it placed a HostFrame.
HostRecord* record_of(const ExecContext& c, const Slot* frame) {
    HostRecord* r = c.current->top;
    return r && r->frame == frame ? r : nullptr;
}

void pop_host_frame(ExecutionData& e) noexcept {
    HostRecord* r = e.top;
    e.top = r->below;
    if (r->object) r->object->~HostFrame();
}

// HostFrames of the passages that have none yet, from `inner` outward to the first that has one.
void make_frames(ExecContext& c, HostRecord* inner) noexcept {
    HostRecord* made = inner;
    HostRecord* to_do = nullptr;  // outermost first, linked inward meanwhile
    while (made && !made->object) {
        HostRecord* r = std::exchange(made, made->below);
        r->below = std::exchange(to_do, r);
    }
    while (to_do) {
        HostRecord* r = std::exchange(to_do, to_do->below);
        r->below = std::exchange(made, r);
        Caller caller = ApiAccess::caller(c, r->caller, r->frame, r->host);
        r->object = r->host->passage.frame(caller, r->storage, r->host->passage.data);
    }
}

// Before natives look at the stack.
void settle(ExecContext& c) noexcept {
    HostRecord* r = c.current->top;
    if (r && !r->object) make_frames(c, r);
}

// A native function that said call without a HostFrame: what it called gives its results, or its exception.
struct Forward final : HostFrame {
    Host next(Caller& caller, Exit how) override {
        if (how == Exit::threw) return caller.raise(caller.exception());
        auto results = caller.call_results();
        auto slots = caller.slots();
        std::copy_n(results.begin(), std::min(results.size(), slots.size()), slots.begin());
        return Host::done;
    }
};

// A native function that said block or park without a HostFrame: when it goes on it is done.
struct Done final : HostFrame {
    Host next(Caller&, Exit) override { return Host::done; }
};

Host trapped(ExecContext& c, TrapCode code, std::string detail = {}) {
    c.trap = code;
    c.detail = std::move(detail);
    return Host::trap;
}

// The trap that a native function gave to fail(); its code goes to the context, the whole waits in `raised`.
Host raised_trap(ExecContext& c) {
    if (c.store->raised.code == TrapCode::none) return trapped(c, TrapCode::host, "a host function said trap without saying why");
    c.trap = c.store->raised.code;
    c.store->raised_ends = true;
    return Host::trap;
}

// What a native function said becomes what the interpreter does.
Host carry_out(ExecContext& c, Host said, Caller& caller, Slot* frame, HostFunc& host, InstanceObject* in) {
    ExecutionData& e = *c.current;
    HostRecord* r = record_of(c, frame);
    switch (said) {
        case Host::done:
            c.frame = frame;
            if (r) pop_host_frame(e);
            return Host::done;
        case Host::threw:
            if (r) pop_host_frame(e);
            return Host::threw;
        case Host::trap: return raised_trap(c);
        case Host::call: {
            if (!r || !r->callee) return trapped(c, TrapCode::host, "a host function said call without Caller::call");
            const FuncObject* f = std::exchange(r->callee, nullptr);
            r->results = f->code->result_slots;
            return enter(c, *f, r->called_frame(), cells.host_next, frame + host.code.record) ? Host::call : trapped(c, TrapCode::stack_overflow);
        }
        case Host::block:
        case Host::park:
            if (e.leaf) return trapped(c, TrapCode::host, "a function called with Caller::leaf cannot wait");
            if (!r) caller.frame<Done>();
            c.pc = said == Host::block ? cells.resume_blocked : cells.resume_parked;
            c.frame = frame + host.code.record;
            c.instance = in;
            return said;
    }
    return trapped(c, TrapCode::host, "a host function gave an unknown answer");
}

}  // namespace

Caller ApiAccess::caller(ExecContext& c, InstanceObject* in, Slot* frame, HostFunc* host) {
    Caller k;
    k.context_ = &c;
    k.instance_ = in;
    k.frame_ = frame;
    k.host_ = host;
    return k;
}

Host host_call(ExecContext& c, HostFunc& host, Slot* frame, InstanceObject* in) noexcept {
    if (reinterpret_cast<u64>(record_at(frame, host.code) + 1) > stack_end(c)) return trapped(c, TrapCode::stack_overflow);
    c.fuel -= host_call_fuel;  // without metering there is so much that this never counts
    settle(c);
    Caller caller = ApiAccess::caller(c, in, frame, &host);
    Host said = host.call(caller, host.data);
    if (said == Host::done && (!c.current->top || c.current->top->frame != frame)) {
        c.frame = frame;
        return said;
    }
    return carry_out(c, said, caller, frame, host, in);
}

Host host_next(ExecContext& c, Slot* record, Exit how) noexcept {
    settle(c);
    HostRecord& r = *c.current->top;
    assert(r.frame + r.host->code.record == record);
    (void)record;
    Caller caller = ApiAccess::caller(c, r.caller, r.frame, r.host);
    if (how != Exit::returned) r.results = 0;
    // The record may be replaced by next(), so nothing of it is used afterwards.
    Slot* frame = r.frame;
    HostFunc& host = *r.host;
    InstanceObject* in = r.caller;
    return carry_out(c, r.object->next(caller, how), caller, frame, host, in);
}

// ---- interrupts -----------------------------------------------------------------------------------------------------------------

void interrupt(StoreData& s) noexcept {
    s.context.interrupt.store(1);
    s.context.limit.store(0);
}

namespace {

enum class Fuel { portion, slice, none };  // what comes next

// Gives a guest that has used its portion the next one, of its slice or, when that is over, of the next. What is owed is paid first.
Fuel refill(StoreData& s) noexcept {
    i64 left = s.context.fuel + s.fuel_in_slice;
    Fuel next = left < 0 ? Fuel::slice : Fuel::portion;
    if (left < 0) {
        i64 more = std::min(std::max(s.slice, -left), s.fuel_after_slice);
        s.fuel_after_slice -= more;
        left += more;
    }
    if (left < 0) return Fuel::none;
    s.context.fuel = std::min(left, fuel_portion);
    s.fuel_in_slice = left - s.context.fuel;
    return next;
}

// done, trap or park. `in_slices`: the end of a slice may park.
Host ask_store(ExecContext& c, InstanceObject* at, bool in_slices) noexcept {
    StoreData& s = *c.store;
    bool asked = c.interrupt.exchange(0) != 0, is_used = s.config().metering && c.fuel < 0;
    raise_limit(c);
    Fuel next = is_used ? refill(s) : Fuel::portion;
    if (next == Fuel::none) return trapped(c, TrapCode::out_of_fuel);
    if (!asked) return next == Fuel::slice && in_slices ? Host::park : Host::done;
    if (!s.ask) return trapped(c, TrapCode::interrupted);
    settle(c);
    Caller caller = ApiAccess::caller(c, at, nullptr, nullptr);
    switch (s.ask(caller)) {
        case Host::done: return Host::done;
        case Host::trap: return raised_trap(c);
        case Host::park: return Host::park;
        default: return trapped(c, TrapCode::host, "Store::on_interrupt may answer done, trap and park only");
    }
}

}  // namespace

Host host_interrupt(ExecContext& c, InstanceObject* at) noexcept {
    Host said = ask_store(c, at, !c.current->leaf);
    if (said != Host::park || !c.current->leaf) return said;
    c.store->interrupt_again = true;
    return Host::done;
}

bool poll_in_bulk(InstanceObject& in) noexcept {
    if (!in.context->current) return true;  // a segment at instantiation: the first call will ask
    Host said = ask_store(*in.context, &in, false);
    if (said == Host::park) in.store->interrupt_again = true;
    return said != Host::trap;
}

void end_bulk(InstanceObject& in) noexcept {
    if (!in.context->current || in.context->current->leaf) return;
    if (std::exchange(in.store->interrupt_again, false)) interrupt(*in.store);
}

// ---- one computation ------------------------------------------------------------------------------------------------------------

ExecutionData::ExecutionData(StoreData& s, Execution* h) : handle(h), store(&s), place(s.executions.size()) { s.executions.push_back(this); }

ExecutionData::~ExecutionData() {
    store->engine.data().stacks.give_back(stack);
    store->executions.back()->place = place;
    store->executions[place] = store->executions.back();
    store->executions.pop_back();
}

namespace {

void drop_stack(ExecutionData& e) noexcept {
    if (e.cached || !e.stack) return;
    e.store->engine.data().stacks.give_back(std::exchange(e.stack, {}));
}

void die(ExecutionData& e) noexcept {
    while (e.top) pop_host_frame(e);
    drop_links(*e.store, std::exchange(e.stacks, nullptr));
    if (e.store->parked == &e) e.store->parked = nullptr;
    e.state = State::dead;
    drop_stack(e);
}

[[gnu::noinline]] bool take_new_stack(ExecutionData& e) noexcept {
    e.stack = e.store->engine.data().stacks.take();
    return bool(e.stack);
}
bool take_stack(ExecutionData& e) noexcept { return e.stack || take_new_stack(e); }

Exit died_of(ExecutionData& e, Trap t) noexcept {
    StoreData& s = *e.store;
    e.trap = std::move(t);
    s.last_trap = e.trap;
    s.refused.reset();
    die(e);
    return Exit::trapped;
}

Exit refuse(StoreData& s, std::string why) noexcept {
    s.refused = Error{Error::Kind::usage, std::move(why)};
    return Exit::trapped;
}

Exit refuse_busy(StoreData& s) noexcept { return refuse(s, "busy: another call of this Store is parked"); }

DomainData* dead_domain(const FuncObject& f) {
    DomainData* d = f.instance ? f.instance->domain : nullptr;
    return d && d->dead ? d : nullptr;
}

Trap dead_trap(const DomainData& d) {
    Trap t;
    t.code = TrapCode::dead_domain;
    t.detail = d.why.message();
    return t;
}

// The trap in the context with its detail and backtrace.
Trap collect_trap(StoreData& s) {
    ExecContext& c = s.context;
    Trap t;
    if (std::exchange(s.raised_ends, false)) t = std::exchange(s.raised, {});
    else {
        t.code = c.trap;
        t.detail = std::exchange(c.detail, {});
        if (t.detail.empty()) t.detail = limit_detail(s, t.code);
    }
    if (t.backtrace.empty() && c.pc) t.backtrace = backtrace(c.pc, c.frame, c.instance, 64, t.omitted_frames);
    return t;
}

void keep_core_dump(StoreData& s) noexcept {
    const ExecContext& c = s.context;
    s.core_dump.clear();
    if (!c.pc || c.trap == TrapCode::exited) return;
    try {
        s.core_dump = core_dump(c.pc, c.frame, c.instance);
    } catch (const std::bad_alloc&) {
        // No room for one: the trap itself is told.
    }
}

Exit end_trapped(ExecutionData& e) noexcept {
    StoreData& s = *e.store;
    if (s.keeps_core_dumps) keep_core_dump(s);
    DomainData* of_base = e.func->instance ? e.func->instance->domain : nullptr;
    DomainData* of_trap = s.context.pc && s.context.instance ? s.context.instance->domain : nullptr;
    Exit how = died_of(e, collect_trap(s));
    if (of_base) kill_domain(*of_base, e.trap);
    if (of_trap && of_trap != of_base) kill_domain(*of_trap, e.trap);
    return how;
}

Exit end_threw(ExecutionData& e) noexcept {
    StoreData& s = *e.store;
    e.exception = {std::exchange(s.context.exception, nullptr)};
    s.last_exception = e.exception.object;
    died_of(e, plain_trap(s, TrapCode::uncaught_exception));
    return Exit::threw;
}

[[gnu::noinline]] void keep_results(ExecutionData& e) noexcept {
    e.results.assign(e.bottom(), e.bottom() + e.result_slots);
    drop_stack(e);
}

Exit end_returned(ExecutionData& e) noexcept {
    assert(!e.top && !e.stacks);
    e.state = State::idle;
    e.result_slots = e.func->code->result_slots;
    if (!e.cached) [[unlikely]] keep_results(e);
    return Exit::returned;
}

Exit end_waiting(ExecutionData& e, Exit how) noexcept {
    ExecContext& c = e.store->context;
    e.pc = c.pc;
    e.frame = c.frame;
    e.instance = c.instance;
    e.state = how == Exit::blocked ? State::blocked : State::parked;
    if (how == Exit::parked) e.store->parked = &e;
    return how;
}

[[gnu::noinline]] Exit end_otherwise(ExecutionData& e, Exit how) noexcept {
    switch (how) {
        case Exit::returned: break;
        case Exit::trapped: return end_trapped(e);
        case Exit::threw: return end_threw(e);
        case Exit::blocked:
        case Exit::parked: return end_waiting(e, how);
    }
    return how;
}

Exit end_run(ExecutionData& e) noexcept {
    Exit how = Exit(e.store->context.exit);
    return how == Exit::returned ? end_returned(e) : end_otherwise(e, how);
}

// Where the context was when a native function called a guest again.
struct Outer {
    ExecutionData* current;
    u64 true_limit = 0;
    const Word* pc = nullptr;
    Slot* frame = nullptr;
    InstanceObject* instance = nullptr;
    ExceptionObject* exception = nullptr;
    explicit Outer(const ExecContext& c) : current(c.current) {
        if (current) below(c);
    }
    void below(const ExecContext& c) {
        true_limit = c.true_limit;
        pc = c.pc;
        frame = c.frame;
        instance = c.instance;
        exception = c.exception;
        current->state = State::below;
        current->pending = exception;
    }
    // Where nothing ran, nothing is to go on.
    void put_back(ExecContext& c) const {
        c.current = current;
        if (current) on_top(c);
    }
    void on_top(ExecContext& c) const {
        c.pc = pc;
        c.frame = frame;
        c.instance = instance;
        c.exception = exception;
        current->state = State::running;
        current->pending = nullptr;
        use_stack(c, true_limit);
    }
};

// Points the context at the base call, or at where the Execution left.
bool enter_or_resume(ExecContext& c, ExecutionData& e) noexcept {
    if (std::exchange(e.state, State::running) == State::ready) {
        if (enter(c, *e.func, e.bottom(), cells.leave, nullptr)) return true;
        c.exit = u8(Exit::trapped);
        c.trap = TrapCode::stack_overflow;
        c.pc = nullptr;
        return false;
    }
    c.pc = e.pc;
    c.frame = e.frame;
    c.instance = e.instance;
    c.store->parked = nullptr;
    return true;
}

bool may_run(const ExecutionData& e) noexcept {
    const StoreData& s = *e.store;
    return (!s.parked || s.parked == &e) && !s.heap.collecting() && s.nested < s.max_nested_runs;
}

[[gnu::cold, gnu::noinline]] Exit refuse_to_run(ExecutionData& e) noexcept {
    StoreData& s = *e.store;
    if (s.parked && s.parked != &e) return refuse_busy(s);
    if (s.heap.collecting()) return refuse(s, "busy: the Store collects garbage");
    return died_of(e, plain_trap(s, TrapCode::nesting_limit));
}

[[gnu::always_inline]] inline Exit run_inlined(ExecutionData& e) noexcept {
    StoreData& s = *e.store;
    ExecContext& c = s.context;
    if (!may_run(e)) [[unlikely]] return refuse_to_run(e);
    Outer outer(c);
    ++s.nested;
    c.current = &e;
    use_stack(c, reinterpret_cast<u64>(e.stacks ? e.stacks->stack.limit : e.stack.limit));
    if (enter_or_resume(c, e)) run(c);
    Exit how = end_run(e);
    --s.nested;
    outer.put_back(c);
    return how;
}

Exit run_execution(ExecutionData& e) noexcept { return run_inlined(e); }

// A handful of slots: a loop is quicker than a call of memcpy, which the empty statement keeps the compiler from making of it.
void copy_slots(Slot* to, const Slot* from, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        to[i] = from[i];
        asm volatile("");
    }
}

// Arguments at the bottom of the stack; false: no stack, or not that many fit.
bool load_arguments(ExecutionData& e, const FuncObject& f, std::span<const Slot> args) noexcept {
    std::size_t n = std::min<std::size_t>(args.size(), f.code->param_slots);
    if (u64(e.stack.end - e.stack.base) < n * sizeof(Slot)) return false;
    copy_slots(e.bottom(), args.data(), n);
    e.func = &f;
    e.state = State::ready;
    return true;
}

}  // namespace

void kill_domain(DomainData& d, const Trap& why) noexcept {
    if (d.dead) return;
    d.dead = true;
    d.why = why;
    std::vector<ExecutionData*>& all = d.store->executions;
    for (std::size_t i = 0; i < all.size(); ++i) {
        ExecutionData& e = *all[i];
        bool waits = e.state == State::ready || e.state == State::blocked || e.state == State::parked;
        if (!waits || !e.func || !e.func->instance || e.func->instance->domain != &d) continue;
        e.trap = why;
        die(e);
    }
}

// ---- calls to the end -----------------------------------------------------------------------------------------------------------

namespace {

// The Execution of the n-th nested Func::call, made when first needed.
ExecutionData& cached_execution(StoreData& s, std::size_t n) {
    if (n == s.calls.size()) {
        s.calls.push_back(std::make_unique<Execution>(*s.handle));
        s.calls.back()->data().cached = true;
    }
    return s.calls[n]->data();
}

// Waits as the Store says until the Execution ends.
Exit drive(ExecutionData& e, Exit how) noexcept {
    StoreData& s = *e.store;
    while (how == Exit::blocked || how == Exit::parked) {
        bool go_on = s.wait && s.wait(*s.handle);
        if (e.state == State::dead) {  // its Domain was killed meanwhile
            s.last_trap = e.trap;
            s.refused.reset();
            return Exit::trapped;
        }
        how = go_on ? run_execution(e) : died_of(e, plain_trap(s, TrapCode::parked_without_waiter));
    }
    return how;
}

Exit call_on(ExecutionData& e, const FuncObject& f, std::span<Slot> slots) noexcept {
    StoreData& s = *e.store;
    if (!take_stack(e)) return died_of(e, plain_trap(s, TrapCode::stack_limit));
    if (!load_arguments(e, f, slots)) return died_of(e, plain_trap(s, TrapCode::stack_overflow));
    Exit how = run_execution(e);
    if (how == Exit::blocked || how == Exit::parked) how = drive(e, how);
    if (how == Exit::returned) copy_slots(slots.data(), e.bottom(), std::min<std::size_t>(slots.size(), e.result_slots));
    return how;
}

}  // namespace

Exit call_to_end(StoreData& s, const FuncObject& f, std::span<Slot> slots) noexcept {
    if (s.parked) return refuse_busy(s);
    if (f.instance->store != &s) return refuse(s, "the function belongs to another Store");
    if (DomainData* d = dead_domain(f)) {
        s.last_trap = dead_trap(*d);
        s.refused.reset();
        return Exit::trapped;
    }
    ExecutionData& e = cached_execution(s, s.call_depth++);
    Exit how = call_on(e, f, slots);
    e.state = State::idle;
    --s.call_depth;
    return how;
}

Error error_of(StoreData& s, Exit how) {
    if (how == Exit::threw) return {Error::Kind::trapped, message(TrapCode::uncaught_exception)};
    if (s.refused) return *std::exchange(s.refused, {});
    return {Error::Kind::trapped, s.last_trap.message()};
}

// ---- Execution ------------------------------------------------------------------------------------------------------------------

Execution::Execution(Store& store) : data_(std::make_unique<ExecutionData>(store.data(), this)) {}

Execution::~Execution() {
    assert(state() != State::running && state() != State::below);
    abandon();
}

namespace {

[[gnu::cold, gnu::noinline]] void cannot_begin(ExecutionData& e, const FuncObject& f) noexcept {
    StoreData& s = *e.store;
    if (DomainData* d = dead_domain(f)) died_of(e, dead_trap(*d));
    else died_of(e, plain_trap(s, e.stack ? TrapCode::stack_overflow : TrapCode::stack_limit));
}

[[gnu::always_inline]] inline bool begin_call(ExecutionData& e, const FuncObject& f, std::span<const Slot> args) noexcept {
    assert(e.state == State::idle);
    if (e.trap.code != TrapCode::none) [[unlikely]] e.trap = {};
    e.exception = {};
    e.result_slots = 0;
    if (!e.cached) e.results.clear();
    if (!dead_domain(f) && take_stack(e) && load_arguments(e, f, args)) [[likely]] return true;
    cannot_begin(e, f);
    return false;
}

}  // namespace

Execution::State Execution::begin(const Func& f, std::span<const Slot> args) {
    begin_call(*data_, *f.object(), args);
    return data_->state;
}

Exit Execution::run() {
    assert(state() == State::ready || state() == State::blocked || state() == State::parked);
    return run_execution(*data_);
}

Exit call_on(Execution& execution, const Func& f, Slot* slots) noexcept {
    ExecutionData& e = execution.data();
    const FuncObject& o = *f.object();
    if (!begin_call(e, o, {slots, o.code->param_slots})) [[unlikely]] return Exit::trapped;
    Exit how = run_inlined(e);
    if (how == Exit::returned) copy_slots(slots, e.cached ? e.bottom() : e.results.data(), e.result_slots);
    return how;
}

std::span<const Slot> Execution::results() const {
    if (data_->cached) return {data_->bottom(), data_->result_slots};
    return data_->results;
}

const Trap& Execution::trap() const { return data_->trap; }
ExnRef Execution::exception() const { return data_->exception; }
Execution::State Execution::state() const { return data_->state; }

void Execution::abandon() noexcept {
    assert(state() != State::running && state() != State::below);
    if (state() != State::dead) die(*data_);
}

void Execution::reset() noexcept {
    assert(state() == State::dead || state() == State::idle);
    data_->state = State::idle;
}

void Execution::keep_stack(bool keep) noexcept {
    data_->cached = keep;
    if (state() == State::idle || state() == State::dead) drop_stack(*data_);
}

// ---- Caller ---------------------------------------------------------------------------------------------------------------------

Store& Caller::store() const { return *context_->store->handle; }
Execution& Caller::execution() const { return *context_->current->handle; }
Instance Caller::instance() const { return Instance(instance_ == &context_->store->host_instance ? nullptr : instance_); }

std::optional<Memory> Caller::memory() const {
    if (!instance_ || !heddle::data(*instance_).main_memory) return std::nullopt;
    return Memory(heddle::data(*instance_).main_memory);
}

std::span<Slot> Caller::slots() const { return host_ ? std::span<Slot>(frame_, host_->slots) : std::span<Slot>(); }

void* Caller::frame_storage() {
    assert(host_ && "an interrupt cannot leave a HostFrame");
    if (HostRecord* old = record_of(*context_, frame_)) pop_host_frame(*context_->current);
    else (void)old;
    return record_at(frame_, host_->code)->storage;
}

void Caller::set_frame(HostFrame* f) {
    HostRecord* r = record_at(frame_, host_->code);
    ExecutionData& e = *context_->current;
    r->below = e.top;
    r->object = f;
    r->frame = frame_;
    r->host = host_;
    r->caller = instance_;
    r->callee = nullptr;
    r->results = 0;
    e.top = r;
}

Host Caller::call(const Func& f, std::span<const Slot> args) {
    const FuncObject& o = *f.object();
    if (!host_) return fail("an interrupt cannot call a guest");
    if (DomainData* d = dead_domain(o)) return fail(dead_trap(*d));
    if (args.size() < o.code->param_slots) return fail("Caller::call was given too few arguments");
    Slot* to = record_at(frame_, host_->code)->called_frame();
    if (reinterpret_cast<u64>(to + o.code->param_slots) > stack_end(*context_)) return fail(plain_trap(*context_->store, TrapCode::stack_overflow));
    // The arguments may be the results of the last call, which lie in the same place; the storage of a new HostFrame lies below.
    if (o.code->param_slots) std::memmove(to, args.data(), o.code->param_slots * sizeof(Slot));
    if (!record_of(*context_, frame_)) frame<Forward>();
    record_of(*context_, frame_)->callee = &o;
    return Host::call;
}

std::span<const Slot> Caller::call_results() const {
    HostRecord* r = record_of(*context_, frame_);
    return r ? std::span<const Slot>(r->called_frame(), r->results) : std::span<const Slot>();
}

ExnRef Caller::exception() const { return {context_->exception}; }
Host Caller::block() { return Host::block; }
Host Caller::park() { return Host::park; }

Host Caller::fail(Trap trap) {
    if (trap.code == TrapCode::none) trap.code = TrapCode::host;
    context_->store->raised = std::move(trap);
    return Host::trap;
}

Host Caller::fail(std::string detail) {
    Trap t;
    t.code = TrapCode::host;
    t.detail = std::move(detail);
    return fail(std::move(t));
}

Host Caller::exit(i32 code) {
    Trap t;
    t.code = TrapCode::exited;
    t.detail = std::to_string(code);
    t.exit_code = code;
    return fail(std::move(t));
}

Host Caller::raise(ExnRef e) {
    if (!e.object) {
        Trap t;
        t.code = TrapCode::null_exception_reference;
        return fail(std::move(t));
    }
    context_->exception = e.object;
    return Host::threw;
}

Exit Caller::leaf(const Func& f, std::span<const Slot> args, std::span<Slot> results) { return call_leaf(store(), f, args, results); }

Exit call_leaf(Store& store, const Func& f, std::span<const Slot> args, std::span<Slot> results) {
    StoreData& s = store.data();
    auto refused = [&](Trap t) {
        s.last_trap = std::move(t);
        s.refused.reset();
        return Exit::trapped;
    };
    if (!s.leaf) {
        s.leaf = std::make_unique<Execution>(store);
        s.leaf->data().cached = s.leaf->data().leaf = true;
    }
    ExecutionData& e = s.leaf->data();
    if (e.state != State::idle) {
        Trap t;
        t.code = TrapCode::host;
        t.detail = "a function called with Caller::leaf cannot make another such call";
        return refused(std::move(t));
    }
    if (DomainData* d = dead_domain(*f.object())) return refused(dead_trap(*d));
    Exit how = Exit::trapped;
    if (!take_stack(e)) how = died_of(e, plain_trap(s, TrapCode::stack_limit));
    else if (!load_arguments(e, *f.object(), args)) how = died_of(e, plain_trap(s, TrapCode::stack_overflow));
    else how = run_execution(e);
    if (how == Exit::returned) copy_slots(results.data(), e.bottom(), std::min<std::size_t>(results.size(), e.result_slots));
    e.state = State::idle;
    if (std::exchange(s.interrupt_again, false)) interrupt(s);
    return how;
}

}  // namespace heddle
