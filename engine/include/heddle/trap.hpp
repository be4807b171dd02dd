// Why a guest computation ended: a trap with its code, message and backtrace.
// https://webassembly.github.io/spec/core/intro/overview.html#trap
#pragma once
#include <string>
#include <vector>

#include <heddle/types.hpp>

namespace heddle {

// One row of engine/traps.def each.
enum class TrapCode : u8 {
    none,
    unreachable,
    divide_by_zero,
    integer_overflow,
    invalid_conversion,
    memory_out_of_bounds,
    table_out_of_bounds,
    undefined_element,
    uninitialized_element,
    indirect_call_type_mismatch,
    stack_overflow,
    null_reference,
    null_function_reference,
    null_structure_reference,
    null_array_reference,
    null_i31_reference,
    null_exception_reference,
    null_continuation_reference,
    null_descriptor_reference,
    cast_failure,
    descriptor_cast_failure,
    array_out_of_bounds,
    allocation_failure,
    unaligned_atomic,
    expected_shared_memory,
    uncaught_exception,
    continuation_consumed,
    unhandled_tag,
    out_of_fuel,
    interrupted,
    heap_limit,
    stack_limit,
    nesting_limit,
    host_failed,
    host,
    parked_without_waiter,
    dead_domain,
    component,        // a rule of the component model: the detail says which
    exited
};

// The message the specification's tests expect: "integer divide by zero".
const char* message(TrapCode code);

struct InstanceObject;
// A place in source text, as the module's debug information tells it. What it does not tell is empty or 0.
struct SourcePlace {
    std::string function, file;
    u32 line = 0, column = 0;
};

// One guest function that was active when the trap happened, innermost first.
struct Frame {
    u32 func_index = 0;         // in its module's function index space
    u32 module_offset = 0;      // byte offset of the instruction in the module; 0 when unknown
    u32 func_offset = 0;        // the same from the start of the function's body
    InstanceObject* instance = nullptr;  // whose function it was: Instance(frame.instance), while the Store lives
    std::string func_name;      // from the name section, or empty
    std::string module_name;    // from the name section or given at load, or empty
    std::vector<SourcePlace> source;  // innermost inlined function first, the function itself last; empty without debug information
};

struct Trap {
    TrapCode code = TrapCode::none;
    std::string detail;            // what more is known: a host function's message, a limit with its value and the option that raises it
    std::vector<Frame> backtrace;  // at most 64 frames are kept: the innermost ones
    u32 omitted_frames = 0;        // how many more there were
    i32 exit_code = 0;             // for TrapCode::exited

    // "out of bounds memory access" or "host trap: the detail"
    std::string message() const;
    // The message and a line per frame, "  0: func[12] $name @0x1f3", with a line for each of its source places, "       name at file.c:12:3".
    std::string to_string() const;
};

}  // namespace heddle
