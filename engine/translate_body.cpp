// The instruction switch; variables, tables, bulk and reference instructions.
#include "codes.hpp"
#include "translate_stack.hpp"

namespace heddle {

[[gnu::always_inline]] inline void Translator::numeric(Op op, bool is_unary) {
    if (op == Op::i32_eqz) return eqz(Op::i32_eq, Class::i32);
    if (op == Op::i64_eqz) return eqz(Op::i64_eq, Class::i64);
    if (op == Op::i64_extend_i32_u) {  // an i32 is kept zero-extended
        stack_.back().type = Class::i64;
        last_.cell = none;
        return;
    }
    is_unary ? unary(op) : binary(op);
}

// The frequent instructions are known by their first byte, and only what they need is read.
[[gnu::always_inline]] inline void Translator::next(Instr& in) {
    // clang-format off
    switch (u32(reader_.peek())) {
#define PURE(name, code, text, signature, ...) \
    case code: if constexpr (code < 0x100) return reader_.byte(), numeric(Op::name, sizeof(#signature) == sizeof("i_l")); else break;
#define LOAD(name, code, text, letter, type) \
    case code: static_assert(code < 0x100); reader_.byte(); read_mem_arg(reader_, in.mem); return load(Op::name, in.mem, class_of_letter(*#letter), sizeof(type));
#define STORE(name, code, text, letter, type) \
    case code: static_assert(code < 0x100); reader_.byte(); read_mem_arg(reader_, in.mem); return store(in.mem, class_of_letter(*#letter), sizeof(type));
#include "opcodes.def"
    case code::local_get: {
        reader_.byte();
        u32 index = reader_.u32_leb();
        return push_local(local_slots_[index], local_types_[index]);
    }
    case code::local_set: reader_.byte(); return local_set(reader_.u32_leb(), false);
    case code::local_tee: reader_.byte(); return local_set(reader_.u32_leb(), true);
    case code::i32_const: reader_.byte(); return push_constant(Class::i32, u32(reader_.i32_leb()));
    case code::i64_const: reader_.byte(); return push_constant(Class::i64, u64(reader_.i64_leb()));
    case code::end: reader_.byte(); return end();
    case code::br: reader_.byte(); return br(reader_.u32_leb());
    case code::br_if: reader_.byte(); return br_if(reader_.u32_leb());
    case code::call: reader_.byte(); return call(reader_.u32_leb());
    default: break;
    }
    // clang-format on
    read_instr(reader_, in);
    other(in);
}

void Translator::expression() {
    Instr in;
    while (!labels_.empty()) {
        if (labels_.back().dead) skip_dead();
        offset_ = u32(reader_.offset());
        window_used_ = 0;
        if (metering_) ++charges_.back().count;
        next(in);
    }
}

void Translator::other(const Instr& in) {
    const OpInfo& row = info(in.op);
    switch (row.kind) {
    case RowKind::pure: return is_numeric_row(in.op) ? numeric(in.op, row.signature.operand_count == 1) : vector(in);
    case RowKind::lane: return vector(in);
    case RowKind::load:
    case RowKind::store: return;  // next() knows them all, which have one byte
    case RowKind::vload: return vector_load(in);
    case RowKind::vstore: return vector_store(in);
    case RowKind::loadlane:
    case RowKind::storelane: return vector_lane_access(in);
    case RowKind::wide: return wide_arithmetic(in.op);
    case RowKind::atomic_load:
    case RowKind::atomic_store:
    case RowKind::atomic_rmw:
    case RowKind::atomic_cmpxchg: return atomic(in);
    case RowKind::other: break;
    }
    switch (in.op) {
    case Op::unreachable: emit(control_id(Control::unreachable), 0); return unreachable_from_here();
    case Op::nop: return;
    case Op::block: return block(in, Label::Kind::block);
    case Op::loop: return block(in, Label::Kind::loop);
    case Op::if_: return block(in, Label::Kind::if_);
    case Op::try_table: return block(in, Label::Kind::try_table);
    case Op::try_: return block(in, Label::Kind::try_);
    case Op::catch_:
    case Op::catch_all: return catch_(in);
    case Op::delegate: return delegate(in.index);
    case Op::rethrow: return rethrow(in.index);
    case Op::else_: return else_();
    case Op::end: return end();
    case Op::throw_: return throw_(in.index);
    case Op::throw_ref: return throw_ref();
    case Op::br: return br(in.index);
    case Op::br_if: return br_if(in.index);
    case Op::br_table: return br_table(in);
    case Op::br_on_null: return br_on_null(in.index);
    case Op::br_on_non_null: return br_on_non_null(in.index);
    case Op::return_: return return_();
    case Op::call: return call(in.index);
    case Op::call_indirect: return call_indirect(in.index, in.index2);
    case Op::call_ref: return call_ref(in.index);
    case Op::return_call: return tail_call(in.index);
    case Op::return_call_indirect: return tail_call_indirect(in.index, in.index2);
    case Op::return_call_ref: return tail_call_ref(in.index);
    case Op::drop: {
        Operand e = pop();
        if (e.kind == Operand::Kind::pending) acc_[register_of(e.type)].pending = none;
        return;
    }
    case Op::select:
    case Op::select_t: return select();
    case Op::local_get: return push_local(local_slots_[in.index], local_types_[in.index]);
    case Op::local_set: return local_set(in.index, false);
    case Op::local_tee: return local_set(in.index, true);
    case Op::global_get: return global_get(in.index);
    case Op::global_set: return global_set(in.index);
    case Op::i32_const: return push_constant(Class::i32, u32(in.bits));
    case Op::i64_const: return push_constant(Class::i64, in.bits);
    case Op::f32_const: return push_constant(Class::f32, u32(in.bits));
    case Op::f64_const: return push_constant(Class::f64, in.bits);
    case Op::v128_const: return vector_constant(in);
    case Op::i8x16_shuffle: return shuffle(in);
    case Op::memory_size:
        flush(0);
        emit(body_id(Body::memory_size), halves(0, in.index));
        return result(m_.memories[in.index].is64 ? Class::i64 : Class::i32);
    case Op::memory_grow: {
        u32 delta = slot_for(pop());
        flush(0);
        bool is64 = m_.memories[in.index].is64;
        emit(body_id(Body::memory_grow), ab_hi(0, delta, in.index | (is64 ? 1u << 31 : 0)));
        return result(is64 ? Class::i64 : Class::i32);
    }
    case Op::memory_fill: return bulk(Body::memory_fill, in.index, 0, 6);
    case Op::memory_copy: return bulk(Body::memory_copy, in.index, in.index2, 6);
    case Op::memory_init: return bulk(Body::memory_init, in.index2, in.index, 6);
    case Op::table_fill: return bulk(Body::table_fill, in.index, 0, 3);
    case Op::table_copy: return bulk(Body::table_copy, in.index, in.index2, 3);
    case Op::table_init: return bulk(Body::table_init, in.index2, in.index, 3);
    case Op::data_drop: return emit(body_id(Body::data_drop), halves(in.index, 0));
    case Op::elem_drop: return emit(body_id(Body::elem_drop), halves(in.index, 0));
    case Op::table_get: {
        u32 index = slot_for(pop());
        flush(0);
        emit(body_id(Body::table_get), ab_hi(0, index, in.index));
        return result(Class::i64);
    }
    case Op::table_set: {
        Operand v = pop(), i = pop();
        u32 value = slot_for(v), index = slot_for(i);
        return emit(body_id(Body::table_set), ab_hi(index, value, in.index));
    }
    case Op::table_size:
        flush(0);
        emit(body_id(Body::table_size), halves(0, in.index));
        return result(m_.tables[in.index].is64 ? Class::i64 : Class::i32);
    case Op::table_grow: {
        Operand d = pop(), v = pop();
        u32 value = slot_for(v), delta = slot_for(d);
        flush(0);
        bool is64 = m_.tables[in.index].is64;
        emit(body_id(Body::table_grow), abcd(0, value, delta));
        word(in.index | (is64 ? 1u << 31 : 0));
        return result(is64 ? Class::i64 : Class::i32);
    }
    case Op::memory_atomic_notify:
    case Op::memory_atomic_wait32:
    case Op::memory_atomic_wait64: return wait_or_notify(in);
    case Op::atomic_fence: return emit(body_id(Body::atomic_fence), 0);
    default: return reference_op(in);
    }
}

void Translator::reference_op(const Instr& in) {
    auto unary_reference = [&](Body b, Class c) {
        u32 slot = slot_for(pop());
        flush(0);
        emit(body_id(b), abcd(0, slot));
        result(c);
    };
    switch (in.op) {
    case Op::ref_null: return push_constant(Class::i64, 0);
    case Op::ref_is_null: return eqz(Op::i64_eq, Class::i64);
    case Op::ref_eq: return binary(Op::i64_eq);
    case Op::ref_func: {
        flush(0);
        bool imported = in.index < m_.imported_funcs;
        emit(body_id(imported ? Body::ref_func_import : Body::ref_func), halves(0, imported ? in.index : in.index - m_.imported_funcs));
        return result(Class::i64);
    }
    case Op::ref_as_non_null: {
        Operand e = pop();
        u32 slot = ensure_slot(e);
        emit(body_id(Body::ref_as_non_null), abcd(near(slot, e.type), 0));
        if (e.kind == Operand::Kind::local) push_local(slot, e.type);
        else push_home(e.type);
        return;
    }
    case Op::ref_i31: return unary_reference(Body::ref_i31, Class::i64);
    case Op::i31_get_s: return unary_reference(Body::i31_get_s, Class::i32);
    case Op::i31_get_u: return unary_reference(Body::i31_get_u, Class::i32);
    case Op::any_convert_extern:
    case Op::extern_convert_any: return;  // the same word
    default: return object_op(in);
    }
}

// ---- variables

void Translator::local_set(u32 index, bool tee) {
    u32 slot = local_slots_[index];
    Class c = local_types_[index];
    Operand& e = pop();
    if (e.kind == Operand::Kind::local && e.slot == slot) {  // x <- x
        if (tee) push_local(slot, c);
        return;
    }
    if (aliases_[slot] != none) {
        if (is_pending_last(e) && !layout_.wide) {
            // The copies go in front of the producer, so that it can still write to the local.
            Cell producer = cells.back();
            std::vector<Word> moved(words.begin() + producer.position, words.end());
            cells.pop_back();
            words.resize(producer.position);
            u32 label = last_label_;
            last_label_ = here();  // nothing is merged with cells before
            save_aliases(slot, c);
            last_label_ = label;
            producer.position = here();
            words.insert(words.end(), moved.begin(), moved.end());
            cells.push_back(producer);
            acc_[register_of(e.type)].producer = last_cell();
        } else {
            save_aliases(slot, c);
        }
    }
    store_to(e, slot);
    if (tee) push_local(slot, c);
    last_.cell = none;
}

void Translator::global_get(u32 index) {
    Class c = class_of(m_.globals[index].type);
    if (c == Class::v128) return vector_result(body_id(Body::global_get_v128), halves(0, index));
    bool imported = index < m_.imported_globals;
    u32 reg = register_of(c);
    flush(reg);
    constexpr Body own[] = {Body::global_get, Body::global_get_f64, Body::global_get_f32};
    constexpr Body other[] = {Body::global_get_import, Body::global_get_import_f64, Body::global_get_import_f32};
    emit(body_id(imported ? other[reg] : own[reg]), halves(0, imported ? index : index - m_.imported_globals));
    result(c);
}

void Translator::global_set(u32 index) {
    Class c = class_of(m_.globals[index].type);
    Operand e = pop();
    if (c == Class::v128) return emit(body_id(Body::global_set_v128), ab_hi(slot_for(e), 0, index));
    if (index < m_.imported_globals) return emit(body_id(Body::global_set_import), ab_hi(slot_for(e), 0, index));
    u32 own = index - m_.imported_globals, reg = register_of(c);
    Taken t = take(e);
    if (t.source == Source::I) {
        emit(body_id(Body::global_set_i), halves(0, own));
        return word(t.bits);
    }
    constexpr Body from[] = {Body::global_set_a, Body::global_set_f64, Body::global_set_f32};
    emit(body_id(t.source == Source::S ? Body::global_set_s : from[reg]), ab_hi(t.field(), 0, own));
}

// ---- bulk

// The guest may be parked there, and no accumulator outlives that.
void Translator::charge_for(u32 count, u32 unit_shift) {
    if (!metering_) return;
    flush_all();
    emit(control_id(Control::charge_dynamic), ab_hi(count, 0, unit_shift));
    forget();
}

// Three operands, then two indices; `unit_shift`: how many bytes or elements one unit of fuel pays for.
void Translator::bulk(Body b, u32 first, u32 second, u32 unit_shift) {
    Operand count = pop(), middle = pop(), to = pop();
    u32 s_to = slot_for(to), s_middle = slot_for(middle), s_count = slot_for(count);
    charge_for(s_count, unit_shift);
    emit(body_id(b), abcd(s_to, s_middle, s_count));
    word(halves(first, second));
}

}  // namespace heddle
