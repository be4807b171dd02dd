// Runs random valid modules two ways, with fuel: see support/two_ways.hpp.
#include <cstdio>
#include <cstdlib>

#include "support/two_ways.hpp"

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    std::string d = heddle::test::difference({data, size});
    if (d.empty()) return 0;
    std::fprintf(stderr, "%s\n", d.c_str());
    std::abort();
}
