// What plug-ins need that the component layer does not have: JSON for untyped calls, and WASI.
//
//   component::plugins::Options options;
//   options.json = wire::plugin_json();                                       // heddle:plugins/values.call-json
//   component::plugins::Catalogue catalogue(options);
//   catalogue.add("shout", {.bytes = bytes, .imports = wire::nothing_granted()});
#pragma once
#include <heddle/plugins.hpp>

namespace heddle::wire {

// By the table in wire/values.cpp.
component::plugins::Json plugin_json();

// WASI 0.2 and 0.3 for plug-ins that were built for it: no files, no network, no environment, output that goes nowhere.
component::plugins::Imports nothing_granted();

}  // namespace heddle::wire
