// Hot handlers: what runs most, in several copies.
//
// A *sequence* is the handlers of up to four neighbouring cells as one: a superinstruction. It is an overlay: the first cell gets its address in
// place of its own handler's, and the others stay complete and valid. So branches into the middle, traps, walks of the stack and positions in
// the code need not know of it.
//
// A processor predicts an indirect jump by where it stands. With one copy of a handler, all its uses share one jump to many different
// handlers; with several copies, used in turn, most jumps go to one place. Hot handlers stand side by side in memory, so that all copies
// together fit half of a core's second-level cache.
#pragma once
#include <span>

#include "handlers.hpp"

namespace heddle {

inline constexpr u32 longest_sequence = 4;
struct HotSequence {
    HandlerId ids[longest_sequence];
    u32 length;
};

template <class... Ids>
constexpr HotSequence hot_sequence(Ids... ids) {
    static_assert(sizeof...(Ids) <= longest_sequence);
    return {{HandlerId(ids)...}, sizeof...(Ids)};
}

// How hot.def writes a handler: numeric row, shape, to a slot too · with pinned locals: row, operands, result · comparison, shape, back edge · float comparison, shape, negated, back edge ·
// compare and select · load, address, to a slot too · store of 1 << log2 bytes, address, value · vector row, shape, to a slot too ·
// vector load, address, to a slot too · vector store, address, value · plain body · control ·
// call with moved arguments and zeroed locals.
#define N(op, shape, d) u32(binary_id(Op::op, Shape::shape)) + d
#define PIN(op, a, b, to) pinned_id(Op::op, Source::a, Source::b, PinnedResult::to)
#define C(compare, shape, back) compare_branch_id(Compare::compare, CompareShape::shape, edge(back))
#define F(op, shape, negated, back) float_branch_id(u32(Op::op) - u32(Op::f32_eq), Shape::shape, negated, edge(back))
#define X(compare, shape) compare_select_id(Compare::compare, CompareShape::shape)
#define L(op, address, d) u32(load_id(Op::op, Address::address)) + d
#define S(log2, address, stored) store_id(log2, Address::address, Stored::stored)
#define V(op, shape, d) u32(simd_id(Op::op, VectorShape::shape)) + d
#define VL(op, address, d) u32(vector_load_id(Op::op, Address::address)) + d
#define VS(address, value) vector_store_id(Address::address, Source::value)
#define B(name) body_id(Body::name)
#define K(name) control_id(Control::name)
#define CALL(moves, zeroed) call_id(moves, zeroed)
#define HOT(...) hot_sequence(__VA_ARGS__),
inline constexpr HotSequence hot_sequences[] = {
#include "hot.def"
};
#undef N
#undef PIN
#undef C
#undef F
#undef X
#undef L
#undef S
#undef V
#undef VL
#undef VS
#undef B
#undef K
#undef CALL
#undef HOT
inline constexpr u32 hot_count = u32(std::size(hot_sequences));

// Whether a handler may be a member of a sequence, and where.
enum class Membership : u8 { none, anywhere, last };
Membership membership(HandlerId id);
// As hot.def writes it, or the name of a handler that cannot be a member.
std::string handler_name(HandlerId id);

// How many copies there are, and how many suit this machine; 0: none is to be used.
u32 hot_copies();
u32 suitable_copies();

// Chooses, for a function's cells in their order, which are run by hot handlers: the fewest dispatches. `chosen[i]` becomes the address that
// cell i's first word is to hold, or 0 where that is its own handler's. Copies are used in turn, `copies` of them. `cells` are what plain code
// runs, also where it is metered.
void choose_hot(std::span<const HandlerId> cells, std::span<Word> chosen, u32 copies, bool metered);
// How many dispatches that takes when the cells run in a row.
u32 hot_dispatches(std::span<const HandlerId> cells);

}  // namespace heddle
