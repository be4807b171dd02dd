// Any bytes as text: nothing may crash, and what assembles must survive printing, flat and folded, byte for byte.
#include <cstdlib>

#include <heddle/text.hpp>

namespace {

using namespace heddle::text;

void check_round_trip(const std::vector<heddle::u8>& bytes) {
    for (bool fold : {false, true}) {
        auto printed = print(bytes, {.fold = fold});
        if (!printed) std::abort();
        auto again = assemble(*printed, {.names = true});
        if (!again || *again != bytes) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_script(text);
    // A name section written by hand need not be the one that identifiers give; and binary forms are any bytes at all.
    bool by_hand = text.contains("@custom") || text.contains("binary") || text.contains("quote");
    for (bool names : {false, true})
        if (auto bytes = assemble(text, {.names = names}); bytes && !by_hand) check_round_trip(*bytes);
    (void)print({data, size});
    return 0;
}
