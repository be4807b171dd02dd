// Makes a part's table from hot.def.
#pragma once
#include <utility>

#include "hot_part.hpp"
#include "members.hpp"

namespace heddle {
namespace {

template <u32 index, std::size_t... member>
constexpr Handler hot_handler(std::index_sequence<member...>) { return sequence<hot_sequences[index].ids[member]...>; }

template <u32 index>
constexpr Handler hot_handler() {
    if constexpr (index >= hot_count) return nullptr;  // the last part has room
    else return hot_handler<index>(std::make_index_sequence<hot_sequences[index].length>());
}

template <u32 part, std::size_t... at>
constexpr HotTable make_hot_part(std::index_sequence<at...>) { return {hot_handler<part * hot_per_part + u32(at)>()...}; }
template <u32 part>
constexpr HotTable hot_part() { return make_hot_part<part>(std::make_index_sequence<hot_per_part>()); }

}  // namespace
}  // namespace heddle
