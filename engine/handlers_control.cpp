// Branches, calls, returns, exceptions, and the cells that lead out of guest code.
#include "code.hpp"
#include "handlers_call.hpp"
#include "heap.hpp"
#include "store.hpp"
#include "unwind.hpp"

#include <heddle/engine.hpp>

namespace heddle {
namespace {

HANDLER unreachable(REGISTERS) {
    STATE;
    TRAP(TrapCode::unreachable);
}

// ---- returns

// All accumulators mirror a result, so that one that returns from here serves any class.
ALWAYS_INLINE void load_accumulators(State& s, Slot result) {
    s.acc = result.bits;
    s.acc_f64 = result.as<f64>();
    s.acc_f32 = result.as<f32>();
}

// Moves n slots down. A loop, again: memmove would need a native frame.
ALWAYS_INLINE void copy_down(Slot* to, const Slot* from, u64 n) {
    for (const Slot* end = from + n; from != end; ++from, ++to) {
        to->bits = from->bits;
        asm volatile("" : "+r"(to), "+r"(from));
    }
}

HANDLER return_many(REGISTERS) {
    STATE;
    const Slot* record = s.frame + s.lo();
    const Slot* from = s.frame + s.hi();
    const Word* pc = code_at(record[0].bits);
    Slot* frame = reinterpret_cast<Slot*>(record[1].bits);
    copy_down(s.frame, from, s.pc[2]);
    load_accumulators(s, *s.frame);
    s.pc = pc;
    s.frame = frame;
    DISPATCH;
}

// ---- calls

ALWAYS_INLINE bool fits(const State& s, const Slot* frame, const FuncCode& callee) {
    return reinterpret_cast<u64>(frame) + callee.frame_bytes <= limit(s) + stack_slack_bytes;
}

// Any function of this module, however large its frame.
HANDLER call_wide(REGISTERS) {
    STATE;
    const FuncCode* callee = reinterpret_cast<const FuncCode*>(s.pc[2]);
    Slot* next = s.frame + s.lo();
    if (!fits(s, next, *callee)) [[unlikely]] TAIL_CALL no_room_handler(PASS);
    Slot* record = next + callee->record;
    zero_below(record, callee->zeroed);
    record[0].bits = reinterpret_cast<u64>(s.pc + 5);
    record[1].bits = reinterpret_cast<u64>(s.frame);
    s.frame = next;
    s.pc = callee->entry.load(std::memory_order_acquire);
    DISPATCH;
}

// Goes on in the FuncObject f, whose arguments lie at frame + k. When that leaves the instance, this frame's record keeps the instance and the
// callee returns to the reload cell at pc + words, else behind it. A host function runs with its caller's instance.
#define CALL_FUNCTION(f, k, words)                                                              \
    do {                                                                                        \
        const FuncCode* callee = f->code;                                                       \
        Slot* next = s.frame + (k);                                                             \
        if (!fits(s, next, *callee)) [[unlikely]] TAIL_CALL no_room_handler(PASS);              \
        Slot* record = next + callee->record;                                                   \
        zero_below(record, callee->zeroed);                                                     \
        const Word* back = s.pc + (words);                                                      \
        record[1].bits = reinterpret_cast<u64>(s.frame);                                        \
        if (f->instance == s.instance || f->host) {                                             \
            record[0].bits = reinterpret_cast<u64>(back + 2);                                   \
        } else {                                                                                \
            s.frame[u32(back[1]) + 2].bits = reinterpret_cast<u64>(s.instance);                 \
            record[0].bits = reinterpret_cast<u64>(back);                                       \
            s.instance = f->instance;                                                           \
            reload_memory(s);                                                                   \
        }                                                                                       \
        s.frame = next;                                                                         \
        s.pc = callee->entry.load(std::memory_order_acquire);                                   \
        DISPATCH;                                                                               \
    } while (0)

HANDLER call_import(REGISTERS) {
    STATE;
    const FuncObject* f = s.instance->imported_funcs[s.hi()];
    CALL_FUNCTION(f, s.lo(), 2);
}

// What call_indirect finds: a function of exactly the type, or a reason to look closer.
// https://webassembly.github.io/spec/core/exec/instructions.html#exec-call-indirect
struct Found {
    const FuncObject* function;
    bool exact;
};
ALWAYS_INLINE Found find_indirect(const State& s, u64 index, u32 table, TypeId type) {
    const TableObject* t = s.instance->tables[table];
    if (index >= t->size) [[unlikely]] return {nullptr, false};
    const FuncObject* f = reinterpret_cast<const FuncObject*>(t->elements[index]);
    return {f, f && f->type == type};
}
TrapCode indirect_trap(const InstanceObject& in, u64 index, u32 table, TypeId type) {
    const TableObject* t = in.tables[table];
    if (index >= t->size) return TrapCode::undefined_element;
    const FuncObject* f = reinterpret_cast<const FuncObject*>(t->elements[index]);
    if (!f) return TrapCode::uninitialized_element;
    return is_callable_as(in, f->type, type) ? TrapCode::none : TrapCode::indirect_call_type_mismatch;
}

[[gnu::noinline, gnu::cold]] HANDLER call_indirect_closer(REGISTERS) {
    STATE;
    u64 index = s.get<u64>(0);
    if (TrapCode t = indirect_trap(*s.instance, index, u32(s.pc[2]), TypeId(s.pc[2] >> 32)); t != TrapCode::none) TRAP(t);
    const FuncObject* f = reinterpret_cast<const FuncObject*>(s.instance->tables[u32(s.pc[2])]->elements[index]);
    CALL_FUNCTION(f, s.hi(), 3);
}

HANDLER call_indirect(REGISTERS) {
    STATE;
    Found found = find_indirect(s, s.get<u64>(0), u32(s.pc[2]), TypeId(s.pc[2] >> 32));
    if (!found.exact) [[unlikely]] TAIL_CALL call_indirect_closer(PASS);
    const FuncObject* f = found.function;
    CALL_FUNCTION(f, s.hi(), 3);
}

HANDLER call_ref(REGISTERS) {
    STATE;
    const FuncObject* f = reinterpret_cast<const FuncObject*>(s.get<u64>(0));
    if (!f) [[unlikely]] TRAP(TrapCode::null_function_reference);
    CALL_FUNCTION(f, s.hi(), 2);
}

HANDLER reload(REGISTERS) {
    STATE;
    s.instance = reinterpret_cast<InstanceObject*>(s.frame[s.lo() + 2].bits);
    reload_memory(s);
    NEXT(2);
}

// ---- tail calls: the callee takes over this frame, its return pc and its caller

#define TAKE_OVER(code)                                                                         \
    do {                                                                                        \
        const FuncCode* callee = (code);                                                        \
        if (!fits(s, s.frame, *callee)) [[unlikely]] TAIL_CALL no_room_handler(PASS);           \
        const Slot* old = s.frame + s.lo();                                                     \
        Slot return_pc = old[0], caller = old[1];                                               \
        copy_down(s.frame, s.frame + s.hi(), callee->param_slots);                              \
        Slot* record = s.frame + callee->record;                                                \
        zero_below(record, callee->zeroed);                                                     \
        record[0] = return_pc;                                                                  \
        record[1] = caller;                                                                     \
        s.pc = callee->entry.load(std::memory_order_acquire);                                   \
        DISPATCH;                                                                               \
    } while (0)

HANDLER tail_call(REGISTERS) {
    STATE;
    TAKE_OVER(reinterpret_cast<const FuncCode*>(s.pc[2]));
}

// A callee in another instance returns to a caller that may expect this one: then it returns to the reload cell in front of the
// caller's next cell, and the caller's record keeps the instance.
ALWAYS_INLINE void leave_instance(State& s, InstanceObject* to) {
    Slot* record = s.frame + s.lo();
    const Word* back = code_at(record[0].bits);
    const Word reload_word = reinterpret_cast<Word>(static_cast<Handler>(reload));
    if (back[0] != reload_word && back[-2] == reload_word) {
        Slot* caller = reinterpret_cast<Slot*>(record[1].bits);
        caller[u32(back[-1]) + 2].bits = reinterpret_cast<u64>(s.instance);
        record[0].bits = reinterpret_cast<u64>(back - 2);
    }
    s.instance = to;
    reload_memory(s);
}

#define TAKE_OVER_FUNCTION(f)                                                                   \
    do {                                                                                        \
        if (!fits(s, s.frame, *f->code)) [[unlikely]] TAIL_CALL no_room_handler(PASS);          \
        if (f->instance != s.instance && !f->host) leave_instance(s, f->instance);              \
        TAKE_OVER(f->code);                                                                     \
    } while (0)

HANDLER tail_call_import(REGISTERS) {
    STATE;
    const FuncObject* f = s.instance->imported_funcs[s.pc[2]];
    TAKE_OVER_FUNCTION(f);
}

[[gnu::noinline, gnu::cold]] HANDLER tail_call_indirect_closer(REGISTERS) {
    STATE;
    u64 index = s.frame[s.pc[3]].bits;
    if (TrapCode t = indirect_trap(*s.instance, index, u32(s.pc[2]), TypeId(s.pc[2] >> 32)); t != TrapCode::none) TRAP(t);
    const FuncObject* f = reinterpret_cast<const FuncObject*>(s.instance->tables[u32(s.pc[2])]->elements[index]);
    TAKE_OVER_FUNCTION(f);
}

HANDLER tail_call_indirect(REGISTERS) {
    STATE;
    Found found = find_indirect(s, s.frame[s.pc[3]].bits, u32(s.pc[2]), TypeId(s.pc[2] >> 32));
    if (!found.exact) [[unlikely]] TAIL_CALL tail_call_indirect_closer(PASS);
    const FuncObject* f = found.function;
    TAKE_OVER_FUNCTION(f);
}

HANDLER tail_call_ref(REGISTERS) {
    STATE;
    const FuncObject* f = reinterpret_cast<const FuncObject*>(s.frame[s.pc[2]].bits);
    if (!f) [[unlikely]] TRAP(TrapCode::null_function_reference);
    TAKE_OVER_FUNCTION(f);
}

// ---- what leads out of the code: out-of-line functions say in the context where to go on

#define GO_ON_AS(context)                           \
    do {                                            \
        s.pc = (context).pc;                        \
        s.frame = (context).frame;                  \
        s.instance = (context).instance;            \
        reload_memory(s);                           \
        load_accumulators(s, (context).result);     \
        DISPATCH;                                   \
    } while (0)

HANDLER throw_(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    ExceptionObject* e = new_exception({*s.instance, s.pc, s.frame}, s.instance->tags[s.lo()], s.frame + s.hi(), u32(s.pc[2]));
    if (!e) [[unlikely]] TRAP(context.trap);
    context.exception = e;
    if (!unwind(context, s.pc, s.frame, s.instance)) LEAVE;
    GO_ON_AS(context);
}

HANDLER throw_ref(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    context.exception = reinterpret_cast<ExceptionObject*>(s.get<u64>(0));
    if (!context.exception) [[unlikely]] TRAP(TrapCode::null_exception_reference);
    if (!unwind(context, s.pc, s.frame, s.instance)) LEAVE;
    GO_ON_AS(context);
}

// In front of a loop and of a function: its price, for those who come in by another way than a back edge or a metered call.
HANDLER charge(REGISTERS) {
    STATE;
    s.pc += charge_words;
    CHARGE;
    DISPATCH;
}

// The price of a bulk instruction, before it runs: no more than what nobody has, so that it can be taken away from anything.
constexpr u64 dearest = u64(INT64_MAX) / 2;
HANDLER charge_dynamic(REGISTERS) {
    STATE;
    u64 price = std::min(s.get<u64>(0) >> s.hi(), dearest);
    s.pc += 2;
    if ((s.context().fuel -= i64(price)) < 0) [[unlikely]] TAIL_CALL poll_handler(PASS);
    DISPATCH;
}

// Its count and its handler lie beside the cell.
HANDLER counted(REGISTERS) {
    STATE;
    Word* beside = const_cast<Word*>(s.pc) + counted_words;
    ++beside[0];
    TAIL_CALL reinterpret_cast<Handler>(beside[1])(PASS);
}

// The stub of a function that was not called yet.
HANDLER translate_(REGISTERS) {
    STATE;
    s.pc = translated(s.context(), *reinterpret_cast<FuncCode*>(s.pc[1]), s.frame, s.instance);
    if (!s.pc) LEAVE;
    DISPATCH;
}

// The stub of a host function; its FuncCode is around it.
HANDLER host_entry(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    const FuncCode* code = reinterpret_cast<const FuncCode*>(reinterpret_cast<const u8*>(s.pc) - offsetof(FuncCode, stub));
    Slot* record = s.frame + code->record;
    record[2].bits = reinterpret_cast<u64>(s.instance);
    Host answer = host_call(context, *reinterpret_cast<HostFunc*>(s.pc[1]), s.frame, s.instance);
    if (answer == Host::done) [[likely]] {
        load_accumulators(s, *s.frame);
        s.pc = code_at(record[0].bits);
        s.frame = reinterpret_cast<Slot*>(record[1].bits);
        reload_memory(s);
        DISPATCH;
    }
    if (!go_on(context, answer, record)) LEAVE;
    GO_ON_AS(context);
}

// The stub of a passage: like a host function that leaves a HostFrame and calls the target, but the HostFrame is only promised.
HANDLER passage_entry(REGISTERS) {
    STATE;
    HostFunc& host = *reinterpret_cast<HostFunc*>(s.pc[1]);
    const Passage& p = host.passage;
    const FuncObject* target = p.target.object();
    const FuncCode* callee = target->code;
    HostRecord* r = record_at(s.frame, host.code);
    Slot* next = r->called_frame();
    if (!*p.may_leave || !*p.may_enter || !fits(s, next, *callee)) [[unlikely]] TAIL_CALL host_entry(PASS);
    ExecContext& context = s.context();
    context.fuel -= host_call_fuel;
    *p.may_enter = false;
    Slot* record = s.frame + host.code.record;
    record[2].bits = reinterpret_cast<u64>(s.instance);
    r->below = context.current->top;
    r->object = nullptr;
    r->frame = s.frame;
    r->host = &host;
    r->caller = s.instance;
    r->callee = nullptr;
    r->results = callee->result_slots;
    context.current->top = r;
    copy_down(next, s.frame, callee->param_slots);
    Slot* called = next + callee->record;
    zero_below(called, callee->zeroed);
    called[0].bits = reinterpret_cast<u64>(cells.host_next);
    called[1].bits = reinterpret_cast<u64>(record);
    s.instance = target->instance;
    s.frame = next;
    reload_memory(s);
    s.pc = callee->entry.load(std::memory_order_acquire);
    DISPATCH;
}

// A guest function that a HostFrame called returned, or a host function that said block or park is run again. frame: its record.
template <Exit how>
HANDLER resume_host(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    if (!go_on(context, host_next(context, s.frame, how), s.frame)) LEAVE;
    GO_ON_AS(context);
}

// The end of a passage that nobody looked into: the accumulators have the result already.
HANDLER host_next_(REGISTERS) {
    STATE;
    ExecutionData& e = *s.context().current;
    HostRecord* r = e.top;
    if (r->object) [[unlikely]] TAIL_CALL resume_host<Exit::returned>(PASS);
    *r->host->passage.may_enter = true;
    e.top = r->below;
    const Slot* record = s.frame;
    // The record may lie where the results go: it is read first.
    const Word* pc = code_at(record[0].bits);
    Slot* frame = reinterpret_cast<Slot*>(record[1].bits);
    s.instance = r->caller;
    copy_down(r->frame, r->called_frame(), r->results);
    s.pc = pc;
    s.frame = frame;
    reload_memory(s);
    DISPATCH;
}
constexpr Handler resume_blocked = resume_host<Exit::blocked>, resume_parked = resume_host<Exit::parked>;

HANDLER leave(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    context.exit = u8(Exit::returned);
    LEAVE;
}

// ---- the table

using Handlers = HandlerTable<control_count>;

template <u32 moves = 0, u32 zeroes = 0>
constexpr void put_calls(Handlers& t) {
    if constexpr (zeroes == call_zeroes) put_calls<moves + 1, 0>(t);
    else if constexpr (moves < call_moves) {
        t[call_id(moves, zeroes) & 0xfff] = call<moves, zeroes, false>;
        t[metered_id(call_id(moves, zeroes)) & 0xfff] = call<moves, zeroes, true>;
        put_calls<moves, zeroes + 1>(t);
    }
}

constexpr Handlers make_table() {
    Handlers t{};
#define CONTROL(name) t[u32(Control::name)] = name;
#include "handlers.def"
    put_calls(t);
    return t;
}

}  // namespace

constexpr Handlers control_handlers = make_table();

}  // namespace heddle
