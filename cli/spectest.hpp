// The module "spectest" that the specification's test scripts import from.
// https://github.com/WebAssembly/spec/tree/main/interpreter#spectest-host-module
#pragma once
#include <heddle/engine.hpp>

namespace heddle::cli {

// Its functions print nothing; its objects are made in `store`, which the Linker then serves.
void define_spectest(Linker& linker, Store& store);

}  // namespace heddle::cli
