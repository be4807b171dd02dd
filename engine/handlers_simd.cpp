// Vector instructions: rows of opcodes.def with a v128, operands and results in pairs of slots.
#include "bodies_simd.hpp"

namespace heddle {
namespace {

using Table = HandlerTable<simd_count>;

template <Op op, bool is_lane, class Row>
constexpr void put_row(Table& t) {
    u32 at = simd_id(op) & 0xfff;
    if constexpr (is_lane) {
        t[at] = straight<lane_body<Row, Source::S, false>, 2>;
        t[at + 1] = straight<lane_body<Row, Source::S, true>, 2>;
        if constexpr (Row::operands == 3) t[at + simd_from_accumulator] = straight<lane_body<Row, Source::A, false>, 2>;
    } else {
        t[at] = straight<pure_body<Row, Source::S, false>, 2>;
        t[at + 1] = straight<pure_body<Row, Source::S, true>, 2>;
        if constexpr (Row::operands == 1) {
            if constexpr (!std::is_same_v<typename Row::First, V128>) t[at + simd_from_accumulator] = straight<pure_body<Row, Source::A, false>, 2>;
        } else if constexpr (Row::operands == 2) {
            if constexpr (!std::is_same_v<typename Row::Second, V128>) t[at + simd_from_accumulator] = straight<pure_body<Row, Source::A, false>, 2>;
        }
    }
}
template <Op op, auto function>
constexpr void put_pure(Table& t) {
    if constexpr (op >= Op::v128_load && op <= Op::i32x4_relaxed_dot_i8x16_i7x16_add_s) put_row<op, false, Semantics<function>>(t);
}
template <Op op, u32 bytes, auto function>
constexpr void put_load(Table& t) {
    u32 at = simd_id(op) & 0xfff;
    t[at] = straight<vector_load_body<bytes, function, Address::S>, 2>;
    t[at + 1] = straight<vector_load_body<bytes, function, Address::A>, 2>;
    t[at + 2] = straight<vector_load_body<bytes, function, Address::I>, 2>;
    t[at + 3] = straight<vector_load_body<bytes, function, Address::SS>, 2>;
    t[at + 4] = straight<vector_load_body<bytes, function, Address::SJ>, 2>;
    t[at + 5] = straight<vector_load_body<bytes, function, Address::AJ>, 2>;
    t[at + 6] = straight<vector_load_body<bytes, function, Address::P>, 2>;
}
template <Op op>
constexpr void put_store(Table& t) {
    u32 at = simd_id(op) & 0xfff;
    t[at] = straight<vector_store_body<Address::S>, 2>;
    t[at + 1] = straight<vector_store_body<Address::A>, 2>;
    t[at + 2] = straight<vector_store_body<Address::I>, 2>;
    t[at + 3] = straight<vector_store_body<Address::SS>, 2>;
    t[at + 4] = straight<vector_store_body<Address::SJ>, 2>;
    t[at + 5] = straight<vector_store_body<Address::AJ>, 2>;
    t[at + 6] = straight<vector_store_body<Address::P>, 2>;
}

constexpr Table make_table() {
    Table t{};
#define PURE(name, code, text, signature, ...) put_pure<Op::name, &__VA_ARGS__>(t);
#define LANE(name, code, text, count, signature, ...) put_row<Op::name, true, Semantics<&__VA_ARGS__>>(t);
#define VLOAD(name, code, text, bytes, ...) put_load<Op::name, bytes, &__VA_ARGS__>(t);
#define VSTORE(name, code, text, bytes) put_store<Op::name>(t);
#define LOADLANE(name, code, text, type)                                      \
    t[simd_id(Op::name) & 0xfff] = straight<load_lane_body<type, false>, 3>;  \
    t[simd_id(Op::name, 6) & 0xfff] = straight<load_lane_body<type, true>, 3>;
#define STORELANE(name, code, text, type)                                     \
    t[simd_id(Op::name) & 0xfff] = straight<store_lane_body<type, false>, 3>; \
    t[simd_id(Op::name, 6) & 0xfff] = straight<store_lane_body<type, true>, 3>;
#include "opcodes.def"
    t[simd_id(Op::i8x16_shuffle) & 0xfff] = straight<shuffle_body, 4>;
    return t;
}

}  // namespace

constexpr Table simd_handlers = make_table();

}  // namespace heddle
