// Every vector handler does the same wherever its operands come from: each shape against the one that takes all of them from slots.
#include <array>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "interpreter.hpp"
#include "members.hpp"
#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

// Slots: the result, three vectors, a number for each operand that is none, garbage, and what the accumulators hold afterwards.
constexpr u32 result = 0, vectors = 10, numbers = 20, garbage = 30, saved = 40, slots = 48;

class Cells {
public:
    Cells(Store& store, InstanceObject* instance) : store_(store), instance_(instance) {}

    void cell(HandlerId id, u64 operands, std::initializer_list<Word> more = {}) {
        code_.push_back(handler_word(id));
        code_.push_back(operands);
        code_.insert(code_.end(), more);
    }
    std::vector<u64> run(const std::array<u64, slots>& start) {
        cell(body_id(Body::set_acc), saved);
        cell(body_id(Body::set_acc_f64), saved + 1);
        cell(body_id(Body::set_acc_f32), saved + 2);
        cell(body_id(Body::set_acc_v128), saved + 3);
        cell(control_id(Control::leave), 0);
        alignas(16) std::array<u64, slots> frame = start;
        ExecContext& c = store_.data().context;
        c.limit.store(~u64(0));
        c.pc = code_.data();
        c.frame = reinterpret_cast<Slot*>(frame.data());
        c.instance = instance_;
        heddle::run(c);
        code_.clear();
        return {frame.begin(), frame.end()};
    }

private:
    Store& store_;
    InstanceObject* instance_;
    std::vector<Word> code_;
};

class VectorShapes : public ::testing::Test {
protected:
    Engine engine;
    Store store{engine};
    Instance in = load(store, "(module (memory 1))");
    Cells cells{store, in.object()};
    std::mt19937_64 random{7};
    std::array<u64, slots> start{};

    // Immediates have 16 bits, and shall give what a slot does.
    void fill() {
        for (u64& each : start) each = random() & 0xbfffffffbfffffff;
        for (u32 i = 0; i < 3; ++i) start[numbers + i] = u64(i64(i16(u16(random()))));
    }
    // One cell with the accumulators as the shape wants them: what is taken from there lies in no slot that the cell names.
    std::vector<u64> run(Op op, VectorShape shape, bool to_slot) {
        const OpInfo& row = info(op);
        u32 operands = row.signature.operand_count, fields[3] = {};
        cells.cell(body_id(Body::const64_acc), 0, {5});
        cells.cell(body_id(Body::const_acc_f64), 0, {6});
        cells.cell(body_id(Body::const_acc_f32), u64(7) << 32);
        cells.cell(body_id(Body::const_acc_v128), 0, {8, 9});
        for (u32 i = 0; i < operands; ++i) {
            bool is_vector = row.signature.operands[i].is_vector();
            u32 slot = is_vector ? vectors + 2 * i : numbers + i;
            Source source = source_of(shape, i);
            fields[i] = source == Source::S ? slot : source == Source::I ? u16(start[slot]) : garbage;
            if (source != Source::A) continue;
            if (is_vector) cells.cell(body_id(Body::const_acc_v128), 0, {start[slot], start[slot + 1]});
            else if (row.signature.operands[i] == f64_type) cells.cell(body_id(Body::const_acc_f64), 0, {start[slot]});
            else if (row.signature.operands[i] == f32_type) cells.cell(body_id(Body::const_acc_f32), start[slot] << 32);
            else cells.cell(body_id(Body::const64_acc), 0, {start[slot]});
        }
        if (row.kind == RowKind::lane) fields[2] = u32(random()) % row.lanes;
        cells.cell(HandlerId(simd_id(op, shape) + to_slot), u64(fields[0]) << 16 | u64(fields[1]) << 32 | u64(fields[2]) << 48);
        return cells.run(start);
    }
};

constexpr Op first_row = Op::v128_load, last_row = Op::i32x4_relaxed_dot_i8x16_i7x16_add_s;

// What the accumulators hold, as far as the cell's result goes: the others hold operands.
std::vector<u64> result_of(const std::vector<u64>& frame, Op op) {
    ValType type = info(op).signature.results[0];
    u32 at = saved + (type == f64_type ? 1 : type == f32_type ? 2 : type.is_vector() ? 3 : 0);
    return {frame.begin() + at, frame.begin() + at + (type.is_vector() ? 2 : 1)};
}

TEST_F(VectorShapes, every_shape_computes_what_slots_give) {
    u32 compared = 0;
    for (u32 number = u32(first_row); number <= u32(last_row); ++number) {
        Op op = Op(number);
        const OpInfo& row = info(op);
        if (row.kind != RowKind::pure && row.kind != RowKind::lane) continue;
        for (u32 shape = 0; shape < u32(VectorShape::count_); ++shape) {
            if (handler_word(simd_id(op, VectorShape(shape))) == 0) continue;
            for (u32 trial = 0; trial < 4; ++trial) {
                fill();
                auto seed = random;
                std::vector<u64> expected = run(op, VectorShape::SSS, false);
                random = seed;
                std::vector<u64> got = run(op, VectorShape(shape), false);
                random = seed;
                std::vector<u64> in_slot = run(op, VectorShape(shape), true);
                EXPECT_EQ(result_of(got, op), result_of(expected, op)) << row.text << ' ' << shape;
                EXPECT_EQ(result_of(in_slot, op), result_of(expected, op)) << row.text << ' ' << shape;
                EXPECT_EQ(got[result], start[result]) << row.text << ' ' << shape;
                u64 written = row.signature.results[0] == f32_type ? 0xffffffff : ~u64(0);
                EXPECT_EQ(in_slot[result] & written, result_of(expected, op)[0] & written) << row.text << ' ' << shape;
                ++compared;
            }
        }
    }
    EXPECT_GT(compared, 1500u);
}

}  // namespace
}  // namespace heddle
