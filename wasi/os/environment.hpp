// This process's own environment.
#pragma once
#include <string>
#include <utility>
#include <vector>

namespace heddle::wasi::os {

// Names and values, in their order; entries without a name are left out.
std::vector<std::pair<std::string, std::string>> environment();

}  // namespace heddle::wasi::os
