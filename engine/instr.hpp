// One decoded instruction, and reading and writing it. Validator, translator, text printer and parser all go through here.
// https://webassembly.github.io/spec/core/binary/instructions.html
#pragma once
#include <heddle/value.hpp>

#include "bytes.hpp"
#include "opcode.hpp"

namespace heddle {

// A value type as it stands in a body: a type index is the module's, not an interned TypeId. For abstract types `type` is complete;
// for defined types it is a reference whose TypeId holds the module's type index (Module::resolve gives the interned one).
struct RawType {
    ValType type;
    bool is_index() const { return type.is_ref() && type.is_defined(); }
    u32 index() const { return u32(type.type()); }
};

struct BlockType {
    enum class Kind : u8 { empty, value, index } kind = Kind::empty;
    RawType value;     // Kind::value
    u32 index = 0;     // Kind::index
};

struct MemArg {
    u32 align = 0;     // exponent of 2
    u32 memory = 0;
    u64 offset = 0;
};

// Immediates that come in numbers stay in the bytes, checked once by read_instr; a Reader over `bytes` reads them again one by one.
struct Instr {
    Op op = Op::invalid;
    u8 lane = 0;               // Lane, MemArgLane; BrOnCast: the flags (bit 0: source nullable, bit 1: target nullable)
    u32 offset = 0;            // of the opcode's first byte, from the start of the module
    u32 index = 0;             // the first index immediate (label, func, type, local, …); LabelTable, TryTable, handlers, Types: how many
    u32 index2 = 0;            // the second; TypeTagHandlers: the tag
    u32 count = 0;             // TypeHandlers, TypeTagHandlers: how many handlers; TypeLength: the length
    MemArg mem;
    u64 bits = 0;              // I32 (zero-extended), I64, F32, F64: the constant's bits
    V128 v128;                 // V128, Shuffle
    BlockType block;           // BlockType, TryTable
    RawType type;              // HeapType (a reference, nullable as the opcode says), BrOnCast: the source
    RawType type2;             // BrOnCast: the target
    std::span<const u8> vec;   // LabelTable: labels and default label; Types; TryTable: catches; handlers
};

// Reads one instruction; throws malformed errors. `features` are not asked here: the validator refuses what is turned off.
void read_instr(Reader& r, Instr& out);
// Reads a value type: throws malformed. Packed types are not value types.
RawType read_val_type(Reader& r);
// Reads a heap type as a nullable reference to it.
RawType read_heap_type(Reader& r);
BlockType read_block_type(Reader& r);

// One clause of try_table. https://webassembly.github.io/spec/core/binary/instructions.html#binary-catch
struct Catch {
    enum class Kind : u8 { catch_, catch_ref, catch_all, catch_all_ref } kind;
    u32 tag = 0, label = 0;
};
Catch read_catch(Reader& r);

// One handler of resume: (on tag label) or (on tag switch).
struct ResumeHandler {
    bool is_switch = false;
    u32 tag = 0, label = 0;
};
ResumeHandler read_resume_handler(Reader& r);

void write_op(Writer& w, Op op);
void write_val_type(Writer& w, RawType t);   // also packed types
void write_heap_type(Writer& w, RawType t);
void write_block_type(Writer& w, const BlockType& t);
void write_mem_arg(Writer& w, const MemArg& m);

}  // namespace heddle
