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

// The opcode of 0xfb … 0xfe and what follows it; `byte` is read already.
Op read_prefixed_op(Reader& r, u8 byte);
inline Op read_op(Reader& r) {
    u8 b = r.byte();
    Op op = op_from_byte[b];
    return op != Op::invalid ? op : read_prefixed_op(r, b);
}

void read_flagged_mem_arg(Reader& r, MemArg& m, u32 flags, std::size_t at);
// bit 6 of the alignment says that a memory index follows. https://webassembly.github.io/spec/core/binary/instructions.html#memory-instructions
inline void read_mem_arg(Reader& r, MemArg& m) {
    std::size_t at = r.offset();
    u32 flags = r.u32_leb();
    if (flags >= 0x40) return read_flagged_mem_arg(r, m, flags, at);
    m.align = flags;
    m.memory = 0;
    m.offset = r.u64_leb();
}

void read_long_immediates(Reader& r, Instr& in, Imm imm);
// What follows the opcode in.op, of kind `imm`. With a constant `imm` only its own case remains.
[[gnu::always_inline]] inline void read_immediates(Reader& r, Instr& in, Imm imm) {
    switch (imm) {
    case Imm::None: return;
    case Imm::Label:
    case Imm::Func:
    case Imm::Type:
    case Imm::Local:
    case Imm::Global:
    case Imm::Table:
    case Imm::Elem:
    case Imm::Memory:
    case Imm::Data:
    case Imm::Tag: in.index = r.u32_leb(); return;
    case Imm::BlockType:
        if (r.peek() != 0x40) return read_long_immediates(r, in, imm);
        r.byte();
        in.block = {};
        return;
    case Imm::MemArg: read_mem_arg(r, in.mem); return;
    case Imm::I32: in.bits = u32(r.i32_leb()); return;
    case Imm::I64: in.bits = u64(r.i64_leb()); return;
    default: read_long_immediates(r, in, imm);
    }
}

// Reads one instruction; throws malformed errors. Features are not asked here: the validator refuses what is turned off.
inline void read_instr(Reader& r, Instr& in) {
    in.offset = u32(r.offset());
    in.op = read_op(r);
    read_immediates(r, in, op_imm[std::size_t(in.op)]);
}

void write_op(Writer& w, Op op);
void write_val_type(Writer& w, RawType t);   // also packed types
void write_heap_type(Writer& w, RawType t);
void write_block_type(Writer& w, const BlockType& t);
void write_mem_arg(Writer& w, const MemArg& m);

}  // namespace heddle
