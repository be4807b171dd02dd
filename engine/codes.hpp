// The instructions' codes by name, for who looks at bytes before he decodes them: the byte, or prefix << 12 | sub-opcode.
#pragma once
#include <heddle/types.hpp>

namespace heddle::code {

enum : u32 {
#define PURE(name, value, ...) name = value,
#define WIDE PURE
#define LOAD PURE
#define STORE PURE
#define VLOAD PURE
#define VSTORE PURE
#define LOADLANE PURE
#define STORELANE PURE
#define LANE PURE
#define ATOMIC PURE
#define OTHER PURE
#include "opcodes.def"
};

}  // namespace heddle::code
