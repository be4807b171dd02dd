// Asks Linux, from 6.7 on; older ones say no, and so does a process without /proc.
// https://docs.kernel.org/admin-guide/mm/pagemap.html#pagemap-scan-ioctl
#include "own_pages.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

namespace heddle {

namespace {

struct Scan {
    u64 size, flags, start, end, walk_end, vec, vec_len, max_pages, category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr u64 is_file = 1 << 2, is_present = 1 << 3, is_swapped = 1 << 4, is_zero = 1 << 5;

// A descriptor is of the process that opened it: its number lies in memory that reads as zero in every child.
struct Pagemap {
    std::atomic<int> state;  // 0: not opened; -1: there is none; else the descriptor and 1
};

Pagemap* new_pagemap() {
    void* p = mmap(nullptr, sizeof(Pagemap), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && madvise(p, sizeof(Pagemap), MADV_WIPEONFORK) == 0 ? static_cast<Pagemap*>(p) : nullptr;
}

// -1: there is none.
int pagemap() {
    static Pagemap* const ours = new_pagemap();
    if (!ours) return -1;
    int state = ours->state.load(std::memory_order_acquire);
    if (state == 0) {
        int opened = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        int next = opened < 0 ? -1 : opened + 1;
        if (ours->state.compare_exchange_strong(state, next)) state = next;
        else if (opened >= 0) close(opened);
    }
    return state < 0 ? -1 : state - 1;
}

}  // namespace

bool OwnPages::find(const u8* base, u64 bytes) {
    int file = pagemap();
    if (file < 0) return false;
    u64 start = reinterpret_cast<u64>(base);
    Scan scan{sizeof(Scan), 0, start, start + bytes, 0, reinterpret_cast<u64>(regions_.data()), regions_.size(), most + 1,
              is_file | is_zero, is_file | is_zero, is_present | is_swapped, is_present};
    int n = ioctl(file, _IOC(_IOC_READ | _IOC_WRITE, 'f', 16, sizeof(Scan)), &scan);
    if (n < 0 || scan.walk_end != start + bytes) return false;
    count_ = std::size_t(n);
    return true;
}

}  // namespace heddle
