// Hot handlers, part 2: see hot.hpp.
#include "hot_members.hpp"

namespace heddle {

extern "C" constexpr HotTable heddle_hot_2 = hot_part<2>();

}  // namespace heddle
