#include "instr.hpp"

#include <array>
#include <charconv>

namespace heddle {
namespace {

// https://webassembly.github.io/spec/core/binary/types.html#heap-types
struct HeapCode {
    i8 code;
    Heap heap;
};
constexpr HeapCode heap_codes[] = {{-0x0d, Heap::nofunc}, {-0x0e, Heap::noextern}, {-0x0f, Heap::none}, {-0x0c, Heap::noexn}, {-0x10, Heap::func}, {-0x11, Heap::extern_},
                                   {-0x12, Heap::any}, {-0x13, Heap::eq}, {-0x14, Heap::i31}, {-0x15, Heap::struct_}, {-0x16, Heap::array}, {-0x17, Heap::exn},
                                   {-0x18, Heap::cont}, {-0x0b, Heap::nocont}};

const HeapCode* find_heap(u8 byte) {
    for (const HeapCode& c : heap_codes)
        if (u8(c.code & 0x7f) == byte) return &c;
    return nullptr;
}

u8 heap_byte(Heap h) {
    for (const HeapCode& c : heap_codes)
        if (c.heap == h) return u8(c.code & 0x7f);
    return 0;
}

ValType::Kind number_kind(u8 byte) {
    switch (byte) {
    case 0x7f: return ValType::i32_;
    case 0x7e: return ValType::i64_;
    case 0x7d: return ValType::f32_;
    case 0x7c: return ValType::f64_;
    case 0x7b: return ValType::v128_;
    default: return ValType::bottom;
    }
}

template <class F>
std::span<const u8> skip_vec(Reader& r, u32 n, F read_one) {
    const u8* from = r.position();
    for (u32 i = 0; i < n; ++i) read_one(r);
    return {from, r.position()};
}

std::string hex(u32 v) {
    std::array<char, 8> digits;
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), v, 16).ptr};
}

void read_br_on_cast(Reader& r, Instr& in) {
    std::size_t at = r.offset();
    in.lane = r.byte();
    if (in.lane > 3) malformed("malformed br_on_cast flags", at);
    in.index = r.u32_leb();
    in.type = read_heap_type(r);
    in.type2 = read_heap_type(r);
    in.type.type = in.type.type.as_nullable((in.lane & 1) != 0);
    in.type2.type = in.type2.type.as_nullable((in.lane & 2) != 0);
}

V128 read_v128(Reader& r) {
    V128 v;
    v.lo = r.fixed64();
    v.hi = r.fixed64();
    return v;
}

}  // namespace

Op read_prefixed_op(Reader& r, u8 byte) {
    std::size_t at = r.offset() - 1;
    if (byte < 0xfb || byte > 0xfe) malformed("illegal opcode " + hex(byte), at);
    u32 code = r.u32_leb();
    Op op = op_from_code(byte, code);
    if (op == Op::invalid) malformed("illegal opcode " + hex(byte) + " " + hex(code), at);
    return op;
}

void read_flagged_mem_arg(Reader& r, MemArg& m, u32 flags, std::size_t at) {
    if (flags >= 0x80) malformed("malformed memop flags", at);
    m.align = flags & 0x3f;
    m.memory = r.u32_leb();
    m.offset = r.u64_leb();
}

RawType read_heap_type(Reader& r) {
    std::size_t at = r.offset();
    if (const HeapCode* c = find_heap(r.peek())) {
        r.byte();
        return {ValType::reference(c->heap, true)};
    }
    bool exact = r.peek() == 0x62;  // custom descriptors: (exact x)
    if (exact) r.byte();
    i64 index = r.i33_leb();
    if (index < 0) malformed("malformed heap type", at);
    if (index >= i64(TypeId::none)) invalid("unknown type " + std::to_string(index), at);
    return {ValType::reference(TypeId(u32(index)), true, exact)};
}

RawType read_val_type(Reader& r) {
    std::size_t at = r.offset();
    u8 b = r.peek();
    if (ValType::Kind k = number_kind(b); k != ValType::bottom) {
        r.byte();
        return {ValType::number(k)};
    }
    if (b == 0x63 || b == 0x64) {
        r.byte();
        RawType t = read_heap_type(r);
        t.type = t.type.as_nullable(b == 0x63);
        return t;
    }
    if (find_heap(b)) return read_heap_type(r);
    malformed("malformed value type", at);
}

BlockType read_block_type(Reader& r) {
    u8 b = r.peek();
    if (b == 0x40) {
        r.byte();
        return {};
    }
    // A single-byte negative number is a value type, anything else a type index (s33, not negative).
    if ((b & 0xc0) == 0x40) return {BlockType::Kind::value, read_val_type(r), 0};
    std::size_t at = r.offset();
    i64 index = r.i33_leb();
    if (index < 0) malformed("malformed block type", at);
    return {BlockType::Kind::index, {}, u32(index)};
}

