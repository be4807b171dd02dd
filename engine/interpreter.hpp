// Entering and leaving guest code. The interpreter knows machine registers, cells and frames; who owns stacks, and what happens after run()
// was left, is execution.cpp's.
//
// Where a frame returns to when no guest cell called it: the static cells.
//
//   base frame          record {cells.leave, anything, -}                          the embedder's call
//   host frame          record {cells.host_next, the host function's record, -}    a guest function that a HostFrame called
//   continuation        record {cells.return_to_resume, its StackLink, -}          the first function on a stack of its own
//
// The record of a host function's own frame is written by the call like any other; its third word holds the calling instance.
#pragma once
#include <string>
#include <vector>

#include "runtime.hpp"

namespace heddle {

struct CodeOptions;
struct HostFunc;

// Runs guest code from context.pc, context.frame, context.instance until it leaves, and sets context.exit:
//   returned   the base frame returned: its results lie where its arguments lay
//   trapped    context.trap; pc, frame and instance are those of the trapping cell, for the backtrace
//   threw      context.exception was not caught; the frames are gone
//   blocked, parked   context.pc, frame and instance say where to go on: keep them, put them back, run() again
// No accumulator is live at any of these points. The native stack does not grow with guest calls.
void run(ExecContext& context) noexcept;

struct Cells {
    const Word* leave;           // leaves run() with Exit::returned
    const Word* host_next;       // a guest function called by a HostFrame returned: asks host_next(context, record, Exit::returned)
    const Word* resume_blocked;  // where context.pc points after a host function said block (park): asks host_next(context, record,
    const Word* resume_parked;   // Exit::blocked or parked), context.frame being the host function's record
    const Word* return_to_resume;  // the first function of a continuation's stack returned
};
extern const Cells cells;

// Prepares a call of `f`, whose arguments lie at `frame`: writes its record {return_pc, caller}, zeroes its locals and points context.pc,
// frame and instance at it. False, and nothing done, when its frame does not fit below the stack's end: the caller traps stack_overflow.
//   base call        enter(context, f, stack's bottom, cells.leave, nullptr)
//   Caller::call     enter(context, f, above the HostFrame, cells.host_next, the host function's record), then Host::call
inline bool enter(ExecContext& context, const FuncObject& f, Slot* frame, const Word* return_pc, Slot* caller) noexcept {
    const FuncCode& code = *f.code;
    if (reinterpret_cast<u64>(frame) + code.frame_bytes > context.true_limit + stack_slack_bytes) [[unlikely]] return false;
    Slot* record = frame + code.record;
    for (Slot* z = record - code.zeroed; z != record; ++z) *z = {};
    record[0].bits = reinterpret_cast<u64>(return_pc);
    record[1].bits = reinterpret_cast<u64>(caller);
    record[2].bits = 0;
    context.pc = code.entry.load(std::memory_order_acquire);
    context.frame = frame;
    context.instance = f.instance;
    return true;
}

// The contract of runtime_calls.hpp, seen from here:
//   host_call(context, host, frame, caller)   its record lies at frame + code.record, already written. Results go to `frame`.
//   host_next(context, record, how)           `record` as given to enter(). Host::done: the host function ends; its results lie at its
//                                             frame, and context.frame points there. threw: context.exception goes on to the host
//                                             function's caller. trap, call, block, park as for host_call.
//   host_interrupt(context, instance)         done: has cleared the flag, set limit to true_limit again, and given fuel if that was out;
//                                             park: the same code goes on when run() is called again.

// Makes m.code, one FuncCode per own function that translates itself at its first call, and m.storage. After validation.
void prepare(ModuleData& m, const CodeOptions& options);
// How a host function is entered. `code` must not move afterwards.
void prepare_host(FuncCode& code, HostFunc* host, TypeId type, u32 param_slots, u32 result_slots);
// Through the interpreter from now on: `host` has a Passage.
void prepare_passage(FuncCode& code);
// Translates every function now.
void translate_all(ModuleData& m);

// One guest function on the stack. `pc` lies inside the active instruction's cells.
struct ActiveFrame {
    FuncCode* code;
    InstanceObject* instance;
    const Word* pc;
    Slot* frame;
};

// Calls visit(data, frame) for every guest function from a left state outward, host functions skipped, until it gives false.
void walk_stack(const Word* pc, Slot* frame, InstanceObject* instance, bool (*visit)(void* data, const ActiveFrame& f), void* data);

// The innermost `keep` guest functions with names and byte offsets; `omitted` gets how many more there are.
std::vector<Frame> backtrace(const Word* pc, Slot* frame, InstanceObject* instance, u32 keep, u32& omitted);

}  // namespace heddle
