// The built-ins a core module can import from the canonical ABI.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canonical-definitions
#pragma once
#include "instance.hpp"

namespace heddle::component::runtime {

// The core function of any canonical definition but lift and lower.
Func make_builtin(Instance& inst, const Canon& canon, CanonOptions options, const heddle::FuncType& core);

}  // namespace heddle::component::runtime
