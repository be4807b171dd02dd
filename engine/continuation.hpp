// Continuations: guest stacks above each other, and the objects that own suspended ones.
// https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md
//
//   an Execution's own stack   | frames … one at a resume cell |
//   a StackLink's              | link | frames … one at a resume cell |          link.frame, .pc: the resume cell below
//   a StackLink's              | link | frames … the one that runs |             ExecutionData::stacks: the innermost link
//
// A suspension takes the links from the innermost to the one whose resume handles its tag, and a new object owns them; resuming that puts them
// back on top of whatever runs then. Nothing is copied but arguments. A link whose stack holds a HostFrame is never taken.
#pragma once
#include <span>

#include "heap.hpp"
#include "stack.hpp"

namespace heddle {

// One stack above another; lies at the bottom of its stack.
struct alignas(16) StackLink {
    Stack stack;
    StackLink* below = nullptr;  // null: the Execution's own stack, or the outermost of a suspended continuation
    u32 results = 0;             // slots that its first function gives
    // Where the stack below waits.
    const Word* pc = nullptr;    // a resume cell
    Slot* frame = nullptr;
    InstanceObject* instance = nullptr;

    Slot* bottom() { return reinterpret_cast<Slot*>(this + 1); }
    const Slot* bottom() const { return reinterpret_cast<const Slot*>(this + 1); }
};

struct ContObject : HeapObject {
    const FuncObject* function = nullptr;  // not started: what will be called
    StackLink *inner = nullptr, *outer = nullptr;  // suspended: its stacks. With no function either: consumed
    // Suspended: the suspend or switch cell to go on behind.
    const Word* pc = nullptr;
    Slot* frame = nullptr;
    InstanceObject* instance = nullptr;
    u64 place = 0;  // in StoreData::suspended, when it has stacks
    u64 count = 0;  // arguments bound to it, behind
    bool is_consumed() const { return !function && !inner; }
    u64* slots() { return reinterpret_cast<u64*>(this + 1); }
    std::span<const u64> values() const { return {reinterpret_cast<const u64*>(this + 1), std::size_t(count)}; }
};

// ---- what handlers call. False: run() is left, the context says why; else the context says where to go on.

enum class Resume : u8 { plain, throw_, throw_ref };
bool resume(Resume how, ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;
bool suspend(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;
bool switch_to(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;
// The first function on a link's stack returned.
void return_to_resume(ExecContext& context, StackLink& link) noexcept;
// Words of continuations; 0: the context's trap says why.
u64 cont_new(const Safepoint& at, const FuncObject& function) noexcept;
u64 cont_bind(const Safepoint& at, u64 cont, const Slot* values, u32 count) noexcept;

// ---- for whoever owns stacks

// An exception leaves the innermost stack: it is given back.
void drop_innermost(ExecContext& context) noexcept;
// Gives back the links from the innermost on.
void drop_links(StoreData& s, StackLink* innermost) noexcept;
// Those of continuations that the collection did not reach.
void drop_unreached(StoreData& s, u16 mark) noexcept;

}  // namespace heddle
