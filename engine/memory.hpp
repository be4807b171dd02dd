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
    std::atomic<u64> used{0}, refused{0};  // bytes; times that one of the memories was not grown because of a limit of the host
    u64 max = ~u64(0);
    bool take(u64 bytes);
    void give_back(u64 bytes) { used.fetch_sub(bytes, std::memory_order_relaxed); }
};

// Contents of a memory, kept by the system apart from any memory: mapped copy-on-write, pages that nobody writes exist once.
struct MemoryImage {
    u64 bytes = 0;  // the memory's size
    u64 mapped = 0; // of which as many lie in the file, the rest being zero; a multiple of the host's page
    int file = -1;
    const u8* contents = nullptr;  // the mapped part, to be read
    MemoryImage() = default;
    MemoryImage(const MemoryImage&) = delete;
    MemoryImage& operator=(const MemoryImage&) = delete;
    ~MemoryImage();
};

struct Mapping {
    MemoryObject object;
    u64 reserved = 0;   // bytes of address space
    u64 committed = 0;  // readable and writable, a multiple of the host's page
    std::atomic<u32> owners{1};
    std::mutex growing;  // a shared memory may be grown by several threads
    std::shared_ptr<MemoryBudget> budget;
    StoreData* store = nullptr;  // that made it; not followed for shared memories
    std::shared_ptr<const MemoryImage> image;  // that lies under it
    u32 copied_back = 0;  // times in a row that the image was restored by copying
};

// Throws Error::Kind::limit: the minimum is over `max_bytes` or the budget, or the system gives no address space.
Mapping* create_memory(const MemoryType& type, u64 max_bytes, std::shared_ptr<MemoryBudget> budget);
void share_memory(Mapping& m);
void release_memory(Mapping* m) noexcept;

enum class Grow : u8 { done, type_limit, byte_limit, total_limit, system };
// `old_pages` gets the size before.
Grow grow_memory(MemoryObject& m, u64 delta_pages, u64& old_pages) noexcept;

// Of one core; 0: not known.
u64 second_level_cache_bytes();

// What the memory holds now. Throws limit.
std::shared_ptr<const MemoryImage> make_image(const MemoryObject& m);
// The memory becomes what the image says, its size too. Throws limit, and then nothing was done.
void map_image(MemoryObject& m, const std::shared_ptr<const MemoryImage>& image);

// The most pages a memory of that type can ever have, by its type alone.
u64 max_pages(const MemoryType& type);

}  // namespace heddle
