// Arithmetic, comparisons, select, and accesses to memory.
#include "translate_stack.hpp"

#include <utility>

namespace heddle {
namespace {

bool fits32(u64 bits) { return i64(bits) == i32(u32(bits)); }
bool fits16(u64 bits) { return i64(bits) == i16(u16(bits)); }

constexpr bool is_between(Op op, Op first, Op last) { return op >= first && op <= last; }
constexpr bool is_int_compare(Op op) { return is_between(op, Op::i32_eq, Op::i32_ge_u) || is_between(op, Op::i64_eq, Op::i64_ge_u); }
constexpr bool is_float_compare(Op op) { return is_between(op, Op::f32_eq, Op::f64_ge); }

// The comparisons stand in the order of opcodes.def: eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u; floats eq ne lt gt le ge.
constexpr u8 swapped_int[] = {0, 1, 4, 5, 2, 3, 8, 9, 6, 7};
constexpr u8 negated_int[] = {1, 0, 8, 9, 6, 7, 4, 5, 2, 3};
constexpr u8 swapped_float[] = {0, 1, 3, 2, 5, 4};

constexpr Op pick(Op op, Op first, const u8* table) { return Op(u32(first) + table[u32(op) - u32(first)]); }
constexpr Op int_base(Op op) { return op >= Op::i64_eq ? Op::i64_eq : Op::i32_eq; }
Op negated(Op op) { return pick(op, int_base(op), negated_int); }

// The operation that gives the same with its operands exchanged, or invalid.
constexpr Op swapped(Op op) {
    if (is_int_compare(op)) return pick(op, int_base(op), swapped_int);
    if (is_float_compare(op)) return pick(op, op >= Op::f64_eq ? Op::f64_eq : Op::f32_eq, swapped_float);
    switch (op) {
    case Op::i32_add:
    case Op::i32_mul:
    case Op::i32_and:
    case Op::i32_or:
    case Op::i32_xor:
    case Op::i64_add:
    case Op::i64_mul:
    case Op::i64_and:
    case Op::i64_or:
    case Op::i64_xor: return op;
    default: return Op::invalid;
    }
}

Compare compare_of(Op op) {
    if (op == Op::i32_and) return Compare::test;
    return op >= Op::i64_eq ? Compare(u32(Compare::i64_eq) + u32(op) - u32(Op::i64_eq)) : Compare(u32(op) - u32(Op::i32_eq));
}
Compare negated(Compare c) {
    if (c >= Compare::test) return c == Compare::test ? Compare::test_not : Compare::test;
    u32 base = c >= Compare::i64_eq ? u32(Compare::i64_eq) : 0;
    return Compare(base + negated_int[u32(c) - base]);
}

// Integer comparisons are always brought into one of these.
bool has_compare_shape(Shape s) { return s == Shape::SS || s == Shape::AS || s == Shape::SI || s == Shape::AI; }
CompareShape compare_shape(Shape s) {
    return s == Shape::SS ? CompareShape::SS : s == Shape::AS ? CompareShape::AS : s == Shape::SI ? CompareShape::SI : CompareShape::AI;
}

Shape shape_of(Source a, Source b) {
    using enum Shape;
    static constexpr Shape shapes[3][3] = {{SS, SA, SI}, {AS, SA, AI}, {IS, IA, SI}};  // two accumulators or two immediates do not come
    return shapes[u32(a)][u32(b)];
}

// What a numeric row says of itself, close together.
struct Arithmetic {
    Class from = Class::i32, to = Class::i32;
    Op swapped = Op::invalid;
};
constexpr std::array<Arithmetic, numeric_rows> make_arithmetic() {
    std::array<Arithmetic, numeric_rows> rows;
    auto set = [&](Op op, std::string_view signature) {
        if (is_numeric_row(op)) rows[numeric_row(op)] = {class_of_letter(signature.back()), class_of_letter(signature[0]), swapped(op)};
    };
#define PURE(name, code, text, signature, ...) set(Op::name, #signature);
#include "opcodes.def"
    return rows;
}
constexpr std::array<Arithmetic, numeric_rows> arithmetic = make_arithmetic();

}  // namespace

void Translator::unary(Op op) {
    Class from = arithmetic[numeric_row(op)].from, to = arithmetic[numeric_row(op)].to;
    Operand& e = pop();
    Taken t = take(e);
    if (t.source == Source::I) constant_to_accumulator(t, from);
    make_room(register_of(to));
    emit(unary_id(op, t.source), abcd(0, t.field()));
    result(to);
}

void Translator::binary(Op op) {
    Class c = arithmetic[numeric_row(op)].from, to = arithmetic[numeric_row(op)].to;
    const Operand &eb = pop(), &ea = pop();
    Taken b = take(eb), a = take(ea);
    if (binary_with_pins(op, ea, eb, a, b)) return;
    // Subtracting a constant is adding another one, which commutes and folds into addresses.
    if (op == Op::i32_sub && b.source == Source::I) {
        op = Op::i32_add;
        b.bits = u32(0 - b.bits);
    } else if (op == Op::i64_sub && b.source == Source::I && fits32(b.bits) && fits32(0 - b.bits)) {
        op = Op::i64_add;
        b.bits = 0 - b.bits;
    }
    if (a.source == Source::I && b.source == Source::I) constant_to_accumulator(a, c);
    auto load_wide = [&](Taken& x, Taken& other) {  // an immediate that the cell cannot hold
        if (c != Class::i64 || x.source != Source::I || fits32(x.bits)) return;
        if (other.source == Source::A) to_slot(other, c);
        constant_to_accumulator(x, c);
    };
    load_wide(a, b);
    load_wide(b, a);
    if (a.source == Source::A && b.source == Source::A) to_slot(b.pending ? a : b, c);
    if (Op other = arithmetic[numeric_row(op)].swapped; other != Op::invalid && (a.source == Source::I || b.source == Source::A)) {
        std::swap(a, b);
        op = other;
    }
    Shape shape = shape_of(a.source, b.source);
    make_room(register_of(to));
    // With an immediate, the other operand is b.
    const Taken& immediate = a.source == Source::I ? a : b;
    const Taken& other = a.source == Source::I ? b : a;
    if (immediate.source != Source::I) {
        emit(binary_id(op, shape), abcd(0, a.field(), b.field()));
    } else if (c == Class::f64) {
        emit(binary_id(op, shape), abcd(0, other.field()));
        word(immediate.bits);
    } else {
        emit(binary_id(op, shape), ab_hi(0, other.field(), immediate.bits & 0xffffffff));
    }
    last_.cell = last_cell();
    last_.op = op;
    last_.shape = shape;
    last_.a = a;
    last_.b = b;
    last_.reg = register_of(to);
    last_.before = acc_[last_.reg];
    result(to);
}

// i32.eqz, i64.eqz, ref.is_null: a comparison with zero, or the comparison before it turned round.
void Translator::eqz(Op compare, Class c) {
    Operand& e = stack_.back();
    if (compare == Op::i32_eq && is_fusable(e) && is_int_compare(last_.op)) {
        last_.op = negated(last_.op);
        cells.back().handler = binary_id(last_.op, last_.shape);
        return;
    }
    u8 next = reader_.done() ? 0 : reader_.peek();
    if (compare == Op::i32_eq && is_fusable(e) && is_float_compare(last_.op) && (next == info(Op::br_if).code || next == info(Op::if_).code)) {
        negate_next_ = true;  // not inverted: a comparison with NaN is false, and so is its opposite
        return;
    }
    push_constant(c, 0);
    binary(compare);
}

// The conditional branch's cell without its target: pops the condition and takes the comparison before it in.
void Translator::condition(bool sense, bool back) {
    Operand& e = pop();
    if (std::exchange(negate_next_, false)) sense = !sense;
    bool fusable = is_fusable(e);
    if (fusable && (is_int_compare(last_.op) || (last_.op == Op::i32_and && has_compare_shape(last_.shape)))) {
        const Last& l = last_;
        rewind();
        flush_all();
        Compare c = compare_of(l.op);
        if (!sense) c = negated(c);
        HandlerId id = compare_branch_id(c, compare_shape(l.shape), edge(back));
        if (l.b.source == Source::I) emit(id, ab_hi(l.a.field(), 0, l.b.bits & 0xffffffff));
        else emit(id, abcd(l.a.field(), l.b.field()));
        return;
    }
    if (fusable && is_float_compare(last_.op)) {
        const Last& l = last_;
        rewind();
        flush_all();
        HandlerId id = float_branch_id(u32(l.op) - u32(Op::f32_eq), l.shape, !sense, edge(back));
        const Taken& immediate = l.a.source == Source::I ? l.a : l.b;
        const Taken& other = l.a.source == Source::I ? l.b : l.a;
        if (immediate.source != Source::I) {
            emit(id, abcd(l.a.field(), l.b.field()));
        } else if (l.op >= Op::f64_eq) {
            emit(id, abcd(other.field(), 0));
            word(immediate.bits);
        } else {
            emit(id, ab_hi(other.field(), 0, immediate.bits));
        }
        return;
    }
    Taken t = take(e);
    if (t.source == Source::I) constant_to_accumulator(t, Class::i32);
    flush_all();
    emit(compare_branch_id(sense ? Compare::ne : Compare::eq, t.source == Source::A ? CompareShape::AI : CompareShape::SI, edge(back)), abcd(t.field(), 0));
}

void Translator::select() {
    Operand c = pop(), y = pop(), x = pop();
    Class type = x.type;
    u32 reg = register_of(type);
    if (type == Class::v128) {
        u32 sc = slot_for(c), sx = slot_for(x), sy = slot_for(y);
        return vector_result(body_id(Body::select_v128), abcd(0, sx, sy, sc));
    }
    if (reg == 0 && is_fusable(c) && has_compare_shape(last_.shape) && (is_int_compare(last_.op) || last_.op == Op::i32_and)) {
        const Last& l = last_;
        rewind();
        u32 sx = slot_for(x), sy = slot_for(y);
        flush(0);
        HandlerId id = compare_select_id(compare_of(l.op), compare_shape(l.shape));
        if (l.b.source == Source::I) emit(id, ab_hi(result_slot(type), l.a.field(), l.b.bits & 0xffffffff));
        else emit(id, abcd(result_slot(type), l.a.field(), l.b.field()));
        word(abcd(sx, sy));
        return result(type, false);
    }
    Taken t = take(c);
    if (t.source == Source::I) to_slot(t, Class::i32);
    bool in_accumulator = t.source == Source::A;
    if (reg != 0) {
        u32 sx = slot_for(x), sy = slot_for(y);
        flush(reg);
        Body b = reg == 1 ? (in_accumulator ? Body::select_f64_a : Body::select_f64_s) : (in_accumulator ? Body::select_f32_a : Body::select_f32_s);
        emit(body_id(b), abcd(0, sx, sy, t.field()));
        return result(type);
    }
    if (!in_accumulator) {
        u32 sx = slot_for(x), sy = slot_for(y);
        flush(0);
        emit(body_id(Body::select_sss), abcd(0, sx, sy, t.slot));
        return result(type);
    }
    auto is_small = [](const Operand& e) { return e.kind == Operand::Kind::constant && e.bits <= 0xffff; };
    bool ix = is_small(x), iy = is_small(y);
    u32 ox = ix ? u32(x.bits) : slot_for(x), oy = iy ? u32(y.bits) : slot_for(y);
    flush(0);
    emit(body_id(ix ? (iy ? Body::select_aii : Body::select_ais) : iy ? Body::select_asi : Body::select_ass), abcd(0, ox, oy));
    result(type);
}

// ---- memory

// Memory 0 with 32-bit addresses has cells of its own, which hold 32 bits of the offset behind an access.
bool Translator::is_plain(const MemArg& m) const {
    constexpr u64 longest_access = 16;
    return m.memory == 0 && !m_.memories[0].is64 && m.offset <= 0xffffffff - longest_access;
}

// Takes the address of an access to memory 0 apart: an addition in front of it, and a shift in front of that, become part of the access.
Translator::Place Translator::address(Operand& e, u64 end64, u32 log2, bool for_store, bool for_vector) {
    u32 end = u32(end64);
    if (is_fusable(e) && last_.op == Op::i32_add && end <= 0xffff) {
        const Taken &a = last_.a, &b = last_.b;
        if (last_.shape == Shape::SS) {
            rewind();
            return {Address::SS, a.slot, b.slot, end, false};
        }
        if (last_.shape == Shape::AS && !for_store) {
            if (a.pending && !for_vector && cells.size() >= 2 && cells[cells.size() - 2].position >= last_label_) {
                Cell shift = cells[cells.size() - 2];
                Word operands = words[shift.position + 1];
                bool by_accumulator = shift.handler == binary_id(Op::i32_shl, Shape::AI), by_slot = shift.handler == binary_id(Op::i32_shl, Shape::SI);
                if ((by_accumulator || by_slot) && operands >> 32 == log2) {
                    rewind();
                    words.resize(shift.position);
                    cells.pop_back();
                    if (by_accumulator) return {Address::SA, b.slot, 0, end, true};
                    return {Address::SX, b.slot, u16(operands >> 16), end, false};
                }
            }
            rewind();
            return {Address::AS, 0, b.slot, end, true};
        }
        if (b.source == Source::I && fits16(u64(i64(i32(u32(b.bits)))))) {
            if (last_.shape == Shape::SI) {
                rewind();
                return {Address::SJ, a.slot, u16(b.bits), end, false};
            }
            if (last_.shape == Shape::AI && !for_store) {
                rewind();
                return {Address::AJ, 0, u16(b.bits), end, true};
            }
        }
    }
    Taken t = take(e);
    if (t.source == Source::I && t.bits + end <= 0xffffffff) return {Address::I, 0, 0, u32(t.bits) + end, false};
    if (t.source == Source::I) constant_to_accumulator(t, Class::i32);
    bool in_accumulator = t.source == Source::A;
    return {in_accumulator ? Address::A : Address::S, t.slot, 0, end, in_accumulator};
}

// The operand word of an access: loads name their address in operand b, stores in a.
u64 Translator::place_operands(const Place& p, u32 other, bool is_store) {
    bool two_parts = p.shape >= Address::SS && p.shape < Address::P;
    u32 first = p.accumulator ? (p.shape == Address::SA ? p.a : 0) : p.a;
    u32 a = is_store ? first : other, b = is_store ? other : first;
    return two_parts ? abcd(a, b, p.b, p.end) : ab_hi(a, b, p.end);
}

// Any other access: its host address goes to the accumulator, for the access cell that must follow.
void Translator::pointer(Operand& e, const MemArg& m, u32 bytes, bool aligned) {
    u32 slot = slot_for(e);
    flush(0);
    emit(body_id(Body::address), abcd(slot, 0));
    word(m.offset);
    word(u64(m.memory) | u64(bytes) << 32 | u64(aligned) << 40);
    acc_[0] = {};
}

void Translator::load(Op op, const MemArg& mem, Class c, u32 bytes) {
    Operand& e = pop();
    if (!is_plain(mem)) {
        pointer(e, mem, bytes, false);
        make_room(register_of(c));
        emit(load_id(op, Address::P), 0);
        return result(c);
    }
    Place p = address(e, mem.offset + bytes, u32(std::countr_zero(bytes)), false, false);
    make_room(register_of(c));
    emit(load_id(op, p.shape), place_operands(p, 0, false));
    result(c);
}

void Translator::store(const MemArg& mem, Class c, u32 bytes) {
    u32 log2 = u32(std::countr_zero(bytes));
    bool plain = is_plain(mem);
    u64 end = mem.offset + bytes;
    Operand &v = pop(), &e = pop();
    Taken value;
    Place p{};
    // An operand that is pending is taken while it still is the last one.
    bool late = v.kind == Operand::Kind::local || v.kind == Operand::Kind::constant;
    if (late && plain) p = address(e, end, log2, true, false);
    value = take(v);
    if (!late && plain) {
        // An address that no cell holds takes the accumulator.
        if (e.kind == Operand::Kind::constant && value.source == Source::A && register_of(c) == 0 && e.bits + end > 0xffffffff) to_slot(value, c);
        p = address(e, end, log2, true, false);
    }
    if (value.source == Source::I) {
        bool is_int = register_of(c) == 0;
        bool fits = log2 <= 1 || (is_int ? fits16(c == Class::i32 ? u64(i64(i32(u32(value.bits)))) : value.bits) : value.bits == 0);
        if (!fits) to_slot(value, c);
    }
    bool address_in_acc = !plain || p.accumulator;
    if (address_in_acc && value.source == Source::A && register_of(c) == 0) to_slot(value, c);
    if (!plain) {
        pointer(e, mem, bytes, false);
        p = {Address::P, 0, 0, 0, true};
    }
    Stored s = value.source == Source::S   ? Stored::S
               : value.source == Source::I ? Stored::I
               : c == Class::f64           ? Stored::F64
               : c == Class::f32           ? Stored::F32
                                           : Stored::A;
    u32 field = s == Stored::S ? value.slot : s == Stored::I ? u16(value.bits) : 0;
    emit(store_id(log2, p.shape, s), place_operands(p, field, true));
}

// https://github.com/WebAssembly/threads/blob/main/proposals/threads/Overview.md#atomic-memory-accesses
void Translator::atomic(const Instr& in) {
    const OpInfo& row = info(in.op);
    u32 operands[2] = {0, 0};
    u32 n = row.signature.operand_count;
    for (u32 i = n; i-- > 0;) {
        Operand v = pop();
        operands[i] = slot_for(v);
    }
    Operand e = pop();
    pointer(e, in.mem, row.access_bytes, true);
    emit(atomic_id(in.op), abcd(0, operands[0], operands[1]));
    if (row.signature.result_count) result(class_of(row.signature.results[0]));
}

void Translator::wait_or_notify(const Instr& in) {
    bool waits = in.op != Op::memory_atomic_notify;
    u32 timeout = waits ? slot_for(pop()) : 0;
    u32 operand = slot_for(pop());
    Operand e = pop();
    pointer(e, in.mem, in.op == Op::memory_atomic_wait64 ? 8 : 4, true);
    Body b = !waits ? Body::atomic_notify : in.op == Op::memory_atomic_wait32 ? Body::atomic_wait32 : Body::atomic_wait64;
    emit(body_id(b), abcd(0, operand, timeout));
    if (waits) word(in.mem.memory);
    result(Class::i32);
}

void Translator::wide_arithmetic(Op op) {
    u32 operands[4] = {};
    u32 n = info(op).signature.operand_count;
    for (u32 i = n; i-- > 0;) {
        Operand e = pop();
        operands[i] = slot_for(e);
    }
    Body b = op == Op::i64_add128 ? Body::add128 : op == Op::i64_sub128 ? Body::sub128 : op == Op::i64_mul_wide_s ? Body::mul_wide_s : Body::mul_wide_u;
    emit(body_id(b), abcd(operands[0], operands[1], operands[2], operands[3]));
    u32 home = home_;
    bool far = is_far(home, 2);
    word(far ? result_window_ : home);
    push_home(Class::i64);
    push_home(Class::i64);
    written(home, Class::v128);
    if (far)
        for (u32 i = 0; i < 2; ++i) emit(body_id(Body::move_wide), halves(home + i, result_window_ + i));
}

}  // namespace heddle
