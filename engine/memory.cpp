// Linear memory in reserved address space, and the instructions that work on ranges of it.
// https://webassembly.github.io/spec/core/exec/instructions.html#memory-instructions
#include "memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "own_pages.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

constexpr u64 host_page = 4096;
constexpr u64 largest_reservation = u64(1) << 45;
constexpr u64 chunk_bytes = u64(1) << 20;  // between two looks at the interrupt flag

u64 whole_pages(u64 bytes) { return (bytes + host_page - 1) & ~(host_page - 1); }

u64 saturating_shift(u64 v, unsigned by) { return v > (~u64(0) >> by) ? ~u64(0) : v << by; }

[[noreturn]] void over_limit(std::string message) { throw Error{Error::Kind::limit, std::move(message)}; }

// Address space: its first bytes are readable and writable, and zero.
struct Range {
    u8* base = nullptr;
    u64 reserved = 0, committed = 0;
};

// Ranges of memories that went away, for the next ones, in whatever Store: to get one from the system and to give it back costs several times as
// much as all the rest of an instantiation. What they held is given back at once.
class KeptRanges {
public:
    std::optional<Range> take(u64 reserved) noexcept {
        std::lock_guard lock(mutex_);
        for (std::size_t i = count_; i-- > 0;)
            if (kept_[i].reserved == reserved) return remove(i);
        return std::nullopt;
    }
    // False: it is not kept.
    bool keep(const Range& r) noexcept {
        if (r.committed > most_committed || (r.committed && madvise(r.base, r.committed, MADV_DONTNEED) != 0)) return false;
        std::lock_guard lock(mutex_);
        if (count_ == kept_.size()) return false;
        kept_[count_++] = r;
        return true;
    }
    void clear() noexcept {
        std::lock_guard lock(mutex_);
        while (count_) {
            Range r = remove(count_ - 1);
            munmap(r.base, r.reserved);
        }
    }

private:
    static constexpr u64 most_committed = u64(1) << 20;
    Range remove(std::size_t i) {
        Range r = kept_[i];
        kept_[i] = kept_[--count_];
        return r;
    }
    std::mutex mutex_;
    std::array<Range, 16> kept_{};
    std::size_t count_ = 0;
};
// Never destroyed: Stores may be, later.
KeptRanges& kept_ranges() {
    static KeptRanges& all = *new KeptRanges;
    return all;
}

// Reserves `want` bytes, or fewer but at least `need`; nothing when the system refuses.
Range reserve(u64 want, u64 need) {
    if (auto r = kept_ranges().take(want)) return *r;
    for (u64 n = want;; n = std::max(whole_pages(n / 2), need)) {
        void* p = mmap(nullptr, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) return {static_cast<u8*>(p), n, 0};
        if (n == want) kept_ranges().clear();
        if (n <= need) return {};
    }
}

// Makes the first `bytes` of the reservation usable; they read as zero.
bool commit(Mapping& m, u64 bytes) {
    u64 want = whole_pages(bytes);
    if (want <= m.committed) return true;
    if (mprotect(m.object.base.load(std::memory_order_relaxed) + m.committed, want - m.committed, PROT_READ | PROT_WRITE) != 0) return false;
    m.committed = want;
    return true;
}

void check_minimum(const MemoryType& type, u64 bytes, u64 max_bytes) {
    if (bytes <= max_bytes) return;
    over_limit("a memory of " + std::to_string(type.limits.min) + " pages (" + std::to_string(bytes) + " bytes) is over the limit of " +
               std::to_string(max_bytes) + " bytes (Config::max_memory_bytes)");
}

}  // namespace

