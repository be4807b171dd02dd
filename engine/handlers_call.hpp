// The control handlers that superinstructions may end in: plain branches, calls of own functions, returns.
#pragma once
#include "handler.hpp"

namespace heddle {
namespace {

ALWAYS_INLINE const Word* code_at(Word w) { return reinterpret_cast<const Word*>(w); }

// ---- branches

inline HANDLER br(REGISTERS) {
    STATE;
    s.pc = code_at(s.pc[1]);
    DISPATCH;
}

inline HANDLER br_back(REGISTERS) {
    STATE;
    s.pc = code_at(s.pc[1]);
    POLL;
    DISPATCH;
}

inline HANDLER br_back_metered(REGISTERS) {
    STATE;
    s.pc = code_at(s.pc[1]);
    CHARGE;
    DISPATCH;
}

// Its targets may lie behind it: polls always.
template <Source source>
HANDLER br_table(REGISTERS) {
    STATE;
    u32 index = s.operand<source, u32>(0), labels = s.hi();
    s.pc = code_at(s.pc[2 + (index < labels ? index : labels)]);
    POLL;
    DISPATCH;
}
constexpr Handler br_table_s = br_table<Source::S>, br_table_a = br_table<Source::A>;

// ---- returns: the result goes to slot 0, which is the caller's operand, and to the accumulator of its class

struct Nothing {};

template <class T, Source source>
HANDLER return_one(REGISTERS) {
    STATE;
    // The record may lie where the result goes: it is read first.
    const Slot* record = s.frame + s.u16_at(0);
    const Word* pc = code_at(record[0].bits);
    Slot* frame = reinterpret_cast<Slot*>(record[1].bits);
    if constexpr (std::is_same_v<T, u64>) {
        if constexpr (source == Source::S) s.acc = s.get<u64>(1);
        if constexpr (source == Source::I) s.acc = s.hi();
        store(s.frame, s.acc);
    } else if constexpr (std::is_same_v<T, f64>) {
        if constexpr (source == Source::S) s.acc_f64 = s.get<f64>(1);
        store(s.frame, s.acc_f64);
    } else if constexpr (std::is_same_v<T, f32>) {
        if constexpr (source == Source::S) s.acc_f32 = s.get<f32>(1);
        store(s.frame, s.acc_f32);
    }
    s.pc = pc;
    s.frame = frame;
    DISPATCH;
}
constexpr Handler return_none = return_one<Nothing, Source::S>, return_acc = return_one<u64, Source::A>, return_slot = return_one<u64, Source::S>,
                  return_imm = return_one<u64, Source::I>, return_acc_f64 = return_one<f64, Source::A>, return_slot_f64 = return_one<f64, Source::S>,
                  return_acc_f32 = return_one<f32, Source::A>, return_slot_f32 = return_one<f32, Source::S>;

// ---- calls

// Zeroes [to - n, to). The empty statement keeps it a loop: a call of memset would need a native frame.
ALWAYS_INLINE void zero_below(Slot* to, u64 n) {
    for (Slot* z = to - n; z != to; ++z) {
        z->bits = 0;
        asm volatile("" : "+r"(z));
    }
}

ALWAYS_INLINE u64 limit(const State& s) { return s.context().limit.load(std::memory_order_relaxed); }

// A function of this module. Cell: see call_id in handlers.hpp.
template <u32 moves, u32 zeroes, bool metered = false>
HANDLER call(REGISTERS) {
    STATE;
    constexpr u32 words = moves ? 4 : 3;
    Slot* next = reinterpret_cast<Slot*>(s.slot(0));
    if (reinterpret_cast<u64>(next) > limit(s)) [[unlikely]] TAIL_CALL no_room_handler(PASS);
    Slot* record = reinterpret_cast<Slot*>(s.slot(1));
    if constexpr (moves) {
        Slot* to = reinterpret_cast<Slot*>(s.slot(2));
        u64 from = s.pc[3];
        to[0] = s.frame[u16(from)];
        if constexpr (moves > 1) to[1] = s.frame[u16(from >> 16)];
        if constexpr (moves > 2) to[2] = s.frame[u16(from >> 32)];
        if constexpr (moves > 3) to[3] = s.frame[from >> 48];
    }
    if constexpr (zeroes == call_zeroes - 1) zero_below(record, s.u16_at(3));
    if constexpr (zeroes >= 1 && zeroes < call_zeroes - 1) record[-1].bits = 0;
    if constexpr (zeroes >= 2 && zeroes < call_zeroes - 1) record[-2].bits = 0;
    if constexpr (zeroes >= 3 && zeroes < call_zeroes - 1) record[-3].bits = 0;
    if constexpr (zeroes >= 4 && zeroes < call_zeroes - 1) record[-4].bits = 0;
    record[0].bits = reinterpret_cast<u64>(s.pc + words + 2);
    record[1].bits = reinterpret_cast<u64>(s.frame);
    const FuncCode* callee = reinterpret_cast<const FuncCode*>(s.pc[2]);
    s.frame = next;
    if constexpr (metered) {
        s.pc = callee->paid_entry.load(std::memory_order_acquire);
        CHARGE;
    } else {
        s.pc = callee->entry.load(std::memory_order_acquire);
    }
    DISPATCH;
}

}  // namespace
}  // namespace heddle
