// What a Store's guests were refused because of limits, so that whoever runs them can tell a guest that ran out of room from one that went wrong:
//
//   u64 before = heddle::refused_memory(store);
//   auto result = f->call(...);                                                     // a trap `unreachable`, as allocators end
//   if (!result && heddle::refused_memory(store) > before) …                        // … because it was given no more memory
#pragma once
#include <heddle/types.hpp>

namespace heddle {

class Store;

// How often a memory was not grown (memory.grow gave -1) because of Config::max_memory_bytes, Config::max_total_memory_bytes or the system.
u64 refused_memory(const Store& store) noexcept;

}  // namespace heddle
