// The DWARF reader on sections that claim anything: it answers, in bounded time and memory.
#include "dwarf.hpp"

namespace {

// Cuts the input into sections: a byte says how many 64ths of what is left each one gets.
struct Cutter {
    std::span<const heddle::u8> left;
    std::span<const heddle::u8> next() {
        if (left.empty()) return {};
        std::size_t n = (left.size() - 1) * (left[0] % 65) / 64;
        auto part = left.subspan(1, n);
        left = left.subspan(1 + n);
        return part;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    Cutter c{{data, size}};
    heddle::DwarfSections s;
    for (auto section : {&heddle::DwarfSections::abbrev, &heddle::DwarfSections::line, &heddle::DwarfSections::str, &heddle::DwarfSections::line_str,
                         &heddle::DwarfSections::ranges, &heddle::DwarfSections::rnglists, &heddle::DwarfSections::addr,
                         &heddle::DwarfSections::str_offsets})
        s.*section = c.next();
    s.info = c.left;
    heddle::Dwarf d(s);
    for (heddle::u64 address : {0u, 1u, 0x10u, 0x1234u}) d.find(address);
    return 0;
}
