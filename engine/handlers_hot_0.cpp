// Hot handlers, part 0: see hot.hpp.
#include "hot_members.hpp"

namespace heddle {

extern "C" constexpr HotTable heddle_hot_0 = hot_part<0>();

}  // namespace heddle
