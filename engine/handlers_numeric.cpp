// Scalar numeric instructions: every row of opcodes.def without a vector × operand sources × destination.
#include "bodies_numeric.hpp"
#include "simd.hpp"

namespace heddle {
namespace {

using Table = HandlerTable<numeric_rows * numeric_variants>;

template <class Row, Shape shape>
constexpr void put_binary(Table& t, Op op) {
    constexpr u32 words = binary_words<Row, shape>;
    u32 at = binary_id(op, shape) & 0xfff;
    t[at] = straight<binary<Row, shape, false>, words>;
    t[at + 1] = straight<binary<Row, shape, true>, words>;
}

template <class Row>
constexpr void put_row(Table& t, Op op) {
    if constexpr (Row::operands == 1) {
        u32 at = unary_id(op, Source::S) & 0xfff;
        t[at] = straight<unary<Row, Source::S, false>, 2>;
        t[at + 1] = straight<unary<Row, Source::S, true>, 2>;
        t[at + 2] = straight<unary<Row, Source::A, false>, 2>;
        t[at + 3] = straight<unary<Row, Source::A, true>, 2>;
    } else {
        put_binary<Row, Shape::SS>(t, op);
        put_binary<Row, Shape::AS>(t, op);
        put_binary<Row, Shape::SA>(t, op);
        put_binary<Row, Shape::SI>(t, op);
        put_binary<Row, Shape::AI>(t, op);
        put_binary<Row, Shape::IS>(t, op);
        put_binary<Row, Shape::IA>(t, op);
    }
}

// A template, so that rows which do not belong here instantiate nothing.
template <Op op, auto function>
constexpr void put(Table& t) {
    if constexpr (is_numeric_row(op)) put_row<Semantics<function>>(t, op);
}

constexpr Table make_table() {
    Table t{};
#define PURE(name, code, text, signature, ...) put<Op::name, &__VA_ARGS__>(t);
#include "opcodes.def"
    return t;
}

}  // namespace

constexpr Table numeric_handlers = make_table();

}  // namespace heddle
