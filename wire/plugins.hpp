// Plug-ins of a guest: its catalogue, as the manifest grants it, and running instances of other materializers, called with types.
#pragma once
#include <memory>

#include <heddle/plugins.hpp>

#include "manifest.hpp"

namespace heddle::wire {

// Null: nothing was granted. Throws Error: a file is missing, or no component.
std::shared_ptr<const component::plugins::Catalogue> catalogue_of(const GuestConfig& g);

}  // namespace heddle::wire
