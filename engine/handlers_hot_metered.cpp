// The hot handlers of metered code: twins of those that end in a back edge or a call, in one copy.
#include "hot_members.hpp"

namespace heddle {
namespace {

template <u32 index>
constexpr Handler twin() {
    constexpr const HotSequence& s = hot_sequences[index];
    if constexpr (metered_id(s.ids[s.length - 1]) == s.ids[s.length - 1]) return nullptr;
    else {
        return []<std::size_t... member>(std::index_sequence<member...>) {
            return sequence<metered_id(hot_sequences[index].ids[member])...>;
        }(std::make_index_sequence<s.length>());
    }
}

}  // namespace

extern "C" constexpr MeteredTable heddle_hot_metered = []<std::size_t... index>(std::index_sequence<index...>) {
    return MeteredTable{twin<u32(index)>()...};
}(std::make_index_sequence<hot_count>());

}  // namespace heddle
