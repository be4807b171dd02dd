// What a trapped guest leaves behind for a debugger: a module that holds its frames, memories and globals.
// https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md
#pragma once
#include "interpreter.hpp"

namespace heddle {

// Of the instance whose code trapped: frames of other instances are left out. References and vectors in frames are "missing values", and so are
// operands. Throws bad_alloc.
std::vector<u8> core_dump(const Word* pc, Slot* frame, InstanceObject* instance);

}  // namespace heddle