Catch read_catch(Reader& r) {
    std::size_t at = r.offset();
    u8 kind = r.byte();
    if (kind > 3) malformed("malformed catch clause", at);
    Catch c{Catch::Kind(kind)};
    if (kind < 2) c.tag = r.u32_leb();
    c.label = r.u32_leb();
    return c;
}

ResumeHandler read_resume_handler(Reader& r) {
    std::size_t at = r.offset();
    u8 kind = r.byte();
    if (kind > 1) malformed("malformed handler clause", at);
    ResumeHandler h;
    h.is_switch = kind == 1;
    h.tag = r.u32_leb();
    if (!h.is_switch) h.label = r.u32_leb();
    return h;
}

void read_long_immediates(Reader& r, Instr& in, Imm imm) {
    switch (imm) {
    case Imm::BlockType: in.block = read_block_type(r); return;
    case Imm::TypeTable:
    case Imm::TableTable:
    case Imm::ElemTable:
    case Imm::MemoryMemory:
    case Imm::DataMemory:
    case Imm::TypeField:
    case Imm::TypeData:
    case Imm::TypeElem:
    case Imm::TypeType:
    case Imm::TypeTag:
        in.index = r.u32_leb();
        in.index2 = r.u32_leb();
        return;
    case Imm::TypeLength:
        in.index = r.u32_leb();
        in.count = r.u32_leb();
        return;
    case Imm::MemArgLane:
        read_mem_arg(r, in.mem);
        in.lane = r.byte();
        return;
    case Imm::Lane: in.lane = r.byte(); return;
    case Imm::Shuffle:
    case Imm::V128: in.v128 = read_v128(r); return;
    case Imm::F32: in.bits = r.fixed32(); return;
    case Imm::F64: in.bits = r.fixed64(); return;
    case Imm::HeapType:
        in.type = read_heap_type(r);
        if (in.op == Op::ref_test || in.op == Op::ref_cast || in.op == Op::ref_cast_desc_eq) in.type.type = in.type.type.as_nullable(false);
        return;
    case Imm::Types:
        in.index = r.u32_leb();
        in.vec = skip_vec(r, in.index, [](Reader& q) { read_val_type(q); });
        return;
    case Imm::LabelTable:
        in.index = r.u32_leb();
        in.vec = skip_vec(r, in.index, [](Reader& q) { q.u32_leb(); });
        r.u32_leb();
        in.vec = {in.vec.data(), r.position()};
        return;
    case Imm::TryTable:
        in.block = read_block_type(r);
        in.index = r.u32_leb();
        in.vec = skip_vec(r, in.index, [](Reader& q) { read_catch(q); });
        return;
    case Imm::TypeHandlers:
    case Imm::TypeTagHandlers:
        in.index = r.u32_leb();
        if (imm == Imm::TypeTagHandlers) in.index2 = r.u32_leb();
        in.count = r.u32_leb();
        in.vec = skip_vec(r, in.count, [](Reader& q) { read_resume_handler(q); });
        return;
    case Imm::BrOnCast: read_br_on_cast(r, in); return;
    case Imm::Zero:
        if (std::size_t at = r.offset(); r.byte() != 0) malformed("zero byte expected", at);
        return;
    default: return;  // read_immediates reads the others
    }
}

void write_op(Writer& w, Op op) {
    u32 code = info(op).code;
    if (code < 256) return w.byte(u8(code));
    w.byte(u8(code >> 12));
    w.u32_leb(code & 0xfff);
}

void write_heap_type(Writer& w, RawType t) {
    if (!t.is_index()) return w.byte(heap_byte(t.type.heap()));
    if (t.type.exact()) w.byte(0x62);
    w.i64_leb(t.index());
}

void write_val_type(Writer& w, RawType t) {
    switch (t.type.kind()) {
    case ValType::i32_: return w.byte(0x7f);
    case ValType::i64_: return w.byte(0x7e);
    case ValType::f32_: return w.byte(0x7d);
    case ValType::f64_: return w.byte(0x7c);
    case ValType::v128_: return w.byte(0x7b);
    case ValType::i8_: return w.byte(0x78);
    case ValType::i16_: return w.byte(0x77);
    case ValType::bottom: return;
    case ValType::ref: break;
    }
    // A nullable reference to an abstract type has a one-byte form.
    if (t.type.nullable() && !t.is_index()) return w.byte(heap_byte(t.type.heap()));
    w.byte(t.type.nullable() ? 0x63 : 0x64);
    write_heap_type(w, t);
}

void write_block_type(Writer& w, const BlockType& t) {
    if (t.kind == BlockType::Kind::empty) w.byte(0x40);
    else if (t.kind == BlockType::Kind::value) write_val_type(w, t.value);
    else w.i64_leb(t.index);
}

void write_mem_arg(Writer& w, const MemArg& m) {
    w.u32_leb(m.align | (m.memory ? 0x40 : 0));
    if (m.memory) w.u32_leb(m.memory);
    w.u64_leb(m.offset);
}

}  // namespace heddle
