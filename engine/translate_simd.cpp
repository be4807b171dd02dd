// Vector instructions: operands and results in pairs of slots.
#include "translate_stack.hpp"

namespace heddle {

// Rows with a signature: pure and lane.
void Translator::vector(const Instr& in) {
    const OpInfo& row = info(in.op);
    const Signature& sig = row.signature;
    u32 fields[3] = {};
    u32 variant = 0;
    bool by_lane = row.kind == RowKind::lane, gives_vector = sig.results[0].is_vector();
    Operand operands[3];
    for (u32 i = sig.operand_count; i-- > 0;) operands[i] = pop();
    for (u32 i = 0; i < sig.operand_count; ++i) {
        Operand& e = operands[i];
        Class c = class_of(sig.operands[i]);
        if (c == Class::v128) {
            fields[i] = slot_for(e);
            continue;
        }
        // The scalar operand of a splat, shift or lane replacement.
        Taken t = take(e);
        if (t.source == Source::I) to_slot(t, c);
        if (t.source == Source::A) variant = simd_from_accumulator;
        fields[i] = t.field();
    }
    if (by_lane) fields[2] = in.lane;
    Class to = class_of(sig.results[0]);
    if (gives_vector) {
        emit(simd_id(in.op, variant), abcd(result_slot(to), fields[0], fields[1], fields[2]));
        return slot_result(to);
    }
    flush(register_of(to));
    emit(simd_id(in.op), abcd(0, fields[0], fields[1], fields[2]));
    result(to);
}

void Translator::vector_load(const Instr& in) {
    Operand e = pop();
    Place p{Address::P, 0, 0, 0, true};
    if (is_plain(in.mem)) p = address(e, in.mem.offset, 0, false, true);
    else pointer(e, in.mem, info(in.op).access_bytes, false);
    emit(simd_id(in.op, simd_address_variant(p.shape)), place_operands(p, result_slot(Class::v128), false));
    slot_result(Class::v128);
}

void Translator::vector_store(const Instr& in) {
    Operand v = pop(), e = pop();
    u32 value = v.slot;
    Place p{Address::P, 0, 0, 0, true};
    if (is_plain(in.mem)) {
        p = address(e, in.mem.offset, 0, false, true);
        value = slot_for(v);
    } else {
        value = slot_for(v);
        pointer(e, in.mem, info(in.op).access_bytes, false);
    }
    emit(simd_id(in.op, simd_address_variant(p.shape)), place_operands(p, value, true));
}

void Translator::vector_lane_access(const Instr& in) {
    bool loads = info(in.op).kind == RowKind::loadlane;
    Operand v = pop(), e = pop();
    u32 value = slot_for(v), at = 0, variant = 0;
    if (is_plain(in.mem)) {
        at = slot_for(e);
    } else {
        pointer(e, in.mem, info(in.op).access_bytes, false);
        variant = simd_address_variant(Address::P);
    }
    emit(simd_id(in.op, variant), abcd(loads ? result_slot(Class::v128) : 0, at, value, in.lane));
    word(in.mem.offset);
    if (loads) slot_result(Class::v128);
}

}  // namespace heddle
