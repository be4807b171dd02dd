// f64 arithmetic with operands that have registers of their own: locals pinned for a loop, and one on the operand stack.
#include "members.hpp"

namespace heddle {
namespace {

using Table = HandlerTable<pinned_count>;

template <u32 index>
constexpr Handler pinned_handler() {
    using M = decltype(pinned_member<index>());
    if constexpr (std::is_same_v<M, NoMember>) return nullptr;
    else return straight<M::body, M::words>;
}

template <std::size_t... index>
constexpr Table make_table(std::index_sequence<index...>) { return {pinned_handler<u32(index)>()...}; }

}  // namespace

constexpr Table pinned_handlers = make_table(std::make_index_sequence<pinned_count>());

}  // namespace heddle
