// What a module's active data segments make of a new instance's memories, kept as images that later instances map copy-on-write: they pay for
// the pages they use and not for the bytes there are.
#pragma once
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "memory.hpp"

namespace heddle {

class DataImage {
public:
    explicit DataImage(const ModuleData& m);
    // Does to an instance's own memories, which are new, what all active segments do together. False: they are to be copied. `offsets`: of the
    // active segments in their order.
    bool map(std::span<MemoryObject* const> memories, std::span<const u64> offsets);
    // The memories are as the segments left them. Who instantiates a module twice does so more often: the second time makes the images.
    void copied(std::span<MemoryObject* const> memories, std::span<const u64> offsets);

private:
    struct Made {
        std::vector<u64> offsets;
        std::vector<std::shared_ptr<const MemoryImage>> memories;
    };
    bool pays_ = false;
    std::mutex mutex_;
    u32 instances_ = 0;
    std::shared_ptr<const Made> made_;
};

}  // namespace heddle
