// Vector instructions: rows of opcodes.def with a v128 × operand sources × destination, each as members.hpp makes it.
#include "members.hpp"

namespace heddle {
namespace {

using Table = HandlerTable<simd_count>;

template <u32 op, std::size_t... variant>
constexpr void put_row(Table& t, std::index_sequence<variant...>) {
    auto put = [&]<u32 v>() {
        using M = Member<handler_id(Group::simd, op * simd_variants + v)>;
        if constexpr (!std::is_same_v<M, NoMember>) t[op * simd_variants + v] = straight<M::body, M::words>;
    };
    (put.template operator()<u32(variant)>(), ...);
}
template <std::size_t... op>
constexpr Table make_table(std::index_sequence<op...>) {
    Table t{};
    (put_row<u32(op)>(t, std::make_index_sequence<simd_variants>()), ...);
    return t;
}

}  // namespace

constexpr Table simd_handlers = make_table(std::make_index_sequence<simd_count / simd_variants>());

}  // namespace heddle
