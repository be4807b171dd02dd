// Linear memory: reserved address space, so that growing never moves it. Every access is checked by the interpreter; nothing relies on
// faults. A shared memory is owned by all Stores that use it.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "runtime.hpp"

namespace heddle {

// Bytes of all linear memories made in one Store. Outlives the Store while one of its shared memories does.
struct MemoryBudget {
    std::atomic<u64> used{0};
    u64 max = ~u64(0);
    bool take(u64 bytes);
    void give_back(u64 bytes) { used.fetch_sub(bytes, std::memory_order_relaxed); }
};

struct Mapping {
    MemoryObject object;
    u64 reserved = 0;   // bytes of address space
    u64 committed = 0;  // readable and writable, a multiple of the host's page
    std::atomic<u32> owners{1};
    std::mutex growing;  // a shared memory may be grown by several threads
    std::shared_ptr<MemoryBudget> budget;
    StoreData* store = nullptr;  // that made it; not followed for shared memories
};

// Throws Error::Kind::limit: the minimum is over `max_bytes` or the budget, or the system gives no address space.
Mapping* create_memory(const MemoryType& type, u64 max_bytes, std::shared_ptr<MemoryBudget> budget);
void share_memory(Mapping& m);
void release_memory(Mapping* m) noexcept;

enum class Grow : u8 { done, type_limit, byte_limit, total_limit, system };
// `old_pages` gets the size before.
Grow grow_memory(MemoryObject& m, u64 delta_pages, u64& old_pages) noexcept;

// The most pages a memory of that type can ever have, by its type alone.
u64 max_pages(const MemoryType& type);

}  // namespace heddle
