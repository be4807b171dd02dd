// A garbage-collected program by another compiler: tests/guests/moonbit.
#include <fstream>
#include <iterator>

#include "heap.hpp"
#include "store.hpp"
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

std::string file(const char* name) {
    std::ifstream in(std::string(HEDDLE_TESTS_FOLDER "/guests/moonbit/") + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void append_utf8(std::string& out, u32 c) {
    u32 more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr u8 lead[] = {0, 0xc0, 0xe0, 0xf0};
    out += char(lead[more] | c >> 6 * more);
    while (more-- > 0) out += char(0x80 | (c >> 6 * more & 0x3f));
}

// What it prints, in heaps of `bytes`; it prints UTF-16, one unit at a time.
std::string printed_in(u64 bytes, u64& collections) {
    Config config;
    config.max_heap_bytes = bytes;
    Engine engine(config);
    Store store(engine);
    std::string binary = file("tour.wasm"), out;
    Module module = value(Module::load(engine, std::vector<u8>(binary.begin(), binary.end())));
    Linker linker(engine);
    linker.func("spectest", "print_char", [&](u32 unit) { append_utf8(out, unit); });
    Instance in = value(linker.instantiate(store, module));
    call<void>(in, "_start");
    collections = store.data().heap.collections();
    return out;
}

TEST(GcProgram, moonbits_tour_prints_what_it_prints_as_javascript) {
    u64 collections = 0;
    EXPECT_EQ(printed_in(u64(1) << 30, collections), file("tour.txt"));
}

TEST(GcProgram, moonbits_tour_runs_in_a_heap_smaller_than_its_garbage) {
    u64 collections = 0;
    EXPECT_EQ(printed_in(u64(1) << 20, collections), file("tour.txt"));
    EXPECT_GT(collections, 10u);
}

}  // namespace
}  // namespace heddle
