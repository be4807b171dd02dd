// Any bytes are a module or an Error; every instruction reader stops inside them.
#include "instr.hpp"
#include "module.hpp"

using namespace heddle;

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    // Each input gets its own table: what one leaves behind must not change the next.
    TypeTable types;
    try {
        auto m = decode_module(std::make_shared<const std::vector<u8>>(data, data + size), types, {});
        for (u32 i = 0; i < 4; ++i) m->func_name(i);
    } catch (const Error&) {
    }
    try {
        Reader r({data, size});
        Instr in;
        while (!r.done()) read_instr(r, in);
    } catch (const Error&) {
    }
    return 0;
}