bool MemoryBudget::take(u64 bytes) {
    u64 now = used.load(std::memory_order_relaxed);
    do {
        if (bytes > max || now > max - bytes) return false;
    } while (!used.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
    return true;
}

u64 second_level_cache_bytes() {
#ifdef _SC_LEVEL2_CACHE_SIZE
    return u64(std::max(sysconf(_SC_LEVEL2_CACHE_SIZE), 0L));
#else
    return 0;
#endif
}

u64 max_pages(const MemoryType& type) {
    unsigned address_bits = type.is64 ? 64 : 32;
    return type.page_log2 == 0 ? ~u64(0) >> (64 - address_bits) : u64(1) << (address_bits - type.page_log2);
}

Mapping* create_memory(const MemoryType& type, u64 max_bytes, std::shared_ptr<MemoryBudget> budget) {
    u64 bytes = saturating_shift(type.limits.min, type.page_log2);
    u64 pages = std::min(type.limits.max.value_or(~u64(0)), max_pages(type));
    max_bytes = std::min(max_bytes, largest_reservation);
    check_minimum(type, bytes, max_bytes);
    max_bytes = std::min(max_bytes, saturating_shift(pages, type.page_log2));
    if (!budget->take(bytes))
        over_limit("a memory of " + std::to_string(bytes) + " bytes is over what is left of the limit of " + std::to_string(budget->max) +
                   " bytes for all memories (Config::max_total_memory_bytes)");
    auto m = std::make_unique<Mapping>();
    Range r;
    if (max_bytes) r = reserve(whole_pages(max_bytes), std::max(whole_pages(bytes), host_page));
    m->object.base.store(r.base, std::memory_order_relaxed);
    m->committed = r.committed;
    if ((max_bytes != 0 && r.reserved == 0) || !commit(*m, bytes)) {
        if (r.base) munmap(r.base, r.reserved);
        budget->give_back(bytes);
        over_limit("the system gave no room for a memory of " + std::to_string(bytes) + " bytes");
    }
    m->reserved = r.reserved;
    m->budget = std::move(budget);
    m->object.bytes.store(bytes, std::memory_order_relaxed);
    m->object.type = type;
    m->object.max_bytes = std::min(max_bytes, r.reserved);
    m->object.mapping = m.get();
    return m.release();
}

void share_memory(Mapping& m) { m.owners.fetch_add(1, std::memory_order_relaxed); }

void release_memory(Mapping* m) noexcept {
    if (m->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    m->budget->give_back(m->object.bytes.load(std::memory_order_relaxed));
    Range r{m->object.base.load(std::memory_order_relaxed), m->reserved, m->committed};
    if (r.reserved && (m->image || !kept_ranges().keep(r))) munmap(r.base, r.reserved);
    delete m;
}

static Grow grow_within_limits(MemoryObject& m, u64 delta_pages, u64& old_pages) noexcept {
    std::lock_guard lock(m.mapping->growing);
    u64 old_bytes = m.bytes.load(std::memory_order_relaxed);
    old_pages = old_bytes >> m.type.page_log2;
    u64 most = std::min(m.type.limits.max.value_or(~u64(0)), max_pages(m.type));
    if (delta_pages > most - old_pages) return Grow::type_limit;
    u64 new_bytes = saturating_shift(old_pages + delta_pages, m.type.page_log2);
    if (new_bytes > m.max_bytes) return Grow::byte_limit;
    if (!m.mapping->budget->take(new_bytes - old_bytes)) return Grow::total_limit;
    if (!commit(*m.mapping, new_bytes)) {
        m.mapping->budget->give_back(new_bytes - old_bytes);
        return Grow::system;
    }
    m.bytes.store(new_bytes, std::memory_order_release);
    return Grow::done;
}

Grow grow_memory(MemoryObject& m, u64 delta_pages, u64& old_pages) noexcept {
    Grow how = grow_within_limits(m, delta_pages, old_pages);
    if (how == Grow::byte_limit || how == Grow::total_limit || how == Grow::system) m.mapping->budget->refused.fetch_add(1, std::memory_order_relaxed);
    return how;
}

// ---- images ---------------------------------------------------------------------------------------------------------------------

namespace {

bool is_zero(const u8* page) {
    u64 any = 0;
    for (u64 i = 0; i < host_page; i += 8) {
        u64 v;
        std::memcpy(&v, page + i, 8);
        any |= v;
    }
    return any == 0;
}

// Up to the last page that is not zero.
u64 used_bytes(const u8* base, u64 bytes) {
    while (bytes > 0 && is_zero(base + bytes - host_page)) bytes -= host_page;
    return bytes;
}

bool write_all(int file, const u8* from, u64 n, u64 at) {
    while (n > 0) {
        ssize_t written = pwrite(file, from, n, off_t(at));
        if (written <= 0) return false;
        from += written;
        at += u64(written);
        n -= u64(written);
    }
    return true;
}

// Makes [from, to) zero again, whatever was mapped there.
bool clear(Mapping& m, u64 from, u64 to) {
    if (from >= to) return true;
    u8* base = m.object.base.load(std::memory_order_relaxed);
    if (!m.image || m.image->mapped <= from) return madvise(base + from, to - from, MADV_DONTNEED) == 0;
    return mmap(base + from, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

// ---- pages that differ from the image

constexpr u32 most_copies = 64;  // in a row: pages that are written no more would be copied for ever

// The memory's own pages become what the image says. A page that is in use is copied in a tenth of the time that it takes to give it back and to get
// a new one at the next write.
bool copy_back(Mapping& m, const MemoryImage& image) {
    if (m.copied_back >= most_copies) return false;
    u8* base = m.object.base.load(std::memory_order_relaxed);
    OwnPages own;
    if (!own.find(base, m.committed)) return false;
    for (const OwnPages::Region& r : own.regions()) {
        u64 from = r.start - reinterpret_cast<u64>(base), to = r.end - reinterpret_cast<u64>(base), in_file = std::clamp(image.mapped, from, to);
        if (from < in_file) std::memcpy(base + from, image.contents + from, in_file - from);
        std::memset(base + in_file, 0, to - in_file);
    }
    ++m.copied_back;
    return true;
}

// All of it is the image again, page by page when it is used.
bool map_again(Mapping& m) {
    m.copied_back = 0;
    return madvise(m.object.base.load(std::memory_order_relaxed), m.committed, MADV_DONTNEED) == 0;
}

}  // namespace

MemoryImage::~MemoryImage() {
    if (contents) munmap(const_cast<u8*>(contents), mapped);
    if (file >= 0) close(file);
}

std::shared_ptr<const MemoryImage> make_image(const MemoryObject& m) {
    auto image = std::make_shared<MemoryImage>();
    image->bytes = m.bytes.load(std::memory_order_relaxed);
    const u8* base = m.base.load(std::memory_order_relaxed);
    image->mapped = used_bytes(base, whole_pages(image->bytes));
    if (image->mapped == 0) return image;
    image->file = memfd_create("heddle-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool made = image->file >= 0 && ftruncate(image->file, off_t(image->mapped)) == 0;
    for (u64 at = 0; made && at < image->mapped; at += host_page)
        if (!is_zero(base + at)) made = write_all(image->file, base + at, host_page, at);
    if (made) {
        void* view = mmap(nullptr, image->mapped, PROT_READ, MAP_SHARED, image->file, 0);
        made = view != MAP_FAILED;
        if (made) image->contents = static_cast<const u8*>(view);
    }
    if (!made) over_limit("the system gave no room for a snapshot of a memory of " + std::to_string(image->bytes) + " bytes");
    fcntl(image->file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    return image;
}

void map_image(MemoryObject& o, const std::shared_ptr<const MemoryImage>& image) {
    Mapping& m = *o.mapping;
    u64 before = o.bytes.load(std::memory_order_relaxed);
    if (image->bytes > before && !m.budget->take(image->bytes - before))
        over_limit("restoring a memory of " + std::to_string(image->bytes) + " bytes is over the limit for all memories (Config::max_total_memory_bytes)");
    bool done = image->bytes <= o.max_bytes && commit(m, image->bytes);
    u8* base = o.base.load(std::memory_order_relaxed);
    if (done && m.image == image) {
        done = m.committed == 0 || copy_back(m, *image) || map_again(m);
    } else if (done) {
        done = clear(m, image->mapped, m.committed) &&
               (image->mapped == 0 || mmap(base, image->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, image->file, 0) != MAP_FAILED);
        if (done) m.image = image;
    }
    if (!done) over_limit("the system gave no room to restore a memory of " + std::to_string(image->bytes) + " bytes");
    if (image->bytes < before) m.budget->give_back(before - image->bytes);
    o.bytes.store(image->bytes, std::memory_order_release);
}

// ---- instructions ---------------------------------------------------------------------------------------------------------------

namespace {

bool inside(u64 size, u64 at, u64 n) { return n <= size && at <= size - n; }

u64 size_of(const MemoryObject& m) { return m.bytes.load(std::memory_order_acquire); }

// Other threads may read and write a shared memory meanwhile: every byte is moved by a relaxed atomic access.
// https://webassembly.github.io/threads/core/exec/instructions.html
void fill_shared(u8* to, u8 value, u64 n) {
    for (u64 i = 0; i < n; ++i) std::atomic_ref<u8>(to[i]).store(value, std::memory_order_relaxed);
}

void move_shared(u8* to, u8* from, u64 n) {
    auto move = [&](u64 i) {
        u8 v = std::atomic_ref<u8>(from[i]).load(std::memory_order_relaxed);
        std::atomic_ref<u8>(to[i]).store(v, std::memory_order_relaxed);
    };
    if (to <= from)
        for (u64 i = 0; i < n; ++i) move(i);
    else
        for (u64 i = n; i-- > 0;) move(i);
}

// Does `piece(at, n)` for all of [0, count) in chunks, from the end when `backwards`.
template <class F>
TrapCode in_chunks(InstanceObject& in, u64 count, bool backwards, F piece) {
    for (u64 done = 0; done < count;) {
        u64 n = std::min(count - done, chunk_bytes);
        piece(backwards ? count - done - n : done, n);
        done += n;
        if (done < count && in.context->interrupt.load(std::memory_order_relaxed) && !poll_in_bulk(in)) return in.context->trap;
    }
    end_bulk(in);
    return TrapCode::none;
}

}  // namespace

u64 memory_grow(InstanceObject& in, u32 memory, u64 delta_pages) noexcept {
    u64 old_pages = 0;
    return grow_memory(*in.memories[memory], delta_pages, old_pages) == Grow::done ? old_pages : ~u64(0);
}

TrapCode memory_fill(InstanceObject& in, u32 memory, u64 to, u8 value, u64 count) noexcept {
    MemoryObject& m = *in.memories[memory];
    if (!inside(size_of(m), to, count)) return TrapCode::memory_out_of_bounds;
    u8* base = m.base.load(std::memory_order_relaxed);
    return in_chunks(in, count, false, [&](u64 at, u64 n) {
        if (m.type.shared) fill_shared(base + to + at, value, n);
        else std::memset(base + to + at, value, n);
    });
}

TrapCode memory_copy(InstanceObject& in, u32 to_memory, u32 from_memory, u64 to, u64 from, u64 count) noexcept {
    MemoryObject &a = *in.memories[to_memory], &b = *in.memories[from_memory];
    if (!inside(size_of(a), to, count) || !inside(size_of(b), from, count)) return TrapCode::memory_out_of_bounds;
    if (count == 0) return TrapCode::none;
    u8* target = a.base.load(std::memory_order_relaxed) + to;
    u8* source = b.base.load(std::memory_order_relaxed) + from;
    bool shared = a.type.shared || b.type.shared;
    return in_chunks(in, count, &a == &b && to > from, [&](u64 at, u64 n) {
        if (shared) move_shared(target + at, source + at, n);
        else std::memmove(target + at, source + at, n);
    });
}

TrapCode memory_init(InstanceObject& in, u32 memory, u32 data, u64 to, u32 from, u32 count) noexcept {
    MemoryObject& m = *in.memories[memory];
    std::span<const u8> bytes = in.dropped_data[data] ? std::span<const u8>() : in.module->data[data].bytes;
    if (!inside(bytes.size(), from, count) || !inside(size_of(m), to, count)) return TrapCode::memory_out_of_bounds;
    if (count == 0) return TrapCode::none;
    u8* target = m.base.load(std::memory_order_relaxed) + to;
    return in_chunks(in, count, false, [&](u64 at, u64 n) {
        if (m.type.shared)
            for (u64 i = 0; i < n; ++i) std::atomic_ref<u8>(target[at + i]).store(bytes[from + at + i], std::memory_order_relaxed);
        else std::memcpy(target + at, bytes.data() + from + at, n);
    });
}

void data_drop(InstanceObject& in, u32 data) noexcept { in.dropped_data[data] = true; }

}  // namespace heddle
