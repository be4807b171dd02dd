// Hot handlers, part 3: see hot.hpp.
#include "hot_members.hpp"

namespace heddle {

extern "C" constexpr HotTable heddle_hot_3 = hot_part<3>();

}  // namespace heddle
