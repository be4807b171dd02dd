// Guest stacks from a slab of reserved address space.
#include "stack.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "runtime.hpp"

namespace heddle {

namespace {

constexpr u64 page_bytes = 4096;

u64 whole_pages(u64 bytes) { return (bytes + page_bytes - 1) / page_bytes * page_bytes; }

}  // namespace

StackPool::StackPool(u64 stack_bytes, u64 limit, u64 keep)
    : stack_bytes_(whole_pages(std::clamp(stack_bytes, min_bytes, u64(1) << 40))), limit_(std::clamp<u64>(limit, 1, u64(1) << 24)), keep_(keep) {}

StackPool::~StackPool() {
    if (slab_) munmap(slab_, slab_bytes_);
}

bool StackPool::reserve() noexcept {
    for (u64 n = std::min(limit_, (u64(1) << 46) / stack_bytes_); n > 0; n /= 2) {
        void* p = mmap(nullptr, n * stack_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED) continue;
        madvise(p, n * stack_bytes_, MADV_NOHUGEPAGE);  // a stack of a few frames must not commit 2 MiB
        slab_ = static_cast<std::byte*>(p);
        slab_bytes_ = n * stack_bytes_;
        limit_ = n;
        return true;
    }
    return false;
}

Stack StackPool::at(u64 index) const {
    std::byte* base = slab_ + index * stack_bytes_;
    return {base, base + stack_bytes_ - stack_slack_bytes, base + stack_bytes_};
}

Stack StackPool::take() noexcept {
    std::lock_guard lock(mutex_);
    if (!slab_ && !reserve()) return {};
    if (!free_.empty()) {
        u64 index = free_.back();
        free_.pop_back();
        return at(index);
    }
    if (fresh_ == limit_) return {};
    // give_back() must not allocate: there is room for every stack that was ever taken.
    if (free_.capacity() <= fresh_) {
        try {
            free_.reserve(std::max<std::size_t>(64, free_.capacity() * 2));
        } catch (const std::bad_alloc&) {
            return {};
        }
    }
    return at(fresh_++);
}

void StackPool::give_back(Stack stack) noexcept {
    if (!stack) return;
    std::lock_guard lock(mutex_);
    u64 kept = free_.size() < keep_ ? std::min(kept_prefix, stack_bytes_) : 0;
    if (kept < stack_bytes_) madvise(stack.base + kept, stack_bytes_ - kept, MADV_DONTNEED);
    free_.push_back(u64(stack.base - slab_) / stack_bytes_);
}

u64 StackPool::in_use() const {
    std::lock_guard lock(mutex_);
    return fresh_ - free_.size();
}

}  // namespace heddle
