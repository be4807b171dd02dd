// What a module imports that nobody offers, said so that the reader knows what to do.
#pragma once
#include <string>

#include <heddle/engine.hpp>

namespace heddle::cli {

// Several lines that name every unknown import with its type, what is offered near it, and how such modules are usually built.
// Empty when all names are known, so that a type must be what does not fit.
std::string describe_missing_imports(const Engine& engine, const Module& module);

}  // namespace heddle::cli
