// References, structures, arrays and i31.
// https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions
#include "validate.hpp"

namespace heddle {

// ---- references

void Validator::ref_null(const Instr& in) { push(resolve(in.type)); }

void Validator::ref_is_null(const Instr&) {
    pop_ref();
    push(i32_type);
}

void Validator::ref_func(const Instr& in) {
    TypeId t = func(in.index);
    if (!m_.declared_funcs[in.index]) fail("undeclared function reference " + std::to_string(in.index));
    push(ValType::reference(t, false, is_exact(in.index)));
}

void Validator::ref_eq(const Instr&) {
    ValType eq = ValType::reference(Heap::eq, true);
    pop(eq);
    pop(eq);
    push(i32_type);
}

void Validator::ref_as_non_null(const Instr&) {
    ValType t = pop_ref();
    push(t == bottom_type ? ValType::reference(Heap::bottom, false) : t.as_nullable(false));
}

// ---- casts

// Continuations carry no type at run time.
ValType Validator::cast_top(ValType t) const {
    Heap top = m_.type_table->top(t);
    if (top == Heap::cont) fail("invalid cast");
    return ValType::reference(top, true);
}

void Validator::test_reference(const Instr& in, bool push_reference) {
    ValType t = resolve(in.type);
    pop(cast_top(t));
    push(push_reference ? t : i32_type);
}

void Validator::ref_test(const Instr& in) { test_reference(in, false); }
void Validator::ref_test_null(const Instr& in) { test_reference(in, false); }
void Validator::ref_cast(const Instr& in) { test_reference(in, true); }
void Validator::ref_cast_null(const Instr& in) { test_reference(in, true); }

// The branch that succeeds carries the target type, the other what is left of the source: not null when the target takes null.
void Validator::branch_on_cast(const Instr& in, bool on_success, bool by_descriptor) {
    ValType from = resolve(in.type), to = resolve(in.type2);
    if (by_descriptor) pop_descriptor(in.type2);
    // https://github.com/WebAssembly/custom-descriptors: only the hierarchy must be the same; before, the target had to lie below the source.
    if (cast_top(from) != cast_top(to) || !features_.custom_descriptors) require(to, from);
    ValType rest = to.nullable() ? from.as_nullable(false) : from;
    ValType taken = on_success ? to : rest, kept = on_success ? rest : to;
    Types types = label(in.index).label();
    if (types.empty()) fail("type mismatch: label requires a reference");
    require(taken, types.back());
    pop(from);
    retype_top(types.first(types.size() - 1));
    push(kept);
}

void Validator::br_on_cast(const Instr& in) { branch_on_cast(in, true, false); }
void Validator::br_on_cast_fail(const Instr& in) { branch_on_cast(in, false, false); }

void Validator::any_convert_extern(const Instr&) { push(ValType::reference(Heap::any, pop(externref_type).nullable())); }
void Validator::extern_convert_any(const Instr&) { push(ValType::reference(Heap::extern_, pop(anyref_type).nullable())); }

void Validator::ref_i31(const Instr&) {
    pop(i32_type);
    push(ValType::reference(Heap::i31, false));
}

void Validator::i31_get_s(const Instr&) {
    pop(ValType::reference(Heap::i31, true));
    push(i32_type);
}
void Validator::i31_get_u(const Instr& in) { i31_get_s(in); }

// ---- structures

void Validator::new_struct(u32 type_index, bool with_fields) {
    const SubType& t = struct_type(type_index);
    if (t.descriptor != TypeId::none) fail("type with descriptor requires descriptor allocation");
    pop_fields(t, with_fields);
    push(ValType::reference(m_.types[type_index], false, true));
}

// A new structure's fields come from the stack, or are all zero.
void Validator::pop_fields(const SubType& t, bool with_fields) {
    for (std::size_t i = t.fields.size(); i-- > 0;) {
        if (with_fields) pop(t.fields[i].type.unpacked());
        else if (!t.fields[i].type.is_defaultable()) fail("type mismatch: field " + std::to_string(i) + " has no default value");
    }
}

void Validator::struct_new(const Instr& in) { new_struct(in.index, true); }
void Validator::struct_new_default(const Instr& in) { new_struct(in.index, false); }

void Validator::get_field(const Instr& in, bool packed) {
    const FieldType& f = field(in.index, in.index2);
    if (f.type.is_packed() != packed) fail("type mismatch: field is " + to_string(f.type));
    pop(reference(in.index, true));
    push(f.type.unpacked());
}

void Validator::struct_get(const Instr& in) { get_field(in, false); }
void Validator::struct_get_s(const Instr& in) { get_field(in, true); }
void Validator::struct_get_u(const Instr& in) { get_field(in, true); }

void Validator::struct_set(const Instr& in) {
    const FieldType& f = field(in.index, in.index2);
    if (!f.mutable_) fail("immutable field " + std::to_string(in.index2));
    pop(f.type.unpacked());
    pop(reference(in.index, true));
}

// ---- arrays

void Validator::push_array(const Instr& in) { push(ValType::reference(m_.types[in.index], false, true)); }

void Validator::array_new(const Instr& in) {
    const FieldType& f = array_type(in.index);
    pop(i32_type);
    pop(f.type.unpacked());
    push_array(in);
}

void Validator::array_new_default(const Instr& in) {
    if (!array_type(in.index).type.is_defaultable()) fail("type mismatch: the element type has no default value");
    pop(i32_type);
    push_array(in);
}

void Validator::array_new_fixed(const Instr& in) {
    ValType t = array_type(in.index).type.unpacked();
    // In unreachable code any number of operands is there without being on the stack.
    for (u32 i = 0; i < in.count; ++i) {
        if (top_ == floor_ && controls_.back().unreachable) break;
        pop(t);
    }
    push_array(in);
}

void Validator::array_new_data(const Instr& in) {
    if (array_type(in.index).type.is_ref()) fail("array type is not numeric or vector");
    data(in.index2);
    pop(i32_type);
    pop(i32_type);
    push_array(in);
}

void Validator::array_new_elem(const Instr& in) {
    require(elem(in.index2).type, array_type(in.index).type);
    pop(i32_type);
    pop(i32_type);
    push_array(in);
}

void Validator::get_element(const Instr& in, bool packed) {
    const FieldType& f = array_type(in.index);
    if (f.type.is_packed() != packed) fail("type mismatch: the element is " + to_string(f.type));
    pop(i32_type);
    pop(reference(in.index, true));
    push(f.type.unpacked());
}

void Validator::array_get(const Instr& in) { get_element(in, false); }
void Validator::array_get_s(const Instr& in) { get_element(in, true); }
void Validator::array_get_u(const Instr& in) { get_element(in, true); }

void Validator::array_set(const Instr& in) {
    const FieldType& f = mutable_array(in.index);
    pop(f.type.unpacked());
    pop(i32_type);
    pop(reference(in.index, true));
}

void Validator::array_len(const Instr&) {
    pop(ValType::reference(Heap::array, true));
    push(i32_type);
}

void Validator::array_fill(const Instr& in) {
    const FieldType& f = mutable_array(in.index);
    pop(i32_type);
    pop(f.type.unpacked());
    pop(i32_type);
    pop(reference(in.index, true));
}

void Validator::array_copy(const Instr& in) {
    const FieldType &to = mutable_array(in.index), &from = array_type(in.index2);
    if (!m_.type_table->is_subtype(from.type, to.type)) fail("array types do not match");
    pop(i32_type);
    pop(i32_type);
    pop(reference(in.index2, true));
    pop(i32_type);
    pop(reference(in.index, true));
}

void Validator::pop_init_range(const Instr& in) {
    pop(i32_type);
    pop(i32_type);
    pop(i32_type);
    pop(reference(in.index, true));
}

void Validator::array_init_data(const Instr& in) {
    if (mutable_array(in.index).type.is_ref()) fail("array type is not numeric or vector");
    data(in.index2);
    pop_init_range(in);
}

void Validator::array_init_elem(const Instr& in) {
    require(elem(in.index2).type, mutable_array(in.index).type);
    pop_init_range(in);
}

// ---- custom descriptors: https://github.com/WebAssembly/custom-descriptors/blob/main/proposals/custom-descriptors/Overview.md

void Validator::new_described_struct(const Instr& in, bool with_fields) {
    const SubType& t = struct_type(in.index);
    if (t.descriptor == TypeId::none) fail("type without descriptor requires non-descriptor allocation");
    pop(ValType::reference(t.descriptor, true, true));
    pop_fields(t, with_fields);
    push(ValType::reference(m_.types[in.index], false, true));
}

void Validator::struct_new_desc(const Instr& in) { new_described_struct(in, true); }
void Validator::struct_new_default_desc(const Instr& in) { new_described_struct(in, false); }

// An exact operand has exactly the type's descriptor.
void Validator::ref_get_desc(const Instr& in) {
    TypeId id = type(in.index), descriptor = (*m_.type_table)[id].descriptor;
    if (descriptor == TypeId::none) fail("type without descriptor");
    ValType t = pop(ValType::reference(id, true));
    push(ValType::reference(descriptor, false, m_.type_table->is_subtype(t, ValType::reference(id, true, true))));
}

// The descriptor that a cast to `target` compares with.
void Validator::pop_descriptor(RawType target) {
    ValType t = resolve(target);
    if (!t.is_defined()) {
        std::string name = to_string(t.as_nullable(false));  // "(ref any)"
        fail("type " + name.substr(5, name.size() - 6) + " does not have a descriptor");
    }
    TypeId descriptor = (*m_.type_table)[t.type()].descriptor;
    if (descriptor == TypeId::none) fail("type " + std::to_string(target.index()) + " does not have a descriptor");
    pop(ValType::reference(descriptor, true, t.exact()));
}

void Validator::ref_cast_desc_eq(const Instr& in) {
    pop_descriptor(in.type);
    test_reference(in, true);
}
void Validator::ref_cast_desc_eq_null(const Instr& in) { ref_cast_desc_eq(in); }

void Validator::br_on_cast_desc_eq(const Instr& in) { branch_on_cast(in, true, true); }
void Validator::br_on_cast_desc_eq_fail(const Instr& in) { branch_on_cast(in, false, true); }

}  // namespace heddle
