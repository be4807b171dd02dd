#include "data_image.hpp"

#include <algorithm>

namespace heddle {

namespace {

// 64 KiB are copied as soon as mapped (bench/loading).
constexpr u64 least_bytes = 128 << 10;

}  // namespace

DataImage::DataImage(const ModuleData& m) {
    u64 bytes = 0;
    for (const DataSegment& d : m.data) {
        if (d.mode != DataSegment::Mode::active) continue;
        if (d.memory < m.imported_memories || m.memories[d.memory].shared) return;  // others may have written there
        bytes += d.bytes.size();
    }
    pays_ = bytes >= least_bytes;
}

bool DataImage::map(std::span<MemoryObject* const> memories, std::span<const u64> offsets) {
    if (!pays_) return false;
    std::shared_ptr<const Made> made;
    {
        std::scoped_lock lock(mutex_);
        made = made_;
    }
    if (!made || !std::ranges::equal(made->offsets, offsets)) return false;
    try {
        for (std::size_t i = 0; i < memories.size(); ++i)
            if (made->memories[i]->mapped) map_image(*memories[i], made->memories[i]);
        return true;
    } catch (const Error&) {
        return false;  // the system has no room for one more mapping
    }
}

void DataImage::copied(std::span<MemoryObject* const> memories, std::span<const u64> offsets) {
    if (!pays_) return;
    std::scoped_lock lock(mutex_);
    if (made_ || ++instances_ != 2) return;
    try {
        auto made = std::make_shared<Made>();
        made->offsets.assign(offsets.begin(), offsets.end());
        for (const MemoryObject* m : memories) made->memories.push_back(make_image(*m));
        made_ = std::move(made);
    } catch (const Error&) {  // the system has no room for it: copying goes on
    }
}

}  // namespace heddle
