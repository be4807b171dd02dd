// Any bytes as component text: nothing may crash, and what assembles without bytes written by hand must survive printing byte for byte.
#include <cstdlib>

#include <heddle/component_text.hpp>

namespace component = heddle::component;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto bytes = component::assemble(text);
    (void)component::assemble(text, {.names = true});
    if (!bytes || text.contains("@custom") || text.contains("binary") || text.contains("quote")) return 0;
    auto printed = component::print(*bytes);
    if (!printed) {
        // The text may nest deeper, or hold more, than a decoder takes; an index may be more than the binary format of core types has room for.
        if (printed.error().kind == heddle::Error::Kind::limit || printed.error().kind == heddle::Error::Kind::invalid) return 0;
        std::abort();
    }
    auto again = component::assemble(*printed);
    if (!again || *again != *bytes) std::abort();
    return 0;
}
