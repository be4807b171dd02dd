// What handlers call when control leaves the code in front of them: exceptions, answers of host functions, translation, interrupts.
// The context's pc, frame, instance and result say where to go on; false: run() is left, and context.exit says why.
#pragma once
#include "opcode.hpp"
#include "runtime.hpp"

namespace heddle {

enum class Host : u8;

// Finds who catches context.exception, from the throwing cell outward; host frames on the way are asked.
// https://webassembly.github.io/spec/core/exec/runtime.html#exception-handling
bool unwind(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;

// Acts on the answer of the host function whose record this is.
bool go_on(ExecContext& context, Host answer, Slot* record) noexcept;

// A poll at pc saw something: asks the Store. True: go on at pc.
bool go_on_after_poll(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;

// The entry of a function after translation; null when that failed, and the context holds the trap.
const Word* translated(ExecContext& context, FuncCode& code, Slot* frame, InstanceObject* instance) noexcept;

// Leaves with a trap at pc.
void leave_trapped(ExecContext& context, TrapCode trap, const Word* pc, Slot* frame, InstanceObject* instance) noexcept;

// Whether a function of type `actual` may be called as `expected`.
bool is_callable_as(const InstanceObject& instance, TypeId actual, TypeId expected) noexcept;

}  // namespace heddle
