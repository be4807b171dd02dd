// Values of type f64 that have registers beside the accumulator: two locals of an innermost loop, chosen by what it does with them, and the
// operand that the accumulator was last cleared of.
//
// Their slots are always written too, so that no trap, no exit of a loop and nothing that forgets registers has to know. A loop that calls,
// allocates or waits has no such locals: the registers would have to be filled again. Only a poll can be where such a loop goes on in another
// run(); the cells at `resume` serve that.
#include "translate_stack.hpp"

#include <utility>

namespace heddle {
namespace {

// Whether the instruction can stand in a loop with pinned locals, and is no block or variable. A br_table polls wherever it leads.
bool is_simple(const Instr& in) {
    switch (info(in.op).kind) {
    case RowKind::pure:
    case RowKind::lane:
    case RowKind::load:
    case RowKind::store:
    case RowKind::vload:
    case RowKind::vstore:
    case RowKind::loadlane:
    case RowKind::storelane:
    case RowKind::wide: return true;
    default: break;
    }
    switch (in.op) {
    case Op::unreachable:
    case Op::nop:
    case Op::else_:
    case Op::br:
    case Op::br_if:
    case Op::return_:
    case Op::drop:
    case Op::select:
    case Op::select_t:
    case Op::global_get:
    case Op::global_set:
    case Op::i32_const:
    case Op::i64_const:
    case Op::f32_const:
    case Op::f64_const:
    case Op::v128_const:
    case Op::i8x16_shuffle: return true;
    default: return false;
    }
}

constexpr i32 worth_a_register = 3, carried = 2;

}  // namespace

// What the loop whose body begins here does with its f64 locals. False where something in it could lose registers, or another loop is inside.
bool Translator::count_uses() {
    Reader r = reader_;
    Instr in;
    bool is_result = false;
    for (u32 depth = 0;;) {
        read_instr(r, in);
        bool sets = in.op == Op::local_set || in.op == Op::local_tee;
        if (in.op == Op::local_get || sets) {
            if (local_types_[in.index] == Class::f64) count_use(in.index, sets, is_result);
        } else if (in.op == Op::block || in.op == Op::if_) {
            ++depth;
        } else if (in.op == Op::end) {
            if (depth-- == 0) return true;
        } else if (!is_simple(in)) {
            return false;
        }
        is_result = is_pinned_row(in.op);
    }
}

// One for a use, and for a result of arithmetic, and more when a turn begins with what arithmetic of the last one gave, since the loop waits for
// that; to set it to anything else costs a cell.
void Translator::count_use(u32 local, bool sets, bool is_result) {
    Use& use = uses_[local];
    if (!use.is_read_first && !use.is_set) used_.push_back(local);
    if (!sets) {
        ++use.weight;
        use.is_read_first = use.is_read_first || !use.is_set;
    } else {
        use.weight += !is_result ? -1 : use.is_read_first && !use.is_set ? 1 + carried : 1;
        use.is_set = true;
    }
}

// The locals that the loop gains most by.
void Translator::choose_pins() {
    pins_ = {none, none};
    if (!may_pin_) return;
    uses_.resize(local_types_.size());
    bool can = count_uses();
    i32 best[2] = {worth_a_register - 1, worth_a_register - 1};
    for (u32 local : used_) {
        Use use = std::exchange(uses_[local], {});
        if (!can || use.weight <= best[1]) continue;
        best[1] = use.weight;
        pins_[1] = local_slots_[local];
        if (best[1] <= best[0]) continue;
        std::swap(best[0], best[1]);
        std::swap(pins_[0], pins_[1]);
    }
    used_.clear();
}

// In front of the loop's label.
void Translator::enter_pins() {
    choose_pins();
    if (has_pins()) emit(body_id(Body::load_pins), pin_slots());
}

u64 Translator::pin_slots() const { return abcd(pins_[0], pins_[1] == none ? pins_[0] : pins_[1]); }

// Behind the function's code.
void Translator::resume_cells() {
    for (std::size_t i = 0; i < range.pinned.size(); ++i) {
        offset_ = entries_[i].offset;
        range.pinned[i].resume = here();
        emit(body_id(Body::load_pins), entries_[i].slots);
        emit(control_id(Control::br), 0);
        words.pop_back();
        targets.push_back(here());
        word(range.pinned[i].first);
    }
}

Source Translator::pin_of(const Operand& e, Source otherwise) const {
    if (e.kind == Operand::Kind::local) return e.slot == pins_[0] ? Source::P : e.slot == pins_[1] ? Source::Q : otherwise;
    return e.kind == Operand::Kind::home && e.slot == kept_ ? Source::R : otherwise;
}

// Arithmetic with a pinned operand, if there is one.
bool Translator::binary_with_pins(Op op, const Operand& ea, const Operand& eb, const Taken& a, const Taken& b) {
    Source first = pin_of(ea, a.source), second = pin_of(eb, b.source);
    if (!is_pinned_row(op) || !(is_pin(first) || is_pin(second))) return false;
    make_room(register_of(Class::f64));
    u32 field_a = first == Source::S ? a.slot : 0, field_b = second == Source::S ? b.slot : 0;
    emit(pinned_id(op, first, second, PinnedResult::A), first == Source::I ? abcd(0, field_b) : abcd(0, field_a, field_b));
    if (first == Source::I || second == Source::I) word(first == Source::I ? a.bits : b.bits);
    result(Class::f64);
    return true;
}

// Makes arithmetic that writes to a slot fill that slot's register too.
bool Translator::set_result(Cell& c, PinnedResult to) {
    u32 index = c.handler & 0xfff;
    if (Group(c.handler >> 12) == Group::pinned) {
        c.handler = HandlerId(c.handler + u32(to) - u32(PinnedResult::S));
    } else if (Group(c.handler >> 12) == Group::numeric && is_pinned_row(numeric_op(index / numeric_variants))) {
        Shape shape = Shape(index % numeric_variants / 2);
        c.handler = pinned_id(numeric_op(index / numeric_variants), first_source(shape), second_source(shape), to);
    } else {
        return false;
    }
    return true;
}

// An operand that was just flushed.
void Translator::keep(u32 producer) {
    if (set_result(cells[producer], PinnedResult::R)) kept_ = acc_[register_of(Class::f64)].mirrors;
}

// The local's slot was just written, by a cell that leaves the value in the accumulator too.
void Translator::pin_result(u32 slot) {
    if (slot != pins_[0] && slot != pins_[1]) return;
    bool first = slot == pins_[0];
    if (!set_result(cells.back(), first ? PinnedResult::P : PinnedResult::Q)) emit(body_id(first ? Body::set_pin_p : Body::set_pin_q), 0);
}

// The local's slot was just written, by another cell.
void Translator::reload_pin(u32 slot) {
    if (slot == pins_[0] || slot == pins_[1]) emit(body_id(Body::load_pins), pin_slots());
}

}  // namespace heddle
