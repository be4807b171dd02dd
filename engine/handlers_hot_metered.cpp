// The hot handlers of metered code: twins of those that end in a back edge or a call.
#include "hot_members.hpp"

namespace heddle {
namespace {

constexpr bool has_twin(const HotSequence& s) { return metered_id(s.ids[s.length - 1]) != s.ids[s.length - 1]; }

template <u32 index, std::size_t... member>
constexpr Handler twin(std::index_sequence<member...>) {
    if constexpr (has_twin(hot_sequences[index])) return sequence<metered_id(hot_sequences[index].ids[member])...>;
    else return nullptr;
}

}  // namespace

extern "C" constexpr MeteredTable heddle_hot_metered = []<std::size_t... index>(std::index_sequence<index...>) {
    return MeteredTable{twin<u32(index)>(std::make_index_sequence<hot_sequences[index].length>())...};
}(std::make_index_sequence<hot_count>());

}  // namespace heddle
