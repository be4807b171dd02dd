// The limit of one Store's memories, where it is another than its Engine's:
//
//   heddle::set_memory_limit(store, heddle::u64(64) << 20);      // from now on: memory.grow gives -1, a new memory is an error of kind limit
#pragma once
#include <heddle/types.hpp>

namespace heddle {

class Store;

// All of its linear memories together, in place of Config::max_total_memory_bytes. Memories that have more already keep it and do not grow.
void set_memory_limit(Store& store, u64 bytes) noexcept;
u64 memory_limit(const Store& store) noexcept;

}  // namespace heddle
