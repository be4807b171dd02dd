#include "canon_builtins.hpp"

#include <array>

#include "abi/load.hpp"
#include "abi/store.hpp"
#include "canon.hpp"
#include "canon_call.hpp"
#include "chain.hpp"
#include "stream.hpp"

namespace heddle::component::runtime {

namespace {

using Checked = abi::Checked<void>;
constexpr u32 blocked = 0xffff'ffff;

// What one built-in knows of its definition.
struct Builtin {
    Instance& inst;
    Machine& machine;
    const Canon& canon;
    CanonOptions options;
    std::shared_ptr<ResourceType> resource;
    std::optional<types::ValType> element;  // of a stream or future
    std::optional<types::ValType> result;   // task.return
    heddle::ValType start_argument;         // thread.new-indirect: what the new thread's function takes
    heddle::Table table{};
    heddle::Memory memory{};
    bool memory64 = false;
    const Function* returns_for = nullptr;  // task.return: the function whose tasks it was last found to fit
};
using Run = Host (*)(Caller&, Builtin&, std::span<Slot>);

Host give(std::span<Slot> slots, u64 value) {
    slots[0] = Slot{value};
    return Host::done;
}
Host give_or_fail(Caller& c, std::span<Slot> slots, abi::Checked<u32> value) { return value ? give(slots, *value) : fail(c, std::move(value.error())); }
Host done_or_fail(Caller& c, Checked done) { return done ? Host::done : fail(c, std::move(done.error())); }

constexpr const char* no_block_words = "cannot block a synchronous task before returning";
constexpr const char* in_set_words = "waitable cannot be used synchronously while added to a waitable set";

u32 arg(std::span<Slot> s, std::size_t i) { return s[i].as<u32>(); }

// ---- resources ----------------------------------------------------------------------------------------------------------------------

Host resource_new(Caller& c, Builtin& b, std::span<Slot> s) {
    return give_or_fail(c, s, add_handle(b.inst, ResourceHandle{b.resource, s[0].bits, true, nullptr, 0}));
}

Host resource_rep(Caller& c, Builtin& b, std::span<Slot> s) {
    auto h = find_resource(b.inst, arg(s, 0), *b.resource);
    return h ? give(s, (*h)->rep) : fail(c, std::move(h.error()));
}

Host resource_drop(Caller& c, Builtin& b, std::span<Slot> s) {
    auto found = find_resource(b.inst, arg(s, 0), *b.resource);
    if (!found) return fail(c, std::move(found.error()));
    if ((*found)->lends) return fail(c, "cannot remove owned resource while borrowed");
    ResourceHandle h = std::get<ResourceHandle>(b.inst.handles.remove(arg(s, 0)));
    if (!h.own) {
        if (h.scope) --h.scope->num_borrows;
        return Host::done;
    }
    if (h.type->impl) return call_destructor(c, b.inst, *h.type, h.rep);
    if (h.type->host_drop) h.type->host_drop(b.machine.store, h.type->data.get(), h.rep);
    return Host::done;
}

// ---- context, backpressure ------------------------------------------------------------------------------------------------------------

Host context_get(Caller&, Builtin& b, std::span<Slot> s) {
    u64 v = b.machine.tls()[b.canon.slot_index];
    return give(s, b.canon.slot == i32_type ? u32(v) : v);
}

Host context_set(Caller&, Builtin& b, std::span<Slot> s) {
    b.machine.tls()[b.canon.slot_index] = b.canon.slot == i32_type ? arg(s, 0) : s[0].bits;
    return Host::done;
}

Host backpressure_inc(Caller& c, Builtin& b, std::span<Slot>) {
    if (b.inst.backpressure == 0xffff) return fail(c, "backpressure counter overflow");
    ++b.inst.backpressure;
    return Host::done;
}

Host backpressure_dec(Caller& c, Builtin& b, std::span<Slot>) {
    if (b.inst.backpressure == 0) return fail(c, "backpressure counter overflow");
    if (--b.inst.backpressure == 0) b.machine.open_gate(b.inst);
    return Host::done;
}

// ---- tasks ------------------------------------------------------------------------------------------------------------------------------

bool returns_for(const Builtin& b, const Function& f) {
    const CanonOptions& o = f.options;
    if (!o.async || o.encoding != b.options.encoding) return false;
    // A result without parts in memory needs no memory option.
    if (b.options.memory && o.memory.object() != b.options.memory.object()) return false;
    return same_type(b.inst.view, b.result, f.view, f.func_type().result);
}

Host task_return(Caller& c, Builtin& b, std::span<Slot> s) {
    Task& task = *b.machine.current().task;
    constexpr const char* words = "invalid `task.return` signature and/or options for current task";
    if (!task.func) return fail(c, words);
    if (b.returns_for != task.func.get()) {
        if (!returns_for(b, *task.func)) return fail(c, words);
        b.returns_for = task.func.get();
    }
    return done_or_fail(c, task.return_(s, abi::max_flat_params));
}

Host task_cancel(Caller& c, Builtin& b, std::span<Slot>) {
    Task& task = *b.machine.current().task;
    if (!task.func || !task.options().async) return fail(c, "`task.cancel` called by task that was not lifted with `async`");
    return done_or_fail(c, task.cancel());
}

// ---- waitable sets ------------------------------------------------------------------------------------------------------------------------

Host waitable_set_new(Caller& c, Builtin& b, std::span<Slot> s) {
    auto place = b.machine.quota.take(Counted::waitable_set);
    if (!place) return fail(c, std::move(place.error()));
    return give_or_fail(c, s, add_handle(b.inst, std::make_shared<WaitableSet>(std::move(*place))));
}

// The event's index and payload go to memory, its code to the guest.
Host give_event(Caller& c, const Builtin& b, std::span<Slot> s, const Event& e) {
    u64 at = b.memory64 ? s[1].bits : arg(s, 1);
    if (at % 4 != 0) return fail(c, "unaligned pointer");
    std::array<u32, 2> words{e.index, e.payload};
    if (!b.memory.write(at, words.data(), sizeof words)) return fail(c, "pointer out of bounds of memory");
    return give(s, u32(e.code));
}

Event event_of(const Thread& t, WaitableSet& set) {
    if (t.cancelled) return {EventCode::task_cancelled, 0, 0};
    return set.first_with_event()->take_event();
}

struct AwaitSet final : HostFrame {
    AwaitSet(Builtin& b, std::shared_ptr<WaitableSet> s) : builtin(b), set(std::move(s)) {}
    Host next(Caller& c, Exit) override {
        return give_event(c, builtin, c.slots(), event_of(builtin.machine.current(), *set));
    }
    Builtin& builtin;
    std::shared_ptr<WaitableSet> set;
};

Host waitable_set_wait(Caller& c, Builtin& b, std::span<Slot> s) {
    auto set = find<WaitableSet>(b.inst, arg(s, 0), "waitable-set");
    if (!set) return fail(c, std::move(set.error()));
    if (!(*set)->has_event() && !b.machine.may_block()) return fail(c, no_block_words);
    Thread& t = b.machine.current();
    if (!b.machine.wait(t, {.kind = Condition::Kind::set, .set = set->get()}, b.canon.cancellable)) return give_event(c, b, s, event_of(t, **set));
    c.frame<AwaitSet>(b, *set);
    return b.machine.leave(c, Machine::Action::block);
}

Host waitable_set_poll(Caller& c, Builtin& b, std::span<Slot> s) {
    auto set = find<WaitableSet>(b.inst, arg(s, 0), "waitable-set");
    if (!set) return fail(c, std::move(set.error()));
    if (b.machine.current().task->deliver_pending_cancel(b.canon.cancellable)) return give_event(c, b, s, {EventCode::task_cancelled, 0, 0});
    Waitable* w = (*set)->first_with_event();
    return give_event(c, b, s, w ? w->take_event() : Event{});
}

Host waitable_set_drop(Caller& c, Builtin& b, std::span<Slot> s) {
    auto set = find<WaitableSet>(b.inst, arg(s, 0), "waitable-set");
    if (!set) return fail(c, std::move(set.error()));
    if (!(*set)->members.empty()) return fail(c, "cannot drop waitable set with members");
    if (!(*set)->waiters.empty()) return fail(c, "cannot drop waitable set with waiters");
    b.inst.handles.remove(arg(s, 0));
    return Host::done;
}

Host waitable_join(Caller& c, Builtin& b, std::span<Slot> s) {
    u32 index = arg(s, 0);
    auto h = find_handle(b.inst, index);
    if (!h) return fail(c, std::move(h.error()));
    Waitable* w = nullptr;
    if (auto* e = std::get_if<std::shared_ptr<End>>(*h)) w = e->get();
    else if (auto* t = std::get_if<std::shared_ptr<Subtask>>(*h)) w = t->get();
    else return fail(c, std::move(wrong_handle(index, "waitable", **h).error()));
    if (w->sync_waiter) return fail(c, in_set_words);
    if (arg(s, 1) == 0) {
        w->join(nullptr);
        return Host::done;
    }
    auto set = find<WaitableSet>(b.inst, arg(s, 1), "waitable-set");
    if (!set) return fail(c, std::move(set.error()));
    w->join(set->get(), &b.machine);
    return Host::done;
}

// ---- waiting for one waitable -----------------------------------------------------------------------------------------------------------------

struct AwaitEvent final : HostFrame {
    explicit AwaitEvent(std::shared_ptr<Waitable> w) : waitable(std::move(w)) {}
    Host next(Caller& c, Exit) override { return give(c.slots(), waitable->take_event().payload); }
    std::shared_ptr<Waitable> waitable;
};

// The event's payload: now, when it has come, or BLOCKED for an asynchronous built-in.
Host give_payload(Caller& c, Machine& m, std::span<Slot> s, std::shared_ptr<Waitable> w, bool async) {
    if (w->has_event) return give(s, w->take_event().payload);
    if (async) return give(s, blocked);
    Waitable* waitable = w.get();
    c.frame<AwaitEvent>(std::move(w));
    m.wait(m.current(), {.kind = Condition::Kind::event, .waitable = waitable}, false);
    return m.leave(c, Machine::Action::block);
}

// ---- subtasks ---------------------------------------------------------------------------------------------------------------------------------

// The cancelled task ran: what became of the subtask?
struct AfterCancel final : HostFrame {
    AfterCancel(Builtin& b, std::shared_ptr<Subtask> t) : builtin(b), subtask(std::move(t)) {}
    Host next(Caller& c, Exit) override {
        return finish(c, c.slots());
    }
    Host finish(Caller& c, std::span<Slot> s) {
        Builtin& b = builtin;
        auto t = std::move(subtask);
        if (t->is_resolved()) return give(s, t->take_event().payload);
        return give_payload(c, b.machine, s, std::move(t), b.canon.async);
    }
    Builtin& builtin;
    std::shared_ptr<Subtask> subtask;
};

Host subtask_cancel(Caller& c, Builtin& b, std::span<Slot> s) {
    if (!b.canon.async && !b.machine.may_block()) return fail(c, no_block_words);
    auto found = find<Subtask>(b.inst, arg(s, 0), "subtask");
    if (!found) return fail(c, std::move(found.error()));
    std::shared_ptr<Subtask> t = *found;
    if (t->delivered) return fail(c, "`subtask.cancel` called after terminal status delivered");
    if (t->cancellation_requested) return fail(c, "`subtask.cancel` called after cancellation was requested");
    if (t->set && !b.canon.async) return fail(c, in_set_words);
    if (t->is_resolved()) return give(s, t->take_event().payload);
    t->cancellation_requested = true;
    bool pushed = false;
    if (auto callee = t->callee.lock()) pushed = b.machine.request_cancellation(*callee, &b.inst);
    else if (auto cancel = std::exchange(t->cancel_host, nullptr)) {
        cancel();
        t->cancelled();
    }
    AfterCancel& frame = c.frame<AfterCancel>(b, std::move(t));
    return pushed ? b.machine.leave(c, Machine::Action::pushed) : frame.finish(c, s);
}

Host subtask_drop(Caller& c, Builtin& b, std::span<Slot> s) {
    auto t = find<Subtask>(b.inst, arg(s, 0), "subtask");
    if (!t) return fail(c, std::move(t.error()));
    if (!(*t)->delivered) return fail(c, "cannot drop a subtask which has not yet resolved");
    (*t)->join(nullptr);
    b.inst.handles.remove(arg(s, 0));
    return Host::done;
}

// ---- streams and futures --------------------------------------------------------------------------------------------------------------------------

template <bool stream>
Host copy_new(Caller& c, Builtin& b, std::span<Slot> s) {
    auto place = b.machine.quota.take(Counted::stream);
    if (!place) return fail(c, std::move(place.error()));
    auto shared = std::make_shared<SharedCopy>(b.machine, stream, std::move(*place));
    shared->number = is_none_or_number(b.inst.view.types(), b.element);
    u64 indices = 0;
    for (bool readable : {true, false}) {
        auto end = std::make_shared<End>(b.machine, shared, readable, b.element);
        auto i = add_handle(b.inst, end);
        if (!i) return fail(c, std::move(i.error()));
        end->index = *i;
        indices |= u64(*i) << (readable ? 0 : 32);
    }
    return give(s, indices);
}

abi::Checked<std::shared_ptr<End>> find_end(Builtin& b, u32 index, bool stream, bool readable) {
    std::string expected = std::string(readable ? "readable" : "writable") + " end of a " + (stream ? "stream" : "future");
    auto h = find_handle(b.inst, index);
    if (!h) return std::unexpected(std::move(h.error()));
    auto* p = std::get_if<std::shared_ptr<End>>(*h);
    if (!p || (*p)->readable != readable || (*p)->shared->stream != stream) return wrong_handle(index, expected, **h);
    if (!same_type(b.inst.view, (*p)->element, b.inst.view, b.element)) return wrong_handle(index, expected + " of another type", **h);
    return *p;
}

const char* done_words(bool stream, bool readable) {
    if (stream)
        return readable ? "cannot read from stream after being notified that the writable end dropped"
                        : "cannot write to stream after being notified that the readable end dropped";
    return readable ? "cannot read from future after previous read succeeded"
                    : "cannot write to future after previous write succeeded or readable end dropped";
}

Checked set_buffer(Builtin& b, End& e, u64 ptr, u64 count) {
    if (count > Buffer::max_length) return abi::trap("stream read/write count too large");
    if (b.element && count > 0) {
        const abi::Layouts& layouts = b.inst.view.component->layouts;
        InstanceContext cx(b.inst, b.options, abi::Partner::guest, nullptr, nullptr);
        auto span = abi::GuestSpan::check(cx, ptr, layouts.alignment(*b.element, b.options.pointer), count, layouts.elem_size(*b.element, b.options.pointer),
                                          abi::What::values);
        if (!span) return std::unexpected(std::move(span.error()));
    }
    e.buffer = {.inst = &b.inst, .options = &b.options, .element = b.element, .ptr = ptr, .length = u32(count), .values = {}};
    return {};
}

template <bool stream, bool readable>
Host copy(Caller& c, Builtin& b, std::span<Slot> s) {
    bool async = b.options.async, wide = b.options.pointer == abi::PtrType::i64;
    if (!async && !b.machine.may_block()) return fail(c, no_block_words);
    auto found = find_end(b, arg(s, 0), stream, readable);
    if (!found) return fail(c, std::move(found.error()));
    End& e = **found;
    if (e.is_copying()) return fail(c, "cannot have concurrent operations active on a future/stream");
    if (e.state == End::State::done) return fail(c, done_words(stream, readable));
    if (e.set && !async) return fail(c, in_set_words);
    u64 count = 1;
    if constexpr (stream) count = wide ? s[2].bits : arg(s, 2);
    auto ok = set_buffer(b, e, wide ? s[1].bits : arg(s, 1), count);
    if (!ok) return fail(c, std::move(ok.error()));
    e.state = End::State::copying;
    ok = e.shared->copy(e, readable);
    if (!ok) return fail(c, std::move(ok.error()));
    return give_payload(c, b.machine, s, *found, async);
}

template <bool stream, bool readable>
Host cancel_copy(Caller& c, Builtin& b, std::span<Slot> s) {
    bool async = b.canon.async;
    if (!async && !b.machine.may_block()) return fail(c, no_block_words);
    auto found = find_end(b, arg(s, 0), stream, readable);
    if (!found) return fail(c, std::move(found.error()));
    End& e = **found;
    if (e.state != End::State::copying || e.sync_waiter) return fail(c, "cannot cancel a read or write that is not in progress");
    if (e.set && !async) return fail(c, in_set_words);
    e.state = End::State::cancelling;
    if (!e.has_event || e.is_partial()) e.shared->cancel();
    return give_payload(c, b.machine, s, *found, async);
}

template <bool stream, bool readable>
Host drop_end(Caller& c, Builtin& b, std::span<Slot> s) {
    auto found = find_end(b, arg(s, 0), stream, readable);
    if (!found) return fail(c, std::move(found.error()));
    End& e = **found;
    if (e.is_copying()) return fail(c, std::string(readable ? "cannot remove busy " : "cannot drop busy ") + (stream ? "stream" : "future"));
    if (!stream && !readable && e.state != End::State::done) return fail(c, "cannot drop future write end without first writing a value");
    e.join(nullptr);
    b.inst.handles.remove(arg(s, 0));
    return Host::done;
}

// ---- threads ----------------------------------------------------------------------------------------------------------------------------------------

Host thread_index(Caller&, Builtin& b, std::span<Slot> s) { return give(s, b.machine.current().index); }

abi::Checked<Func> start_function(Builtin& b, std::span<Slot> s) {
    auto ref = b.table.get(b.table.type().is64 ? s[0].bits : arg(s, 0));
    if (!ref) return abi::trap("undefined element: table index out of bounds");
    Func f = Func::from_ref(*ref);
    if (!f) return abi::trap("uninitialized element");
    if (!(f.type() == heddle::FuncType{{b.start_argument}, {}})) return abi::trap("indirect call type mismatch");
    return f;
}

abi::Checked<Thread*> new_thread(Builtin& b, abi::Checked<Func> start, Slot argument) {
    if (!start) return std::unexpected(std::move(start.error()));
    Task& task = *b.machine.current().task;
    auto thread = std::make_unique<Thread>(&task, b.inst);
    thread->phase = Thread::Phase::spawned;
    thread->start = *start;
    thread->argument = argument;
    auto done = task.register_thread(*thread);
    if (!done) return std::unexpected(std::move(done.error()));
    b.inst.tasks.insert(task.shared_from_this());
    return &task.threads.add(std::move(thread));
}

Host thread_new_indirect(Caller& c, Builtin& b, std::span<Slot> s) {
    auto t = new_thread(b, start_function(b, s), s[1]);
    return t ? give(s, (*t)->index) : fail(c, std::move(t.error()));
}

// A new thread, and resumed later at once.
Host spawn(Caller& c, Builtin& b, std::span<Slot> s, abi::Checked<Func> start) {
    auto t = new_thread(b, std::move(start), s[1]);
    if (!t) return fail(c, std::move(t.error()));
    b.machine.resume_later(**t);
    return give(s, (*t)->index);
}

Host thread_spawn_indirect(Caller& c, Builtin& b, std::span<Slot> s) { return spawn(c, b, s, start_function(b, s)); }

Host thread_spawn_ref(Caller& c, Builtin& b, std::span<Slot> s) {
    Func f = Func::from_ref(Ref{s[0].bits});
    return spawn(c, b, s, f ? abi::Checked<Func>(f) : abi::trap("null function reference"));
}

// Threads of a Store take turns.
Host thread_available_parallelism(Caller&, Builtin&, std::span<Slot> s) { return give(s, 1); }

// What a thread finds when it goes on: was it cancelled?
struct Resumed final : HostFrame {
    explicit Resumed(Machine& m) : machine(m) {}
    Host next(Caller& c, Exit) override { return give(c.slots(), machine.current().cancelled); }
    Machine& machine;
};

Host thread_suspend(Caller& c, Builtin& b, std::span<Slot> s) {
    Machine& m = b.machine;
    if (!m.may_block()) return fail(c, no_block_words);
    Thread& t = m.current();
    t.cancelled = t.task->deliver_pending_cancel(b.canon.cancellable);
    if (t.cancelled) return give(s, 1);
    m.suspend_in(t, b.canon.cancellable);
    c.frame<Resumed>(m);
    return m.leave(c, Machine::Action::block);
}

Host thread_yield(Caller& c, Builtin& b, std::span<Slot> s) {
    Machine& m = b.machine;
    Thread& t = m.current();
    if (!m.wait(t, {.kind = Condition::Kind::always}, b.canon.cancellable)) return give(s, t.cancelled);
    c.frame<Resumed>(m);
    return m.leave(c, Machine::Action::block);
}

abi::Checked<Thread*> find_thread(Builtin& b, u32 index) {
    Thread** t = b.inst.threads.get(index);
    if (!t) return abi::trap("unknown thread index " + std::to_string(index));
    return *t;
}

Host thread_resume_later(Caller& c, Builtin& b, std::span<Slot> s) {
    auto t = find_thread(b, arg(s, 0));
    if (!t) return fail(c, std::move(t.error()));
    if (!(*t)->is_suspended()) return fail(c, "cannot resume thread which is not suspended");
    (*t)->cancelled = false;
    b.machine.resume_later(**t);
    return Host::done;
}

// The running thread suspends (or yields) and `other` goes on in its place.
Host switch_to(Caller& c, Builtin& b, Thread& other, bool yields) {
    Machine& m = b.machine;
    Thread& t = m.current();
    if (yields) {
        t.cancellable = b.canon.cancellable;
        m.resume_later(t);
    } else m.suspend_in(t, b.canon.cancellable);
    t.cancelled = other.cancelled = false;
    c.frame<Resumed>(m);
    return m.leave(c, Machine::Action::switched, &other);
}

template <bool yields>
Host then_resume(Caller& c, Builtin& b, std::span<Slot> s) {
    auto other = find_thread(b, arg(s, 0));
    if (!other) return fail(c, std::move(other.error()));
    if (!(*other)->is_suspended()) return fail(c, "cannot resume thread which is not suspended");
    if (b.machine.current().task->deliver_pending_cancel(b.canon.cancellable)) return give(s, 1);
    return switch_to(c, b, **other, yields);
}

template <bool yields>
Host then_promote(Caller& c, Builtin& b, std::span<Slot> s) {
    auto found = find_thread(b, arg(s, 0));
    if (!found) return fail(c, std::move(found.error()));
    Thread& other = **found;
    bool ready = other.is_ready();
    if (!yields && !ready && !b.machine.may_block()) return fail(c, no_block_words);
    if (b.machine.current().task->deliver_pending_cancel(b.canon.cancellable)) return give(s, 1);
    if (ready) {
        b.machine.stop_waiting(other);
        return switch_to(c, b, other, yields);
    }
    return yields ? thread_yield(c, b, s) : thread_suspend(c, b, s);
}

// ---- error contexts ---------------------------------------------------------------------------------------------------------------------------------

// The message is kept as it is; guests must not rely on that.
Host error_context_new(Caller& c, Builtin& b, std::span<Slot> s) {
    InstanceContext cx(b.inst, b.options, abi::Partner::guest, nullptr, nullptr);
    abi::CoreValueIter vi(s);
    abi::Loader loader(cx);
    Val text;
    if (!loader.lift_flat(vi, {Prim::string, {}}, text)) return fail(c, std::move(loader.why()));
    auto error = std::make_shared<ErrorContext>(ErrorContext{text.as_string(), Charge(b.machine.quota.budget)});
    if (!error->held.try_resize(sizeof *error + error->message.size())) return fail(c, full(*b.machine.quota.budget).error());
    return give_or_fail(c, s, add_handle(b.inst, std::move(error)));
}

Host error_context_debug_message(Caller& c, Builtin& b, std::span<Slot> s) {
    auto e = find<ErrorContext>(b.inst, arg(s, 0), "error-context");
    if (!e) return fail(c, std::move(e.error()));
    InstanceContext cx(b.inst, b.options, abi::Partner::guest, nullptr, nullptr);
    u64 at = b.options.pointer == abi::PtrType::i64 ? s[1].bits : arg(s, 1);
    u32 size = abi::ptr_size(b.options.pointer);
    auto range = abi::GuestSpan::check(cx, at, size, 2, size, abi::What::values);
    if (!range) return fail(c, std::move(range.error()));
    abi::Storer storer(cx);
    if (!storer.store(Val::string((*e)->message), {Prim::string, {}}, at)) return fail(c, std::move(storer.why()));
    return Host::done;
}

Host error_context_drop(Caller& c, Builtin& b, std::span<Slot> s) {
    auto e = find<ErrorContext>(b.inst, arg(s, 0), "error-context");
    if (!e) return fail(c, std::move(e.error()));
    b.inst.handles.remove(arg(s, 0));
    return Host::done;
}

// ---- from definition to function ------------------------------------------------------------------------------------------------------------------------

// In realloc and post-return only these work.
bool needs_no_leave(CanonKind k) {
    return k == CanonKind::resource_rep || k == CanonKind::context_get || k == CanonKind::context_set || k == CanonKind::backpressure_inc ||
           k == CanonKind::backpressure_dec;
}

template <Run run>
Host entry(Caller& c, void* data) {
    Builtin& b = *static_cast<Builtin*>(data);
    if (!b.inst.may_leave && !needs_no_leave(b.canon.kind)) return fail(c, "cannot leave component instance");
    return run(c, b, c.slots());
}

RawHostFunction function_of(CanonKind k) {
    switch (k) {
    case CanonKind::resource_new: return entry<resource_new>;
    case CanonKind::resource_drop: return entry<resource_drop>;
    case CanonKind::resource_rep: return entry<resource_rep>;
    case CanonKind::task_cancel: return entry<task_cancel>;
    case CanonKind::subtask_cancel: return entry<subtask_cancel>;
    case CanonKind::task_return: return entry<task_return>;
    case CanonKind::context_get: return entry<context_get>;
    case CanonKind::context_set: return entry<context_set>;
    case CanonKind::thread_yield: return entry<thread_yield>;
    case CanonKind::subtask_drop: return entry<subtask_drop>;
    case CanonKind::stream_new: return entry<copy_new<true>>;
    case CanonKind::stream_read: return entry<copy<true, true>>;
    case CanonKind::stream_write: return entry<copy<true, false>>;
    case CanonKind::stream_cancel_read: return entry<cancel_copy<true, true>>;
    case CanonKind::stream_cancel_write: return entry<cancel_copy<true, false>>;
    case CanonKind::stream_drop_readable: return entry<drop_end<true, true>>;
    case CanonKind::stream_drop_writable: return entry<drop_end<true, false>>;
    case CanonKind::future_new: return entry<copy_new<false>>;
    case CanonKind::future_read: return entry<copy<false, true>>;
    case CanonKind::future_write: return entry<copy<false, false>>;
    case CanonKind::future_cancel_read: return entry<cancel_copy<false, true>>;
    case CanonKind::future_cancel_write: return entry<cancel_copy<false, false>>;
    case CanonKind::future_drop_readable: return entry<drop_end<false, true>>;
    case CanonKind::future_drop_writable: return entry<drop_end<false, false>>;
    case CanonKind::error_context_new: return entry<error_context_new>;
    case CanonKind::error_context_debug_message: return entry<error_context_debug_message>;
    case CanonKind::error_context_drop: return entry<error_context_drop>;
    case CanonKind::waitable_set_new: return entry<waitable_set_new>;
    case CanonKind::waitable_set_wait: return entry<waitable_set_wait>;
    case CanonKind::waitable_set_poll: return entry<waitable_set_poll>;
    case CanonKind::waitable_set_drop: return entry<waitable_set_drop>;
    case CanonKind::waitable_join: return entry<waitable_join>;
    case CanonKind::backpressure_inc: return entry<backpressure_inc>;
    case CanonKind::backpressure_dec: return entry<backpressure_dec>;
    case CanonKind::thread_index: return entry<thread_index>;
    case CanonKind::thread_new_indirect: return entry<thread_new_indirect>;
    case CanonKind::thread_resume_later: return entry<thread_resume_later>;
    case CanonKind::thread_suspend: return entry<thread_suspend>;
    case CanonKind::thread_suspend_then_resume: return entry<then_resume<false>>;
    case CanonKind::thread_yield_then_resume: return entry<then_resume<true>>;
    case CanonKind::thread_suspend_then_promote: return entry<then_promote<false>>;
    case CanonKind::thread_yield_then_promote: return entry<then_promote<true>>;
    case CanonKind::thread_spawn_ref: return entry<thread_spawn_ref>;
    case CanonKind::thread_spawn_indirect: return entry<thread_spawn_indirect>;
    case CanonKind::thread_available_parallelism: return entry<thread_available_parallelism>;
    case CanonKind::lift:
    case CanonKind::lower: break;
    }
    return nullptr;  // these two are made elsewhere
}

}  // namespace

Func make_builtin(Instance& inst, const Canon& canon, CanonOptions options, const heddle::FuncType& core) {
    const View& view = inst.view;
    const Spaces& spaces = inst.component.validated->spaces;
    auto b = std::make_shared<Builtin>(Builtin{inst, inst.machine, canon, std::move(options), {}, {}, {}, {}});
    switch (canon_row(canon.kind).immediates) {
    case CanonImmediates::Type:
    case CanonImmediates::TypeOpts:
    case CanonImmediates::TypeAsync: {
        types::Type t = spaces.types[canon.type];
        if (t.kind == types::Type::Kind::resource) b->resource = view.resource(t.resource());
        else if (auto* s = std::get_if<types::Stream>(&view.types()[t.defined()].kind)) b->element = s->type;
        else if (auto* f = std::get_if<types::Future>(&view.types()[t.defined()].kind)) b->element = f->type;
        break;
    }
    case CanonImmediates::Result:
        if (canon.result) b->result = canon.result->prim ? types::ValType{canon.result->prim, {}} : types::ValType{{}, spaces.types[canon.result->index].defined()};
        break;
    case CanonImmediates::Wait:
        b->memory = inst.core_memories[canon.memory];
        b->memory64 = core.params.at(1) == i64_type;
        break;
    case CanonImmediates::Indirect:
    case CanonImmediates::Spawn:
        b->table = inst.core_tables[canon.table];
        b->start_argument = core.params.at(1);
        break;
    default: break;
    }
    Func f = Func::create(inst.machine.store, core, function_of(canon.kind), b.get());
    inst.keep.push_back(std::move(b));
    return f;
}

}  // namespace heddle::component::runtime
