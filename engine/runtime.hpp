// The running world as the handlers see it: what the machine registers point at. Everything here is owned by a Store (store.hpp) but
// FuncCode, which belongs to its Module and holds no address of an instance.
//
// A frame on a guest stack (slots of 8 bytes, growing up):
//
//   frame ->  0 … params-1              arguments, where the caller's operands lay; results go back here
//             params … record-1         declared locals, zeroed by the call
//             record + 0                return pc       (cell to go on with in the caller)
//             record + 1                caller's frame
//             record + 2                this frame's own instance: written just before a call that may leave the instance, read by the
//                                       reload cell after it, and by whoever walks the stack
//             record + 3 …              operands: the home slot of an operand at height h (in slots) is record + 3 + h
//
// A callee's frame begins at the home slot of its first argument, so calls copy nothing.
#pragma once
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include <heddle/trap.hpp>
#include <heddle/types.hpp>
#include <heddle/value.hpp>

#include "module.hpp"

namespace heddle {

using Word = u64;  // code is 8-byte words: handler pointer, operands, constants or absolute branch targets

inline constexpr u32 record_slots = 3;
// A call compares its callee's frame with the limit without knowing its size; this many bytes lie between the limit and the stack's true end.
// A callee whose frame is larger than this is called through a cell that compares with its size.
inline constexpr u32 stack_slack_bytes = 4096;

// What a guest pays for calling a native function, beside what that function itself takes: about what it costs in instructions.
inline constexpr i64 host_call_fuel = 20;

// Metered code sees an interrupt when it has used up what it was given: this much at a time, some fifty microseconds.
inline constexpr i64 fuel_portion = 100000;

struct ExceptionObject;  // heap.hpp
struct ExecContext;
struct InstanceObject;
struct StoreData;

// How a function is entered: one per function of a module, and one per host function.
struct FuncCode {
    std::atomic<const Word*> entry{nullptr};  // first cell; at first the translate stub. Publication: release / acquire
    u32 record = 0;         // slot of the frame record: parameters and locals
    u32 zeroed = 0;         // slots below the record that a call zeroes
    u32 frame_bytes = 0;    // the whole frame with its operands: what a wide call compares
    u32 param_slots = 0, result_slots = 0;
    u32 func_index = 0;     // in the module's index space
    TypeId type = TypeId::none;
    ModuleData* module = nullptr;  // null for a host function
    // Where metered calls go, who pay what the word before it says: behind the first cell when that charges; at first the stub, for nothing.
    std::atomic<const Word*> paid_entry{nullptr};
    const Word nothing = 0;
    Word stub[2] = {0, 0};         // {handler that translates, or calls the host function; this FuncCode, or the HostFunc}
    bool is_large() const { return frame_bytes > stack_slack_bytes - 64; }
};

// What a funcref points to.
struct FuncObject {
    FuncCode* code = nullptr;
    InstanceObject* instance = nullptr;  // a host function's: the Store's own host instance
    TypeId type = TypeId::none;
    struct HostFunc* host = nullptr;     // store.hpp
};

struct MemoryObject {
    std::atomic<u8*> base{nullptr};      // of the reserved address space; never moves
    std::atomic<u64> bytes{0};
    MemoryType type;                     // type.limits.min is the declared minimum
    u64 max_bytes = 0;                   // reserved: the declared maximum or the configured limit, whichever is smaller
    struct Mapping* mapping = nullptr;   // memory.cpp
    u64 pages() const { return bytes.load(std::memory_order_relaxed) >> type.page_log2; }
};

struct TableObject {
    u64* elements = nullptr;             // Ref words
    u64 size = 0;
    TableType type;
    u64 max_size = 0;
    u64 capacity = 0;
};

struct alignas(16) GlobalObject {
    V128 value;                          // first: handlers address globals by their value's address
    GlobalType type;
    StoreData* store = nullptr;
};

struct TagObject {
    TypeId type = TypeId::none;
};

// One instance: the interpreter's instance register points here. The hot fields come first.
struct InstanceObject {
    ExecContext* context = nullptr;
    MemoryObject* memory0 = nullptr;     // null without memory
    GlobalObject* own_globals = nullptr; // the module's own globals, in a row
    GlobalObject** globals = nullptr;    // the global index space
    TableObject** tables = nullptr;
    FuncObject** imported_funcs = nullptr;
    FuncObject* own_funcs = nullptr;     // the module's own functions, in a row: funcref of function i is own_funcs + (i - imported)
    FuncCode* code = nullptr;            // == module->code.get()
    MemoryObject** memories = nullptr;
    TagObject** tags = nullptr;
    ModuleData* module = nullptr;
    StoreData* store = nullptr;
    std::vector<bool> dropped_elems, dropped_data;
    struct DomainData* domain = nullptr;

    FuncObject* func(u32 index) const { return index < module->imported_funcs ? imported_funcs[index] : own_funcs + (index - module->imported_funcs); }
};

// What one Store's running guest code shares: the limit that calls compare with, the interrupt flag, fuel, and why run() was left.
struct ExecContext {
    std::atomic<u64> limit{0};           // address: a callee's frame above it goes to the slow path; lowered to 0 by an interrupt
    std::atomic<u32> interrupt{0};       // polled at back edges
    u64 true_limit = 0;                  // what `limit` is when nobody interrupts
    i64 fuel = INT64_MAX;                // when metering is on: what is left of this portion
    StoreData* store = nullptr;
    struct ExecutionData* current = nullptr;  // whose stack is running

    // Left by the handler that ended run().
    u8 exit = 0;                         // heddle::Exit
    TrapCode trap = TrapCode::none;
    const Word* pc = nullptr;            // the cell that trapped, or to go on with
    Slot* frame = nullptr;
    InstanceObject* instance = nullptr;
    Slot result;                         // the first result of a host function that ended out of line: what the accumulators get
    ExceptionObject* exception = nullptr;
    std::string detail;                  // the trap's detail
};

}  // namespace heddle
