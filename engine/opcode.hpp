// The instructions as an enum, with what the table says of each: code, text, immediates, signature.
#pragma once
#include <array>
#include <string_view>

#include <heddle/types.hpp>

namespace heddle {

enum class Op : u16 {
#define PURE(name, ...) name,
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
    count_,
    invalid = 0xffff
};

// What follows the opcode. Index immediates are u32 unless said otherwise; Instr says where each lands.
enum class Imm : u8 {
    None,
    BlockType,        // 0x40, a value type, or a type index
    Label,
    LabelTable,       // vec(label) label
    Func,
    Type,
    TypeTable,        // type, table
    Local,
    Global,
    Table,
    TableTable,       // destination, source
    Elem,
    ElemTable,        // elem, table
    Memory,
    MemoryMemory,     // destination, source
    Data,
    DataMemory,       // data, memory
    MemArg,           // alignment exponent (bit 6: a memory index follows), [memory], offset
    MemArgLane,
    Lane,
    Shuffle,          // 16 lane bytes
    V128,
    I32,
    I64,
    F32,
    F64,
    HeapType,
    Types,            // vec(valtype)
    Tag,
    TryTable,         // blocktype vec(catch)
    TypeField,        // type, field
    TypeLength,       // type, length
    TypeData,
    TypeElem,
    TypeType,
    BrOnCast,         // flags, label, heap type, heap type
    Zero,             // one zero byte
    TypeHandlers,     // continuation type, vec(handler)
    TypeTagHandlers,  // continuation type, tag, vec(handler)
    TypeTag
};

enum class RowKind : u8 { pure, wide, load, store, vload, vstore, loadlane, storelane, lane, atomic_load, atomic_store, atomic_rmw, atomic_cmpxchg, other };

// A fixed signature: up to four operands and two results.
struct Signature {
    u8 operand_count = 0, result_count = 0;
    ValType operands[4] = {}, results[2] = {};
};

struct OpInfo {
    std::string_view name;   // the row's name: "i32_add"
    std::string_view text;   // "i32.add"
    u32 code;                // byte, or prefix << 12 | sub-opcode
    Imm imm;
    RowKind kind;
    // pure, wide, lane: the whole signature. load, vload, loadlane, atomic: without the address operand, whose type is the memory's.
    Signature signature;
    u8 access_bytes;         // memory access size of load and store kinds, else 0: the natural alignment
    u8 lanes;                // of lane kinds (loadlane, storelane: 16 / access_bytes)
};

extern const std::array<OpInfo, std::size_t(Op::count_)> op_table;
inline const OpInfo& info(Op op) { return op_table[std::size_t(op)]; }
// OpInfo::imm alone: reading instructions looks at a dense table.
extern const std::array<Imm, std::size_t(Op::count_)> op_imm;

// Op::invalid when there is none. `prefix` is 0 for one-byte instructions, else 0xfb, 0xfc, 0xfd or 0xfe.
Op op_from_code(u32 prefix, u32 code);
// The one-byte instructions by byte: invalid for prefixes and holes.
extern const std::array<Op, 256> op_from_byte;
// Op::invalid for an unknown keyword. Of rows that share a text (select, ref.test, ref.cast, ref.cast_desc_eq) it gives the first.
Op op_from_text(std::string_view text);

}  // namespace heddle
