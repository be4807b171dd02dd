// Comparisons fused with a branch or a select.
#pragma once
#include "handler.hpp"

namespace heddle {
namespace {

template <class T>
constexpr u32 test(T a, T b) { return (a & b) != 0; }
template <class T>
constexpr u32 test_not(T a, T b) { return (a & b) == 0; }

constexpr Source first(CompareShape s) { return s == CompareShape::AS || s == CompareShape::AI ? Source::A : Source::S; }
constexpr Source second(CompareShape s) { return s == CompareShape::SS || s == CompareShape::AS ? Source::S : Source::I; }

// Goes to the target in the cell's last word when `condition`. Back edges poll or charge, and are laid out as taken.
#define BRANCH(condition, words, edge)                                                          \
    do {                                                                                        \
        if (__builtin_expect(condition, (edge) != Edge::forward)) {                             \
            s.pc = reinterpret_cast<const Word*>(s.pc[(words) - 1]);                            \
            if constexpr ((edge) == Edge::back) POLL;                                           \
            if constexpr ((edge) == Edge::metered) CHARGE;                                      \
            KEEP_ARM;                                                                           \
            DISPATCH;                                                                           \
        }                                                                                       \
        NEXT(words);                                                                            \
    } while (0)

template <class Row, CompareShape shape, Edge edge>
HANDLER compare_branch(REGISTERS) {
    STATE;
    using T = typename Row::First;
    TrapCode none = TrapCode::none;
    bool taken = Row::apply(s.operand<first(shape), T>(0), s.operand<second(shape), T>(1), none) != 0;
    BRANCH(taken, 3, edge);
}

template <class Row, Shape shape, bool negated, Edge edge>
HANDLER float_branch(REGISTERS) {
    STATE;
    using T = typename Row::First;
    constexpr Source a = first_source(shape), b = second_source(shape);
    constexpr bool has_word = std::is_same_v<T, f64> && (a == Source::I || b == Source::I);
    TrapCode none = TrapCode::none;
    T x = s.operand<a, T>(0), y = s.operand<b, T>(a == Source::I ? 0 : 1);
    bool taken = (Row::apply(x, y, none) != 0) != negated;
    BRANCH(taken, has_word ? 4 : 3, edge);
}

template <class Row, CompareShape shape>
ALWAYS_INLINE TrapCode compare_select(State& s) {
    using T = typename Row::First;
    TrapCode none = TrapCode::none;
    u32 truth = Row::apply(s.operand<first(shape), T>(1), s.operand<second(shape), T>(2), none);
    u64 slots = s.pc[2];
    u64 x = load<u64>(s.frame + u16(slots)), y = load<u64>(s.frame + u16(slots >> 16));
    s.put<true>(truth ? x : y);
    return TrapCode::none;
}

}  // namespace
}  // namespace heddle
