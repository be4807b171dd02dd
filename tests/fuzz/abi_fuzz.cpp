// Any memory, any core values, any realloc: lifting gives a value or a trap, and what is lifted crosses to another side unchanged.
#include <cstdlib>

#include "component/abi/random.hpp"

using namespace heddle;
using namespace heddle::component;
using namespace heddle::component::abi;
using namespace heddle::component::abi::test;

namespace {

struct Input {
    const u8* at;
    const u8* end;
    u32 next() {
        u32 v = 0;
        for (u32 i = 0; i < 2 && at < end; ++i) v = v << 8 | *at++;
        return v;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size < 16) return 0;
    static heddle::Engine engine;
    static std::optional<Store> store;
    static u32 uses = 0;
    if (uses++ % 500 == 0) {  // a Store keeps its memories
        store.reset();
        store.emplace(engine);
    }
    std::size_t shape = std::min<std::size_t>(size / 2, 200);
    Input choices{data, data + shape};
    Random random([&] { return choices.next(); });
    Types types;
    std::vector<component::abi::ValType> members(1 + random.below(3));
    for (auto& t : members) t = random.type(types, 4);
    Layouts layouts(types);
    abi::Tuple tuple = layouts.tuple(members);
    FakeContext src(*store, layouts, all_sides()[random.below(6)], 1), dst(*store, layouts, all_sides()[random.below(6)], 1);
    dst.mode = Realloc(random.below(9));
    dst.max_pages = 2;
    dst.max_polled = 8 << 20;
    src.max_host_copy_bytes = 1 << 20;
    u32 max_src = random.below(2) * 16, max_dst = random.below(2) * 16;

    std::span<const u8> rest(data + shape, size - shape);
    src.memory.write(0, rest.data(), std::min<std::size_t>(rest.size(), 65536));
    std::vector<Slot> core(17), copied(17);
    for (std::size_t i = 0; i < core.size(); ++i) core[i].bits = src.load_int(i * 8 % 4096, i % 3 == 0 ? 8 : 1);
    for (u32 i = 0; i < 256; ++i) src.handles[i] = Token{i};

    CoreValueIter vi(core), again(core);
    CoreValueSink sink(copied);
    auto lifted = lift_flat_values(src, max_src, vi, tuple);
    auto crossed = copy_flat_values(src, max_src, again, tuple, dst, max_dst, tuple, nullptr, sink);
    if (!lifted || !crossed || dst.mode == Realloc::same_place || dst.mode == Realloc::overlaps) return 0;
    dst.partner = Partner::host;
    copied.resize(sink.position());
    CoreValueIter back(copied);
    auto arrived = lift_flat_values(dst, max_dst, back, tuple);
    if (!arrived || *arrived != *lifted) std::abort();
    return 0;
}
