// The table of comparisons fused with a branch or a select.
#include "bodies_branch.hpp"
#include "simd.hpp"

namespace heddle {
namespace {

using Table = HandlerTable<branch_count>;

template <class Row, CompareShape shape>
constexpr void put_shape(Table& t, Compare c) {
    t[compare_branch_id(c, shape, Edge::forward) & 0xfff] = compare_branch<Row, shape, Edge::forward>;
    t[compare_branch_id(c, shape, Edge::back) & 0xfff] = compare_branch<Row, shape, Edge::back>;
    t[compare_branch_id(c, shape, Edge::metered) & 0xfff] = compare_branch<Row, shape, Edge::metered>;
    t[compare_select_id(c, shape) & 0xfff] = straight<compare_select<Row, shape>, 3>;
}
template <auto function>
constexpr void put_compare(Table& t, Compare c) {
    using Row = Semantics<function>;
    put_shape<Row, CompareShape::SS>(t, c);
    put_shape<Row, CompareShape::AS>(t, c);
    put_shape<Row, CompareShape::SI>(t, c);
    put_shape<Row, CompareShape::AI>(t, c);
}
template <class Row, Shape shape, bool negated>
constexpr void put_float_edges(Table& t, u32 c) {
    t[float_branch_id(c, shape, negated, Edge::forward) & 0xfff] = float_branch<Row, shape, negated, Edge::forward>;
    t[float_branch_id(c, shape, negated, Edge::back) & 0xfff] = float_branch<Row, shape, negated, Edge::back>;
    t[float_branch_id(c, shape, negated, Edge::metered) & 0xfff] = float_branch<Row, shape, negated, Edge::metered>;
}
template <class Row, Shape shape>
constexpr void put_float_shape(Table& t, u32 c) {
    put_float_edges<Row, shape, false>(t, c);
    put_float_edges<Row, shape, true>(t, c);
}
template <auto function>
constexpr void put_float(Table& t, u32 c) {
    using Row = Semantics<function>;
    put_float_shape<Row, Shape::SS>(t, c);
    put_float_shape<Row, Shape::AS>(t, c);
    put_float_shape<Row, Shape::SA>(t, c);
    put_float_shape<Row, Shape::SI>(t, c);
    put_float_shape<Row, Shape::AI>(t, c);
    put_float_shape<Row, Shape::IS>(t, c);
    put_float_shape<Row, Shape::IA>(t, c);
}

template <Op op, auto function>
constexpr void put(Table& t) {
    if constexpr (op >= Op::i32_eq && op <= Op::i32_ge_u) put_compare<function>(t, Compare(u32(op) - u32(Op::i32_eq)));
    else if constexpr (op >= Op::i64_eq && op <= Op::i64_ge_u) put_compare<function>(t, Compare(u32(Compare::i64_eq) + u32(op) - u32(Op::i64_eq)));
    else if constexpr (op >= Op::f32_eq && op <= Op::f64_ge) put_float<function>(t, u32(op) - u32(Op::f32_eq));
}

constexpr Table make_table() {
    Table t{};
#define PURE(name, code, text, signature, ...) \
    if constexpr (Op::name >= Op::i32_eqz && Op::name <= Op::f64_ge) put<Op::name, &__VA_ARGS__>(t);
#include "opcodes.def"
    put_compare<&test<u32>>(t, Compare::test);
    put_compare<&test_not<u32>>(t, Compare::test_not);
    return t;
}

}  // namespace

constexpr Table branch_handlers = make_table();

}  // namespace heddle
