// Decode and validate any bytes. The first byte says what they are: a whole module, or the body of a function in a module that has one of
// everything, so that instructions are reached without guessing sections.
#include <cstdlib>

#include "module.hpp"

using namespace heddle;

namespace {

// Types: a function, a structure, an array, a continuation, a tag's; then a table, a memory, a tag, a global, segments and the body.
std::vector<u8> around(const u8* body, std::size_t size) {
    Writer w;
    w.bytes = {0, 'a', 's', 'm', 1, 0, 0, 0};
    auto section = [&](u8 id, std::initializer_list<u8> contents) {
        w.byte(id);
        w.u64_leb(contents.size());
        w.span(contents);
    };
    section(1, {5, 0x60, 4, 0x7f, 0x7e, 0x7c, 0x7b, 1, 0x7f, 0x5f, 2, 0x7f, 1, 0x63, 1, 0, 0x5e, 0x78, 1, 0x5d, 0, 0x60, 0, 0});
    section(3, {1, 0});
    section(4, {1, 0x70, 0, 1});
    section(5, {1, 0, 1});
    section(13, {1, 0, 4});
    section(6, {1, 0x7f, 1, 0x41, 0, 0x0b});
    section(9, {1, 3, 0, 1, 0});
    section(12, {1});
    Writer code;
    code.byte(1);
    code.u64_leb(size);
    code.span({body, size});
    w.byte(10);
    w.u64_leb(code.bytes.size());
    w.span(code.bytes);
    section(11, {1, 1, 1, 0});
    return w.bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size == 0) return 0;
    std::vector<u8> bytes = data[0] & 1 ? around(data + 1, size - 1) : std::vector<u8>(data + 1, data + size);
    TypeTable types;
    try {
        auto m = decode_module(std::make_shared<const std::vector<u8>>(std::move(bytes)), types, {});
        validate_module(*m, {});
        // What the frame is made from is bounded.
        for (const FuncBody& b : m->bodies)
            if (b.max_operand_slots > 2'000'000 || b.local_slots > 200'000 || b.code_from > b.to) std::abort();
    } catch (const Error&) {
    }
    return 0;
}
