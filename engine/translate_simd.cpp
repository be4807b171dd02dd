// Vector instructions.
#include <algorithm>
#include <utility>

#include "simd.hpp"
#include "translate_stack.hpp"

namespace heddle {
namespace {

// A's place among a cell's operands. A number beside a vector has an accumulator of its own, or is an immediate.
VectorShape vector_shape(Source first, Source second, Source third) {
    if (first == Source::A) return second == Source::A ? VectorShape::AAS : second == Source::I ? VectorShape::AIS : VectorShape::ASS;
    if (second != Source::S) return second == Source::A ? VectorShape::SAS : VectorShape::SIS;
    return third == Source::A ? VectorShape::SSA : VectorShape::SSS;
}

bool fits16(u64 bits, Class c) {
    i64 v = c == Class::i32 ? i32(u32(bits)) : i64(bits);
    return v == i16(v);
}

}  // namespace

// Of several vectors that mirror the accumulator, a cell takes one from there: the one that is nowhere else, or the first.
void Translator::keep_one_vector(std::span<Taken> operands) {
    auto is_held = [](const Taken& t) { return t.source == Source::A; };
    auto kept = std::find_if(operands.begin(), operands.end(), [](const Taken& t) { return t.source == Source::A && t.pending; });
    if (kept == operands.end()) kept = std::find_if(operands.begin(), operands.end(), is_held);
    for (auto t = operands.begin(); t != operands.end(); ++t)
        if (t != kept && is_held(*t)) to_slot(*t, Class::v128);
}

void Translator::vector_result(HandlerId id, u64 operands) {
    flush(vector_register);
    emit(id, operands);
    result(Class::v128);
}

// Rows with a signature: pure and lane.
void Translator::vector(const Instr& in) {
    const OpInfo& row = info(in.op);
    const Signature& sig = row.signature;
    bool by_lane = row.kind == RowKind::lane;
    u32 n = sig.operand_count, vectors = 0;
    Operand operands[3];
    Taken taken[3];
    for (u32 i = n; i-- > 0;) operands[i] = pop();
    for (u32 i = 0; i < n; ++i) {
        taken[i] = take(operands[i]);
        if (sig.operands[i].is_vector()) vectors = i + 1;
    }
    keep_one_vector({taken, vectors});
    if (by_lane && n == 1) to_slot(taken[0], Class::v128);
    if (vectors < n) {  // the number of a splat, shift or lane replacement
        Taken& number = taken[n - 1];
        Class c = class_of(sig.operands[n - 1]);
        bool is_integer = register_of(c) == 0;
        if (number.source == Source::I && (n == 1 || !is_integer || !fits16(number.bits, c))) to_slot(number, c);
    }
    if (n == 2 && taken[1].source == Source::A && commutes(in.op)) std::swap(taken[0], taken[1]);
    u32 second = taken[1].source == Source::I ? u16(taken[1].bits) : taken[1].field();
    HandlerId id = simd_id(in.op, vector_shape(taken[0].source, taken[1].source, taken[2].source));
    Class to = class_of(sig.results[0]);
    flush(register_of(to));
    emit(id, abcd(0, taken[0].field(), second, by_lane ? in.lane : taken[2].field()));
    result(to);
}

// Into the accumulator, unless another vector waits there.
void Translator::vector_constant(const Instr& in) {
    bool waits = acc_[vector_register].pending != none;
    emit(body_id(waits ? Body::set_v128 : Body::const_acc_v128), waits ? halves(home_, 0) : 0);
    word(in.v128.lo);
    word(in.v128.hi);
    if (!waits) return result(Class::v128);
    written(home_, Class::v128);
    push_home(Class::v128);
}

// Of two vectors, or of one: both the same local, or no byte of the other wanted.
void Translator::shuffle(const Instr& in) {
    Operand b = pop(), a = pop();
    constexpr u64 second = 0x1010101010101010;
    u64 from_second = (in.v128.lo & in.v128.hi) & second, either = (in.v128.lo | in.v128.hi) & second;
    bool is_one = either == 0 || from_second == second || (a.kind == Operand::Kind::local && b.kind == Operand::Kind::local && a.slot == b.slot);
    V128 index = in.v128;
    Taken taken[2];
    if (is_one) {
        Operand& unused = from_second == second ? a : b;
        if (unused.kind == Operand::Kind::pending) acc_[vector_register].pending = none;
        taken[0] = take(from_second == second ? b : a);
        taken[1].source = Source::I;
        index = {index.lo & ~second, index.hi & ~second};
    } else {
        taken[0] = take(a);
        taken[1] = take(b);
        keep_one_vector(taken);
    }
    flush(vector_register);
    emit(simd_id(in.op, vector_shape(taken[0].source, taken[1].source, Source::S)), abcd(0, taken[0].field(), taken[1].field()));
    V128 wanted = picks(index);
    word(wanted.lo);
    word(wanted.hi);
    result(Class::v128);
}

// ---- memory

void Translator::vector_load(const Instr& in) {
    Operand e = pop();
    Place p{Address::P, 0, 0, 0, true};
    if (is_plain(in.mem)) p = address(e, in.mem.offset + info(in.op).access_bytes, 0, false, true);
    else pointer(e, in.mem, info(in.op).access_bytes, false);
    vector_result(vector_load_id(in.op, p.shape), place_operands(p, 0, false));
}

void Translator::vector_store(const Instr& in) {
    Operand v = pop(), e = pop();
    Place p{Address::P, 0, 0, 0, true};
    // What was computed is taken while it still is the last; before a local, the address's addition is.
    bool late = v.kind == Operand::Kind::local, plain = is_plain(in.mem);
    if (late && plain) p = address(e, in.mem.offset + info(in.op).access_bytes, 0, false, true);
    Taken value = take(v);
    if (!late && plain) p = address(e, in.mem.offset + info(in.op).access_bytes, 0, false, true);
    if (!plain) pointer(e, in.mem, info(in.op).access_bytes, false);
    emit(vector_store_id(p.shape, value.source), place_operands(p, value.field(), true));
}

void Translator::vector_lane_access(const Instr& in) {
    bool loads = info(in.op).kind == RowKind::loadlane;
    Operand v = pop(), e = pop();
    Taken value = take(v), at;
    if (!loads) to_slot(value, Class::v128);
    VectorShape shape = VectorShape::PSS;
    if (is_plain(in.mem)) {
        at = take(e);
        if (at.source == Source::I) to_slot(at, Class::i32);
        shape = vector_shape(at.source, value.source, Source::S);
    } else {
        to_slot(value, Class::v128);
        pointer(e, in.mem, info(in.op).access_bytes, false);
    }
    if (loads) flush(vector_register);
    emit(simd_id(in.op, shape), abcd(0, at.field(), value.field(), in.lane));
    word(in.mem.offset + info(in.op).access_bytes);
    if (loads) result(Class::v128);
}

}  // namespace heddle
