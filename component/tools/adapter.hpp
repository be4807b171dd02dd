// What an adapter needs before it can stand in a component: which of its imports are used at all, and a stack of its own.
#pragma once
#include <set>
#include <string>

#include <heddle/engine.hpp>

namespace heddle::component::tools {

// The imported functions (by their number among the imported functions) that calls of these exports can reach. A function whose address may be taken
// (in a table, by ref.func) and the start function can always be reached.
std::set<u32> reachable_imports(const Module& adapter, const std::set<std::string>& exports);

// The module without custom sections, and with a trap for the body of each function that these exports do not reach.
std::vector<u8> trimmed(const Module& adapter, const std::set<std::string>& exports);

// An adapter keeps its stack pointer in a global named `__stack_pointer` that starts as 0. The module with functions added that give it a stack of
// 64 KiB, by the main module's `cabi_realloc`, when one of its exports is first called.
std::vector<u8> with_stack(const Module& adapter);

}  // namespace heddle::component::tools
