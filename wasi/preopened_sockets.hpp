// heddle:sockets/preopens, registered.
#pragma once
#include "bind.hpp"

namespace heddle::wasi {

void add_preopened_sockets(Binder& b);

}  // namespace heddle::wasi
