// Guest stacks: one slab of reserved address space per Engine, cut into equal stacks that are committed on touch and trimmed on return.
//
//   slab:  | stack 0 ........ | stack 1 ........ | …          no guard pages between them: every call compares with its stack's limit
//   stack: base → frames grow up … limit | slack | end        slack: stack_slack_bytes (runtime.hpp)
#pragma once
#include <mutex>
#include <vector>

#include <heddle/types.hpp>

namespace heddle {

struct Stack {
    std::byte* base = nullptr;   // null: no stack
    std::byte* limit = nullptr;  // a callee's frame may begin here at most
    std::byte* end = nullptr;
    explicit operator bool() const { return base != nullptr; }
};

// Thread-safe.
class StackPool {
public:
    static constexpr u64 min_bytes = 16 << 10;    // of one stack, the slack included
    static constexpr u64 kept_prefix = 32 << 10;  // stays committed in a free stack

    // Address space is reserved at the first take(). When the system refuses, fewer stacks are reserved.
    StackPool(u64 stack_bytes, u64 limit, u64 keep = 64);
    ~StackPool();
    StackPool(const StackPool&) = delete;
    StackPool& operator=(const StackPool&) = delete;

    // An empty Stack when all are in use. Contents are undefined: what runs on a stack writes before it reads.
    Stack take() noexcept;
    void give_back(Stack stack) noexcept;

    u64 stack_bytes() const { return stack_bytes_; }
    u64 limit() const { return limit_; }  // how many can be in use at once
    u64 in_use() const;

private:
    bool reserve() noexcept;
    Stack at(u64 index) const;

    mutable std::mutex mutex_;
    u64 stack_bytes_, limit_, keep_;
    std::byte* slab_ = nullptr;
    u64 slab_bytes_ = 0;
    u64 fresh_ = 0;          // stacks below this index have been used
    std::vector<u64> free_;  // indices; the last is the warmest
};

}  // namespace heddle
