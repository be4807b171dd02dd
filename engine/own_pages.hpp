// Which pages of private memory were written since they were mapped: the system's own book-keeping knows.
#pragma once
#include <array>
#include <cstddef>
#include <span>

#include <heddle/types.hpp>

namespace heddle {

class OwnPages {
public:
    static constexpr u64 most = 1024;  // pages
    struct Region {
        u64 start, end, categories;    // addresses
    };
    // Of private mappings of files, or of none. False: the system does not tell, or there are too many of them.
    bool find(const u8* base, u64 bytes);
    std::span<const Region> regions() const { return std::span(regions_).first(count_); }

private:
    std::array<Region, 256> regions_;
    std::size_t count_ = 0;
};

}  // namespace heddle
