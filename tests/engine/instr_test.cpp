#include "instr.hpp"

#include <gtest/gtest.h>

namespace heddle {
namespace {

Instr read(const std::vector<u8>& b) {
    Reader r(b);
    Instr in;
    read_instr(r, in);
    EXPECT_TRUE(r.done()) << info(in.op).text;
    return in;
}

std::string error(std::initializer_list<int> list) {
    std::vector<u8> b;
    for (int i : list) b.push_back(u8(i));
    Reader r(b);
    Instr in;
    try {
        read_instr(r, in);
        return "fine";
    } catch (const Error& e) {
        return e.message;
    }
}

// Immediates of this kind that decode, told apart from each other.
void write_sample(Writer& w, Imm imm) {
    switch (imm) {
        case Imm::None: return;
        case Imm::BlockType: return w.i64_leb(5);
        case Imm::LabelTable:
            for (u32 v : {2u, 7u, 8u, 9u}) w.u32_leb(v);
            return;
        case Imm::TypeTable:
        case Imm::TableTable:
        case Imm::ElemTable:
        case Imm::MemoryMemory:
        case Imm::DataMemory:
        case Imm::TypeField:
        case Imm::TypeLength:
        case Imm::TypeData:
        case Imm::TypeElem:
        case Imm::TypeType:
        case Imm::TypeTag: return w.u32_leb(300), w.u32_leb(4);
        case Imm::MemArg: return write_mem_arg(w, {2, 0, 300});
        case Imm::MemArgLane: return write_mem_arg(w, {0, 3, 1}), w.byte(1);
        case Imm::Lane: return w.byte(1);
        case Imm::Shuffle:
        case Imm::V128: return w.fixed64(1), w.fixed64(2);
        case Imm::I32: return w.i32_leb(-5);
        case Imm::I64: return w.i64_leb(-5);
        case Imm::F32: return w.fixed32(0x7fc00000);
        case Imm::F64: return w.fixed64(0x7ff8000000000000);
        case Imm::HeapType: return w.i64_leb(3);
        case Imm::Types: return w.byte(1), w.byte(0x7f);
        case Imm::TryTable: return w.byte(0x40), w.byte(1), w.byte(0), w.byte(6), w.byte(7);
        case Imm::BrOnCast: return w.byte(2), w.byte(1), w.i64_leb(3), w.byte(0x6e);
        case Imm::Zero: return w.byte(0);
        case Imm::TypeHandlers: return w.byte(4), w.byte(2), w.byte(0), w.byte(1), w.byte(2), w.byte(1), w.byte(3);
        case Imm::TypeTagHandlers: return w.byte(4), w.byte(5), w.byte(0);
        default: return w.u32_leb(300);
    }
}

TEST(Instr, every_row_is_read_back_as_written) {
    for (u32 i = 0; i < u32(Op::count_); ++i) {
        Writer w;
        write_op(w, Op(i));
        write_sample(w, info(Op(i)).imm);
        EXPECT_EQ(read(w.bytes).op, Op(i)) << info(Op(i)).text;
    }
}

TEST(Instr, every_truncation_of_every_row_is_an_error) {
    for (u32 i = 0; i < u32(Op::count_); ++i) {
        Writer w;
        write_op(w, Op(i));
        write_sample(w, info(Op(i)).imm);
        for (std::size_t n = 0; n < w.bytes.size(); ++n) {
            Reader r(w.bytes, 0, n);
            Instr in;
            EXPECT_THROW(read_instr(r, in), Error) << info(Op(i)).text << " cut at " << n;
        }
    }
}

TEST(Instr, immediates_land_where_the_header_says) {
    Writer w;
    auto sample = [&](Op op) {
        w.bytes.clear();
        write_op(w, op);
        write_sample(w, info(op).imm);
        return read(w.bytes);
    };
    Instr in = sample(Op::i32_load);
    EXPECT_EQ(in.mem.align, 2u);
    EXPECT_EQ(in.mem.offset, 300u);
    in = sample(Op::v128_load8_lane);
    EXPECT_EQ(in.mem.memory, 3u);
    EXPECT_EQ(in.lane, 1);
    EXPECT_EQ(sample(Op::i32_const).bits, 0xfffffffbu);
    EXPECT_EQ(sample(Op::i64_const).bits, ~u64(4));
    in = sample(Op::br_table);
    EXPECT_EQ(in.index, 2u);
    EXPECT_EQ(in.vec.size(), 3u);
    in = sample(Op::br_on_cast);
    EXPECT_EQ(in.index, 1u);
    EXPECT_EQ(in.type.index(), 3u);
    EXPECT_FALSE(in.type.type.nullable());
    EXPECT_EQ(in.type2.type, anyref_type);
    EXPECT_FALSE(sample(Op::ref_test).type.type.nullable());
    EXPECT_TRUE(sample(Op::ref_test_null).type.type.nullable());
    in = sample(Op::resume);
    EXPECT_EQ(in.count, 2u);
    Reader handlers(in.vec);
    EXPECT_FALSE(read_resume_handler(handlers).is_switch);
    EXPECT_TRUE(read_resume_handler(handlers).is_switch);
    in = sample(Op::block);
    EXPECT_EQ(in.block.kind, BlockType::Kind::index);
    EXPECT_EQ(in.block.index, 5u);
}

TEST(Instr, types_are_read_back_as_written) {
    std::vector<ValType> types = {
        i32_type, i64_type, f32_type, f64_type, v128_type, ValType::reference(TypeId(200), true), ValType::reference(TypeId(3), false, true)};
    for (u8 h = 0; h < u8(Heap::bottom); ++h)
        for (bool nullable : {false, true}) types.push_back(ValType::reference(Heap(h), nullable));
    for (ValType t : types) {
        Writer w;
        write_val_type(w, {t});
        Reader r(w.bytes);
        EXPECT_EQ(read_val_type(r).type, t) << to_string(t);
        EXPECT_TRUE(r.done());
    }
}

TEST(Instr, malformed_forms_are_named) {
    EXPECT_EQ(error({0xff}), "illegal opcode ff");
    EXPECT_EQ(error({0xfb, 0x7f}), "illegal opcode fb 7f");
    EXPECT_EQ(error({0xfd, 0xff, 0xff, 0x7f}), "illegal opcode fd 1fffff");
    EXPECT_EQ(error({0x28, 0x80, 0x01, 0x00}), "malformed memop flags");
    EXPECT_EQ(error({0xfe, 0x03, 0x01}), "zero byte expected");
    EXPECT_EQ(error({0x02, 0x78}), "malformed value type");
    EXPECT_EQ(error({0x1f, 0x40, 0x01, 0x04, 0x00}), "malformed catch clause");
    EXPECT_EQ(error({0xfb, 0x18, 0x04, 0x00, 0x6e, 0x6e}), "malformed br_on_cast flags");
    EXPECT_EQ(error({0xe3, 0x00, 0x01, 0x02}), "malformed handler clause");
    EXPECT_EQ(error({0xd0, 0x79}), "malformed heap type");
    EXPECT_EQ(error({0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00}), "unexpected end");
}

}  // namespace
}  // namespace heddle
