// Makes a part's table from hot.def.
#pragma once
#include <utility>

#include "hot_part.hpp"
#include "members.hpp"

namespace heddle {
namespace {

template <u32 index, std::size_t... member>
constexpr Handler hot_handler(std::index_sequence<member...>) { return sequence<hot_sequences[index].ids[member]...>; }

template <u32 part, std::size_t... at>
constexpr HotTable make_hot_part(std::index_sequence<at...>) {
    HotTable t{};
    auto put = [&]<u32 index>() {
        if constexpr (index < hot_count) t[index % hot_per_part] = hot_handler<index>(std::make_index_sequence<hot_sequences[index].length>());
    };
    (put.template operator()<part * hot_per_part + u32(at)>(), ...);
    return t;
}
template <u32 part>
constexpr HotTable hot_part() { return make_hot_part<part>(std::make_index_sequence<hot_per_part>()); }

}  // namespace
}  // namespace heddle
