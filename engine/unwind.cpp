// Exceptions, answers of host functions, and walking the stack.
#include "unwind.hpp"

#include <algorithm>
#include <map>

#include <heddle/engine.hpp>

#include "code.hpp"
#include "continuation.hpp"
#include "dwarf.hpp"
#include "handlers.hpp"
#include "heap.hpp"
#include "interpreter.hpp"
#include "runtime_calls.hpp"
#include "translate.hpp"

namespace heddle {
namespace {

const Word* code_at(Slot s) { return reinterpret_cast<const Word*>(s.bits); }
Slot* frame_at(Slot s) { return reinterpret_cast<Slot*>(s.bits); }
InstanceObject* instance_at(Slot s) { return reinterpret_cast<InstanceObject*>(s.bits); }

// Where a computation goes on when a frame ends: behind a guest's call or resume, at a host function's record, or nowhere.
struct Outer {
    enum class Kind : u8 { guest, resume, host, none } kind;
    const Word* return_pc;
    Slot* frame;               // guest: the caller's frame; host: the host function's record
    InstanceObject* instance;  // whose code goes on
};

Outer outer(const Slot* record, InstanceObject* instance) {
    const Word* return_pc = code_at(record[0]);
    Slot* caller = frame_at(record[1]);
    if (return_pc == cells.leave) return {Outer::Kind::none, return_pc, caller, instance};
    if (return_pc == cells.return_to_resume) {
        const StackLink& l = *reinterpret_cast<const StackLink*>(caller);
        return {Outer::Kind::resume, l.pc + 1, l.frame, l.instance};
    }
    if (return_pc == cells.host_next) return {Outer::Kind::host, return_pc, caller, instance_at(caller[2])};
    // A return to a reload cell is one from another instance: the caller's record keeps its own.
    if (return_pc[0] == handler_word(control_id(Control::reload))) instance = instance_at(caller[u32(return_pc[1]) + 2]);
    return {Outer::Kind::guest, return_pc, caller, instance};
}

bool is_host_state(const Word* pc) { return pc == cells.host_next || pc == cells.resume_blocked || pc == cells.resume_parked; }

bool catches(const CatchClause& c, const InstanceObject& in, const ExceptionObject& e) {
    return c.kind >= Catch::Kind::catch_all || in.tags[c.tag] == e.tag;
}

// The innermost clause around pc that catches e. https://webassembly.github.io/spec/core/exec/instructions.html#exec-throw-ref
const CatchClause* find_clause(const CodeRange& r, const Word* pc, const InstanceObject& in, const ExceptionObject& e) {
    u32 at = u32(pc - r.from);
    for (std::size_t t = r.tries.size(); t-- > 0;) {
        const TryRange& range = r.tries[t];
        if (at < range.from || at >= range.to) continue;
        for (u32 i = range.clause; i != no_clause; i = r.clauses[i].next)
            if (catches(r.clauses[i], in, e)) return &r.clauses[i];
        if (!range.delegates) continue;
        if (range.to_try == no_try) return nullptr;
        t = range.to_try + 1;
    }
    return nullptr;
}

void enter_clause(ExecContext& context, const CodeRange& r, const CatchClause& c, Slot* frame, InstanceObject* in) {
    const ExceptionObject& e = *context.exception;
    Slot* to = frame + c.slot;
    if (c.is_legacy) (to++)->bits = reinterpret_cast<u64>(&e);
    if (c.kind < Catch::Kind::catch_all)
        for (u64 v : e.values()) (to++)->bits = v;
    if (c.kind == Catch::Kind::catch_ref || c.kind == Catch::Kind::catch_all_ref) to->bits = reinterpret_cast<u64>(&e);
    context.pc = r.from + c.target;
    context.frame = frame;
    context.instance = in;
    context.exception = nullptr;
}

FuncCode* function_at(const InstanceObject& in, const Word* pc) {
    if (!in.module) return nullptr;
    if (const CodeRange* r = in.module->storage->find(pc)) return r->code;
    // A function that could not be translated: its stub.
    const u8* at = reinterpret_cast<const u8*>(pc);
    const u8* first = reinterpret_cast<const u8*>(in.module->code.get());
    if (at < first || at >= first + in.module->bodies.size() * sizeof(FuncCode)) return nullptr;
    return in.module->code.get() + std::size_t(at - first) / sizeof(FuncCode);
}

// Goes from a frame's record outward until somebody catches.
bool unwind_from(ExecContext& context, const Slot* record, InstanceObject* in) noexcept {
    for (;;) {
        Outer o = outer(record, in);
        if (o.kind == Outer::Kind::none) {
            context.exit = u8(Exit::threw);
            return false;
        }
        in = o.instance;
        if (o.kind == Outer::Kind::resume) drop_innermost(context);
        if (o.kind == Outer::Kind::host) {
            Host answer = host_next(context, o.frame, Exit::threw);
            if (answer != Host::threw) return go_on(context, answer, o.frame);
            record = o.frame;
            continue;
        }
        const Word* pc = o.return_pc - 1;
        const CodeRange* r = in->module->storage->find(pc);
        if (const CatchClause* c = find_clause(*r, pc, *in, *context.exception)) {
            enter_clause(context, *r, *c, o.frame, in);
            return true;
        }
        record = o.frame + r->code->record;
    }
}

void leave_at(ExecContext& context, Exit exit, const Word* pc, Slot* frame, InstanceObject* instance) {
    context.exit = u8(exit);
    context.pc = pc;
    context.frame = frame;
    context.instance = instance;
}

}  // namespace

bool unwind(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept {
    const CodeRange* r = instance->module->storage->find(pc);
    if (const CatchClause* c = find_clause(*r, pc, *instance, *context.exception)) {
        enter_clause(context, *r, *c, frame, instance);
        return true;
    }
    return unwind_from(context, frame + r->code->record, instance);
}

bool go_on(ExecContext& context, Host answer, Slot* record) noexcept {
    InstanceObject* caller = instance_at(record[2]);
    switch (answer) {
    case Host::done:
        context.result = *context.frame;
        context.pc = code_at(record[0]);
        context.frame = frame_at(record[1]);
        context.instance = caller;
        return true;
    case Host::call: return true;
    case Host::threw: return unwind_from(context, record, caller);
    case Host::trap: leave_at(context, Exit::trapped, cells.host_next, record, caller); return false;
    case Host::block: leave_at(context, Exit::blocked, cells.resume_blocked, record, caller); return false;
    case Host::park: leave_at(context, Exit::parked, cells.resume_parked, record, caller); return false;
    }
    return false;
}

namespace {

// Where a computation that is left at pc goes on when it is run again.
const Word* resumption(const Word* pc, const InstanceObject& instance) {
    const CodeRange* r = instance.module->storage->find(pc);
    if (!r) return pc;
    auto loop = std::ranges::lower_bound(r->pinned, pc - r->from, {}, &PinnedLoop::first);
    return loop != r->pinned.end() && r->from + loop->first == pc ? r->from + loop->resume : pc;
}

}  // namespace

bool go_on_after_poll(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept {
    switch (host_interrupt(context, instance)) {
    case Host::done: return true;
    case Host::park: leave_at(context, Exit::parked, resumption(pc, *instance), frame, instance); return false;
    case Host::block: leave_at(context, Exit::blocked, resumption(pc, *instance), frame, instance); return false;
    default: leave_at(context, Exit::trapped, pc, frame, instance); return false;
    }
}

void leave_trapped(ExecContext& context, TrapCode trap, const Word* pc, Slot* frame, InstanceObject* instance) noexcept {
    context.trap = trap;
    context.detail.clear();
    leave_at(context, Exit::trapped, pc, frame, instance);
}

const Word* translated(ExecContext& context, FuncCode& code, Slot* frame, InstanceObject* instance) noexcept {
    try {
        return translate(code);
    } catch (const Error& e) {
        leave_trapped(context, TrapCode::host, code.stub, frame, instance);
        context.detail = e.message;
    } catch (...) {
        leave_trapped(context, TrapCode::heap_limit, code.stub, frame, instance);
    }
    return nullptr;
}

bool is_callable_as(const InstanceObject& instance, TypeId actual, TypeId expected) noexcept {
    return instance.module->type_table->is_subtype(actual, expected);
}

// ---- walking the stack

void walk_stack(const Word* pc, Slot* frame, InstanceObject* instance, bool (*visit)(void* data, const ActiveFrame& f), void* data) {
    const Slot* record = frame;  // of a host function, when that is where we stand
    if (is_host_state(pc)) instance = instance_at(record[2]);
    else record = nullptr;
    for (;;) {
        if (!record) {
            FuncCode* code = function_at(*instance, pc);
            if (!code || !visit(data, {code, instance, pc, frame})) return;
            record = frame + code->record;
        }
        Outer o = outer(record, instance);
        if (o.kind == Outer::Kind::none) return;
        instance = o.instance;
        frame = o.frame;
        pc = o.return_pc - 1;
        record = o.kind == Outer::Kind::host ? o.frame : nullptr;
    }
}

namespace {

struct Collector {
    std::vector<Frame> frames;
    std::vector<const ModuleData*> modules;
    u32 keep, omitted = 0;
    std::map<FuncCode*, std::vector<CellOffset>> offsets;  // of functions met
};

u32 offset_of(Collector& c, const ActiveFrame& f) {
    const CodeRange* r = f.code->module->storage->find(f.pc);
    if (!r) return 0;
    auto [it, is_new] = c.offsets.try_emplace(f.code);
    if (is_new) it->second = cell_offsets(*f.code);
    u32 at = u32(f.pc - r->from), offset = 0;
    auto next = std::upper_bound(it->second.begin(), it->second.end(), at, [](u32 cell, const CellOffset& o) { return cell < o.cell; });
    if (next != it->second.begin()) offset = std::prev(next)->offset;
    return offset;
}

bool collect(void* data, const ActiveFrame& f) {
    Collector& c = *static_cast<Collector*>(data);
    if (c.frames.size() >= c.keep) {
        ++c.omitted;
        return true;
    }
    Frame out;
    out.func_index = f.code->func_index;
    out.module_offset = offset_of(c, f);
    u32 body = f.code->module->bodies[f.code->func_index - f.code->module->imported_funcs].from;
    if (out.module_offset) out.func_offset = out.module_offset - body;
    out.instance = f.instance;
    out.func_name = f.code->module->func_name(f.code->func_index);
    out.module_name = f.code->module->name;
    c.frames.push_back(std::move(out));
    c.modules.push_back(f.code->module);
    return true;
}

}  // namespace

std::vector<Frame> backtrace(const Word* pc, Slot* frame, InstanceObject* instance, u32 keep, u32& omitted) {
    Collector c;
    c.keep = keep;
    walk_stack(pc, frame, instance, collect, &c);
    omitted = c.omitted;
    add_sources(c.frames, c.modules);
    return std::move(c.frames);
}

}  // namespace heddle
