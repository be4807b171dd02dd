// Stack switching. Every operand lies in a slot when stacks change, as at a call; nothing is kept in accumulators behind it.
#include "translate_stack.hpp"

namespace heddle {

namespace {

u32 slots_of(std::span<const ValType> types) {
    u32 n = 0;
    for (ValType t : types) n += t.slots();
    return n;
}

}  // namespace

const FuncType& Translator::cont_func(u32 type) const { return m_.type_table->func((*m_.type_table)[m_.types[type]].cont); }

void Translator::cont_op(const Instr& in) {
    switch (in.op) {
    case Op::cont_new: return cont_new();
    case Op::cont_bind: return cont_bind(in);
    case Op::suspend: return suspend(in);
    case Op::switch_: return switch_(in);
    default: return resume(in);
    }
}

void Translator::cont_new() {
    u32 function = slot_for(pop());
    flush_all();
    emit(cont_id(ContRow::cont_new), abcd(result_slot(Class::i64), function));
    slot_result(Class::i64);
}

void Translator::cont_bind(const Instr& in) {
    std::span<const ValType> all = cont_func(in.index).params;
    u32 cont = slot_for(pop());
    FuncType bound;
    bound.params.assign(all.begin(), all.end() - std::ptrdiff_t(cont_func(in.index2).params.size()));
    u32 first = arguments(bound);
    emit(cont_id(ContRow::cont_bind), ab_hi(cont, 0, slots_of(bound.params)));
    word(first);
    forget();
    push_home(Class::i64);
}

void Translator::suspend(const Instr& in) {
    const FuncType& t = m_.type_table->func(m_.tags[in.index]);
    u32 first = arguments(t);
    emit(cont_id(ContRow::suspend), halves(first, in.index));
    word(slots_of(t.params));
    forget();
    last_label_ = here();
    push_types(t.results);
}

// The target's last argument is made by the switch.
void Translator::switch_(const Instr& in) {
    FuncType t = cont_func(in.index);
    const FuncType& own = m_.type_table->func((*m_.type_table)[t.params.back().type()].cont);
    t.params.pop_back();
    Operand target = pop();
    u32 slot = ensure_slot(target);
    u32 first = arguments(t);
    emit(cont_id(ContRow::switch_), halves(first, slot));
    word(halves(slots_of(t.params), in.index2));
    forget();
    last_label_ = here();
    push_types(own.params);
}

void Translator::resume(const Instr& in) {
    static const FuncType exception{{exnref_type}, {}};
    const FuncType& t = cont_func(in.index);
    Operand k = pop();
    u32 cont = ensure_slot(k);
    bool throws = in.op == Op::resume_throw, throws_ref = in.op == Op::resume_throw_ref;
    const FuncType& taken = throws ? m_.type_table->func(m_.tags[in.index2]) : throws_ref ? exception : t;
    u32 first = arguments(taken);
    ContRow row = throws ? ContRow::resume_throw : throws_ref ? ContRow::resume_throw_ref : ContRow::resume;
    emit(cont_id(row), halves(first, cont));
    word(halves(slots_of(taken.params), in.count));
    word(throws ? in.index2 : first);
    resume_handlers(in);
    forget();
    last_label_ = here();
    push_types(t.results);
}

void Translator::resume_handlers(const Instr& in) {
    Reader r(in.vec);
    for (u32 i = 0; i < in.count; ++i) {
        ResumeHandler h = read_resume_handler(r);
        if (h.is_switch) {
            word(h.tag);
            word(0);
            continue;
        }
        Label& l = label(h.label);
        word(halves(h.tag, l.base));
        target(l);
    }
}

}  // namespace heddle
