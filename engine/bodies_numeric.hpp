// Bodies of scalar numeric instructions: operands from slots, accumulators and immediates.
#pragma once
#include "handler.hpp"

namespace heddle {
namespace {

template <class Row, Shape shape, bool to_slot>
ALWAYS_INLINE TrapCode binary(State& s) {
    constexpr Source first = first_source(shape), second = second_source(shape);
    auto a = first == Source::I ? s.immediate<typename Row::First>() : s.operand<first, typename Row::First>(1);
    // With an immediate first operand, the other one is operand b.
    auto b = s.operand<second, typename Row::Second>(first == Source::I ? 1 : 2);
    TrapCode trap = TrapCode::none;
    auto r = Row::apply(a, b, trap);
    if (trap != TrapCode::none) [[unlikely]] return trap;
    s.put<to_slot>(r);
    return TrapCode::none;
}

template <class Row, Source source, bool to_slot>
ALWAYS_INLINE TrapCode unary(State& s) {
    TrapCode trap = TrapCode::none;
    auto r = Row::apply(s.operand<source, typename Row::First>(1), trap);
    if (trap != TrapCode::none) [[unlikely]] return trap;
    s.put<to_slot>(r);
    return TrapCode::none;
}

// With copies of slots: one or both operands, or the result's.
template <class Row, Source first, Source second, PinnedResult to>
ALWAYS_INLINE TrapCode pinned(State& s) {
    TrapCode none = TrapCode::none;
    f64 r = Row::apply(s.operand<first, f64>(1), s.operand<second, f64>(first == Source::I ? 1 : 2), none);
    s.put<to != PinnedResult::A>(r);
    if constexpr (to == PinnedResult::P) s.pin_p = r;
    if constexpr (to == PinnedResult::Q) s.pin_q = r;
    if constexpr (to == PinnedResult::R) s.kept = r;
    return none;
}
constexpr u32 pinned_words(Source first, Source second) { return first == Source::I || second == Source::I ? 3 : 2; }

// Words of a binary operation's cell.
template <class Row, Shape shape>
constexpr u32 binary_words = (first_source(shape) == Source::I || second_source(shape) == Source::I) && std::is_same_v<typename Row::First, f64> ? 3 : 2;

}  // namespace
}  // namespace heddle
