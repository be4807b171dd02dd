// Memory for what comes and goes with every asynchronous call: blocks of one size, kept for the next call instead of given back.
#pragma once
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include <heddle/types.hpp>

namespace heddle::component::runtime {

// Not thread-safe. It outlives its owner until the last block has come back.
class BlockPool {
public:
    static constexpr std::size_t block_bytes = 512, max_free = 64;

    void* take(std::size_t bytes) {
        if (bytes > block_bytes) return ::operator new(bytes);
        ++taken_;
        if (!free_) return ::operator new(block_bytes);
        --num_free_;
        return std::exchange(free_, free_->next);
    }
    void give_back(void* block, std::size_t bytes) noexcept {
        if (bytes > block_bytes) return ::operator delete(block);
        --taken_;
        if (num_free_ == max_free || is_retired_) ::operator delete(block);
        else {
            ++num_free_;
            free_ = new (block) Free{free_};
        }
        if (is_retired_ && taken_ == 0) delete this;
    }

    struct Retire {
        void operator()(BlockPool* p) const noexcept { p->retire(); }
    };
    using Owner = std::unique_ptr<BlockPool, Retire>;
    static Owner make() { return Owner(new BlockPool); }

private:
    struct Free {
        Free* next;
    };
    BlockPool() = default;
    ~BlockPool() = default;
    void retire() noexcept {
        while (free_) ::operator delete(std::exchange(free_, free_->next));
        num_free_ = 0;
        is_retired_ = true;
        if (taken_ == 0) delete this;
    }
    Free* free_ = nullptr;
    std::size_t num_free_ = 0, taken_ = 0;
    bool is_retired_ = false;
};

// For std::allocate_shared.
template <class T>
struct PoolAllocator {
    using value_type = T;
    explicit PoolAllocator(BlockPool& p) : pool(&p) {}
    template <class U>
    PoolAllocator(const PoolAllocator<U>& o) : pool(o.pool) {}
    T* allocate(std::size_t n) { return static_cast<T*>(pool->take(n * sizeof(T))); }
    void deallocate(T* p, std::size_t n) noexcept { pool->give_back(p, n * sizeof(T)); }
    friend bool operator==(const PoolAllocator&, const PoolAllocator&) = default;
    BlockPool* pool;
};

}  // namespace heddle::component::runtime
