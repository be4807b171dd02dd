// What handlers call out of line: everything that is too long, too rare or too native for a handler. None of them throws.
#pragma once
#include "runtime.hpp"

namespace heddle {

enum class Exit : u8;
enum class Host : u8;
struct Safepoint;

// Memory and tables (memory.cpp, table.cpp). Bounds are checked here; a trap code other than none is the instruction's trap.
// https://webassembly.github.io/spec/core/exec/instructions.html#memory-instructions
u64 memory_grow(InstanceObject& in, u32 memory, u64 delta_pages) noexcept;  // the old size in pages, or ~0
TrapCode memory_fill(InstanceObject& in, u32 memory, u64 to, u8 value, u64 count) noexcept;
TrapCode memory_copy(InstanceObject& in, u32 to_memory, u32 from_memory, u64 to, u64 from, u64 count) noexcept;
TrapCode memory_init(InstanceObject& in, u32 memory, u32 data, u64 to, u32 from, u32 count) noexcept;
void data_drop(InstanceObject& in, u32 data) noexcept;
u64 table_grow(InstanceObject& in, u32 table, u64 delta, Ref value) noexcept;  // the old size, or ~0
TrapCode table_fill(InstanceObject& in, u32 table, u64 to, Ref value, u64 count) noexcept;
TrapCode table_copy(InstanceObject& in, u32 to_table, u32 from_table, u64 to, u64 from, u64 count) noexcept;
TrapCode table_init(InstanceObject& in, u32 table, u32 elem, u64 to, u32 from, u32 count) noexcept;
void elem_drop(InstanceObject& in, u32 elem) noexcept;

// Waiting on shared memories (wait_queue.cpp); `at` is the host address of the value. `how`: 0 notified, 1 the value was another, 2 timed out.
// https://github.com/WebAssembly/threads/blob/main/proposals/threads/Overview.md#wait-and-notify-operators
u32 atomic_notify(u64 at, u32 count) noexcept;
TrapCode atomic_wait(InstanceObject& in, u32 memory, u64 at, u32 bytes, u64 expected, i64 timeout_ns, u32& how) noexcept;

// Calls between guest and host (execution.cpp).
// A guest function called the host function whose arguments lie at `frame`; its record is written. On Host::done the results lie at `frame`.
// On Host::call, context.pc / frame / instance say where the interpreter goes on. On block, park: run() is to be left (context holds where
// to resume). On trap: context.trap is set. On threw: context.exception is set.
Host host_call(ExecContext& context, HostFunc& host, Slot* frame, InstanceObject* caller) noexcept;
// The guest function that a HostFrame called has ended (returned, threw), or run() was called again (blocked, parked).
Host host_next(ExecContext& context, Slot* frame, Exit how) noexcept;
// A poll saw the interrupt flag or the lowered limit, or fuel ran out: asks the Store what to do. done: go on; trap; park.
Host host_interrupt(ExecContext& context, InstanceObject* at) noexcept;

// Allocates an exception on the Store's heap (objects.cpp); null: the context's trap says why.
ExceptionObject* new_exception(const Safepoint& at, TagObject* tag, const Slot* values, u32 slots) noexcept;

}  // namespace heddle
