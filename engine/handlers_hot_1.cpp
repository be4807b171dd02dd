// Hot handlers, part 1: see hot.hpp.
#include "hot_members.hpp"

namespace heddle {

extern "C" constexpr HotTable heddle_hot_1 = hot_part<1>();

}  // namespace heddle
