// Structures, arrays and casts. Operands are taken from slots, and what may collect finds every reference in one.
#include <algorithm>

#include "heap.hpp"
#include "translate_stack.hpp"

namespace heddle {

namespace {

// The row that reads or writes a field or element of that type, by the row for the smallest kind: both families have one order.
ObjectRow getter(ObjectRow first, ValType type, bool is_signed) {
    u32 n = 0;
    switch (type.kind()) {
    case ValType::i8_: n = is_signed ? 0 : 1; break;
    case ValType::i16_: n = is_signed ? 2 : 3; break;
    case ValType::i32_: n = 4; break;
    case ValType::f32_: n = 6; break;
    case ValType::f64_: n = 7; break;
    case ValType::v128_: n = 8; break;
    default: n = 5;
    }
    return ObjectRow(u32(first) + 2 * n);
}
ObjectRow setter(ObjectRow first, ValType type) {
    switch (storage_bytes(type)) {
    case 1: return first;
    case 2: return ObjectRow(u32(first) + 1);
    case 4: return ObjectRow(u32(first) + 2);
    case 8: return ObjectRow(u32(first) + 3);
    default: return ObjectRow(u32(first) + 4);
    }
}

constexpr u32 bulk_unit = 3;  // eight elements per unit of fuel

}  // namespace

void Translator::object_op(const Instr& in) {
    auto type = [&](u32 index) -> const SubType& { return (*m_.type_table)[m_.types[index]]; };
    switch (in.op) {
    case Op::struct_new: return new_object(ObjectRow::struct_new, in.index, u32(type(in.index).fields.size()));
    case Op::array_new_fixed: return new_object(ObjectRow::array_new_fixed, in.index, in.count);
    case Op::struct_new_default:
        flush_all();
        emit(object_id(ObjectRow::struct_new_default), halves(0, u32(m_.types[in.index])));
        return result(Class::i64);
    case Op::struct_get:
    case Op::struct_get_s:
    case Op::struct_get_u: return get_field(in);
    case Op::struct_set: return set_field(in);
    case Op::array_new: return new_array(ObjectRow::array_new, in.index, 0);
    case Op::array_new_data: return new_array(ObjectRow::array_new_data, in.index, in.index2);
    case Op::array_new_elem: return new_array(ObjectRow::array_new_elem, in.index, in.index2);
    case Op::array_new_default: {
        u32 count = slot_for(pop());
        flush_all();
        charge_for(count, bulk_unit);
        emit(object_id(ObjectRow::array_new_default), ab_hi(0, count, u32(m_.types[in.index])));
        return result(Class::i64);
    }
    case Op::array_get:
    case Op::array_get_s:
    case Op::array_get_u: return get_element(in);
    case Op::array_set: return set_element(in);
    case Op::array_len: {
        u32 array = slot_for(pop());
        flush(0);
        emit(object_id(ObjectRow::array_len), abcd(0, array));
        return result(Class::i32);
    }
    case Op::array_fill: return array_range(ObjectRow::array_fill, 0);
    case Op::array_copy: return array_copy();
    case Op::array_init_data: return array_range(ObjectRow::array_init_data, in.index2);
    case Op::array_init_elem: return array_range(ObjectRow::array_init_elem, in.index2);
    case Op::ref_test:
    case Op::ref_test_null: {
        u32 slot = slot_for(pop());
        flush(0);
        emit(object_id(ObjectRow::ref_test), ab_hi(0, slot, CastTarget(*m_.type_table, m_.resolve(in.type)).bits()));
        return result(Class::i32);
    }
    case Op::ref_cast:
    case Op::ref_cast_null: {
        Operand e = pop();
        u32 slot = ensure_slot(e);
        emit(object_id(ObjectRow::ref_cast), ab_hi(near(slot, e.type), 0, CastTarget(*m_.type_table, m_.resolve(in.type)).bits()));
        if (e.kind == Operand::Kind::local) push_local(slot, e.type);
        else push_home(e.type);
        return;
    }
    case Op::br_on_cast:
    case Op::br_on_cast_fail:
        return br_on_cast(in.index, CastTarget(*m_.type_table, m_.resolve(in.type2)).bits(), in.op == Op::br_on_cast);
    case Op::struct_new_desc: return new_described(ObjectRow::struct_new_desc, in);
    case Op::struct_new_default_desc: return new_described(ObjectRow::struct_new_default_desc, in);
    case Op::ref_get_desc: {
        u32 object = slot_for(pop());
        flush(0);
        emit(object_id(ObjectRow::ref_get_desc), abcd(0, object));
        return result(Class::i64);
    }
    case Op::ref_cast_desc_eq:
    case Op::ref_cast_desc_eq_null: return cast_desc_eq(in.type.type.nullable());
    case Op::br_on_cast_desc_eq:
    case Op::br_on_cast_desc_eq_fail: return br_on_cast_desc_eq(in.index, in.type2.type.nullable(), in.op == Op::br_on_cast_desc_eq);
    default: return cont_op(in);
    }
}

// Of that many operands, in their homes.
void Translator::new_object(ObjectRow r, u32 type_index, u32 operand_count) {
    flush_all();
    materialize_top(operand_count);
    u32 first = operand_count ? stack_[stack_.size() - operand_count].home : home_;
    for (u32 i = 0; i < operand_count; ++i) pop();
    emit(object_id(r), halves(0, u32(m_.types[type_index])));
    word(r == ObjectRow::array_new_fixed ? halves(first, operand_count) : first);
    result(Class::i64);
}

// The descriptor is on top of the fields' values.
void Translator::new_described(ObjectRow r, const Instr& in) {
    Operand d = pop();
    u32 descriptor = slot_for(d);
    if (r == ObjectRow::struct_new_default_desc) {
        flush_all();
        emit(object_id(r), ab_hi(0, descriptor, u32(m_.types[in.index])));
        return result(Class::i64);
    }
    u32 n = u32((*m_.type_table)[m_.types[in.index]].fields.size());
    flush_all();
    materialize_top(n);
    u32 first = n ? stack_[stack_.size() - n].home : home_;
    for (u32 i = 0; i < n; ++i) pop();
    emit(object_id(r), ab_hi(0, descriptor, u32(m_.types[in.index])));
    word(first);
    result(Class::i64);
}

void Translator::cast_desc_eq(bool nullable) {
    Operand d = pop(), e = pop();
    u32 descriptor = slot_for(d), slot = ensure_slot(e);
    emit(object_id(ObjectRow::ref_cast_desc_eq), ab_hi(near(slot, e.type), descriptor, nullable));
    if (e.kind == Operand::Kind::local) push_local(slot, e.type);
    else push_home(e.type);
}

void Translator::new_array(ObjectRow r, u32 type_index, u32 segment) {
    Operand c = pop(), v = pop();
    u32 value = slot_for(v), count = slot_for(c);
    flush_all();
    charge_for(count, bulk_unit);
    emit(object_id(r), abcd(0, value, count));
    word(halves(u32(m_.types[type_index]), segment));
    result(Class::i64);
}

void Translator::get_field(const Instr& in) {
    const SubType& type = (*m_.type_table)[m_.types[in.index]];
    ValType field = type.fields[in.index2].type;
    Class c = class_of(field.unpacked());
    u32 offset = field_offset(type, in.index2), object = slot_for(pop());
    HandlerId id = object_id(getter(ObjectRow::struct_get8_s, field, in.op == Op::struct_get_s));
    flush(register_of(c));
    emit(id, ab_hi(0, object, offset));
    result(c);
}

void Translator::set_field(const Instr& in) {
    const SubType& type = (*m_.type_table)[m_.types[in.index]];
    Operand v = pop(), o = pop();
    u32 value = slot_for(v), object = slot_for(o);
    emit(object_id(setter(ObjectRow::struct_set8, type.fields[in.index2].type)), ab_hi(object, value, field_offset(type, in.index2)));
}

void Translator::get_element(const Instr& in) {
    ValType element = (*m_.type_table)[m_.types[in.index]].fields[0].type;
    Class c = class_of(element.unpacked());
    Operand i = pop(), a = pop();
    u32 index = slot_for(i), array = slot_for(a);
    HandlerId id = object_id(getter(ObjectRow::array_get8_s, element, in.op == Op::array_get_s));
    flush(register_of(c));
    emit(id, abcd(0, array, index));
    result(c);
}

void Translator::set_element(const Instr& in) {
    Operand v = pop(), i = pop(), a = pop();
    u32 value = slot_for(v), index = slot_for(i), array = slot_for(a);
    emit(object_id(setter(ObjectRow::array_set8, (*m_.type_table)[m_.types[in.index]].fields[0].type)), abcd(array, index, value));
}

// Array, index, a third operand and a count.
void Translator::array_range(ObjectRow r, u32 segment) {
    Operand c = pop(), t = pop(), i = pop(), a = pop();
    u32 count = slot_for(c), third = slot_for(t), index = slot_for(i), array = slot_for(a);
    charge_for(count, bulk_unit);
    emit(object_id(r), abcd(array, index, third, count));
    if (r != ObjectRow::array_fill) word(segment);
}

void Translator::array_copy() {
    Operand c = pop(), j = pop(), b = pop(), i = pop(), a = pop();
    u32 count = slot_for(c), from = slot_for(j), source = slot_for(b), to = slot_for(i), target = slot_for(a);
    charge_for(count, bulk_unit);
    emit(object_id(ObjectRow::array_copy), abcd(target, to, source, from));
    word(count);
}

}  // namespace heddle
