// What a handler does, found by its number at compile time: how one becomes a member of a superinstruction.
//
//   member<id>()   Straight<body, words>, a body to inline and how long its cell is; or Ending<handler>, which dispatches itself and so can
//                  only be the last; or NoMember
#pragma once
#include "bodies_branch.hpp"
#include "bodies_memory.hpp"
#include "bodies_numeric.hpp"
#include "bodies_plain.hpp"
#include "bodies_simd.hpp"
#include "handlers_call.hpp"
#include "rows.hpp"

namespace heddle {
namespace {

template <auto body_function, u32 cell_words>
struct Straight {
    static constexpr bool ends = false;
    static constexpr auto body = body_function;
    static constexpr u32 words = cell_words;
};
template <Handler function>
struct Ending {
    static constexpr bool ends = true;
    static constexpr Handler handler = function;
};
struct NoMember {};

template <u32 index>
constexpr auto numeric_member() {
    constexpr u32 variant = index % numeric_variants;
    using Row = typename PureRow<numeric_op(index / numeric_variants)>::Row;
    constexpr bool to_slot = variant % 2 != 0;
    constexpr Shape shape = Shape(variant / 2);
    if constexpr (Row::operands == 1) return Straight<unary<Row, shape == Shape::AS ? Source::A : Source::S, to_slot>, 2>{};
    else return Straight<binary<Row, shape, to_slot>, binary_words<Row, shape>>{};
}

template <u32 index>
constexpr auto pinned_member() {
    constexpr u32 sources = u32(Source::count_), results = u32(PinnedResult::count_);
    constexpr Source a = Source(index / results / sources % sources), b = Source(index / results % sources);
    constexpr PinnedResult to = PinnedResult(index % results);
    using Row = typename PureRow<Op(u32(Op::f64_add) + index / results / sources / sources)>::Row;
    if constexpr (has_pinned(a, b, to)) return Straight<pinned<Row, a, b, to>, pinned_words(a, b)>{};
    else return NoMember{};
}

template <Compare c>
constexpr auto compare_row() {
    if constexpr (c == Compare::test) return Semantics<&test<u32>>{};
    else if constexpr (c == Compare::test_not) return Semantics<&test_not<u32>>{};
    else if constexpr (c < Compare::i64_eq) return typename PureRow<Op(u32(Op::i32_eq) + u32(c))>::Row{};
    else return typename PureRow<Op(u32(Op::i64_eq) + u32(c) - u32(Compare::i64_eq))>::Row{};
}
template <u32 index>
constexpr auto branch_member() {
    constexpr u32 shapes = u32(CompareShape::count_), edges = u32(Edge::count_);
    if constexpr (index < float_branch_base) {
        using Row = decltype(compare_row<Compare(index / edges / shapes)>());
        return Ending<compare_branch<Row, CompareShape(index / edges % shapes), Edge(index % edges)>>{};
    } else if constexpr (index < select_base) {
        constexpr u32 at = index - float_branch_base, form = at / edges / 2;
        using Row = typename PureRow<Op(u32(Op::f32_eq) + form / u32(Shape::count_))>::Row;
        return Ending<float_branch<Row, Shape(form % u32(Shape::count_)), at / edges % 2 != 0, Edge(at % edges)>>{};
    } else {
        constexpr u32 at = index - select_base;
        using Row = decltype(compare_row<Compare(at / shapes)>());
        return Straight<compare_select<Row, CompareShape(at % shapes)>, 3>{};
    }
}

template <u32 log2>
using Unsigned = std::conditional_t<log2 == 0, u8, std::conditional_t<log2 == 1, u16, std::conditional_t<log2 == 2, u32, u64>>>;

template <u32 index>
constexpr auto memory_member() {
    if constexpr (index < store_base) {
        using Row = LoadRow<Op(u32(Op::i32_load) + index / 2 / u32(Address::count_))>;
        return Straight<load_body<typename Row::Result, typename Row::Type, Address(index / 2 % u32(Address::count_)), index % 2 != 0>, 2>{};
    } else if constexpr (index < atomic_base) {
        constexpr u32 at = index - store_base, form = at / u32(Stored::count_);
        return Straight<store_body<Unsigned<form / u32(Address::count_)>, Address(form % u32(Address::count_)), Stored(at % u32(Stored::count_))>, 2>{};
    } else {
        return NoMember{};
    }
}

template <Op op, u32 variant>
constexpr auto vector_member() {
    constexpr VectorShape shape = VectorShape(variant / 2);
    constexpr bool to_slot = variant % 2 != 0;
    if constexpr (requires { VectorLoadRow<op>::bytes; }) {
        return Straight<vector_load_body<VectorLoadRow<op>::bytes, VectorLoadRow<op>::function, vector_addresses[variant / 2], to_slot>, 2>{};
    } else if constexpr (op == Op::v128_store) {
        return Straight<vector_store_body<vector_addresses[variant / 2], to_slot ? Source::A : Source::S>, 2>{};
    } else if constexpr (op == Op::i8x16_shuffle) {
        if constexpr (has_shuffle_shape(shape)) return Straight<shuffle_body<shape, to_slot>, 4>{};
        else return NoMember{};
    } else if constexpr (requires { typename LaneAccessRow<op>::Type; }) {
        constexpr bool loads = LaneAccessRow<op>::loads;
        if constexpr (!has_lane_shape(shape, loads) || (to_slot && !loads)) return NoMember{};
        else if constexpr (loads) return Straight<load_lane_body<typename LaneAccessRow<op>::Type, shape, to_slot>, 3>{};
        else return Straight<store_lane_body<typename LaneAccessRow<op>::Type, shape>, 3>{};
    } else if constexpr (requires { typename LaneRow<op>::Row; }) {
        if constexpr (has_shape<typename LaneRow<op>::Row, true>(op, shape)) return Straight<lane_body<typename LaneRow<op>::Row, shape, to_slot>, 2>{};
        else return NoMember{};
    } else if constexpr (requires { typename PureRow<op>::Row; }) {
        if constexpr (has_shape<typename PureRow<op>::Row, false>(op, shape)) return Straight<pure_body<typename PureRow<op>::Row, shape, to_slot>, 2>{};
        else return NoMember{};
    } else {
        return NoMember{};
    }
}

template <u32 index>
constexpr auto control_member() {
    constexpr Control c = Control(index);
    if constexpr (c == Control::br) return Ending<br>{};
    else if constexpr (c == Control::br_back) return Ending<br_back>{};
    else if constexpr (c == Control::br_back_metered) return Ending<br_back_metered>{};
    else if constexpr (c == Control::br_table_s) return Ending<br_table_s>{};
    else if constexpr (c == Control::br_table_a) return Ending<br_table_a>{};
    else if constexpr (c == Control::return_none) return Ending<return_none>{};
    else if constexpr (c == Control::return_acc) return Ending<return_acc>{};
    else if constexpr (c == Control::return_slot) return Ending<return_slot>{};
    else if constexpr (c == Control::return_imm) return Ending<return_imm>{};
    else if constexpr (c == Control::return_acc_f64) return Ending<return_acc_f64>{};
    else if constexpr (c == Control::return_slot_f64) return Ending<return_slot_f64>{};
    else if constexpr (c == Control::return_acc_f32) return Ending<return_acc_f32>{};
    else if constexpr (c == Control::return_slot_f32) return Ending<return_slot_f32>{};
    else if constexpr (c >= Control::call_base) {
        constexpr u32 at = index - u32(Control::call_base);
        return Ending<call<at % call_variants / call_zeroes, at % call_zeroes, at / call_variants != 0>>{};
    } else {
        return NoMember{};
    }
}

// The bodies of bodies_plain.hpp but move_block, which goes out of line.
template <u32 index>
constexpr auto body_member() {
#define PLAIN(name, ...) if constexpr (Body(index) == Body::name) return Straight<__VA_ARGS__, words(Body::name)>{}; else
// GCC 12 makes no function of a template that only a template argument names, unless the name depends on a parameter.
#define PLAIN_D(name) PLAIN(name, name<index == ~0u>) PLAIN(name##_d, name<index != ~0u>)
    PLAIN(move, move) PLAIN(move2, move2) PLAIN(move3, move3) PLAIN(move_v128, move_v128) PLAIN(move_wide, move_wide) PLAIN(set_const, set_const)
    PLAIN(set_const64, set_const64) PLAIN(set_v128, set_v128) PLAIN(set_acc, set_acc) PLAIN(set_acc_f64, set_acc_f64)
    PLAIN(set_acc_f32, set_acc_f32) PLAIN(set_acc_v128, set_acc_v128) PLAIN(load_pins, load_pins) PLAIN(set_pin_p, set_pin_p) PLAIN(set_pin_q, set_pin_q)
    PLAIN_D(const_acc) PLAIN_D(const64_acc) PLAIN_D(const_acc_f64) PLAIN_D(const_acc_f32) PLAIN_D(const_acc_v128)
    PLAIN_D(global_get) PLAIN_D(global_get_f64) PLAIN_D(global_get_f32) PLAIN_D(global_get_import)
    PLAIN_D(global_get_import_f64) PLAIN_D(global_get_import_f32) PLAIN_D(global_get_v128)
    PLAIN(global_set_import, global_set_import) PLAIN(global_set_v128, global_set_v128) PLAIN(global_set_s, global_set_s) PLAIN(global_set_a, global_set_a) PLAIN(global_set_i, global_set_i)
    PLAIN(global_set_f64, global_set_f64) PLAIN(global_set_f32, global_set_f32)
    PLAIN_D(select_sss) PLAIN_D(select_ass) PLAIN_D(select_aii) PLAIN_D(select_asi) PLAIN_D(select_ais)
    PLAIN_D(select_f64_s) PLAIN_D(select_f64_a) PLAIN_D(select_f32_s) PLAIN_D(select_f32_a) PLAIN_D(select_v128)
    return NoMember{};
#undef PLAIN
#undef PLAIN_D
}

template <HandlerId id>
constexpr auto member() {
    constexpr Group group = Group(id >> 12);
    constexpr u32 index = id & 0xfff;
    if constexpr (group == Group::numeric) return numeric_member<index>();
    else if constexpr (group == Group::pinned) return pinned_member<index>();
    else if constexpr (group == Group::branch) return branch_member<index>();
    else if constexpr (group == Group::memory) return memory_member<index>();
    else if constexpr (group == Group::simd) return vector_member<Op(u32(Op::v128_load) + index / simd_variants), index % simd_variants>();
    else if constexpr (group == Group::control) return control_member<index>();
    else if constexpr (group == Group::body) return body_member<index>();
    else return NoMember{};
}
template <HandlerId id>
using Member = decltype(member<id>());

// ---- several in a row

// Runs the bodies of all but the last. When one traps, the pc is its own cell's.
template <HandlerId first, HandlerId second, HandlerId... more>
ALWAYS_INLINE TrapCode run_bodies(State& s) {
    TrapCode t = Member<first>::body(s);
    if (t != TrapCode::none) [[unlikely]] return t;
    s.pc += Member<first>::words;
    if constexpr (sizeof...(more) > 0) return run_bodies<second, more...>(s);
    else return TrapCode::none;
}

template <HandlerId last>
constexpr HandlerId last_of() { return last; }
template <HandlerId, HandlerId second, HandlerId... more>
constexpr HandlerId last_of() { return last_of<second, more...>(); }

// The handlers of several neighbouring cells as one. Only the first cell holds its address; the others stay complete, so that branches, traps
// and whoever looks at the code need not know.
template <HandlerId... ids>
HANDLER sequence(REGISTERS) {
    STATE;
    using Last = Member<last_of<ids...>()>;
    TrapCode t = TrapCode::none;
    if constexpr (sizeof...(ids) > 1) {
        t = run_bodies<ids...>(s);
        if (t != TrapCode::none) [[unlikely]] TRAP(t);
    }
    if constexpr (Last::ends) {
        TAIL_CALL Last::handler(PASS);
    } else {
        t = Last::body(s);
        if (t == TrapCode::none) [[likely]] NEXT(Last::words);
        TRAP(t);
    }
}

}  // namespace
}  // namespace heddle
