// The handler ABI: how cells are dispatched. Included by handlers_*.cpp and interpreter.cpp only.
//
// The machine's state travels in registers, as arguments of a chain of tail calls: every handler ends by jumping to the next cell's handler.
// Straight-line semantics are *bodies*: `TrapCode body(State&)`, inlined, which do not dispatch. A handler is one body, or several in a
// row (a superinstruction), or a control handler, which dispatches itself.
//
//   clang                      musttail and preserve_none: the jump is guaranteed
//   gcc, HEDDLE_SIBLING_CALLS  optimised builds: sibling calls, which GCC makes of every such call (the state fits the argument registers)
//   gcc otherwise              debug and sanitizer builds: handlers return to a loop in run()
//
// Handlers do not allocate, throw or destruct; what might is called out of line. All have internal linkage, so that the linker cannot
// merge copies of the whole set.
#pragma once
#include <array>
#include <cstring>
#include <type_traits>

#include "handlers.hpp"
#include "numeric.hpp"
#include "runtime.hpp"
#include "runtime_calls.hpp"

#if defined(__clang__)
#define HEDDLE_LOOP 0
#define HEDDLE_CONTEXT_REGISTER 1  // there are enough registers to keep the context in one
#define HANDLER __attribute__((preserve_none)) void
#define TAIL_CALL [[clang::musttail]] return
#elif defined(HEDDLE_SIBLING_CALLS)
#define HEDDLE_LOOP 0
#define HEDDLE_CONTEXT_REGISTER 0
#define HANDLER void
#define TAIL_CALL return
#else
#define HEDDLE_LOOP 1
#define HEDDLE_CONTEXT_REGISTER 0
#define HANDLER void
#define TAIL_CALL return
#endif

#define ALWAYS_INLINE [[gnu::always_inline]] inline

namespace heddle {

template <class T>
ALWAYS_INLINE T load(const void* at) {
    T v;
    std::memcpy(&v, at, sizeof v);
    return v;
}
template <class T>
ALWAYS_INLINE void store(void* at, T v) {
    std::memcpy(at, &v, sizeof v);
}

// A v128 in one register of the machine; memory, slots and semantics see a V128.
typedef u64 VectorRegister __attribute__((vector_size(16)));

// The machine's registers.
struct State {
    const Word* pc;
    Slot* frame;
    u64 acc;                    // an i32 zero-extended, an i64, a reference
    u8* memory;                 // memory 0: base and size in bytes
    u64 memory_size;
    InstanceObject* instance;
    f64 acc_f64;
    f32 acc_f32;
    VectorRegister acc_v128;
    f64 pin_p, pin_q, kept;     // copies of slots: f64 locals pinned for a loop, an operand
#if HEDDLE_CONTEXT_REGISTER
    ExecContext* context_;      // the same for all instances of a Store
    ALWAYS_INLINE ExecContext& context() const { return *context_; }
#else
    ALWAYS_INLINE ExecContext& context() const { return *instance->context; }
#endif

