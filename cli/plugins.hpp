// heddle run --plugin: the catalogue that the guest loads plug-ins from.
#pragma once
#include <optional>

#include <heddle/plugins.hpp>

#include "program.hpp"

namespace heddle::cli {

// None: no option speaks of plug-ins. They get WASI with nothing granted.
Or<std::optional<component::plugins::Catalogue>> plugins_of(const RunOptions& options);

}  // namespace heddle::cli
