// Any bytes as a component: nothing may crash, and what decodes must print as text that assembles to a component that prints the same.
#include <cstdlib>

#include <heddle/component_text.hpp>

namespace component = heddle::component;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    auto printed = component::print({data, size});
    if (!printed) return 0;
    auto bytes = component::assemble(*printed, {.names = true});
    if (!bytes) std::abort();
    auto again = component::print(*bytes);
    if (!again || *again != *printed) std::abort();
    return 0;
}