    // Operands by number: four of 16 bits in word 1, its halves, and further words.
    ALWAYS_INLINE u32 u16_at(u32 i) const { return load<u16>(reinterpret_cast<const u8*>(pc + 1) + 2 * i); }
    ALWAYS_INLINE i32 i16_at(u32 i) const { return load<i16>(reinterpret_cast<const u8*>(pc + 1) + 2 * i); }
    ALWAYS_INLINE u32 lo() const { return load<u32>(pc + 1); }
    ALWAYS_INLINE u32 hi() const { return load<u32>(reinterpret_cast<const u8*>(pc + 1) + 4); }
    ALWAYS_INLINE u8* slot(u32 i) const { return reinterpret_cast<u8*>(frame + u16_at(i)); }
    template <class T>
    ALWAYS_INLINE T get(u32 i) const {
        if constexpr (std::is_same_v<T, V128>) return std::bit_cast<V128>(load<VectorRegister>(slot(i)));
        else return load<T>(slot(i));
    }
    template <class T>
    ALWAYS_INLINE T accumulator() const {
        if constexpr (std::is_same_v<T, f64>) return acc_f64;
        else if constexpr (std::is_same_v<T, f32>) return acc_f32;
        else if constexpr (std::is_same_v<T, V128>) return std::bit_cast<V128>(acc_v128);
        else return T(acc);
    }
    template <class T>
    ALWAYS_INLINE T immediate() const {  // i32 and i64: 32 bits, sign-extended
        if constexpr (std::is_same_v<T, f64>) return load<f64>(pc + 2);
        else if constexpr (std::is_same_v<T, f32>) return std::bit_cast<f32>(hi());
        else return T(i64(i32(hi())));
    }
    template <Source source, class T>
    ALWAYS_INLINE T operand(u32 i) const {
        if constexpr (source == Source::S) return get<T>(i);
        else if constexpr (source == Source::A) return accumulator<T>();
        else if constexpr (source == Source::P) return pin_p;
        else if constexpr (source == Source::Q) return pin_q;
        else if constexpr (source == Source::R) return kept;
        else return immediate<T>();
    }
    // A result: always to the accumulator of its class, with to_slot also to slot a. i32 results are zero-extended.
    template <bool to_slot, class T>
    ALWAYS_INLINE void put(T v) {
        if constexpr (std::is_same_v<T, f64>) {
            acc_f64 = v;
            if constexpr (to_slot) store(slot(0), v);
        } else if constexpr (std::is_same_v<T, f32>) {
            acc_f32 = v;
            if constexpr (to_slot) store(slot(0), v);
        } else if constexpr (std::is_same_v<T, V128>) {
            acc_v128 = std::bit_cast<VectorRegister>(v);
            if constexpr (to_slot) store(slot(0), acc_v128);
        } else {
            acc = u64(std::make_unsigned_t<T>(v));
            if constexpr (to_slot) store(slot(0), acc);
        }
    }
};

inline void set_context([[maybe_unused]] State& s, [[maybe_unused]] ExecContext& context) {
#if HEDDLE_CONTEXT_REGISTER
    s.context_ = &context;
#endif
}

#if HEDDLE_LOOP
using Handler = void (*)(State&);
#define REGISTERS State& s
#define STATE
#define PASS s
#define DISPATCH return
#define LEAVE do { s.pc = nullptr; return; } while (0)
#else
#if HEDDLE_CONTEXT_REGISTER
#define AND_CONTEXT(x) , x
#else
#define AND_CONTEXT(x)
#endif
#define REGISTERS \
    const Word *pc_, Slot *frame_, u64 acc_, u8 *memory_, u64 memory_size_, InstanceObject *instance_, f64 acc_f64_, f32 acc_f32_, \
    VectorRegister acc_v128_, f64 pin_p_, f64 pin_q_, f64 kept_ AND_CONTEXT(ExecContext* context_)
#define STATE State s{pc_, frame_, acc_, memory_, memory_size_, instance_, acc_f64_, acc_f32_, acc_v128_, pin_p_, pin_q_, kept_ AND_CONTEXT(context_)}
#define PASS s.pc, s.frame, s.acc, s.memory, s.memory_size, s.instance, s.acc_f64, s.acc_f32, s.acc_v128, s.pin_p, s.pin_q, s.kept AND_CONTEXT(s.context_)
using Handler = HANDLER (*)(REGISTERS);
#define DISPATCH TAIL_CALL reinterpret_cast<Handler>(s.pc[0])(PASS)
#define LEAVE return
#endif

// Runs from s.pc until a handler leaves.
inline void run_handlers(State& s) {
#if HEDDLE_LOOP
    while (s.pc) reinterpret_cast<Handler>(s.pc[0])(s);
#else
    reinterpret_cast<Handler>(s.pc[0])(PASS);
#endif
}

#define NEXT(words)      \
    do {                 \
        s.pc += (words); \
        DISPATCH;        \
    } while (0)

// Keeps the two arms of a guest branch apart: otherwise the compiler merges them into a cmov and one jump with many targets, which costs
// twice what a branch and two jumps cost.
#define KEEP_ARM asm volatile("")

// Where handlers go when something is rare. Defined in interpreter.cpp.
HANDLER trap_handler(REGISTERS);         // the trap code in the accumulator; leaves run()
HANDLER memory_trap_handler(REGISTERS);  // an access was out of bounds: tries again when the memory has grown meanwhile, else traps
HANDLER poll_handler(REGISTERS);         // a poll saw the interrupt flag, or fuel ran out; goes on at pc, where no accumulator is live
HANDLER no_room_handler(REGISTERS);      // the call at pc saw its frame above the limit: a lowered limit, or the stack's end

#define TRAP(code)                                                                    \
    do {                                                                              \
        TrapCode trap_code = (code);                                                  \
        if (trap_code == TrapCode::memory_out_of_bounds) TAIL_CALL memory_trap_handler(PASS); \
        s.acc = u64(trap_code);                                                       \
        TAIL_CALL trap_handler(PASS);                                                 \
    } while (0)

// Goes on at s.pc, the target of a back edge.
#define POLL                                                                                                  \
    do {                                                                                                      \
        if (s.context().interrupt.load(std::memory_order_relaxed) != 0) [[unlikely]] TAIL_CALL poll_handler(PASS); \
    } while (0)

// Where code is metered, instead: goes on at s.pc, the first cell of a loop's turn or of a function. What that costs lies in the word before it
// (see `charge`). Fuel comes in portions, and an interrupt is seen when one ends.
#define CHARGE                                                                                                \
    do {                                                                                                      \
        if ((s.context().fuel -= i64(s.pc[-1])) < 0) [[unlikely]] TAIL_CALL poll_handler(PASS);      \
    } while (0)

// After a call into C++ that may have grown a memory, and after a change of instance.
ALWAYS_INLINE void reload_memory(State& s) {
    MemoryObject* m = s.instance->memory0;
    s.memory = m ? m->base.load(std::memory_order_relaxed) : nullptr;
    s.memory_size = m ? m->bytes.load(std::memory_order_relaxed) : 0;
}

// What a row of opcodes.def computes, as a type: operand and result types, whether it may trap, and the function itself.
template <auto function, class Type = decltype(function)>
struct Semantics;
template <auto function, class R, class A>
struct Semantics<function, R (*)(A)> {
    using Result = R;
    using First = A;
    static constexpr u32 operands = 1;
    ALWAYS_INLINE static R apply(A a, TrapCode&) { return function(a); }
};
template <auto function, class R, class A>
struct Semantics<function, R (*)(A, TrapCode&)> {
    using Result = R;
    using First = A;
    static constexpr u32 operands = 1;
    ALWAYS_INLINE static R apply(A a, TrapCode& trap) { return function(a, trap); }
};
template <auto function, class R, class A, class B>
struct Semantics<function, R (*)(A, B)> {
    using Result = R;
    using First = A;
    using Second = B;
    static constexpr u32 operands = 2;
    ALWAYS_INLINE static R apply(A a, B b, TrapCode&) { return function(a, b); }
};
template <auto function, class R, class A, class B>
struct Semantics<function, R (*)(A, B, TrapCode&)> {
    using Result = R;
    using First = A;
    using Second = B;
    static constexpr u32 operands = 2;
    ALWAYS_INLINE static R apply(A a, B b, TrapCode& trap) { return function(a, b, trap); }
};
template <auto function, class R, class A, class B, class C>
struct Semantics<function, R (*)(A, B, C)> {
    using Result = R;
    using First = A;
    using Second = B;
    using Third = C;
    static constexpr u32 operands = 3;
    ALWAYS_INLINE static R apply(A a, B b, C c, TrapCode&) { return function(a, b, c); }
};

// The tables of handlers, one per group, built at compile time.
template <std::size_t count>
using HandlerTable = std::array<Handler, count>;
extern const HandlerTable<numeric_rows * numeric_variants> numeric_handlers;
extern const HandlerTable<branch_count> branch_handlers;
extern const HandlerTable<memory_count> memory_handlers;
extern const HandlerTable<simd_count> simd_handlers;
extern const HandlerTable<control_count> control_handlers;
extern const HandlerTable<std::size_t(Body::count_)> body_handlers;
extern const HandlerTable<std::size_t(ObjectRow::count_)> object_handlers;
extern const HandlerTable<cont_count> cont_handlers;
extern const HandlerTable<pinned_count> pinned_handlers;

namespace {

// A handler of one body whose cell has `words` words.
template <auto body, u32 words>
HANDLER straight(REGISTERS) {
    STATE;
    TrapCode t = body(s);
    if (t == TrapCode::none) [[likely]] NEXT(words);
    TRAP(t);
}

}  // namespace

}  // namespace heddle
