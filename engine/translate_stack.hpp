// What every instruction does with the translator's state, inlined where it is done. Included by translate*.cpp only.
#pragma once
#include <utility>

#include "translator.hpp"

namespace heddle {

inline void Translator::emit(HandlerId id, u64 operands) {
    cells.push_back({here(), offset_, id});
    words.push_back(0);
    words.push_back(operands);
}

inline u64 Translator::abcd(u32 a, u32 b, u32 c, u32 d) {
    if ((a | b | c | d) > 0xffff) too_many_slots();
    return u64(a) | u64(b) << 16 | u64(c) << 32 | u64(d) << 48;
}
inline u64 Translator::ab_hi(u32 a, u32 b, u64 hi) { return abcd(a, b) | hi << 32; }

inline void Translator::written(u32 slot, Class c) {
    u32 end = slot + slots_of(c);
    for (u32 reg = 0; reg < registers; ++reg) {
        u32& mirrors = acc_[reg].mirrors;
        if (mirrors < end && mirrors + (reg == vector_register) >= slot) mirrors = none;
    }
    if (kept_ >= slot && kept_ < end) kept_ = none;
}

inline void Translator::forget() {
    acc_ = {};
    kept_ = none;
    last_.cell = none;
}

// A slot that cells can name, holding what `slot` holds.
inline u32 Translator::near(u32 slot, Class c) {
    return is_far(slot, slots_of(c)) ? brought_near(slot, c) : slot;
}

inline Translator::Operand& Translator::push(Operand::Kind kind, Class c, u32 slot, u32 chain, u64 bits) {
    Operand& e = stack_.emplace_back(kind, c, home_, slot, chain, bits);
    home_ += slots_of(c);
    highest_ = std::max(highest_, home_);
    return e;
}

inline Translator::Operand& Translator::push(Operand::Kind kind, Class c) { return push(kind, c, home_, none, 0); }
inline void Translator::push_home(Class c) { push(Operand::Kind::home, c); }
inline void Translator::push_constant(Class c, u64 bits) { push(Operand::Kind::constant, c, home_, none, bits); }
inline void Translator::push_local(u32 slot, Class c) {
    u32 chain = std::exchange(aliases_[slot], u32(stack_.size()));
    push(Operand::Kind::local, c, slot, chain, 0);
}
inline Translator::Operand& Translator::pop() {
    Operand& e = stack_.back();
    stack_.pop_back();
    home_ = e.home;
    if (e.kind == Operand::Kind::local) aliases_[e.slot] = e.chain;
    settled_ = std::min(settled_, u32(stack_.size()));
    return e;
}

// The cell just emitted gives this, in its accumulator.
inline void Translator::result(Class c, bool folds) {
    Operand& e = push(Operand::Kind::pending, c);
    acc_[register_of(c)] = {none, u32(stack_.size()) - 1, last_cell(), folds};
    if (layout_.wide) wide_result(e, folds);
}

// Makes a producer write to `slot` too.
inline void Translator::fold_into(const Accumulator& a, u32 slot) {
    Cell& c = cells[a.producer];
    if (a.folds) ++c.handler;
    Word& operands = words[c.position + 1];
    operands = (operands & ~u64(0xffff)) | abcd(slot, 0);
}

inline void Translator::flush(u32 reg) {
    Accumulator& a = acc_[reg];
    if (a.pending == none) return;
    Operand& e = stack_[a.pending];
    fold_into(a, e.home);
    written(e.home, e.type);
    e.kind = Operand::Kind::home;
    e.slot = e.home;
    a.folds = false;
    a.pending = none;
    a.mirrors = e.home;
}

// Before a cell that gives a result of this class: arithmetic that waits in the f64 accumulator goes to a register beside it too.
inline void Translator::make_room(u32 reg) {
    bool waits = acc_[reg].pending != none;
    flush(reg);
    if (waits && reg == register_of(Class::f64)) keep(acc_[reg].producer);
}

inline void Translator::flush_all() {
    for (u32 reg = 0; reg < registers; ++reg) flush(reg);
}

inline Translator::Taken Translator::take(const Operand& e) {
    if (e.kind == Operand::Kind::constant) return {Source::I, false, e.home, e.bits};
    Accumulator& a = acc_[register_of(e.type)];
    if (e.kind == Operand::Kind::pending) {
        a.pending = none;
        return {Source::A, true, e.home, 0};
    }
    if (a.mirrors == e.slot) return {Source::A, false, e.slot, 0};
    return {Source::S, false, near(e.slot, e.type), 0};
}

inline bool Translator::is_pending_last(const Operand& e) const {
    return e.kind == Operand::Kind::pending && acc_[register_of(e.type)].producer == last_cell();
}
inline bool Translator::is_fusable(const Operand& e) const {
    return e.kind == Operand::Kind::pending && is_pending_last(e) && last_.cell == last_cell();
}

}  // namespace heddle
