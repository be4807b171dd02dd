// "(module …)" in its three forms, in a file of its own or in a script.
#pragma once
#include <heddle/text.hpp>

#include "cursor.hpp"

namespace heddle::text {

// At "(module", `definition` allowed behind it. A module that does not assemble is returned with its error; throws when the parentheses do not close.
ModuleSource parse_module_source(Cursor& c, const AssembleOptions& options);

}  // namespace heddle::text
